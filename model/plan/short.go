package plan

import (
	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/op"
	"larder/model/tensor"
)

// Quantised values are 16-bit integers without a zero point, see model/op. They
// lie in the arena as Rows or Picture do, with half the bytes. To and from the
// Go side, and through operators that have no kernel for integers but one for
// floats, they go as floats, which have them all.

// shortBytes is the size of such an element.
const shortBytes = 2

// isShort reports whether a value is of 16-bit integers that can be in the arena.
func (b *builder) isShort(v *graph.Value) bool {
	if v == nil || b.constant(v) != nil {
		return false
	}
	f := b.facts.Of(v)
	if f.DType != tensor.Int16 {
		return false
	}
	f.DType = tensor.Float32
	return inArena(f)
}

// elementBytes is the size of an element of v in the arena.
func (b *builder) elementBytes(v *graph.Value) int {
	if b.facts.Of(v).DType == tensor.Int16 {
		return shortBytes
	}
	return floatBytes
}

// float returns the value of floats that has the numbers of v.
func (b *builder) float(v *graph.Value) *graph.Value {
	at := b.of(v)
	if at.float == nil {
		at.float = &graph.Value{Name: v.Name, Producer: v.Producer}
		b.facts[at.float] = op.Of(tensor.Float32, b.facts.Of(v).Shape...)
		b.of(at.float).short = v
	}
	return at.float
}

// shorts returns the buffer that has v, of integers, in a layout.
func (b *builder) shorts(v *graph.Value, l Layout) *buffer {
	at := b.of(v)
	shape := b.facts[v].Shape
	for from, have := range at.places {
		if have != nil && sameBytes(shape, Layout(from), l) {
			at.places[l] = have
			return have
		}
	}
	in := b.in(b.float(v), l)
	out := b.newPlace(v, l)
	b.quantize(v, kernel.Quantize, in, out, l, kernel.QuantizeArgs{Scale: 1, Low: -1 << 15, High: 1<<15 - 1})
	return out
}

// toFloats brings the numbers of a value of integers to its value of floats: from
// the arena, else from the Go side.
func (b *builder) toFloats(f *graph.Value) {
	v := b.of(f).short
	for l, have := range b.of(v).places {
		if have != nil {
			out := b.newPlace(f, Layout(l))
			b.quantize(v, kernel.Dequantize, have, out, Layout(l), kernel.QuantizeArgs{Scale: 1})
			return
		}
	}
	b.put(f, b.slot(v))
}

// quantize adds a step of quantize or dequantize for a value.
func (b *builder) quantize(v *graph.Value, number kernel.Number, from, to *buffer, l Layout, a kernel.QuantizeArgs) {
	b.move(v, func() call {
		a.Input, a.Output, a.Fours = from.at(), to.at(), b.fours(v, l)
		return call{number, a}
	}, from, to)
}

// fours is the number of fours of elements of v in a layout.
func (b *builder) fours(v *graph.Value, l Layout) uint32 {
	return uint32(l.floats(b.facts[v].Shape) / Lanes)
}

// shortLowerings finds the lowering of an operator that makes integers, or
// floats of them.
var shortLowerings = map[string]lowering{
	"larder.Quantize":        lowerQuantize,
	"larder.Dequantize":      lowerDequantize,
	"larder.DynamicQuantize": lowerDynamicQuantize,
	"larder.QConv":           lowerQConv,
	"larder.QMatMul":         lowerQMatMul,
	"larder.QAdd":            lowerQAdd,
	"larder.QMean":           lowerQMean,
	"larder.QTable":          lowerQTable,
	"larder.QMul":            lowerQMul,
	"Concat":                 lowerShortConcat,
	"larder.MaxPool":         lowerQMaxPool,
	"Flatten":                lowerShortReshape,
	"Identity":               lowerShortReshape,
	"Reshape":                lowerShortReshape,
	"Squeeze":                lowerShortReshape,
	"Unsqueeze":              lowerShortReshape,
}

// findShort returns the lowering of a node that has to do with integers, nil if
// it has not.
func (b *builder) findShort(n *graph.Node) lowering {
	if len(n.Outputs) == 0 || n.Outputs[0] == nil {
		return nil
	}
	if n.Domain != op.Fused && b.facts[n.Outputs[0]].DType != tensor.Int16 {
		return nil
	}
	if l := shortLowerings[operator(n)]; l != nil {
		return l
	}
	if b.isShort(n.Outputs[0]) {
		return lowerAsFloats
	}
	return nil
}

// lowerShortReshape lowers operators that keep the elements in their order.
func lowerShortReshape(b *builder, n *graph.Node) bool {
	x, y := n.Inputs[0], n.Outputs[0]
	if !b.isShort(x) {
		return false
	}
	in, out := b.facts[x].Shape, b.facts[y].Shape
	for from, have := range b.of(x).places {
		for to := Rows; to < layouts; to++ {
			if have != nil && sameRows(in, out, Layout(from), to) {
				b.alias(y, to, have)
				return true
			}
		}
	}
	return lowerAsFloats(b, n)
}

// lowerAsFloats lowers an operator that only moves elements by its lowering for
// floats.
func lowerAsFloats(b *builder, n *graph.Node) bool {
	lower := find(n)
	if lower == nil {
		return false
	}
	as := *n
	as.Inputs, as.Outputs = nil, nil
	for _, v := range n.Inputs {
		if b.isShort(v) {
			v = b.float(v)
		}
		as.Inputs = append(as.Inputs, v)
	}
	for _, v := range n.Outputs {
		as.Outputs = append(as.Outputs, b.float(v))
	}
	return lower(b, &as)
}

// lowerQuantize lowers larder.Quantize.
func lowerQuantize(b *builder, n *graph.Node) bool {
	x, y := n.Inputs[0], n.Outputs[0]
	shape, ok := b.shape(x)
	if !ok || !b.isShort(y) {
		return false
	}
	l := b.layoutOf(x, shape)
	scale, _ := n.Attrs.Float("scale", 1)
	low, high := clamp(n)
	if !leavesZero(low, high, 1) {
		return false
	}
	b.quantize(y, kernel.Quantize, b.in(x, l), b.out(y, l), l, kernel.QuantizeArgs{Scale: scale, Low: low, High: high})
	return true
}

// layoutOf returns the layout in which integers are made of v: that which is at
// hand, else Picture for pictures.
func (b *builder) layoutOf(v *graph.Value, shape tensor.Shape) Layout {
	l := Rows
	if len(shape) > 2 {
		l = Picture
	}
	return b.layout(v, l)
}

// lowerDequantize lowers larder.Dequantize.
func lowerDequantize(b *builder, n *graph.Node) bool {
	x, y := n.Inputs[0], n.Outputs[0]
	if !b.isShort(x) {
		return false
	}
	l := b.layoutOf(x, b.facts[x].Shape)
	scale, _ := n.Attrs.Float("scale", 1)
	b.quantize(y, kernel.Dequantize, b.shorts(x, l), b.out(y, l), l, kernel.QuantizeArgs{Scale: scale})
	return true
}

// lowerDynamicQuantize lowers larder.DynamicQuantize: the range, then the rest.
func lowerDynamicQuantize(b *builder, n *graph.Node) bool {
	x, y := n.Inputs[0], n.Outputs[0]
	shape, ok := b.shape(x)
	if !ok || !b.isShort(y) {
		return false
	}
	l := b.layoutOf(x, shape)
	in := b.in(x, l)
	lines := b.of(x).lines
	fours := b.fours(y, l)
	if lines == nil {
		lines = b.rangeLines()
		b.kernel(0, func() call {
			return call{kernel.Range, kernel.RangeArgs{Input: in.at(), Fours: fours, Lines: lines.at()}}
		}, in, lines)
	}
	out, scale := b.out(y, l), b.buffer(Lanes*floatBytes)
	if len(n.Outputs) > 1 && n.Outputs[1] != nil {
		scale = b.out(n.Outputs[1], Rows)
	}
	b.kernel(0, func() call {
		return call{kernel.QuantizeBy, kernel.QuantizeByArgs{Input: in.at(), Output: out.at(), Fours: fours, Lines: lines.at(),
			Count: uint32(b.threads), Scale: scale.at()}}
	}, in, out, lines, scale)
	return true
}

// rangeLines returns memory for a range, cleared in a step.
func (b *builder) rangeLines() *buffer {
	bytes := kernel.RangeLine * b.threads
	lines := b.buffer(bytes)
	b.kernel(0, func() call {
		return call{kernel.Fill, kernel.FillArgs{Output: lines.at(), Rows: 1, Bytes: uint32(bytes)}}
	}, lines)
	return lines
}

// lowerQAdd lowers larder.QAdd.
func lowerQAdd(b *builder, n *graph.Node) bool {
	x, y, out := n.Inputs[0], input(n, 1), n.Outputs[0]
	if y == nil {
		y = x
	}
	low, high := clamp(n)
	if !b.isShort(x) || !b.isShort(y) || !leavesZero(low, high, 1) {
		return false
	}
	l := b.layoutOf(x, b.facts[x].Shape)
	p, q := b.shorts(x, l), b.shorts(y, l)
	scaleX, _ := n.Attrs.Float("a", 1)
	scaleY, _ := n.Attrs.Float("b", 0)
	dst := b.out(out, l)
	b.over(dst, p)
	b.kernel(2*elems(b.facts[out].Shape), func() call {
		return call{kernel.QAdd, kernel.QAddArgs{A: p.at(), B: q.at(), Output: dst.at(), Fours: b.fours(out, l), ScaleA: scaleX, ScaleB: scaleY, Low: low, High: high}}
	}, p, q, dst)
	return true
}

// lowerQMean lowers larder.QMean.
func lowerQMean(b *builder, n *graph.Node) bool {
	x := n.Inputs[0]
	low, high := clamp(n)
	if !b.isShort(x) || len(b.facts[x].Shape) < 3 || !leavesZero(low, high, 1) || b.facts[n.Outputs[0]].DType != tensor.Int16 {
		return false
	}
	in := b.facts[x].Shape
	from := b.shorts(x, Picture)
	out := b.out(n.Outputs[0], Picture)
	scale, _ := n.Attrs.Float("scale", 1)
	b.kernel(elems(in), func() call {
		return call{kernel.QMean, kernel.QMeanArgs{Input: from.at(), Output: out.at(), Images: uint32(in[0]), Pixels: uint32(pixelsOf(in)),
			Pixel: uint32(lanesUp(in[1]) * shortBytes), Scale: scale, Low: low, High: high}}
	}, from, out)
	return true
}
