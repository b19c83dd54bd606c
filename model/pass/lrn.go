package pass

import (
	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// maxLRNChannels bounds the matrix that LRN makes, and the work: networks with
// this operator have at most 256 channels there.
const maxLRNChannels = 512

// LRN writes local response normalisation with operators that have kernels. The
// sum of squares over neighbouring channels is a convolution of 1x1 whose matrix
// is a band, as wide as the window.
//
//	x ── LRN ── y    ⇒    x ─┬─ Mul ── Conv(band, bias) ── Pow(-beta) ── Mul ── y
//	                         └─────────────────────────────────────────────┘
//
// An infinite element makes all channels of its pixel NaN, not those in reach of
// the window only: zero times infinity is none.
func LRN(g *graph.Graph) error {
	if !has(g, "LRN") {
		return nil
	}
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		if isType(n, "LRN") && e.is32(n.Inputs[0]) {
			e.writeLRN(n)
		}
	})
	return e.done()
}

func (e *edit) writeLRN(n *graph.Node) {
	x := n.Inputs[0]
	in := e.of(x)
	alpha, err := n.Attrs.Float("alpha", 1e-4)
	beta, err2 := n.Attrs.Float("beta", 0.75)
	bias, err3 := n.Attrs.Float("bias", 1)
	size, err4 := n.Attrs.Int("size", 0)
	if err != nil || err2 != nil || err3 != nil || err4 != nil || size < 1 || !in.Ranked || len(in.Shape) != 4 {
		return
	}
	c := in.Shape[1]
	if c < 1 || c > maxLRNChannels {
		return
	}
	// The greater half of an even window lies behind the channel.
	before, after := int(min(size-1, int64(2*c)))/2, int(min(size, int64(2*c)))/2
	band, shift := make([]float32, c*c), make([]float32, c)
	for i := range c {
		for k := max(0, i-before); k <= min(c-1, i+after); k++ {
			band[i*c+k] = float32(float64(alpha) / float64(size))
		}
		shift[i] = bias
	}
	name := n.Outputs[0].Name
	square := e.insert(n, "Mul", nil, []*graph.Value{x, x}, name+"/square")
	if square == nil {
		return
	}
	matrix := e.constant(name+"/band", tensor.Must(tensor.Of(band, c, c, 1, 1)))
	sum := e.insert(n, "Conv", op.Attrs{}, []*graph.Value{square, matrix, e.constant(name+"/bias", tensor.Vector(shift...))}, name+"/sum")
	if sum == nil {
		return
	}
	power := e.insert(n, "Pow", nil, []*graph.Value{sum, e.constant(name+"/power", tensor.Scalar(-beta))}, name+"/factor")
	if power != nil {
		e.replace(n, "", "Mul", nil, []*graph.Value{x, power})
	}
}
