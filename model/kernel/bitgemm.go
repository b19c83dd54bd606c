package kernel

import "larder/model/kernel/wasm"

// BitGEMMArgs are the arguments of bit-gemm, gemm with weights of eight or four
// bits, which are made floats a panel at a time, by the thread that needs it:
//
//	for each panel of 8 columns
//	  for each block of k
//	    W[k] = (float(bits[k]) - zero) * scale, of the group that k is in
//	    gemm's loops for all rows
//
// Zeros and scales are one for each column and group of Group successive k. They
// are applied as DequantizeLinear does, so that the result is that of gemm with
// the floats. Where there are fewer than bitRows rows these are gone through one by
// one instead, without making the floats:
//
//	for each panel, row, group
//	  C += scale * sum of A[k] * (float(bits[k]) - zero)
type BitGEMMArgs struct {
	GEMMArgs        // W is the packed weights: [panel][K][8], four bits in pairs of k, the first low
	Bits     uint32 // 8 or 4
	Group    uint32 // a multiple of 4; KBlock is a multiple of it
	Groups   uint32 // in K
	Zeros    uint32 // address: [panel][group][8]
	Scales   uint32
	Scratch  uint32 // address of the scratch of thread 0
	Bytes    uint32 // of each thread's: BitGEMMScratch
}

// Words implements [Arguments].
func (a BitGEMMArgs) Words() []uint32 { return words(a) }

// BitGEMMScratch returns the bytes of scratch that each thread needs.
func BitGEMMScratch(kBlock int) int { return scratchHead + kBlock*PanelCols*4 + 64 }

// bitRows is the least number of rows for which a panel's floats are made.
const bitRows = 4

func emitBitGEMM(b *builder) *wasm.Func {
	widen, bitRow := emitWiden(b.m), emitBitRow(b.m)
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	args, thread, threads := f.Param(0), f.Param(1), f.Param(2)
	var a BitGEMMArgs
	p := frameOf(args, &a)
	panel, panelEnd, local, from, to, group := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	k, kn, kMax, flags, at, n, row := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	local.Set(p.word(&a.Scratch).Add(b.worker.Value().Mul(p.word(&a.Bytes))))
	copyGEMMArgs(f, args, local)
	kMax.Set(p.word(&a.K))
	panelEnd.Set(p.word(&a.Vecs).Add(wasm.Const(1)).Shr(1))
	panel.Set(share(panelEnd, thread.Value(), threads))
	panelEnd.Set(share(panelEnd, thread.Add(wasm.Const(1)), threads))
	f.If(p.word(&a.Rows).Lt(wasm.Const(bitRows)), func() {
		f.While(panel.Lt(panelEnd.Value()), func() {
			f.For(row, wasm.Const(0), p.word(&a.Rows), 1, func() { f.Call(bitRow, args.Value(), row.Value(), panel.Value()) })
			panel.Inc(1)
		})
	})
	f.While(panel.Lt(panelEnd.Value()), func() {
		from.Set(p.word(&a.W).Add(panel.Mul(kMax.Value()).Mul(p.word(&a.Bits))))
		group.Set(panel.Mul(p.word(&a.Groups)).Shl(5))
		eachK(f, args, k, kn, kMax, flags, func() {
			to.Set(local.Add(wasm.Const(scratchHead)))
			// A panel's weights are where W leads to for this panel and k.
			f.Store(local.Value(), gemmW, to.Sub(panel.Mul(kMax.Value()).Add(k.Value()).Shl(5)))
			at.Set(wasm.Const(0))
			f.While(at.Lt(kn.Value()), func() {
				n.Set(kn.Sub(at.Value()).Min(p.word(&a.Group)))
				f.Call(widen, from.Value(), to.Value(), n.Value(), p.word(&a.Bits), p.word(&a.Zeros).Add(group.Value()), p.word(&a.Scales).Add(group.Value()))
				from.Set(from.Add(n.Mul(p.word(&a.Bits))))
				to.Set(to.Add(n.Shl(5)))
				at.Set(at.Add(n.Value()))
				group.Inc(32)
			})
			f.Call(b.block, local.Value(), wasm.Const(0), p.word(&a.Rows), k.Value(), kn.Shl(2), flags.Value(), panel.Value(), panel.Add(wasm.Const(1)))
		})
		panel.Inc(1)
	})
	return f
}

// emitWiden adds widen(from, to, rows, bits, zeros, scales), which makes floats of
// the rows of a group in a panel.
func emitWiden(m *wasm.Module) *wasm.Func {
	i := wasm.I32
	f := m.Func("", i, i, i, i, i, i)
	from, to, end, bits := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
	zero, scale, v, low := f.Vecs(2), f.Vecs(2), f.Vec(), f.Vec()
	for j := range zero {
		zero[j].Set(f.Param(4).LoadVec(16 * j))
		scale[j].Set(f.Param(5).LoadVec(16 * j))
	}
	low.Set(wasm.SplatInt(wasm.Const(0x000f000f).Or(wasm.Const(ControlZero).Load(0))))
	end.Set(to.Add(end.Shl(5)))
	store := func(row int, x wasm.Vec) {
		for j := range zero {
			f.StoreVec(to.Value(), row*32+j*16, x.Wide16(j == 1).ToFloat().Sub(zero[j].Value()).Mul(scale[j].Value()))
		}
	}
	f.While(to.Lt(end.Value()), func() {
		v.Set(from.LoadWide8(0))
		f.IfElse(bits.Eq(wasm.Const(8)), func() {
			store(0, v.Value())
			v.Set(from.LoadWide8(8))
			store(1, v.Value())
			from.Inc(16)
		}, func() {
			store(0, v.Value().And(low.Value()))
			store(1, v.Value().ShrInt(4).And(low.Value()))
			from.Inc(8)
		})
		to.Inc(64)
	})
	return f
}

// emitBitRow adds bitRow(args, row, panel), which computes a row's columns of a panel.
// Of four k the even ones and the odd ones have sums of their own, so that no addition
// waits for the one before.
func emitBitRow(m *wasm.Module) *wasm.Func {
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32)
	args, row, panel := f.Param(0), f.Param(1), f.Param(2)
	var a BitGEMMArgs
	p := frameOf(args, &a)
	x, end, next, from, zeros, scales, c, r := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	acc, sum, zero, v, low := f.Vecs(2), f.Vecs(4), f.Vecs(2), f.Vec(), f.Vec()
	x.Set(p.word(&a.A).Add(row.Mul(p.word(&a.LDA))))
	end.Set(x.Add(p.word(&a.K).Shl(2)))
	from.Set(p.word(&a.W).Add(panel.Mul(p.word(&a.K)).Mul(p.word(&a.Bits))))
	zeros.Set(panel.Mul(p.word(&a.Groups)).Shl(5))
	scales.Set(p.word(&a.Scales).Add(zeros.Value()))
	zeros.Set(p.word(&a.Zeros).Add(zeros.Value()))
	low.Set(wasm.SplatInt(wasm.Const(0x000f000f).Or(wasm.Const(ControlZero).Load(0))))
	for j := range acc {
		acc[j].Set(p.word(&a.Bias).Add(panel.Shl(5)).LoadVec(16 * j))
	}
	add := func(k int, w wasm.Vec) {
		for j := range zero {
			to := sum[k%2*2+j]
			to.Set(f.MulAdd(x.LoadSplat(4*k), w.Wide16(j == 1).ToFloat().Sub(zero[j].Value()), to.Value()))
		}
	}
	f.While(x.Lt(end.Value()), func() {
		next.Set(x.Add(p.word(&a.Group).Shl(2)).Min(end.Value()))
		for j := range zero {
			zero[j].Set(zeros.LoadVec(16 * j))
		}
		for _, s := range sum {
			s.Set(wasm.SplatInt(wasm.Const(0)))
		}
		f.IfElse(p.word(&a.Bits).Eq(wasm.Const(8)), func() {
			f.While(x.Lt(next.Value()), func() {
				for k := range 4 {
					v.Set(from.LoadWide8(8 * k))
					add(k, v.Value())
				}
				from.Inc(32)
				x.Inc(16)
			})
		}, func() {
			f.While(x.Lt(next.Value()), func() {
				for k := 0; k < 4; k += 2 {
					v.Set(from.LoadWide8(4 * k))
					add(k, v.Value().And(low.Value()))
					add(k+1, v.Value().ShrInt(4).And(low.Value()))
				}
				from.Inc(16)
				x.Inc(16)
			})
		})
		for j := range acc {
			acc[j].Set(f.MulAdd(scales.LoadVec(16*j), sum[j].Value().Add(sum[2+j].Value()), acc[j].Value()))
		}
		zeros.Inc(32)
		scales.Inc(32)
	})
	c.Set(p.word(&a.C).Add(row.Mul(p.word(&a.LDC))).Add(panel.Shl(5)))
	r.Set(p.word(&a.Residual))
	f.If(r.Value(), func() { r.Set(r.Add(row.Mul(p.word(&a.LDR))).Add(panel.Shl(5))) })
	store := func(j int) {
		f.If(r.Value(), func() { acc[j].Set(acc[j].Value().Add(r.LoadVec(16 * j))) })
		acc[j].Set(acc[j].Value().PMax(p.splat(&a.Low)).PMin(p.splat(&a.High)))
		f.StoreVec(c.Value(), 16*j, acc[j].Value())
	}
	store(0)
	f.If(panel.Shl(1).Add(wasm.Const(1)).Lt(p.word(&a.Vecs)), func() { store(1) })
	return f
}
