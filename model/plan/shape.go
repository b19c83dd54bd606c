package plan

import (
	"larder/model/graph"
	"larder/model/tensor"
)

// lowerReshape lowers operators that keep the elements in their order. Nothing
// moves where the rows stay the same.
func lowerReshape(b *builder, n *graph.Node) bool {
	for _, v := range n.Outputs[1:] {
		if v != nil {
			return false
		}
	}
	x, y := n.Inputs[0], n.Outputs[0]
	in, ok := b.shape(x)
	if !ok || b.constant(x) != nil {
		return false
	}
	out := b.facts[y].Shape
	for _, from := range []Layout{b.layout(x, Picture), b.layout(x, Rows)} {
		for _, to := range []Layout{Picture, Rows} {
			if have := b.of(x).places[from]; have != nil && sameRows(in, out, from, to) {
				b.alias(y, to, have)
				return true
			}
		}
	}
	return false
}

// sameRows reports whether a value has the same bytes in one layout and shape
// as in another.
func sameRows(in, out tensor.Shape, from, to Layout) bool {
	if from == to && in.Equal(out) {
		return true
	}
	if to == Picture && len(out) < 3 || from == Picture && len(in) < 3 {
		return false
	}
	// The elements are in the same order if both are row-major, which a picture
	// of one pixel or one channel is.
	plain := func(l Layout, s tensor.Shape) bool { return l == Rows || pixelsOf(s) == 1 || s[1] == 1 }
	if !plain(from, in) || !plain(to, out) {
		return false
	}
	g, h := gridOf(from, in), gridOf(to, out)
	return g == h || g.length%Lanes == 0 && h.length%Lanes == 0
}
