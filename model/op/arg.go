package op

import "larder/model/tensor"

// ArgMax and ArgMin. Specification:
// https://onnx.ai/onnx/operators/onnx__ArgMax.html (1, 11: negative axes, 12:
// select_last_index, 13).

var argOps = []Entry{
	{"", "ArgMax", 1, newArg},
	{"", "ArgMin", 1, newArg},
}

// arg finds the index of the greatest or least element along an axis; NaN
// counts as both.
type arg struct {
	axis              int64
	least, keep, last bool
}

func newArg(n Node) (Operator, error) {
	a := &arg{least: n.Type == "ArgMin"}
	var err error
	if a.axis, err = n.Attrs.Int("axis", 0); err != nil {
		return nil, err
	}
	if a.keep, err = flag(n.Attrs, "keepdims", 1); err != nil {
		return nil, err
	}
	if a.last, err = flag(n.Attrs, "select_last_index", 0); err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, inFloat32{a})
}

// types implements [rule].
func (a *arg) types(in []Value) ([]Value, error) {
	x := in[0]
	if err := numberTypes.check("data", x); err != nil {
		return nil, err
	}
	if !x.Ranked {
		return []Value{Unranked(tensor.Int64)}, nil
	}
	axis, err := axisOf(a.axis, len(x.Shape))
	if err != nil {
		return nil, err
	}
	if x.Shape[axis] == 0 {
		return nil, Invalidf("dimension %d is empty", axis)
	}
	return []Value{Of(tensor.Int64, reducedShape(x.Shape, oneAxis(axis, len(x.Shape)), a.keep)...)}, nil
}

// run implements [rule].
func (a *arg) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	axis, err := axisOf(a.axis, in[0].Rank())
	if err != nil {
		return nil, err
	}
	y, index := blank[int64](out[0].Shape)
	l := lanesOf(in[0].Shape(), oneAxis(axis, in[0].Rank()))
	switch d := in[0].Any().(type) {
	case []float32:
		argLanes(a, l, index, func(i int, row []float32) { readLane(&l, i, d, row) })
	case []float64:
		argLanes(a, l, index, func(i int, row []float64) { readLane(&l, i, d, row) })
	default:
		if !intTypes.has(in[0].DType()) {
			return nil, noType(in[0])
		}
		flip := flipOf(in[0].DType())
		argLanes(a, l, index, func(i int, row []int64) {
			readIntLane(&l, i, d, row)
			for k := range row {
				row[k] ^= flip
			}
		})
	}
	return []*tensor.Tensor{y}, nil
}

// argLanes sets out to the answers of the lanes, which read copies to a row.
func argLanes[T wide](a *arg, l lanes, out []int64, read func(i int, row []T)) {
	row := make([]T, len(l.steps))
	for i := range out {
		read(i, row)
		best := 0
		for k, v := range row {
			if a.better(v > row[best], v < row[best], v == row[best], v != v, row[best] != row[best]) {
				best = k
			}
		}
		out[i] = int64(best)
	}
}

// better reports whether an element replaces the best one so far, given how
// they compare and which of them are NaN.
func (a *arg) better(greater, less, equal, nan, bestNaN bool) bool {
	switch {
	case nan && bestNaN || equal:
		return a.last
	case nan || bestNaN:
		return nan
	case a.least:
		return less
	}
	return greater
}
