package op

import (
	"math"

	"larder/model/tensor"
)

// window is the attributes that convolution and pooling share: how a kernel
// slides over the spatial dimensions.
type window struct {
	// Each list has one size for each spatial dimension or is nil: kernel is
	// then that of the weights, strides and dilations are 1.
	kernel, strides, dilations []int
	// pads has the padding before each dimension, then after each; nil is 0.
	pads []int
	auto string
	ceil bool
}

// readWindow reads and checks the attributes.
func readWindow(a Attrs) (w window, err error) {
	for _, l := range []struct {
		name  string
		least int64
		to    *[]int
	}{
		{"kernel_shape", 1, &w.kernel}, {"strides", 1, &w.strides},
		{"dilations", 1, &w.dilations}, {"pads", 0, &w.pads},
	} {
		if *l.to, err = sizes(a, l.name, l.least); err != nil {
			return w, err
		}
	}
	if w.ceil, err = flag(a, "ceil_mode", 0); err != nil {
		return w, err
	}
	if w.auto, err = a.String("auto_pad", "NOTSET"); err != nil {
		return w, err
	}
	switch w.auto {
	case "", "NOTSET":
		w.auto = "NOTSET"
	case "VALID", "SAME_UPPER", "SAME_LOWER":
		for _, p := range w.pads {
			if p != 0 {
				return w, Invalidf("pads %v together with auto_pad %s", w.pads, w.auto)
			}
		}
	default:
		return w, Invalidf("auto_pad is %q, want NOTSET, VALID, SAME_UPPER or SAME_LOWER", w.auto)
	}
	return w, nil
}

// rank returns the number of spatial dimensions that the attributes tell, or
// Unknown if they tell none; lists of different lengths are Invalid.
func (w *window) rank() (int, error) {
	r := tensor.Unknown
	for _, l := range []struct {
		name string
		n    int
	}{
		{"kernel_shape", len(w.kernel)}, {"strides", len(w.strides)},
		{"dilations", len(w.dilations)}, {"pads", len(w.pads)},
	} {
		if l.n == 0 {
			continue
		}
		if l.name == "pads" {
			if l.n%2 != 0 {
				return r, Invalidf("pads has %d numbers, want two for each spatial dimension", l.n)
			}
			l.n /= 2
		}
		if r >= 0 && r != l.n {
			return r, Invalidf("%s is for %d spatial dimensions, another attribute for %d", l.name, l.n, r)
		}
		r = l.n
	}
	return r, nil
}

// span is the window along one spatial dimension: output o sees the inputs
// o·stride - begin + k·dilation, k from 0 to kernel-1.
type span struct{ in, out, kernel, stride, dilation, begin, end int }

// unitSpan is a dimension that is not there.
var unitSpan = span{1, 1, 1, 1, 1, 0, 0}

// reach returns the inputs from a window's first to its last, both included.
func (s span) reach() int { return (s.kernel-1)*s.dilation + 1 }

// span returns the window along spatial dimension i. in and kernel may be
// Unknown, out is then Unknown.
func (w *window) span(i, in, kernel int) (span, error) {
	s := span{in: in, out: tensor.Unknown, kernel: kernel, stride: 1, dilation: 1}
	if w.strides != nil {
		s.stride = w.strides[i]
	}
	if w.dilations != nil {
		s.dilation = w.dilations[i]
	}
	if w.pads != nil {
		s.begin, s.end = w.pads[i], w.pads[i+len(w.pads)/2]
	}
	if in < 0 || kernel < 0 {
		return s, nil
	}
	if kernel == 0 {
		return s, Invalidf("kernel is empty in spatial dimension %d", i)
	}
	// kernel, dilation, in and pads are below 2^31: nothing here overflows.
	if w.auto == "SAME_UPPER" || w.auto == "SAME_LOWER" {
		s.out = (in + s.stride - 1) / s.stride
		total := max(0, (s.out-1)*s.stride+s.reach()-in)
		s.begin = total / 2
		if w.auto == "SAME_LOWER" {
			s.begin = total - total/2
		}
		s.end = total - s.begin
		return s, nil
	}
	room := in + s.begin + s.end - s.reach()
	if room < 0 {
		return s, Invalidf("kernel reaches over %d, spatial dimension %d has %d with padding", s.reach(), i, in+s.begin+s.end)
	}
	s.out = room/s.stride + 1
	if w.ceil {
		// A last window may reach beyond the padding, but none may begin in the
		// padding at the end.
		s.out = (room+s.stride-1)/s.stride + 1
		if (s.out-1)*s.stride >= in+s.begin {
			s.out--
		}
	}
	if s.out > math.MaxInt32 {
		return s, Unsupportedf("output of size %d", s.out)
	}
	return s, nil
}

// spans returns the windows over all spatial dimensions. A nil kernel has
// unknown sizes.
func (w *window) spans(in, kernel []int) ([]span, error) {
	r, err := w.rank()
	if err != nil {
		return nil, err
	}
	if r >= 0 && r != len(in) {
		return nil, Invalidf("attributes are for %d spatial dimensions, the input has %d", r, len(in))
	}
	if kernel != nil && len(kernel) != len(in) {
		return nil, Invalidf("kernel has %d spatial dimensions, the input %d", len(kernel), len(in))
	}
	out := make([]span, len(in))
	for i := range in {
		k := tensor.Unknown
		if kernel != nil {
			k = kernel[i]
		}
		if out[i], err = w.span(i, in[i], k); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// outShape returns batch and channels followed by the spans' outputs.
func outShape(batch, channels int, spans []span) tensor.Shape {
	shape := tensor.Shape{batch, channels}
	for _, s := range spans {
		shape = append(shape, s.out)
	}
	return shape
}

// maxSpatial is the most spatial dimensions that the loops know.
const maxSpatial = 3

// box is the windows over depth, height and width.
type box [maxSpatial]span

// boxOf puts up to three spatial dimensions into a box; those that are missing
// in front have size 1.
func boxOf(spans []span) box {
	b := box{unitSpan, unitSpan, unitSpan}
	copy(b[maxSpatial-len(spans):], spans)
	return b
}

// inputs and outputs are the elements of one channel, taps those of the kernel.
func (b *box) inputs() int  { return b[0].in * b[1].in * b[2].in }
func (b *box) outputs() int { return b[0].out * b[1].out * b[2].out }
func (b *box) taps() int    { return b[0].kernel * b[1].kernel * b[2].kernel }

// clip returns the outputs [lo, hi) whose input at distance at = k·dilation
// - begin lies inside the input.
func (s *span) clip(k int) (lo, hi, at int) {
	at = k*s.dilation - s.begin
	if at < 0 {
		lo = min((-at+s.stride-1)/s.stride, s.out)
	}
	if left := s.in - at; left > 0 {
		hi = min((left+s.stride-1)/s.stride, s.out)
	}
	return lo, max(lo, hi), at
}
