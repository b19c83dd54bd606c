package kernel

import "larder/model/kernel/wasm"

// PanelCols is the number of output columns in a panel of packed weights: two
// vectors. Wider tiles leave too few of x64's 16 vector registers for rows.
const PanelCols = 8

// GEMMArgs are the arguments of gemm, which computes C = clamp(A·W + bias + R) for m rows.
//
//	for each block of rows that fits the cache
//	  for each block of k
//	    for each panel of 8 columns
//	      for each tile of MR rows
//	        acc = first block ? bias : C
//	        for k in block: acc[i] += splat(A[i][k]) * W[k]
//	        C = last block ? clamp(acc + R) : acc
//
// The rows of A are read in place, one float splat at a time: a tile reuses its
// rows for every panel while they are in the first-level cache, and the packed
// panel is read in order.
//
// k must be a multiple of 4 and the floats of A behind the matrix's k finite or
// their weights 0.
type GEMMArgs struct {
	A, LDA           uint32 // address, bytes from row to row
	W                uint32 // address of the packed weights: [panel][K][PanelCols]
	C, LDC           uint32 // address, bytes from row to row
	Rows, K          uint32
	Vecs             uint32  // vectors of four columns of C
	Bias             uint32  // address of Vecs vectors; zeros if there is no bias
	Residual, LDR    uint32  // address of R, which has C's rows, or 0; bytes from row to row
	Low, High        float32 // bounds of the result; infinite if there are none
	RowBlock, KBlock uint32  // sizes of the blocks that fit the cache; KBlock is a multiple of 4
}

// Words implements [Arguments].
func (a GEMMArgs) Words() []uint32 { return words(a) }

// The places of GEMMArgs' fields.
const (
	gemmA        = 4 * iota // address of A
	gemmLDA                 // bytes from row to row of A
	gemmW                   // address of the packed weights
	gemmC                   // address of C
	gemmLDC                 // bytes from row to row of C
	gemmRows                // m
	gemmK                   // k
	gemmVecs                // vectors of four columns of C
	gemmBias                // address of the bias, a vector for each four columns
	gemmResidual            // address of R, which has C's rows, or 0
	gemmLDR                 // bytes from row to row of R
	gemmLow                 // lower bound, a float
	gemmHigh                // upper bound, a float
	gemmRowBlock            // rows in a block
	gemmKBlock              // k in a block
	gemmArgs     = iota     // number of words
)

// kUnroll returns how many k a tile does in one turn: more than 2 brings nothing
// with fused multiply-add, and 10 % without.
func kUnroll(relaxed bool) int {
	if relaxed {
		return 2
	}
	return 4
}

// tileRows returns the rows of the largest tile: with fused multiply-add 6 rows
// need 12 accumulators, 2 weights and 1 splat, all 15 registers that V8 has on
// x64; without it the product needs one more, and 6 rows spill.
func tileRows(relaxed bool) int {
	if relaxed {
		return 6
	}
	return 4
}

func emitGEMMKernel(b *builder) *wasm.Func { return b.gemm }

// emitGEMM adds the kernel and returns its block function and itself.
func emitGEMM(m *wasm.Module) (block, gemm *wasm.Func) {
	g := gemmEmitter{m: m, rows: tileRows(m.Relaxed)}
	for nv := 1; nv <= 2; nv++ {
		for mr := 1; mr <= g.rows; mr++ {
			g.tiles[nv-1] = append(g.tiles[nv-1], g.tile(mr, nv))
		}
	}
	block = g.block()
	return block, g.driver(block)
}

type gemmEmitter struct {
	m     *wasm.Module
	rows  int
	tiles [2][]*wasm.Func // by vectors-1, rows-1
}

// tile emits one tile of mr rows and nv vectors:
// tile(args, a, w, c, r, bias, kBytes, flags). r is the address in R or 0.
func (g *gemmEmitter) tile(mr, nv int) *wasm.Func {
	const i = wasm.I32
	f := g.m.Func("", i, i, i, i, i, i, i, i)
	args, a, w, c, r, bias, kBytes, flags := f.Param(0), f.Param(1), f.Param(2), f.Param(3), f.Param(4), f.Param(5), f.Param(6), f.Param(7)
	acc, b, s := f.Vecs(mr*nv), f.Vecs(nv), f.Vec()
	row, end, at, ld := f.Ints(mr), f.Int(), f.Int(), f.Int()

	f.IfElse(flags.And(wasm.Const(firstBlock)),
		func() {
			for n := range acc {
				acc[n].Set(bias.LoadVec(n % nv * 16))
			}
		},
		func() {
			at.Set(c.Value())
			for n := range acc {
				acc[n].Set(at.LoadVec(n % nv * 16))
				if n%nv == nv-1 {
					at.Set(at.Add(args.Load(gemmLDC)))
				}
			}
		})
	ld.Set(args.Load(gemmLDA))
	for n := range row {
		if n == 0 {
			row[n].Set(a.Value())
		} else {
			row[n].Set(row[n-1].Add(ld.Value()))
		}
	}
	end.Set(a.Add(kBytes.Value()))
	unroll := kUnroll(g.m.Relaxed)
	f.Repeat(func() {
		for u := range unroll {
			for j := range b {
				b[j].Set(w.LoadVec((u*2 + j) * 16))
			}
			for n := range row {
				s.Set(row[n].LoadSplat(u * 4))
				for j := range b {
					t := acc[n*nv+j]
					t.Set(f.MulAdd(s.Value(), b[j].Value(), t.Value()))
				}
			}
		}
		w.Inc(unroll * PanelCols * 4)
		for n := range row {
			row[n].Inc(unroll * 4)
		}
	}, row[0].Ne(end.Value()))

	f.If(flags.And(wasm.Const(lastBlock)), func() {
		f.If(r.Value(), func() {
			for n := range acc {
				acc[n].Set(acc[n].Value().Add(r.LoadVec(n % nv * 16)))
				if n%nv == nv-1 {
					r.Set(r.Add(args.Load(gemmLDR)))
				}
			}
		})
		low, high := b[0], s
		low.Set(wasm.SplatInt(args.Load(gemmLow)))
		high.Set(wasm.SplatInt(args.Load(gemmHigh)))
		for n := range acc {
			// PMax and PMin in this order keep a NaN.
			acc[n].Set(acc[n].Value().PMax(low.Value()).PMin(high.Value()))
		}
	})
	for n := range acc {
		f.StoreVec(c.Value(), n%nv*16, acc[n].Value())
		if n%nv == nv-1 {
			c.Set(c.Add(args.Load(gemmLDC)))
		}
	}
	return f
}

// Flags of a tile: whether it belongs to the first or last block of k.
const (
	firstBlock = 1
	lastBlock  = 2
)

// block emits the loops over panels and tiles for one block of rows and one
// block of k: block(args, row0, row1, k0, kBytes, flags, panel0, panel1).
func (g *gemmEmitter) block() *wasm.Func {
	const i = wasm.I32
	f := g.m.Func("", i, i, i, i, i, i, i, i)
	args, row0, row1, k0 := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
	kBytes, flags, panel, panel1 := f.Param(4), f.Param(5), f.Param(6), f.Param(7)
	row, left, a, w, c, r, bias := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	k := f.Int()
	k.Set(args.Load(gemmK))
	f.While(panel.Lt(panel1.Value()), func() {
		// Addresses of this panel in the first row of the block.
		a.Set(args.Load(gemmA).Add(row0.Mul(args.Load(gemmLDA))).Add(k0.Shl(2)))
		w.Set(args.Load(gemmW).Add(panel.Mul(k.Value()).Add(k0.Value()).Mul(wasm.Const(PanelCols * 4))))
		c.Set(args.Load(gemmC).Add(row0.Mul(args.Load(gemmLDC))).Add(panel.Mul(wasm.Const(PanelCols * 4))))
		bias.Set(args.Load(gemmBias).Add(panel.Mul(wasm.Const(PanelCols * 4))))
		r.Set(args.Load(gemmResidual))
		f.If(r.Value(), func() {
			r.Set(r.Add(row0.Mul(args.Load(gemmLDR))).Add(panel.Mul(wasm.Const(PanelCols * 4))))
		})
		row.Set(row0.Value())
		call := func(mr, nv int) {
			f.Call(g.tiles[nv-1][mr-1], args.Value(), a.Value(), w.Value(), c.Value(), r.Value(), bias.Value(), kBytes.Value(), flags.Value())
		}
		columns := func(nv int) {
			f.While(row.Add(wasm.Const(g.rows-1)).Lt(row1.Value()), func() {
				call(g.rows, nv)
				row.Inc(g.rows)
				a.Set(a.Add(args.Load(gemmLDA).Mul(wasm.Const(g.rows))))
				c.Set(c.Add(args.Load(gemmLDC).Mul(wasm.Const(g.rows))))
				f.If(r.Value(), func() { r.Set(r.Add(args.Load(gemmLDR).Mul(wasm.Const(g.rows)))) })
			})
			left.Set(row1.Sub(row.Value()))
			for mr := 1; mr < g.rows; mr++ {
				f.If(left.Eq(wasm.Const(mr)), func() { call(mr, nv) })
			}
		}
		f.IfElse(panel.Shl(1).Add(wasm.Const(1)).Eq(args.Load(gemmVecs)),
			func() { columns(1) },
			func() { columns(2) })
		panel.Inc(1)
	})
	return f
}

// driver emits the kernel: it cuts the rows, or the panels where there are few
// rows, into a share for each thread and walks the blocks of its share.
func (g *gemmEmitter) driver(block *wasm.Func) *wasm.Func {
	f := g.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	args, thread, threads := f.Param(0), f.Param(1), f.Param(2)
	row, rowEnd, next, panel, panelEnd := f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	k, kn, kMax, flags := f.Int(), f.Int(), f.Int(), f.Int()

	kMax.Set(args.Load(gemmK))
	panelEnd.Set(args.Load(gemmVecs).Add(wasm.Const(1)).Shr(1))
	rowEnd.Set(args.Load(gemmRows))
	tiles := rowEnd.Add(wasm.Const(g.rows - 1)).Div(wasm.Const(g.rows))
	f.IfElse(tiles.Lt(threads.Shl(2)),
		func() {
			next.Set(panelEnd.Value())
			panel.Set(share(next, thread.Value(), threads))
			panelEnd.Set(share(next, thread.Add(wasm.Const(1)), threads))
		},
		func() {
			next.Set(tiles)
			row.Set(share(next, thread.Value(), threads).Mul(wasm.Const(g.rows)))
			rowEnd.Set(share(next, thread.Add(wasm.Const(1)), threads).Mul(wasm.Const(g.rows)).Min(rowEnd.Value()))
		})
	f.While(row.Lt(rowEnd.Value()), func() {
		next.Set(row.Add(args.Load(gemmRowBlock)).Min(rowEnd.Value()))
		eachK(f, args, k, kn, kMax, flags, func() {
			f.Call(block, args.Value(), row.Value(), next.Value(), k.Value(), kn.Shl(2), flags.Value(), panel.Value(), panelEnd.Value())
		})
		row.Set(next.Value())
	})
	return f
}

// share returns the first of n things that belong to a thread.
func share(n wasm.IntVar, thread wasm.Int, threads wasm.IntVar) wasm.Int {
	return n.Mul(thread).Div(threads.Value())
}
