package tensor

import (
	"errors"
	"fmt"
)

// ErrLength reports data whose length is not that of the shape.
var ErrLength = errors.New("tensor: data does not have the length of the shape")

// Tensor is a dense, row-major array, or a composite value made of such. Its
// elements may be shared with other tensors (a reshape shares them): treat a
// tensor that was handed out as read-only unless the owner says otherwise. The
// zero Tensor is not valid.
type Tensor struct {
	dtype DType
	shape Shape
	data  any // a slice of the Element type that stands for dtype (small.go, composite.go), or deferred
}

// New returns a tensor of zeros (empty strings, false). It returns ErrShape
// for an impossible shape and an error for an unsupported type.
func New(dtype DType, shape ...int) (*Tensor, error) {
	n, err := Shape(shape).Elems()
	if err != nil {
		return nil, err
	}
	data, err := makeData(dtype, n)
	if err != nil {
		return nil, err
	}
	return &Tensor{dtype, Shape(shape).Clone(), data}, nil
}

// Of returns a tensor that holds data, which is not copied. It returns
// ErrLength or ErrShape if data does not fill shape exactly.
func Of[T Element](data []T, shape ...int) (*Tensor, error) {
	n, err := Shape(shape).Elems()
	if err != nil {
		return nil, err
	}
	if n != len(data) {
		return nil, fmt.Errorf("%w: %d elements for %v", ErrLength, len(data), Shape(shape))
	}
	return &Tensor{TypeOf[T](), Shape(shape).Clone(), data}, nil
}

// Must returns t and panics if err is not nil. It is for shapes and data that
// the program itself has made to fit.
func Must(t *Tensor, err error) *Tensor {
	if err != nil {
		panic(err)
	}
	return t
}

// Scalar returns a tensor of rank 0.
func Scalar[T Element](v T) *Tensor { return Must(Of([]T{v})) }

// Vector returns a tensor of rank 1.
func Vector[T Element](v ...T) *Tensor { return Must(Of(v, len(v))) }

// DType returns the element type.
func (t *Tensor) DType() DType { return t.dtype }

// Shape returns the dimensions; the caller must not change them.
func (t *Tensor) Shape() Shape { return t.shape }

// Rank returns the number of dimensions.
func (t *Tensor) Rank() int { return len(t.shape) }

// Dim returns the size of dimension i; negative i counts from the end.
func (t *Tensor) Dim(i int) int {
	if i < 0 {
		i += len(t.shape)
	}
	return t.shape[i]
}

// Len returns the number of elements.
func (t *Tensor) Len() int {
	n, _ := t.shape.Elems() // checked when t was made
	return n
}

// Any returns the elements as a slice of their Go type ([]float32 for
// Float32, []Half for Float16 …), for a type switch. Those of a deferred tensor
// are read now; it panics with a *LoadError if that fails.
func (t *Tensor) Any() any {
	if src := t.Source(); src != nil {
		return t.load(src)
	}
	return t.data
}

// Data returns the elements of t, not copied. It panics if t does not hold
// elements of type T: check DType first. Those of a deferred tensor are read now;
// it panics with a *LoadError if that fails.
func Data[T Element](t *Tensor) []T {
	d, ok := t.Any().([]T)
	if !ok {
		panic(fmt.Sprintf("tensor: %v read as %v", t.dtype, TypeOf[T]()))
	}
	return d
}

// Reshape returns a tensor with the same elements, shared, in another shape.
// It returns ErrLength if the number of elements differs.
func (t *Tensor) Reshape(shape ...int) (*Tensor, error) {
	n, err := Shape(shape).Elems()
	if err != nil {
		return nil, err
	}
	if n != t.Len() {
		return nil, fmt.Errorf("%w: %v as %v", ErrLength, t.shape, Shape(shape))
	}
	return &Tensor{t.dtype, Shape(shape).Clone(), t.data}, nil
}

// String describes the tensor without its elements: "float32[1 3 224 224]".
func (t *Tensor) String() string { return t.dtype.String() + t.shape.String() }

func makeData(dtype DType, n int) (any, error) {
	switch dtype {
	case Float32:
		return make([]float32, n), nil
	case Float64:
		return make([]float64, n), nil
	case Float16:
		return make([]Half, n), nil
	case BFloat16:
		return make([]Brain, n), nil
	case Int8, Int4, Int2:
		return make([]int8, n), nil
	case Int16:
		return make([]int16, n), nil
	case Int32:
		return make([]int32, n), nil
	case Int64:
		return make([]int64, n), nil
	case Uint8, Uint4, Uint2, Float8E4M3FN, Float8E4M3FNUZ, Float8E5M2, Float8E5M2FNUZ, Float8E8M0, Float4E2M1:
		return make([]uint8, n), nil
	case Uint16:
		return make([]uint16, n), nil
	case Uint32:
		return make([]uint32, n), nil
	case Uint64:
		return make([]uint64, n), nil
	case Bool:
		return make([]bool, n), nil
	case String:
		return make([]string, n), nil
	case Complex64:
		return make([]complex64, n), nil
	case Complex128:
		return make([]complex128, n), nil
	}
	return nil, fmt.Errorf("tensor: unsupported element type %v", dtype)
}
