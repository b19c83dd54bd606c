package plan

import (
	"math"

	"larder/model/graph"
	"larder/model/tensor"
)

var infinity = float32(math.Inf(1))

// axis is a sliding window along one spatial dimension: output o sees the
// inputs o*stride - pad + k*dilation. end is the padding behind the last input.
type axis struct{ in, out, kernel, stride, dilation, pad, end int }

// unit is a dimension that is not there.
var unit = axis{1, 1, 1, 1, 1, 0, 0}

// window is a sliding window over a picture.
type window struct {
	images, channels int
	h, w             axis
}

// windowOf reads the window of a convolution or pool from the input's and
// output's shapes, both of which the operator has checked. Pictures of one
// dimension are taken as one row; those of three are not known here.
func windowOf(n *graph.Node, in, out tensor.Shape, kernel []int) (window, bool) {
	w := window{images: in[0], channels: in[1], h: unit, w: unit}
	rank := len(in) - 2
	if rank < 1 || rank > 2 || len(kernel) != rank {
		return w, false
	}
	strides, err := n.Attrs.Ints("strides")
	dilations, err2 := n.Attrs.Ints("dilations")
	pads, err3 := n.Attrs.Ints("pads")
	auto, err4 := n.Attrs.String("auto_pad", "NOTSET")
	if err != nil || err2 != nil || err3 != nil || err4 != nil {
		return w, false
	}
	for i := range rank {
		a := axis{in: in[2+i], out: out[2+i], kernel: kernel[i], stride: at(strides, i, 1), dilation: at(dilations, i, 1), pad: at(pads, i, 0), end: at(pads, rank+i, 0)}
		if auto == "SAME_UPPER" || auto == "SAME_LOWER" {
			total := max(0, (a.out-1)*a.stride+(a.kernel-1)*a.dilation+1-a.in)
			a.pad = total / 2
			if auto == "SAME_LOWER" {
				a.pad = total - total/2
			}
			a.end = total - a.pad
		}
		if i == rank-1 {
			w.w = a
		} else {
			w.h = a
		}
	}
	return w, w.small()
}

// small reports whether all sizes fit the 32-bit arithmetic of the kernels.
func (w window) small() bool {
	const limit = 1 << 15
	for _, a := range []axis{w.h, w.w} {
		for _, n := range []int{a.kernel, a.stride, a.dilation, a.pad, a.end} {
			if n > limit {
				return false
			}
		}
	}
	return true
}

// at returns element i of a list, or what it is without the list.
func at(list []int64, i, def int) int {
	if i < len(list) {
		return int(list[i])
	}
	return def
}

// outputs is the number of output pixels of all images.
func (w window) outputs() int { return w.images * w.h.out * w.w.out }

// taps is the size of the kernel.
func (w window) taps() int { return w.h.kernel * w.w.kernel }

// pointwise reports whether every output pixel sees its own input pixel only.
func (w window) pointwise() bool {
	one := func(a axis) bool { return a.kernel == 1 && a.stride == 1 && a.pad == 0 && a.in == a.out }
	return one(w.h) && one(w.w)
}
