package kernel_test

import (
	"fmt"
	"math"
	"testing"

	"larder/model/kernel"
)

func clamp64(x, low, high float64) float64 { return math.Max(low, math.Min(high, x)) }

func softplus64(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// unaryCases have the definition of each kernel in float64, the bound of its
// error relative to 1+|y|, and whether tiny results are held to a relative
// error too.
var unaryCases = []struct {
	kernel      kernel.Number
	alpha, beta float32
	want        func(x float64) float64
	tolerance   float64
	relative    bool
}{
	{kernel.Clamp, 0, 6, func(x float64) float64 { return clamp64(x, 0, 6) }, 0, true},
	{kernel.Clamp, 0, inf32, func(x float64) float64 { return math.Max(x, 0) }, 0, true},
	{kernel.Sigmoid, 0, 0, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 2e-7, false},
	{kernel.HardSigmoid, 0.2, 0.5, func(x float64) float64 { return clamp64(float64(float32(0.2))*x+0.5, 0, 1) }, 2e-7, false},
	{kernel.HardSwish, 0, 0, func(x float64) float64 { return hardSwish64(x) }, 2e-7, false},
	{kernel.SiLU, 1, 0, func(x float64) float64 { return silu64(x, 1) }, 3e-7, false},
	{kernel.SiLU, 1.702, 0, func(x float64) float64 { return silu64(x, float64(float32(1.702))) }, 1e-6, false},
	{kernel.Tanh, 0, 0, math.Tanh, 2e-7, true},
	{kernel.GELU, 0, 0, func(x float64) float64 { return gelu64(x) }, 3e-7, false},
	{kernel.GELUTanh, 0, 0, func(x float64) float64 {
		return zeroTimes(x, 0.5*(1+math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))))
	}, 5e-7, false},
	{kernel.Erf, 0, 0, math.Erf, 2e-7, true},
	{kernel.Exp, 0, 0, math.Exp, 3e-7, true},
	{kernel.Log, 0, 0, math.Log, 3e-7, true},
	{kernel.Sqrt, 0, 0, math.Sqrt, 1e-7, true},
	{kernel.Reciprocal, 0, 0, func(x float64) float64 { return 1 / x }, 1e-7, true},
	{kernel.Neg, 0, 0, func(x float64) float64 { return -x }, 0, true},
	{kernel.Abs, 0, 0, math.Abs, 0, true},
	{kernel.LeakyRelu, 0.01, 0, func(x float64) float64 {
		if x < 0 {
			return float64(float32(0.01)) * x
		}
		return x
	}, 1e-7, true},
	{kernel.Elu, 1.5, 0, func(x float64) float64 {
		if x < 0 {
			return 1.5 * math.Expm1(x)
		}
		return x
	}, 3e-7, true},
	{kernel.Softplus, 0, 0, softplus64, 3e-7, true},
	{kernel.Mish, 0, 0, func(x float64) float64 { return zeroTimes(x, math.Tanh(softplus64(x))) }, 5e-7, false},
	{kernel.Floor, 0, 0, math.Floor, 0, true},
	{kernel.Ceil, 0, 0, math.Ceil, 0, true},
	{kernel.Round, 0, 0, math.RoundToEven, 0, true},
}

// zeroTimes is x*y, also for x = -Inf and y = 0, for which the kernels' limits
// are not held to a value.
func zeroTimes(x, y float64) float64 { return x * y }

func hardSwish64(x float64) float64 { return x * clamp64(x/6+0.5, 0, 1) }

func silu64(x, alpha float64) float64 { return x / (1 + math.Exp(-alpha*x)) }

func gelu64(x float64) float64 { return x / 2 * (1 + math.Erf(x/math.Sqrt2)) }

// unaryInputs has numbers of all sizes and the borders of the approximations.
func unaryInputs(n int) []float32 {
	r := rng(1)
	x := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.625, -0.625, 0.34657359, 4, -4, 20, 88, 88.8, -87.5, -103, -104, 0.5, 1.5, 2.5, -2.5,
		1e-40, -1e-40, 1e-45, 1e-38, 3e38, -3e38, 8388609, nan32}
	for len(x) < n {
		v := float32(math.Exp(r.Float64()*20 - 14))
		if r.IntN(2) == 0 {
			v = -v
		}
		x = append(x, v)
	}
	return x
}

func TestUnary(t *testing.T) {
	for _, c := range unaryCases {
		t.Run(fmt.Sprint(c.kernel), func(t *testing.T) {
			m := newMachine(t)
			x := unaryInputs(2000)
			in, out := m.put(x), m.alloc(4*len(x))
			m.do(1, c.kernel, kernel.UnaryArgs{Input: in, Output: out, Rows: 1, Vecs: uint32(len(x) / 4), Alpha: c.alpha, Beta: c.beta})
			for i, y := range m.get(out, len(x)) {
				w := c.want(float64(x[i]))
				if float32(w) == y || w != w && y != y {
					continue
				}
				bound := c.tolerance * (1 + math.Abs(w))
				if c.relative {
					bound = c.tolerance*math.Abs(w) + 3e-45
				}
				if !(math.Abs(float64(y)-w) <= bound) {
					t.Errorf("of %v is %v, want %v", x[i], y, float32(w))
				}
			}
		})
	}
}

func TestUnaryInfinity(t *testing.T) {
	tests := []struct {
		kernel kernel.Number
		low    float32 // of -Inf
		high   float32 // of +Inf
	}{
		{kernel.Exp, 0, inf32}, {kernel.Log, nan32, inf32}, {kernel.Tanh, -1, 1}, {kernel.Erf, -1, 1}, {kernel.Softplus, 0, inf32},
		{kernel.Sqrt, nan32, inf32}, {kernel.Reciprocal, 0, 0}, {kernel.Mish, nan32, inf32}, {kernel.Neg, inf32, -inf32},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.kernel), func(t *testing.T) {
			m := newMachine(t)
			at := m.put([]float32{-inf32, inf32, 0, 0})
			m.do(1, tt.kernel, kernel.UnaryArgs{Input: at, Output: at, Rows: 1, Vecs: 1})
			got := m.get(at, 2)
			if tt.kernel == kernel.Mish && got[0] != got[0] {
				got[0] = nan32
			}
			near(t, got, []float32{tt.low, tt.high}, 1e-7)
		})
	}
}

// TestUnaryShapes walks matrices of all widths with several threads and looks
// at what lies behind the columns.
func TestUnaryShapes(t *testing.T) {
	for _, rows := range []int{1, 2, 3, 17} {
		for _, columns := range []int{1, 3, 4, 6, 16, 31, 9000} {
			for _, threads := range []int{1, 2, 3} {
				t.Run(fmt.Sprintf("%dx%d by %d", rows, columns, threads), func(t *testing.T) {
					m := newMachine(t)
					x := randomMatrix(rng(2), rows, columns)
					in := m.put(x.data)
					stride := x.stride + 8
					out := m.alloc(4 * rows * stride)
					m.do(threads, kernel.Exp, kernel.UnaryArgs{Input: in, InputStride: uint32(4 * x.stride), Output: out, OutputStride: uint32(4 * stride),
						Rows: uint32(rows), Vecs: uint32(x.stride / 4), Tail: uint32(columns % 4)})
					got := m.get(out, rows*stride)
					for i := range rows {
						want := make([]float32, stride)
						for j := range want {
							switch {
							case j < columns:
								want[j] = float32(math.Exp(float64(x.at(i, j))))
							case j >= x.stride:
								want[j] = nan32 // not touched
							}
						}
						near(t, got[i*stride:][:stride], want, 3e-7)
					}
				})
			}
		}
	}
}
