package tensor

import (
	"fmt"
	"math"
)

// Source holds the elements of a deferred tensor, which are read when they are
// asked for: from a file outside of Go's heap, or computed from other tensors.
// It gives the same elements every time.
type Source interface {
	// Elements returns n elements from number at on, as a slice of the element
	// type that belongs to the caller.
	Elements(at, n int) (any, error)
	// Position orders sources by where their elements lie, so that a file is read
	// from its beginning to its end.
	Position() int64
}

// FloatSource is a Source of 32-bit floats of which any part is read at no more
// cost than its size.
type FloatSource interface {
	Source
	// Floats fills dst with the elements from number at on.
	Floats(dst []float32, at int) error
}

// HalfSource is a Source of 16-bit floats that are read as 32-bit ones on the way.
type HalfSource interface {
	Source
	// Widen fills dst with the elements from number at on.
	Widen(dst []float32, at int) error
}

// PackedSource is a Source of elements that were put into the order of kernels ahead
// of time.
type PackedSource interface {
	Source
	// Packed returns the elements in a named order and how many there are, or nil.
	Packed(name string) (FloatSource, int)
}

// LoadError reports deferred elements that cannot be read. Where an error cannot
// be returned, in [Data] and [Tensor.Any], it is the value of a panic.
type LoadError struct {
	// Tensor describes what was read: "float32[64 3 7 7]".
	Tensor string
	Err    error
}

// Error returns the text of the cause.
func (e *LoadError) Error() string {
	return fmt.Sprintf("tensor: %s cannot be read: %v", e.Tensor, e.Err)
}

// Unwrap returns the cause.
func (e *LoadError) Unwrap() error { return e.Err }

// deferred stands for elements in Tensor.data.
type deferred struct{ Source }

// Deferred returns a tensor whose elements src has. Data and Any read all of
// them each time; nothing is kept. It returns an error for an impossible shape or
// a type whose elements vary in size.
func Deferred(dtype DType, src Source, shape ...int) (*Tensor, error) {
	n, err := Shape(shape).Elems()
	if err != nil {
		return nil, err
	}
	if size := dtype.Size(); size == 0 || n > math.MaxInt/size {
		return nil, fmt.Errorf("tensor: %d elements of %v cannot be deferred", n, dtype)
	}
	return &Tensor{dtype, Shape(shape).Clone(), deferred{src}}, nil
}

// Source returns where the elements of a deferred tensor are, nil for a tensor
// that has them.
func (t *Tensor) Source() Source {
	if d, ok := t.data.(deferred); ok {
		return d.Source
	}
	return nil
}

// Resident returns t, or for a deferred tensor one that has its elements.
func (t *Tensor) Resident() *Tensor {
	if t == nil || t.Source() == nil {
		return t
	}
	return &Tensor{t.dtype, t.shape, t.Any()}
}

// Floats fills dst with the elements of a tensor of 32-bit floats from number at
// on, reading no others where its source can do so.
func (t *Tensor) Floats(dst []float32, at int) error {
	src, ok := t.Source().(FloatSource)
	if !ok {
		copy(dst, Data[float32](t)[at:])
		return nil
	}
	if err := src.Floats(dst, at); err != nil {
		return &LoadError{t.String(), err}
	}
	return nil
}

// load reads the elements of a deferred tensor.
func (t *Tensor) load(src Source) any {
	data, err := src.Elements(0, t.Len())
	if err != nil {
		panic(&LoadError{t.String(), err})
	}
	return data
}

// Part returns n elements of a deferred tensor from number at on, as a tensor of
// rank 1.
func Part(t *Tensor, at, n int) (*Tensor, error) {
	if at < 0 || n < 0 || n > t.Len()-at {
		return nil, fmt.Errorf("%w: elements %d to %d of %v", ErrLength, at, at+n, t)
	}
	data, err := t.Source().Elements(at, n)
	if err != nil {
		return nil, &LoadError{t.String(), err}
	}
	return &Tensor{t.dtype, Shape{n}, data}, nil
}
