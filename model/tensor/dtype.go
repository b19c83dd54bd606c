package tensor

import "strconv"

// DType is an ONNX element type. The numbers are those of
// TensorProto.DataType (onnx.proto), so that decoding is a conversion.
type DType uint8

// The element types that a Tensor can hold.
const (
	Undefined  DType = 0
	Float32    DType = 1
	Uint8      DType = 2
	Int8       DType = 3
	Uint16     DType = 4
	Int16      DType = 5
	Int32      DType = 6
	Int64      DType = 7
	String     DType = 8
	Bool       DType = 9
	Float16    DType = 10
	Float64    DType = 11
	Uint32     DType = 12
	Uint64     DType = 13
	Complex64  DType = 14
	Complex128 DType = 15
	BFloat16   DType = 16

	// Types of at most eight bits, which arithmetic does not know; see small.go.
	Float8E4M3FN   DType = 17
	Float8E4M3FNUZ DType = 18
	Float8E5M2     DType = 19
	Float8E5M2FNUZ DType = 20
	Uint4          DType = 21
	Int4           DType = 22
	Float4E2M1     DType = 23
	Float8E8M0     DType = 24
	Uint2          DType = 25
	Int2           DType = 26
)

// dtypes lists, for each supported type, its ONNX name in lower case and the
// bytes of one element in memory; 0 bytes means that elements vary in size.
var dtypes = map[DType]struct {
	name  string
	bytes int
}{
	Float32: {"float32", 4}, Uint8: {"uint8", 1}, Int8: {"int8", 1},
	Uint16: {"uint16", 2}, Int16: {"int16", 2}, Int32: {"int32", 4},
	Int64: {"int64", 8}, String: {"string", 0}, Bool: {"bool", 1},
	Float16: {"float16", 2}, Float64: {"float64", 8}, Uint32: {"uint32", 4},
	Uint64: {"uint64", 8}, Complex64: {"complex64", 8},
	Complex128: {"complex128", 16}, BFloat16: {"bfloat16", 2},
	Float8E4M3FN: {"float8e4m3fn", 1}, Float8E4M3FNUZ: {"float8e4m3fnuz", 1},
	Float8E5M2: {"float8e5m2", 1}, Float8E5M2FNUZ: {"float8e5m2fnuz", 1},
	Float8E8M0: {"float8e8m0", 1}, Float4E2M1: {"float4e2m1", 1},
	Uint4: {"uint4", 1}, Int4: {"int4", 1}, Uint2: {"uint2", 1}, Int2: {"int2", 1},
}

// String returns ONNX's name of the type in lower case, such as "float32", or
// what kind of composite value it is.
func (d DType) String() string {
	if t, ok := dtypes[d]; ok {
		return t.name
	}
	if k, ok := kinds[d]; ok {
		return k
	}
	return "type(" + strconv.Itoa(int(d)) + ")"
}

// ParseDType returns the type with the given lower-case ONNX name.
func ParseDType(name string) (DType, bool) {
	for d, t := range dtypes {
		if t.name == name {
			return d, true
		}
	}
	return Undefined, false
}

// Size returns the bytes of one element, or 0 for strings and unknown types.
func (d DType) Size() int { return dtypes[d].bytes }

// Supported reports whether a Tensor can hold elements of this type.
func (d DType) Supported() bool { _, ok := dtypes[d]; return ok }

// Half is an IEEE 754 binary16 number, kept as its bits.
type Half uint16

// Brain is a bfloat16 number (the upper half of a binary32), kept as its bits.
type Brain uint16

// Element lists the Go types of tensor elements. As an argument of Of each
// stands for one DType; int8 and uint8 also hold the small types.
type Element interface {
	float32 | float64 | Half | Brain |
		int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 |
		bool | string | complex64 | complex128
}

// TypeOf returns the DType whose elements have Go type T.
func TypeOf[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	case Half:
		return Float16
	case Brain:
		return BFloat16
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	case int64:
		return Int64
	case uint8:
		return Uint8
	case uint16:
		return Uint16
	case uint32:
		return Uint32
	case uint64:
		return Uint64
	case bool:
		return Bool
	case string:
		return String
	case complex64:
		return Complex64
	default:
		return Complex128
	}
}
