package kernel

import "larder/model/kernel/wasm"

// CopyArgs are the arguments of copy, which moves rows: a part of a Concat or
// Split, a Slice, a Pad's middle.
//
//	for each row: copy Bytes, then clear Zeros bytes
//
// All numbers are multiples of 4. Input and output must not overlap.
type CopyArgs struct {
	Input, InputStride   uint32 // address, bytes from row to row
	Output, OutputStride uint32
	Rows                 uint32
	Bytes                uint32 // bytes of a row that are copied
	Zeros                uint32 // bytes behind them that are set to 0
}

// Words implements [Arguments].
func (a CopyArgs) Words() []uint32 { return words(a) }

func emitCopy(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	thread, threads := f.Param(1), f.Param(2)
	var a CopyArgs
	p := frameOf(f.Param(0), &a)
	row, rowEnd, in, out, end := f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	rowEnd.Set(p.word(&a.Rows))
	row.Set(share(rowEnd, thread.Value(), threads))
	rowEnd.Set(share(rowEnd, thread.Add(wasm.Const(1)), threads))
	f.While(row.Lt(rowEnd.Value()), func() {
		in.Set(p.word(&a.Input).Add(row.Mul(p.word(&a.InputStride))))
		out.Set(p.word(&a.Output).Add(row.Mul(p.word(&a.OutputStride))))
		end.Set(out.Add(p.word(&a.Bytes)))
		copyRun(f, b.copyLong, out, end, in)
		end.Set(end.Add(p.word(&a.Zeros)))
		fillRun(f, out, end, zero)
		row.Inc(1)
	})
	return f
}

// longRun is the length in bytes from which a copy is worth a call.
const longRun = 256

// emitCopyLong adds copyLong(to, end, from) for a multiple of 16 bytes.
func emitCopyLong(m *wasm.Module) *wasm.Func {
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32)
	to, end, from := f.Param(0), f.Param(1), f.Param(2)
	sweep(f, to, end.Sub(to.Value()), []wasm.IntVar{from}, func(off int) {
		f.StoreVec(to.Value(), off, from.LoadVec(off))
	})
	return f
}

// copyRun copies words from from up to end and leaves to and from behind them.
func copyRun(f *wasm.Func, long *wasm.Func, to, end, from wasm.IntVar) {
	bytes := f.Int()
	bytes.Set(end.Sub(to.Value()).And(wasm.Const(-16)))
	f.If(bytes.Ge(wasm.Const(longRun)), func() {
		f.Call(long, to.Value(), to.Add(bytes.Value()), from.Value())
		to.Set(to.Add(bytes.Value()))
		from.Set(from.Add(bytes.Value()))
	})
	f.While(to.Add(wasm.Const(15)).Lt(end.Value()), func() {
		f.StoreVec(to.Value(), 0, from.LoadVec(0))
		to.Inc(16)
		from.Inc(16)
	})
	f.While(to.Lt(end.Value()), func() {
		f.Store(to.Value(), 0, from.Load(0))
		to.Inc(4)
		from.Inc(4)
	})
}

// fillRun writes v, the same in all lanes, up to end and leaves to there.
func fillRun(f *wasm.Func, to, end wasm.IntVar, v wasm.Vec) {
	f.While(to.Add(wasm.Const(15)).Lt(end.Value()), func() {
		f.StoreVec(to.Value(), 0, v)
		to.Inc(16)
	})
	f.While(to.Lt(end.Value()), func() {
		f.StoreLane(to.Value(), 0, v, 0)
		to.Inc(4)
	})
}

// FillArgs are the arguments of fill: for each row, Bytes bytes become Value.
// It clears the lanes behind the columns, and a Pad's borders.
type FillArgs struct {
	Output, OutputStride uint32 // address, bytes from row to row
	Rows                 uint32
	Bytes                uint32 // bytes of a row, a multiple of 4
	Value                float32
}

// Words implements [Arguments].
func (a FillArgs) Words() []uint32 { return words(a) }

func emitFill(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	thread, threads := f.Param(1), f.Param(2)
	var a FillArgs
	p := frameOf(f.Param(0), &a)
	row, rowEnd, out, end := f.Int(), f.Int(), f.Int(), f.Int()
	v := f.Vec()
	v.Set(p.splat(&a.Value))
	rowEnd.Set(p.word(&a.Rows))
	row.Set(share(rowEnd, thread.Value(), threads))
	rowEnd.Set(share(rowEnd, thread.Add(wasm.Const(1)), threads))
	f.While(row.Lt(rowEnd.Value()), func() {
		out.Set(p.word(&a.Output).Add(row.Mul(p.word(&a.OutputStride))))
		end.Set(out.Add(p.word(&a.Bytes)))
		fillRun(f, out, end, v.Value())
		row.Inc(1)
	})
	return f
}

// CopyRank is the number of dimensions of a strided copy.
const CopyRank = 6

// StridedCopyArgs are the arguments of strided-copy, which moves runs of words
// between any two layouts: a Transpose, an Expand, a Slice with steps.
//
//	for each index of the dimensions but the last
//	  for each index of the last: copy a run
//
// Fewer dimensions are padded with 1 in front. A stride may be 0, which repeats
// the input, or negative (two's complement). Input and output must not overlap.
type StridedCopyArgs struct {
	Input, Output uint32           // addresses
	Run           uint32           // bytes of a run, a multiple of 4
	Dims          [CopyRank]uint32 // runs in each dimension
	InputStrides  [CopyRank]uint32 // bytes from index to index
	OutputStrides [CopyRank]uint32
}

// Words implements [Arguments].
func (a StridedCopyArgs) Words() []uint32 { return words(a) }

func emitStridedCopy(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	thread, threads := f.Param(1), f.Param(2)
	var a StridedCopyArgs
	p := frameOf(f.Param(0), &a)
	line := emitStridedLine(b)
	unit, unitEnd, rest, index, in, out := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()

	unitEnd.Set(wasm.Const(1))
	for d := range CopyRank - 1 {
		unitEnd.Set(unitEnd.Mul(p.word(&a.Dims[d])))
	}
	unit.Set(share(unitEnd, thread.Value(), threads))
	unitEnd.Set(share(unitEnd, thread.Add(wasm.Const(1)), threads))
	f.While(unit.Lt(unitEnd.Value()), func() {
		rest.Set(unit.Value())
		in.Set(p.word(&a.Input))
		out.Set(p.word(&a.Output))
		for d := CopyRank - 2; d >= 0; d-- {
			f.If(wasm.Const(1).Lt(p.word(&a.Dims[d])), func() {
				index.Set(rest.Rem(p.word(&a.Dims[d])))
				rest.Set(rest.Div(p.word(&a.Dims[d])))
				in.Set(in.Add(index.Mul(p.word(&a.InputStrides[d]))))
				out.Set(out.Add(index.Mul(p.word(&a.OutputStrides[d]))))
			})
		}
		f.Call(line, p.at.Value(), in.Value(), out.Value())
		unit.Inc(1)
	})
	return f
}

// emitStridedLine adds line(args, in, out): the copies of the last dimension.
func emitStridedLine(b *builder) *wasm.Func {
	const last = CopyRank - 1
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	in, out := f.Param(1), f.Param(2)
	var a StridedCopyArgs
	p := frameOf(f.Param(0), &a)
	n, from, to, end, byIn, byOut := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	byIn.Set(p.word(&a.InputStrides[last]))
	byOut.Set(p.word(&a.OutputStrides[last]))
	each := func(body func()) func() {
		return func() {
			f.For(n, wasm.Const(0), p.word(&a.Dims[last]), 1, func() {
				body()
				in.Set(in.Add(byIn.Value()))
				out.Set(out.Add(byOut.Value()))
			})
		}
	}
	f.IfElse(p.word(&a.Run).Eq(wasm.Const(4)),
		each(func() { f.Store(out.Value(), 0, in.Load(0)) }),
		each(func() {
			from.Set(in.Value())
			to.Set(out.Value())
			end.Set(out.Add(p.word(&a.Run)))
			copyRun(f, b.copyLong, to, end, from)
		}))
	return f
}
