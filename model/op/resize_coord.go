package op

import (
	"math"

	"larder/model/tensor"
)

// coordinateOf returns the input coordinate that element x of the output means,
// by the formulas of coordinate_transformation_mode. A length that follows from
// a scale may be a fraction, and the formulas use the fraction.
func (r *resize) coordinateOf(a resizeAxis, x int) float64 {
	size, at := float64(a.in), float64(x)
	length := a.scale * size
	switch r.coordinate {
	case "align_corners":
		if length == 1 {
			return 0
		}
		return at * (size - 1) / (length - 1)
	case "asymmetric":
		return at / a.scale
	case "tf_half_pixel_for_nn":
		return (at + 0.5) / a.scale
	case "tf_crop_and_resize":
		if a.out == 1 {
			return (a.start + a.end) * (size - 1) / 2
		}
		return a.start*(size-1) + at*(a.end-a.start)*(size-1)/float64(a.out-1)
	case "pytorch_half_pixel":
		if a.out == 1 {
			return 0
		}
	case "half_pixel_symmetric":
		return size/2*(1-float64(a.out)/length) + (at+0.5)/a.scale - 0.5
	}
	return (at+0.5)/a.scale - 0.5
}

// outside reports whether a coordinate takes the extrapolation value.
func (r *resize) outside(a resizeAxis, c float64) bool {
	return r.coordinate == "tf_crop_and_resize" && (c < 0 || c > float64(a.in-1))
}

// nearestTo rounds a coordinate to an element of the axis, by nearest_mode.
func (r *resize) nearestTo(a resizeAxis, c float64) int {
	switch r.nearest {
	case "round_prefer_floor":
		c = math.Ceil(c - 0.5)
	case "round_prefer_ceil":
		c = math.Floor(c + 0.5)
	case "floor":
		c = math.Floor(c)
	case "ceil":
		c = math.Ceil(c)
	default: // before opset 11 ONNX did not say; this is what runtimes did
		if a.scale < 1 {
			c = math.Ceil(c)
		} else {
			c = math.Floor(c)
		}
	}
	return int(min(max(c, 0), float64(a.in-1)))
}

// runNearest copies one input element to each output element.
func (r *resize) runNearest(x *tensor.Tensor, out Value, list []resizeAxis) ([]*tensor.Tensor, error) {
	dst, m, err := moved(out, x)
	if err != nil {
		return nil, err
	}
	if r.coordinate == "tf_crop_and_resize" && r.extrapolation != 0 {
		value, err := castTensor(tensor.Scalar(r.extrapolation), out.DType)
		if err != nil {
			return nil, err
		}
		fill, err := moverOf(dst, value)
		if err != nil {
			return nil, err
		}
		fill.fill(0)
	}
	source := func(axis, i int) int {
		a := list[axis]
		if a.in == a.out && a.scale == 1 && r.coordinate != "tf_crop_and_resize" {
			return i
		}
		c := r.coordinateOf(a, i)
		if r.outside(a, c) {
			return -1
		}
		return r.nearestTo(a, c)
	}
	moveMapped(m, dst.Shape(), dst.Shape().Strides(), x.Shape().Strides(), source, 0, 0, 0)
	return []*tensor.Tensor{dst}, nil
}

// moveMapped copies to each element of the destination the one whose index is
// source(axis, i) in every axis; nothing where one of them is negative.
func moveMapped(m mover, shape tensor.Shape, dst, src []int, source func(axis, i int) int, axis, dstAt, srcAt int) {
	if axis == len(shape) {
		m.move(dstAt, srcAt, 1)
		return
	}
	for i := range shape[axis] {
		if from := source(axis, i); from >= 0 {
			moveMapped(m, shape, dst, src, source, axis+1, dstAt+i*dst[axis], srcAt+from*src[axis])
		}
	}
}
