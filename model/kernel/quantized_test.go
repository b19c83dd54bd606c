package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"larder/model/kernel"
)

// putShorts writes 16-bit integers into new memory.
func (m *machine) putShorts(data []int16) uint32 {
	at := m.alloc(2 * len(data))
	for i, v := range data {
		m.mem.WriteUint16Le(at+uint32(2*i), uint16(v))
	}
	return at
}

func (m *machine) getShorts(at uint32, n int) []int16 {
	out := make([]int16, n)
	for i := range out {
		v, _ := m.mem.ReadUint16Le(at + uint32(2*i))
		out[i] = int16(v)
	}
	return out
}

// shorts is rows of columns integers, in memory rounded up to fours of zeros.
type shorts struct {
	rows, columns int
	data          []int16
}

// randomShorts has the extremes of bytes without their zero point among its
// elements.
func randomShorts(r *rand.Rand, rows, columns int) shorts {
	s := shorts{rows, columns, make([]int16, rows*columns)}
	for i := range s.data {
		switch r.IntN(6) {
		case 0:
			s.data[i] = 255
		case 1:
			s.data[i] = -255
		default:
			s.data[i] = int16(r.IntN(511) - 255)
		}
	}
	return s
}

func (s shorts) padded() []int16 {
	out := make([]int16, s.rows*up4(s.columns))
	for i := range s.rows {
		copy(out[i*up4(s.columns):], s.data[i*s.columns:][:s.columns])
	}
	return out
}

// packedShorts returns the k x n matrix w as qgemm wants it.
func packedShorts(w shorts) []int16 {
	k := up4(w.rows)
	out := make([]int16, (w.columns+7)/8*8*k)
	for i := range w.rows {
		for j := range w.columns {
			out[(j/8*k/2+i/2)*16+j%8*2+i%2] = w.data[i*w.columns+j]
		}
	}
	return out
}

// finish is the epilogue: both roundings, as the kernels do.
func finish(sum int32, scale, bias, low, high float32, float bool) float32 {
	v := min(max(float32(float32(sum)*scale)+bias, low), high)
	if float {
		return v
	}
	return float32(math.RoundToEven(float64(v)))
}

// epilogue is random scales and biases of n channels, zeros behind.
func epilogue(r *rand.Rand, n, pad int) (scale, bias []float32) {
	scale, bias = make([]float32, n+pad), make([]float32, n+pad)
	for j := range n {
		scale[j] = float32(math.Exp2(float64(-8 - r.IntN(8))))
		if r.IntN(3) > 0 {
			scale[j] *= 1 + r.Float32()
		}
		bias[j] = r.Float32()*200 - 100
	}
	return scale, bias
}

// compare compares the rows of a result in memory with what they should be, and
// what lies behind the rows with zeros.
func compare(t *testing.T, m *machine, at uint32, rows, columns int, float bool, want func(i, j int) float32) {
	t.Helper()
	stride := up4(columns)
	var got []float32
	if float {
		got = m.get(at, rows*stride)
	} else {
		for _, v := range m.getShorts(at, rows*stride) {
			got = append(got, float32(v))
		}
	}
	for i := range rows {
		for j := range stride {
			w := float32(0)
			if j < columns {
				w = want(i, j)
			}
			if g := got[i*stride+j]; g != w {
				t.Fatalf("element %d of row %d is %v, want %v", j, i, g, w)
			}
		}
	}
}

func outBytes(n int, float bool) int {
	if float {
		return 4 * n
	}
	return 2 * n
}

func word(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

func TestQGEMM(t *testing.T) {
	r := rng(21)
	for _, tt := range []struct {
		rows, k, n, threads int
		float, dynamic      bool
	}{
		{1, 1, 1, 1, false, false}, {1, 4, 8, 1, false, false}, {4, 27, 12, 1, true, false}, {7, 33, 20, 2, false, true},
		{50, 16, 8, 2, true, true}, {61, 100, 36, 3, false, false}, {3, 515, 1000, 2, false, false}, {100, 8, 3, 2, true, false},
	} {
		t.Run(fmt.Sprintf("%dx%dx%d threads %d float %v", tt.rows, tt.k, tt.n, tt.threads, tt.float), func(t *testing.T) {
			m := newMachine(t)
			a, w := randomShorts(r, tt.rows, tt.k), randomShorts(r, tt.k, tt.n)
			scale, bias := epilogue(r, tt.n, 8)
			low, high := float32(-120), float32(135)
			c := m.alloc(outBytes(tt.rows*up4(tt.n), tt.float))
			args := kernel.QGEMMArgs{A: m.putShorts(a.padded()), LDA: uint32(2 * up4(tt.k)), W: m.putShorts(packedShorts(w)), C: c,
				LDC: uint32(outBytes(up4(tt.n), tt.float)), Rows: uint32(tt.rows), K: uint32(up4(tt.k)), Vecs: uint32(up4(tt.n) / 4),
				Bias: m.put(bias), Scale: m.put(scale), Low: low, High: high, RowBlock: 15, Float: word(tt.float)}
			factor := float32(1)
			if tt.dynamic {
				factor = 0.37
				args.Dynamic = m.put([]float32{factor, 0, 0, 0})
			}
			m.do(tt.threads, kernel.QGEMM, args)
			compare(t, m, c, tt.rows, tt.n, tt.float, func(i, j int) float32 {
				sum := int32(0)
				for k := range tt.k {
					sum += int32(a.data[i*tt.k+k]) * int32(w.data[k*tt.n+j])
				}
				return finish(sum, scale[j]*factor, bias[j], low, high, tt.float)
			})
		})
	}
}

// qWindow is a sliding window over a square picture.
type qWindow struct{ images, size, channels, kernel, stride, dilation, pad int }

func (w qWindow) out() int { return (w.size+2*w.pad-(w.kernel-1)*w.dilation-1)/w.stride + 1 }

// each calls f for the taps of an output pixel that lie inside.
func (w qWindow) each(pixel int, f func(tap, in int)) {
	out := w.out()
	image, y, x := pixel/(out*out), pixel/out%out, pixel%out
	for tap := range w.kernel * w.kernel {
		iy, ix := y*w.stride-w.pad+tap/w.kernel*w.dilation, x*w.stride-w.pad+tap%w.kernel*w.dilation
		if iy >= 0 && ix >= 0 && iy < w.size && ix < w.size {
			f(tap, (image*w.size+iy)*w.size+ix)
		}
	}
}

var qWindows = []qWindow{
	{1, 5, 3, 3, 1, 1, 1}, {2, 6, 16, 3, 2, 1, 1}, {1, 7, 20, 5, 1, 1, 2}, {1, 9, 36, 3, 1, 2, 2}, {1, 4, 8, 2, 2, 1, 0},
	{1, 5, 44, 3, 2, 1, 1}, {1, 3, 1, 1, 1, 1, 0}, {1, 4, 60, 7, 1, 1, 3}, {2, 9, 12, 3, 2, 1, 0}, {1, 13, 24, 5, 2, 1, 2}, {3, 14, 40, 3, 1, 1, 1},
	{1, 20, 4, 3, 1, 1, 2}, {1, 30, 8, 5, 1, 1, 1},
}

func TestQConv(t *testing.T) {
	r := rng(22)
	for i, w := range qWindows {
		t.Run(fmt.Sprint(w), func(t *testing.T) {
			m := newMachine(t)
			out, n, threads, float := w.out(), 1+r.IntN(20), 1+i%3, i%2 == 1
			rows := w.images * out * out
			x := randomShorts(r, w.images*w.size*w.size, w.channels)
			c4, taps := up4(w.channels), w.kernel*w.kernel
			weights := randomShorts(r, taps*c4, n) // [tap][channel][out]
			scale, bias := epilogue(r, n, 8)
			rowBlock := 5 * (1 + r.IntN(4))
			scratch := kernel.QConvScratch(rowBlock, taps*c4)
			at := m.alloc(outBytes(rows*up4(n), float))
			args := kernel.QConvArgs{Input: m.putShorts(x.padded()), Scratch: m.alloc(scratch * threads), ScratchBytes: uint32(scratch),
				InH: uint32(w.size), InW: uint32(w.size), OutH: uint32(out), OutW: uint32(out), Pixel: uint32(2 * c4), PixelStride: uint32(2 * c4),
				KernelH: uint32(w.kernel), Runs: 1, RunPixels: uint32(w.kernel), StrideH: uint32(w.stride), StrideW: uint32(w.stride),
				DilationH: uint32(w.dilation), DilationW: uint32(w.dilation), PadTop: uint32(w.pad), PadLeft: uint32(w.pad)}
			args.QGEMMArgs = kernel.QGEMMArgs{W: m.putShorts(packedShorts(weights)), C: at, LDC: uint32(outBytes(up4(n), float)), Rows: uint32(rows),
				K: uint32(taps * c4), Vecs: uint32(up4(n) / 4), Bias: m.put(bias), Scale: m.put(scale), Low: -128, High: 127, RowBlock: uint32(rowBlock), Float: word(float)}
			if w.dilation > 1 {
				args.Runs, args.RunPixels = uint32(w.kernel), 1
			}
			m.do(threads, kernel.QConv, args)
			compare(t, m, at, rows, n, float, func(i, j int) float32 {
				sum := int32(0)
				w.each(i, func(tap, in int) {
					for c := range w.channels {
						sum += int32(x.data[in*w.channels+c]) * int32(weights.data[(tap*c4+c)*n+j])
					}
				})
				return finish(sum, scale[j], bias[j], -128, 127, float)
			})
		})
	}
}

func TestQDepthwise(t *testing.T) {
	r := rng(23)
	for i, w := range qWindows {
		t.Run(fmt.Sprint(w), func(t *testing.T) {
			m := newMachine(t)
			out, threads, float, c4, taps := w.out(), 1+i%3, i%2 == 0, up4(w.channels), w.kernel*w.kernel
			rows := w.images * out * out
			x, weights := randomShorts(r, w.images*w.size*w.size, w.channels), randomShorts(r, taps, w.channels)
			scale, bias := epilogue(r, w.channels, 16)
			number := kernel.QDepthwiseFor(&kernel.QWindowArgs{OutW: uint32(out), KernelH: uint32(w.kernel), KernelW: uint32(w.kernel), StrideH: uint32(w.stride),
				StrideW: uint32(w.stride), DilationH: uint32(w.dilation), DilationW: uint32(w.dilation)})
			packed := make([]int16, (w.channels+15)/16*16*(taps+1)/2*2)
			for tap := range taps {
				for c := range w.channels {
					packed[c/16*16*((taps+1)/2*2)+tap/2*32+c%16*2+tap%2] = weights.data[tap*w.channels+c]
				}
			}
			if number != kernel.QDepthwise {
				pairs := (w.kernel + 1) / 2
				packed = make([]int16, c4/4*pairs*w.kernel*8)
				for tap := range taps {
					ky, kx := tap/w.kernel, tap%w.kernel
					for c := range w.channels {
						packed[((c/4*pairs+ky/2)*w.kernel+kx)*8+c%4*2+ky%2] = weights.data[tap*w.channels+c]
					}
				}
			}
			at := m.alloc(outBytes(rows*c4, float))
			args := kernel.QWindowArgs{Input: m.putShorts(x.padded()), Output: at, Outside: m.putShorts(make([]int16, c4+16)), Weights: m.putShorts(packed),
				Scale: m.put(scale), Bias: m.put(bias), Low: -255, High: 255, Float: word(float), Images: uint32(w.images), InH: uint32(w.size), InW: uint32(w.size),
				OutH: uint32(out), OutW: uint32(out), Pixel: uint32(2 * c4), KernelH: uint32(w.kernel), KernelW: uint32(w.kernel), StrideH: uint32(w.stride),
				StrideW: uint32(w.stride), DilationH: uint32(w.dilation), DilationW: uint32(w.dilation), PadTop: uint32(w.pad), PadLeft: uint32(w.pad)}
			scratch := max(kernel.QWindowScratch(taps), kernel.QDepthwiseScratch(&args))
			args.Scratch, args.ScratchBytes = m.alloc(scratch*threads), uint32(scratch)
			m.do(threads, number, args)
			compare(t, m, at, rows, w.channels, float, func(i, j int) float32 {
				sum := int32(0)
				w.each(i, func(tap, in int) {
					sum += int32(x.data[in*w.channels+j]) * int32(weights.data[tap*w.channels+j])
				})
				return finish(sum, scale[j], bias[j], -255, 255, float)
			})

			least := make([]int16, c4+16)
			for i := range least {
				least[i] = math.MinInt16
			}
			args.Outside, args.Float = m.putShorts(least), 0
			args.Output = m.alloc(2 * rows * c4)
			m.do(threads, kernel.QMaxPool, args)
			compare(t, m, args.Output, rows, w.channels, false, func(i, j int) float32 {
				v := int16(math.MinInt16)
				w.each(i, func(_, in int) { v = max(v, x.data[in*w.channels+j]) })
				return float32(v)
			})
		})
	}
}

func TestQElements(t *testing.T) {
	r := rng(24)
	for _, n := range []int{4, 8, 12, 100, 9000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			m := newMachine(t)
			a, b := randomShorts(r, 1, n), randomShorts(r, 1, n)
			x := random(r, n)
			x[0], x[1], x[2], x[3] = nan32, inf32, -inf32, 0.25
			fours := uint32(n / 4)
			out := m.alloc(2 * n)
			add := kernel.QAddArgs{A: m.putShorts(a.data), B: m.putShorts(b.data), Output: out, Fours: fours, ScaleA: 0.375, ScaleB: 0.7, Low: -100, High: 155}
			m.do(2, kernel.QAdd, add)
			compare(t, m, out, 1, n, false, func(_, j int) float32 {
				v := min(max(float32(float32(a.data[j])*add.ScaleA)+float32(float32(b.data[j])*add.ScaleB), -100), 155)
				return float32(math.RoundToEven(float64(v)))
			})
			q := kernel.QuantizeArgs{Input: m.put(x), Output: out, Fours: fours, Scale: 0.0625, Low: -10, High: 11}
			m.do(3, kernel.Quantize, q)
			compare(t, m, out, 1, n, false, func(_, j int) float32 {
				if x[j] != x[j] {
					return -10
				}
				return float32(math.RoundToEven(float64(min(max(x[j]/q.Scale, -10), 11))))
			})
			floats := m.alloc(4 * n)
			m.do(2, kernel.Dequantize, kernel.QuantizeArgs{Input: add.A, Output: floats, Fours: fours, Scale: 0.3})
			compare(t, m, floats, 1, n, true, func(_, j int) float32 { return float32(a.data[j]) * 0.3 })
		})
	}
}

func TestQTable(t *testing.T) {
	r := rng(27)
	for _, n := range []int{4, 12, 5000} {
		m := newMachine(t)
		x := randomShorts(r, 1, n)
		table := make([]int16, kernel.QTableSize)
		for i := range table {
			table[i] = int16(r.IntN(1<<16) - 1<<15)
		}
		out := m.alloc(2 * n)
		m.do(2, kernel.QTable, kernel.QTableArgs{Input: m.putShorts(x.data), Output: out, Fours: uint32(n / 4), Table: m.putShorts(table)})
		compare(t, m, out, 1, n, false, func(_, j int) float32 { return float32(table[int(x.data[j])&511]) })
	}
}

func TestQMul(t *testing.T) {
	r := rng(28)
	for _, tt := range []struct{ rows, columns, repeat int }{{1, 4, 1}, {12, 20, 4}, {6, 8, 6}, {30, 12, 1}} {
		m := newMachine(t)
		a, b := randomShorts(r, tt.rows, tt.columns), randomShorts(r, tt.rows/tt.repeat, tt.columns)
		out := m.alloc(2 * len(a.data))
		args := kernel.QMulArgs{A: m.putShorts(a.data), B: m.putShorts(b.data), Output: out, Rows: uint32(tt.rows), Fours: uint32(tt.columns / 4),
			Repeat: uint32(tt.repeat), Scale: 0.0037, Low: -100, High: 90}
		m.do(3, kernel.QMul, args)
		compare(t, m, out, tt.rows, tt.columns, false, func(i, j int) float32 {
			return finish(int32(a.data[i*tt.columns+j])*int32(b.data[i/tt.repeat*tt.columns+j]), args.Scale, 0, args.Low, args.High, false)
		})
	}
}

func TestQMean(t *testing.T) {
	r := rng(25)
	m := newMachine(t)
	x := randomShorts(r, 2*49, 20)
	out := m.alloc(2 * 2 * 20)
	m.do(2, kernel.QMean, kernel.QMeanArgs{Input: m.putShorts(x.data), Output: out, Images: 2, Pixels: 49, Pixel: 40, Scale: 0.03, Low: -20, High: 30})
	compare(t, m, out, 2, 20, false, func(i, j int) float32 {
		sum := int32(0)
		for p := range 49 {
			sum += int32(x.data[(i*49+p)*20+j])
		}
		return finish(sum, 0.03, 0, -20, 30, false)
	})
}

func TestDynamicQuantize(t *testing.T) {
	r := rng(26)
	for _, tt := range []struct {
		name        string
		n           int
		from, width float32
	}{{"both signs", 100, -1, 2}, {"above zero", 64, 3, 1}, {"below zero", 4, -5, 2}, {"all zero", 8, 0, 0}, {"long", 9000, -0.3, 4}} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			x := random(r, tt.n)
			low, high := float32(0), float32(0)
			for i := range x {
				x[i] = tt.from + (x[i]+1)/2*tt.width
				low, high = min(low, x[i]), max(high, x[i])
			}
			scale := (high - low) / 255
			if high == low {
				scale = 1
			}
			zero := float32(math.RoundToEven(float64(-low / scale)))
			in, lines, out, at := m.put(x), m.put(make([]float32, 3*kernel.RangeLine/4)), m.alloc(2*tt.n), m.alloc(16)
			m.do(3, kernel.Range, kernel.RangeArgs{Input: in, Fours: uint32(tt.n / 4), Lines: lines})
			m.do(3, kernel.QuantizeBy, kernel.QuantizeByArgs{Input: in, Output: out, Fours: uint32(tt.n / 4), Lines: lines, Count: 3, Scale: at})
			if got := m.get(at, 4); got[0] != scale || got[1] != 0 || got[3] != 0 {
				t.Errorf("scale %v, want %v and zeros", got, scale)
			}
			compare(t, m, out, 1, tt.n, false, func(_, j int) float32 {
				return min(max(float32(math.RoundToEven(float64(x[j]/scale))), -zero), 255-zero)
			})
		})
	}
}
