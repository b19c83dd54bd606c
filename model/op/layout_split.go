package op

import (
	"larder/model/tensor"
)

// split cuts a tensor along an axis into as many parts as the node has outputs.
// The sizes are an attribute before opset 13, then an input.
type split struct {
	axis    int64
	attr    []int64
	isAttr  bool // sizes come from attr
	equal   bool // before opset 18 parts without sizes must be equal
	num     int64
	outputs int
}

func newSplit(n Node) (Operator, error) {
	s := &split{isAttr: n.Opset < 13, equal: n.Opset < 18, outputs: len(n.Outputs)}
	var err error
	if s.axis, err = n.Attrs.Int("axis", 0); err != nil {
		return nil, err
	}
	if s.isAttr {
		if s.attr, err = n.Attrs.Ints("split"); err != nil {
			return nil, err
		}
		return newRuled(n, arity{1, 1, len(n.Outputs)}, s)
	}
	if n.Opset >= 18 {
		if s.num, err = n.Attrs.Int("num_outputs", 0); err != nil {
			return nil, err
		}
		sized := len(n.Inputs) > 1 && n.Inputs[1] != ""
		if n.Attrs.Has("num_outputs") == sized {
			return nil, Invalidf("either input split or attribute %q is needed", "num_outputs")
		}
		if !sized && s.num != int64(s.outputs) {
			return nil, Invalidf("num_outputs is %d, the node has %d outputs", s.num, s.outputs)
		}
	}
	return newRuled(n, arity{1, 2, len(n.Outputs)}, s)
}

func (s *split) types(in []Value) ([]Value, error) {
	v := in[0]
	out := make([]Value, s.outputs)
	if !v.Ranked {
		for i := range out {
			out[i] = Unranked(v.DType)
		}
		return out, nil
	}
	axis, err := axisOf(s.axis, len(v.Shape))
	if err != nil {
		return nil, err
	}
	parts, err := s.parts(v.Shape[axis], in)
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i] = Of(v.DType, v.Shape.Clone()...)
		out[i].Shape[axis] = parts[i]
	}
	return out, nil
}

// parts returns the size of each output along the axis.
func (s *split) parts(size int, in []Value) ([]int, error) {
	given, known := s.attr, true
	if !s.isAttr {
		var err error
		if given, known, err = constInts("split", input(in, 1)); err != nil {
			return nil, err
		}
	}
	if !known {
		return unknownShape(s.outputs), nil
	}
	if given == nil && (s.isAttr || input(in, 1).Absent) {
		return s.even(size)
	}
	if len(given) != s.outputs {
		return nil, Invalidf("split %v for %d outputs", given, s.outputs)
	}
	parts := make([]int, len(given))
	sum := int64(0)
	for i, g := range given {
		if g < 0 || g > int64(1)<<31 {
			return nil, Invalidf("split %v has an impossible size", given)
		}
		parts[i], sum = int(g), sum+g
	}
	if size >= 0 && sum != int64(size) {
		return nil, Invalidf("split %v does not add up to %d", given, size)
	}
	return parts, nil
}

// even cuts size into equal parts; from opset 18 on the last may be smaller.
func (s *split) even(size int) ([]int, error) {
	parts := unknownShape(s.outputs)
	if size < 0 {
		return parts, nil
	}
	n := s.outputs
	chunk := (size + n - 1) / n
	last := size - chunk*(n-1)
	if last < 0 || s.equal && last != chunk {
		return nil, Invalidf("dimension of size %d cannot be split into %d", size, n)
	}
	for i := range parts {
		parts[i] = chunk
	}
	parts[n-1] = last
	return parts, nil
}

func (s *split) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	axis, err := axisOf(s.axis, in[0].Rank())
	if err != nil {
		return nil, err
	}
	strides := in[0].Shape().Strides()
	res, at := make([]*tensor.Tensor, len(out)), 0
	for i, v := range out {
		dst, m, err := moved(v, in[0])
		if err != nil {
			return nil, err
		}
		walk(m, v.Shape, v.Shape.Strides(), strides, 0, at)
		at += v.Shape[axis] * strides[axis]
		res[i] = dst
	}
	return res, nil
}
