package kernel

import "larder/model/kernel/wasm"

// QAddArgs are the arguments of qadd, a weighted sum of 16-bit integers:
//
//	for each four: output = clamp(a*ScaleA + b*ScaleB), rounded to even
//
// The three are of one shape and so without gaps. Output may be A or B. With A
// for B and ScaleB 0 it is a change of the scale.
type QAddArgs struct {
	A, B, Output   uint32 // addresses
	Fours          uint32 // number of fours of integers
	ScaleA, ScaleB float32
	Low, High      float32
}

// Words implements [Arguments].
func (a QAddArgs) Words() []uint32 { return words(a) }

func emitQAdd(b *builder) *wasm.Func {
	var a QAddArgs
	return emitFours(b, &a, &a.Fours, []moving{{&a.A, 8}, {&a.B, 8}, {&a.Output, 8}}, func(f *wasm.Func, p frame, at []wasm.IntVar) {
		magic, scaleA, scaleB, low, high := f.Vec(), f.Vec(), f.Vec(), f.Vec(), f.Vec()
		setMagic(magic)
		scaleA.Set(p.splat(&a.ScaleA))
		scaleB.Set(p.splat(&a.ScaleB))
		low.Set(p.splat(&a.Low))
		high.Set(p.splat(&a.High))
		eachFour(f, at, func(off int) wasm.Vec {
			v := at[0].LoadWide16(off).ToFloat().Mul(scaleA.Value()).Add(at[1].LoadWide16(off).ToFloat().Mul(scaleB.Value()))
			return rounded(v.PMax(low.Value()).PMin(high.Value()), magic)
		})
	})
}

// QuantizeArgs are the arguments of quantize, from floats to 16-bit integers,
// and of dequantize, back.
//
//	for each four
//	  quantize:   output = clamp(input / Scale), rounded to even; NaN becomes Low
//	  dequantize: output = input * Scale
type QuantizeArgs struct {
	Input, Output uint32 // addresses
	Fours         uint32
	Scale         float32
	Low, High     float32
}

// Words implements [Arguments].
func (a QuantizeArgs) Words() []uint32 { return words(a) }

func emitQuantize(b *builder) *wasm.Func {
	var a QuantizeArgs
	return emitFours(b, &a, &a.Fours, []moving{{&a.Input, 16}, {&a.Output, 8}}, func(f *wasm.Func, p frame, at []wasm.IntVar) {
		scale := f.Vec()
		scale.Set(p.splat(&a.Scale))
		quantizeFours(f, at, scale, p.splat(&a.Low), p.splat(&a.High))
	})
}

// quantizeFours quantises from at[0] to at[1] up to at[2].
func quantizeFours(f *wasm.Func, at []wasm.IntVar, scale wasm.VecVar, low, high wasm.Vec) {
	magic, least, most := f.Vec(), f.Vec(), f.Vec()
	setMagic(magic)
	least.Set(low)
	most.Set(high)
	eachFour(f, at, func(off int) wasm.Vec {
		// With the bound on the left a NaN becomes the bound.
		return rounded(least.Value().PMax(at[0].LoadVec(2*off).Div(scale.Value())).PMin(most.Value()), magic)
	})
}

func emitDequantize(b *builder) *wasm.Func {
	var a QuantizeArgs
	return emitFours(b, &a, &a.Fours, []moving{{&a.Input, 8}, {&a.Output, 16}}, func(f *wasm.Func, p frame, at []wasm.IntVar) {
		scale := f.Vec()
		scale.Set(p.splat(&a.Scale))
		f.While(at[1].Lt(at[2].Value()), func() {
			f.StoreVec(at[1].Value(), 0, at[0].LoadWide16(0).ToFloat().Mul(scale.Value()))
			at[0].Inc(8)
			at[1].Inc(16)
		})
	})
}

// moving is an address among the arguments and the bytes of four elements there.
type moving struct {
	field *uint32
	bytes int
}

// emitFours adds a kernel whose threads share fours of elements. body gets the
// addresses of this thread's share and behind them the end of the last, and is
// in a function of its own, which is called for pieces.
func emitFours[T any](b *builder, fields *T, fours *uint32, places []moving, body func(f *wasm.Func, p frame, at []wasm.IntVar)) *wasm.Func {
	types := []wasm.Type{wasm.I32}
	for range len(places) + 1 {
		types = append(types, wasm.I32)
	}
	g := b.m.Func("", types...)
	inner := make([]wasm.IntVar, len(places)+1)
	for i := range inner {
		inner[i] = g.Param(i + 1)
	}
	body(g, frameOf(g.Param(0), fields), inner)

	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	p := frameOf(f.Param(0), fields)
	at, end, next := f.Int(), f.Int(), f.Int()
	next.Set(p.word(fours))
	at.Set(share(next, f.Param(1).Value(), f.Param(2)))
	end.Set(share(next, f.Param(1).Add(wasm.Const(1)), f.Param(2)))
	f.While(at.Lt(end.Value()), func() {
		next.Set(at.Add(wasm.Const(pieceVecs)).Min(end.Value()))
		args := []wasm.Int{p.at.Value()}
		for _, m := range places {
			args = append(args, p.word(m.field).Add(at.Mul(wasm.Const(m.bytes))))
		}
		last := places[len(places)-1]
		f.Call(g, append(args, p.word(last.field).Add(next.Mul(wasm.Const(last.bytes))))...)
		at.Set(next.Value())
	})
	return f
}

// eachFour calls four for the offset in bytes of each four of 16-bit integers
// from the last but one address up to the last, and stores its 32-bit integers
// there. An address before them moves along: by the bytes of its elements, which
// are 16 bits wide if there are two such, else floats.
func eachFour(f *wasm.Func, at []wasm.IntVar, four func(off int) wasm.Vec) {
	out, end := at[len(at)-2], at[len(at)-1]
	in := at[:len(at)-2]
	width := 2 / len(in)
	move := func(bytes int) {
		for _, v := range in {
			v.Inc(bytes * width)
		}
		out.Inc(bytes)
	}
	f.While(out.Add(wasm.Const(15)).Lt(end.Value()), func() {
		f.StoreVec(out.Value(), 0, four(0).Narrow(four(8)))
		move(16)
	})
	f.If(out.Lt(end.Value()), func() {
		v := f.Vec()
		v.Set(four(0))
		f.StoreHalf(out.Value(), 0, v.Value().Narrow(v.Value()))
	})
}

// QMeanArgs are the arguments of qmean, the sum over the pixels of a picture of
// 16-bit integers, scaled and rounded:
//
//	for each image, for each four channels
//	  acc = sum over pixels; output = clamp(float(acc)*Scale), rounded to even
type QMeanArgs struct {
	Input, Output  uint32 // addresses
	Images, Pixels uint32
	Pixel          uint32 // bytes of a pixel
	Scale          float32
	Low, High      float32
}

// Words implements [Arguments].
func (a QMeanArgs) Words() []uint32 { return words(a) }

func emitQMean(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	var a QMeanArgs
	p := frameOf(f.Param(0), &a)
	unit, unitEnd, fours, at, end, px := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	acc, magic := f.Vec(), f.Vec()
	setMagic(magic)
	px.Set(p.word(&a.Pixel))
	fours.Set(px.Shr(3))
	unitEnd.Set(fours.Mul(p.word(&a.Images)))
	unit.Set(share(unitEnd, f.Param(1).Value(), f.Param(2)))
	unitEnd.Set(share(unitEnd, f.Param(1).Add(wasm.Const(1)), f.Param(2)))
	f.While(unit.Lt(unitEnd.Value()), func() {
		image := unit.Div(fours.Value())
		at.Set(p.word(&a.Input).Add(image.Mul(p.word(&a.Pixels)).Mul(px.Value())).Add(unit.Rem(fours.Value()).Shl(3)))
		end.Set(at.Add(p.word(&a.Pixels).Mul(px.Value())))
		acc.Set(wasm.Lanes(0))
		f.While(at.Lt(end.Value()), func() {
			acc.Set(acc.Value().AddInt(at.LoadWide16(0)))
			at.Set(at.Add(px.Value()))
		})
		acc.Set(rounded(p.clamp(acc.Value().ToFloat().Mul(p.splat(&a.Scale)), &a.Low, &a.High), magic))
		f.StoreHalf(p.word(&a.Output).Add(unit.Shl(3)), 0, acc.Value().Narrow(acc.Value()))
		unit.Inc(1)
	})
	return f
}
