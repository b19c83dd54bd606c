package op

import (
	"maps"
	"math"
	"testing"

	"larder/model/tensor"
)

// stump is one tree: feature 0 against 1, leaves 1 (true) and 2 (false).
func stump(prefix string, more Attrs) Attrs {
	a := Attrs{
		"nodes_treeids": []int64{0, 0, 0}, "nodes_nodeids": []int64{0, 1, 2}, "nodes_featureids": []int64{0, 0, 0},
		"nodes_modes": []string{"BRANCH_LEQ", "LEAF", "LEAF"}, "nodes_values": []float32{1, 0, 0},
		"nodes_truenodeids": []int64{1, 0, 0}, "nodes_falsenodeids": []int64{2, 0, 0},
		prefix + "_treeids": []int64{0, 0}, prefix + "_nodeids": []int64{1, 2}, prefix + "_ids": []int64{0, 0},
		prefix + "_weights": []float32{-2, 3},
	}
	maps.Copy(a, more)
	return a
}

func ml(name, typ string, opset int, attrs Attrs, in, want tensors) opCase {
	return opCase{name: name, domain: mlDomain, typ: typ, opset: opset, attrs: attrs, in: in, outputs: len(want), want: want}
}

func expit(x float64) float32 { return float32(1 / (1 + math.Exp(-x))) }

var (
	rows3    = of([]int{3, 1}, 1, 1.5, float32(math.NaN()))
	missing  = []int64{1, 0, 0}
	twoNames = []string{"no", "yes"}
)

var mlCases = []opCase{
	ml("sum", "TreeEnsembleRegressor", 3, stump("target", Attrs{"base_values": []float32{10}}), tensors{rows3}, tensors{of([]int{3, 1}, float32(8), 13, 13)}),
	ml("missing goes true", "TreeEnsembleRegressor", 3, stump("target", Attrs{"nodes_missing_value_tracks_true": missing}), tensors{rows3}, tensors{of([]int{3, 1}, float32(-2), 3, -2)}),
	ml("integers", "TreeEnsembleRegressor", 3, stump("target", Attrs{"aggregate_function": "MIN"}), tensors{of([]int{2, 1}, int64(1), 2)}, tensors{of([]int{2, 1}, float32(-2), 3)}),
	ml("margin", "TreeEnsembleClassifier", 3, stump("class", Attrs{"classlabels_strings": twoNames, "post_transform": "LOGISTIC", "base_values": []float32{1}}),
		tensors{nums(1)}, tensors{tensor.Vector("no"), of([]int{1, 2}, expit(1), expit(-1))}),
	ml("probability", "TreeEnsembleClassifier", 3, stump("class", Attrs{"classlabels_int64s": []int64{7, 8}, "class_weights": []float32{0.25, 0.75}}),
		tensors{of([]int{2, 1}, 0.0, 2.0)}, tensors{ints(7, 8), of([]int{2, 2}, float32(0.75), 0.25, 0.25, 0.75)}),
	ml("second column only", "TreeEnsembleClassifier", 3, stump("class", Attrs{"classlabels_int64s": []int64{7, 8}, "class_ids": []int64{1, 1}, "post_transform": "LOGISTIC"}),
		tensors{of([]int{1, 1}, 2.0)}, tensors{ints(8), of([]int{1, 2}, 0.5, expit(3))}),
	ml("three classes", "TreeEnsembleClassifier", 3, stump("class", Attrs{"classlabels_int64s": []int64{7, 8, 9}, "class_ids": []int64{1, 2}, "class_weights": []float32{1, 1}, "post_transform": "SOFTMAX_ZERO"}),
		tensors{of([]int{2, 1}, 1.0, 2.0)}, tensors{ints(8, 9), of([]int{2, 3}, float32(0), 1, 0, 0, 0, 1)}),
	ml("one score", "LinearClassifier", 1, Attrs{"coefficients": []float32{1, 2}, "intercepts": []float32{-1}, "classlabels_ints": []int64{3, 4}, "post_transform": "LOGISTIC"},
		tensors{of([]int{1, 2}, float32(1), 1)}, tensors{ints(4), of([]int{1, 2}, expit(-2), expit(2))}),
	ml("two targets", "LinearRegressor", 1, Attrs{"coefficients": []float32{1, 2, 3, 4}, "targets": int64(2)}, tensors{of([]int{1, 2}, float32(1), 1)}, tensors{of([]int{1, 2}, float32(3), 7)}),
	ml("integers", "Scaler", 1, Attrs{"offset": []float32{1}, "scale": []float32{0.5}}, tensors{ints(3)}, tensors{nums(1)}),
	ml("L1 of negative", "Normalizer", 1, Attrs{"norm": "L1"}, tensors{of([]int{2, 2}, float32(-1), 3, 0, 0)}, tensors{of([]int{2, 2}, float32(-0.25), 0.75, 0, 0)}),
	ml("NaN", "Imputer", 1, Attrs{"imputed_value_floats": []float32{5}, "replaced_value_float": float32(math.NaN())}, tensors{nums(1, float32(math.NaN()))}, tensors{nums(1, 5)}),
	ml("above", "Binarizer", 1, Attrs{"threshold": float32(1)}, tensors{nums(1, 2)}, tensors{nums(0, 1)}),
	ml("unknown", "OneHotEncoder", 1, Attrs{"cats_strings": twoNames}, tensors{tensor.Vector("yes", "?")}, tensors{of([]int{2, 2}, float32(0), 1, 0, 0)}),
	ml("vector", "ArrayFeatureExtractor", 1, nil, tensors{nums(5, 6, 7), ints(2, 0)}, tensors{of([]int{1, 2}, float32(7), 5)}),
	ml("fills", "FeatureVectorizer", 1, Attrs{"inputdimensions": []int64{1, 2}}, tensors{of([]int{1, 2}, float32(1), 2), of([]int{1, 1}, float32(3))}, tensors{of([]int{1, 3}, float32(1), 3, 0)}),
	ml("number", "LabelEncoder", 1, Attrs{"classes_strings": twoNames}, tensors{tensor.Vector("yes", "?")}, tensors{ints(1, -1)}),
	ml("name", "LabelEncoder", 1, Attrs{"classes_strings": twoNames}, tensors{ints(1, 5)}, tensors{tensor.Vector("yes", "_Unused")}),
	ml("floats", "LabelEncoder", 2, Attrs{"keys_floats": []float32{0.5}, "values_strings": []string{"half"}, "default_string": "?"}, tensors{nums(0.5, 1)}, tensors{tensor.Vector("half", "?")}),
	ml("both", "CategoryMapper", 1, Attrs{"cats_strings": twoNames, "cats_int64s": []int64{4, 5}}, tensors{ints(5)}, tensors{tensor.Vector("yes")}),
	ml("set member", "TreeEnsemble", 5, Attrs{"n_targets": int64(1), "tree_roots": []int64{0}, "nodes_featureids": []int64{0}, "nodes_modes": u8(6), "nodes_splits": nums(0),
		"membership_values": nums(2, 4, float32(math.NaN())), "nodes_truenodeids": []int64{0}, "nodes_trueleafs": []int64{1}, "nodes_falsenodeids": []int64{1}, "nodes_falseleafs": []int64{1},
		"leaf_targetids": []int64{0, 0}, "leaf_weights": nums(1, -1)}, tensors{of([]int{2, 1}, float32(4), 3)}, tensors{of([]int{2, 1}, float32(1), -1)}),
}

func TestML(t *testing.T) { checkCases(t, mlCases) }

func TestMLInvalid(t *testing.T) {
	tree := func(name string, more Attrs) opCase {
		return ml(name, "TreeEnsembleRegressor", 3, stump("target", more), tensors{count(1, 1)}, nil)
	}
	checkRefused(t, Invalid, []opCase{
		tree("cycle", Attrs{"nodes_modes": []string{"BRANCH_LEQ", "BRANCH_LEQ", "LEAF"}, "nodes_falsenodeids": []int64{2, 2, 0}}),
		tree("child of itself", Attrs{"nodes_truenodeids": []int64{0, 0, 0}}),
		tree("no child", Attrs{"nodes_truenodeids": []int64{9, 0, 0}}),
		tree("same id", Attrs{"nodes_nodeids": []int64{0, 1, 1}}),
		tree("mode", Attrs{"nodes_modes": []string{"BRANCH", "LEAF", "LEAF"}}),
		tree("lengths", Attrs{"nodes_values": []float32{1}}),
		tree("feature", Attrs{"nodes_featureids": []int64{1, 0, 0}}),
		tree("negative feature", Attrs{"nodes_featureids": []int64{-1, 0, 0}}),
		tree("target", Attrs{"target_ids": []int64{0, 1}}),
		tree("leaf", Attrs{"target_nodeids": []int64{1, 7}}),
		tree("base", Attrs{"base_values": []float32{1, 2}}),
		tree("transform", Attrs{"post_transform": "EXP"}),
		ml("no labels", "TreeEnsembleClassifier", 3, stump("class", nil), tensors{count(1, 1)}, nil),
		ml("features", "LinearRegressor", 1, Attrs{"coefficients": []float32{1, 2}}, tensors{count(1, 3)}, nil),
		ml("scores", "LinearClassifier", 1, Attrs{"coefficients": []float32{1, 2, 3}, "intercepts": []float32{1, 2}, "classlabels_ints": []int64{1, 2}}, tensors{count(1, 1)}, nil),
		ml("offsets", "Scaler", 1, Attrs{"offset": []float32{1, 2}, "scale": []float32{1, 2}}, tensors{count(1, 3)}, nil),
		ml("column", "ArrayFeatureExtractor", 1, nil, tensors{count(2), ints(2)}, nil),
		ml("unknown", "OneHotEncoder", 1, Attrs{"cats_int64s": []int64{1}, "zeros": int64(0)}, tensors{ints(2)}, nil),
		ml("table", "LabelEncoder", 2, Attrs{"keys_floats": []float32{1}, "values_floats": []float32{1, 2}}, tensors{nums(1)}, nil),
	})
	checkRefused(t, Unsupported, []opCase{
		ml("one base value for both classes", "TreeEnsembleClassifier", 3,
			stump("class", Attrs{"classlabels_int64s": []int64{7, 8}, "class_ids": []int64{0, 1}, "base_values": []float32{1}}), tensors{count(1, 1)}, nil),
	})
}
