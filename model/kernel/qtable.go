package kernel

import "larder/model/kernel/wasm"

// QTableArgs are the arguments of qtable, any function of a 16-bit integer of which
// nine bits count:
//
//	for each element: output = table[input & 511]
type QTableArgs struct {
	Input, Output uint32 // addresses
	Fours         uint32
	Table         uint32 // address of QTableSize 16-bit integers
}

// Words implements [Arguments].
func (a QTableArgs) Words() []uint32 { return words(a) }

// QTableSize is the elements of a table: an 8-bit value without its zero point
// has nine bits.
const QTableSize = 512

func emitQTable(b *builder) *wasm.Func {
	var a QTableArgs
	return emitFours(b, &a, &a.Fours, []moving{{&a.Input, 8}, {&a.Output, 8}}, func(f *wasm.Func, p frame, at []wasm.IntVar) {
		table, two := f.Int(), f.Int()
		table.Set(p.word(&a.Table))
		entry := func(twice wasm.Int) wasm.Int {
			return table.Add(twice.And(wasm.Const(2 * (QTableSize - 1)))).Load16(0)
		}
		f.While(at[1].Lt(at[2].Value()), func() {
			for off := 0; off < 8; off += 4 {
				two.Set(at[0].Load(off))
				f.Store(at[1].Value(), off, entry(two.Shl(1)).Or(entry(two.Shr(15)).Shl(16)))
			}
			at[0].Inc(8)
			at[1].Inc(8)
		})
	})
}

// QMulArgs are the arguments of qmul, a scaled product of 16-bit integers element
// by element, the second repeated for many rows:
//
//	for each row, for each four: output = clamp(float(a*b[row/Repeat])*Scale), rounded to even
//
// Rows are without gaps, those of b too. Output may be A.
type QMulArgs struct {
	A, B, Output uint32 // addresses
	Rows, Fours  uint32 // of A and the output; fours in a row
	Repeat       uint32 // rows of A for one of B
	Scale        float32
	Low, High    float32
}

// Words implements [Arguments].
func (a QMulArgs) Words() []uint32 { return words(a) }

func emitQMul(b *builder) *wasm.Func {
	var a QMulArgs
	row := b.m.Func("", wasm.I32, wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	inner := []wasm.IntVar{row.Param(1), row.Param(2), row.Param(3), row.Param(4)}
	p := frameOf(row.Param(0), &a)
	magic, scale, low, high := row.Vec(), row.Vec(), row.Vec(), row.Vec()
	setMagic(magic)
	scale.Set(p.splat(&a.Scale))
	low.Set(p.splat(&a.Low))
	high.Set(p.splat(&a.High))
	eachFour(row, inner, func(off int) wasm.Vec {
		v := inner[0].LoadWide16(off).MulInt(inner[1].LoadWide16(off)).ToFloat().Mul(scale.Value())
		return rounded(v.PMax(low.Value()).PMin(high.Value()), magic)
	})

	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	p = frameOf(f.Param(0), &a)
	at, end, bytes := f.Int(), f.Int(), f.Int()
	bytes.Set(p.word(&a.Fours).Shl(3))
	end.Set(p.word(&a.Rows))
	at.Set(share(end, f.Param(1).Value(), f.Param(2)))
	end.Set(share(end, f.Param(1).Add(wasm.Const(1)), f.Param(2)))
	f.While(at.Lt(end.Value()), func() {
		out := p.word(&a.Output).Add(at.Mul(bytes.Value()))
		f.Call(row, p.at.Value(), p.word(&a.A).Add(at.Mul(bytes.Value())), p.word(&a.B).Add(at.Div(p.word(&a.Repeat)).Mul(bytes.Value())),
			out, out.Add(bytes.Value()))
		at.Inc(1)
	})
	return f
}
