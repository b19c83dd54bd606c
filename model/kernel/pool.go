package kernel

import "larder/model/kernel/wasm"

// PoolArgs are the arguments of max-pool and average-pool over a picture.
//
//	for each row of the output, for each of its pixels
//	  clip the window to the input
//	  for each four vectors of channels, and each vector of the rest
//	    for each pixel in the window: acc = max(acc, pixel) or acc + pixel
//	    output = acc, or acc / pixels
//
// Every window must cover at least one pixel of the input. A NaN in a window
// makes a NaN.
type PoolArgs struct {
	Input, Output        uint32 // addresses, NHWC
	Images               uint32
	InH, InW             uint32 // height and width of the input
	OutH, OutW           uint32 // and of the output
	Pixel                uint32 // bytes of a pixel, input and output alike
	KernelH, KernelW     uint32
	StrideH, StrideW     uint32
	DilationH, DilationW uint32
	PadTop, PadLeft      uint32
	PadBottom, PadRight  uint32 // for CountPad only
	CountPad             uint32 // 1: padding counts as zeros in a mean
}

// Words implements [Arguments].
func (a PoolArgs) Words() []uint32 { return words(a) }

// poolGroup is the number of vectors for which a window is walked at once.
const poolGroup = 4

// pooling is a way to make one pixel of many.
type pooling struct {
	start float32
	// add takes a further vector in.
	add func(acc, x wasm.Vec) wasm.Vec
	// mean divides the result by the number of pixels.
	mean bool
}

var (
	poolSum  = pooling{0, wasm.Vec.Add, false}
	poolMean = pooling{0, wasm.Vec.Add, true}
	poolMax  = pooling{negInf, wasm.Vec.Max, false}
	poolMin  = pooling{posInf, wasm.Vec.Min, false}
)

// emitPool returns the emitter of a kernel.
func emitPool(how pooling) emitter {
	return func(b *builder) *wasm.Func {
		pixel := emitPoolPixel(b.m, how)
		f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
		thread, threads := f.Param(1), f.Param(2)
		var a PoolArgs
		p := frameOf(f.Param(0), &a)
		row, rowEnd, x, y, ky0, ky1, in, out, cover := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()

		rowEnd.Set(p.word(&a.Images).Mul(p.word(&a.OutH)))
		row.Set(share(rowEnd, thread.Value(), threads))
		rowEnd.Set(share(rowEnd, thread.Add(wasm.Const(1)), threads))
		out.Set(p.word(&a.Output).Add(row.Mul(p.word(&a.OutW)).Mul(p.word(&a.Pixel))))
		f.While(row.Lt(rowEnd.Value()), func() {
			y.Set(row.Rem(p.word(&a.OutH)).Mul(p.word(&a.StrideH)).Sub(p.word(&a.PadTop)))
			insideRange(f, ky0, ky1, y, p.word(&a.InH), p.word(&a.KernelH), p.word(&a.DilationH))
			if how.mean {
				windowCover(f, cover, y, p.word(&a.InH).Add(p.word(&a.PadBottom)), p.word(&a.KernelH), p.word(&a.DilationH))
			}
			in.Set(row.Div(p.word(&a.OutH)).Mul(p.word(&a.InH)).Add(y.Add(ky0.Mul(p.word(&a.DilationH)))))
			in.Set(p.word(&a.Input).Add(in.Mul(p.word(&a.InW)).Mul(p.word(&a.Pixel))))
			ky1.Set(ky1.Sub(ky0.Value()))
			f.For(x, wasm.Const(0), p.word(&a.OutW), 1, func() {
				f.Call(pixel, p.at.Value(), in.Value(), out.Value(), x.Value(), ky1.Value(), cover.Value())
				out.Set(out.Add(p.word(&a.Pixel)))
			})
			row.Inc(1)
		})
		return f
	}
}

// windowCover sets n to the taps at, at+dilation … that lie before end.
func windowCover(f *wasm.Func, n, at wasm.IntVar, end, taps, dilation wasm.Int) {
	n.Set(taps)
	f.While(wasm.Const(0).LtS(n.Value()).And(end.LeS(at.Add(n.Sub(wasm.Const(1)).Mul(dilation)))), func() { n.Inc(-1) })
}

// emitPoolPixel adds pixel(args, in, out, x, rows, cover): one pixel of the
// output. in is the first column of the window's first row in the input, rows
// the number of those, cover that of rows that count with padding.
func emitPoolPixel(m *wasm.Module, how pooling) *wasm.Func {
	i := wasm.I32
	f := m.Func("", i, i, i, i, i, i)
	in, out, x, rows, cover := f.Param(1), f.Param(2), f.Param(3), f.Param(4), f.Param(5)
	var a PoolArgs
	p := frameOf(f.Param(0), &a)
	at, kx0, kx1, line, step, end, ky, kx, q, from := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	acc, count := f.Vecs(poolGroup), f.Vec()

	at.Set(x.Mul(p.word(&a.StrideW)).Sub(p.word(&a.PadLeft)))
	insideRange(f, kx0, kx1, at, p.word(&a.InW), p.word(&a.KernelW), p.word(&a.DilationW))
	from.Set(in.Add(at.Add(kx0.Mul(p.word(&a.DilationW))).Mul(p.word(&a.Pixel))))
	kx1.Set(kx1.Sub(kx0.Value()))
	if how.mean {
		windowCover(f, kx0, at, p.word(&a.InW).Add(p.word(&a.PadRight)), p.word(&a.KernelW), p.word(&a.DilationW))
		n := wasm.Select(p.word(&a.CountPad), kx0.Mul(cover.Value()), kx1.Mul(rows.Value()))
		count.Set(wasm.SplatInt(n).ToFloat())
	}
	step.Set(p.word(&a.DilationW).Mul(p.word(&a.Pixel)))
	line.Set(p.word(&a.InW).Mul(p.word(&a.Pixel)).Mul(p.word(&a.DilationH)))
	end.Set(out.Add(p.word(&a.Pixel)))
	for _, n := range []int{poolGroup, 1} {
		f.While(out.Add(wasm.Const(n*16-1)).Lt(end.Value()), func() {
			for v := range n {
				acc[v].Set(wasm.LanesOf(how.start))
			}
			f.For(ky, wasm.Const(0), rows.Value(), 1, func() {
				q.Set(from.Add(ky.Mul(line.Value())))
				f.For(kx, wasm.Const(0), kx1.Value(), 1, func() {
					for v := range n {
						acc[v].Set(how.add(acc[v].Value(), q.LoadVec(v*16)))
					}
					q.Set(q.Add(step.Value()))
				})
			})
			for v := range n {
				if how.mean {
					acc[v].Set(acc[v].Value().Div(count.Value()))
				}
				f.StoreVec(out.Value(), v*16, acc[v].Value())
			}
			from.Inc(n * 16)
			out.Inc(n * 16)
		})
	}
	return f
}
