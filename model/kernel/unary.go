package kernel

import "larder/model/kernel/wasm"

// UnaryArgs are the arguments of an elementwise kernel of one operand.
//
//	for each row
//	  for each vector: output = op(input)
//	  lanes of the last vector from Tail on = 0
//
// Output may be Input.
type UnaryArgs struct {
	Input, InputStride   uint32 // address, bytes from row to row
	Output, OutputStride uint32
	Rows                 uint32
	Vecs                 uint32  // vectors in a row
	Tail                 uint32  // lanes of a row's last vector that count; 0: all four
	Alpha, Beta          float32 // parameters of the operator
}

// Words implements [Arguments].
func (a UnaryArgs) Words() []uint32 { return words(a) }

// unaryOp makes the result of one vector.
type unaryOp func(f *wasm.Func, x wasm.VecVar, alpha, beta wasm.Vec) wasm.Vec

// emitUnary returns the emitter of a kernel.
func emitUnary(op unaryOp) emitter {
	return func(b *builder) *wasm.Func {
		inner := emitUnaryPiece(b.m, op)
		f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
		var a UnaryArgs
		p := frameOf(f.Param(0), &a)
		in, out, end := f.Int(), f.Int(), f.Int()
		s := shareRows(f, p.word(&a.Rows), p.word(&a.Vecs), f.Param(1), f.Param(2))
		s.each(f, func() {
			in.Set(p.word(&a.Input).Add(s.row.Mul(p.word(&a.InputStride))).Add(s.vec.Shl(4)))
			out.Set(p.word(&a.Output).Add(s.row.Mul(p.word(&a.OutputStride))).Add(s.vec.Shl(4)))
			end.Set(out.Add(s.vecEnd.Sub(s.vec.Value()).Shl(4)))
			pieces(f, out, end, func(bytes wasm.IntVar) {
				f.Call(inner, p.at.Value(), in.Value(), out.Value(), bytes.Value())
				in.Set(in.Add(bytes.Value()))
			})
			f.If(s.vecEnd.Eq(p.word(&a.Vecs)), func() { clearTail(f, end, p.word(&a.Tail)) })
		})
		return f
	}
}

// emitUnaryPiece adds piece(args, in, out, bytes).
func emitUnaryPiece(m *wasm.Module, op unaryOp) *wasm.Func {
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	var a UnaryArgs
	p := frameOf(f.Param(0), &a)
	in, out, bytes := f.Param(1), f.Param(2), f.Param(3)
	x, alpha, beta := f.Vec(), f.Vec(), f.Vec()
	alpha.Set(p.splat(&a.Alpha))
	beta.Set(p.splat(&a.Beta))
	sweep(f, out, bytes.Value(), []wasm.IntVar{in}, func(off int) {
		x.Set(in.LoadVec(off))
		f.StoreVec(out.Value(), off, op(f, x, alpha.Value(), beta.Value()))
	})
	return f
}

func clampOp(_ *wasm.Func, x wasm.VecVar, alpha, beta wasm.Vec) wasm.Vec {
	return x.Value().PMax(alpha).PMin(beta)
}

func sigmoidOp(f *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec { return sigmoid(f, x.Value()) }

func hardSigmoidOp(f *wasm.Func, x wasm.VecVar, alpha, beta wasm.Vec) wasm.Vec {
	return f.MulAdd(x.Value(), alpha, beta).PMax(zero).PMin(held(f, 1))
}

func hardSwishOp(f *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec {
	return x.Value().Mul(f.MulAdd(x.Value(), held(f, 1./6), held(f, 0.5)).PMax(zero).PMin(held(f, 1)))
}

func siluOp(f *wasm.Func, x wasm.VecVar, alpha, _ wasm.Vec) wasm.Vec {
	return x.Value().Mul(sigmoid(f, x.Value().Mul(alpha)))
}

func tanhOp(f *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec { return tanh(f, x) }

// geluTail is P in Φ(-t) = 2^P(t) for 0 <= t <= 6, Φ being the normal distribution;
// it is fitted so that t·Φ(-t) is off by at most 4e-8.
var geluTail = []float32{4.5252159e-06, -1.5500167e-05, -0.0005643398, 0.0076471786, -0.052924335, -0.45905465, -1.1511263, -0.9999995}

// geluOp is x·Φ(x) = max(x, 0) - |x|·Φ(-|x|), which loses nothing where the two
// halves of the usual formula cancel. Behind 6 the second term is below 1e-8.
func geluOp(f *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec {
	t, p := f.Vec(), f.Vec()
	t.Set(x.Value().Abs().PMin(held(f, 6)))
	poly(f, p, t, geluTail...)
	return x.Value().PMax(zero).Sub(t.Value().Mul(exp2(f, p)))
}

// geluTanhOp uses (1 + tanh(u))/2 = sigmoid(2u).
func geluTanhOp(f *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec {
	v := x.Value()
	u := f.MulAdd(v.Mul(v).Mul(v), held(f, 2*geluCubic*sqrt2ByPi), v.Mul(held(f, 2*sqrt2ByPi)))
	return v.Mul(sigmoid(f, u))
}

func erfOp(f *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec { return erf(f, x) }

func expOp(f *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec { return expWide(f, x.Value()) }

func logOp(f *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec { return log(f, x) }

func sqrtOp(_ *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec { return x.Value().Sqrt() }

func reciprocalOp(_ *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec { return one.Div(x.Value()) }

func negOp(_ *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec { return x.Value().Neg() }

func absOp(_ *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec { return x.Value().Abs() }

func leakyReluOp(_ *wasm.Func, x wasm.VecVar, alpha, _ wasm.Vec) wasm.Vec {
	return x.Value().Lt(zero).Choose(x.Value().Mul(alpha), x.Value())
}

func eluOp(f *wasm.Func, x wasm.VecVar, alpha, _ wasm.Vec) wasm.Vec {
	return x.Value().Lt(zero).Choose(alpha.Mul(expm1(f, x)), x.Value())
}

// softplusOp is max(x, 0) + log(1 + e^-|x|).
func softplusOp(f *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec {
	return x.Value().Max(zero).Add(log1p(f, expWide(f, x.Value().Abs().Neg())))
}

// mishOp uses tanh(log(1+e)) = w/(w+2) with w = e(e+2). For x > 20 the quotient
// is 1, and e is bounded so that w stays finite.
func mishOp(f *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec {
	e, w := f.Vec(), f.Vec()
	e.Set(expWide(f, x.Value().Min(held(f, 20))))
	w.Set(e.Value().Mul(e.Value().Add(held(f, 2))))
	return x.Value().Mul(w.Value().Div(w.Value().Add(held(f, 2))))
}

func floorOp(_ *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec { return x.Value().Floor() }

func ceilOp(_ *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec { return x.Value().Ceil() }

func roundOp(_ *wasm.Func, x wasm.VecVar, _, _ wasm.Vec) wasm.Vec { return x.Value().Nearest() }
