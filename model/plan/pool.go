package plan

import (
	"larder/model/graph"
)

// lowerGlobalAveragePool lowers GlobalAveragePool to a depthwise convolution
// with one window over the whole picture, every weight the same.
func lowerGlobalAveragePool(b *builder, n *graph.Node) bool {
	in, ok := b.shape(n.Inputs[0])
	if !ok || len(in) != 4 {
		return false
	}
	w := window{in[0], in[1], axis{in[2], 1, in[2], 1, 1, 0}, axis{in[3], 1, in[3], 1, 1, 0}}
	if !w.small() {
		return false
	}
	x := b.in(n.Inputs[0], Picture)
	weights := b.weight(nil, even{in[1], w.taps()})
	bias := b.bias(nil, in[1])
	out := b.out(n.Outputs[0], Picture)
	b.depthwise(w, in[0]*in[1]*w.taps(), x, weights, bias, out, -infinity, infinity)
	return true
}
