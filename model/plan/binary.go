package plan

import (
	"slices"

	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/tensor"
)

// binaries finds the kernel of an operator of two values.
var binaries = map[string]kernel.Number{
	"Add": kernel.Add, "Sub": kernel.Sub, "Mul": kernel.Mul, "Div": kernel.Div, "Min": kernel.Min, "Max": kernel.Max, "Pow": kernel.Pow,
	"PRelu": kernel.PRelu, "Sum": kernel.Add,
}

// lowerBinary lowers the operators of the table, with broadcasting.
func lowerBinary(b *builder, n *graph.Node) bool {
	if len(n.Inputs) != 2 || n.Attrs.Has("broadcast") {
		return false
	}
	out := b.facts[n.Outputs[0]].Shape
	for _, l := range b.layoutsFor(n, out) {
		if p, ok := b.pair(n.Inputs[0], n.Inputs[1], out, l); ok {
			b.binary(n, binaries[n.Type], p, l)
			return true
		}
	}
	return false
}

// layoutsFor returns the layouts to try for a result of several inputs: that of
// the largest input comes first.
func (b *builder) layoutsFor(n *graph.Node, out tensor.Shape) []Layout {
	first := Rows
	for _, v := range n.Inputs {
		if s, ok := b.shape(v); ok && b.constant(v) == nil && s.Equal(out) {
			if first = b.layout(v, Picture); first == Picture && b.of(v).places[Picture] == nil {
				first = Rows
			}
			break
		}
	}
	if len(out) < 3 {
		return []Layout{Rows}
	}
	if first == Picture {
		return []Layout{Picture, Rows}
	}
	return []Layout{Rows, Picture}
}

// operand is one side of an elementwise operator: how far it is from block to
// block and from row to row, and whether its rows have one element only.
type operand struct {
	v          *graph.Value
	shape      tensor.Shape // with as many dimensions as the result
	outer, row int
	single     bool
}

// pair is two operands and the loops over them.
type pair struct {
	x, y             operand
	outer, rows      int
	outOuter, outRow int
	length           int
}

// pair finds the loops, if two are enough.
func (b *builder) pair(x, y *graph.Value, out tensor.Shape, l Layout) (pair, bool) {
	p := pair{outer: 1, rows: 1, length: 1}
	dims := l.dims(out)
	var ways [3][]int // bytes along each dimension: of x, y and the result
	for i, v := range []*graph.Value{x, y} {
		shape, ok := b.shape(v)
		if !ok || len(shape) > len(out) {
			return p, false
		}
		full := append(slices.Repeat(tensor.Shape{1}, len(out)-len(shape)), shape...)
		if l == Picture && len(shape) != len(out) && b.constant(v) == nil && elems(shape) > 1 {
			return p, false
		}
		o := operand{v: v, shape: full}
		ways[i] = repeated(l.dims(full), dims)
		if n := len(dims); n > 0 {
			o.single = l.dims(full)[n-1] == 1 && dims[n-1] > 1
		}
		if i == 0 {
			p.x = o
		} else {
			p.y = o
		}
	}
	ways[2] = strides(dims)
	if p.x.single && p.y.single {
		return p, false
	}
	if n := len(dims); n > 0 {
		p.length = dims[n-1]
		ok := p.loops(dims[:n-1], ways)
		p.join()
		return p, ok
	}
	return p, true
}

// elems is the number of elements of a shape that is known.
func elems(s tensor.Shape) int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// repeated returns the strides of an operand along the dimensions of the
// result: 0 where it is repeated.
func repeated(dims, out []int) []int {
	s := strides(dims)
	for i := range s {
		if dims[i] == 1 && (out[i] != 1 || i < len(s)-1) {
			s[i] = 0
		}
	}
	return s
}

// loops joins neighbouring dimensions that all three walk through evenly. Two
// may remain.
func (p *pair) loops(dims []int, ways [3][]int) bool {
	type loop struct{ n, x, y, out int }
	var left []loop
	for i := len(dims) - 1; i >= 0; i-- {
		d := loop{dims[i], ways[0][i], ways[1][i], ways[2][i]}
		if d.n == 1 {
			continue
		}
		if k := len(left) - 1; k >= 0 {
			in := &left[k]
			if d.x == in.n*in.x && d.y == in.n*in.y && d.out == in.n*in.out {
				in.n *= d.n
				continue
			}
		}
		left = append(left, d)
	}
	if len(left) > 2 {
		return false
	}
	if len(left) > 0 {
		p.rows, p.x.row, p.y.row, p.outRow = left[0].n, left[0].x, left[0].y, left[0].out
	}
	if len(left) > 1 {
		p.outer, p.x.outer, p.y.outer, p.outOuter = left[1].n, left[1].x, left[1].y, left[1].out
	}
	return true
}

// join makes one row of all, where neither side nor the result has gaps.
func (p *pair) join() {
	bytes := p.length * floatBytes
	whole := p.length%Lanes == 0 && !p.x.single && !p.y.single
	if whole && p.outer == 1 && p.rows > 1 && p.x.row == bytes && p.y.row == bytes && p.outRow == bytes {
		p.length *= p.rows
		p.rows, p.x.row, p.y.row, p.outRow = 1, 0, 0, 0
	}
}

// operand returns the buffer of one side.
func (b *builder) operand(o operand, l Layout) *buffer {
	if b.constant(o.v) != nil {
		return b.weight(o.v, stored{o.shape, l})
	}
	shape := b.facts[o.v].Shape
	if len(shape) != len(o.shape) {
		return b.in(o.v, Rows)
	}
	return b.in(o.v, l)
}

func (b *builder) binary(n *graph.Node, number kernel.Number, p pair, l Layout) {
	x, y := b.operand(p.x, l), b.operand(p.y, l)
	out := b.out(n.Outputs[0], l)
	shape := b.facts[n.Outputs[0]].Shape
	for _, side := range []struct {
		o operand
		x *buffer
	}{{p.x, x}, {p.y, y}} {
		// The result may lie over an operand if the other one is not the same memory
		// in another form.
		if side.o.shape.Equal(shape) && (x.root() != y.root() || p.x.shape.Equal(p.y.shape)) {
			b.over(out, side.x)
			break
		}
	}
	g := grid{1, p.length}
	flag := func(single bool) uint32 {
		if single {
			return 1
		}
		return 0
	}
	b.kernel(p.outer*p.rows*p.length, func() call {
		return call{number, kernel.BinaryArgs{A: x.at(), AOuter: uint32(p.x.outer), ARow: uint32(p.x.row), ASingle: flag(p.x.single),
			B: y.at(), BOuter: uint32(p.y.outer), BRow: uint32(p.y.row), BSingle: flag(p.y.single),
			Output: out.at(), OutOuter: uint32(p.outOuter), OutRow: uint32(p.outRow), Outer: uint32(p.outer), Rows: uint32(p.rows),
			Vecs: g.vecs(), Tail: g.tail(), Low: -infinity, High: infinity}}
	}, x, y, out)
}
