package kernel

import "larder/model/kernel/wasm"

// PackArgs are the arguments of pack-columns, which packs a matrix that is not
// a constant as gemm wants its weights: panels of PanelCols columns.
//
//	for each batch, for each panel
//	  for each k below K, for each column: output = input
//	  columns behind N, and k from K up to PackedK = 0
//
// The matrix is K rows of N columns; swapped strides transpose it.
type PackArgs struct {
	Input, InputBatch   uint32 // address, bytes from batch to batch
	KStride, NStride    uint32 // bytes from row to row, from column to column
	Output, OutputBatch uint32
	Batches             uint32
	K, N                uint32
	PackedK             uint32 // K of the product, K rounded up to a multiple of 4
}

// Words implements [Arguments].
func (a PackArgs) Words() []uint32 { return words(a) }

// PackedBytes returns the size of the packed form of a matrix.
func PackedBytes(packedK, n int) int {
	return (n + PanelCols - 1) / PanelCols * packedK * PanelCols * 4
}

func emitPack(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	thread, threads := f.Param(1), f.Param(2)
	var a PackArgs
	p := frameOf(f.Param(0), &a)
	panels, unit, unitEnd, batch, panel := f.Int(), f.Int(), f.Int(), f.Int(), f.Int()

	panels.Set(p.word(&a.N).Add(wasm.Const(PanelCols - 1)).Div(wasm.Const(PanelCols)))
	unitEnd.Set(p.word(&a.Batches).Mul(panels.Value()))
	unit.Set(share(unitEnd, thread.Value(), threads))
	unitEnd.Set(share(unitEnd, thread.Add(wasm.Const(1)), threads))
	f.While(unit.Lt(unitEnd.Value()), func() {
		batch.Set(unit.Div(panels.Value()))
		panel.Set(unit.Rem(panels.Value()))
		column := panel.Mul(wasm.Const(PanelCols))
		in := p.word(&a.Input).Add(batch.Mul(p.word(&a.InputBatch))).Add(column.Mul(p.word(&a.NStride)))
		out := p.word(&a.Output).Add(batch.Mul(p.word(&a.OutputBatch))).Add(column.Mul(p.word(&a.PackedK)).Shl(2))
		f.Call(b.packPanel, p.at.Value(), in, out, p.word(&a.N).Sub(column).Min(wasm.Const(PanelCols)))
		unit.Inc(1)
	})
	return f
}

// emitPackPanel adds panel(args, in, out, columns).
func emitPackPanel(m *wasm.Module) *wasm.Func {
	const k4 = 4 * PanelCols * 4 // bytes of four k
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	in, out, columns := f.Param(1), f.Param(2), f.Param(3)
	var a PackArgs
	p := frameOf(f.Param(0), &a)
	k, byK, byN, from, j := f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	byK.Set(p.word(&a.KStride))
	byN.Set(p.word(&a.NStride))
	whole := columns.Eq(wasm.Const(PanelCols))

	// Rows in memory order: two vectors for each k.
	f.If(whole.And(byN.Eq(wasm.Const(4))), func() {
		f.For(k, wasm.Const(0), p.word(&a.K), 1, func() {
			f.StoreVec(out.Value(), 0, in.LoadVec(0))
			f.StoreVec(out.Value(), 16, in.LoadVec(16))
			in.Set(in.Add(byK.Value()))
			out.Inc(PanelCols * 4)
		})
	})
	// Columns in memory order: two 4x4 blocks for each four k.
	f.If(whole.And(byK.Eq(wasm.Const(4))).And(byN.Ne(wasm.Const(4))), func() {
		f.For(k, wasm.Const(0), p.word(&a.K).And(wasm.Const(-4)), 4, func() {
			from.Set(in.Value())
			for half := range 2 {
				turn4(f, from, byN, func(row int, v wasm.Vec) {
					f.StoreVec(out.Value(), row*PanelCols*4+half*16, v)
				})
			}
			in.Inc(16)
			out.Inc(k4)
		})
	})
	// What is left: element by element.
	f.While(k.Lt(p.word(&a.K)), func() {
		from.Set(in.Value())
		f.For(j, wasm.Const(0), columns.Value(), 1, func() {
			f.Store(out.Value(), 0, from.Load(0))
			from.Set(from.Add(byN.Value()))
			out.Inc(4)
		})
		f.For(j, columns.Value(), wasm.Const(PanelCols), 1, func() {
			f.Store(out.Value(), 0, wasm.Const(0))
			out.Inc(4)
		})
		in.Set(in.Add(byK.Value()))
		k.Inc(1)
	})
	f.While(k.Lt(p.word(&a.PackedK)), func() {
		f.StoreVec(out.Value(), 0, zero)
		f.StoreVec(out.Value(), 16, zero)
		out.Inc(PanelCols * 4)
		k.Inc(1)
	})
	return f
}

// BatchedGEMMArgs are the arguments of batched-gemm: products of the same shape.
//
//	for each batch: gemm with A, W, C and Residual a step further
//
// The bias is that of all batches.
type BatchedGEMMArgs struct {
	GEMMArgs
	Batches             uint32
	AStep, WStep, CStep uint32 // bytes from batch to batch
	RStep               uint32
	Scratch             uint32 // address of GEMMScratch bytes for each thread
}

// Words implements [Arguments].
func (a BatchedGEMMArgs) Words() []uint32 { return words(a) }

// GEMMScratch is the scratch of each thread of batched-gemm.
const GEMMScratch = scratchHead

func emitBatchedGEMM(b *builder) *wasm.Func {
	rows := tileRows(b.m.Relaxed)
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	thread, threads := f.Param(1), f.Param(2)
	var a BatchedGEMMArgs
	p := frameOf(f.Param(0), &a)
	tiles, unit, unitEnd, batch, tile, last, local := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()

	local.Set(p.word(&a.Scratch).Add(thread.Mul(wasm.Const(GEMMScratch))))
	copyGEMMArgs(f, p.at, local)
	move := func(place int, base, step *uint32) {
		f.Store(local.Value(), place, p.word(base).Add(batch.Mul(p.word(step))))
	}
	// A unit of work is a tile of rows in a batch.
	tiles.Set(p.word(&a.Rows).Add(wasm.Const(rows - 1)).Div(wasm.Const(rows)))
	unitEnd.Set(p.word(&a.Batches).Mul(tiles.Value()))
	unit.Set(share(unitEnd, thread.Value(), threads))
	unitEnd.Set(share(unitEnd, thread.Add(wasm.Const(1)), threads))
	f.While(unit.Lt(unitEnd.Value()), func() {
		batch.Set(unit.Div(tiles.Value()))
		tile.Set(unit.Rem(tiles.Value()))
		last.Set(tile.Add(unitEnd.Sub(unit.Value())).Min(tiles.Value()))
		move(gemmA, &a.A, &a.AStep)
		move(gemmW, &a.W, &a.WStep)
		move(gemmC, &a.C, &a.CStep)
		f.If(p.word(&a.Residual), func() { move(gemmResidual, &a.Residual, &a.RStep) })
		f.Call(b.rowBlocks, local.Value(), tile.Mul(wasm.Const(rows)), last.Mul(wasm.Const(rows)).Min(p.word(&a.Rows)))
		unit.Set(unit.Add(last.Sub(tile.Value())))
	})
	return f
}

// copyGEMMArgs copies gemm's arguments to a thread's own, in which it may change
// addresses.
func copyGEMMArgs(f *wasm.Func, args, local wasm.IntVar) {
	for i := range gemmArgs {
		f.Store(local.Value(), 4*i, args.Load(4*i))
	}
}

// emitRowBlocks adds rowBlocks(args, row, rowEnd): the product of some rows with
// all panels, block by block.
func emitRowBlocks(m *wasm.Module, block *wasm.Func) *wasm.Func {
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32)
	args, row, rowEnd := f.Param(0), f.Param(1), f.Param(2)
	next, k, kn, kMax, flags, panels := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	kMax.Set(args.Load(gemmK))
	panels.Set(args.Load(gemmVecs).Add(wasm.Const(1)).Shr(1))
	f.While(row.Lt(rowEnd.Value()), func() {
		next.Set(row.Add(args.Load(gemmRowBlock)).Min(rowEnd.Value()))
		eachK(f, args, k, kn, kMax, flags, func() {
			f.Call(block, args.Value(), row.Value(), next.Value(), k.Value(), kn.Shl(2), flags.Value(), wasm.Const(0), panels.Value())
		})
		row.Set(next.Value())
	})
	return f
}

// eachK calls body for each block of k: kn of them from k on, with their flags.
func eachK(f *wasm.Func, args, k, kn, kMax, flags wasm.IntVar, body func()) {
	k.Set(wasm.Const(0))
	f.While(k.Lt(kMax.Value()), func() {
		kn.Set(kMax.Sub(k.Value()).Min(args.Load(gemmKBlock)))
		flags.Set(k.Eq(wasm.Const(0)).Add(k.Add(kn.Value()).Eq(kMax.Value()).Shl(1)))
		body()
		k.Set(k.Add(kn.Value()))
	})
}
