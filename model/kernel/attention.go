package kernel

import (
	"math"

	"larder/model/kernel/wasm"
)

// AttentionArgs are the arguments of attention: every row of queries takes the
// mean of the values, weighted by how much it is like their keys.
//
//	for each batch and head, for each block of RowBlock rows
//	  if the head is new: pack its keys and values into panels
//	  q = Q * Scale                      into scratch
//	  scores = q·Kᵀ + mask               gemm; a mask of one row is its bias
//	  scores = e^(scores - top), sums    row by row
//	  output = scores·V / sums           gemm
//
// A thread has a contiguous share of the blocks, so that it packs few heads that
// another one packs too. What is between the products stays in the cache.
//
// A row of which the mask leaves nothing (-∞ everywhere) becomes NaN, as in
// softmax, or with the lowest float as Floor 0. The lanes of a head behind its last element are 0.
type AttentionArgs struct {
	Q, QRow, QHead, QBatch             uint32 // address, bytes from row to row, from head to head, from batch to batch
	K, KRow, KHead, KBatch             uint32
	V, VRow, VHead, VBatch             uint32
	Output, OutRow, OutHead, OutBatch  uint32
	Mask, MaskRow, MaskHead, MaskBatch uint32 // MaskRow 0: the same for all rows; without a mask, Zeros
	Batches, Heads                     uint32
	Group                              uint32 // heads of queries for each head of keys
	Rows, Keys                         uint32 // of queries, of keys and values
	Depth, ValueDepth                  uint32 // elements of a head of queries and keys, and of values
	RowBlock, KBlock                   uint32 // KBlock is that of gemm for scores·V
	Scale                              float32
	Floor                              float32 // of the greatest score of a row: -∞, or the lowest float
	Zeros                              uint32  // address of as many zeros as a row of scores or results has
	Scratch, ScratchBytes              uint32  // address, bytes for each thread
}

// Words implements [Arguments].
func (a AttentionArgs) Words() []uint32 { return words(a) }

// attentionHead is the scratch for the arguments of gemm and pack-columns.
const attentionHead = 2 * scratchHead

// AttentionScratch returns the scratch that each thread of attention needs.
func AttentionScratch(rowBlock, keys, depth, valueDepth int) int {
	up := func(n int) int { return (n + 3) &^ 3 }
	return attentionHead + PackedBytes(up(depth), keys) + PackedBytes(up(keys), valueDepth) +
		4*rowBlock*(max(up(depth), up(valueDepth))+up(keys)+1)
}

// attentionEmitter holds what the kernel is made of.
type attentionEmitter struct {
	b                *builder
	f                *wasm.Func
	a                AttentionArgs
	p                frame
	local            wasm.IntVar // a thread's arguments for gemm and pack-columns
	keys, values     wasm.IntVar // packed
	rows, scores     wasm.IntVar // of queries or results; of scores
	sums             wasm.IntVar
	depth, valueVecs wasm.IntVar // floats of a query, vectors of a result
	stride           wasm.IntVar // bytes of a row of scores
	batch, head      wasm.IntVar
	row, count       wasm.IntVar // of the block
}

func emitAttention(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	thread, threads := f.Param(1), f.Param(2)
	e := &attentionEmitter{b: b, f: f}
	e.p = frameOf(f.Param(0), &e.a)
	for _, v := range []*wasm.IntVar{&e.local, &e.keys, &e.values, &e.rows, &e.scores, &e.sums, &e.depth, &e.valueVecs, &e.stride, &e.batch, &e.head, &e.row, &e.count} {
		*v = f.Int()
	}
	scale, softmax := emitScaleRows(b.m), emitScoreRows(b.m)
	e.layOut(thread)
	blocks, unit, unitEnd, pair, packed, kv := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	blocks.Set(e.p.word(&e.a.Rows).Add(e.p.word(&e.a.RowBlock)).Sub(wasm.Const(1)).Div(e.p.word(&e.a.RowBlock)))
	unitEnd.Set(e.p.word(&e.a.Batches).Mul(e.p.word(&e.a.Heads)).Mul(blocks.Value()))
	unit.Set(share(unitEnd, thread.Value(), threads))
	unitEnd.Set(share(unitEnd, thread.Add(wasm.Const(1)), threads))
	f.While(unit.Lt(unitEnd.Value()), func() {
		pair.Set(unit.Div(blocks.Value()))
		e.batch.Set(pair.Div(e.p.word(&e.a.Heads)))
		e.head.Set(pair.Rem(e.p.word(&e.a.Heads)))
		e.row.Set(unit.Rem(blocks.Value()).Mul(e.p.word(&e.a.RowBlock)))
		e.count.Set(e.p.word(&e.a.Rows).Sub(e.row.Value()).Min(e.p.word(&e.a.RowBlock)))
		kv.Set(e.head.Div(e.p.word(&e.a.Group)))
		// packed is one more than the number of the head in scratch.
		pair.Set(e.batch.Mul(e.p.word(&e.a.Heads)).Add(kv.Value()).Add(wasm.Const(1)))
		f.If(pair.Ne(packed.Value()), func() {
			packed.Set(pair.Value())
			e.pack(e.keys, e.place(&e.a.K, &e.a.KBatch, &e.a.KHead, kv), wasm.Const(4), e.p.word(&e.a.KRow), &e.a.Depth, &e.a.Keys)
			e.pack(e.values, e.place(&e.a.V, &e.a.VBatch, &e.a.VHead, kv), e.p.word(&e.a.VRow), wasm.Const(4), &e.a.Keys, &e.a.ValueDepth)
		})
		queries := e.place(&e.a.Q, &e.a.QBatch, &e.a.QHead, e.head).Add(e.row.Mul(e.p.word(&e.a.QRow)))
		f.Call(scale, queries, e.p.word(&e.a.QRow), e.rows.Value(), e.depth.Shl(2), e.count.Value(), e.depth.Shr(2), e.p.addressOf(&e.a.Scale), wasm.Const(0))
		e.compareKeys()
		f.Call(softmax, e.scores.Value(), e.stride.Value(), e.count.Value(), e.p.word(&e.a.Keys), e.sums.Value(), e.p.addressOf(&e.a.Floor))
		e.mixValues()
		results := e.place(&e.a.Output, &e.a.OutBatch, &e.a.OutHead, e.head).Add(e.row.Mul(e.p.word(&e.a.OutRow)))
		f.Call(scale, e.rows.Value(), e.valueVecs.Shl(4), results, e.p.word(&e.a.OutRow), e.count.Value(), e.valueVecs.Value(), e.sums.Value(), wasm.Const(4))
		e.clearHeads(results)
		unit.Inc(1)
	})
	return f
}

// layOut finds the places in a thread's scratch; see AttentionScratch.
func (e *attentionEmitter) layOut(thread wasm.IntVar) {
	up := func(n *uint32) wasm.Int { return e.p.word(n).Add(wasm.Const(3)).And(wasm.Const(-4)) }
	panels := func(n *uint32) wasm.Int {
		return e.p.word(n).Add(wasm.Const(PanelCols - 1)).And(wasm.Const(-PanelCols))
	}
	e.depth.Set(up(&e.a.Depth))
	e.valueVecs.Set(up(&e.a.ValueDepth).Shr(2))
	e.stride.Set(up(&e.a.Keys).Shl(2))
	e.local.Set(e.p.word(&e.a.Scratch).Add(thread.Mul(e.p.word(&e.a.ScratchBytes))))
	e.keys.Set(e.local.Add(wasm.Const(attentionHead)))
	e.values.Set(e.keys.Add(panels(&e.a.Keys).Mul(e.depth.Value()).Shl(2)))
	e.scores.Set(e.values.Add(panels(&e.a.ValueDepth).Mul(e.stride.Value())))
	e.rows.Set(e.scores.Add(e.p.word(&e.a.RowBlock).Mul(e.stride.Value())))
	e.sums.Set(e.rows.Add(e.p.word(&e.a.RowBlock).Mul(wasm.Select(e.depth.Lt(e.valueVecs.Shl(2)), e.valueVecs.Shl(2), e.depth.Value())).Shl(2)))
}

// place is the address of a head in its batch.
func (e *attentionEmitter) place(base, byBatch, byHead *uint32, head wasm.IntVar) wasm.Int {
	return e.p.word(base).Add(e.batch.Mul(e.p.word(byBatch))).Add(head.Mul(e.p.word(byHead)))
}

// pack packs a matrix of k rows and n columns into panels at an address.
func (e *attentionEmitter) pack(to wasm.IntVar, from, kStride, nStride wasm.Int, k, n *uint32) {
	f := e.f
	var a PackArgs
	args := frameOf(e.local, &a)
	column, in, out := f.Int(), f.Int(), f.Int()
	args.set(f, &a.K, e.p.word(k))
	args.set(f, &a.KStride, kStride)
	args.set(f, &a.NStride, nStride)
	args.set(f, &a.PackedK, e.p.word(k).Add(wasm.Const(3)).And(wasm.Const(-4)))
	in.Set(from)
	out.Set(to.Value())
	f.For(column, wasm.Const(0), e.p.word(n), PanelCols, func() {
		f.Call(e.b.packPanel, e.local.Value(), in.Value(), out.Value(), e.p.word(n).Sub(column.Value()).Min(wasm.Const(PanelCols)))
		in.Set(in.Add(args.word(&a.NStride).Mul(wasm.Const(PanelCols))))
		out.Set(out.Add(args.word(&a.PackedK).Mul(wasm.Const(PanelCols * 4))))
	})
}

// compareKeys computes the scores of the block, with the mask.
func (e *attentionEmitter) compareKeys() {
	f := e.f
	mask := f.Int()
	mask.Set(e.place(&e.a.Mask, &e.a.MaskBatch, &e.a.MaskHead, e.head))
	residual, bias := f.Int(), f.Int()
	f.IfElse(e.p.word(&e.a.MaskRow),
		func() { // a row of the mask for each row: what gemm adds at last
			residual.Set(mask.Add(e.row.Mul(e.p.word(&e.a.MaskRow))))
			bias.Set(e.p.word(&e.a.Zeros))
		},
		func() {
			residual.Set(wasm.Const(0))
			bias.Set(mask.Value())
		})
	e.gemm(gemmCall{a: e.rows.Value(), lda: e.depth.Shl(2), w: e.keys.Value(), c: e.scores.Value(), ldc: e.stride.Value(),
		k: e.depth.Value(), vecs: e.stride.Shr(4), kBlock: e.depth.Value(), bias: bias.Value(), residual: residual.Value()})
}

// mixValues multiplies the weights of the block with the values.
func (e *attentionEmitter) mixValues() {
	e.gemm(gemmCall{a: e.scores.Value(), lda: e.stride.Value(), w: e.values.Value(), c: e.rows.Value(), ldc: e.valueVecs.Shl(4),
		k: e.stride.Shr(2), vecs: e.valueVecs.Value(), kBlock: e.p.word(&e.a.KBlock), bias: e.p.word(&e.a.Zeros), residual: wasm.Const(0)})
}

// gemmCall is a product without bounds of the rows of the block.
type gemmCall struct{ a, lda, w, c, ldc, k, vecs, kBlock, bias, residual wasm.Int }

func (e *attentionEmitter) gemm(c gemmCall) {
	for _, arg := range []struct {
		place int
		v     wasm.Int
	}{
		{gemmA, c.a}, {gemmLDA, c.lda}, {gemmW, c.w}, {gemmC, c.c}, {gemmLDC, c.ldc}, {gemmRows, e.count.Value()}, {gemmK, c.k},
		{gemmVecs, c.vecs}, {gemmBias, c.bias}, {gemmResidual, c.residual}, {gemmLDR, e.p.word(&e.a.MaskRow)},
		{gemmLow, wasm.ConstFloat(negInf)}, {gemmHigh, wasm.ConstFloat(posInf)}, {gemmRowBlock, e.count.Value()}, {gemmKBlock, c.kBlock},
	} {
		e.f.Store(e.local.Value(), arg.place, arg.v)
	}
	e.f.Call(e.b.rowBlocks, e.local.Value(), wasm.Const(0), e.count.Value())
}

// clearHeads sets the lanes behind a head to 0: a row of NaN reaches them too.
func (e *attentionEmitter) clearHeads(results wasm.Int) {
	f := e.f
	end, row := f.Int(), f.Int()
	tail := e.p.word(&e.a.ValueDepth).And(wasm.Const(3))
	f.If(tail, func() {
		end.Set(results.Add(e.valueVecs.Shl(4)))
		f.For(row, wasm.Const(0), e.count.Value(), 1, func() {
			clearTail(f, end, tail)
			end.Set(end.Add(e.p.word(&e.a.OutRow)))
		})
	})
}

// emitScaleRows adds scale(from, fromStride, to, toStride, rows, vecs, factor,
// factorStep): each row times a float, which is factorStep bytes further in the
// next row.
func emitScaleRows(m *wasm.Module) *wasm.Func {
	const i = wasm.I32
	f := m.Func("", i, i, i, i, i, i, i, i)
	from, fromStride, to, toStride := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
	rows, vecs, factor, step := f.Param(4), f.Param(5), f.Param(6), f.Param(7)
	in, out, row, by := f.Int(), f.Int(), f.Int(), f.Vec()
	f.For(row, wasm.Const(0), rows.Value(), 1, func() {
		by.Set(factor.LoadSplat(0))
		in.Set(from.Value())
		out.Set(to.Value())
		sweep(f, out, vecs.Shl(4), []wasm.IntVar{in}, func(off int) {
			f.StoreVec(out.Value(), off, in.LoadVec(off).Mul(by.Value()))
		})
		from.Set(from.Add(fromStride.Value()))
		to.Set(to.Add(toStride.Value()))
		factor.Set(factor.Add(step.Value()))
	})
	return f
}

// leastSum is below the sum of any row of which the mask leaves something.
const leastSum = 1e-30

// emitScoreRows adds scores(at, stride, rows, columns, sums, floor): softmax in place
// but for the division, whose factors go to sums. The exponent is rounded
// once more than in softmax, which matters only where its power is next to nothing.
func emitScoreRows(m *wasm.Module) *wasm.Func {
	const i = wasm.I32
	f := m.Func("", i, i, i, i, i, i)
	at, stride, rows, columns, sums, floor := f.Param(0), f.Param(1), f.Param(2), f.Param(3), f.Param(4), f.Param(5)
	row, top, sum, x := f.Int(), f.Vec(), f.Vec(), f.Vec()
	r := newRowFold(f, columns.Value())
	f.For(row, wasm.Const(0), rows.Value(), 1, func() {
		r.fold(top, at.Value(), wasm.LanesOf(negInf), wasm.Vec.Max, wasm.Vec.Max)
		lanes(top, wasm.Vec.Max)
		top.Set(top.Value().Max(floor.LoadSplat(0)))
		sum.Set(zero)
		r.apply(at, at, func(v wasm.Vec) wasm.Vec {
			x.Set(v.Sub(top.Value()).Mul(held(f, math.Log2E)).PMax(held(f, -127)))
			return exp2(f, x)
		}, func(y wasm.Vec) { sum.Set(sum.Value().Add(y)) })
		lanes(sum, wasm.Vec.Add)
		f.StoreLane(sums.Value(), 0, one.Div(sum.Value().Max(held(f, leastSum))), 0)
		at.Set(at.Add(stride.Value()))
		sums.Inc(4)
	})
	return f
}
