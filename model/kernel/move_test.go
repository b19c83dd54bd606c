package kernel_test

import (
	"fmt"
	"testing"

	"larder/model/kernel"
)

func TestTranspose(t *testing.T) {
	r := rng(20)
	for range 40 {
		batches, rows, columns, threads := 1+r.IntN(3), 1+r.IntN(20), 1+r.IntN(20), 1+r.IntN(3)
		t.Run(fmt.Sprintf("%d of %dx%d by %d", batches, rows, columns, threads), func(t *testing.T) {
			m := newMachine(t)
			stride, padding := columns+r.IntN(2), r.IntN(4)
			in := m.put(random(r, batches*rows*stride))
			args := kernel.TransposeArgs{Input: in, InputStride: uint32(4 * stride), InputBatch: uint32(4 * rows * stride),
				OutputStride: uint32(4*(rows+padding)) + 16, Batches: uint32(batches), Rows: uint32(rows), Columns: uint32(columns), OutputColumns: uint32(rows + padding)}
			args.OutputBatch = args.OutputStride * uint32(columns)
			args.Output = m.alloc(int(args.OutputBatch) * batches)
			want := newMatrix(batches*columns, rows, rows+padding)
			x := m.get(in, batches*rows*stride)
			for n := range batches {
				for i := range rows {
					for j := range columns {
						want.set(n*columns+j, i, x[(n*rows+i)*stride+j])
					}
				}
			}
			m.do(threads, kernel.Transpose, args)
			m.rowsAre(args.Output, args.OutputStride, want, 0)
		})
	}
}

func TestCopyAndFill(t *testing.T) {
	r := rng(21)
	for range 40 {
		rows, columns, zeros, threads := 1+r.IntN(10), 1+r.IntN(150), r.IntN(8), 1+r.IntN(3)
		t.Run(fmt.Sprintf("%dx%d+%d by %d", rows, columns, zeros, threads), func(t *testing.T) {
			m := newMachine(t)
			stride := columns + r.IntN(5)
			x := random(r, rows*stride)
			args := kernel.CopyArgs{Input: m.put(x), InputStride: uint32(4 * stride), OutputStride: uint32(4 * (columns + zeros + 3)),
				Rows: uint32(rows), Bytes: uint32(4 * columns), Zeros: uint32(4 * zeros)}
			args.Output = m.alloc(rows * int(args.OutputStride))
			want := newMatrix(rows, columns, columns+zeros)
			for i := range rows {
				copy(want.data[i*want.stride:], x[i*stride:][:columns])
			}
			m.do(threads, kernel.Copy, args)
			m.rowsAre(args.Output, args.OutputStride, want, 0)

			for i := range rows {
				for j := columns; j < want.stride; j++ {
					want.set(i, j, -2.5)
				}
			}
			m.do(threads, kernel.Fill, kernel.FillArgs{Output: args.Output + args.Bytes, OutputStride: args.OutputStride, Rows: args.Rows, Bytes: args.Zeros, Value: -2.5})
			m.rowsAre(args.Output, args.OutputStride, want, 0)
		})
	}
}

// TestStridedCopy permutes, repeats and mirrors random shapes.
func TestStridedCopy(t *testing.T) {
	r := rng(22)
	for range 60 {
		m := newMachine(t)
		run := 1 + r.IntN(6)
		var args kernel.StridedCopyArgs
		args.Run = uint32(4 * run)
		// The input has its dimensions in any order, some of them of size 1 but
		// repeated; the output is dense.
		order := r.Perm(kernel.CopyRank)
		size, in := run, run
		for i := kernel.CopyRank - 1; i >= 0; i-- {
			args.Dims[i] = uint32(1 + r.IntN(3))
			args.OutputStrides[i] = uint32(4 * size)
			size *= int(args.Dims[i])
		}
		for _, i := range order {
			if r.IntN(4) > 0 {
				args.InputStrides[i] = uint32(4 * in)
				in *= int(args.Dims[i])
			}
		}
		x := random(r, in)
		args.Input, args.Output = m.put(x), m.alloc(4*size)
		if d := r.IntN(kernel.CopyRank); args.Dims[d] > 1 { // mirrored
			args.Input += (args.Dims[d] - 1) * args.InputStrides[d]
			args.InputStrides[d] = -args.InputStrides[d]
		}
		want := make([]float32, 0, size)
		for i := range size / run {
			from, rest := args.Input, uint32(i)
			for d := kernel.CopyRank - 1; d >= 0; d-- {
				from += rest % args.Dims[d] * args.InputStrides[d]
				rest /= args.Dims[d]
			}
			want = append(want, m.get(from, run)...)
		}
		m.do(1+r.IntN(3), kernel.StridedCopy, args)
		near(t, m.get(args.Output, size), want, 0)
	}
}

func TestResize(t *testing.T) {
	r := rng(23)
	for range 30 {
		m := newMachine(t)
		in := newPicture(1+r.IntN(2), 1+r.IntN(8), 1+r.IntN(8), 1+r.IntN(9))
		out := newPicture(in.n, 1+r.IntN(12), 1+r.IntN(12), in.c)
		x := in.random(r)
		type tap struct {
			a, b   int
			weight float32
		}
		taps := func(n, size int) []tap {
			l := make([]tap, n)
			for i := range l {
				l[i] = tap{r.IntN(size), r.IntN(size), []float32{0, 0.25, 1, r.Float32()}[r.IntN(4)]}
			}
			return l
		}
		rows, columns := taps(out.h, in.h), taps(out.w, in.w)
		table := func(l []tap, step int) (nearest, bilinear uint32) {
			var one, two []uint32
			for _, v := range l {
				one = append(one, uint32(4*step*v.a))
				two = append(two, kernel.ResizeTap{First: uint32(4 * step * v.a), Second: uint32(4 * step * v.b), Weight: v.weight}.Words()...)
			}
			return m.putWords(one), m.putWords(two)
		}
		args := kernel.ResizeArgs{Input: m.put(x), InputBatch: uint32(4 * in.size() / in.n), Output: m.alloc(4 * out.size()), Images: uint32(in.n),
			OutH: uint32(out.h), OutW: uint32(out.w), Pixel: uint32(4 * in.stride)}
		rows1, rows2 := table(rows, in.w*in.stride)
		columns1, columns2 := table(columns, in.stride)
		want := make([]float32, out.size())

		args.RowTable, args.ColumnTable = rows1, columns1
		m.do(1+r.IntN(3), kernel.ResizeNearest, args)
		out.each(want, func(n, y, x0, c int) float32 { return x[in.index(n, rows[y].a, columns[x0].a, c)] })
		near(t, m.get(args.Output, out.size()), want, 0)

		args.RowTable, args.ColumnTable = rows2, columns2
		m.do(1+r.IntN(3), kernel.ResizeBilinear, args)
		out.each(want, func(n, y, x0, c int) float32 {
			v, h := rows[y], columns[x0]
			at := func(y, x0 int) float64 { return float64(x[in.index(n, y, x0, c)]) }
			mix := func(a, b float64, w float32) float64 { return a*(1-float64(w)) + b*float64(w) }
			return float32(mix(mix(at(v.a, h.a), at(v.a, h.b), h.weight), mix(at(v.b, h.a), at(v.b, h.b), h.weight), v.weight))
		})
		near(t, m.get(args.Output, out.size()), want, 1e-6)
	}
}
