package op

import (
	"math"

	"larder/model/tensor"
)

// Linear models of ai.onnx.ml, and what scales their inputs.
// https://onnx.ai/onnx/operators/onnx_aionnxml_LinearClassifier.html,
// https://onnx.ai/onnx/operators/onnx_aionnxml_LinearRegressor.html,
// https://onnx.ai/onnx/operators/onnx_aionnxml_Scaler.html,
// https://onnx.ai/onnx/operators/onnx_aionnxml_Normalizer.html.

var linearOps = []Entry{
	{mlDomain, "LinearClassifier", 1, newLinearClassifier},
	{mlDomain, "LinearRegressor", 1, newLinearRegressor},
	{mlDomain, "Scaler", 1, newScaler},
	{mlDomain, "Normalizer", 1, newNormalizer},
}

// linear is one row of coefficients and one intercept for each score.
type linear struct {
	coefficients, intercepts []float64
	scores                   int
	transform                string
}

func readLinear(n Node, scores int) (l linear, err error) {
	coefficients, err := n.Attrs.Floats("coefficients")
	if err != nil {
		return l, err
	}
	intercepts, err := n.Attrs.Floats("intercepts")
	if err != nil {
		return l, err
	}
	l.coefficients, l.intercepts, l.scores = widened64(coefficients), widened64(intercepts), scores
	if scores == 0 { // a classifier's follow from the intercepts
		l.scores = len(intercepts)
	}
	if l.scores < 1 || len(coefficients)%l.scores != 0 || len(intercepts) != 0 && len(intercepts) != l.scores {
		return l, Invalidf("%d coefficients and %d intercepts for %d scores", len(coefficients), len(intercepts), l.scores)
	}
	l.transform, err = transformAttr(n)
	return l, err
}

// rows checks the input and returns its rows.
func (l *linear) rows(v Value) (int, error) {
	rows, cols, err := mlRows(v)
	if err != nil {
		return 0, err
	}
	if _, ok := mergeDim(cols, len(l.coefficients)/l.scores); !ok {
		return 0, Invalidf("%d features, there are coefficients for %d", cols, len(l.coefficients)/l.scores)
	}
	return rows, wantType("input", v, mlTypes...)
}

// apply returns the scores of each row.
func (l *linear) apply(t *tensor.Tensor, rows int) []float64 {
	x, cols := features(t), len(l.coefficients)/l.scores
	out := make([]float64, rows*l.scores)
	for i := range out {
		row, k := x[i/l.scores*cols:][:cols], i%l.scores
		if len(l.intercepts) > 0 {
			out[i] = l.intercepts[k]
		}
		for j, v := range row {
			out[i] += v * l.coefficients[k*cols+j]
		}
	}
	return out
}

// floatResult rounds numbers to a float32 tensor.
func floatResult(data []float64, shape tensor.Shape) (*tensor.Tensor, error) {
	t, err := tensor.Of(data, shape...)
	if err != nil {
		return nil, Invalidf("%v", err)
	}
	return castTensor(t, tensor.Float32)
}

type linearRegressor struct{ linear }

func newLinearRegressor(n Node) (Operator, error) {
	targets, err := n.Attrs.Int("targets", 1)
	if err != nil {
		return nil, err
	}
	if targets < 1 || targets > math.MaxInt32 {
		return nil, Invalidf("targets is %d", targets)
	}
	l, err := readLinear(n, int(targets))
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, &linearRegressor{l})
}

func (l *linearRegressor) types(in []Value) ([]Value, error) {
	rows, err := l.rows(in[0])
	return []Value{Of(tensor.Float32, rows, l.scores)}, err
}

func (l *linearRegressor) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	scores := l.apply(in[0], out[0].Shape[0])
	for i := 0; i < len(scores); i += l.scores {
		transformScores(l.transform, scores[i:][:l.scores])
	}
	t, err := floatResult(scores, out[0].Shape)
	return []*tensor.Tensor{t}, err
}

// linearClassifier has one score for each class, or one for two classes.
type linearClassifier struct {
	linear
	labels classLabels
}

func newLinearClassifier(n Node) (Operator, error) {
	labels, err := labelsAttr(n, "classlabels_ints", "classlabels_strings")
	if err != nil {
		return nil, err
	}
	scores := 0
	if !n.Attrs.Has("intercepts") {
		scores = labels.count()
	}
	l, err := readLinear(n, scores)
	if err != nil {
		return nil, err
	}
	if l.scores != labels.count() && !(l.scores == 1 && labels.count() == 2) {
		return nil, Invalidf("%d scores for %d labels", l.scores, labels.count())
	}
	if labels.count() == 1 {
		return nil, Unsupportedf("a classifier of one class")
	}
	return newRuled(n, arity{1, 1, 2}, &linearClassifier{l, labels})
}

func (l *linearClassifier) types(in []Value) ([]Value, error) {
	rows, err := l.rows(in[0])
	return []Value{Of(l.labels.dtype(), rows), Of(tensor.Float32, rows, l.labels.count())}, err
}

func (l *linearClassifier) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	rows, classes := out[1].Shape[0], out[1].Shape[1]
	scores := l.apply(in[0], rows)
	best := make([]int, rows)
	if l.scores == 1 {
		scores = l.second(scores, best)
	} else {
		for i := range best {
			s := scores[i*classes:][:classes]
			best[i] = argMax(s)
			transformScores(l.transform, s)
		}
	}
	z, err := floatResult(scores, out[1].Shape)
	return []*tensor.Tensor{l.labels.of(best), z}, err
}

// second makes two scores of each margin, and finds the class.
func (l *linearClassifier) second(margins []float64, best []int) []float64 {
	out := make([]float64, 0, 2*len(margins))
	for i, m := range margins {
		if m > 0 {
			best[i] = 1
		}
		switch l.transform {
		case "LOGISTIC":
			out = append(out, logistic(-m), logistic(m))
		default:
			out = append(out, 1-m, m)
		}
	}
	return out
}

// scaler computes (x - offset)·scale.
type scaler struct{ offset, scale []float64 }

func newScaler(n Node) (Operator, error) {
	offset, err := n.Attrs.Floats("offset")
	if err != nil {
		return nil, err
	}
	scale, err := n.Attrs.Floats("scale")
	if err != nil {
		return nil, err
	}
	if len(offset) == 0 || len(offset) != len(scale) {
		return nil, Invalidf("%d offsets and %d scales", len(offset), len(scale))
	}
	return newRuled(n, arity{1, 1, 1}, &scaler{widened64(offset), widened64(scale)})
}

// perFeature checks a list that has one number for each feature, the last
// dimension of v, or one for all.
func perFeature(what string, n int, v Value) error {
	if !v.Ranked || n == 1 {
		return nil
	}
	if len(v.Shape) == 0 {
		return Invalidf("%v has no features", v)
	}
	if _, ok := mergeDim(n, v.Shape[len(v.Shape)-1]); !ok {
		return Invalidf("%d %s for the features of %v", n, what, v)
	}
	return nil
}

func (s *scaler) types(in []Value) ([]Value, error) {
	if err := wantType("input", in[0], mlTypes...); err != nil {
		return nil, err
	}
	return []Value{as(tensor.Float32, in[0])}, perFeature("offsets", len(s.offset), in[0])
}

func (s *scaler) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x, n := features(in[0]), len(s.offset)
	res := make([]float64, len(x))
	for i, v := range x {
		res[i] = (v - s.offset[i%n]) * s.scale[i%n]
	}
	t, err := floatResult(res, out[0].Shape)
	return []*tensor.Tensor{t}, err
}

// normalizer divides each row by a norm; a row whose norm is 0 stays.
type normalizer struct{ norm string }

func newNormalizer(n Node) (Operator, error) {
	norm, err := n.Attrs.String("norm", "MAX")
	if err != nil {
		return nil, err
	}
	if err := oneOf("norm", norm, "MAX", "L1", "L2"); err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, &normalizer{norm})
}

func (z *normalizer) types(in []Value) ([]Value, error) {
	if _, _, err := mlRows(in[0]); err != nil {
		return nil, err
	}
	return []Value{as(tensor.Float32, in[0])}, wantType("input", in[0], mlTypes...)
}

func (z *normalizer) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x := append([]float64{}, features(in[0])...)
	cols := in[0].Dim(-1)
	for i := 0; i < len(x); i += cols {
		row, norm := x[i:][:cols], z.of(x[i:][:cols])
		if norm == 0 {
			continue
		}
		for k := range row {
			row[k] /= norm
		}
	}
	t, err := floatResult(x, out[0].Shape)
	return []*tensor.Tensor{t}, err
}

// of returns the norm of a row.
func (z *normalizer) of(row []float64) float64 {
	sum, top := 0.0, math.Inf(-1)
	for _, v := range row {
		switch z.norm {
		case "L1":
			sum += math.Abs(v)
		case "L2":
			sum += v * v
		}
		top = math.Max(top, v)
	}
	switch z.norm {
	case "L1":
		return sum
	case "L2":
		return math.Sqrt(sum)
	}
	return top
}
