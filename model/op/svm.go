package op

import (
	"math"

	"larder/model/tensor"
)

// Support vector machines of ai.onnx.ml.
// https://onnx.ai/onnx/operators/onnx_aionnxml_SVMRegressor.html,
// https://onnx.ai/onnx/operators/onnx_aionnxml_SVMClassifier.html.

var svmOps = []Entry{
	{mlDomain, "SVMRegressor", 1, newSVMRegressor},
	{mlDomain, "SVMClassifier", 1, newSVMClassifier},
}

// svm is what both have: rows of numbers that the input is compared with. Without
// support vectors these are the coefficients themselves, and the kernel is linear.
type svm struct {
	kernel               string
	gamma, coef0, degree float64
	vectors              []float64 // count rows of cols
	count, cols          int
	coefficients, rho    []float64
	transform            string
}

func readSVM(n Node, count, rows int) (s svm, err error) {
	lists := map[string][]float64{}
	for _, name := range []string{"coefficients", "rho", "support_vectors", "kernel_params"} {
		list, err := n.Attrs.Floats(name)
		if err != nil {
			return s, err
		}
		lists[name] = widened64(list)
	}
	s.coefficients, s.rho, s.vectors, s.count = lists["coefficients"], lists["rho"], lists["support_vectors"], count
	if s.transform, err = transformAttr(n); err != nil {
		return s, err
	}
	if s.kernel, err = n.Attrs.String("kernel_type", "LINEAR"); err != nil {
		return s, err
	}
	if p := lists["kernel_params"]; len(p) == 3 {
		s.gamma, s.coef0, s.degree = p[0], p[1], math.Trunc(p[2])
	} else if len(p) != 0 {
		return s, Invalidf("%d kernel_params, want 3", len(p))
	}
	if count == 0 {
		s.kernel, s.vectors, s.count = "LINEAR", s.coefficients, rows
	}
	if s.kernel != "LINEAR" && s.kernel != "POLY" && s.kernel != "RBF" && s.kernel != "SIGMOID" {
		return s, Invalidf("kernel_type is %q", s.kernel)
	}
	if len(s.vectors) == 0 || len(s.vectors)%s.count != 0 || len(s.rho) == 0 {
		return s, Invalidf("%d numbers for %d vectors, %d rho", len(s.vectors), s.count, len(s.rho))
	}
	s.cols = len(s.vectors) / s.count
	return s, nil
}

// rows checks the input and returns its rows.
func (s *svm) rows(v Value) (int, error) {
	rows, cols, err := mlRows(v)
	if err != nil {
		return 0, err
	}
	if _, ok := mergeDim(cols, s.cols); !ok {
		return 0, Invalidf("%d features, there are vectors of %d", cols, s.cols)
	}
	return rows, wantType("input", v, mlTypes...)
}

// near compares a row with every vector.
func (s *svm) near(row, out []float64) {
	for k := range out {
		vector, dot := s.vectors[k*s.cols:][:s.cols], 0.0
		for i, v := range row {
			if s.kernel == "RBF" {
				dot += (v - vector[i]) * (v - vector[i])
			} else {
				dot += v * vector[i]
			}
		}
		switch s.kernel {
		case "POLY":
			dot = math.Pow(s.gamma*dot+s.coef0, s.degree)
		case "SIGMOID":
			dot = math.Tanh(s.gamma*dot + s.coef0)
		case "RBF":
			dot = math.Exp(-s.gamma * dot)
		}
		out[k] = dot
	}
}

// svmRegressor has one result for each row.
type svmRegressor struct {
	svm
	oneClass bool
}

func newSVMRegressor(n Node) (Operator, error) {
	count, err := n.Attrs.Int("n_supports", 0)
	if err != nil {
		return nil, err
	}
	one, err := flag(n.Attrs, "one_class", 0)
	if err != nil {
		return nil, err
	}
	if count < 0 || count > math.MaxInt32 {
		return nil, Invalidf("n_supports is %d", count)
	}
	s, err := readSVM(n, int(count), 1)
	switch {
	case err != nil:
		return nil, err
	case count > 0 && len(s.coefficients) != s.count:
		return nil, Invalidf("%d coefficients for %d vectors", len(s.coefficients), s.count)
	case s.transform != "NONE":
		return nil, Unsupportedf("post_transform %q", s.transform)
	}
	if count == 0 {
		s.coefficients = []float64{1}
	}
	return newRuled(n, arity{1, 1, 1}, &svmRegressor{s, one})
}

func (s *svmRegressor) types(in []Value) ([]Value, error) {
	rows, err := s.rows(in[0])
	return []Value{Of(tensor.Float32, rows, 1)}, err
}

func (s *svmRegressor) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x, res := features(in[0]), make([]float64, out[0].Shape[0])
	kernels := make([]float64, s.count)
	for i := range res {
		s.near(x[i*s.cols:][:s.cols], kernels)
		sum := s.rho[0]
		for k, c := range s.coefficients {
			sum += c * kernels[k]
		}
		if s.oneClass {
			sum = math.Copysign(1, sum)
			if sum == 0 {
				sum = -1
			}
		}
		res[i] = sum
	}
	return one(floatResult(res, out[0].Shape))
}
