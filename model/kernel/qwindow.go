package kernel

import "larder/model/kernel/wasm"

// QWindowArgs are the arguments of qdepthwise and qmax-pool, sliding windows in
// which every channel of 16-bit integers is by itself.
//
//	for each output pixel
//	  list the addresses of the window's pixels, Outside where it reaches over the edge
//	  for each 16 channels
//	    qdepthwise: acc = sum of pixel*weight, pairs of pixels at a time;
//	                output = clamp(float(acc)*scale*dynamic + bias), rounded or left as floats
//	    qmax-pool:  output = greatest pixel
//
// The number of addresses is rounded up to even; weights of the last are 0 then.
type QWindowArgs struct {
	Input                 uint32 // address, NHWC
	Output                uint32
	Outside               uint32 // address of a pixel: zeros, or for qmax-pool the least integers
	Weights               uint32 // address: [16 channels][pair of taps][4][4 channels][2], see the plan's pairs
	Scale, Bias           uint32 // addresses of a float for each channel, rounded up to 16
	Dynamic               uint32 // as in QGEMMArgs
	Low, High             float32
	Float                 uint32 // as in QGEMMArgs
	Images                uint32
	InH, InW              uint32
	OutH, OutW            uint32
	Pixel                 uint32 // bytes of a pixel of the input
	KernelH, KernelW      uint32
	StrideH, StrideW      uint32
	DilationH, DilationW  uint32
	PadTop, PadLeft       uint32
	Scratch, ScratchBytes uint32 // address of the scratch of thread 0, bytes of each thread's: QWindowScratch
}

// Words implements [Arguments].
func (a QWindowArgs) Words() []uint32 { return words(a) }

// QWindowScratch returns the bytes of scratch that each thread needs. What is
// read behind the last pixel of the input lies in it.
func QWindowScratch(taps int) int { return (4*(taps+1) + 127) &^ 63 }

// emitQWindow returns the emitter of a kernel.
func emitQWindow(pool bool) emitter {
	return func(b *builder) *wasm.Func {
		pixel := emitQDepthwisePixel
		if pool {
			pixel = emitQMaxPixel
		}
		return emitQWindowPixels(b, pixel(b))
	}
}

// emitQWindowPixels adds a kernel that lists the addresses for each pixel of
// its share.
func emitQWindowPixels(b *builder, pixel *wasm.Func) *wasm.Func {
	m := b.m
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32)
	thread, threads := f.Param(1), f.Param(2)
	var a QWindowArgs
	p := frameOf(f.Param(0), &a)
	at, end, x, y, iy, ix, ky, kx := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	line, list, to, out, step, px, inW, outside := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	px.Set(p.word(&a.Pixel))
	inW.Set(p.word(&a.InW))
	outside.Set(p.word(&a.Outside))
	step.Set(px.Mul(widthOf(p.word(&a.Float))))
	list.Set(p.word(&a.Scratch).Add(b.worker.Value().Mul(p.word(&a.ScratchBytes))))
	end.Set(p.word(&a.Images).Mul(p.word(&a.OutH)).Mul(p.word(&a.OutW)))
	at.Set(share(end, thread.Value(), threads))
	end.Set(share(end, thread.Add(wasm.Const(1)), threads))
	out.Set(p.word(&a.Output).Add(at.Mul(step.Value())))
	f.While(at.Lt(end.Value()), func() {
		x.Set(at.Rem(p.word(&a.OutW)))
		y.Set(at.Div(p.word(&a.OutW)))
		iy.Set(y.Rem(p.word(&a.OutH)).Mul(p.word(&a.StrideH)).Sub(p.word(&a.PadTop)))
		line.Set(y.Div(p.word(&a.OutH)).Mul(p.word(&a.InH)).Add(iy.Value()).Mul(inW.Value()))
		to.Set(list.Value())
		f.For(ky, wasm.Const(0), p.word(&a.KernelH), 1, func() {
			ix.Set(x.Mul(p.word(&a.StrideW)).Sub(p.word(&a.PadLeft)))
			f.For(kx, wasm.Const(0), p.word(&a.KernelW), 1, func() {
				inside := iy.Lt(p.word(&a.InH)).And(ix.Lt(inW.Value()))
				f.Store(to.Value(), 0, wasm.Select(inside, p.word(&a.Input).Add(line.Add(ix.Value()).Mul(px.Value())), outside.Value()))
				to.Inc(4)
				ix.Set(ix.Add(p.word(&a.DilationW)))
			})
			iy.Set(iy.Add(p.word(&a.DilationH)))
			line.Set(line.Add(p.word(&a.DilationH).Mul(inW.Value())))
		})
		f.Store(to.Value(), 0, outside.Value())
		f.Call(pixel, p.at.Value(), list.Value(), to.Value(), out.Value())
		out.Set(out.Add(step.Value()))
		at.Inc(1)
	})
	return f
}

// qGroup is the bytes of the channels that are done at once: two vectors.
const qGroup = 32

// emitQDepthwisePixel adds pixel(args, list, listEnd, out).
func emitQDepthwisePixel(b *builder) *wasm.Func {
	i := wasm.I32
	f := b.m.Func("", i, i, i, i)
	var a QWindowArgs
	p := frameOf(f.Param(0), &a)
	list, listEnd, out := f.Param(1), f.Param(2), f.Param(3)
	c, t, from, w, scale, bias, px := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	acc, even, odd, factor, magic := f.Vecs(4), f.Vec(), f.Vec(), f.Vec(), f.Vec()
	w.Set(p.word(&a.Weights))
	scale.Set(p.word(&a.Scale))
	bias.Set(p.word(&a.Bias))
	px.Set(p.word(&a.Pixel))
	f.For(c, wasm.Const(0), px.Value(), qGroup, func() {
		for n := range acc {
			acc[n].Set(wasm.Lanes(0))
		}
		f.For(t, list.Value(), listEnd.Value(), 8, func() {
			for half := range 2 {
				from.Set(t.Load(0).Add(c.Value()))
				even.Set(from.LoadVec(half * 16))
				from.Set(t.Load(4).Add(c.Value()))
				odd.Set(from.LoadVec(half * 16))
				for n := range 2 {
					s := acc[half*2+n]
					s.Set(s.Value().AddInt(even.Value().Zip16(odd.Value(), n == 1).Dot(w.LoadVec(half*32 + n*16))))
				}
			}
			w.Inc(64)
		})
		for n := range acc {
			factor.Set(scale.LoadVec(n * 16))
			f.If(p.word(&a.Dynamic), func() { factor.Set(factor.Value().Mul(p.word(&a.Dynamic).LoadSplat(0))) })
			acc[n].Set(p.clamp(acc[n].Value().ToFloat().Mul(factor.Value()).Add(bias.LoadVec(n*16)), &a.Low, &a.High))
		}
		f.IfElse(p.word(&a.Float), func() {
			b.noteRange(f, p.word(&a.Float), acc)
			storeFours(f, out, px.Sub(c.Value()), 16, acc)
		}, func() {
			setMagic(magic)
			for n := range acc {
				acc[n].Set(rounded(acc[n].Value(), magic))
			}
			storeShort(f, out, px.Sub(c.Value()), acc)
		})
		scale.Inc(64)
		bias.Inc(64)
	})
	return f
}

// storeFours writes vectors one behind the other, one for each 8 bytes that are
// left of the input, and moves out along.
func storeFours(f *wasm.Func, out wasm.IntVar, left wasm.Int, bytes int, acc []wasm.VecVar) {
	for n := range acc {
		f.If(wasm.Const(n*8).Lt(left), func() {
			f.StoreVec(out.Value(), 0, acc[n].Value())
			out.Inc(bytes)
		})
	}
}

// storeShort writes vectors of integers as 16-bit ones, 8 bytes each, as far as
// there are bytes left, and moves out along.
func storeShort(f *wasm.Func, out wasm.IntVar, left wasm.Int, acc []wasm.VecVar) {
	f.IfElse(left.Lt(wasm.Const(qGroup)),
		func() {
			for n := range acc {
				f.If(wasm.Const(n*8).Lt(left), func() {
					f.StoreHalf(out.Value(), 0, acc[n].Value().Narrow(acc[n].Value()))
					out.Inc(8)
				})
			}
		},
		func() {
			f.StoreVec(out.Value(), 0, acc[0].Value().Narrow(acc[1].Value()))
			f.StoreVec(out.Value(), 16, acc[2].Value().Narrow(acc[3].Value()))
			out.Inc(qGroup)
		})
}

// emitQMaxPixel adds pixel(args, list, listEnd, out), eight channels at a time.
func emitQMaxPixel(b *builder) *wasm.Func {
	i := wasm.I32
	f := b.m.Func("", i, i, i, i)
	var a QWindowArgs
	p := frameOf(f.Param(0), &a)
	list, listEnd, out := f.Param(1), f.Param(2), f.Param(3)
	c, t, px := f.Int(), f.Int(), f.Int()
	acc := f.Vec()
	px.Set(p.word(&a.Pixel))
	f.For(c, wasm.Const(0), px.Value(), 16, func() {
		acc.Set(list.Load(0).Add(c.Value()).LoadVec(0))
		f.For(t, list.Add(wasm.Const(4)), listEnd.Value(), 4, func() {
			acc.Set(acc.Value().Max16(t.Load(0).Add(c.Value()).LoadVec(0)))
		})
		f.IfElse(c.Add(wasm.Const(8)).Lt(px.Value()), func() { f.StoreVec(out.Value(), 0, acc.Value()) }, func() { f.StoreHalf(out.Value(), 0, acc.Value()) })
		out.Inc(16)
	})
	return f
}
