package kernel_test

import (
	"fmt"
	"math"
	"testing"

	"larder/model/kernel"
)

var binaryCases = []struct {
	kernel    kernel.Number
	want      func(a, b float64) float64
	tolerance float64
}{
	{kernel.Add, func(a, b float64) float64 { return a + b }, 1e-7},
	{kernel.Sub, func(a, b float64) float64 { return a - b }, 1e-7},
	{kernel.Mul, func(a, b float64) float64 { return a * b }, 1e-7},
	{kernel.Div, func(a, b float64) float64 { return a / b }, 1e-7},
	{kernel.Min, func(a, b float64) float64 { return min(a, b) }, 0},
	{kernel.Max, func(a, b float64) float64 { return max(a, b) }, 0},
	{kernel.Pow, math.Pow, 2e-6},
	{kernel.PRelu, func(a, b float64) float64 {
		if a < 0 {
			return a * b
		}
		return a
	}, 1e-7},
}

// operand is one side of a broadcast: how it repeats.
type operand struct {
	name                 string
	outer, rows, columns bool // has elements of its own for each block, row, column
}

var operands = []operand{
	{"same shape", true, true, true},
	{"per channel", false, false, true},
	{"per image and channel", true, false, true},
	{"per row", true, true, false},
	{"scalar", false, false, false},
}

// lay puts an operand into memory and returns it, its address and strides.
func (o operand) lay(m *machine, outer, rows, columns int, r interface{ Float32() float32 }) (at func(i, j, k int) float32, addr, byOuter, byRow, single uint32) {
	pick := func(own bool, n int) int {
		if own {
			return n
		}
		return 1
	}
	n, h, w := pick(o.outer, outer), pick(o.rows, rows), pick(o.columns, columns)
	x := newMatrix(n*h, w, up4(w))
	for i := range n * h {
		for j := range w {
			x.set(i, j, r.Float32()*4-2)
		}
	}
	at = func(i, j, k int) float32 { return x.at(i%n*h+j%h, k%w) }
	if o.outer {
		byOuter = uint32(4 * h * x.stride)
	}
	if o.rows {
		byRow = uint32(4 * x.stride)
	}
	if !o.columns {
		single = 1
	}
	return at, m.put(x.data), byOuter, byRow, single
}

func TestBinary(t *testing.T) {
	for _, c := range binaryCases {
		for i, o := range operands {
			for _, swap := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v %s %v", c.kernel, o.name, swap), func(t *testing.T) {
					r := rng(uint64(16 + i))
					for range 6 {
						m := newMachine(t)
						outer, rows, columns := 1+r.IntN(3), 1+r.IntN(9), 1+r.IntN(40)
						if c.kernel == kernel.Add && i == 0 {
							columns = 4200 // more than a piece
						}
						first, second := operands[0], o
						if swap {
							first, second = second, first
						}
						args := kernel.BinaryArgs{Outer: uint32(outer), Rows: uint32(rows), Vecs: uint32(up4(columns) / 4), Tail: uint32(columns % 4), Low: -3, High: 3}
						var a, b func(i, j, k int) float32
						a, args.A, args.AOuter, args.ARow, args.ASingle = first.lay(m, outer, rows, columns, r)
						b, args.B, args.BOuter, args.BRow, args.BSingle = second.lay(m, outer, rows, columns, r)
						want := newMatrix(outer*rows, columns, up4(columns))
						for i := range outer * rows {
							for k := range columns {
								want.set(i, k, clamp32(float32(c.want(float64(a(i/rows, i%rows, k)), float64(b(i/rows, i%rows, k)))), -3, 3))
							}
						}
						args.OutRow = uint32(4*want.stride) + 16
						args.OutOuter = args.OutRow * uint32(rows)
						args.Output = m.alloc(int(args.OutOuter) * outer)
						m.do(1+r.IntN(3), c.kernel, args)
						m.rowsAre(args.Output, args.OutRow, want, c.tolerance)
					}
				})
			}
		}
	}
}

// TestBinarySpecial runs all pairs of special values.
func TestBinarySpecial(t *testing.T) {
	special := []float32{0, 1, -1, 0.5, 2, 3, -2, -3, 1e-40, 3e38, inf32, -inf32, nan32, 7.5, -0.5, 10}
	for _, c := range binaryCases {
		t.Run(fmt.Sprint(c.kernel), func(t *testing.T) {
			m := newMachine(t)
			var a, b, want []float32
			for _, x := range special {
				for _, y := range special {
					if c.kernel == kernel.Pow && x == 3e38 && y != 0 && y != 1 && y != -1 {
						continue // loses digits there
					}
					a, b, want = append(a, x), append(b, y), append(want, float32(c.want(float64(x), float64(y))))
				}
			}
			for len(a)%4 > 0 {
				a, b, want = append(a, 1), append(b, 1), append(want, float32(c.want(1, 1)))
			}
			args := kernel.BinaryArgs{A: m.put(a), B: m.put(b), Output: m.alloc(4 * len(a)), Outer: 1, Rows: 1, Vecs: uint32(len(a) / 4), Low: -inf32, High: inf32}
			m.do(1, c.kernel, args)
			for i, y := range m.get(args.Output, len(a)) {
				w := want[i]
				if c.kernel == kernel.Pow && (math.IsInf(float64(a[i]), 0) || math.IsInf(float64(b[i]), 0)) && a[i] < 0 {
					continue // infinite bases and exponents of negative bases differ
				}
				if !(y == w || y != y && w != w || math.Abs(float64(y-w)) <= 1e-5*math.Abs(float64(w))) {
					t.Errorf("of %v and %v is %v, want %v", a[i], b[i], y, w)
				}
			}
		})
	}
}
