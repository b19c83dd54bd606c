package plan

import (
	"larder/model/graph"
)

// lowerConv lowers Conv and larder.Conv: a product for 1x1 windows, a gathered
// product for others, and the depthwise kernels where every channel is a group.
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
	case c.group == 1:
		c.gathered(b)
	case c.group == w.channels && c.out == w.channels && input(n, 3) == nil:
		c.depthwise(b)
	default:
		return false
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

// epilogue returns the buffers of what is added to the result.
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

// gathered lowers any convolution of one group.
func (c *conv) gathered(b *builder) {
	x := b.in(c.n.Inputs[0], Picture)
	residual := c.residual(b)
	packed := windows{c.out, 0, c.out, c.channels, c.taps()}
	w := b.weight(c.n.Inputs[1], packed)
	bias := b.bias(input(c.n, 2), c.out)
	out := b.out(c.n.Outputs[0], Picture)
	low, high := clamp(c.n)
	k := packed.rows()
	rowBlock, kBlock := blocks(c.outputs(), k, b.threads)
	scratchBytes := scratchHead + rowBlock*k*floatBytes
	scratch := b.needScratch(scratchBytes)
	scratchBytes = alignUp(scratchBytes)
	b.kernel(c.flops(), func() args {
		pixel := lanesUp(c.channels) * floatBytes
		a := &convArgs{gemmArgs: gemmArgs{w: w.at(), c: out.at(), ldc: uint32(lanesUp(c.out) * floatBytes), rows: uint32(c.outputs()), k: uint32(k),
			vecs: uint32(lanesUp(c.out) / Lanes), bias: bias.at(), low: low, high: high, rowBlock: uint32(rowBlock), kBlock: uint32(kBlock)},
			input: x.at(), scratch: scratch(), scratchBytes: uint32(scratchBytes), pixel: uint32(pixel),
			inH: uint32(c.h.in), inW: uint32(c.w.in), outH: uint32(c.h.out), outW: uint32(c.w.out),
			kernelH: uint32(c.h.kernel), runs: 1, runPixels: uint32(c.w.kernel), strideH: uint32(c.h.stride), strideW: uint32(c.w.stride),
			dilationH: uint32(c.h.dilation), dilationW: uint32(c.w.dilation), padTop: uint32(c.h.pad), padLeft: uint32(c.w.pad)}
		if c.w.dilation > 1 {
			a.runs, a.runPixels = uint32(c.w.kernel), 1
		}
		if residual != nil {
			a.residual, a.ldr = residual.at(), a.ldc
		}
		return a
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
	b.kernel(flops, func() args {
		d := &depthwiseArgs{number: depthwiseKernel(w), input: x.at(), weights: weights.at(), bias: bias.at(), output: out.at(),
			images: uint32(w.images), inH: uint32(w.h.in), inW: uint32(w.w.in), outH: uint32(w.h.out), outW: uint32(w.w.out),
			pixel: uint32(lanesUp(w.channels) * floatBytes), kernelH: uint32(w.h.kernel), kernelW: uint32(w.w.kernel),
			strideH: uint32(w.h.stride), strideW: uint32(w.w.stride), dilationH: uint32(w.h.dilation), dilationW: uint32(w.w.dilation),
			padTop: uint32(w.h.pad), padLeft: uint32(w.w.pad), low: low, high: high}
		from, to := w.w.inside()
		d.tileFrom, d.tileTo = uint32(from), uint32(to)
		return d
	}, x, out)
}

// inside returns the outputs from .. to-1 whose window lies inside the input.
func (a axis) inside() (from, to int) {
	from = min((a.pad+a.stride-1)/a.stride, a.out)
	last := a.in + a.pad - (a.kernel-1)*a.dilation - 1
	if last >= 0 {
		to = min(last/a.stride+1, a.out)
	}
	return from, max(from, to)
}

// depthwiseKernel chooses the kernel for a window.
func depthwiseKernel(w window) int {
	if w.w.dilation == 1 {
		switch [2]int{w.w.kernel, w.w.stride} {
		case [2]int{3, 1}:
			return 3
		case [2]int{3, 2}:
			return 4
		case [2]int{5, 1}:
			return 5
		case [2]int{5, 2}:
			return 6
		}
	}
	return 2
}
