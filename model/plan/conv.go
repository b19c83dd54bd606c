package plan

import (
	"larder/model/graph"
	"larder/model/kernel"
)

// lowerConv lowers Conv and larder.Conv: a product for 1x1 windows, the depthwise
// kernels where every channel is a group, Winograd's filtering where it pays, and
// a gathered product for the rest.
func lowerConv(b *builder, n *graph.Node) bool {
	x, wv := n.Inputs[0], n.Inputs[1]
	in, ok := b.shape(x)
	weights, ok2 := b.shape(wv)
	out := b.facts[n.Outputs[0]].Shape
	if !ok || !ok2 || b.constant(wv) == nil || !b.constantOrNil(input(n, 2)) {
		return false
	}
	w, ok := windowOf(n, in, out, weights[2:])
	if !ok {
		return false
	}
	group, _ := n.Attrs.Int("group", 1)
	c := conv{n: n, window: w, out: out[1], group: int(group)}
	low, high := clamp(n)
	if r := input(n, 3); !leavesZero(low, high, c.out) || r != nil && !b.sameShape(r, n.Outputs[0]) {
		return false
	}
	switch {
	case c.group == 1 && w.pointwise():
		c.product(b)
	case c.group > 1 && c.group == w.channels && c.out == w.channels && input(n, 3) == nil:
		c.depthwise(b)
	case c.minimal():
		c.winograd(b)
	default:
		c.gathered(b)
	}
	return true
}

// constantOrNil reports whether v is absent or a constant for the arena.
func (b *builder) constantOrNil(v *graph.Value) bool {
	if v == nil {
		return true
	}
	_, ok := b.shape(v)
	return ok && b.constant(v) != nil
}

// sameShape reports whether two values have the same shape and can both be in
// the arena.
func (b *builder) sameShape(x, y *graph.Value) bool {
	p, ok := b.shape(x)
	q, ok2 := b.shape(y)
	return ok && ok2 && p.Equal(q)
}

// conv is a convolution on its way to a kernel.
type conv struct {
	n *graph.Node
	window
	out, group int
}

// flops counts both operations of each product of the direct algorithm.
func (c *conv) flops() int { return 2 * c.outputs() * c.out * (c.channels / c.group) * c.taps() }

// residual returns the buffer of what is added to the result.
func (c *conv) residual(b *builder) *buffer {
	if r := input(c.n, 3); r != nil {
		return b.in(r, Picture)
	}
	return nil
}

// product lowers a 1x1 convolution: pixels are rows of a matrix.
func (c *conv) product(b *builder) {
	x := b.in(c.n.Inputs[0], Picture)
	residual := c.residual(b)
	p := product{rows: c.outputs(), k: c.channels, n: c.out, a: x, residual: residual, flops: c.flops(),
		w:    b.weight(c.n.Inputs[1], panels{c.channels, lanesUp(c.channels), c.out, true, 1}),
		bias: b.bias(input(c.n, 2), c.out)}
	p.low, p.high = clamp(c.n)
	p.c = b.out(c.n.Outputs[0], Picture)
	p.add(b)
}

// merged returns how many groups of channels are taken together, so that those
// of the input and of the output are whole vectors. Between channels of
// different groups the weights are 0 then.
func (c *conv) merged() int {
	for m := 1; m < c.group; m++ {
		if c.group%m == 0 && m*c.channels/c.group%Lanes == 0 && m*c.out/c.group%Lanes == 0 {
			return m
		}
	}
	return c.group
}

// gathered lowers any convolution: for each group of channels a product of
// gathered patches.
func (c *conv) gathered(b *builder) {
	x := b.in(c.n.Inputs[0], Picture)
	residual := c.residual(b)
	bias := b.bias(input(c.n, 2), c.out)
	out := b.out(c.n.Outputs[0], Picture)
	groups := c.group / c.merged()
	for i := range groups {
		packed := windows{i * c.out / groups, c.out / groups, c.channels / c.group, c.taps(), c.merged()}
		c.gather(b, packed, i, groups, x, residual, bias, b.weight(c.n.Inputs[1], packed), out)
	}
}

// gather adds the step of one group.
func (c *conv) gather(b *builder, packed windows, i, groups int, x, residual, bias, w, out *buffer) {
	low, high := clamp(c.n)
	k := packed.rows()
	rowBlock, kBlock := blocks(c.outputs(), k, b.threads)
	scratchBytes := kernel.ConvScratch(rowBlock, k)
	scratch := b.needScratch(scratchBytes)
	b.kernel(c.flops()/groups, func() call {
		first := uint32(packed.first * floatBytes)
		a := kernel.ConvArgs{Input: x.at() + uint32(i*c.channels/groups*floatBytes), Scratch: scratch(), ScratchBytes: uint32(scratchBytes),
			Pixel: uint32(lanesUp(c.channels/groups) * floatBytes), PixelStride: uint32(lanesUp(c.channels) * floatBytes),
			InH: uint32(c.h.in), InW: uint32(c.w.in), OutH: uint32(c.h.out), OutW: uint32(c.w.out),
			KernelH: uint32(c.h.kernel), Runs: 1, RunPixels: uint32(c.w.kernel), StrideH: uint32(c.h.stride), StrideW: uint32(c.w.stride),
			DilationH: uint32(c.h.dilation), DilationW: uint32(c.w.dilation), PadTop: uint32(c.h.pad), PadLeft: uint32(c.w.pad)}
		a.GEMMArgs = kernel.GEMMArgs{W: w.at(), C: out.at() + first, LDC: uint32(lanesUp(c.out) * floatBytes), Rows: uint32(c.outputs()), K: uint32(k),
			Vecs: uint32(lanesUp(packed.count) / Lanes), Bias: bias.at() + first, Low: low, High: high, RowBlock: uint32(rowBlock), KBlock: uint32(kBlock)}
		if c.w.dilation > 1 || groups > 1 {
			a.Runs, a.RunPixels = uint32(c.w.kernel), 1
		}
		if residual != nil {
			a.Residual, a.LDR = residual.at()+first, a.LDC
		}
		return call{kernel.Conv, a}
	}, x, residual, out)
}

// depthwise lowers a convolution of every channel by itself.
func (c *conv) depthwise(b *builder) {
	x := b.in(c.n.Inputs[0], Picture)
	w := b.weight(c.n.Inputs[1], taps{c.channels, c.taps()})
	bias := b.bias(input(c.n, 2), c.channels)
	out := b.out(c.n.Outputs[0], Picture)
	low, high := clamp(c.n)
	b.depthwise(c.window, c.flops(), x, w, bias, out, low, high)
}

// depthwise adds a step of one of the depthwise kernels.
func (b *builder) depthwise(w window, flops int, x, weights, bias, out *buffer, low, high float32) {
	b.kernel(flops, func() call {
		d := kernel.DepthwiseArgs{Input: x.at(), Weights: weights.at(), Bias: bias.at(), Output: out.at(),
			Images: uint32(w.images), InH: uint32(w.h.in), InW: uint32(w.w.in), OutH: uint32(w.h.out), OutW: uint32(w.w.out),
			Pixel: uint32(lanesUp(w.channels) * floatBytes), KernelH: uint32(w.h.kernel), KernelW: uint32(w.w.kernel),
			StrideH: uint32(w.h.stride), StrideW: uint32(w.w.stride), DilationH: uint32(w.h.dilation), DilationW: uint32(w.w.dilation),
			PadTop: uint32(w.h.pad), PadLeft: uint32(w.w.pad), Low: low, High: high}
		number := kernel.DepthwiseFor(d.KernelW, d.StrideW, d.DilationW)
		if number != kernel.Depthwise {
			d.TileFrom, d.TileTo = kernel.DepthwiseTiles(d.InW, d.OutW, d.KernelW, d.StrideW, d.PadLeft)
		}
		return call{number, d}
	}, x, out)
}
