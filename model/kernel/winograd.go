package kernel

import "larder/model/kernel/wasm"

// WinogradArgs are the arguments of winograd, a convolution with a 3x3 window,
// stride 1, not dilated, by Winograd's minimal filtering F(4x4, 3x3) (A. Lavin
// and S. Gray, "Fast algorithms for convolutional neural networks", 2016): a
// quarter of the multiplications.
//
//	for each block of tiles of 4x4 output pixels
//	  for each tile: V[36] = Bᵀ·(its 6x6 pixels of the input)·B
//	  for each of the 36 places: M = V·U, a matrix product over the channels
//	  for each tile: output = clamp(Aᵀ·M·A + bias + residual)
//
// The result differs from the direct sum by some 1e-6 of the sum of the
// products' magnitudes, and a pixel that is not finite spoils its whole tile.
type WinogradArgs struct {
	Input, Output         uint32 // addresses, NHWC
	Weights               uint32 // address; see PackWinograd
	Bias                  uint32 // address of an output pixel
	Residual              uint32 // address of a picture like the output, or 0
	Images                uint32
	InH, InW              uint32
	OutH, OutW            uint32
	InPixel, OutPixel     uint32 // bytes of a pixel
	PadTop, PadLeft       uint32
	TileBlock             uint32 // tiles in a block, at least 1
	KBlock                uint32 // channels in a block of the product, a multiple of 4
	Scratch, ScratchBytes uint32 // address of the scratch of thread 0, bytes of each thread's: see WinogradScratch
	Low, High             float32
}

// Words implements [Arguments].
func (a WinogradArgs) Words() []uint32 { return words(a) }

const (
	winogradTile  = 4                // output pixels of a tile in each direction
	winogradPatch = winogradTile + 2 // input pixels of a tile

	// WinogradPlaces is the number of products of a tile.
	WinogradPlaces = winogradPatch * winogradPatch
)

// WinogradScratch returns the bytes of scratch that each thread needs.
func WinogradScratch(tileBlock, inPixel, outPixel int) int {
	plane := func(pixel int) int { return (((tileBlock*pixel + 63) >> 6) | 1) << 6 }
	return scratchHead + (outPixel+63)&^63 + WinogradPlaces*(inPixel+plane(inPixel)+plane(outPixel))
}

// PackWinograd transforms the weights [out][in][3][3] for winograd: for each of
// the 36 places a packed matrix of in rows, rounded up to a multiple of 4, and
// out columns. They go to packed, which is zeros and has WinogradFloats of room.
func PackWinograd(packed, w []float32, out, in int) {
	k := (in + 3) &^ 3
	panel := PackedBytes(k, out) / 4
	for o := range out {
		for i := range in {
			u := transformWeights(w[(o*in+i)*9:][:9])
			for place, v := range u {
				packed[place*panel+(o/PanelCols*k+i)*PanelCols+o%PanelCols] = float32(v)
			}
		}
	}
}

// WinogradFloats is the number of floats of transformed weights.
func WinogradFloats(out, in int) int { return WinogradPlaces * PackedBytes((in+3)&^3, out) / 4 }

// transformWeights returns G·w·Gᵀ of a 3x3 window.
func transformWeights(w []float32) (u [WinogradPlaces]float64) {
	g := [winogradPatch][3]float64{{1. / 4}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6}, {1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1}}
	for i := range g {
		for j := range g {
			for y := range 3 {
				for x := range 3 {
					u[i*winogradPatch+j] += g[i][y] * float64(w[y*3+x]) * g[j][x]
				}
			}
		}
	}
	return u
}

func emitWinograd(b *builder) *wasm.Func {
	input, output := emitWinogradInput(b.m), emitWinogradOutput(b.m)
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	thread, threads := f.Param(1), f.Param(2)
	var a WinogradArgs
	p := frameOf(f.Param(0), &a)
	tile, tileEnd, n, t, place := f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	local, patch, v, planeV, products, planeM, weights := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()

	// The scratch: gemm's arguments, a bias of zeros, the pixels of a tile, V, M.
	// A plane is an odd number of cache lines, so that the planes' starts spread
	// over the cache's sets.
	plane := func(pixel wasm.Int) wasm.Int {
		return p.word(&a.TileBlock).Mul(pixel).Add(wasm.Const(63)).Shr(6).Or(wasm.Const(1)).Shl(6)
	}
	local.Set(p.word(&a.Scratch).Add(b.worker.Value().Mul(p.word(&a.ScratchBytes))))
	planeV.Set(plane(p.word(&a.InPixel)))
	planeM.Set(plane(p.word(&a.OutPixel)))
	t.Set(local.Add(wasm.Const(scratchHead)))
	f.Store(local.Value(), gemmBias, t.Value())
	patch.Set(t.Add(p.word(&a.OutPixel)))
	clearTo(f, t, patch)
	patch.Set(patch.Add(wasm.Const(63)).And(wasm.Const(-64)))
	v.Set(patch.Add(p.word(&a.InPixel).Mul(wasm.Const(WinogradPlaces))))
	products.Set(v.Add(planeV.Mul(wasm.Const(WinogradPlaces))))
	winogradProduct(f, p, &a, local)

	tileEnd.Set(p.word(&a.Images).Mul(tiles(p.word(&a.OutH))).Mul(tiles(p.word(&a.OutW))))
	tile.Set(share(tileEnd, thread.Value(), threads))
	tileEnd.Set(share(tileEnd, thread.Add(wasm.Const(1)), threads))
	f.While(tile.Lt(tileEnd.Value()), func() {
		n.Set(p.word(&a.TileBlock).Min(tileEnd.Sub(tile.Value())))
		f.For(t, wasm.Const(0), n.Value(), 1, func() {
			f.Call(input, p.at.Value(), tile.Add(t.Value()), v.Add(t.Mul(p.word(&a.InPixel))), planeV.Value(), patch.Value())
		})
		weights.Set(p.word(&a.Weights))
		f.For(place, wasm.Const(0), wasm.Const(WinogradPlaces), 1, func() {
			f.Store(local.Value(), gemmA, v.Add(place.Mul(planeV.Value())))
			f.Store(local.Value(), gemmC, products.Add(place.Mul(planeM.Value())))
			f.Store(local.Value(), gemmW, weights.Value())
			f.Call(b.rowBlocks, local.Value(), wasm.Const(0), n.Value())
			panels := local.Load(gemmVecs).Add(wasm.Const(1)).Shr(1)
			weights.Set(weights.Add(panels.Mul(local.Load(gemmK)).Mul(wasm.Const(PanelCols * 4))))
		})
		f.For(t, wasm.Const(0), n.Value(), 1, func() {
			f.Call(output, p.at.Value(), tile.Add(t.Value()), products.Add(t.Mul(p.word(&a.OutPixel))), planeM.Value())
		})
		tile.Set(tile.Add(n.Value()))
	})
	return f
}

// winogradProduct fills in what is the same for the products of all places.
func winogradProduct(f *wasm.Func, p frame, a *WinogradArgs, local wasm.IntVar) {
	set := func(place int, v wasm.Int) { f.Store(local.Value(), place, v) }
	set(gemmLDA, p.word(&a.InPixel))
	set(gemmLDC, p.word(&a.OutPixel))
	set(gemmK, p.word(&a.InPixel).Shr(2))
	set(gemmVecs, p.word(&a.OutPixel).Shr(4))
	set(gemmRows, p.word(&a.TileBlock))
	set(gemmRowBlock, p.word(&a.TileBlock))
	set(gemmKBlock, p.word(&a.KBlock))
	set(gemmResidual, wasm.Const(0))
	set(gemmLow, wasm.ConstFloat(negInf))
	set(gemmHigh, wasm.ConstFloat(posInf))
}

// tiles is the number of tiles that cover n pixels.
func tiles(n wasm.Int) wasm.Int {
	return n.Add(wasm.Const(winogradTile - 1)).Div(wasm.Const(winogradTile))
}

// tilePlace sets the image of a tile, and the first column and row of its output.
func tilePlace(f *wasm.Func, p frame, a *WinogradArgs, tile, image, y, x wasm.IntVar) {
	x.Set(tile.Rem(tiles(p.word(&a.OutW))).Shl(2))
	y.Set(tile.Div(tiles(p.word(&a.OutW))))
	image.Set(y.Div(tiles(p.word(&a.OutH))))
	y.Set(y.Rem(tiles(p.word(&a.OutH))).Shl(2))
}

// emitWinogradInput adds input(args, tile, to, plane, patch): it transforms the
// pixels of a tile; those that reach over the edge are gathered in patch first.
func emitWinogradInput(m *wasm.Module) *wasm.Func {
	transform := emitWinogradTransform(m)
	i := wasm.I32
	f := m.Func("", i, i, i, i, i)
	tile, to, plane, patch := f.Param(1), f.Param(2), f.Param(3), f.Param(4)
	var a WinogradArgs
	p := frameOf(f.Param(0), &a)
	image, y, x, from, line, row, column, at, end, src := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	pixel := p.word(&a.InPixel)

	tilePlace(f, p, &a, tile, image, y, x)
	y.Set(y.Sub(p.word(&a.PadTop)))
	x.Set(x.Sub(p.word(&a.PadLeft)))
	line.Set(p.word(&a.InW).Mul(pixel))
	from.Set(p.word(&a.Input).Add(image.Mul(p.word(&a.InH)).Add(y.Value()).Mul(line.Value())).Add(x.Mul(pixel)))
	inside := func(at wasm.IntVar, size wasm.Int) wasm.Int {
		return wasm.Const(0).LeS(at.Value()).And(at.Add(wasm.Const(winogradPatch)).LeS(size))
	}
	f.IfElse(inside(y, p.word(&a.InH)).And(inside(x, p.word(&a.InW))), func() {
		f.Call(transform, from.Value(), line.Value(), pixel, to.Value(), plane.Value())
	}, func() {
		at.Set(patch.Value())
		f.For(row, wasm.Const(0), wasm.Const(winogradPatch), 1, func() {
			f.For(column, wasm.Const(0), wasm.Const(winogradPatch), 1, func() {
				end.Set(at.Add(pixel))
				src.Set(from.Add(row.Mul(line.Value())).Add(column.Mul(pixel)))
				f.IfElse(y.Add(row.Value()).Lt(p.word(&a.InH)).And(x.Add(column.Value()).Lt(p.word(&a.InW))),
					func() { copyTo(f, at, end, src) },
					func() { clearTo(f, at, end) })
			})
		})
		f.Call(transform, patch.Value(), pixel.Mul(wasm.Const(winogradPatch)), pixel, to.Value(), plane.Value())
	})
	return f
}

// emitWinogradTransform adds transform(from, line, pixel, to, plane): for each
// vector of channels it writes Bᵀ·d·B to 36 places that are plane bytes apart.
func emitWinogradTransform(m *wasm.Module) *wasm.Func {
	i := wasm.I32
	f := m.Func("", i, i, i, i, i)
	from, line, pixel, to, plane := f.Param(0), f.Param(1), f.Param(2), f.Param(3), f.Param(4)
	end, at := f.Int(), f.Int()
	row, d, s := f.Ints(winogradPatch), f.Vecs(winogradPatch), f.Vecs(4)
	half := f.Vecs(WinogradPlaces) // Bᵀ·d
	end.Set(from.Add(pixel.Value()))
	for r := range row {
		row[r].Set(from.Value())
		from.Set(from.Add(line.Value()))
	}
	f.While(row[0].Lt(end.Value()), func() {
		for c := range winogradPatch {
			for r := range row {
				d[r].Set(row[r].LoadVec(0))
				row[r].Set(row[r].Add(pixel.Value()))
			}
			for r, v := range inputTransform(f, d, s) {
				half[r*winogradPatch+c].Set(v)
			}
		}
		for r := range row {
			row[r].Set(row[r].Sub(pixel.Mul(wasm.Const(winogradPatch))).Add(wasm.Const(16)))
		}
		at.Set(to.Value())
		for r := range winogradPatch {
			for _, v := range inputTransform(f, half[r*winogradPatch:][:winogradPatch], s) {
				f.StoreVec(at.Value(), 0, v)
				at.Set(at.Add(plane.Value()))
			}
		}
		to.Inc(16)
	})
	return f
}

// inputTransform returns Bᵀ·d for a column of 6, with s for intermediate sums.
func inputTransform(f *wasm.Func, d, s []wasm.VecVar) []wasm.Vec {
	mulAdd := func(x wasm.VecVar, by float32, y wasm.Vec) wasm.Vec {
		return f.MulAdd(x.Value(), held(f, by), y)
	}
	s[0].Set(mulAdd(d[2], -4, d[4].Value()))
	s[1].Set(mulAdd(d[1], -4, d[3].Value()))
	s[2].Set(d[4].Value().Sub(d[2].Value()))
	s[3].Set(d[3].Value().Sub(d[1].Value()))
	s[3].Set(s[3].Value().Add(s[3].Value()))
	return []wasm.Vec{
		mulAdd(d[0], 4, mulAdd(d[2], -5, d[4].Value())),
		s[0].Value().Add(s[1].Value()), s[0].Value().Sub(s[1].Value()),
		s[2].Value().Add(s[3].Value()), s[2].Value().Sub(s[3].Value()),
		mulAdd(d[1], 4, mulAdd(d[3], -5, d[5].Value())),
	}
}

// emitWinogradOutput adds output(args, tile, from, plane): for each vector of
// channels it transforms 36 places and writes those pixels of the tile that the
// output has.
func emitWinogradOutput(m *wasm.Module) *wasm.Func {
	i := wasm.I32
	f := m.Func("", i, i, i, i)
	tile, from, plane := f.Param(1), f.Param(2), f.Param(3)
	var a WinogradArgs
	p := frameOf(f.Param(0), &a)
	image, y, x, line, pixel, first, residual, bias, c, at, out, r, off := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	d, s, v := f.Vecs(winogradPatch), f.Vecs(4), f.Vec()
	half := f.Vecs(winogradTile * winogradPatch) // Aᵀ·m

	tilePlace(f, p, &a, tile, image, y, x)
	pixel.Set(p.word(&a.OutPixel))
	line.Set(p.word(&a.OutW).Mul(pixel.Value()))
	first.Set(image.Mul(p.word(&a.OutH)).Add(y.Value()).Mul(line.Value()).Add(x.Mul(pixel.Value())))
	residual.Set(p.word(&a.Residual))
	bias.Set(p.word(&a.Bias))
	f.For(c, wasm.Const(0), pixel.Value(), 16, func() {
		at.Set(from.Add(c.Value()))
		for col := range winogradPatch {
			off.Set(at.Add(plane.Mul(wasm.Const(col))))
			for row := range d {
				d[row].Set(off.LoadVec(0))
				off.Set(off.Add(plane.Mul(wasm.Const(winogradPatch))))
			}
			for row, e := range outputTransform(f, d, s) {
				half[row*winogradPatch+col].Set(e)
			}
		}
		for row := range winogradTile {
			f.If(y.Add(wasm.Const(row)).Lt(p.word(&a.OutH)), func() {
				off.Set(first.Add(line.Mul(wasm.Const(row))).Add(c.Value()))
				for col, e := range outputTransform(f, half[row*winogradPatch:][:winogradPatch], s) {
					f.If(x.Add(wasm.Const(col)).Lt(p.word(&a.OutW)), func() {
						out.Set(p.word(&a.Output).Add(off.Value()))
						v.Set(e.Add(bias.Add(c.Value()).LoadVec(0)))
						f.If(residual.Value(), func() {
							r.Set(residual.Add(off.Value()))
							v.Set(v.Value().Add(r.LoadVec(0)))
						})
						f.StoreVec(out.Value(), 0, p.clamp(v.Value(), &a.Low, &a.High))
					})
					off.Set(off.Add(pixel.Value()))
				}
			})
		}
	})
	return f
}

// outputTransform returns Aᵀ·m for a column of 6, with s for intermediate sums.
func outputTransform(f *wasm.Func, m, s []wasm.VecVar) []wasm.Vec {
	s[0].Set(m[1].Value().Add(m[2].Value()))
	s[1].Set(m[1].Value().Sub(m[2].Value()))
	s[2].Set(m[3].Value().Add(m[4].Value()))
	s[3].Set(m[3].Value().Sub(m[4].Value()))
	mulAdd := func(x wasm.VecVar, by float32, y wasm.Vec) wasm.Vec {
		return f.MulAdd(x.Value(), held(f, by), y)
	}
	return []wasm.Vec{
		m[0].Value().Add(s[0].Value()).Add(s[2].Value()),
		mulAdd(s[3], 2, s[1].Value()),
		mulAdd(s[2], 4, s[0].Value()),
		mulAdd(s[3], 8, s[1].Value()).Add(m[5].Value()),
	}
}
