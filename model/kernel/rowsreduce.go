package kernel

import "larder/model/kernel/wasm"

// RowsArgs are the arguments of sum-rows and its like, which make one row of
// many: a global pool takes the pixels of each image.
//
//	for each image, for each four vectors, and each vector of the rest
//	  for each block of rows
//	    for each row of it: acc = op(acc, row)
//	    total = op(total, acc)
//	  output = total, or total / Rows
//
// Blocks keep the error of a long sum small.
type RowsArgs struct {
	Input, ImageStride, RowStride uint32 // address, bytes from image to image, from row to row
	Output, OutputStride          uint32 // address, bytes from image to image
	Images                        uint32
	Rows                          uint32 // rows of an image, at least 1
	Vecs                          uint32 // vectors in a row
}

// Words implements [Arguments].
func (a RowsArgs) Words() []uint32 { return words(a) }

// sumBlock is the number of rows that are added before their sum is taken in.
const sumBlock = 64

// emitRows returns the emitter of a kernel.
func emitRows(how pooling) emitter {
	return func(b *builder) *wasm.Func {
		column := map[int]*wasm.Func{}
		for _, n := range []int{poolGroup, 1} {
			column[n] = emitRowsColumn(b.m, how, n)
		}
		f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
		thread, threads := f.Param(1), f.Param(2)
		var a RowsArgs
		p := frameOf(f.Param(0), &a)
		groups, unit, unitEnd, image, vec, vecEnd := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()

		// A unit of work is a group of vectors in an image.
		groups.Set(p.word(&a.Vecs).Add(wasm.Const(poolGroup - 1)).Div(wasm.Const(poolGroup)))
		unitEnd.Set(p.word(&a.Images).Mul(groups.Value()))
		unit.Set(share(unitEnd, thread.Value(), threads))
		unitEnd.Set(share(unitEnd, thread.Add(wasm.Const(1)), threads))
		f.While(unit.Lt(unitEnd.Value()), func() {
			image.Set(unit.Div(groups.Value()))
			vec.Set(unit.Rem(groups.Value()).Mul(wasm.Const(poolGroup)))
			vecEnd.Set(vec.Add(wasm.Const(poolGroup)).Min(p.word(&a.Vecs)))
			for _, n := range []int{poolGroup, 1} {
				f.While(vec.Add(wasm.Const(n-1)).Lt(vecEnd.Value()), func() {
					in := p.word(&a.Input).Add(image.Mul(p.word(&a.ImageStride))).Add(vec.Shl(4))
					out := p.word(&a.Output).Add(image.Mul(p.word(&a.OutputStride))).Add(vec.Shl(4))
					f.Call(column[n], p.at.Value(), in, out)
					vec.Inc(n)
				})
			}
			unit.Inc(1)
		})
		return f
	}
}

// emitRowsColumn adds column(args, in, out) for n neighbouring vectors.
func emitRowsColumn(m *wasm.Module, how pooling, n int) *wasm.Func {
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32)
	in, out := f.Param(1), f.Param(2)
	var a RowsArgs
	p := frameOf(f.Param(0), &a)
	row, blockEnd, stride := f.Int(), f.Int(), f.Int()
	acc, total := f.Vecs(n), f.Vecs(n)

	stride.Set(p.word(&a.RowStride))
	for v := range n {
		total[v].Set(wasm.LanesOf(how.start))
	}
	f.While(row.Lt(p.word(&a.Rows)), func() {
		blockEnd.Set(row.Add(wasm.Const(sumBlock)).Min(p.word(&a.Rows)))
		for v := range n {
			acc[v].Set(wasm.LanesOf(how.start))
		}
		f.While(row.Lt(blockEnd.Value()), func() {
			for v := range n {
				acc[v].Set(how.add(acc[v].Value(), in.LoadVec(v*16)))
			}
			in.Set(in.Add(stride.Value()))
			row.Inc(1)
		})
		for v := range n {
			total[v].Set(how.add(total[v].Value(), acc[v].Value()))
		}
	})
	for v := range n {
		if how.mean {
			total[v].Set(total[v].Value().Div(wasm.SplatInt(p.word(&a.Rows)).ToFloat()))
		}
		f.StoreVec(out.Value(), v*16, total[v].Value())
	}
	return f
}
