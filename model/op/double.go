package op

import (
	"slices"

	"larder/model/tensor"
)

// inFloat64 is a rule that computes floats of every width in float64 and rounds
// once, at the end: its rule sees no other floats in run, and may return float64
// where types promised something else. What is seldom on a fast path is written
// once that way instead of once for each width.
type inFloat64 struct{ rule }

func (r inFloat64) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	wide, err := widen64(in)
	if err != nil {
		return nil, err
	}
	res, err := r.rule.run(wide, out)
	if err != nil {
		return nil, err
	}
	res = slices.Clone(res)
	for i, t := range res {
		if t == nil || i >= len(out) || t.DType() != tensor.Float64 {
			continue
		}
		if res[i], err = castTensor(t, out[i].DType); err != nil {
			return nil, err
		}
	}
	return res, nil
}

// widen64 returns the tensors, those of floats with float64 elements.
func widen64(in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	wide := slices.Clone(in)
	for i, t := range wide {
		if t == nil || !floatTypes.has(t.DType()) {
			continue
		}
		var err error
		if wide[i], err = toFloat64(t); err != nil {
			return nil, err
		}
	}
	return wide, nil
}

// doubles returns the elements of a float64 tensor, nil of none.
func doubles(t *tensor.Tensor) []float64 {
	if t == nil {
		return nil
	}
	return tensor.Data[float64](t)
}
