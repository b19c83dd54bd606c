package op

import (
	"math"

	"larder/model/tensor"
)

// treeRegressor adds up, or otherwise joins, the weights of one leaf per tree.
type treeRegressor struct {
	*forest
	targets   int
	aggregate string
	base      []float64
	transform string
	sameType  bool // the output has the input's type, else it is float32
}

func newTreeRegressor(n Node) (Operator, error) {
	targets, err := n.Attrs.Int("n_targets", 1)
	if err != nil {
		return nil, err
	}
	if targets < 1 || targets > 1<<20 {
		return nil, Invalidf("n_targets is %d", targets)
	}
	r := &treeRegressor{targets: int(targets)}
	if r.aggregate, err = n.Attrs.String("aggregate_function", "SUM"); err != nil {
		return nil, err
	}
	if err := oneOf("aggregate_function", r.aggregate, "SUM", "AVERAGE", "MIN", "MAX"); err != nil {
		return nil, err
	}
	if r.transform, err = transformAttr(n); err != nil {
		return nil, err
	}
	if r.base, err = numbersAttr(n.Attrs, "base_values"); err != nil {
		return nil, err
	}
	if len(r.base) != 0 && len(r.base) != r.targets {
		return nil, Invalidf("%d base values for %d targets", len(r.base), r.targets)
	}
	if r.forest, err = readForest(n, "target", r.targets); err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, r)
}

func (r *treeRegressor) types(in []Value) ([]Value, error) {
	rows, cols, err := mlRows(in[0])
	if err != nil {
		return nil, err
	}
	d := tensor.Float32
	if r.sameType {
		d, err = in[0].DType, wantType("input", in[0], tensor.Float32, tensor.Float64, tensor.Float16)
	} else {
		err = wantType("input", in[0], mlTypes...)
	}
	if err == nil && cols >= 0 && cols < r.features {
		err = Invalidf("%d features, the trees look at %d", cols, r.features)
	}
	return []Value{Of(d, rows, r.targets)}, err
}

func (r *treeRegressor) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x, res := features(in[0]), make([]float64, out[0].Shape[0]*r.targets)
	rows := out[0].Shape[0]
	round := rounder(tensor.Float32)
	if in[0].DType() == tensor.Float64 {
		round = rounder(tensor.Float64)
	}
	cols := len(x) / max(rows, 1)
	for i := range rows {
		score := res[i*r.targets:][:r.targets]
		r.join(score, x[i*cols:][:cols], round)
		r.finish(score, round)
	}
	t, err := tensor.Of(res, out[0].Shape...)
	if err != nil {
		return nil, Invalidf("%v", err)
	}
	return castAs(t, out[0].DType)
}

// join sets score to the aggregate of the votes for row.
func (r *treeRegressor) join(score, row []float64, round func(float64) float64) {
	seen := make([]bool, len(score))
	for _, root := range r.roots {
		l := r.leafOf(root, row)
		for _, v := range r.votes[l.first:l.last] {
			k := v.target
			switch {
			case r.aggregate == "MIN" && seen[k]:
				score[k] = math.Min(score[k], v.weight)
			case r.aggregate == "MAX" && seen[k]:
				score[k] = math.Max(score[k], v.weight)
			default:
				score[k] = round(score[k] + v.weight)
			}
			seen[k] = true
		}
	}
}

// finish makes results of the aggregates of a row.
func (r *treeRegressor) finish(score []float64, round func(float64) float64) {
	if r.aggregate == "AVERAGE" && len(r.roots) > 0 {
		for k := range score {
			score[k] = round(score[k] / float64(len(r.roots)))
		}
	}
	for k := range r.base {
		score[k] = round(score[k] + r.base[k])
	}
	transformScores(r.transform, score)
}

// transformAttr reads post_transform.
func transformAttr(n Node) (string, error) {
	t, err := n.Attrs.String("post_transform", "NONE")
	if err != nil {
		return "", err
	}
	return t, oneOf("post_transform", t, "NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
}

// transformScores applies post_transform to the scores of one row.
func transformScores(transform string, s []float64) {
	switch transform {
	case "LOGISTIC":
		for i, v := range s {
			s[i] = logistic(v)
		}
	case "PROBIT":
		for i, v := range s {
			s[i] = probit(v)
		}
	case "SOFTMAX", "SOFTMAX_ZERO":
		top, sum := math.Inf(-1), 0.0
		for _, v := range s {
			top = math.Max(top, v)
		}
		for i, v := range s {
			if transform == "SOFTMAX_ZERO" && v == 0 {
				continue // zeros stay zeros
			}
			s[i] = math.Exp(v - top)
			sum += s[i]
		}
		if sum == 0 {
			return
		}
		for i := range s {
			s[i] /= sum
		}
	}
}

func logistic(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

// probit is the quantile function of the normal distribution.
func probit(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
