package plan

import (
	"fmt"
	"math"
	"slices"

	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/tensor"
)

// qProduct is a product of integers on its way to a kernel, with what all of
// them have: the scales, the bias and the bounds.
type qProduct struct {
	n            *graph.Node
	rows, k, out int // of the result, of the sums, columns of the result
	low, high    float32
	float        bool
	lines        *buffer // for the range of floats; nil: not wanted
	scale, bias  *buffer
	dynamic      *buffer
}

// qMaxSum bounds the products of a sum: of two numbers up to 255 that many fit
// 32 bits.
const qMaxSum = math.MaxInt32 / (255 * 255)

// newQProduct reads what is common; false where the kernels cannot do it.
func (b *builder) newQProduct(n *graph.Node, rows, k, out int) (*qProduct, bool) {
	w, scale, bias, dynamic := n.Inputs[1], n.Inputs[2], input(n, 3), input(n, 4)
	p := &qProduct{n: n, rows: rows, k: k, out: out}
	p.low, p.high = clamp(n)
	if b.facts[n.Outputs[0]].DType == tensor.Float32 {
		p.float = true
	}
	if !b.isShort(n.Inputs[0]) || b.constant(w) == nil || b.constant(scale) == nil || !b.constantOrNil(bias) || k > qMaxSum || !leavesZero(p.low, p.high, out) {
		return nil, false
	}
	if dynamic != nil {
		if _, ok := b.shape(dynamic); !ok {
			return nil, false
		}
		p.dynamic = b.in(dynamic, Rows)
	}
	p.scale, p.bias = b.bias(scale, out), b.bias(bias, out)
	return p, true
}

// gemm returns the arguments that all products have.
func (p *qProduct) gemm(w, out *buffer, first, count, rowBlock int) kernel.QGEMMArgs {
	width := shortBytes
	if p.float {
		width = floatBytes
	}
	g := kernel.QGEMMArgs{W: w.at(), C: out.at() + uint32(first*width), LDC: uint32(lanesUp(p.out) * width), Rows: uint32(p.rows), K: uint32(p.k),
		Vecs: uint32(lanesUp(count) / Lanes), Bias: p.bias.at() + uint32(first*floatBytes), Scale: p.scale.at() + uint32(first*floatBytes),
		Low: p.low, High: p.high, RowBlock: uint32(rowBlock), Float: p.floatWord()}
	if p.dynamic != nil {
		g.Dynamic = p.dynamic.at()
	}
	return g
}

// floatWord is what the kernels call Float.
func (p *qProduct) floatWord() uint32 {
	switch {
	case p.lines != nil:
		return p.lines.at()
	case p.float:
		return 1
	}
	return 0
}

// noteRange has the kernels note the range of the result if that will be asked
// for.
func (p *qProduct) noteRange(b *builder) {
	y := p.n.Outputs[0]
	if p.float && slices.ContainsFunc(b.readers[y], func(n *graph.Node) bool { return n != nil && operator(n) == "larder.DynamicQuantize" }) {
		p.lines = b.rangeLines()
		b.of(y).lines = p.lines
	}
}

// product adds the step of a product without gathering.
func (p *qProduct) product(b *builder, a, w, out *buffer, flops int) {
	b.kernel(flops, func() call {
		g := p.gemm(w, out, 0, p.out, qBlock(p.rows, p.k, b.threads))
		g.A, g.LDA = a.at(), uint32(p.k*shortBytes)
		return call{kernel.QGEMM, g}
	}, a, out, p.dynamic, p.lines)
}

// qBlock returns the rows of a block, a multiple of the rows of a tile.
func qBlock(rows, k, threads int) int {
	const tile = 5
	most := max(tile, blockBytes/(k*shortBytes+resultBytes))
	rows = (rows + threads - 1) / threads
	parts := (rows + most - 1) / most
	return ((rows+parts-1)/parts + tile - 1) / tile * tile
}

// lowerQMatMul lowers larder.QMatMul with a constant matrix.
func lowerQMatMul(b *builder, n *graph.Node) bool {
	w := b.facts.Of(n.Inputs[1]).Shape
	out := b.facts[n.Outputs[0]].Shape
	if len(w) != 2 || len(out) < 2 || len(b.facts.Of(n.Inputs[0]).Shape) < 2 {
		return false
	}
	rows := gridOf(Rows, out).count
	p, ok := b.newQProduct(n, rows, lanesUp(w[0]), w[1])
	if !ok {
		return false
	}
	x := b.shorts(n.Inputs[0], Rows)
	packed := b.weight(n.Inputs[1], shortPanels{windows{0, w[1], w[0], 1, 1}, false})
	p.noteRange(b)
	p.product(b, x, packed, b.out(n.Outputs[0], Rows), 2*rows*w[0]*w[1])
	return true
}

// lowerQConv lowers larder.QConv as lowerConv does Conv.
func lowerQConv(b *builder, n *graph.Node) bool {
	in, ok := b.facts.Of(n.Inputs[0]).Shape, b.isShort(n.Inputs[0])
	weights := b.facts.Of(n.Inputs[1]).Shape
	out := b.facts[n.Outputs[0]].Shape
	if !ok || len(weights) < 3 {
		return false
	}
	w, ok := windowOf(n, in, out, weights[2:])
	if !ok {
		return false
	}
	group, _ := n.Attrs.Int("group", 1)
	c := conv{n: n, window: w, out: out[1], group: int(group)}
	depthwise := c.group > 1 && c.group == w.channels && c.out == w.channels
	packed := windows{0, c.out / (c.group / c.merged()), c.channels / c.group, c.taps(), c.merged()}
	p, ok := b.newQProduct(n, c.outputs(), packed.rows(), c.out)
	if !ok {
		return false
	}
	x := b.shorts(n.Inputs[0], Picture)
	y := b.out(n.Outputs[0], Picture)
	p.noteRange(b)
	switch {
	case depthwise:
		c.qDepthwise(b, p, x, y)
	case c.group == 1 && w.pointwise():
		p.product(b, x, b.weight(n.Inputs[1], shortPanels{packed, true}), y, c.flops())
	default:
		groups := c.group / c.merged()
		for i := range groups {
			packed.first = i * packed.count
			c.qGather(b, p, packed, i, groups, x, b.weight(n.Inputs[1], shortPanels{packed, true}), y)
		}
	}
	return true
}

// qGather adds the step of one group.
func (c *conv) qGather(b *builder, p *qProduct, packed windows, i, groups int, x, w, y *buffer) {
	rowBlock := qBlock(p.rows, p.k, b.threads)
	scratchBytes := kernel.QConvScratch(rowBlock, p.k)
	scratch := b.needScratch(scratchBytes)
	b.kernel(c.flops()/groups, func() call {
		a := kernel.QConvArgs{QGEMMArgs: p.gemm(w, y, packed.first, packed.count, rowBlock), Input: x.at() + uint32(i*c.channels/groups*shortBytes),
			Scratch: scratch(), ScratchBytes: uint32(scratchBytes), Pixel: uint32(lanesUp(c.channels/groups) * shortBytes),
			PixelStride: uint32(lanesUp(c.channels) * shortBytes), InH: uint32(c.h.in), InW: uint32(c.w.in), OutH: uint32(c.h.out), OutW: uint32(c.w.out),
			KernelH: uint32(c.h.kernel), Runs: 1, RunPixels: uint32(c.w.kernel), StrideH: uint32(c.h.stride), StrideW: uint32(c.w.stride),
			DilationH: uint32(c.h.dilation), DilationW: uint32(c.w.dilation), PadTop: uint32(c.h.pad), PadLeft: uint32(c.w.pad)}
		if c.w.dilation > 1 || groups > 1 {
			a.Runs, a.RunPixels = uint32(c.w.kernel), 1
		}
		return call{kernel.QConv, a}
	}, x, y, p.dynamic, p.lines)
}

// qWindow returns the arguments of a sliding window of single channels.
func (w window) qWindow() kernel.QWindowArgs {
	return kernel.QWindowArgs{Images: uint32(w.images), InH: uint32(w.h.in), InW: uint32(w.w.in), OutH: uint32(w.h.out), OutW: uint32(w.w.out),
		Pixel: uint32(lanesUp(w.channels) * shortBytes), KernelH: uint32(w.h.kernel), KernelW: uint32(w.w.kernel), StrideH: uint32(w.h.stride),
		StrideW: uint32(w.w.stride), DilationH: uint32(w.h.dilation), DilationW: uint32(w.w.dilation), PadTop: uint32(w.h.pad), PadLeft: uint32(w.w.pad)}
}

// qDepthwise adds the step of a convolution of every channel by itself.
func (c *conv) qDepthwise(b *builder, p *qProduct, x, y *buffer) {
	a := c.window.qWindow()
	number := kernel.QDepthwiseFor(&a)
	packing := shortTaps{c.channels, c.h.kernel, c.w.kernel, number != kernel.QDepthwise}
	w := b.weight(c.n.Inputs[1], packing)
	outside := b.weight(nil, zeros(lanesUp(c.channels)/2+2*panelCols))
	bytes := kernel.QWindowScratch(c.taps())
	if packing.rows {
		bytes = kernel.QDepthwiseScratch(&a)
	}
	scratch := b.needScratch(bytes)
	b.kernel(c.flops(), func() call {
		a.Input, a.Output, a.Outside, a.Weights, a.Scale, a.Bias = x.at(), y.at(), outside.at(), w.at(), p.scale.at(), p.bias.at()
		a.Low, a.High, a.Float, a.Scratch, a.ScratchBytes = p.low, p.high, p.floatWord(), scratch(), uint32(bytes)
		if p.dynamic != nil {
			a.Dynamic = p.dynamic.at()
		}
		return call{number, a}
	}, x, y, p.dynamic, p.lines)
}

// lowerQMaxPool lowers larder.MaxPool.
func lowerQMaxPool(b *builder, n *graph.Node) bool {
	kernelShape, err := n.Attrs.Ints("kernel_shape")
	if err != nil || !b.isShort(n.Inputs[0]) || more(n) {
		return false
	}
	size := make([]int, len(kernelShape))
	for i, k := range kernelShape {
		size[i] = int(k)
	}
	w, ok := windowOf(n, b.facts[n.Inputs[0]].Shape, b.facts[n.Outputs[0]].Shape, size)
	if !ok || !w.h.covers() || !w.w.covers() {
		return false
	}
	x := b.shorts(n.Inputs[0], Picture)
	out := b.out(n.Outputs[0], Picture)
	outside := b.weight(nil, least(lanesUp(w.channels)/2+2*panelCols))
	bytes := kernel.QWindowScratch(w.taps())
	scratch := b.needScratch(bytes)
	b.kernel(w.outputs()*w.channels*w.taps(), func() call {
		a := w.qWindow()
		a.Input, a.Output, a.Outside, a.Scratch, a.ScratchBytes = x.at(), out.at(), outside.at(), scratch(), uint32(bytes)
		return call{kernel.QMaxPool, a}
	}, x, out)
	return true
}

// A recipe for 16-bit integers is a recipe whose floats are pairs of them.

// shortPanels is windows for integers, the rows in pairs: [panel][row/2][8][2].
// Without conv the constant is a matrix [in][count].
type shortPanels struct {
	windows
	conv bool
}

func (s shortPanels) floats() int { return s.windows.floats() / 2 }

func (s shortPanels) pack(m *packer) error { return m.wholeShorts(s, s.fill) }

func (s shortPanels) fill(out, in []int16) {
	stride := lanesUp(s.in * s.merged)
	for j := range s.count {
		seen := j / (s.count / s.merged) * s.in
		dst := out[j/panelCols*s.rows()*panelCols+j%panelCols*2:]
		for t := range s.taps {
			for i := range s.in {
				row, at := t*stride+seen+i, ((s.first+j)*s.in+i)*s.taps+t
				if !s.conv {
					at = i*s.count + j
				}
				dst[row/2*panelCols*2+row%2] = in[at]
			}
		}
	}
}

func (s shortPanels) String() string { return fmt.Sprint("short-", s.windows, s.conv) }

// shortTaps is the weights of a depthwise convolution of integers: in pairs of
// taps for 16 channels, or of rows for 4.
type shortTaps struct {
	channels, kernelH, kernelW int
	rows                       bool
}

func (s shortTaps) floats() int {
	if s.rows {
		return lanesUp(s.channels) * (s.kernelH + 1) / 2 * s.kernelW
	}
	return (s.channels + 15) / 16 * 16 * ((s.kernelH*s.kernelW + 1) / 2)
}

func (s shortTaps) pack(m *packer) error { return m.wholeShorts(s, s.fill) }

func (s shortTaps) fill(out, in []int16) {
	taps := s.kernelH * s.kernelW
	for c := range s.channels {
		for t := range taps {
			at := (c/16*((taps+1)/2)+t/2)*32 + c%16*2 + t%2
			if s.rows {
				y, x := t/s.kernelW, t%s.kernelW
				at = ((c/4*((s.kernelH+1)/2)+y/2)*s.kernelW+x)*8 + c%4*2 + y%2
			}
			out[at] = in[c*taps+t]
		}
	}
}

func (s shortTaps) String() string {
	return fmt.Sprint("short-taps", s.channels, " ", s.kernelH, s.kernelW, s.rows)
}

// least is twice as many of the least 16-bit integers.
type least int

func (l least) floats() int { return int(l) }

func (l least) pack(m *packer) error {
	to := m.blank(l.floats())
	for i := range shortsOf(to) {
		shortsOf(to)[i] = math.MinInt16
	}
	return m.to(0, to)
}

func (l least) String() string { return fmt.Sprintf("least%d", int(l)) }
