package op

import "larder/model/tensor"

// Operator is one node's computation, made by a [Constructor] that has already
// checked the attributes. An Operator holds no state of a run: both methods may
// be called by several goroutines at once.
type Operator interface {
	// Infer returns what is known about the outputs, one Value for each name in
	// Node.Outputs, given what is known about the inputs, one for each name in
	// Node.Inputs. It fails with an Invalid error if the inputs cannot be right
	// and with an Unsupported error if they are right but Run could not handle
	// them. It never allocates by the size of a tensor, except for a small
	// constant result (see Value.Const).
	Infer(in []Value) ([]Value, error)

	// Run computes the outputs. in has one tensor for each name in Node.Inputs,
	// nil where an optional input is absent; it must not be changed. An output
	// may share elements with an input. An output whose name is empty in
	// Node.Outputs may be nil. Run checks everything about in that its own
	// indexing relies on, also what Infer would have checked; it fails with an
	// Invalid or Unsupported error.
	Run(in []*tensor.Tensor) ([]*tensor.Tensor, error)
}

// Node is what a constructor sees of a graph's node.
type Node struct {
	// Name is the node's name, possibly empty; only for messages.
	Name string
	// Domain is "" for the default domain (never "ai.onnx"), "ai.onnx.ml", …
	Domain string
	// Type is the operator's name, such as "Conv".
	Type string
	// Opset is the version of Domain's operator set that the model imports.
	Opset int
	// Attrs holds the attributes by name.
	Attrs Attrs
	// Inputs and Outputs name the values; "" stands for an absent optional one.
	Inputs, Outputs []string
}

// Constructor makes the operator of a node. It fails with an Invalid error for
// attributes that break the specification and an Unsupported error for those
// that keep to it but are not implemented.
type Constructor func(n Node) (Operator, error)

// Value is what is known about a tensor before it exists, or about another value
// of a graph: a sequence, an optional, a map.
type Value struct {
	// DType is the element type or the kind of a composite value, tensor.Undefined
	// if not known.
	DType tensor.DType
	// Elem is what is known of the values in a sequence, optional or map, nil if
	// nothing is. Key is the type of a map's keys.
	Elem *Value
	Key  tensor.DType
	// Shape is the dimensions, some of them possibly tensor.Unknown. It has no
	// meaning if Ranked is false.
	Shape tensor.Shape
	// Ranked says whether the number of dimensions is known.
	Ranked bool
	// Const is the tensor itself if it is known already: an initializer, or the
	// result of an operator on small constants. Such values steer shapes
	// (Reshape, Slice, Expand …).
	Const *tensor.Tensor
	// Absent marks an optional input that is not there.
	Absent bool
}

// Known returns the Value of a tensor that exists.
func Known(t *tensor.Tensor) Value {
	v := Value{DType: t.DType(), Shape: t.Shape(), Ranked: true, Const: t}
	if v.DType.Composite() {
		v.knowItems(t.Items())
	}
	return v
}

// Of returns a Value with a known element type and shape.
func Of(dtype tensor.DType, shape ...int) Value {
	return Value{DType: dtype, Shape: shape, Ranked: true}
}

// Unranked returns a Value of which only the element type is known.
func Unranked(dtype tensor.DType) Value { return Value{DType: dtype} }

// String describes the value for messages: "float32[1 3 ? ?]".
func (v Value) String() string {
	switch {
	case v.Absent:
		return "absent"
	case v.DType.Composite():
		return v.DType.String() + "(" + v.inside() + ")"
	case !v.Ranked:
		return v.DType.String() + "[...]"
	}
	return v.DType.String() + v.Shape.String()
}
