package plan

import (
	"slices"

	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/tensor"
)

// lowerGather lowers Gather of floats: rows that integers from the Go side name,
// such as the words of an embedding. What one constant index takes for attention
// alone is not moved at all.
func lowerGather(b *builder, n *graph.Node) bool {
	x, index, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
	in, ok := b.shape(x)
	axis, err := n.Attrs.Int("axis", 0)
	if axis < 0 {
		axis += int64(len(in))
	}
	if !ok || err != nil || axis < 0 || int(axis) >= len(in) || !b.indexable(index) {
		return false
	}
	a, step := int(axis), strides(in)
	if i, ok := b.oneIndex(index, in[a]); ok && a < len(in)-1 && b.onlyAttention(y) && b.constant(x) == nil {
		way := slices.Delete(slices.Clone(step), a, a+1)
		b.of(y).view = &view{buffer: b.in(x, Rows), offset: i * step[a], strides: way}
		return true
	}
	indices := b.indices(index, in[a])
	data := b.in(x, Rows)
	l := Rows
	if a == len(in)-1 {
		l = Plain // single floats, which have no room between them
	}
	out := b.out(y, l)
	blocks, count := elems(in[:a]), elems(b.facts.Of(index).Shape)
	row, block := step[a], step[a]*in[a]
	if l == Plain {
		block = lanesUp(in[a]) * floatBytes
	}
	b.kernel(0, func() call {
		return call{kernel.GatherRows, kernel.GatherArgs{Input: data.at(), InputBlock: uint32(block), InputRow: uint32(row),
			Output: out.at(), OutputBlock: uint32(count * row), OutputRow: uint32(row), Indices: indices.at(),
			Blocks: uint32(blocks), Count: uint32(count), Bytes: uint32(row)}}
	}, data, indices, out)
	return true
}

// indexable reports whether v is integers that a step can bring over.
func (b *builder) indexable(v *graph.Value) bool {
	f := b.facts.Of(v)
	if f.DType != tensor.Int64 && f.DType != tensor.Int32 || !f.Ranked || !f.Shape.Known() {
		return false
	}
	n, err := f.Shape.Elems()
	return err == nil && n > 0
}

// oneIndex returns the index that a constant without dimensions is, in a
// dimension of a size.
func (b *builder) oneIndex(v *graph.Value, size int) (int, bool) {
	c := b.constant(v)
	if c == nil || c.Rank() != 0 {
		return 0, false
	}
	i := 0
	switch d := c.Any().(type) {
	case []int64:
		i = int(d[0])
	case []int32:
		i = int(d[0])
	}
	if i < 0 {
		i += size
	}
	return i, i >= 0 && i < size
}

// indices returns words in the arena: v, each checked in the run against a size
// and counted from the end where it is negative.
func (b *builder) indices(v *graph.Value, size int) *buffer {
	slot := b.slot(v)
	shape := b.facts.Of(v).Shape
	place := b.buffer(elems(shape) * wordBytes)
	b.bring(v, Step{Kind: PutIndices, Node: b.current, Title: "put-indices", Value: v.Name, Slot: slot, Place: Place{Shape: shape}, Limit: size}, place)
	return place
}

// wordBytes is the size of an index in the arena.
const wordBytes = 4

// view is a value that lies in a buffer with gaps: the bytes from element to
// element of each dimension.
type view struct {
	buffer  *buffer
	offset  int
	strides []int
}

func (v view) at() uint32        { return v.buffer.at() + uint32(v.offset) }
func (v view) step(i int) uint32 { return uint32(v.strides[i]) }

// onlyAttention reports whether nothing but attention, which can walk through a
// view, reads v.
func (b *builder) onlyAttention(v *graph.Value) bool {
	readers := b.readers[v]
	return len(readers) > 0 && !slices.ContainsFunc(readers, func(n *graph.Node) bool { return n == nil || operator(n) != "larder.Attention" })
}

// solid copies a view that somebody wants as rows.
func (b *builder) solid(v *graph.Value) {
	at := b.of(v)
	if at.view == nil || at.places[Rows] != nil {
		return
	}
	out := b.newPlace(v, Rows)
	b.stridedCopy(at.view.buffer, at.view.offset, at.view.strides, out, 0, b.facts[v].Shape)
}
