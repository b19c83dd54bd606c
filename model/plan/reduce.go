package plan

import (
	"cmp"
	"slices"

	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/tensor"
)

// reduction is the kernels of a Reduce operator: along rows, and across them.
type reduction struct{ last, rows kernel.Number }

var reductions = map[string]reduction{
	"ReduceMax":  {kernel.MaxLast, kernel.MaxRows},
	"ReduceMean": {kernel.MeanLast, kernel.MeanRows},
	"ReduceMin":  {kernel.MinLast, kernel.MinRows},
	"ReduceSum":  {kernel.SumLast, kernel.SumRows},
}

// lowerReduce lowers reductions over neighbouring dimensions.
func lowerReduce(b *builder, n *graph.Node) bool {
	v := n.Inputs[0]
	shape, ok := b.shape(v)
	if !ok || b.constant(v) != nil {
		return false
	}
	axes, ok := b.reduceAxes(n, len(shape))
	if !ok {
		return false
	}
	r := reductions[n.Type]
	if b.pictureAtHand(v) && slices.Equal(axes, spatial(len(shape))) {
		// As pictures, the rows of an image are its pixels.
		x := b.in(v, Picture)
		out := b.buffer(grid{shape[0], shape[1]}.bytes())
		b.reduceRows(n, r.rows, x, out, shape[0], pixelsOf(shape), grid{1, shape[1]})
		b.reduced(n, out, grid{shape[0], shape[1]})
		return true
	}
	first, last := axes[0], axes[len(axes)-1]
	if last-first != len(axes)-1 {
		return false
	}
	if last == len(shape)-1 {
		return b.reduceLast(n, v, shape, first, r.last)
	}
	row, l := grid{1, shape[len(shape)-1]}, Rows
	if inner := elems(shape[last+1:]); inner != row.length {
		if row.length%Lanes != 0 {
			l = Plain // the rows have gaps
		}
		if row.length = inner; inner%Lanes != 0 {
			return false
		}
	}
	x := b.in(v, l)
	images := elems(shape[:first])
	out := b.buffer(images * int(row.rowBytes()))
	b.reduceRows(n, r.rows, x, out, images, elems(shape[first:last+1]), row)
	if len(shape) > last+2 { // the row is several dimensions without gaps
		b.alias(n.Outputs[0], Plain, out)
	} else {
		b.reduced(n, out, grid{images, row.length})
	}
	return true
}

// bytes is the size in memory, in rounded rows.
func (g grid) bytes() int { return g.count * g.stride() * floatBytes }

// reduced says where the result of a reduction is: rows of a grid. Dimensions
// of size 1 that are kept behind the row make it a picture or nothing that has
// a layout, but the rows without gaps are plain.
func (b *builder) reduced(n *graph.Node, out *buffer, g grid) {
	y := n.Outputs[0]
	shape := b.facts[y].Shape
	switch {
	case gridOf(Rows, shape) == g:
		b.alias(y, Rows, out)
	case len(shape) > 2 && gridOf(Picture, shape) == g && pixelsOf(shape) == 1:
		b.alias(y, Picture, out)
	case g.length%Lanes == 0:
		b.alias(y, Plain, out)
	default:
		plain := b.newPlace(y, Plain)
		b.move(y, func() call {
			return call{kernel.Copy, kernel.CopyArgs{Input: out.at(), InputStride: g.rowBytes(), Output: plain.at(), OutputStride: uint32(g.length * floatBytes),
				Rows: g.rows(), Bytes: uint32(g.length * floatBytes)}}
		}, out, plain)
	}
}

// reduceLast lowers a reduction over the dimensions from first to the end: one
// float for each row.
func (b *builder) reduceLast(n *graph.Node, v *graph.Value, shape tensor.Shape, first int, number kernel.Number) bool {
	columns := elems(shape[first:])
	rows := elems(shape) / columns
	y := n.Outputs[0]
	l := Rows
	if first != len(shape)-1 {
		l = Plain // no gaps between the dimensions
	}
	x := b.in(v, l)
	stride := columns * floatBytes
	if l == Rows {
		stride = lanesUp(columns) * floatBytes
	}
	// The floats lie one behind the other, which is plain; where every row of
	// the result has one element, they are rows at once.
	to, step := Plain, floatBytes
	if s := b.facts[y].Shape; len(s) == 0 || s[len(s)-1] == 1 {
		to, step = Rows, Lanes*floatBytes
	}
	out := b.newPlace(y, to)
	b.kernel(rows*columns, func() call {
		return call{number, kernel.LastArgs{Input: x.at(), InputStride: uint32(stride), Output: out.at(), OutputStride: uint32(step), Rows: uint32(rows), Columns: uint32(columns)}}
	}, x, out)
	return true
}

// pictureAtHand reports whether v is in the arena as a picture.
func (b *builder) pictureAtHand(v *graph.Value) bool {
	return len(b.facts.Of(v).Shape) > 2 && b.of(v).places[Picture] != nil && b.of(v).places[Rows] == nil
}

// spatial returns the dimensions of a picture's pixels.
func spatial(rank int) []int {
	var axes []int
	for i := 2; i < rank; i++ {
		axes = append(axes, i)
	}
	return axes
}

// reduceAxes returns the dimensions that a reduction is over, in order.
func (b *builder) reduceAxes(n *graph.Node, rank int) ([]int, bool) {
	axes, err := n.Attrs.Ints("axes")
	if err != nil {
		return nil, false
	}
	if v := input(n, 1); v != nil {
		c := b.constant(v)
		if c == nil || c.DType() != tensor.Int64 {
			return nil, false
		}
		axes = tensor.Data[int64](c)
	}
	if len(axes) == 0 {
		if idle, _ := n.Attrs.Int("noop_with_empty_axes", 0); idle != 0 || rank == 0 {
			return nil, false
		}
		for i := range rank {
			axes = append(axes, int64(i))
		}
	}
	out := make([]int, len(axes))
	for i, a := range axes {
		if out[i] = int(a); a < 0 {
			out[i] += rank
		}
	}
	slices.SortStableFunc(out, cmp.Compare[int])
	return slices.Compact(out), true
}
