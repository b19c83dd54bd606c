package op

import "larder/model/tensor"

// Operators on optionals: Optional (15), OptionalHasElement and
// OptionalGetElement (15; 18 takes what is no optional too).
// https://onnx.ai/onnx/operators/onnx__Optional.html

var optionalOps = []Entry{
	{"", "Optional", 15, newOptional},
	{"", "OptionalHasElement", 15, newOptionalHas},
	{"", "OptionalGetElement", 15, newOptionalGet},
}

// wrap makes an optional of a tensor or sequence, or nothing.
type wrap struct {
	composites
	elem Value // of an empty one
}

func newOptional(n Node) (Operator, error) {
	o := &wrap{}
	if t, ok := n.Attrs["type"].(Value); ok {
		o.elem = t
	} else if n.Attrs.Has("type") {
		return nil, Invalidf("attribute %q is not a type", "type")
	}
	return newRuled(n, arity{0, 1, 1}, o)
}

func (o *wrap) types(in []Value) ([]Value, error) {
	v := input(in, 0)
	switch {
	case v.Absent:
		return []Value{OptionalOf(o.elem)}, nil
	case v.DType == tensor.Optional:
		return nil, Invalidf("%v cannot be optional once more", v)
	}
	return []Value{OptionalOf(v)}, nil
}

func (o *wrap) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	return []*tensor.Tensor{tensor.OptionalOf(tensorAt(in, 0))}, nil
}

// optionalHas tells whether there is something.
type optionalHas struct{ composites }

func newOptionalHas(n Node) (Operator, error) { return newRuled(n, arity{0, 1, 1}, optionalHas{}) }

func (optionalHas) types([]Value) ([]Value, error) { return []Value{Of(tensor.Bool)}, nil }

func (optionalHas) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	v := tensorAt(in, 0)
	return []*tensor.Tensor{tensor.Scalar(v != nil && (v.DType() != tensor.Optional || v.Len() > 0))}, nil
}

// optionalGet returns what is there.
type optionalGet struct{ composites }

func newOptionalGet(n Node) (Operator, error) { return newRuled(n, arity{1, 1, 1}, optionalGet{}) }

func (optionalGet) types(in []Value) ([]Value, error) {
	if in[0].DType == tensor.Optional {
		return []Value{in[0].elem()}, nil
	}
	return []Value{like(in[0])}, nil
}

func (optionalGet) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	if in[0].DType() != tensor.Optional {
		return in[:1:1], nil
	}
	items := in[0].Items()
	if len(items) == 0 {
		return nil, Invalidf("the optional is empty")
	}
	return items[:1:1], nil
}
