package op

import "larder/model/tensor"

// Pooling with a sliding window. Specification:
// https://onnx.ai/onnx/operators/onnx__MaxPool.html (1, 8: indices, 10:
// dilations and ceil_mode, 11, 12: int8 and uint8, 22),
// https://onnx.ai/onnx/operators/onnx__AveragePool.html (1, 7:
// count_include_pad, 10: ceil_mode, 11, 19: dilations, 22) and
// https://onnx.ai/onnx/operators/onnx__LpPool.html (1: p is a float, 2, 11, 18:
// dilations and ceil_mode, 22).

var poolOps = []Entry{
	{"", "AveragePool", 1, newAveragePool},
	{"", "GlobalAveragePool", 1, newGlobalAveragePool},
	{"", "GlobalLpPool", 1, newGlobalLpPool},
	{"", "GlobalMaxPool", 1, newGlobalMaxPool},
	{"", "LpPool", 1, newLpPool},
	{"", "MaxPool", 1, newMaxPool},
}

// pool is what the pooling operators have in common.
type pool struct {
	window
	operands dtypes
}

func readPool(n Node, ts dtypes) (pool, error) {
	w, err := readWindow(n.Attrs)
	if err != nil {
		return pool{}, err
	}
	if w.kernel == nil {
		return pool{}, Invalidf("kernel_shape is required")
	}
	_, err = w.rank()
	return pool{w, ts}, err
}

// types implements [rule]; the second value is that of MaxPool's indices.
func (p *pool) types(in []Value) ([]Value, error) {
	x := in[0]
	if err := p.operands.check("input", x); err != nil {
		return nil, err
	}
	out := dimsOfRank(x.DType, len(p.kernel)+2)
	if x.Ranked {
		if err := checkSpatial(x); err != nil {
			return nil, err
		}
		spans, err := p.spans(x.Shape[2:], p.kernel)
		if err != nil {
			return nil, err
		}
		out.Shape = outShape(x.Shape[0], x.Shape[1], spans)
	}
	return []Value{out, as(tensor.Int64, out)}, nil
}

// boxOf returns the windows over the input x.
func (p *pool) boxOf(x *tensor.Tensor) (box, error) {
	spans, err := p.spans(x.Shape()[2:], p.kernel)
	return boxOf(spans), err
}

// view is the part of one window that lies inside the input: in each dimension
// n inputs from at on, step apart.
type view struct {
	box         *box
	at, n, step [maxSpatial]int
	// cover is the inputs and padding under the window.
	cover [maxSpatial]int
}

// views calls f for each window of a channel, in the order of the outputs.
func (b *box) views(f func(v *view)) {
	v := view{box: b}
	for o0 := range b[0].out {
		v.set(0, o0)
		for o1 := range b[1].out {
			v.set(1, o1)
			for o2 := range b[2].out {
				v.set(2, o2)
				f(&v)
			}
		}
	}
}

// set places the view at output o in dimension i.
func (v *view) set(i, o int) {
	s := &v.box[i]
	at, first := o*s.stride-s.begin, 0
	if at < 0 {
		first = (-at + s.dilation - 1) / s.dilation
	}
	last := s.kernel
	if left := s.in - at; left < s.reach() {
		last = max(0, (left+s.dilation-1)/s.dilation)
	}
	v.cover[i] = max(0, min(s.kernel, (s.in+s.end-at+s.dilation-1)/s.dilation))
	v.at[i], v.n[i], v.step[i] = at+first*s.dilation, max(0, last-first), s.dilation
}

// size returns the number of inputs in the view.
func (v *view) size() int { return v.n[0] * v.n[1] * v.n[2] }

// padded returns the number of inputs and padding that the window covers; what
// ceil_mode adds beyond the padding does not count.
func (v *view) padded() int { return v.cover[0] * v.cover[1] * v.cover[2] }

// each calls f with the place of each input in the view.
func (v *view) each(f func(i int)) {
	for i := range v.n[0] {
		d := (v.at[0] + i*v.step[0]) * v.box[1].in
		for j := range v.n[1] {
			at := (d+v.at[1]+j*v.step[1])*v.box[2].in + v.at[2]
			for range v.n[2] {
				f(at)
				at += v.step[2]
			}
		}
	}
}

// errOnlyPadding reports a window that covers no input, which has no value.
func errOnlyPadding() error { return Invalidf("a window covers nothing but padding") }
