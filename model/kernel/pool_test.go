package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"larder/model/kernel"
)

// pooled returns the pool of x; countPad counts padding in a mean as zeros.
func pooled(s sliding, in picture, x []float32, out picture, mean, countPad bool) []float32 {
	y := make([]float32, out.size())
	out.each(y, func(n, oy, ox, c int) float32 {
		top, sum, count := math.Inf(-1), 0.0, 0
		s.taps(in, oy, ox, func(_, _, iy, ix int, inside bool) {
			if inside {
				v := float64(x[in.index(n, iy, ix, c)])
				top, sum = math.Max(top, v), sum+v
			}
			if inside || countPad && iy < in.h+s.bottom && ix < in.w+s.right {
				count++
			}
		})
		if mean {
			return float32(sum / float64(count))
		}
		return float32(top)
	})
	return y
}

// coversInput reports whether every window over in has a pixel of it.
func (s sliding) coversInput(in, out picture) bool {
	for y := range out.h {
		for x := range out.w {
			any := false
			s.taps(in, y, x, func(_, _, _, _ int, inside bool) { any = any || inside })
			if !any {
				return false
			}
		}
	}
	return true
}

func TestPool(t *testing.T) {
	r := rng(10)
	for range 60 {
		randomPool(t, r)
	}
}

func randomPool(t *testing.T, r *rand.Rand) {
	for {
		s := randomSliding(r, 5)
		in := newPicture(1+r.IntN(2), 1+r.IntN(12), 1+r.IntN(12), 1+r.IntN(30))
		out, ok := s.over(in, in.c)
		if ok && r.IntN(4) == 0 { // as ceil_mode does
			out.h++
			out.w++
		}
		if !ok || !s.coversInput(in, out) {
			continue
		}
		threads, special := 1+r.IntN(3), r.IntN(3) == 0
		t.Run(fmt.Sprintf("%v %v", s, in), func(t *testing.T) {
			m := newMachine(t)
			x := in.random(r)
			if special {
				x[in.index(0, in.h/2, in.w/2, 0)] = nan32
				x[in.index(0, 0, 0, in.c-1)] = -inf32
			}
			args := kernel.PoolArgs{Input: m.put(x), Output: m.alloc(4 * out.size()), Images: uint32(in.n), InH: uint32(in.h), InW: uint32(in.w),
				OutH: uint32(out.h), OutW: uint32(out.w), Pixel: uint32(4 * in.stride), KernelH: uint32(s.kh), KernelW: uint32(s.kw),
				StrideH: uint32(s.sh), StrideW: uint32(s.sw), DilationH: uint32(s.dh), DilationW: uint32(s.dw),
				PadTop: uint32(s.top), PadLeft: uint32(s.left), PadBottom: uint32(s.bottom), PadRight: uint32(s.right)}
			m.do(threads, kernel.MaxPool, args)
			near(t, m.get(args.Output, out.size()), pooled(s, in, x, out, false, false), 0)
			for _, count := range []uint32{0, 1} {
				args.CountPad = count
				m.do(threads, kernel.AveragePool, args)
				near(t, m.get(args.Output, out.size()), pooled(s, in, x, out, true, count == 1), 1e-6)
			}
		})
		return
	}
}

// foldCases are the reductions of rows and of the last dimension.
var foldCases = []struct {
	rows, last kernel.Number
	fold       func(x []float32) float64
	tolerance  float64
}{
	{kernel.SumRows, kernel.SumLast, sum64, 1e-5},
	{kernel.MeanRows, kernel.MeanLast, func(x []float32) float64 { return sum64(x) / float64(len(x)) }, 1e-6},
	{kernel.MaxRows, kernel.MaxLast, func(x []float32) float64 { return fold64(x, math.Max) }, 0},
	{kernel.MinRows, kernel.MinLast, func(x []float32) float64 { return fold64(x, math.Min) }, 0},
}

func sum64(x []float32) (s float64) {
	for _, v := range x {
		s += float64(v)
	}
	return s
}

func fold64(x []float32, f func(a, b float64) float64) float64 {
	y := float64(x[0])
	for _, v := range x {
		y = f(y, float64(v))
	}
	return y
}

func TestRows(t *testing.T) {
	for _, c := range foldCases {
		r := rng(11)
		for i := range 20 {
			images, rows, columns, threads := 1+r.IntN(3), 1+r.IntN(200), 1+r.IntN(40), 1+r.IntN(3)
			t.Run(fmt.Sprintf("%v of %dx%dx%d by %d", c.rows, images, rows, columns, threads), func(t *testing.T) {
				m := newMachine(t)
				x := randomMatrix(r, images*rows, columns)
				if i%5 == 0 {
					x.set(rows/2, columns-1, nan32)
				}
				want := newMatrix(images, columns, x.stride)
				for n := range images {
					for j := range columns {
						column := make([]float32, rows)
						for k := range column {
							column[k] = x.at(n*rows+k, j)
						}
						want.set(n, j, float32(c.fold(column)))
					}
				}
				bytes := uint32(4 * x.stride)
				args := kernel.RowsArgs{Input: m.put(x.data), ImageStride: bytes * uint32(rows), RowStride: bytes, Output: m.alloc(4 * len(want.data)), OutputStride: bytes,
					Images: uint32(images), Rows: uint32(rows), Vecs: uint32(x.stride / 4)}
				m.do(threads, c.rows, args)
				m.rowsAre(args.Output, bytes, want, c.tolerance)
			})
		}
	}
}

func TestLast(t *testing.T) {
	for _, c := range foldCases {
		r := rng(12)
		for i := range 30 {
			rows, columns, threads, stride := 1+r.IntN(20), 1+r.IntN(70), 1+r.IntN(3), []int{4, 16, 32}[i%3]
			t.Run(fmt.Sprintf("%v of %dx%d by %d", c.last, rows, columns, threads), func(t *testing.T) {
				m := newMachine(t)
				x := randomMatrix(r, rows, columns)
				for j := columns; j < x.stride; j++ { // the padding must not count
					x.set(r.IntN(rows), j, 100)
					x.set(r.IntN(rows), j, -100)
				}
				if i%5 == 0 {
					x.set(rows/2, columns-1, nan32)
				}
				want := newMatrix(rows, 1, min(4, stride/4))
				for i := range rows {
					want.set(i, 0, float32(c.fold(x.data[i*x.stride:][:columns])))
				}
				args := kernel.LastArgs{Input: m.put(x.data), InputStride: uint32(4 * x.stride), Output: m.alloc(rows * stride), OutputStride: uint32(stride),
					Rows: uint32(rows), Columns: uint32(columns)}
				m.do(threads, c.last, args)
				m.rowsAre(args.Output, args.OutputStride, want, c.tolerance)
			})
		}
	}
}
