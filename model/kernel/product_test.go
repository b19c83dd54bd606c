package kernel_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"larder/model/kernel"
)

// packed returns the k x n matrix w as gemm wants it.
func packed(w matrix) []float32 {
	k := up4(w.rows)
	out := make([]float32, kernel.PackedBytes(k, w.columns)/4)
	for i := range w.rows {
		for j := range w.columns {
			out[(j/kernel.PanelCols*k+i)*kernel.PanelCols+j%kernel.PanelCols] = w.at(i, j)
		}
	}
	return out
}

// product returns clamp(a·w + bias + r); r may have no elements.
func product(a, w matrix, bias []float32, r matrix, low, high float32) matrix {
	c := newMatrix(a.rows, w.columns, up4(w.columns))
	for i := range a.rows {
		for j := range w.columns {
			sum := float64(bias[j])
			for k := range a.columns {
				sum += float64(a.at(i, k)) * float64(w.at(k, j))
			}
			if r.data != nil {
				sum += float64(r.at(i, j))
			}
			v := float32(sum)
			if v < low {
				v = low
			}
			if v > high {
				v = high
			}
			c.set(i, j, v)
		}
	}
	return c
}

// gemmCase is a product in a machine's memory.
type gemmCase struct {
	args kernel.GEMMArgs
	want matrix
}

// newGEMM puts random operands into memory. Rows of A, R and C are pad floats
// farther apart than they must be.
func newGEMM(m *machine, r *rand.Rand, rows, k, n, pad int, residual bool, low, high float32) gemmCase {
	return newProduct(m, r, rows, randomMatrix(r, k, n), pad, residual, low, high)
}

// newProduct does so with the weights w.
func newProduct(m *machine, r *rand.Rand, rows int, w matrix, pad int, residual bool, low, high float32) gemmCase {
	k, n := w.rows, w.columns
	a := randomMatrix(r, rows, k)
	bias := random(r, up4(n))
	for j := n; j < len(bias); j++ {
		bias[j] = 0
	}
	var res matrix
	args := kernel.GEMMArgs{
		A: m.put(widen(a, pad).data), LDA: uint32(4 * (a.stride + pad)), W: m.put(packed(w)),
		C: m.alloc(4 * rows * (up4(n) + pad)), LDC: uint32(4 * (up4(n) + pad)), Rows: uint32(rows), K: uint32(up4(k)), Vecs: uint32(up4(n) / 4),
		Bias: m.put(bias), Low: low, High: high, RowBlock: 24, KBlock: 64,
	}
	if residual {
		res = randomMatrix(r, rows, n)
		args.Residual, args.LDR = m.put(widen(res, pad).data), uint32(4*(res.stride+pad))
	}
	return gemmCase{args, product(a, w, bias, res, low, high)}
}

// widen returns a with rows that are pad floats farther apart, NaN in between.
func widen(a matrix, pad int) matrix {
	b := newMatrix(a.rows, a.columns, a.stride+pad)
	for i := range a.rows {
		copy(b.data[i*b.stride:], a.data[i*a.stride:][:a.stride])
		for j := a.stride; j < b.stride; j++ {
			b.data[i*b.stride+j] = nan32
		}
	}
	return b
}

// rowsAre checks rows in memory that are stride bytes apart, and that nothing is
// written between them.
func (m *machine) rowsAre(at, stride uint32, want matrix, tolerance float64) {
	m.t.Helper()
	for i := range want.rows {
		got := m.get(at+uint32(i)*stride, int(stride/4))
		near(m.t, got[:want.stride], want.data[i*want.stride:][:want.stride], tolerance)
		for j, v := range got[want.stride:] {
			if v == v {
				m.t.Fatalf("row %d: %v is written %d floats behind its end", i, v, j)
			}
		}
	}
}

func TestGEMM(t *testing.T) {
	r := rng(3)
	for range 60 {
		randomGEMM(t, r)
	}
}

func randomGEMM(t *testing.T, r *rand.Rand) {
	rows, k, n, pad, threads := 1+r.IntN(40), 1+r.IntN(150), 1+r.IntN(40), 4*r.IntN(3), 1+r.IntN(3)
	low, high := -inf32, inf32
	if r.IntN(2) == 0 {
		low, high = -1, 2
	}
	t.Run(fmt.Sprintf("%dx%dx%d by %d", rows, k, n, threads), func(t *testing.T) {
		m := newMachine(t)
		c := newGEMM(m, r, rows, k, n, pad, r.IntN(3) == 0, low, high)
		m.do(threads, kernel.GEMM, c.args)
		m.rowsAre(c.args.C, c.args.LDC, c.want, 1e-5)
	})
}

// TestGEMMNaN checks that a NaN reaches its row and no other, through the clamp.
func TestGEMMNaN(t *testing.T) {
	m := newMachine(t)
	c := newGEMM(m, rng(4), 9, 8, 8, 0, false, 0, 6)
	m.mem.WriteFloat32Le(c.args.A+4*c.args.LDA, nan32)
	for j := range 8 {
		c.want.set(4, j, nan32)
	}
	m.do(1, kernel.GEMM, c.args)
	m.rowsAre(c.args.C, c.args.LDC, c.want, 1e-5)
}

func TestBatchedGEMM(t *testing.T) {
	r := rng(5)
	for range 20 {
		batches, rows, k, n, threads := 1+r.IntN(5), 1+r.IntN(20), 1+r.IntN(70), 1+r.IntN(20), 1+r.IntN(3)
		t.Run(fmt.Sprintf("%d of %dx%dx%d by %d", batches, rows, k, n, threads), func(t *testing.T) {
			m := newMachine(t)
			var cases []gemmCase
			for range batches {
				cases = append(cases, newGEMM(m, r, rows, k, n, 0, true, -1, 1))
			}
			// All batches take the bias of the first: the others get the same.
			first := cases[0].args
			args := kernel.BatchedGEMMArgs{GEMMArgs: first, Batches: uint32(batches), Scratch: m.alloc(threads * kernel.GEMMScratch)}
			if batches > 1 {
				next := cases[1].args
				args.AStep, args.WStep, args.CStep, args.RStep = next.A-first.A, next.W-first.W, next.C-first.C, next.Residual-first.Residual
			}
			for i, c := range cases[1:] {
				bias := m.get(first.Bias, up4(n))
				for j, v := range bias {
					m.mem.WriteFloat32Le(c.args.Bias+uint32(4*j), v)
				}
				m.do(1, kernel.GEMM, c.args)
				cases[i+1].want.data = m.get(c.args.C, len(c.want.data))
				for j := range c.want.data {
					m.mem.WriteFloat32Le(c.args.C+uint32(4*j), nan32)
				}
			}
			m.do(threads, kernel.BatchedGEMM, args)
			for _, c := range cases {
				m.rowsAre(c.args.C, c.args.LDC, c.want, 1e-5)
			}
		})
	}
}

func TestPackColumns(t *testing.T) {
	r := rng(6)
	for i := range 30 {
		batches, k, n, threads := 1+r.IntN(3), 1+r.IntN(20), 1+r.IntN(30), 1+r.IntN(3)
		t.Run(fmt.Sprintf("%d of %dx%d", batches, k, n), func(t *testing.T) {
			m := newMachine(t)
			var in, want []float32
			args := kernel.PackArgs{Batches: uint32(batches), K: uint32(k), N: uint32(n), PackedK: uint32(up4(k))}
			for range batches {
				b := randomMatrix(r, k, n)
				want = append(want, packed(b)...)
				if i%2 == 0 {
					args.KStride, args.NStride = uint32(4*b.stride), 4
				} else {
					b = turned(b)
					args.KStride, args.NStride = 4, uint32(4*b.stride)
				}
				args.InputBatch = uint32(4 * len(b.data))
				in = append(in, b.data...)
			}
			args.OutputBatch = uint32(4 * len(want) / batches)
			args.Input, args.Output = m.put(in), m.alloc(4*len(want))
			m.do(threads, kernel.PackColumns, args)
			near(t, m.get(args.Output, len(want)), want, 0)
		})
	}
}

// turned returns a transposed.
func turned(a matrix) matrix {
	b := newMatrix(a.columns, a.rows, up4(a.rows))
	for i := range a.rows {
		for j := range a.columns {
			b.set(j, i, a.at(i, j))
		}
	}
	return b
}
