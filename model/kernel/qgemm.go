package kernel

import "larder/model/kernel/wasm"

// QGEMMArgs are the arguments of qgemm, a product of 16-bit integers with a
// float epilogue: C = clamp((A·W)*scale + bias), rounded to 16-bit integers or
// left as floats.
//
//	for each block of rows that fits the cache
//	  for each panel of 8 columns
//	    for each tile of 4 rows
//	      acc = 0, 32-bit integers
//	      for each pair of k: acc[i] += A[i][k]*W[k] + A[i][k+1]*W[k+1]
//	      C = clamp(float(acc)*scale*dynamic + bias), rounded to even
//
// Integers are quantised values with the zero point taken off, so that 0 is 0
// in padding. A pair of products is one exact instruction (i32x4.dot_i16x8_s):
// it is as fast here as the dot products of bytes of relaxed SIMD, which are
// exact for seven bits only. The plan sees to it that sums stay in 32 bits.
//
// The words stand where GEMMArgs has its own, because the gathering of patches
// reads both.
type QGEMMArgs struct {
	A, LDA    uint32 // address, bytes from row to row
	W         uint32 // address of the packed weights: [panel][K/2][PanelCols][2]
	C, LDC    uint32 // address, bytes from row to row
	Rows, K   uint32 // K is a multiple of 4
	Vecs      uint32 // fours of columns of C
	Bias      uint32 // address of Vecs vectors of floats
	Scale     uint32 // address of Vecs vectors of floats
	Dynamic   uint32 // address of a float that all scales are multiplied with, or 0
	Low, High float32
	RowBlock  uint32
	// Float is 0 if C is integers, 1 if it is floats. Else it is floats too, and
	// the address of what [RangeArgs] call Lines, where their range is noted.
	Float uint32
}

// Words implements [Arguments].
func (a QGEMMArgs) Words() []uint32 { return words(a) }

// The places of QGEMMArgs' fields that GEMMArgs does not have.
const (
	qgemmScale   = gemmResidual
	qgemmDynamic = gemmLDR
	qgemmFloat   = gemmKBlock
)

// qTileRows is the rows of the largest tile. The product of a dot instruction
// needs a register beside accumulators, weights and splat.
const qTileRows = 5

// roundingMagic is 1.5*2^23: a float of a smaller size that is added to it is
// rounded to an integer, ties to even, which is in the low bits of the sum.
const roundingMagic = 12582912

// setMagic makes magic what rounded needs, here and not at the start of the
// function: in a loop before, it would take a register.
func setMagic(magic wasm.VecVar) {
	magic.Set(wasm.LanesOf(roundingMagic).Or(wasm.SplatInt(wasm.Const(ControlZero).Load(0))))
}

// rounded returns the integers nearest to floats below 2^22.
func rounded(v wasm.Vec, magic wasm.VecVar) wasm.Vec {
	return v.Add(magic.Value()).SubInt(magic.Value())
}

// qEmitter emits the product and what convolutions share of it.
type qEmitter struct {
	b     *builder
	tiles [2][]*wasm.Func // by vectors-1, rows-1
}

// emitQGEMM adds the block function of the product.
func emitQGEMM(b *builder) *wasm.Func {
	g := &qEmitter{b: b}
	for nv := 1; nv <= 2; nv++ {
		for mr := 1; mr <= qTileRows; mr++ {
			g.tiles[nv-1] = append(g.tiles[nv-1], g.tile(mr, nv))
		}
	}
	return g.block()
}

// tile emits a tile of mr rows and nv vectors: tile(args, a, w, c, bias, scale).
func (g *qEmitter) tile(mr, nv int) *wasm.Func {
	const i = wasm.I32
	f := g.b.m.Func("", i, i, i, i, i, i)
	args, a, w, c, bias, scale := f.Param(0), f.Param(1), f.Param(2), f.Param(3), f.Param(4), f.Param(5)
	acc, b, s := f.Vecs(mr*nv), f.Vecs(nv), f.Vec()
	row, end := f.Ints(mr), f.Int()
	for n := range row {
		if n == 0 {
			row[n].Set(a.Value())
		} else {
			row[n].Set(row[n-1].Add(args.Load(gemmLDA)))
		}
	}
	end.Set(a.Add(args.Load(gemmK).Shl(1)))
	f.Repeat(func() {
		for u := range 2 {
			for j := range b {
				b[j].Set(w.LoadVec((u*2 + j) * 16))
			}
			for n := range row {
				s.Set(row[n].LoadSplat(u * 4))
				for j := range b {
					t := acc[n*nv+j]
					t.Set(t.Value().AddInt(s.Value().Dot(b[j].Value())))
				}
			}
		}
		w.Inc(4 * PanelCols * 2)
		for n := range row {
			row[n].Inc(8)
		}
	}, row[0].Ne(end.Value()))

	factor, shift := b, f.Vecs(nv)
	for j := range factor {
		factor[j].Set(scale.LoadVec(j * 16))
		shift[j].Set(bias.LoadVec(j * 16))
	}
	f.If(args.Load(qgemmDynamic), func() {
		for j := range factor {
			factor[j].Set(factor[j].Value().Mul(args.Load(qgemmDynamic).LoadSplat(0)))
		}
	})
	f.IfElse(args.Load(qgemmFloat),
		func() {
			for n := range acc {
				acc[n].Set(clamp(scaled(acc[n], factor[n%nv], shift[n%nv]), args, gemmLow, gemmHigh))
			}
			g.b.noteRange(f, args.Load(qgemmFloat), acc)
			storeTile(f, args, c, acc, nv)
		},
		func() {
			r := newRequantizer(f, args.LoadSplat(gemmLow), args.LoadSplat(gemmHigh))
			for n := 0; n < len(acc); n += nv {
				for j := range nv {
					acc[n+j].Set(r.round(scaled(acc[n+j], factor[j], shift[j])))
				}
				v := r.narrow(acc[n].Value(), acc[n+nv-1].Value())
				if nv == 2 {
					f.StoreVec(c.Value(), 0, v)
				} else {
					f.StoreHalf(c.Value(), 0, v)
				}
				c.Set(c.Add(args.Load(gemmLDC)))
			}
		})
	return f
}

// widthOf returns how many 16-bit integers are as long as an element of a result,
// of which word is the argument Float.
func widthOf(word wasm.Int) wasm.Int { return wasm.Const(2).Sub(word.Not()) }

// scaled makes floats of sums. It is rounded twice in both twins: the reference
// is exact.
func scaled(sum, factor, bias wasm.VecVar) wasm.Vec {
	return sum.Value().ToFloat().Mul(factor.Value()).Add(bias.Value())
}

// requantizer makes 16-bit integers of floats, clamped and rounded to even. A
// float of the size of the magic number has its integer in its low bits, larger
// ones have the same order as the integers of their bits, and narrowing clamps too: so
// one maximum of integers before, and one minimum of half as many behind, do for both
// bounds. A NaN becomes one of the bounds.
type requantizer struct{ magic, low, high wasm.VecVar }

func newRequantizer(f *wasm.Func, low, high wasm.Vec) requantizer {
	r := requantizer{f.Vec(), f.Vec(), f.Vec()}
	setMagic(r.magic)
	r.low.Set(low.PMax(wasm.LanesOf(-1 << 15)).Add(r.magic.Value()))
	r.high.Set(rounded(high.PMin(wasm.LanesOf(1<<15-1)), r.magic))
	r.high.Set(r.high.Value().Narrow(r.high.Value()))
	return r
}

// round returns integers that are at least the lower bound.
func (r requantizer) round(v wasm.Vec) wasm.Vec {
	return v.Add(r.magic.Value()).MaxInt(r.low.Value()).SubInt(r.magic.Value())
}

// narrow makes 16-bit integers of two fours that round has made.
func (r requantizer) narrow(a, b wasm.Vec) wasm.Vec { return a.Narrow(b).Min16(r.high.Value()) }

// storeTile writes a tile of floats.
func storeTile(f *wasm.Func, args, c wasm.IntVar, acc []wasm.VecVar, nv int) {
	for n := range acc {
		f.StoreVec(c.Value(), n%nv*16, acc[n].Value())
		if n%nv == nv-1 {
			c.Set(c.Add(args.Load(gemmLDC)))
		}
	}
}

// block emits the loops over panels and tiles for one block of rows:
// block(args, row0, row1, panel0, panel1).
func (g *qEmitter) block() *wasm.Func {
	const i = wasm.I32
	f := g.b.m.Func("", i, i, i, i, i)
	args, row0, row1, panel, panel1 := f.Param(0), f.Param(1), f.Param(2), f.Param(3), f.Param(4)
	row, left, a, w, c, bias, scale := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	f.While(panel.Lt(panel1.Value()), func() {
		at := panel.Mul(wasm.Const(PanelCols * 4))
		a.Set(args.Load(gemmA).Add(row0.Mul(args.Load(gemmLDA))))
		w.Set(args.Load(gemmW).Add(panel.Mul(args.Load(gemmK)).Mul(wasm.Const(PanelCols * 2))))
		c.Set(args.Load(gemmC).Add(row0.Mul(args.Load(gemmLDC))).Add(panel.Mul(wasm.Const(PanelCols * 2)).Mul(widthOf(args.Load(qgemmFloat)))))
		bias.Set(args.Load(gemmBias).Add(at))
		scale.Set(args.Load(qgemmScale).Add(at))
		row.Set(row0.Value())
		call := func(mr, nv int) {
			f.Call(g.tiles[nv-1][mr-1], args.Value(), a.Value(), w.Value(), c.Value(), bias.Value(), scale.Value())
		}
		columns := func(nv int) {
			f.While(row.Add(wasm.Const(qTileRows-1)).Lt(row1.Value()), func() {
				call(qTileRows, nv)
				row.Inc(qTileRows)
				a.Set(a.Add(args.Load(gemmLDA).Mul(wasm.Const(qTileRows))))
				c.Set(c.Add(args.Load(gemmLDC).Mul(wasm.Const(qTileRows))))
			})
			left.Set(row1.Sub(row.Value()))
			for mr := 1; mr < qTileRows; mr++ {
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

// emitQGEMMKernel adds the kernel: it cuts the rows, or the panels where there
// are few rows, into a share for each thread.
func emitQGEMMKernel(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	args, thread, threads := f.Param(0), f.Param(1), f.Param(2)
	row, rowEnd, next, panel, panelEnd := f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	panelEnd.Set(args.Load(gemmVecs).Add(wasm.Const(1)).Shr(1))
	rowEnd.Set(args.Load(gemmRows))
	tiles := rowEnd.Add(wasm.Const(qTileRows - 1)).Div(wasm.Const(qTileRows))
	f.IfElse(tiles.Lt(threads.Shl(3)),
		func() {
			next.Set(panelEnd.Value())
			panel.Set(share(next, thread.Value(), threads))
			panelEnd.Set(share(next, thread.Add(wasm.Const(1)), threads))
		},
		func() {
			next.Set(tiles)
			row.Set(share(next, thread.Value(), threads).Mul(wasm.Const(qTileRows)))
			rowEnd.Set(share(next, thread.Add(wasm.Const(1)), threads).Mul(wasm.Const(qTileRows)).Min(rowEnd.Value()))
		})
	f.While(row.Lt(rowEnd.Value()), func() {
		next.Set(row.Add(args.Load(gemmRowBlock)).Min(rowEnd.Value()))
		f.Call(b.qblock, args.Value(), row.Value(), next.Value(), panel.Value(), panelEnd.Value())
		row.Set(next.Value())
	})
	return f
}

// QConvArgs are the arguments of qconv: the patches of a block of output pixels
// are gathered as rows, as conv does, for the loops of qgemm.
type QConvArgs struct {
	QGEMMArgs                    // A and LDA are not used; Rows is the number of output pixels of all images
	Input                 uint32 // the rest as in ConvArgs
	Scratch, ScratchBytes uint32 // see QConvScratch
	InH, InW              uint32
	OutH, OutW            uint32
	Pixel                 uint32
	KernelH               uint32
	Runs                  uint32
	RunPixels             uint32
	StrideH, StrideW      uint32
	DilationH, DilationW  uint32
	PadTop, PadLeft       uint32
	PixelStride           uint32
}

// Words implements [Arguments].
func (a QConvArgs) Words() []uint32 { return words(a) }

// QConvScratch returns the bytes of scratch that each thread needs for blocks of
// rows with k weights each.
func QConvScratch(rowBlock, k int) int { return (scratchHead + rowBlock*k*2 + 16 + 63) &^ 63 }

func emitQConv(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	args, thread, threads := f.Param(0), f.Param(1), f.Param(2)
	row, rowEnd, next, local, lda := f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	local.Set(args.Load(convScratch).Add(b.worker.Value().Mul(args.Load(convScratchBytes))))
	copyGEMMArgs(f, args, local)
	lda.Set(args.Load(gemmK).Shl(1))
	f.Store(local.Value(), gemmLDA, lda.Value())
	rowEnd.Set(args.Load(gemmRows))
	row.Set(share(rowEnd, thread.Value(), threads))
	rowEnd.Set(share(rowEnd, thread.Add(wasm.Const(1)), threads))
	f.While(row.Lt(rowEnd.Value()), func() {
		next.Set(row.Add(args.Load(gemmRowBlock)).Min(rowEnd.Value()))
		f.Call(b.gather, args.Value(), row.Value(), next.Value(), local.Add(wasm.Const(scratchHead)))
		f.Store(local.Value(), gemmA, local.Add(wasm.Const(scratchHead)).Sub(row.Mul(lda.Value())))
		f.Call(b.qblock, local.Value(), row.Value(), next.Value(), wasm.Const(0), args.Load(gemmVecs).Add(wasm.Const(1)).Shr(1))
		row.Set(next.Value())
	})
	return f
}
