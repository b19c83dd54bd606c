package pre

import "math"

// Filter is how a resize weighs source pixels.
type Filter string

// The filters of Pillow. All but Nearest are antialiased: when a picture
// shrinks, their support grows with it.
const (
	Nearest  Filter = "nearest"
	Box      Filter = "box"
	Bilinear Filter = "bilinear"
	Hamming  Filter = "hamming"
	Bicubic  Filter = "bicubic"
	Lanczos  Filter = "lanczos"
)

// kernel is the weight of a source pixel by its distance from the centre, in
// pixels of the coarser picture, and the distance beyond which it is 0.
type kernel struct {
	support float64
	weight  func(x float64) float64
}

var kernels = map[Filter]kernel{
	Box:      {0.5, box},
	Bilinear: {1, triangle},
	Hamming:  {1, hamming},
	Bicubic:  {2, cubic},
	Lanczos:  {3, lanczos},
}

// In all of these, float64(…) around a product keeps processors that have a
// fused multiply-add from using it: Pillow's weights are rounded twice.

func box(x float64) float64 {
	if x > -0.5 && x <= 0.5 {
		return 1
	}
	return 0
}

func triangle(x float64) float64 {
	return max(0, 1-math.Abs(x))
}

func hamming(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x == 0:
		return 1
	case x >= 1:
		return 0
	}
	x *= math.Pi
	return math.Sin(x) / x * (0.54 + float64(0.46*math.Cos(x)))
}

// cubic is Keys' kernel with a = -0.5.
func cubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return float64(float64(float64((a+2)*x)-(a+3))*x*x) + 1
	case x < 2:
		return (float64((float64((x-5)*x)+8)*x) - 4) * a
	}
	return 0
}

func lanczos(x float64) float64 {
	if x >= -3 && x < 3 {
		return sinc(x) * sinc(x/3)
	}
	return 0
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}

// fixedBits is the precision of the weights: 8 bits of pixel, 22 of weight and
// the sign leave one bit for what negative weights add.
const fixedBits = 22

// taps are the weights of one output pixel: those of the source pixels from
// first on, in fixed point.
type taps struct {
	first   int
	weights []int32
}

// coefficients returns the taps of count output pixels from offset on, of a
// resize from in to out pixels.
func coefficients(in, out, offset, count int, k kernel) []taps {
	scale := float64(in) / float64(out)
	stretch := max(scale, 1)
	support := k.support * stretch
	inverse := 1 / stretch
	list := make([]taps, count)
	w := make([]float64, 0, 2*int(math.Ceil(support))+1)
	for i := range list {
		centre := float64((float64(i+offset) + 0.5) * scale)
		first := max(int(centre-support+0.5), 0)
		last := min(int(centre+support+0.5), in)
		w = w[:0]
		sum := 0.0
		for x := first; x < last; x++ {
			v := k.weight((float64(x) - centre + 0.5) * inverse)
			w = append(w, v)
			sum += v
		}
		list[i] = taps{first, make([]int32, len(w))}
		for j, v := range w {
			if sum != 0 {
				v /= sum
			}
			list[i].weights[j] = fixed(v)
		}
	}
	return list
}

// fixed rounds half away from zero, as Pillow does.
func fixed(v float64) int32 {
	v *= 1 << fixedBits
	if v < 0 {
		return int32(v - 0.5)
	}
	return int32(v + 0.5)
}
