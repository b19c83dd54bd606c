package plan

import "math"

// args is the arguments of a kernel.
type args interface {
	name() string
	words() []uint32
	bytes() int
}

// step encodes a kernel's number and arguments.
func step(kernel int, words ...uint32) []uint32 {
	return append([]uint32{uint32(kernel), uint32(8 + 4*len(words))}, words...)
}

func bits(f float32) uint32 { return math.Float32bits(f) }

// gemmArgs is the arguments of the matrix product.
type gemmArgs struct {
	a, lda, w, c, ldc, rows, k, vecs, bias, residual, ldr uint32
	low, high                                             float32
	rowBlock, kBlock                                      uint32
}

func (g *gemmArgs) list() []uint32 {
	return []uint32{g.a, g.lda, g.w, g.c, g.ldc, g.rows, g.k, g.vecs, g.bias, g.residual, g.ldr, bits(g.low), bits(g.high), g.rowBlock, g.kBlock}
}
func (g *gemmArgs) name() string    { return "gemm" }
func (g *gemmArgs) words() []uint32 { return step(0, g.list()...) }
func (g *gemmArgs) bytes() int      { return 4 * len(g.words()) }

// convArgs is the arguments of the convolution.
type convArgs struct {
	gemmArgs
	input, scratch, scratchBytes, inH, inW, outH, outW, pixel, kernelH, runs, runPixels, strideH, strideW, dilationH, dilationW, padTop, padLeft uint32
}

func (c *convArgs) name() string { return "conv" }
func (c *convArgs) words() []uint32 {
	return step(1, append(c.list(), c.input, c.scratch, c.scratchBytes, c.inH, c.inW, c.outH, c.outW, c.pixel, c.kernelH, c.runs, c.runPixels,
		c.strideH, c.strideW, c.dilationH, c.dilationW, c.padTop, c.padLeft)...)
}
func (c *convArgs) bytes() int { return 4 * len(c.words()) }

// depthwiseArgs is the arguments of the depthwise convolution.
type depthwiseArgs struct {
	number                                                                    int
	input, weights, bias, output, images, inH, inW, outH, outW, pixel         uint32
	kernelH, kernelW, strideH, strideW, dilationH, dilationW, padTop, padLeft uint32
	low, high                                                                 float32
	tileFrom, tileTo                                                          uint32
}

func (d *depthwiseArgs) name() string { return "depthwise" }
func (d *depthwiseArgs) words() []uint32 {
	return step(d.number, d.input, d.weights, d.bias, d.output, d.images, d.inH, d.inW, d.outH, d.outW, d.pixel,
		d.kernelH, d.kernelW, d.strideH, d.strideW, d.dilationH, d.dilationW, d.padTop, d.padLeft, bits(d.low), bits(d.high), d.tileFrom, d.tileTo)
}
func (d *depthwiseArgs) bytes() int { return 4 * len(d.words()) }
