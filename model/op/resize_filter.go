package op

import (
	"cmp"
	"math"
	"slices"

	"larder/model/tensor"
)

// Linear and cubic interpolation are products of one filter for each axis, so
// the axes are filtered one after another, in float64.

// tap is the weight of consecutive elements from first on, for one output
// element; nil weights stand for the extrapolation value.
type tap struct {
	first   int
	weights []float64
}

// tapAt returns the taps of output element x.
func (r *resize) tapAt(a resizeAxis, x int) tap {
	c := r.coordinateOf(a, x)
	if r.outside(a, c) {
		return tap{}
	}
	base := math.Ceil(c) - 1 // the neighbour strictly to the left
	stretch, reach := 1.0, 1
	if r.mode == "cubic" {
		reach = 2
	}
	if r.antialias && a.scale < 1 {
		stretch = a.scale
		reach = int(math.Ceil(float64(reach) / stretch))
	}
	t := tap{int(base) + 1 - reach, make([]float64, 2*reach)}
	for i := range t.weights {
		t.weights[i] = r.kernel(stretch * (float64(t.first+i) - c))
	}
	if r.antialias {
		normalize(t.weights)
	}
	if r.excludeOutside {
		for i := range t.weights {
			if k := t.first + i; k < 0 || k >= a.in {
				t.weights[i] = 0
			}
		}
		normalize(t.weights)
	}
	return t
}

// normalize makes the weights add up to 1.
func normalize(w []float64) {
	sum := 0.0
	for _, v := range w {
		sum += v
	}
	if sum == 0 {
		return
	}
	for i := range w {
		w[i] /= sum
	}
}

// kernel is the weight of an element at distance d: a triangle, or the cubic of
// R. Keys, "Cubic convolution interpolation …", 1981.
func (r *resize) kernel(d float64) float64 {
	d = math.Abs(d)
	if r.mode == "linear" {
		return max(0, 1-d)
	}
	a := r.cubicA
	switch {
	case d <= 1:
		return ((a+2)*d-(a+3))*d*d + 1
	case d < 2:
		return ((a*d-5*a)*d+8*a)*d - 4*a
	}
	return 0
}

// maxTaps bounds the weights of one axis: a tiny scale stretches the filter
// without end.
const maxTaps = 1 << 26

func (r *resize) runFilter(x *tensor.Tensor, out Value, list []resizeAxis) ([]*tensor.Tensor, error) {
	data, shape := floatsOf(x), x.Shape().Clone()
	order := make([]int, 0, len(list))
	for k, a := range list {
		if a.in != a.out || a.scale != 1 || r.coordinate == "tf_crop_and_resize" {
			order = append(order, k)
		}
	}
	// Shrinking first keeps what lies between small.
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(float64(list[i].out)/float64(list[i].in), float64(list[j].out)/float64(list[j].in))
	})
	for _, k := range order {
		a := list[k]
		if r.antialias && a.scale < 1 && float64(a.out)/a.scale > maxTaps/4 {
			return nil, Unsupportedf("antialiasing by scale %v to %d elements", a.scale, a.out)
		}
		data = r.filterAxis(data, shape, k, a)
		shape[k] = a.out
	}
	if !floatTypes.has(out.DType) {
		truncate(data)
	}
	t, err := tensor.Of(data, shape...)
	if err != nil {
		return nil, Invalidf("%v", err)
	}
	if res, err := castTensor(t, out.DType); err == nil {
		return []*tensor.Tensor{res}, nil
	}
	return nil, Unsupportedf("mode %q for %v", r.mode, out.DType)
}

// truncate drops fractions, as ONNX's reference does for integers, but takes
// what rounding has left just below an integer for that integer.
func truncate(data []float64) {
	for i, v := range data {
		data[i] = math.Trunc(v + math.Copysign(1e-6, v))
	}
}

// filterAxis returns data with axis k filtered. Elements beyond the ends are
// those at the ends.
func (r *resize) filterAxis(data []float64, shape tensor.Shape, k int, a resizeAxis) []float64 {
	outer, inner := dimsProduct(shape[:k]), dimsProduct(shape[k+1:])
	out := make([]float64, outer*a.out*inner)
	for x := range a.out {
		t := r.tapAt(a, x)
		for o := range outer {
			row := out[(o*a.out+x)*inner:][:inner]
			if t.weights == nil {
				for i := range row {
					row[i] = r.extrapolation
				}
				continue
			}
			for j, w := range t.weights {
				if w == 0 {
					continue
				}
				from := data[(o*a.in+min(max(t.first+j, 0), a.in-1))*inner:][:inner]
				for i, v := range from {
					row[i] += w * v
				}
			}
		}
	}
	return out
}
