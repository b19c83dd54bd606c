package kernel

import "larder/model/kernel/wasm"

// The kernels qdepthwise-3 and its like do what qdepthwise does for square
// windows of 3 or 5 that are not dilated, with stride 1 or 2.
//
//	for each output row
//	  copy the input rows that are new to a ring of rows with zeros at both ends
//	  for each tile of 4 pixels, for each 4 channels
//	    for each pair of rows, for each column: acc[i] += pair*weights
//	    output = clamp(float(acc)*scale*dynamic + bias), rounded or left as floats
//
// Two rows of a column are interleaved once and used for every pixel that sees
// the column. Copying costs little beside that, and no tile has an edge. The
// output has at least 4 columns. Outside is not used; the weights are
// [4 channels][pair of rows][column][4][2].

// QDepthwiseFor returns the kernel for a window.
func QDepthwiseFor(a *QWindowArgs) Number {
	if a.KernelH == a.KernelW && a.StrideH == a.StrideW && a.DilationH == 1 && a.DilationW == 1 && a.OutW >= tilePixels {
		switch [2]uint32{a.KernelW, a.StrideW} {
		case [2]uint32{3, 1}:
			return QDepthwise3
		case [2]uint32{3, 2}:
			return QDepthwise3S2
		case [2]uint32{5, 1}:
			return QDepthwise5
		case [2]uint32{5, 2}:
			return QDepthwise5S2
		}
	}
	return QDepthwise
}

// QDepthwiseScratch returns the bytes of scratch that each thread needs for one
// of the kernels but qdepthwise.
func QDepthwiseScratch(a *QWindowArgs) int {
	slot := ((a.OutW-1)*a.StrideW + a.KernelW) * a.Pixel
	return (ringHead + int(slot*(a.KernelH+1)) + 16 + 63) &^ 63
}

// ringHead is the room for the addresses of the rows that a row of the output
// sees; a row of zeros and the ring follow.
const ringHead = 64

// emitQDepthwise returns the emitter of a kernel.
func emitQDepthwise(size, stride int) emitter {
	return func(b *builder) *wasm.Func {
		q := &qDepthwise{size: size, stride: stride, tile: emitQTile(b, size, stride)}
		return q.kernel(b)
	}
}

type qDepthwise struct {
	size, stride int
	tile         *wasm.Func
}

func (q *qDepthwise) kernel(b *builder) *wasm.Func {
	m := b.m
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32)
	thread, threads := f.Param(1), f.Param(2)
	var a QWindowArgs
	p := frameOf(f.Param(0), &a)
	row, rowEnd, c0, c1, n, px, slot := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	list, end, y, next, image, limit := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	px.Set(p.word(&a.Pixel))
	c1.Set(px.Value())
	slot.Set(p.word(&a.OutW).Sub(wasm.Const(1)).Mul(wasm.Const(q.stride)).Add(wasm.Const(q.size)).Mul(px.Value()))
	list.Set(p.word(&a.Scratch).Add(b.worker.Value().Mul(p.word(&a.ScratchBytes))))
	n.Set(list.Value())
	end.Set(list.Add(wasm.Const(ringHead)).Add(slot.Mul(wasm.Const(q.size + 1))))
	clearTo(f, n, end)
	rowEnd.Set(p.word(&a.Images).Mul(p.word(&a.OutH)))
	f.IfElse(rowEnd.Lt(threads.Shl(3)), // few rows: channels are shared out, eight at a time
		func() {
			n.Set(px.Add(wasm.Const(15)).Shr(4))
			c0.Set(share(n, thread.Value(), threads).Shl(4))
			c1.Set(share(n, thread.Add(wasm.Const(1)), threads).Shl(4).Min(px.Value()))
		},
		func() {
			n.Set(rowEnd.Value())
			row.Set(share(n, thread.Value(), threads))
			rowEnd.Set(share(n, thread.Add(wasm.Const(1)), threads))
		})
	n.Set(wasm.Const(1)) // the first row of this thread, or of an image
	f.While(row.Lt(rowEnd.Value()), func() {
		image.Set(row.Div(p.word(&a.OutH)))
		y.Set(row.Rem(p.word(&a.OutH)))
		n.Set(n.Or(y.Not()))
		y.Set(y.Mul(wasm.Const(q.stride)).Sub(p.word(&a.PadTop)))
		f.If(n.Value(), func() { next.Set(y.MaxS(wasm.Const(0))) })
		n.Set(wasm.Const(0))
		limit.Set(y.Add(wasm.Const(q.size)).MinS(p.word(&a.InH)))
		f.While(next.LtS(limit.Value()), func() {
			from := image.Mul(p.word(&a.InH)).Add(next.Value()).Mul(p.word(&a.InW)).Mul(px.Value()).Add(p.word(&a.Input))
			q.copyRow(f, p, &a, from, q.slotOf(list, next, slot).Add(p.word(&a.PadLeft).Mul(px.Value())), c0, c1, px)
			next.Inc(1)
		})
		for k := range q.size {
			line := y.Add(wasm.Const(k))
			end.Set(line)
			f.Store(list.Value(), 4*k, wasm.Select(line.Lt(p.word(&a.InH)), q.slotOf(list, end, slot), list.Add(wasm.Const(ringHead))))
		}
		q.tiles(f, p, &a, row, list, c0, c1, px)
		row.Inc(1)
	})
	return f
}

// slotOf returns the address of an input row in the ring.
func (q *qDepthwise) slotOf(list, line, slot wasm.IntVar) wasm.Int {
	return list.Add(wasm.Const(ringHead)).Add(line.Rem(wasm.Const(q.size)).Add(wasm.Const(1)).Mul(slot.Value()))
}

// copyRow copies the channels c0 up to c1, in bytes, of the pixels of a row.
func (q *qDepthwise) copyRow(f *wasm.Func, p frame, a *QWindowArgs, from, to wasm.Int, c0, c1, px wasm.IntVar) {
	in, out, c, x := f.Int(), f.Int(), f.Int(), f.Int()
	in.Set(from)
	out.Set(to)
	width := p.word(&a.OutW).Sub(wasm.Const(1)).Mul(wasm.Const(q.stride)).Add(wasm.Const(q.size)).Sub(p.word(&a.PadLeft))
	x.Set(width.MinS(p.word(&a.InW)))
	f.While(wasm.Const(0).LtS(x.Value()), func() {
		c.Set(c0.Value())
		f.While(c.Add(wasm.Const(15)).Lt(c1.Value()), func() {
			f.StoreVec(out.Add(c.Value()), 0, in.Add(c.Value()).LoadVec(0))
			c.Inc(16)
		})
		f.If(c.Lt(c1.Value()), func() { f.StoreHalf(out.Add(c.Value()), 0, in.Add(c.Value()).LoadHalf(0)) })
		in.Set(in.Add(px.Value()))
		out.Set(out.Add(px.Value()))
		x.Inc(-1)
	})
}

// tiles calls the tile for all pixels of a row; the last overlaps the one before
// where they do not come out even.
func (q *qDepthwise) tiles(f *wasm.Func, p frame, a *QWindowArgs, row, list, c0, c1, px wasm.IntVar) {
	x, out, step := f.Int(), f.Int(), f.Int()
	step.Set(px.Mul(widthOf(p.word(&a.Float))))
	out.Set(p.word(&a.Output).Add(row.Mul(p.word(&a.OutW)).Mul(step.Value())))
	x.Set(wasm.Const(0))
	f.While(x.Lt(p.word(&a.OutW)), func() {
		x.Set(x.Min(p.word(&a.OutW).Sub(wasm.Const(tilePixels))))
		f.Call(q.tile, p.at.Value(), list.Value(), x.Mul(wasm.Const(q.stride)).Mul(px.Value()), out.Add(x.Mul(step.Value())), c0.Value(), c1.Value())
		x.Inc(tilePixels)
	})
}

// emitQTile adds tile(args, list, column, out, c0, c1): four pixels, whose
// window begins at a column, in bytes, of the listed rows.
func emitQTile(b *builder, size, stride int) *wasm.Func {
	i := wasm.I32
	f := b.m.Func("", i, i, i, i, i, i)
	var a QWindowArgs
	p := frameOf(f.Param(0), &a)
	list, column, out, c, c1 := f.Param(1), f.Param(2), f.Param(3), f.Param(4), f.Param(5)
	pairs := (size + 1) / 2
	first, second, w, scale, bias, px, step, o := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	acc, weight, pair := f.Vecs(tilePixels), f.Vecs(size), f.Vec()
	px.Set(p.word(&a.Pixel))
	step.Set(px.Mul(widthOf(p.word(&a.Float))))
	w.Set(p.word(&a.Weights).Add(c.Mul(wasm.Const(pairs * size * 2))))
	scale.Set(p.word(&a.Scale).Add(c.Shl(1)))
	bias.Set(p.word(&a.Bias).Add(c.Shl(1)))
	r := newRequantizer(f, p.splat(&a.Low), p.splat(&a.High))
	f.While(c.Lt(c1.Value()), func() {
		for row := 0; row < size; row += 2 {
			first.Set(list.Load(4 * row).Add(column.Value()).Add(c.Value()))
			if row+1 < size {
				second.Set(list.Load(4*row + 4).Add(column.Value()).Add(c.Value()))
			}
			for kx := range weight {
				weight[kx].Set(w.LoadVec(kx * 16))
			}
			w.Inc(size * 16)
			for col := range (tilePixels-1)*stride + size {
				if row+1 < size {
					pair.Set(first.Value().LoadHalf(0).Zip16(second.Value().LoadHalf(0), false))
					second.Set(second.Add(px.Value()))
				} else {
					pair.Set(first.Value().LoadPairs16(0))
				}
				first.Set(first.Add(px.Value()))
				for n := range acc {
					if kx := col - n*stride; kx >= 0 && kx < size {
						dot := pair.Value().Dot(weight[kx].Value())
						if row > 0 || kx > 0 {
							dot = acc[n].Value().AddInt(dot)
						}
						acc[n].Set(dot)
					}
				}
			}
		}
		factor, shift := weight[0], weight[1]
		factor.Set(scale.LoadVec(0))
		f.If(p.word(&a.Dynamic), func() { factor.Set(factor.Value().Mul(p.word(&a.Dynamic).LoadSplat(0))) })
		shift.Set(bias.LoadVec(0))
		o.Set(out.Add(c.Mul(widthOf(p.word(&a.Float)))))
		f.IfElse(p.word(&a.Float),
			func() {
				for n := range acc {
					acc[n].Set(p.clamp(scaled(acc[n], factor, shift), &a.Low, &a.High))
					f.StoreVec(o.Value(), 0, acc[n].Value())
					o.Set(o.Add(step.Value()))
				}
				b.noteRange(f, p.word(&a.Float), acc)
			},
			func() {
				for n := 0; n < len(acc); n += 2 {
					for k := n; k < n+2; k++ {
						acc[k].Set(r.round(scaled(acc[k], factor, shift)))
					}
					pair.Set(r.narrow(acc[n].Value(), acc[n+1].Value()))
					f.StoreHalf(o.Value(), 0, pair.Value())
					o.Set(o.Add(step.Value()))
					f.StoreOtherHalf(o.Value(), 0, pair.Value())
					o.Set(o.Add(step.Value()))
				}
			})
		scale.Inc(16)
		bias.Inc(16)
		c.Inc(8)
	})
	return f
}
