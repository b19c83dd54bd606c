package kernel

import "larder/model/kernel/wasm"

// emitSoftmax adds softmax. An input of -∞ gives 0; a row of nothing else, or
// one with a NaN, gives NaN.
func emitSoftmax(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	var a LastArgs
	p := frameOf(f.Param(0), &a)
	top, sum, x := f.Vec(), f.Vec(), f.Vec()
	r := newRowFold(f, p.word(&a.Columns))
	eachRow(f, p, &a, func(in, out wasm.IntVar) {
		r.fold(top, in.Value(), wasm.LanesOf(negInf), wasm.Vec.Max, wasm.Vec.Max)
		lanes(top, wasm.Vec.Max)
		// The first pass writes e^(x-top), the second divides.
		sum.Set(zero)
		r.apply(in, out, func(v wasm.Vec) wasm.Vec {
			x.Set(v.Sub(top.Value()))
			return expOrZero(f, x)
		}, func(y wasm.Vec) { sum.Set(sum.Value().Add(y)) })
		lanes(sum, wasm.Vec.Add)
		sum.Set(one.Div(sum.Value()))
		sweep(f, out, r.whole(), nil, func(off int) {
			f.StoreVec(out.Value(), off, out.LoadVec(off).Mul(sum.Value()))
		})
		clearTail(f, out, r.tail.Value())
	})
	return f
}

// emitLogSoftmax adds log-softmax.
func emitLogSoftmax(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	var a LastArgs
	p := frameOf(f.Param(0), &a)
	top, sum, x := f.Vec(), f.Vec(), f.Vec()
	r := newRowFold(f, p.word(&a.Columns))
	eachRow(f, p, &a, func(in, out wasm.IntVar) {
		r.fold(top, in.Value(), wasm.LanesOf(negInf), wasm.Vec.Max, wasm.Vec.Max)
		lanes(top, wasm.Vec.Max)
		r.fold(sum, in.Value(), zero, func(acc, v wasm.Vec) wasm.Vec {
			x.Set(v.Sub(top.Value()))
			return acc.Add(expOrZero(f, x))
		}, wasm.Vec.Add)
		lanes(sum, wasm.Vec.Add)
		sum.Set(log(f, sum))
		r.apply(in, out, func(v wasm.Vec) wasm.Vec { return v.Sub(top.Value()).Sub(sum.Value()) }, func(wasm.Vec) {})
	})
	return f
}
