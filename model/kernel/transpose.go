package kernel

import "larder/model/kernel/wasm"

// TransposeArgs are the arguments of transpose, which turns batches of matrices:
//
//	for each batch
//	  for each 4 columns of the input, for each 4 of its rows
//	    load 4 vectors, turn them, store 4 vectors
//	  what remains, element by element; the last rows like those before, if what they
//	  lack of four is zeros
//	  output rows from Rows up to OutputColumns = 0
//
// With Rows channels of Columns pixels it makes NHWC of NCHW: InputStride is
// then a plane and OutputStride a pixel. The other way round it makes NCHW.
type TransposeArgs struct {
	Input, InputBatch, InputStride    uint32 // address, bytes from batch to batch, from row to row
	Output, OutputBatch, OutputStride uint32
	Batches                           uint32
	Rows, Columns                     uint32 // of the input
	OutputColumns                     uint32 // elements written to each row of the output: Rows or more, the rest is 0
}

// Words implements [Arguments].
func (a TransposeArgs) Words() []uint32 { return words(a) }

func emitTranspose(b *builder) *wasm.Func {
	strip := emitTransposeStrip(b.m)
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	thread, threads := f.Param(1), f.Param(2)
	var a TransposeArgs
	p := frameOf(f.Param(0), &a)
	strips, unit, unitEnd, batch, column := f.Int(), f.Int(), f.Int(), f.Int(), f.Int()

	// A unit of work is up to 4 columns of a batch: rows of the output.
	strips.Set(p.word(&a.Columns).Add(wasm.Const(3)).Shr(2))
	unitEnd.Set(p.word(&a.Batches).Mul(strips.Value()))
	unit.Set(share(unitEnd, thread.Value(), threads))
	unitEnd.Set(share(unitEnd, thread.Add(wasm.Const(1)), threads))
	f.While(unit.Lt(unitEnd.Value()), func() {
		batch.Set(unit.Div(strips.Value()))
		column.Set(unit.Rem(strips.Value()).Shl(2))
		in := p.word(&a.Input).Add(batch.Mul(p.word(&a.InputBatch))).Add(column.Shl(2))
		out := p.word(&a.Output).Add(batch.Mul(p.word(&a.OutputBatch))).Add(column.Mul(p.word(&a.OutputStride)))
		f.Call(strip, p.at.Value(), in, out, p.word(&a.Columns).Sub(column.Value()).Min(wasm.Const(4)))
		unit.Inc(1)
	})
	return f
}

// emitTransposeStrip adds strip(args, in, out, columns) for 1 to 4 columns.
func emitTransposeStrip(m *wasm.Module) *wasm.Func {
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	in, out, columns := f.Param(1), f.Param(2), f.Param(3)
	var a TransposeArgs
	p := frameOf(f.Param(0), &a)
	from, to, end, stride, outStride, column := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	stride.Set(p.word(&a.InputStride))
	outStride.Set(p.word(&a.OutputStride))
	from.Set(in.Value())
	f.If(columns.Eq(wasm.Const(4)), func() {
		end.Set(out.Add(p.word(&a.Rows).And(wasm.Const(-4)).Shl(2)))
		v := f.Vecs(4)
		turn := func() {
			turned(f, v, func(row int, v wasm.Vec) {
				if row == 0 {
					to.Set(out.Value())
				} else {
					to.Set(to.Add(outStride.Value()))
				}
				f.StoreVec(to.Value(), 0, v)
			})
			out.Inc(16)
		}
		f.While(out.Lt(end.Value()), func() {
			for i := range v {
				v[i].Set(from.LoadVec(0))
				from.Set(from.Add(stride.Value()))
			}
			turn()
		})
		in.Set(from.Value())
		left := p.word(&a.Rows).And(wasm.Const(3))
		// The last rows, if that makes nothing but the zeros behind them.
		f.If(wasm.Const(0).Lt(left).And(p.word(&a.OutputColumns).Sub(p.word(&a.Rows)).Eq(wasm.Const(4).Sub(left))), func() {
			for i := range v { // a row that is not there is the last one, and none of it
				v[i].Set(from.LoadVec(0).And(wasm.SplatInt(wasm.Const(0).Sub(wasm.Const(i).Lt(left)))))
				from.Set(from.Add(wasm.Select(wasm.Const(i+1).Lt(left), stride.Value(), wasm.Const(0))))
			}
			turn()
			columns.Set(wasm.Const(0))
		})
	})
	// Now out is the first element of its row that is missing, in its source.
	f.For(column, wasm.Const(0), columns.Value(), 1, func() {
		from.Set(in.Add(column.Shl(2)))
		to.Set(out.Add(column.Mul(outStride.Value())))
		rowStart := p.word(&a.Rows).Shl(2)
		end.Set(to.Add(wasm.Select(columns.Eq(wasm.Const(4)), p.word(&a.Rows).And(wasm.Const(3)).Shl(2), rowStart)))
		f.While(to.Lt(end.Value()), func() {
			f.Store(to.Value(), 0, from.Load(0))
			from.Set(from.Add(stride.Value()))
			to.Inc(4)
		})
		end.Set(end.Add(p.word(&a.OutputColumns).Sub(p.word(&a.Rows)).Shl(2)))
		f.While(to.Lt(end.Value()), func() {
			f.Store(to.Value(), 0, wasm.Const(0))
			to.Inc(4)
		})
	})
	return f
}

// turn4 loads four vectors stride bytes apart, moves from behind them, and calls
// store with the rows of the transposed 4x4 block.
func turn4(f *wasm.Func, from, stride wasm.IntVar, store func(row int, v wasm.Vec)) {
	v := f.Vecs(4)
	for i := range v {
		v[i].Set(from.LoadVec(0))
		from.Set(from.Add(stride.Value()))
	}
	turned(f, v, store)
}

// turned calls store with the rows of a 4x4 block, transposed.
func turned(f *wasm.Func, v []wasm.VecVar, store func(row int, v wasm.Vec)) {
	t := f.Vecs(4)
	for i := range 2 {
		x, y := v[2*i].Value(), v[2*i+1].Value()
		t[2*i].Set(x.Shuffle32(y, 0, 4, 1, 5))
		t[2*i+1].Set(x.Shuffle32(y, 2, 6, 3, 7))
	}
	for i := range 2 {
		store(2*i, t[i].Value().Shuffle32(t[i+2].Value(), 0, 1, 4, 5))
		store(2*i+1, t[i].Value().Shuffle32(t[i+2].Value(), 2, 3, 6, 7))
	}
}
