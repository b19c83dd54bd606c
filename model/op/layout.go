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
	m.walk(shape, shape.Strides(), pick(in[0].Shape().Strides(), order), 0, 0)
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
		m.walk(t.Shape(), strides, t.Shape().Strides(), at, 0)
		at += t.Shape()[axis] * strides[axis]
	}
	return []*tensor.Tensor{dst}, nil
}

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
		m.walk(v.Shape, v.Shape.Strides(), strides, 0, at)
		at += v.Shape[axis] * strides[axis]
		res[i] = dst
	}
	return res, nil
}

// blocks is DepthToSpace and SpaceToDepth: squares of size×size between the
// channels and the plane.
type blocks struct {
	size    int
	crd     bool // the depth is column-row-depth, not depth-column-row
	toSpace bool
}

func newDepthToSpace(n Node) (Operator, error) {
	mode := "DCR"
	if n.Opset >= 11 {
		var err error
		if mode, err = n.Attrs.String("mode", mode); err != nil {
			return nil, err
		}
	}
	if mode != "DCR" && mode != "CRD" {
		return nil, Invalidf("mode %q is neither DCR nor CRD", mode)
	}
	return newBlocks(n, &blocks{crd: mode == "CRD", toSpace: true})
}

func newSpaceToDepth(n Node) (Operator, error) { return newBlocks(n, &blocks{}) }

func newBlocks(n Node, b *blocks) (Operator, error) {
	size, err := n.Attrs.Int("blocksize", 0)
	if err != nil {
		return nil, err
	}
	if size < 1 || size > 1<<15 {
		return nil, Invalidf("blocksize is %d", size)
	}
	b.size = int(size)
	return newRuled(n, arity{1, 1, 1}, b)
}

func (b *blocks) types(in []Value) ([]Value, error) {
	v := in[0]
	if !v.Ranked {
		return []Value{dimsOfRank(v.DType, 4)}, nil
	}
	if len(v.Shape) != 4 {
		return nil, Invalidf("%v has not rank 4", v)
	}
	scale := func(d, up, down int) int {
		if d < 0 {
			return tensor.Unknown
		}
		return d * up / down
	}
	s, sq := b.size, b.size*b.size
	n, c, h, w := v.Shape[0], v.Shape[1], v.Shape[2], v.Shape[3]
	if b.toSpace {
		if c >= 0 && c%sq != 0 {
			return nil, Invalidf("%d channels cannot be cut by blocksize %d", c, s)
		}
		return []Value{Of(v.DType, n, scale(c, 1, sq), scale(h, s, 1), scale(w, s, 1))}, nil
	}
	if h >= 0 && h%s != 0 || w >= 0 && w%s != 0 {
		return nil, Invalidf("plane of %v cannot be cut by blocksize %d", v, s)
	}
	return []Value{Of(v.DType, n, scale(c, sq, 1), scale(h, 1, s), scale(w, 1, s))}, nil
}

func (b *blocks) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	dst, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	// The box is image, channel, row, column, row and column in the block. deep
	// is the side with more channels, wide the one with the larger plane.
	deep, wide := in[0].Shape(), out[0].Shape
	if !b.toSpace {
		deep, wide = wide, deep
	}
	s, ds, ws := b.size, deep.Strides(), wide.Strides()
	box := []int{deep[0], wide[1], deep[2], deep[3], s, s}
	inWide := []int{ws[0], ws[1], ws[2] * s, ws[3] * s, ws[2], ws[3]}
	plane := ds[1]
	inDeep := []int{ds[0], plane, ds[2], ds[3], plane * s * wide[1], plane * wide[1]}
	if b.crd {
		inDeep = []int{ds[0], plane * s * s, ds[2], ds[3], plane * s, plane}
	}
	if b.toSpace {
		m.walk(box, inWide, inDeep, 0, 0)
	} else {
		m.walk(box, inDeep, inWide, 0, 0)
	}
	return []*tensor.Tensor{dst}, nil
}
