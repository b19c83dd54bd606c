package kernel_test

import (
	"fmt"
	"math"
	"testing"

	"larder/model/kernel"
)

// softmax64 returns the softmax of x, or its logarithm.
func softmax64(x []float32, logarithm bool) []float32 {
	top, sum, y := fold64(x, math.Max), 0.0, make([]float32, len(x))
	for _, v := range x {
		sum += math.Exp(float64(v) - top)
	}
	for i, v := range x {
		if logarithm {
			y[i] = float32(float64(v) - top - math.Log(sum))
		} else {
			y[i] = float32(math.Exp(float64(v)-top) / sum)
		}
	}
	return y
}

func TestSoftmax(t *testing.T) {
	r := rng(13)
	for i := range 40 {
		rows, columns, threads := 1+r.IntN(20), 1+r.IntN(70), 1+r.IntN(3)
		t.Run(fmt.Sprintf("%dx%d by %d", rows, columns, threads), func(t *testing.T) {
			m := newMachine(t)
			x := randomMatrix(r, rows, columns)
			for j := range x.data {
				x.data[j] *= 30
			}
			for j := columns; j < x.stride; j++ { // the padding must not count
				x.set(r.IntN(rows), j, 1000)
			}
			if i%2 == 0 {
				x.set(rows/2, columns/2, -inf32) // a row of nothing else gives NaN
			}
			if i%7 == 0 {
				x.set(0, 0, nan32)
			}
			args := kernel.LastArgs{Input: m.put(x.data), InputStride: uint32(4 * x.stride), Output: m.alloc(4 * len(x.data)), OutputStride: uint32(4 * x.stride),
				Rows: uint32(rows), Columns: uint32(columns)}
			for _, k := range []kernel.Number{kernel.Softmax, kernel.LogSoftmax} {
				want := newMatrix(rows, columns, x.stride)
				for i := range rows {
					copy(want.data[i*x.stride:], softmax64(x.data[i*x.stride:][:columns], k == kernel.LogSoftmax))
				}
				m.do(threads, k, args)
				infinitiesAre(t, m.get(args.Output, len(want.data)), want.data, 5e-7)
			}
			// In place it is the same.
			m.do(threads, kernel.Softmax, args)
			want := m.get(args.Output, len(x.data))
			args.Output = args.Input
			m.do(threads, kernel.Softmax, args)
			near(t, m.get(args.Output, len(want)), want, 0)
		})
	}
}

// infinitiesAre is near for values that may be infinite.
func infinitiesAre(t *testing.T, got, want []float32, tolerance float64) {
	t.Helper()
	for i, w := range want {
		if math.IsInf(float64(w), 0) && got[i] == w {
			got[i], want[i] = 0, 0
		}
	}
	near(t, got, want, tolerance)
}

func TestLayerNorm(t *testing.T) {
	r := rng(14)
	for range 30 {
		rows, columns, threads := 1+r.IntN(20), 1+r.IntN(70), 1+r.IntN(3)
		t.Run(fmt.Sprintf("%dx%d by %d", rows, columns, threads), func(t *testing.T) {
			m := newMachine(t)
			x, scale, bias := randomMatrix(r, rows, columns), randomMatrix(r, 1, columns), randomMatrix(r, 1, columns)
			want := newMatrix(rows, columns, x.stride)
			for i := range rows {
				row := x.data[i*x.stride:][:columns]
				mean, variance := sum64(row)/float64(columns), 0.0
				for _, v := range row {
					variance += (float64(v) - mean) * (float64(v) - mean) / float64(columns)
				}
				for j, v := range row {
					want.set(i, j, float32((float64(v)-mean)/math.Sqrt(variance+float64(float32(1e-5)))*float64(scale.at(0, j))+float64(bias.at(0, j))))
				}
			}
			args := kernel.LayerNormArgs{LastArgs: kernel.LastArgs{Input: m.put(x.data), InputStride: uint32(4 * x.stride), Output: m.alloc(4 * len(x.data)),
				OutputStride: uint32(4 * x.stride), Rows: uint32(rows), Columns: uint32(columns)},
				Scale: m.put(scale.data), Bias: m.put(bias.data), Epsilon: 1e-5}
			m.do(threads, kernel.LayerNorm, args)
			near(t, m.get(args.Output, len(want.data)), want.data, 2e-5)
		})
	}
}

func TestScaleShift(t *testing.T) {
	r := rng(15)
	for _, rows := range []int{1, 2, 9} {
		for _, columns := range []int{1, 7, 40} {
			for threads := 1; threads <= 3; threads++ {
				m := newMachine(t)
				x, scale, shift := randomMatrix(r, rows, columns), randomMatrix(r, 1, columns), randomMatrix(r, 1, columns)
				want := newMatrix(rows, columns, x.stride)
				for i := range rows {
					for j := range columns {
						want.set(i, j, clamp32(x.at(i, j)*scale.at(0, j)+shift.at(0, j), 0, 0.5))
					}
				}
				args := kernel.ScaleShiftArgs{Input: m.put(x.data), InputStride: uint32(4 * x.stride), Output: m.alloc(4 * len(x.data)), OutputStride: uint32(4 * x.stride),
					Scale: m.put(scale.data), Shift: m.put(shift.data), Rows: uint32(rows), Vecs: uint32(x.stride / 4), Low: 0, High: 0.5}
				m.do(threads, kernel.ScaleShift, args)
				m.rowsAre(args.Output, args.OutputStride, want, 2e-7)
			}
		}
	}
}
