package kernel

import "larder/model/kernel/wasm"

// LayerNormArgs are the arguments of layer-norm along the last dimension.
//
//	for each row
//	  mean = Σx / Columns
//	  variance = Σ(x - mean)² / Columns
//	  output = (x - mean) / √(variance + Epsilon) * scale + bias
//
// Lanes behind Columns become 0.
type LayerNormArgs struct {
	LastArgs
	Scale, Bias uint32 // addresses of one row each
	Epsilon     float32
}

// Words implements [Arguments].
func (a LayerNormArgs) Words() []uint32 { return words(a) }

func emitLayerNorm(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	var a LayerNormArgs
	p := frameOf(f.Param(0), &a)
	mean, variance, divisor, d := f.Vec(), f.Vec(), f.Vec(), f.Vec()
	scale, bias := f.Int(), f.Int()
	r := newRowFold(f, p.word(&a.Columns))
	divisor.Set(wasm.SplatInt(p.word(&a.Columns)).ToFloat())
	eachRow(f, p, &a.LastArgs, func(in, out wasm.IntVar) {
		r.fold(mean, in.Value(), zero, wasm.Vec.Add, wasm.Vec.Add)
		lanes(mean, wasm.Vec.Add)
		mean.Set(mean.Value().Div(divisor.Value()))
		r.fold(variance, in.Value(), zero, func(acc, x wasm.Vec) wasm.Vec {
			d.Set(x.Sub(mean.Value()))
			return f.MulAdd(d.Value(), d.Value(), acc)
		}, wasm.Vec.Add)
		lanes(variance, wasm.Vec.Add)
		variance.Set(variance.Value().Div(divisor.Value()).Add(p.splat(&a.Epsilon)))
		variance.Set(one.Div(variance.Value().Sqrt()))
		scale.Set(p.word(&a.Scale))
		bias.Set(p.word(&a.Bias))
		sweep(f, out, r.whole(), []wasm.IntVar{in, scale, bias}, func(off int) {
			v := in.LoadVec(off).Sub(mean.Value()).Mul(variance.Value())
			f.StoreVec(out.Value(), off, f.MulAdd(v, scale.LoadVec(off), bias.LoadVec(off)))
		})
		clearTail(f, out, r.tail.Value())
	})
	return f
}
