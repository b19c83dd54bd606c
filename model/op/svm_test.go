package op

import (
	"maps"
	"testing"

	"larder/model/tensor"
)

// The wanted numbers are those of ONNX's reference implementation, but for the
// probabilities of three classes, where it departs from the paper.
var (
	svmRows    = of[float32](dims(3, 2), 1, 2, -1, 0.5, 3, -2)
	svmVectors = []float32{1, 0, 0, 1, 2, 2, -1, 1}
	twoClasses = Attrs{"kernel_type": "POLY", "kernel_params": []float32{0.5, 1, 2}, "support_vectors": svmVectors, "vectors_per_class": []int64{2, 2},
		"coefficients": []float32{1, 0.5, -1, -0.5}, "rho": []float32{0.25}, "classlabels_ints": []int64{7, 8}}
	threeClasses = Attrs{"kernel_type": "SIGMOID", "kernel_params": []float32{0.5, 0.1, 2}, "support_vectors": svmVectors, "vectors_per_class": []int64{1, 2, 1},
		"coefficients": []float32{1, 0.5, -1, -0.5, 0.3, 0.2, -0.7, 1.1}, "rho": []float32{0.25, -0.1, 0.05}, "classlabels_strings": []string{"a", "b", "c"}}
)

// but returns attributes with some others.
func but(a, more Attrs) Attrs {
	a = maps.Clone(a)
	maps.Copy(a, more)
	return a
}

var svmCases = []opCase{
	ml("rbf", "SVMRegressor", 1, Attrs{"kernel_type": "RBF", "kernel_params": []float32{0.5, 0, 3}, "support_vectors": svmVectors, "n_supports": int64(4),
		"coefficients": []float32{1, -2, 0.5, 1}, "rho": []float32{0.25}}, tensors{svmRows}, tensors{of[float32](dims(3, 1), 0.03492677, 0.18321037, 0.2681743)}),
	ml("linear", "SVMRegressor", 1, Attrs{"coefficients": []float32{1, -2}, "rho": []float32{0.25}}, tensors{svmRows}, tensors{of[float32](dims(3, 1), -2.75, -1.75, 7.25)}),
	ml("one class", "SVMRegressor", 1, Attrs{"coefficients": []float32{1, -2}, "rho": []float32{0.25}, "one_class": int64(1)}, tensors{svmRows}, tensors{of[float32](dims(3, 1), -1, -1, 1)}),
	ml("poly", "SVMClassifier", 1, twoClasses, tensors{svmRows}, tensors{ints(8, 8, 7), of[float32](dims(3, 2), 12.625, -12.625, 0.5, -0.5, -1.375, 1.375)}),
	ml("probabilities of two", "SVMClassifier", 1, but(twoClasses, Attrs{"prob_a": []float32{-1.5}, "prob_b": []float32{0.1}}), tensors{svmRows},
		tensors{ints(8, 8, 7), of[float32](dims(3, 2), 0, 1, 0.29943261, 0.70056736, 0.87680292, 0.123197)}),
	ml("sigmoid", "SVMClassifier", 1, threeClasses, tensors{svmRows}, tensors{tensor.Vector("a", "a", "a"),
		of[float32](dims(3, 3), 0.19134969, -0.20740992, 0.10368985, 0.41818774, -0.5595194, 1.1434158, 0.01302063, 0.668338, -1.7356513)}),
	ml("probabilities of three", "SVMClassifier", 1, but(threeClasses, Attrs{"prob_a": []float32{-1.5, -1, -2}, "prob_b": []float32{0.1, 0, 0.2}}), tensors{svmRows},
		tensors{tensor.Vector("a", "a", "a")}),
	ml("a score each", "SVMClassifier", 1, Attrs{"coefficients": []float32{1, 0, 0, 1}, "rho": []float32{0.5}, "classlabels_ints": []int64{7, 8}}, tensors{svmRows},
		tensors{ints(8, 8, 7), of[float32](dims(3, 2), 1.5, 2.5, -0.5, 1, 3.5, -1.5)}),
}

func TestSVM(t *testing.T) { checkCases(t, svmCases) }

// TestSVMCoupling compares with the exact minimum, which the iteration comes near.
func TestSVMCoupling(t *testing.T) {
	for _, c := range svmCases {
		if c.name != "probabilities of three" {
			continue
		}
		c.outputs = 2
		got, err := runCase(t, c)
		want := of[float32](dims(3, 3), 0.32879207, 0.31465587, 0.35655206, 0.37882355, 0.41599223, 0.20518424, 0.46750036, 0.1546809, 0.37781876)
		if err != nil || !same(got[1], want, 1e-3) {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

func TestSVMInvalid(t *testing.T) {
	bad := func(name string, a, more Attrs) opCase {
		c := ml(name, "SVMClassifier", 1, but(a, more), tensors{svmRows}, nil)
		return c
	}
	checkRefused(t, Invalid, []opCase{
		bad("kernel", twoClasses, Attrs{"kernel_type": "COSINE"}),
		bad("parameters", twoClasses, Attrs{"kernel_params": []float32{1}}),
		bad("vectors", twoClasses, Attrs{"support_vectors": svmVectors[:3]}),
		bad("classes", twoClasses, Attrs{"vectors_per_class": []int64{4}}),
		bad("rho", threeClasses, Attrs{"rho": []float32{1}}),
		bad("coefficients", threeClasses, Attrs{"coefficients": []float32{1}}),
		bad("probabilities", threeClasses, Attrs{"prob_a": []float32{1}}),
		ml("features", "SVMClassifier", 1, twoClasses, tensors{zeros(2, 3)}, nil),
		ml("supports", "SVMRegressor", 1, Attrs{"n_supports": int64(-1), "rho": []float32{0}}, tensors{svmRows}, nil),
	})
	checkRefused(t, Unsupported, []opCase{bad("one class", twoClasses, Attrs{"classlabels_ints": []int64{7}})})
}
