package kernel

import "larder/model/kernel/wasm"

// BinaryArgs are the arguments of an elementwise kernel of two operands.
//
//	for each of Outer blocks
//	  for each of Rows rows
//	    for each vector: output = clamp(op(a, b))
//	    lanes of the last vector from Tail on = 0
//
// A stride of 0 repeats an operand: BRow = 0 is one value for each channel, or
// with BOuter one for each channel of each image. Where a row of an operand has
// a single element, its Single is 1. Output may be A or B, if that is not
// repeated.
type BinaryArgs struct {
	A, AOuter, ARow, ASingle uint32 // address, bytes from block to block, from row to row
	B, BOuter, BRow, BSingle uint32 // at most one operand is single
	Output, OutOuter, OutRow uint32
	Outer, Rows              uint32
	Vecs                     uint32 // vectors in a row of the output
	Tail                     uint32 // lanes of a row's last vector that count; 0: all four
	Low, High                float32
}

// Words implements [Arguments].
func (a BinaryArgs) Words() []uint32 { return words(a) }

// binaryOp makes the result of one vector.
type binaryOp func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec

// emitBinary returns the emitter of a kernel.
func emitBinary(op binaryOp) emitter {
	return func(b *builder) *wasm.Func {
		both := emitBinaryPiece(b.m, op, false, false)
		singleA := emitBinaryPiece(b.m, op, true, false)
		singleB := emitBinaryPiece(b.m, op, false, true)
		f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
		var a BinaryArgs
		p := frameOf(f.Param(0), &a)
		outer, row, x, y, out, end := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
		s := shareRows(f, p.word(&a.Outer).Mul(p.word(&a.Rows)), p.word(&a.Vecs), f.Param(1), f.Param(2))
		place := func(v wasm.IntVar, base, byOuter, byRow *uint32) {
			v.Set(p.word(base).Add(outer.Mul(p.word(byOuter))).Add(row.Mul(p.word(byRow))))
		}
		s.each(f, func() {
			outer.Set(s.row.Div(p.word(&a.Rows)))
			row.Set(s.row.Sub(outer.Mul(p.word(&a.Rows))))
			place(x, &a.A, &a.AOuter, &a.ARow)
			place(y, &a.B, &a.BOuter, &a.BRow)
			place(out, &a.Output, &a.OutOuter, &a.OutRow)
			f.If(p.word(&a.ASingle).Not(), func() { x.Set(x.Add(s.vec.Shl(4))) })
			f.If(p.word(&a.BSingle).Not(), func() { y.Set(y.Add(s.vec.Shl(4))) })
			out.Set(out.Add(s.vec.Shl(4)))
			end.Set(out.Add(s.vecEnd.Sub(s.vec.Value()).Shl(4)))
			pieces(f, out, end, func(bytes wasm.IntVar) {
				call := func(inner *wasm.Func, moving ...wasm.IntVar) func() {
					return func() {
						f.Call(inner, p.at.Value(), x.Value(), y.Value(), out.Value(), bytes.Value())
						for _, v := range moving {
							v.Set(v.Add(bytes.Value()))
						}
					}
				}
				f.IfElse(p.word(&a.ASingle), call(singleA, y), func() {
					f.IfElse(p.word(&a.BSingle), call(singleB, x), call(both, x, y))
				})
			})
			f.If(s.vecEnd.Eq(p.word(&a.Vecs)), func() { clearTail(f, end, p.word(&a.Tail)) })
		})
		return f
	}
}

// emitBinaryPiece adds piece(args, a, b, out, bytes); a single operand is one
// float.
func emitBinaryPiece(m *wasm.Module, op binaryOp, singleA, singleB bool) *wasm.Func {
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	var a BinaryArgs
	p := frameOf(f.Param(0), &a)
	x, y, out, bytes := f.Param(1), f.Param(2), f.Param(3), f.Param(4)
	u, v, low, high := f.Vec(), f.Vec(), f.Vec(), f.Vec()
	low.Set(p.splat(&a.Low))
	high.Set(p.splat(&a.High))
	var moving []wasm.IntVar
	if singleA {
		u.Set(x.LoadSplat(0))
	} else {
		moving = append(moving, x)
	}
	if singleB {
		v.Set(y.LoadSplat(0))
	} else {
		moving = append(moving, y)
	}
	sweep(f, out, bytes.Value(), moving, func(off int) {
		if !singleA {
			u.Set(x.LoadVec(off))
		}
		if !singleB {
			v.Set(y.LoadVec(off))
		}
		f.StoreVec(out.Value(), off, op(f, u, v).PMax(low.Value()).PMin(high.Value()))
	})
	return f
}

func addOp(_ *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Add(b.Value()) }

func subOp(_ *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Sub(b.Value()) }

func mulOp(_ *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Mul(b.Value()) }

func divOp(_ *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Div(b.Value()) }

func minOp(_ *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Min(b.Value()) }

func maxOp(_ *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Max(b.Value()) }

func powOp(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return pow(f, a, b) }

func preluOp(_ *wasm.Func, a, b wasm.VecVar) wasm.Vec {
	return a.Value().Lt(zero).Choose(a.Value().Mul(b.Value()), a.Value())
}

// ScaleShiftArgs are the arguments of scale-shift, a batch normalisation that
// no convolution took in.
//
//	for each row, for each vector: output = clamp(input*scale + shift)
type ScaleShiftArgs struct {
	Input, InputStride   uint32 // address, bytes from row to row
	Output, OutputStride uint32
	Scale, Shift         uint32 // addresses of one row each; 0 in lanes that do not count
	Rows                 uint32
	Vecs                 uint32 // vectors in a row
	Low, High            float32
}

// Words implements [Arguments].
func (a ScaleShiftArgs) Words() []uint32 { return words(a) }

func emitScaleShift(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	var a ScaleShiftArgs
	p := frameOf(f.Param(0), &a)
	in, out, scale, shift, first := f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	low, high := f.Vec(), f.Vec()
	low.Set(p.splat(&a.Low))
	high.Set(p.splat(&a.High))
	s := shareRows(f, p.word(&a.Rows), p.word(&a.Vecs), f.Param(1), f.Param(2))
	first.Set(s.vec.Shl(4))
	s.each(f, func() {
		in.Set(p.word(&a.Input).Add(s.row.Mul(p.word(&a.InputStride))).Add(first.Value()))
		out.Set(p.word(&a.Output).Add(s.row.Mul(p.word(&a.OutputStride))).Add(first.Value()))
		scale.Set(p.word(&a.Scale).Add(first.Value()))
		shift.Set(p.word(&a.Shift).Add(first.Value()))
		sweep(f, out, s.vecEnd.Sub(s.vec.Value()).Shl(4), []wasm.IntVar{in, scale, shift}, func(off int) {
			v := f.MulAdd(in.LoadVec(off), scale.LoadVec(off), shift.LoadVec(off))
			f.StoreVec(out.Value(), off, v.PMax(low.Value()).PMin(high.Value()))
		})
	})
	return f
}
