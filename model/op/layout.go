package op

import (
	"larder/model/tensor"
)

// Operators that put whole dimensions in another order or place.
// https://onnx.ai/onnx/operators/onnx__Transpose.html,
// https://onnx.ai/onnx/operators/onnx__Concat.html,
// https://onnx.ai/onnx/operators/onnx__Split.html,
// https://onnx.ai/onnx/operators/onnx__DepthToSpace.html.

var layoutOps = []Entry{
	{"", "Transpose", 1, newTranspose},
	{"", "Concat", 1, newConcat},
	{"", "Split", 2, newSplit},
	{"", "DepthToSpace", 1, newDepthToSpace},
	{"", "SpaceToDepth", 1, newSpaceToDepth},
}

// transpose reorders dimensions; without perm it reverses them.
type transpose struct {
	perm  []int64
	given bool
}

func newTranspose(n Node) (Operator, error) {
	perm, err := n.Attrs.Ints("perm")
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, &transpose{perm, n.Attrs.Has("perm")})
}

// order returns, for each output dimension, which input dimension it is.
func (t *transpose) order(rank int) ([]int, error) {
	if t.given {
		if len(t.perm) != rank {
			return nil, Invalidf("perm %v does not fit rank %d", t.perm, rank)
		}
		return axesOf(t.perm, rank)
	}
	order := make([]int, rank)
	for i := range order {
		order[i] = rank - 1 - i
	}
	return order, nil
}

func (t *transpose) types(in []Value) ([]Value, error) {
	v := in[0]
	if !v.Ranked {
		if t.given {
			return []Value{dimsOfRank(v.DType, len(t.perm))}, nil
		}
		return []Value{Unranked(v.DType)}, nil
	}
	order, err := t.order(len(v.Shape))
	if err != nil {
		return nil, err
	}
	return []Value{Of(v.DType, pick(v.Shape, order)...)}, nil
}

// pick returns list[order[0]], list[order[1]] …
func pick(list, order []int) []int {
	out := make([]int, len(order))
	for i, k := range order {
		out[i] = list[k]
	}
	return out
}

func (t *transpose) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	order, err := t.order(in[0].Rank())
	if err != nil {
		return nil, err
	}
	dst, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	shape := out[0].Shape
	walk(m, shape, shape.Strides(), pick(in[0].Shape().Strides(), order), 0, 0)
	return []*tensor.Tensor{dst}, nil
}

// concat lays tensors one after another along an axis.
type concat struct{ axis int64 }

func newConcat(n Node) (Operator, error) {
	if n.Opset >= 4 && !n.Attrs.Has("axis") {
		return nil, Invalidf("attribute %q is missing", "axis")
	}
	axis, err := n.Attrs.Int("axis", 1)
	if err != nil {
		return nil, err
	}
	for i, name := range n.Inputs {
		if name == "" {
			return nil, Invalidf("input %d is missing", i)
		}
	}
	return newRuled(n, arity{1, -1, 1}, &concat{axis})
}

func (c *concat) types(in []Value) ([]Value, error) {
	d, err := commonType(in...)
	if err != nil {
		return nil, err
	}
	var shape tensor.Shape
	axis, whole := 0, true
	sum := 0
	for i, v := range in {
		switch {
		case v.Absent:
			return nil, Invalidf("input %d is missing", i)
		case !v.Ranked:
			whole = false
			continue
		case shape == nil:
			if axis, err = axisOf(c.axis, len(v.Shape)); err != nil {
				return nil, err
			}
			shape = v.Shape.Clone()
		case len(shape) != len(v.Shape):
			return nil, Invalidf("input %d, %v, has another rank than %v", i, v, shape)
		}
		for k, size := range v.Shape {
			if k == axis {
				if size < 0 {
					whole = false
				}
				sum += max(size, 0)
				continue
			}
			m, ok := mergeDim(shape[k], size)
			if !ok {
				return nil, Invalidf("input %d, %v, differs from %v beside axis %d", i, v, shape, axis)
			}
			shape[k] = m
		}
	}
	if shape == nil {
		return []Value{Unranked(d)}, nil
	}
	if shape[axis] = sum; !whole {
		shape[axis] = tensor.Unknown
	}
	return []Value{Of(d, shape...)}, nil
}

func (c *concat) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	shape := out[0].Shape
	axis, err := axisOf(c.axis, len(shape))
	if err != nil {
		return nil, err
	}
	dst, _, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	strides, at := shape.Strides(), 0
	for _, t := range in {
		m, err := moverOf(dst, t)
		if err != nil {
			return nil, err
		}
		walk(m, t.Shape(), strides, t.Shape().Strides(), at, 0)
		at += t.Shape()[axis] * strides[axis]
	}
	return []*tensor.Tensor{dst}, nil
}
