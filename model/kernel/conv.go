package kernel

import "larder/model/kernel/wasm"

// ConvArgs are the arguments of conv, a convolution as a matrix product: the patches of a block of output
// pixels are gathered as rows, zeros where they reach over the edge, and
// multiplied with the packed weights by the GEMM's loops.
//
//	for each block of output pixels that fits the cache
//	  for each pixel, for each row of the window: copy or clear its pixels
//	  product of the block with all panels
//
// Copying a float costs a fraction of a cycle and is used for every output
// channel, so for 16 channels and more it is lost in the noise.
//
// A group of channels is a convolution of its own: Input, C, Bias and Residual
// are those of its first channel.
type ConvArgs struct {
	GEMMArgs                     // A and LDA are not used; Rows is the number of output pixels of all images
	Input                 uint32 // address, NHWC
	Scratch, ScratchBytes uint32 // address of the scratch of thread 0, bytes of each thread's: see ConvScratch
	InH, InW              uint32 // height and width of the input
	OutH, OutW            uint32 // and of the output
	Pixel                 uint32 // bytes that a pixel of the input gives: those of a group
	KernelH               uint32 // rows of the window
	Runs                  uint32 // stretches of a row of the window that are copied: 1, or its width if dilated or grouped
	RunPixels             uint32 // neighbouring pixels in each of them; with more than 1 PixelStride must be Pixel
	StrideH, StrideW      uint32
	DilationH, DilationW  uint32 // DilationW is the pixels from run to run
	PadTop, PadLeft       uint32
	PixelStride           uint32 // bytes from pixel to pixel of the input
}

// Words implements [Arguments].
func (a ConvArgs) Words() []uint32 { return words(a) }

// ConvScratch returns the bytes of scratch that each thread needs for blocks of
// rows with k weights each.
func ConvScratch(rowBlock, k int) int { return (scratchHead + rowBlock*k*4 + 63) &^ 63 }

// The places of ConvArgs' fields behind those of GEMMArgs.
const (
	convInput        = 4 * (gemmArgs + iota) // address of the input, NHWC
	convScratch                              // address of the scratch of thread 0
	convScratchBytes                         // bytes of scratch of each thread: gemm's arguments, then a block of rows
	convInH                                  // height of the input
	convInW                                  // width of the input
	convOutH                                 // height of the output
	convOutW                                 // width of the output
	convPixel                                // bytes of a pixel of the input
	convKernelH                              // rows of the window
	convRuns                                 // runs of neighbouring pixels in a row of the window: 1, or its width if dilated
	convRunPixels                            // pixels in a run
	convStrideH
	convStrideW
	convDilationH
	convDilationW
	convPadTop
	convPadLeft
	convPixelStride // bytes from pixel to pixel of the input
	convArgs        = gemmArgs + iota
)

// emitConv adds the kernel, which uses the GEMM's block function.
func emitConv(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	args, thread, threads := f.Param(0), f.Param(1), f.Param(2)
	row, rowEnd, next, local, kMax := f.Int(), f.Int(), f.Int(), f.Int(), f.Int()

	// The block function reads gemm's arguments; a copy of this thread's own
	// says where its rows are.
	local.Set(args.Load(convScratch).Add(b.worker.Value().Mul(args.Load(convScratchBytes))))
	copyGEMMArgs(f, args, local)
	kMax.Set(args.Load(gemmK))
	f.Store(local.Value(), gemmLDA, kMax.Shl(2))
	// Shares are whole tiles.
	tile := tileRows(b.m.Relaxed)
	rowEnd.Set(args.Load(gemmRows))
	next.Set(rowEnd.Add(wasm.Const(tile - 1)).Div(wasm.Const(tile)))
	row.Set(share(next, thread.Value(), threads).Mul(wasm.Const(tile)))
	rowEnd.Set(share(next, thread.Add(wasm.Const(1)), threads).Mul(wasm.Const(tile)).Min(rowEnd.Value()))
	f.While(row.Lt(rowEnd.Value()), func() {
		next.Set(row.Add(args.Load(gemmRowBlock)).Min(rowEnd.Value()))
		f.Call(b.gather, args.Value(), row.Value(), next.Value(), local.Add(wasm.Const(scratchHead)))
		// A row's address is A + row*LDA; A is chosen so that this block begins
		// behind the head.
		f.Store(local.Value(), gemmA, local.Add(wasm.Const(scratchHead)).Sub(row.Mul(kMax.Shl(2))))
		f.Call(b.rowBlocks, local.Value(), row.Value(), next.Value())
		row.Set(next.Value())
	})
	return f
}

// scratchHead is the room for gemm's arguments at the start of a scratch.
const scratchHead = (gemmArgs*4 + 63) &^ 63

// emitGather adds gather(args, row, rowEnd, to): it writes the patches of the
// output pixels row .. rowEnd-1 one behind the other.
func emitGather(m *wasm.Module) *wasm.Func {
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	args, row, rowEnd, to := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
	x, y, image, ky, iy, run, ix := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	line, first, last, from, pixel, stride, width := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	end := f.Int()

	pixel.Set(args.Load(convPixel))
	stride.Set(args.Load(convPixelStride))
	width.Set(args.Load(convInW))
	f.While(row.Lt(rowEnd.Value()), func() {
		x.Set(row.Rem(args.Load(convOutW)))
		y.Set(row.Div(args.Load(convOutW)))
		image.Set(y.Div(args.Load(convOutH)))
		y.Set(y.Rem(args.Load(convOutH)))
		iy.Set(y.Mul(args.Load(convStrideH)).Sub(args.Load(convPadTop)))
		f.For(ky, wasm.Const(0), args.Load(convKernelH), 1, func() {
			line.Set(args.Load(convInput).Add(image.Mul(args.Load(convInH)).Add(iy.Value()).Mul(width.Mul(stride.Value()))))
			ix.Set(x.Mul(args.Load(convStrideW)).Sub(args.Load(convPadLeft)))
			f.For(run, wasm.Const(0), args.Load(convRuns), 1, func() {
				// The run covers the input's pixels ix .. ix+RunPixels-1; first ..
				// last-1 of them exist.
				first.Set(wasm.Const(0))
				last.Set(args.Load(convRunPixels))
				f.If(ix.LtS(wasm.Const(0)), func() { first.Set(wasm.Const(0).Sub(ix.Value()).Min(last.Value())) })
				f.If(width.LtS(ix.Add(last.Value())), func() {
					last.Set(width.Sub(ix.Value()))
					f.If(last.LtS(first.Value()), func() { last.Set(first.Value()) })
				})
				f.If(iy.Ge(args.Load(convInH)), func() { last.Set(first.Value()) })
				// Three stretches: zeros, pixels, zeros.
				end.Set(to.Add(first.Mul(pixel.Value())))
				clearTo(f, to, end)
				from.Set(line.Add(ix.Add(first.Value()).Mul(stride.Value())))
				end.Set(to.Add(last.Sub(first.Value()).Mul(pixel.Value())))
				copyTo(f, to, end, from)
				end.Set(to.Add(args.Load(convRunPixels).Sub(last.Value()).Mul(pixel.Value())))
				clearTo(f, to, end)
				ix.Set(ix.Add(args.Load(convDilationW)))
			})
			iy.Set(iy.Add(args.Load(convDilationH)))
		})
		row.Inc(1)
	})
	return f
}

// clearTo writes zeros up to end, and perhaps half a vector behind it, and leaves
// to there.
func clearTo(f *wasm.Func, to, end wasm.IntVar) {
	f.While(to.Lt(end.Value()), func() {
		f.StoreVec(to.Value(), 0, wasm.Lanes(0))
		to.Inc(16)
	})
	to.Set(end.Value())
}

// copyTo copies from from up to end, and perhaps half a vector behind it, and
// leaves to there.
func copyTo(f *wasm.Func, to, end, from wasm.IntVar) {
	f.While(to.Lt(end.Value()), func() {
		f.StoreVec(to.Value(), 0, from.LoadVec(0))
		to.Inc(16)
		from.Inc(16)
	})
	to.Set(end.Value())
}
