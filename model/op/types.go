package op

import "larder/model/tensor"

// The Go types of elements that operators do arithmetic on.
type (
	signed   interface{ int8 | int16 | int32 | int64 }
	unsigned interface {
		uint8 | uint16 | uint32 | uint64
	}
	integer interface{ signed | unsigned }
	float   interface{ float32 | float64 }
	numeric interface{ integer | float }
	// wide types are those that arithmetic has loops for: see integers.go.
	wide interface{ int64 | float }
)

// dtypes is a set of element types, one bit each.
type dtypes uint32

// dtypeSet returns the set of the given types.
func dtypeSet(ts ...tensor.DType) dtypes {
	var s dtypes
	for _, t := range ts {
		s |= 1 << t
	}
	return s
}

// The element types that operators take together.
var (
	floatTypes    = dtypeSet(tensor.Float32, tensor.Float64, tensor.Float16, tensor.BFloat16)
	signedTypes   = dtypeSet(tensor.Int8, tensor.Int16, tensor.Int32, tensor.Int64)
	unsignedTypes = dtypeSet(tensor.Uint8, tensor.Uint16, tensor.Uint32, tensor.Uint64)
	intTypes      = signedTypes | unsignedTypes
	numberTypes   = intTypes | floatTypes
	boolType      = dtypeSet(tensor.Bool)
)

// has reports whether t is in the set. A type that is not known yet is.
func (s dtypes) has(t tensor.DType) bool {
	return t == tensor.Undefined || t < 32 && s>>t&1 == 1
}

// same returns the one element type of all values that are present. Two
// different types are Invalid, one that is not in the set is Unsupported.
func (s dtypes) same(vs ...Value) (tensor.DType, error) {
	t, err := commonType(vs...)
	if err == nil && !s.has(t) {
		err = Unsupportedf("inputs of type %v", t)
	}
	return t, err
}

// check fails with an Unsupported error if v is there and not of a type in the
// set.
func (s dtypes) check(what string, v Value) error {
	if !v.Absent && !s.has(v.DType) {
		return Unsupportedf("%s of type %v", what, v.DType)
	}
	return nil
}

// like returns the Value of a tensor with v's type and shape, but not its
// elements.
func like(v Value) Value { v.Const, v.Absent = nil, false; return v }

// as is like with another element type.
func as(t tensor.DType, v Value) Value { return Value{DType: t, Shape: v.Shape, Ranked: v.Ranked} }

// blank returns a tensor of zeros and its elements. The shape is that of an
// output that newRuled has checked.
func blank[T tensor.Element](shape tensor.Shape) (*tensor.Tensor, []T) {
	t := blankOf(tensor.TypeOf[T](), shape)
	return t, tensor.Data[T](t)
}

// blankOf is blank for a type that is not known here.
func blankOf(d tensor.DType, shape tensor.Shape) *tensor.Tensor {
	return tensor.Must(tensor.New(d, shape...))
}

// noType is the error of a run whose inputs have a type that types refuses; it
// only ends a type switch.
func noType(t *tensor.Tensor) error { return Unsupportedf("inputs of type %v", t.DType()) }
