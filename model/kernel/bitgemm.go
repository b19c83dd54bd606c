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
// the floats.
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

func emitBitGEMM(b *builder) *wasm.Func {
	widen := emitWiden(b.m)
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	args, thread, threads := f.Param(0), f.Param(1), f.Param(2)
	var a BitGEMMArgs
	p := frameOf(args, &a)
	panel, panelEnd, local, from, to, group := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	k, kn, kMax, flags, at, n := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	local.Set(p.word(&a.Scratch).Add(b.worker.Value().Mul(p.word(&a.Bytes))))
	copyGEMMArgs(f, args, local)
	kMax.Set(p.word(&a.K))
	panelEnd.Set(p.word(&a.Vecs).Add(wasm.Const(1)).Shr(1))
	panel.Set(share(panelEnd, thread.Value(), threads))
	panelEnd.Set(share(panelEnd, thread.Add(wasm.Const(1)), threads))
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
