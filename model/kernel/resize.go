package kernel

import "larder/model/kernel/wasm"

// ResizeArgs are the arguments of resize-nearest and resize-bilinear. Which
// pixels an output is made of is said by two tables, so that every way to map
// coordinates, to crop or to mirror is the same loop:
//
//	for each row of the output, for each of its pixels
//	  for each vector: output = input[row][column],
//	  or the sum of two rows and two columns by their weights
//
// An entry of a nearest table is the offset in bytes of the row in its image, or
// of the pixel in its row. An entry of a bilinear table is a [ResizeTap].
type ResizeArgs struct {
	Input, InputBatch uint32 // address, bytes from image to image
	Output            uint32 // address, NHWC
	Images            uint32
	OutH, OutW        uint32
	Pixel             uint32 // bytes of a pixel
	RowTable          uint32 // address of OutH entries
	ColumnTable       uint32 // address of OutW entries
}

// Words implements [Arguments].
func (a ResizeArgs) Words() []uint32 { return words(a) }

// ResizeTap is an entry of a bilinear table, three words: the offsets of two
// rows or pixels and the weights are 1-Weight and Weight.
type ResizeTap struct {
	First, Second uint32
	Weight        float32
}

// Words returns the entry as the table holds it.
func (a ResizeTap) Words() []uint32 { return words(a) }

// tapBytes is the size of a ResizeTap.
const tapBytes = 12

// emitResize returns the emitter of a kernel.
func emitResize(bilinear bool) emitter {
	return func(b *builder) *wasm.Func {
		line, entry := emitNearestLine(b), 4
		if bilinear {
			line, entry = emitBilinearLine(b), tapBytes
		}
		f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
		thread, threads := f.Param(1), f.Param(2)
		var a ResizeArgs
		p := frameOf(f.Param(0), &a)
		row, rowEnd := f.Int(), f.Int()
		rowEnd.Set(p.word(&a.Images).Mul(p.word(&a.OutH)))
		row.Set(share(rowEnd, thread.Value(), threads))
		rowEnd.Set(share(rowEnd, thread.Add(wasm.Const(1)), threads))
		f.While(row.Lt(rowEnd.Value()), func() {
			image := p.word(&a.Input).Add(row.Div(p.word(&a.OutH)).Mul(p.word(&a.InputBatch)))
			out := p.word(&a.Output).Add(row.Mul(p.word(&a.OutW)).Mul(p.word(&a.Pixel)))
			f.Call(line, p.at.Value(), image, out, p.word(&a.RowTable).Add(row.Rem(p.word(&a.OutH)).Mul(wasm.Const(entry))))
			row.Inc(1)
		})
		return f
	}
}

// emitNearestLine adds line(args, image, out, tap): one row of the output.
func emitNearestLine(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	image, out, tap := f.Param(1), f.Param(2), f.Param(3)
	var a ResizeArgs
	p := frameOf(f.Param(0), &a)
	column, columnEnd, from, end := f.Int(), f.Int(), f.Int(), f.Int()
	image.Set(image.Add(tap.Load(0)))
	columnEnd.Set(p.word(&a.ColumnTable).Add(p.word(&a.OutW).Shl(2)))
	f.For(column, p.word(&a.ColumnTable), columnEnd.Value(), 4, func() {
		from.Set(image.Add(column.Load(0)))
		end.Set(out.Add(p.word(&a.Pixel)))
		copyRun(f, b.copyLong, out, end, from)
	})
	return f
}

// emitBilinearLine adds line(args, image, out, tap): one row of the output.
func emitBilinearLine(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	image, out, tap := f.Param(1), f.Param(2), f.Param(3)
	var a ResizeArgs
	p := frameOf(f.Param(0), &a)
	column, columnEnd, end := f.Int(), f.Int(), f.Int()
	from := f.Ints(4)
	weight, top, left := f.Vecs(4), f.Vec(), f.Vec()
	columnEnd.Set(p.word(&a.ColumnTable).Add(p.word(&a.OutW).Mul(wasm.Const(tapBytes))))
	top.Set(tap.LoadSplat(8))
	f.For(column, p.word(&a.ColumnTable), columnEnd.Value(), tapBytes, func() {
		left.Set(column.LoadSplat(8))
		// Input i is row i/2 and column i%2 of the four.
		for i := range from {
			from[i].Set(image.Add(tap.Load(i / 2 * 4)).Add(column.Load(i % 2 * 4)))
			w := []wasm.Vec{one.Sub(top.Value()), top.Value()}[i/2]
			weight[i].Set(w.Mul([]wasm.Vec{one.Sub(left.Value()), left.Value()}[i%2]))
		}
		end.Set(out.Add(p.word(&a.Pixel)))
		f.While(out.Lt(end.Value()), func() {
			sum := from[0].LoadVec(0).Mul(weight[0].Value())
			for i := 1; i < len(from); i++ {
				sum = f.MulAdd(from[i].LoadVec(0), weight[i].Value(), sum)
			}
			f.StoreVec(out.Value(), 0, sum)
			for i := range from {
				from[i].Inc(16)
			}
			out.Inc(16)
		})
	})
	return f
}
