package kernel

import "larder/model/kernel/wasm"

// LastArgs are the arguments of the kernels along the last dimension.
//
// Softmax and log-softmax, which write rows and set the lanes behind Columns to 0:
//
//	for each row
//	  top = max(row)
//	  sum = Σ e^(x - top)
//	  output = e^(x - top) / sum, or x - top - log(sum)
//
// Sum-last and its like, which write one float for each row, followed by three
// zeros if OutputStride is 16 or more:
//
//	for each row
//	  for each vector: acc = op(acc, vector)
//	  output = op of the lanes of acc, or that / Columns
type LastArgs struct {
	Input, InputStride   uint32 // address, bytes from row to row
	Output, OutputStride uint32
	Rows                 uint32
	Columns              uint32 // elements of a row that count, at least 1
}

// Words implements [Arguments].
func (a LastArgs) Words() []uint32 { return words(a) }

// eachRow calls body for each row of a thread's share with the row's addresses.
func eachRow(f *wasm.Func, p frame, a *LastArgs, body func(in, out wasm.IntVar)) {
	thread, threads := f.Param(1), f.Param(2)
	row, rowEnd, in, out := f.Int(), f.Int(), f.Int(), f.Int()
	rowEnd.Set(p.word(&a.Rows))
	row.Set(share(rowEnd, thread.Value(), threads))
	rowEnd.Set(share(rowEnd, thread.Add(wasm.Const(1)), threads))
	f.While(row.Lt(rowEnd.Value()), func() {
		in.Set(p.word(&a.Input).Add(row.Mul(p.word(&a.InputStride))))
		out.Set(p.word(&a.Output).Add(row.Mul(p.word(&a.OutputStride))))
		body(in, out)
		row.Inc(1)
	})
}

// rowFold is what a fold along a row needs: the place behind its last whole
// vector, and its last lanes.
type rowFold struct {
	f     *wasm.Func
	bytes wasm.IntVar // of the whole vectors
	tail  wasm.IntVar // lanes behind them
	mask  wasm.VecVar
	at    wasm.IntVar
	end   wasm.IntVar
	to    wasm.IntVar
	y     wasm.VecVar
}

// newRowFold prepares folds along rows of columns elements.
func newRowFold(f *wasm.Func, columns wasm.Int) rowFold {
	r := rowFold{f, f.Int(), f.Int(), f.Vec(), f.Int(), f.Int(), f.Int(), f.Vec()}
	r.bytes.Set(columns.Shr(2).Shl(4))
	r.tail.Set(columns.And(wasm.Const(3)))
	r.mask.Set(laneMask(r.tail.Value()))
	return r
}

// fold sets acc to start and calls add with the vectors from address in on,
// four accumulators at a time; lanes behind the columns are start. combine makes
// one accumulator of two.
func (r rowFold) fold(acc wasm.VecVar, in wasm.Int, start wasm.Vec, add func(acc, x wasm.Vec) wasm.Vec, combine func(a, b wasm.Vec) wasm.Vec) {
	f, accs := r.f, append([]wasm.VecVar{acc}, r.f.Vecs(3)...)
	for _, v := range accs {
		v.Set(start)
	}
	r.at.Set(in)
	r.end.Set(r.at.Add(r.bytes.Value()))
	for _, n := range []int{4, 1} {
		f.While(r.at.Add(wasm.Const(n*16-1)).Lt(r.end.Value()), func() {
			for u := range n {
				accs[u].Set(add(accs[u].Value(), r.at.LoadVec(u*16)))
			}
			r.at.Inc(n * 16)
		})
	}
	f.If(r.tail.Value(), func() {
		accs[1].Set(r.mask.Value().Choose(add(accs[1].Value(), r.at.LoadVec(0)), accs[1].Value()))
	})
	accs[0].Set(combine(accs[0].Value(), accs[1].Value()))
	accs[2].Set(combine(accs[2].Value(), accs[3].Value()))
	acc.Set(combine(accs[0].Value(), accs[2].Value()))
}

// apply writes op of each vector of the row at in to the row at out, with 0 in
// the lanes behind the columns, and calls after with what it has written.
func (r rowFold) apply(in, out wasm.IntVar, op func(v wasm.Vec) wasm.Vec, after func(y wasm.Vec)) {
	f := r.f
	r.at.Set(in.Value())
	r.to.Set(out.Value())
	r.end.Set(in.Add(r.bytes.Value()))
	f.While(r.at.Lt(r.end.Value()), func() {
		r.y.Set(op(r.at.LoadVec(0)))
		f.StoreVec(r.to.Value(), 0, r.y.Value())
		after(r.y.Value())
		r.at.Inc(16)
		r.to.Inc(16)
	})
	f.If(r.tail.Value(), func() {
		r.y.Set(op(r.at.LoadVec(0)).And(r.mask.Value()))
		f.StoreVec(r.to.Value(), 0, r.y.Value())
		after(r.y.Value())
	})
}

// whole is the bytes of a row, its last vector included.
func (r rowFold) whole() wasm.Int {
	return r.bytes.Add(wasm.Select(r.tail.Value(), wasm.Const(16), wasm.Const(0)))
}

// lanes sets acc to the combination of its lanes, in all of them.
func lanes(acc wasm.VecVar, combine func(a, b wasm.Vec) wasm.Vec) {
	acc.Set(combine(acc.Value(), acc.Value().Shuffle32(acc.Value(), 2, 3, 0, 1)))
	acc.Set(combine(acc.Value(), acc.Value().Shuffle32(acc.Value(), 1, 0, 3, 2)))
}

// emitLast returns the emitter of a reduction.
func emitLast(how pooling) emitter {
	return func(b *builder) *wasm.Func {
		f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
		var a LastArgs
		p := frameOf(f.Param(0), &a)
		acc, divisor := f.Vec(), f.Vec()
		r := newRowFold(f, p.word(&a.Columns))
		divisor.Set(wasm.SplatInt(p.word(&a.Columns)).ToFloat())
		eachRow(f, p, &a, func(in, out wasm.IntVar) {
			r.fold(acc, in.Value(), wasm.LanesOf(how.start), how.add, how.add)
			lanes(acc, how.add)
			if how.mean {
				acc.Set(acc.Value().Div(divisor.Value()))
			}
			f.IfElse(p.word(&a.OutputStride).Lt(wasm.Const(16)),
				func() { f.StoreLane(out.Value(), 0, acc.Value(), 0) },
				func() { f.StoreVec(out.Value(), 0, acc.Value().And(laneMask(wasm.Const(1)))) })
		})
		return f
	}
}
