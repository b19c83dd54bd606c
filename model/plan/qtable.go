package plan

import (
	"fmt"

	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/tensor"
)

// lowerQTable lowers larder.QTable.
func lowerQTable(b *builder, n *graph.Node) bool {
	x, y := n.Inputs[0], n.Outputs[0]
	low, err := n.Attrs.Int("low", 0)
	table := b.constant(n.Inputs[1])
	if err != nil || table == nil || !b.isShort(x) {
		return false
	}
	l := b.layoutOf(x, b.facts[x].Shape)
	r := lookup{int(low), table.Len()}
	if gridOf(l, b.facts[x].Shape).length%Lanes != 0 && tensor.Data[int16](table)[r.at(0)] != 0 {
		return false // the lanes behind the last would not stay 0
	}
	in, out := b.shorts(x, l), b.out(y, l)
	t := b.weight(n.Inputs[1], r)
	b.over(out, in)
	b.kernel(elems(b.facts[y].Shape), func() call {
		return call{kernel.QTable, kernel.QTableArgs{Input: in.at(), Output: out.at(), Fours: b.fours(y, l), Table: t.at()}}
	}, in, out)
	return true
}

// lookup is a table of integers from low on, as the kernel indexes it.
type lookup struct{ low, count int }

// at is the element that stands for x.
func (t lookup) at(x int) int { return min(max(x-t.low, 0), t.count-1) }

func (t lookup) floats() int { return kernel.QTableSize / 2 }

func (t lookup) pack(m *packer) error {
	return m.wholeShorts(t, func(to, from []int16) {
		for i := range to {
			to[i] = from[t.at((i+kernel.QTableSize/2)%kernel.QTableSize-kernel.QTableSize/2)]
		}
	})
}

func (t lookup) String() string { return fmt.Sprintf("lookup%d,%d", t.low, t.count) }

// lowerQMul lowers larder.QMul of values of one shape, and of pictures with a
// number for each channel.
func lowerQMul(b *builder, n *graph.Node) bool {
	x, y, out := n.Inputs[0], n.Inputs[1], n.Outputs[0]
	low, high := clamp(n)
	if !b.isShort(x) || !b.isShort(y) || !leavesZero(low, high, 1) {
		return false
	}
	shape, other := b.facts[x].Shape, b.facts[y].Shape
	l, repeat := b.layoutOf(x, shape), 1
	if !shape.Equal(other) {
		if len(shape) < 3 || len(other) != len(shape) || other[0] != shape[0] || other[1] != shape[1] || pixelsOf(other) != 1 {
			return false
		}
		l, repeat = Picture, pixelsOf(shape)
	}
	p, q := b.shorts(x, l), b.shorts(y, l)
	dst := b.out(out, l)
	scale, _ := n.Attrs.Float("a", 1)
	g := gridOf(l, shape)
	b.over(dst, p)
	b.kernel(elems(shape), func() call {
		return call{kernel.QMul, kernel.QMulArgs{A: p.at(), B: q.at(), Output: dst.at(), Rows: uint32(g.count), Fours: uint32(g.stride() / Lanes),
			Repeat: uint32(repeat), Scale: scale, Low: low, High: high}}
	}, p, q, dst)
	return true
}

// lowerShortConcat lowers Concat of integers whose rows are whole vectors: two of
// them are moved as one float.
func lowerShortConcat(b *builder, n *graph.Node) bool {
	y := n.Outputs[0]
	out := b.facts[y].Shape
	axis, ok := axisOf(n, len(out))
	l := Rows
	if len(out) > 2 {
		l = Picture
	}
	for _, v := range n.Inputs {
		ok = ok && b.isShort(v) && gridOf(l, b.facts[v].Shape).length%(2*Lanes) == 0
	}
	if !ok {
		return lowerAsFloats(b, n)
	}
	halves := func(v *graph.Value) []int {
		dims := l.dims(b.facts[v].Shape)
		dims[len(dims)-1] /= 2
		return dims
	}
	k, to := l.axis(axis, len(out)), strides(halves(y))
	var from []*buffer
	for _, v := range n.Inputs {
		from = append(from, b.shorts(v, l))
	}
	dst := b.out(y, l)
	at := 0
	for i, v := range n.Inputs {
		dims := halves(v)
		b.copyTo(from[i], 0, strides(dims), dst, at*to[k], to, dims)
		at += dims[k]
	}
	return true
}
