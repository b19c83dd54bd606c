package op

import "larder/model/tensor"

// SplitToSequence and ConcatFromSequence; their entries are in sequenceOps.

// splitToSequence cuts a tensor along an axis: into parts of one size, of given
// sizes, or into single slices.
type splitToSequence struct {
	axis int64
	keep bool // the axis of single slices
}

func newSplitToSequence(n Node) (Operator, error) {
	axis, err := n.Attrs.Int("axis", 0)
	if err != nil {
		return nil, err
	}
	keep, err := flag(n.Attrs, "keepdims", 1)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 2, 1}, &splitToSequence{axis, keep})
}

func (s *splitToSequence) types(in []Value) ([]Value, error) {
	x, sizes := in[0], input(in, 1)
	if !sizes.Absent {
		if err := wantType("split", sizes, indexTypes...); err != nil {
			return nil, err
		}
	}
	if !x.Ranked {
		return []Value{SequenceOf(Unranked(x.DType), tensor.Unknown)}, nil
	}
	axis, err := axisOf(s.axis, len(x.Shape))
	if err != nil {
		return nil, err
	}
	if sizes.Absent && !s.keep {
		return []Value{SequenceOf(Of(x.DType, without(x.Shape, axis)...), x.Shape[axis])}, nil
	}
	elem := Of(x.DType, x.Shape.Clone()...)
	elem.Shape[axis] = tensor.Unknown
	if !sizes.Absent && sizes.Const == nil || x.Shape[axis] < 0 {
		return []Value{SequenceOf(elem, tensor.Unknown)}, nil
	}
	parts, err := s.parts(x.Shape[axis], sizes.Const)
	return []Value{SequenceOf(elem, len(parts))}, err
}

// parts returns the sizes of the parts.
func (s *splitToSequence) parts(size int, t *tensor.Tensor) ([]int64, error) {
	each := int64(1)
	if t != nil {
		list, err := intsOf("split", t)
		if err != nil {
			return nil, err
		}
		if t.Rank() == 1 {
			sum := int64(0)
			for _, g := range list {
				if g < 0 || g > int64(size) {
					return nil, Invalidf("split %v of size %d", list, size)
				}
				sum += g
			}
			if sum != int64(size) {
				return nil, Invalidf("split %v does not add up to %d", list, size)
			}
			return list, nil
		}
		if each = list[0]; each < 1 {
			return nil, Invalidf("split into parts of %d", each)
		}
	}
	if int64(size)/each > MaxResultBytes/compositeBytes {
		return nil, Unsupportedf("%d parts of %d", int64(size)/each, each)
	}
	var parts []int64
	for left := int64(size); left > 0; left -= each {
		parts = append(parts, min(each, left))
	}
	return parts, nil
}

func (s *splitToSequence) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	x, sizes := in[0], tensorAt(in, 1)
	axis, err := axisOf(s.axis, x.Rank())
	if err != nil {
		return nil, err
	}
	parts, err := s.parts(x.Dim(axis), sizes)
	if err != nil {
		return nil, err
	}
	strides, at := x.Shape().Strides(), 0
	list := make([]*tensor.Tensor, len(parts))
	for i, n := range parts {
		shape := x.Shape().Clone()
		shape[axis] = int(n)
		dst, m, err := moved(Of(x.DType(), shape...), x)
		if err != nil {
			return nil, err
		}
		walk(m, shape, shape.Strides(), strides, 0, at)
		at += int(n) * strides[axis]
		if sizes == nil && !s.keep {
			dst = tensor.Must(dst.Reshape(without(shape, axis)...))
		}
		list[i] = dst
	}
	return []*tensor.Tensor{tensor.SequenceOf(list...)}, nil
}

// concatFromSequence joins all tensors of a sequence along an axis, a new one if
// stack is set.
type concatFromSequence struct {
	composites
	axis  int64
	stack bool
}

func newConcatFromSequence(n Node) (Operator, error) {
	if !n.Attrs.Has("axis") {
		return nil, Invalidf("attribute %q is missing", "axis")
	}
	axis, err := n.Attrs.Int("axis", 0)
	if err != nil {
		return nil, err
	}
	stack, err := flag(n.Attrs, "new_axis", 0)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, &concatFromSequence{axis: axis, stack: stack})
}

func (c *concatFromSequence) types(in []Value) ([]Value, error) {
	if err := wantKind("input 0", in[0], tensor.Sequence); err != nil {
		return nil, err
	}
	if in[0].Const == nil {
		return c.typesOf([]Value{in[0].elem()}, false)
	}
	items := in[0].Const.Items()
	if len(items) == 0 {
		return nil, Invalidf("the sequence is empty")
	}
	return c.typesOf(knownAll(items), true)
}

// typesOf joins what is known of the elements; all says that these are all, else
// there is one that speaks for any number.
func (c *concatFromSequence) typesOf(elems []Value, all bool) ([]Value, error) {
	if err := wantTensors(elems...); err != nil {
		return nil, err
	}
	if c.stack {
		for i, v := range elems {
			if !v.Ranked {
				continue
			}
			axis, err := axisOf(c.axis, len(v.Shape)+1)
			if err != nil {
				return nil, err
			}
			shape := append(append(append(tensor.Shape{}, v.Shape[:axis]...), 1), v.Shape[axis:]...)
			elems[i] = Of(v.DType, shape...)
		}
	}
	out, err := (&concat{c.axis}).types(elems)
	if err == nil && !all && out[0].Ranked {
		axis, _ := axisOf(c.axis, len(out[0].Shape)) // concat has checked it
		out[0].Shape[axis] = tensor.Unknown
	}
	return out, err
}

func (c *concatFromSequence) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	items := in[0].Items()
	if c.stack {
		axis, err := axisOf(c.axis, len(out[0].Shape))
		if err != nil {
			return nil, err
		}
		return one(Stack(items, axis))
	}
	return (&concat{c.axis}).run(items, out)
}
