package tensor

import "fmt"

// Types of at most eight bits are kept one element a byte: integers as numbers
// in an int8 or uint8, floats as their bits in a uint8. So what moves elements
// knows them already, and only conversions look at the bits.

// Bits returns the bits of one element in a file, 0 for strings and types that
// no Tensor can hold. In files, elements of 2 and 4 bits share bytes.
func (d DType) Bits() int {
	switch d {
	case Uint4, Int4, Float4E2M1:
		return 4
	case Uint2, Int2:
		return 2
	}
	return 8 * d.Size()
}

// Small reports whether the type is one of float8, float4, int4, uint4, int2 and
// uint2.
func (d DType) Small() bool { return d >= Float8E4M3FN && d <= Int2 }

// SmallFloat reports whether the type is a float of at most eight bits.
func (d DType) SmallFloat() bool { return d.Small() && d.Bits() == 8 || d == Float4E2M1 }

// Trim drops the bits that a small type does not have, so that each element is
// what a file could hold. Whoever writes bytes into a tensor calls it.
func (t *Tensor) Trim() {
	bits := t.dtype.Bits()
	if bits >= 8 {
		return
	}
	switch d := t.data.(type) {
	case []int8:
		for i, v := range d {
			d[i] = v << (8 - bits) >> (8 - bits)
		}
	case []uint8:
		for i, v := range d {
			d[i] = v << (8 - bits) >> (8 - bits)
		}
	}
}

// Unpack returns a tensor of a small type from the bytes of a file: elements of 2
// and 4 bits fill a byte from its lowest bits on.
func Unpack(d DType, b []byte, shape ...int) (*Tensor, error) {
	t, err := New(d, shape...)
	if err != nil {
		return nil, err
	}
	bits := d.Bits()
	if !d.Small() || (t.Len()*bits+7)/8 != len(b) {
		return nil, fmt.Errorf("%w: %d bytes for %v", ErrLength, len(b), t)
	}
	each := 8 / bits
	switch to := t.data.(type) {
	case []int8:
		for i := range to {
			to[i] = int8(b[i/each] >> (i % each * bits))
		}
	case []uint8:
		for i := range to {
			to[i] = b[i/each] >> (i % each * bits)
		}
	}
	t.Trim()
	return t, nil
}
