package plan

import (
	"larder/model/graph"
	"larder/model/tensor"
)

// lowerConcat lowers Concat: a copy for each input.
func lowerConcat(b *builder, n *graph.Node) bool {
	y := n.Outputs[0]
	out := b.facts[y].Shape
	axis, ok := axisOf(n, len(out))
	for _, v := range n.Inputs {
		if _, fits := b.shape(v); !fits {
			return false
		}
	}
	if !ok {
		return false
	}
	l := b.layoutsFor(n, out)[0]
	for _, v := range n.Inputs {
		if b.pictureAtHand(v) {
			l = Picture
		}
	}
	k := l.axis(axis, len(out))
	to := strides(l.dims(out))
	var from []*buffer
	for _, v := range n.Inputs {
		from = append(from, b.in(v, l))
	}
	dst := b.out(y, l)
	at := 0
	for i, v := range n.Inputs {
		dims := l.dims(b.facts.Of(v).Shape)
		b.copyTo(from[i], 0, strides(dims), dst, at*to[k], to, dims)
		at += dims[k]
	}
	b.clearTail(dst, l.dims(out))
	return true
}

// axisOf returns the attribute axis, counted from the front.
func axisOf(n *graph.Node, rank int) (int, bool) {
	axis, err := n.Attrs.Int("axis", 0)
	if axis < 0 {
		axis += int64(rank)
	}
	return int(axis), err == nil && axis >= 0 && int(axis) < rank
}

// lowerSplit lowers Split: a copy for each output.
func lowerSplit(b *builder, n *graph.Node) bool {
	v := n.Inputs[0]
	in, ok := b.shape(v)
	if !ok || b.constant(v) != nil {
		return false
	}
	axis, ok := axisOf(n, len(in))
	for _, y := range n.Outputs {
		if y == nil || !inArena(b.facts[y]) {
			return false
		}
	}
	if !ok {
		return false
	}
	l := b.layout(v, Rows)
	k := l.axis(axis, len(in))
	src := b.in(v, l)
	from := strides(l.dims(in))
	at := 0
	for _, y := range n.Outputs {
		dims := l.dims(b.facts[y].Shape)
		b.stridedCopy(src, at*from[k], from, b.out(y, l), 0, dims)
		at += dims[k]
	}
	return true
}

// lowerSlice lowers Slice with constant bounds.
func lowerSlice(b *builder, n *graph.Node) bool {
	v := n.Inputs[0]
	in, ok := b.shape(v)
	if !ok || b.constant(v) != nil {
		return false
	}
	starts, ok := b.ints(n, 1, "starts")
	axes, ok2 := b.ints(n, 3, "axes")
	steps, ok3 := b.ints(n, 4, "steps")
	if !ok || !ok2 || !ok3 || starts == nil {
		return false
	}
	out := b.facts[n.Outputs[0]].Shape
	l := b.layout(v, Rows)
	from := strides(l.dims(in))
	offset := 0
	for i := range starts {
		axis := at(axes, i, i)
		if axis < 0 {
			axis += len(in)
		}
		size := int64(in[axis])
		step := int64(at(steps, i, 1))
		first := starts[i]
		if first < 0 {
			first += size
		}
		if step > 0 {
			first = min(max(first, 0), size)
		} else {
			first = min(max(first, 0), size-1)
		}
		k := l.axis(axis, len(in))
		offset += int(first) * from[k]
		from[k] *= int(max(min(step, size), -size))
	}
	dims := l.dims(out)
	if !b.canCopy(from, dims) {
		return false
	}
	b.stridedCopy(b.in(v, l), offset, from, b.out(n.Outputs[0], l), 0, dims)
	return true
}

// ints returns integers that are an input, or in older opsets an attribute; nil
// if they are absent, false if they are not constant.
func (b *builder) ints(n *graph.Node, i int, name string) ([]int64, bool) {
	v := input(n, i)
	if v == nil {
		list, err := n.Attrs.Ints(name)
		return list, err == nil
	}
	switch c := b.constant(v); {
	case c == nil:
		return nil, false
	case c.DType() == tensor.Int64:
		return tensor.Data[int64](c), true
	case c.DType() == tensor.Int32:
		var out []int64
		for _, k := range tensor.Data[int32](c) {
			out = append(out, int64(k))
		}
		return out, true
	}
	return nil, false
}

// lowerExpand lowers Expand: a copy that walks through the input again and again.
func lowerExpand(b *builder, n *graph.Node) bool {
	v := n.Inputs[0]
	in, ok := b.shape(v)
	out := b.facts[n.Outputs[0]].Shape
	if !ok || b.constant(v) != nil || len(in) > len(out) || len(out) == 0 {
		return false
	}
	full := make([]int, len(out)-len(in), len(out))
	for i := range full {
		full[i] = 1
	}
	full = append(full, in...)
	from := strides(full)
	for i := range from {
		if full[i] == 1 {
			from[i] = 0
		}
	}
	if !b.canCopy(from, out) {
		return false
	}
	b.stridedCopy(b.in(v, Rows), 0, from, b.out(n.Outputs[0], Rows), 0, out)
	return true
}
