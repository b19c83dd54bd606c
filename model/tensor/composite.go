package tensor

import "fmt"

// Kinds of values that are made of tensors. They are no element types: no file
// has their numbers, New does not make them, and Supported says no.
const (
	// Sequence is a list of values; its shape is its length.
	Sequence DType = 0xf0
	// Optional is one value or none; its shape is 1 or 0.
	Optional DType = 0xf1
	// Map leads from strings or int64 to numbers or strings; its shape is the
	// number of keys.
	Map DType = 0xf2
)

var kinds = map[DType]string{Sequence: "sequence", Optional: "optional", Map: "map"}

// Composite reports whether values of this kind are made of tensors.
func (d DType) Composite() bool { return d >= Sequence && d <= Map }

// SequenceOf returns the sequence of the values, which are not copied.
func SequenceOf(values ...*Tensor) *Tensor { return &Tensor{Sequence, Shape{len(values)}, values} }

// OptionalOf returns the optional that has v, or none if v is nil.
func OptionalOf(v *Tensor) *Tensor {
	if v == nil {
		return &Tensor{Optional, Shape{0}, []*Tensor{}}
	}
	return &Tensor{Optional, Shape{1}, []*Tensor{v}}
}

// MapOf returns the map that leads from each element of keys, a vector of strings
// or int64, to the element of values at the same place. The caller sees to it that
// keys differ.
func MapOf(keys, values *Tensor) (*Tensor, error) {
	switch {
	case keys.dtype != String && keys.dtype != Int64, values.dtype.Composite():
		return nil, fmt.Errorf("tensor: a map from %v to %v", keys, values)
	case len(keys.shape) != 1 || !keys.shape.Equal(values.shape):
		return nil, fmt.Errorf("%w: a map from %v to %v", ErrLength, keys, values)
	}
	return &Tensor{Map, keys.shape, []*Tensor{keys, values}}, nil
}

// Items returns the values of a sequence or optional, and keys and values of a
// map; nil for a tensor. The caller must not change it.
func (t *Tensor) Items() []*Tensor {
	items, _ := t.data.([]*Tensor)
	return items
}
