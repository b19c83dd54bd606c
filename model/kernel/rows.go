package kernel

import "larder/model/kernel/wasm"

// pieceVecs is the number of vectors that an inner function does in one call: a
// piece stays in the first-level cache, and a function that is called often is
// soon replaced by its optimised form.
const pieceVecs = 1024

// rowShare is the part of a matrix that a thread works on: some of the rows, or
// where there are few, some of the vectors of each row.
type rowShare struct {
	row, rowEnd, vec, vecEnd wasm.IntVar
}

// shareRows sets the share of a thread in rows of vecs vectors.
func shareRows(f *wasm.Func, rows, vecs wasm.Int, thread, threads wasm.IntVar) rowShare {
	s := rowShare{f.Int(), f.Int(), f.Int(), f.Int()}
	n := f.Int()
	s.rowEnd.Set(rows)
	s.vecEnd.Set(vecs)
	f.IfElse(rows.Lt(threads.Shl(1)),
		func() {
			n.Set(vecs)
			s.vec.Set(share(n, thread.Value(), threads))
			s.vecEnd.Set(share(n, thread.Add(wasm.Const(1)), threads))
		},
		func() {
			n.Set(rows)
			s.row.Set(share(n, thread.Value(), threads))
			s.rowEnd.Set(share(n, thread.Add(wasm.Const(1)), threads))
		})
	return s
}

// each calls body for each row of the share, if there is something to do in it.
func (s rowShare) each(f *wasm.Func, body func()) {
	f.If(s.vec.Lt(s.vecEnd.Value()), func() {
		f.While(s.row.Lt(s.rowEnd.Value()), func() {
			body()
			s.row.Inc(1)
		})
	})
}

// pieces calls body with the length in bytes of each piece from out up to end.
func pieces(f *wasm.Func, out, end wasm.IntVar, body func(bytes wasm.IntVar)) {
	bytes := f.Int()
	f.While(out.Lt(end.Value()), func() {
		bytes.Set(end.Sub(out.Value()).Min(wasm.Const(pieceVecs * 16)))
		body(bytes)
		out.Set(out.Add(bytes.Value()))
	})
}

// clearTail sets the lanes from tail on of the vector in front of address end
// to 0, unless tail is 0.
func clearTail(f *wasm.Func, end wasm.IntVar, tail wasm.Int) {
	f.If(tail, func() {
		f.StoreVec(end.Sub(wasm.Const(16)), 0, end.Sub(wasm.Const(16)).LoadVec(0).And(laneMask(tail)))
	})
}

// laneMask has all ones in the first n lanes.
func laneMask(n wasm.Int) wasm.Vec {
	return laneNumbers().Lt(wasm.SplatInt(n).ToFloat())
}

// laneNumbers is the vector 0, 1, 2, 3.
func laneNumbers() wasm.Vec { return wasm.LanesEach(0, 1, 2, 3) }

// sweep calls body with the offset of each vector from out up to out+bytes,
// four in a row while there are as many, and moves the pointers along.
func sweep(f *wasm.Func, out wasm.IntVar, bytes wasm.Int, moving []wasm.IntVar, body func(off int)) {
	end := f.Int()
	end.Set(out.Add(bytes))
	for _, n := range []int{4, 1} {
		f.While(out.Add(wasm.Const(n*16-1)).Lt(end.Value()), func() {
			for u := range n {
				body(u * 16)
			}
			for _, v := range append(moving, out) {
				v.Inc(n * 16)
			}
		})
	}
}
