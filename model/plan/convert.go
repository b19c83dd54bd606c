package plan

import (
	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/tensor"
)

// convert adds the steps that bring v into a layout from one in which it is in
// the arena. All ways lead over Plain.
func (b *builder) convert(v *graph.Value, to Layout) *buffer {
	at := b.of(v)
	shape := b.facts[v].Shape
	for from, have := range at.places {
		if have != nil && sameBytes(shape, Layout(from), to) {
			at.places[to] = have
			return have
		}
	}
	if to != Plain && at.places[Plain] == nil {
		b.convert(v, Plain)
		return b.in(v, to)
	}
	switch {
	case to == Rows:
		b.plainToRows(v, at.places[Plain], shape)
	case to == Picture:
		b.turn(v, at.places[Plain], shape, Plain, Picture)
	case at.places[Rows] != nil:
		b.rowsToPlain(v, at.places[Rows], shape)
	default:
		b.turn(v, at.places[Picture], shape, Picture, Plain)
	}
	return at.places[to]
}

// sameBytes reports whether a value is the same in two layouts.
func sameBytes(shape tensor.Shape, x, y Layout) bool {
	if x == y {
		return true
	}
	if x == Picture || y == Picture {
		if len(shape) < 2 {
			return false
		}
		if len(shape) == 2 { // pictures of one pixel
			return x != Plain && y != Plain || shape[1]%Lanes == 0
		}
		// One pixel in each picture: the channels are a row.
		return pixelsOf(shape) == 1 && shape[1]%Lanes == 0 && (x == Plain || y == Plain)
	}
	return len(shape) > 0 && shape[len(shape)-1]%Lanes == 0
}

func (b *builder) plainToRows(v *graph.Value, from *buffer, shape tensor.Shape) {
	g := gridOf(Rows, shape)
	out := b.newPlace(v, Rows)
	b.move(v, func() call {
		return call{kernel.Copy, kernel.CopyArgs{Input: from.at(), InputStride: uint32(g.length * floatBytes), Output: out.at(), OutputStride: g.rowBytes(),
			Rows: g.rows(), Bytes: uint32(g.length * floatBytes), Zeros: g.rowBytes() - uint32(g.length*floatBytes)}}
	}, from, out)
}

func (b *builder) rowsToPlain(v *graph.Value, from *buffer, shape tensor.Shape) {
	g := gridOf(Rows, shape)
	out := b.newPlace(v, Plain)
	b.move(v, func() call {
		return call{kernel.Copy, kernel.CopyArgs{Input: from.at(), InputStride: g.rowBytes(), Output: out.at(), OutputStride: uint32(g.length * floatBytes),
			Rows: g.rows(), Bytes: uint32(g.length * floatBytes)}}
	}, from, out)
}

// turn makes NHWC of NCHW without gaps, or the other way round.
func (b *builder) turn(v *graph.Value, from *buffer, shape tensor.Shape, x, y Layout) {
	g := gridOf(Picture, shape)
	pixels := 1
	if len(shape) > 2 {
		pixels = pixelsOf(shape)
	}
	out := b.newPlace(v, y)
	b.move(v, func() call {
		plane, pixel := uint32(pixels*floatBytes), g.rowBytes()
		t := kernel.TransposeArgs{Input: from.at(), Output: out.at(), Batches: uint32(g.count / pixels)}
		if y == Picture {
			t.InputBatch, t.InputStride = plane*uint32(g.length), plane
			t.OutputBatch, t.OutputStride = pixel*uint32(pixels), pixel
			t.Rows, t.Columns, t.OutputColumns = uint32(g.length), uint32(pixels), uint32(g.stride())
		} else {
			t.InputBatch, t.InputStride = pixel*uint32(pixels), pixel
			t.OutputBatch, t.OutputStride = plane*uint32(g.length), plane
			t.Rows, t.Columns, t.OutputColumns = uint32(pixels), uint32(g.length), uint32(pixels)
		}
		return call{kernel.Transpose, t}
	}, from, out)
}

// move adds a step that brings a value from one place to another.
func (b *builder) move(v *graph.Value, c func() call, uses ...*buffer) {
	b.use(uses...)
	b.add(Step{Kind: Kernel, Node: b.current, Value: v.Name}, pending{call: c})
}
