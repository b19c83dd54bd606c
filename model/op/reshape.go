package op

import (
	"slices"

	"larder/model/tensor"
)

// Operators that keep the elements and change or tell the shape, for opset 5 up
// (Reshape 1 and the attribute forms of Squeeze and Unsqueeze too).
// https://onnx.ai/onnx/operators/onnx__Reshape.html,
// https://onnx.ai/onnx/operators/onnx__Squeeze.html, …

var reshapeOps = []Entry{
	{"", "Reshape", 1, newReshape},
	{"", "Flatten", 1, newFlatten},
	{"", "Squeeze", 1, newSqueeze},
	{"", "Unsqueeze", 1, newUnsqueeze},
	{"", "Identity", 1, newIdentity},
	{"", "Shape", 1, newShape},
	{"", "Size", 1, newSize},
}

// sameElements is the run of operators whose output shares the first input's
// elements in another shape.
type sameElements struct{}

func (sameElements) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	return single(in[0].Reshape(out[0].Shape...))
}

// reshape: the target shape is an input from opset 5 on, before an attribute.
type reshape struct {
	sameElements
	attr      []int64 // the attribute of opset 1
	isAttr    bool
	allowZero bool // a 0 in the shape is a size of 0, not "copy"
}

func newReshape(n Node) (Operator, error) {
	r := &reshape{isAttr: n.Opset < 5}
	if r.isAttr {
		var err error
		if r.attr, err = n.Attrs.Ints("shape"); err != nil {
			return nil, err
		}
		return newRuled(n, arity{1, 1, 1}, r)
	}
	zero, err := n.Attrs.Int("allowzero", 0)
	if err != nil {
		return nil, err
	}
	r.allowZero = zero != 0
	return newRuled(n, arity{2, 2, 1}, r)
}

func (r *reshape) types(in []Value) ([]Value, error) {
	want := r.attr
	if !r.isAttr {
		var known bool
		var err error
		if want, known, err = constInts("shape", in[1]); err != nil {
			return nil, err
		}
		if !known {
			return []Value{dimsOfRank(in[0].DType, length(in[1]))}, nil
		}
	}
	if len(want) > tensor.MaxRank {
		return nil, Unsupportedf("shape of rank %d, at most %d are possible", len(want), tensor.MaxRank)
	}
	shape, err := r.resolve(in[0], want)
	return []Value{Of(in[0].DType, shape...)}, err
}

// resolve replaces 0 (copy) and -1 (the rest) in want.
func (r *reshape) resolve(data Value, want []int64) (tensor.Shape, error) {
	out := make(tensor.Shape, len(want))
	rest := -1
	var have, others tensor.Shape // the sizes whose products must agree
	if data.Ranked {
		have = data.Shape.Clone()
	}
	for i, w := range want {
		switch {
		case w == -1 && rest >= 0:
			return nil, Invalidf("shape %v has two -1", want)
		case w == -1:
			rest, out[i] = i, tensor.Unknown
			continue
		case w < 0:
			return nil, Invalidf("shape %v has a negative size", want)
		case w == 0 && !r.allowZero && !data.Ranked:
			out[i] = tensor.Unknown
		case w == 0 && !r.allowZero && i >= len(data.Shape):
			return nil, Invalidf("shape %v copies dimension %d of %v", want, i, data)
		case w == 0 && !r.allowZero:
			out[i] = data.Shape[i]
			if out[i] < 0 { // unknown, but the same on both sides
				have[i] = 1
				continue
			}
		default:
			s, err := toShape(want[i : i+1])
			if err != nil {
				return nil, err
			}
			out[i] = s[0]
		}
		others = append(others, out[i])
	}
	if rest >= 0 && r.allowZero && slices.Contains(want, 0) {
		return nil, Invalidf("shape %v has both 0 and -1 with allowzero", want)
	}
	if !data.Ranked || !have.Known() || !others.Known() {
		return out, nil
	}
	return out, r.balance(data, want, out, rest, have, others)
}

// balance finds the size of -1, or checks that the products agree.
func (r *reshape) balance(data Value, want []int64, out tensor.Shape, rest int, have, others tensor.Shape) error {
	total, err := have.Elems()
	if err != nil {
		return Invalidf("%v: %v", data, err)
	}
	part, err := others.Elems()
	if err != nil {
		return Invalidf("shape %v does not hold the %d elements of %v", want, total, data)
	}
	switch {
	case rest < 0 && part == total:
		return nil
	case rest >= 0 && part > 0 && total%part == 0:
		out[rest] = total / part
		return nil
	case rest >= 0 && part == 0 && total == 0:
		out[rest] = 0 // any size fits; 0 is what keeps the result empty
		return nil
	}
	return Invalidf("shape %v does not hold the %d elements of %v", want, total, data)
}

// flatten makes a matrix: the sizes before axis, and those from it on.
type flatten struct {
	sameElements
	axis int64
}

func newFlatten(n Node) (Operator, error) {
	axis, err := n.Attrs.Int("axis", 1)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, &flatten{axis: axis})
}

func (f *flatten) types(in []Value) ([]Value, error) {
	v := in[0]
	if !v.Ranked {
		return []Value{dimsOfRank(v.DType, 2)}, nil
	}
	k := f.axis
	if k < 0 {
		k += int64(len(v.Shape))
	}
	if k < 0 || k > int64(len(v.Shape)) { // unlike elsewhere, axis may equal the rank
		return nil, Invalidf("axis %d is outside rank %d", f.axis, len(v.Shape))
	}
	return []Value{Of(v.DType, dimsProduct(v.Shape[:k]), dimsProduct(v.Shape[k:]))}, nil
}

// axesInput is where Squeeze and Unsqueeze find their axes: an attribute before
// opset 13, then an input.
type axesInput struct {
	sameElements
	attr   []int64
	isAttr bool
}

func newAxesInput(n Node) (axesInput, error) {
	a := axesInput{isAttr: n.Opset < 13}
	if !a.isAttr {
		return a, nil
	}
	axes, err := n.Attrs.Ints("axes")
	a.attr = axes
	return a, err
}

// axes returns the axes; given says whether there is such a list at all.
func (a *axesInput) axes(in []Value) (axes []int64, given, known bool, err error) {
	if a.isAttr {
		return a.attr, a.attr != nil, true, nil
	}
	v := input(in, 1)
	axes, known, err = constInts("axes", v)
	return axes, !v.Absent, known, err
}

type squeeze struct{ axesInput }

func newSqueeze(n Node) (Operator, error) {
	a, err := newAxesInput(n)
	if err != nil {
		return nil, err
	}
	if a.isAttr {
		return newRuled(n, arity{1, 1, 1}, &squeeze{a})
	}
	return newRuled(n, arity{1, 2, 1}, &squeeze{a})
}

func (s *squeeze) types(in []Value) ([]Value, error) {
	v := in[0]
	axes, given, known, err := s.axes(in)
	switch {
	case err != nil:
		return nil, err
	case !v.Ranked || !known && length(in[1]) < 0:
		return []Value{Unranked(v.DType)}, nil
	case !known:
		return []Value{dimsOfRank(v.DType, len(v.Shape)-length(in[1]))}, nil
	case !given && !v.Shape.Known():
		return []Value{Unranked(v.DType)}, nil
	}
	drop := make([]bool, len(v.Shape))
	if !given {
		for i, d := range v.Shape {
			drop[i] = d == 1
		}
	}
	list, err := axesOf(axes, len(v.Shape))
	if err != nil {
		return nil, err
	}
	for _, k := range list {
		if v.Shape[k] != 1 && v.Shape[k] >= 0 {
			return nil, Invalidf("dimension %d of %v is not 1", k, v)
		}
		drop[k] = true
	}
	shape := tensor.Shape{}
	for i, d := range v.Shape {
		if !drop[i] {
			shape = append(shape, d)
		}
	}
	return []Value{Of(v.DType, shape...)}, nil
}

type unsqueeze struct{ axesInput }

func newUnsqueeze(n Node) (Operator, error) {
	a, err := newAxesInput(n)
	switch {
	case err != nil:
		return nil, err
	case a.isAttr && a.attr == nil:
		return nil, Invalidf("attribute %q is missing", "axes")
	case a.isAttr:
		return newRuled(n, arity{1, 1, 1}, &unsqueeze{a})
	}
	return newRuled(n, arity{2, 2, 1}, &unsqueeze{a})
}

func (u *unsqueeze) types(in []Value) ([]Value, error) {
	v := in[0]
	axes, _, known, err := u.axes(in)
	switch {
	case err != nil:
		return nil, err
	case !v.Ranked || !known && length(in[1]) < 0:
		return []Value{Unranked(v.DType)}, nil
	case !known:
		return []Value{dimsOfRank(v.DType, len(v.Shape)+length(in[1]))}, nil
	}
	rank := len(v.Shape) + len(axes)
	if rank > tensor.MaxRank {
		return nil, Unsupportedf("output of rank %d, at most %d are possible", rank, tensor.MaxRank)
	}
	list, err := axesOf(axes, rank)
	if err != nil {
		return nil, err
	}
	shape := make(tensor.Shape, rank)
	for _, k := range list {
		shape[k] = 1
	}
	next := 0
	for i := range shape {
		if !slices.Contains(list, i) {
			shape[i], next = v.Shape[next], next+1
		}
	}
	return []Value{Of(v.DType, shape...)}, nil
}
