package tensor

import (
	"math"
	"testing"
)

// TestHalfValues checks every bit pattern against the definition of binary16:
// https://en.wikipedia.org/wiki/Half-precision_floating-point_format.
func TestHalfValues(t *testing.T) {
	for i := 0; i < 1<<16; i++ {
		h := Half(i)
		exp, frac := i>>10&0x1f, float64(i&0x3ff)
		var want float64
		switch exp {
		case 0:
			want = math.Ldexp(frac, -24)
		case 0x1f:
			want = math.Inf(1)
			if frac != 0 {
				want = math.NaN()
			}
		default:
			want = math.Ldexp(1024+frac, exp-25)
		}
		if i>>15 == 1 {
			want = math.Copysign(want, -1)
		}
		checkSame(t, "half", i, float64(h.Float32()), want)
		if back := ToHalf(h.Float32()); !math.IsNaN(want) && back != h {
			t.Fatalf("half %#04x comes back as %#04x", i, back)
		} else if math.IsNaN(want) && !math.IsNaN(float64(back.Float32())) {
			t.Fatalf("NaN %#04x comes back as %#04x", i, back)
		}
	}
}

// TestBrainValues does the same for bfloat16.
func TestBrainValues(t *testing.T) {
	for i := 0; i < 1<<16; i++ {
		v := Brain(i)
		exp, frac := i>>7&0xff, float64(i&0x7f)
		var want float64
		switch exp {
		case 0:
			want = math.Ldexp(frac, -133)
		case 0xff:
			want = math.Inf(1)
			if frac != 0 {
				want = math.NaN()
			}
		default:
			want = math.Ldexp(128+frac, exp-134)
		}
		if i>>15 == 1 {
			want = math.Copysign(want, -1)
		}
		checkSame(t, "bfloat16", i, float64(v.Float32()), want)
		if back := ToBrain(v.Float32()); !math.IsNaN(want) && back != v {
			t.Fatalf("bfloat16 %#04x comes back as %#04x", i, back)
		} else if math.IsNaN(want) && !math.IsNaN(float64(back.Float32())) {
			t.Fatalf("NaN %#04x comes back as %#04x", i, back)
		}
	}
}

func checkSame(t *testing.T, what string, i int, got, want float64) {
	t.Helper()
	if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != math.Signbit(want) {
		t.Fatalf("%s %#04x is %g, want %g", what, i, got, want)
	}
}

// TestRounding looks at the middle between any two neighbours, which goes to
// the even one, and at the float32 next to it on both sides.
func TestRounding(t *testing.T) {
	tests := []struct {
		name  string
		last  int // the largest finite number
		value func(int) float32
		round func(float32) int
	}{
		{"half", 0x7bff, func(i int) float32 { return Half(i).Float32() }, func(f float32) int { return int(ToHalf(f)) }},
		{"bfloat16", 0x7f7f, func(i int) float32 { return Brain(i).Float32() }, func(f float32) int { return int(ToBrain(f)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i := 0; i < tt.last; i++ {
				lo, hi := tt.value(i), tt.value(i+1)
				mid := float32((float64(lo) + float64(hi)) / 2)
				if float64(mid) != (float64(lo)+float64(hi))/2 {
					continue // the middle is not a float32
				}
				even := i + i&1
				below, above := math.Nextafter32(mid, lo), math.Nextafter32(mid, hi)
				for f, want := range map[float32]int{mid: even, below: i, above: i + 1} {
					if got := tt.round(f); got != want {
						t.Fatalf("%g rounds to %#04x, want %#04x", f, got, want)
					}
					if got := tt.round(-f); got != want|0x8000 {
						t.Fatalf("%g rounds to %#04x, want %#04x", -f, got, want|0x8000)
					}
				}
			}
		})
	}
}

func TestRoundingBeyond(t *testing.T) {
	tests := []struct {
		name string
		f    float32
		half Half
	}{
		{"largest", 65504, 0x7bff},
		{"just below the middle", math.Nextafter32(65520, 0), 0x7bff},
		{"middle to infinity", 65520, 0x7c00},
		{"infinity", float32(math.Inf(-1)), 0xfc00},
		{"half of the smallest", 0x1p-25, 0},
		{"above half of the smallest", math.Nextafter32(0x1p-25, 1), 1},
		{"largest float32", math.MaxFloat32, 0x7c00},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ToHalf(tt.f); got != tt.half {
				t.Errorf("%g rounds to %#04x, want %#04x", tt.f, got, tt.half)
			}
		})
	}
	if got := ToBrain(math.MaxFloat32); got != 0x7f80 {
		t.Errorf("the largest float32 rounds to %#04x", got)
	}
}
