package op

import (
	"math"
	"slices"

	"larder/model/tensor"
)

// oneHot writes the on value at each index of a new dimension, off elsewhere.
type oneHot struct{ axis int64 }

func newOneHot(n Node) (Operator, error) {
	axis, err := n.Attrs.Int("axis", -1)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{3, 3, 1}, &oneHot{axis})
}

func (h *oneHot) types(in []Value) ([]Value, error) {
	idx, depth, values := in[0], in[1], in[2]
	if !numberTypes.has(idx.DType) || !numberTypes.has(depth.DType) {
		return nil, Invalidf("indices %v and depth %v are not numbers", idx, depth)
	}
	if values.Ranked && len(values.Shape) != 1 || length(values) >= 0 && length(values) != 2 {
		return nil, Invalidf("values %v are not two", values)
	}
	size := tensor.Unknown
	if depth.Const != nil {
		d := floatsOf(depth.Const)
		if len(d) != 1 || !(d[0] >= 0 && d[0] <= math.MaxInt32) {
			return nil, Invalidf("depth is %v", d)
		}
		size = int(d[0])
	}
	if !idx.Ranked {
		return []Value{Unranked(values.DType)}, nil
	}
	axis, err := axisOf(h.axis, len(idx.Shape)+1)
	if err != nil {
		return nil, err
	}
	return []Value{Of(values.DType, slices.Insert(idx.Shape.Clone(), axis, size)...)}, nil
}

func (h *oneHot) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	shape := out[0].Shape
	axis, err := axisOf(h.axis, len(shape))
	if err != nil {
		return nil, err
	}
	dst, m, err := moved(out[0], in[2])
	if err != nil || dst.Len() == 0 {
		return []*tensor.Tensor{dst}, err
	}
	m.fill(0)
	depth, inner := shape[axis], dimsProduct(shape[axis+1:])
	for j, f := range floatsOf(in[0]) {
		i := math.Trunc(f)
		if i < 0 {
			i += float64(depth)
		}
		if i >= 0 && i < float64(depth) { // others leave every value off
			m.move((j/inner*depth+int(i))*inner+j%inner, 1, 1)
		}
	}
	return []*tensor.Tensor{dst}, nil
}
