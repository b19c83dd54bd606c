package kernel

import "larder/model/kernel/wasm"

// DepthwiseArgs are the arguments of depthwise, a convolution of every channel by itself:
//
//	for each row of the output
//	  for each tile of 4 neighbouring pixels, or single pixel at the edges
//	    for each vector of channels
//	      acc[4] = bias
//	      for each row of the window that lies inside the input
//	        load the tile's columns once, the weights of the row once
//	        acc[i] += column[i*stride + kx] * weight[kx]
//	      output = clamp(acc)
//
// Tiles exist for windows of 3 and 5 columns with stride 1 and 2, not dilated;
// what remains, the edges included, goes pixel by pixel.
type DepthwiseArgs struct {
	Input                uint32 // address, NHWC
	Weights              uint32 // address; for each tap of the window a pixel
	Bias                 uint32 // address of a pixel
	Output               uint32 // address, NHWC
	Images               uint32
	InH, InW             uint32 // height and width of the input
	OutH, OutW           uint32 // and of the output
	Pixel                uint32 // bytes of a pixel, input and output alike
	KernelH, KernelW     uint32
	StrideH, StrideW     uint32
	DilationH, DilationW uint32
	PadTop, PadLeft      uint32
	Low, High            float32 // bounds of the result
	TileFrom, TileTo     uint32  // columns of the output whose window lies inside the input: see DepthwiseTiles
}

// Words implements [Arguments].
func (a DepthwiseArgs) Words() []uint32 { return words(a) }

// DepthwiseFor returns the kernel for a window of kernelW columns.
func DepthwiseFor(kernelW, strideW, dilationW uint32) Number {
	if dilationW == 1 {
		switch [2]uint32{kernelW, strideW} {
		case [2]uint32{3, 1}:
			return Depthwise3
		case [2]uint32{3, 2}:
			return Depthwise3S2
		case [2]uint32{5, 1}:
			return Depthwise5
		case [2]uint32{5, 2}:
			return Depthwise5S2
		}
	}
	return Depthwise
}

// DepthwiseTiles returns the columns of the output, from and behind, whose
// window of undilated columns lies inside the input.
func DepthwiseTiles(inW, outW, kernelW, strideW, padLeft uint32) (from, to uint32) {
	from = min((padLeft+strideW-1)/strideW, outW)
	if inW+padLeft < kernelW {
		return from, from
	}
	return from, max(from, min(outW, (inW+padLeft-kernelW)/strideW+1))
}

// The places of DepthwiseArgs' fields.
const (
	dwInput   = 4 * iota // address of the input, NHWC
	dwWeights            // address of the weights: for each tap of the window a pixel
	dwBias               // address of the bias, a pixel
	dwOutput             // address of the output, NHWC
	dwImages             // number of images
	dwInH                // height of the input
	dwInW                // width of the input
	dwOutH               // height of the output
	dwOutW               // width of the output
	dwPixel              // bytes of a pixel, input and output alike
	dwKernelH            // rows of the window
	dwKernelW            // columns of the window
	dwStrideH
	dwStrideW
	dwDilationH
	dwDilationW
	dwPadTop
	dwPadLeft
	dwLow      // lower bound, a float
	dwHigh     // upper bound, a float
	dwTileFrom // first column of the output whose window lies inside
	dwTileTo   // first column behind those
	dwArgs     = iota
)

// tilePixels is the number of pixels in a tile: 4 accumulators leave room for
// the columns and the weights of a row in x64's 16 vector registers.
const tilePixels = 4

// emitDepthwise returns the emitter of a kernel for windows of kernelW columns
// with a stride; kernelW 0 is for all windows, without tiles.
func emitDepthwise(kernelW, stride int) emitter {
	return func(b *builder) *wasm.Func {
		var tile *wasm.Func
		if kernelW > 0 {
			tile = emitDepthwiseTile(b.m, kernelW, stride)
		}
		return emitDepthwiseRows(b.m, b.depthwisePixel, tile, stride)
	}
}

// emitDepthwiseRows adds a kernel that walks the rows of the output by tiles,
// if there are such, and single pixels.
func emitDepthwiseRows(m *wasm.Module, pixel, tile *wasm.Func, stride int) *wasm.Func {
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32)
	args, thread, threads := f.Param(0), f.Param(1), f.Param(2)
	row, rowEnd, x, y, ky0, ky1 := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	in, w, out, line, px := f.Int(), f.Int(), f.Int(), f.Int(), f.Int()

	px.Set(args.Load(dwPixel))
	line.Set(args.Load(dwInW).Mul(px.Value()))
	rowEnd.Set(args.Load(dwImages).Mul(args.Load(dwOutH)))
	row.Set(share(rowEnd, thread.Value(), threads))
	rowEnd.Set(share(rowEnd, thread.Add(wasm.Const(1)), threads))
	f.While(row.Lt(rowEnd.Value()), func() {
		// y is the input row of the window's first row, perhaps negative.
		y.Set(row.Rem(args.Load(dwOutH)).Mul(args.Load(dwStrideH)).Sub(args.Load(dwPadTop)))
		insideRange(f, ky0, ky1, y, args.Load(dwInH), args.Load(dwKernelH), args.Load(dwDilationH))
		w.Set(args.Load(dwWeights).Add(ky0.Mul(args.Load(dwKernelW)).Mul(px.Value())))
		in.Set(row.Div(args.Load(dwOutH)).Mul(args.Load(dwInH)).Add(y.Add(ky0.Mul(args.Load(dwDilationH)))))
		in.Set(args.Load(dwInput).Add(in.Mul(line.Value())))
		out.Set(args.Load(dwOutput).Add(row.Mul(args.Load(dwOutW)).Mul(px.Value())))
		ky1.Set(ky1.Sub(ky0.Value()))
		single := func() {
			f.Call(pixel, args.Value(), in.Value(), w.Value(), out.Value(), x.Value(), ky1.Value())
			out.Set(out.Add(px.Value()))
			x.Inc(1)
		}
		x.Set(wasm.Const(0))
		if tile != nil {
			f.While(x.Lt(args.Load(dwTileFrom)), single)
			f.While(x.Add(wasm.Const(tilePixels-1)).Lt(args.Load(dwTileTo)), func() {
				column := x.Mul(wasm.Const(stride)).Sub(args.Load(dwPadLeft))
				f.Call(tile, args.Value(), in.Add(column.Mul(px.Value())), w.Value(), out.Value(), ky1.Value())
				out.Set(out.Add(px.Mul(wasm.Const(tilePixels))))
				x.Inc(tilePixels)
			})
		}
		f.While(x.Lt(args.Load(dwOutW)), single)
		row.Inc(1)
	})
	return f
}

// insideRange sets first and last so that for first <= t < last the position
// at + t*dilation lies in [0, size). at may be negative; first <= last.
func insideRange(f *wasm.Func, first, last, at wasm.IntVar, size, taps, dilation wasm.Int) {
	first.Set(wasm.Const(0))
	last.Set(taps)
	f.While(at.Add(first.Mul(dilation)).LtS(wasm.Const(0)).And(first.Lt(last.Value())), func() { first.Inc(1) })
	f.While(first.Lt(last.Value()).And(size.LeS(at.Add(last.Sub(wasm.Const(1)).Mul(dilation)))), func() { last.Inc(-1) })
}

// emitDepthwisePixel adds pixel(args, in, w, out, x, rows): one pixel of the
// output for any window. in is the first column of the window's first valid
// row, w its weights.
func emitDepthwisePixel(m *wasm.Module) *wasm.Func {
	i := wasm.I32
	f := m.Func("", i, i, i, i, i, i)
	args, in, w, out, x, rows := f.Param(0), f.Param(1), f.Param(2), f.Param(3), f.Param(4), f.Param(5)
	kx0, kx1, at, c, p, q, ky, kx, px := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	step, line, wline := f.Int(), f.Int(), f.Int()
	acc := f.Vec()

	px.Set(args.Load(dwPixel))
	at.Set(x.Mul(args.Load(dwStrideW)).Sub(args.Load(dwPadLeft)))
	insideRange(f, kx0, kx1, at, args.Load(dwInW), args.Load(dwKernelW), args.Load(dwDilationW))
	in.Set(in.Add(at.Add(kx0.Mul(args.Load(dwDilationW))).Mul(px.Value())))
	w.Set(w.Add(kx0.Mul(px.Value())))
	kx1.Set(kx1.Sub(kx0.Value()))
	step.Set(args.Load(dwDilationW).Mul(px.Value()))
	line.Set(args.Load(dwInW).Mul(px.Value()).Mul(args.Load(dwDilationH)))
	wline.Set(args.Load(dwKernelW).Mul(px.Value()))
	f.For(c, wasm.Const(0), px.Value(), 16, func() {
		acc.Set(args.Load(dwBias).Add(c.Value()).LoadVec(0))
		f.For(ky, wasm.Const(0), rows.Value(), 1, func() {
			p.Set(in.Add(ky.Mul(line.Value())).Add(c.Value()))
			q.Set(w.Add(ky.Mul(wline.Value())).Add(c.Value()))
			f.For(kx, wasm.Const(0), kx1.Value(), 1, func() {
				acc.Set(f.MulAdd(p.LoadVec(0), q.LoadVec(0), acc.Value()))
				p.Set(p.Add(step.Value()))
				q.Set(q.Add(px.Value()))
			})
		})
		f.StoreVec(out.Add(c.Value()), 0, clamp(acc.Value(), args, dwLow, dwHigh))
	})
	return f
}

// clamp bounds v by two floats among the arguments; a NaN stays one.
func clamp(v wasm.Vec, args wasm.IntVar, low, high int) wasm.Vec {
	return v.PMax(args.LoadSplat(low)).PMin(args.LoadSplat(high))
}

// emitDepthwiseTile adds tile(args, in, w, out, rows): four pixels whose window
// lies inside the input from left to right. in is the first column of the first
// valid row.
func emitDepthwiseTile(m *wasm.Module, kernelW, stride int) *wasm.Func {
	i := wasm.I32
	f := m.Func("", i, i, i, i, i)
	args, in, w, out, rows := f.Param(0), f.Param(1), f.Param(2), f.Param(3), f.Param(4)
	px, line, wline, c, p, q, ky, o := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	acc, weight, column := f.Vecs(tilePixels), f.Vecs(kernelW), f.Vec()

	px.Set(args.Load(dwPixel))
	line.Set(args.Load(dwInW).Mul(px.Value()).Mul(args.Load(dwDilationH)))
	wline.Set(px.Mul(wasm.Const(kernelW)))
	f.For(c, wasm.Const(0), px.Value(), 16, func() {
		for n := range acc {
			acc[n].Set(args.Load(dwBias).Add(c.Value()).LoadVec(0))
		}
		f.For(ky, wasm.Const(0), rows.Value(), 1, func() {
			p.Set(in.Add(ky.Mul(line.Value())).Add(c.Value()))
			q.Set(w.Add(ky.Mul(wline.Value())).Add(c.Value()))
			for kx := range weight {
				weight[kx].Set(q.LoadVec(0))
				q.Set(q.Add(px.Value()))
			}
			for col := range (tilePixels-1)*stride + kernelW {
				column.Set(p.LoadVec(0))
				p.Set(p.Add(px.Value()))
				for n := range acc {
					if kx := col - n*stride; kx >= 0 && kx < kernelW {
						acc[n].Set(f.MulAdd(column.Value(), weight[kx].Value(), acc[n].Value()))
					}
				}
			}
		})
		o.Set(out.Add(c.Value()))
		for n := range acc {
			f.StoreVec(o.Value(), 0, clamp(acc[n].Value(), args, dwLow, dwHigh))
			o.Set(o.Add(px.Value()))
		}
	})
	return f
}
