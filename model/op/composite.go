package op

import "larder/model/tensor"

// What is common to operators on sequences, optionals and maps. Their elements
// are shared, never copied.

// compositeBytes is what checkResult counts for each part of a composite value.
const compositeBytes = 256

// takesComposites reports whether a rule reads values that are no tensors; the
// others are protected from them.
func takesComposites(r rule) bool {
	_, ok := r.(interface{ anyKind() })
	return ok
}

// composites is what a rule embeds that reads values that are no tensors.
type composites struct{}

func (composites) anyKind() {}

// SequenceOf returns the Value of a sequence of n elements that are all as elem
// says; n may be tensor.Unknown.
func SequenceOf(elem Value, n int) Value {
	elem = like(elem)
	return Value{DType: tensor.Sequence, Elem: &elem, Shape: tensor.Shape{n}, Ranked: true}
}

// OptionalOf returns the Value of an optional that may have what elem says.
func OptionalOf(elem Value) Value {
	elem = like(elem)
	return Value{DType: tensor.Optional, Elem: &elem, Shape: tensor.Shape{tensor.Unknown}, Ranked: true}
}

// knowItems sets what a composite value's parts say.
func (v *Value) knowItems(items []*tensor.Tensor) {
	if v.DType == tensor.Map {
		v.Key = items[0].DType()
		v.Elem = &Value{DType: items[1].DType(), Ranked: true}
		return
	}
	for i, t := range items {
		e := like(Known(t))
		if i > 0 {
			e = Merge(*v.Elem, e)
		}
		v.Elem = &e
	}
}

// elem returns what is known of the parts of a composite value.
func (v Value) elem() Value {
	if v.Elem == nil {
		return Value{}
	}
	return *v.Elem
}

// inside describes the parts for messages.
func (v Value) inside() string {
	s := "?"
	switch {
	case v.Elem == nil:
	case v.DType == tensor.Map:
		s = v.Elem.DType.String()
	default:
		s = v.Elem.String()
	}
	if v.DType == tensor.Map {
		return v.Key.String() + ", " + s
	}
	return s
}

// Merge returns what is true of a value that is like a or like b.
func Merge(a, b Value) Value {
	if a.DType != b.DType || a.Key != b.Key {
		return Value{}
	}
	out := Value{DType: a.DType, Key: a.Key}
	if a.Elem != nil && b.Elem != nil {
		e := Merge(*a.Elem, *b.Elem)
		out.Elem = &e
	}
	if out.Ranked = a.Ranked && b.Ranked && len(a.Shape) == len(b.Shape); !out.Ranked {
		return out
	}
	out.Shape = a.Shape.Clone()
	for i, d := range b.Shape {
		if out.Shape[i] != d {
			out.Shape[i] = tensor.Unknown
		}
	}
	return out
}

// wantKind checks that v is a composite value of a kind, if anything is known.
func wantKind(what string, v Value, kind tensor.DType) error {
	if v.DType == tensor.Undefined || v.DType == kind {
		return nil
	}
	return Invalidf("%s is a %v, want a %v", what, v, kind)
}

// wantTensors checks that values are no composites.
func wantTensors(vs ...Value) error {
	for i, v := range vs {
		if v.DType.Composite() {
			return Invalidf("value %d is a %v, want a tensor", i, v)
		}
	}
	return nil
}

// Take returns what is at index i along an axis, without that axis.
func Take(t *tensor.Tensor, axis, i int) (*tensor.Tensor, error) {
	shape := without(t.Shape(), axis)
	dst, m, err := moved(Of(t.DType(), shape...), t)
	if err != nil {
		return nil, err
	}
	strides := t.Shape().Strides()
	walk(m, shape, shape.Strides(), without(strides, axis), 0, i*strides[axis])
	return dst, nil
}

// Stack puts tensors of one shape beside each other along a new axis. There is
// at least one.
func Stack(list []*tensor.Tensor, axis int) (*tensor.Tensor, error) {
	first := list[0]
	shape := make(tensor.Shape, 0, first.Rank()+1)
	shape = append(append(append(shape, first.Shape()[:axis]...), len(list)), first.Shape()[axis:]...)
	v := Of(first.DType(), shape...)
	if err := checkResult(v); err != nil {
		return nil, err
	}
	dst, _, err := moved(v, first)
	if err != nil {
		return nil, err
	}
	strides := shape.Strides()
	for i, t := range list {
		m, err := moverOf(dst, t)
		if err != nil || !t.Shape().Equal(first.Shape()) {
			return nil, Invalidf("%v and %v are stacked", first, t)
		}
		walk(m, t.Shape(), without(strides, axis), t.Shape().Strides(), i*strides[axis], 0)
	}
	return dst, nil
}

// without returns the list without element i.
func without(list []int, i int) tensor.Shape {
	return append(append(tensor.Shape{}, list[:i]...), list[i+1:]...)
}
