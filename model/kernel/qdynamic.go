package kernel

import "larder/model/kernel/wasm"

// RangeArgs are the arguments of range: each thread's line of Lines gets the least
// and the greatest of what is there and of the elements that this thread sees.
//
//	Lines[thread] = min(Lines[thread], x...), max(Lines[thread], x...)
//
// The lines begin as zeros, of which every range is taken to have one. A product
// with floats as its result can do the same on the way.
type RangeArgs struct {
	Input uint32 // address of floats
	Fours uint32
	Lines uint32 // address of RangeLine bytes for each thread
}

// Words implements [Arguments].
func (a RangeArgs) Words() []uint32 { return words(a) }

// RangeLine is the bytes of a thread's line: two vectors, and a cache line.
const RangeLine = 64

func emitRange(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	var a RangeArgs
	p := frameOf(f.Param(0), &a)
	at, end, n := f.Int(), f.Int(), f.Int()
	low, high, x := f.Vec(), f.Vec(), f.Vec()
	n.Set(p.word(&a.Fours))
	at.Set(p.word(&a.Input).Add(share(n, f.Param(1).Value(), f.Param(2)).Shl(4)))
	end.Set(p.word(&a.Input).Add(share(n, f.Param(1).Add(wasm.Const(1)), f.Param(2)).Shl(4)))
	f.While(at.Lt(end.Value()), func() {
		x.Set(at.LoadVec(0))
		low.Set(low.Value().PMin(x.Value())) // passes over a NaN
		high.Set(high.Value().PMax(x.Value()))
		at.Inc(16)
	})
	b.widen(f, p.word(&a.Lines), []wasm.VecVar{low}, []wasm.VecVar{high})
	return f
}

// noteRange widens the range at an address by elements, if it is one: less than
// two stands for none.
func (b *builder) noteRange(f *wasm.Func, lines wasm.Int, elements []wasm.VecVar) {
	f.If(wasm.Const(1).Lt(lines), func() { b.widen(f, lines, elements, elements) })
}

// widen widens the range in this thread's line.
func (b *builder) widen(f *wasm.Func, lines wasm.Int, lower, upper []wasm.VecVar) {
	at, low, high := f.Int(), f.Vec(), f.Vec()
	at.Set(lines.Add(b.worker.Value().Mul(wasm.Const(RangeLine))))
	low.Set(at.LoadVec(0))
	high.Set(at.LoadVec(16))
	for i := range lower {
		low.Set(low.Value().PMin(lower[i].Value()))
		high.Set(high.Value().PMax(upper[i].Value()))
	}
	f.StoreVec(at.Value(), 0, low.Value())
	f.StoreVec(at.Value(), 16, high.Value())
}

// QuantizeByArgs are the arguments of quantize-by, DynamicQuantizeLinear with
// the zero point taken off: what range has found gives the scale.
//
//	low, high = of all lines
//	scale = (high-low)/255, or 1 if they are equal; zero = clamp(round(-low/scale), 0, 255)
//	for each four: output = clamp(input / scale, -zero, 255-zero), rounded to even
//	Scale = scale, by the first thread
type QuantizeByArgs struct {
	Input, Output uint32 // addresses
	Fours         uint32
	Lines, Count  uint32 // their address and number
	Scale         uint32 // address of a row of one float
}

// Words implements [Arguments].
func (a QuantizeByArgs) Words() []uint32 { return words(a) }

func emitQuantizeBy(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	var a QuantizeByArgs
	p := frameOf(f.Param(0), &a)
	thread, threads := f.Param(1), f.Param(2)
	in, out, end, n, line := f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	low, high, scale, x, bound := f.Vec(), f.Vec(), f.Vec(), f.Vec(), f.Vec()
	line.Set(p.word(&a.Lines))
	f.For(n, wasm.Const(0), p.word(&a.Count), 1, func() {
		low.Set(low.Value().Min(line.LoadVec(0)))
		high.Set(high.Value().Max(line.LoadVec(16)))
		line.Inc(RangeLine)
	})
	// The extreme of the lanes, in all lanes.
	for _, turn := range [][]byte{{1, 0, 3, 2}, {2, 3, 0, 1}} {
		low.Set(low.Value().Min(low.Value().Shuffle32(low.Value(), turn...)))
		high.Set(high.Value().Max(high.Value().Shuffle32(high.Value(), turn...)))
	}
	scale.Set(high.Value().Sub(low.Value()).Div(wasm.LanesOf(255)))
	scale.Set(high.Value().Eq(low.Value()).Choose(one, scale.Value()))
	f.If(thread.Not(), func() { f.StoreVec(p.word(&a.Scale), 0, scale.Value().And(laneMask(wasm.Const(1)))) })
	bound.Set(zero.PMax(low.Value().Neg().Div(scale.Value()).Nearest()).PMin(wasm.LanesOf(255)))
	x.Set(wasm.LanesOf(255).Sub(bound.Value()))

	n.Set(p.word(&a.Fours))
	in.Set(p.word(&a.Input).Add(share(n, thread.Value(), threads).Shl(4)))
	out.Set(p.word(&a.Output).Add(share(n, thread.Value(), threads).Shl(3)))
	end.Set(p.word(&a.Output).Add(share(n, thread.Add(wasm.Const(1)), threads).Shl(3)))
	quantizeFours(f, []wasm.IntVar{in, out, end}, scale, bound.Value().Neg(), x.Value())
	return f
}
