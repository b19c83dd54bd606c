package onnx

import (
	"encoding/binary"
	"math"

	"larder/model/tensor"
)

// fromRaw reads raw_data: little-endian elements of fixed width, one byte for
// a bool. The elements are copied once.
func (p *tensorFields) fromRaw(shape tensor.Shape, n int) (*tensor.Tensor, error) {
	size := p.dtype.Size()
	if size == 0 {
		return nil, fail(Malformed, "a tensor of %v has raw data", p.dtype)
	}
	if p.dtype.Small() {
		return p.unpacked(p.raw, shape)
	}
	if len(p.raw) != n*size {
		return nil, fail(Malformed, "%d bytes of data instead of %d for %v%v", len(p.raw), n*size, p.dtype, shape)
	}
	b := p.raw
	switch p.dtype {
	case tensor.Float32:
		return made(raw32(b, math.Float32frombits), shape)
	case tensor.Float64:
		return made(raw64(b, math.Float64frombits), shape)
	case tensor.Float16:
		return made(raw16[tensor.Half](b), shape)
	case tensor.BFloat16:
		return made(raw16[tensor.Brain](b), shape)
	case tensor.Int8:
		return made(raw8(b, func(c byte) int8 { return int8(c) }), shape)
	case tensor.Uint8:
		return made(append([]uint8{}, b...), shape)
	case tensor.Bool:
		return made(raw8(b, func(c byte) bool { return c != 0 }), shape)
	case tensor.Int16:
		return made(raw16[int16](b), shape)
	case tensor.Uint16:
		return made(raw16[uint16](b), shape)
	case tensor.Int32:
		return made(raw32(b, func(v uint32) int32 { return int32(v) }), shape)
	case tensor.Uint32:
		return made(raw32(b, func(v uint32) uint32 { return v }), shape)
	case tensor.Int64:
		return made(raw64(b, func(v uint64) int64 { return int64(v) }), shape)
	case tensor.Uint64:
		return made(raw64(b, func(v uint64) uint64 { return v }), shape)
	case tensor.Complex64:
		return made(complexes64(raw32(b, math.Float32frombits)), shape)
	}
	return made(complexes128(raw64(b, math.Float64frombits)), shape)
}

// fromFields reads the typed fields; onnx.proto says which field an element
// type uses.
func (p *tensorFields) fromFields(shape tensor.Shape, n int) (*tensor.Tensor, error) {
	if p.dtype.Small() {
		return p.fromBytes(shape)
	}
	switch p.dtype {
	case tensor.Float32:
		return made(p.floats, shape)
	case tensor.Float64:
		return made(p.doubles, shape)
	case tensor.Complex64, tensor.Complex128:
		return p.fromPairs(shape, n)
	case tensor.String:
		return made(p.strings, shape)
	case tensor.Int64:
		return made(p.int64s, shape)
	case tensor.Uint64:
		return narrowed(p.uint64s, math.MinInt64, math.MaxInt64, shape, func(v int64) uint64 { return uint64(v) })
	case tensor.Uint32:
		return narrowed(p.uint64s, 0, math.MaxUint32, shape, func(v int64) uint32 { return uint32(v) })
	case tensor.Int32:
		return narrowed(p.int32s, math.MinInt32, math.MaxInt32, shape, func(v int64) int32 { return int32(v) })
	case tensor.Int16:
		return narrowed(p.int32s, math.MinInt16, math.MaxInt16, shape, func(v int64) int16 { return int16(v) })
	case tensor.Uint16:
		return narrowed(p.int32s, 0, math.MaxUint16, shape, func(v int64) uint16 { return uint16(v) })
	case tensor.Int8:
		return narrowed(p.int32s, math.MinInt8, math.MaxInt8, shape, func(v int64) int8 { return int8(v) })
	case tensor.Uint8:
		return narrowed(p.int32s, 0, math.MaxUint8, shape, func(v int64) uint8 { return uint8(v) })
	case tensor.Bool:
		return narrowed(p.int32s, 0, 1, shape, func(v int64) bool { return v != 0 })
	case tensor.Float16: // the bits, zero-extended
		return narrowed(p.int32s, 0, math.MaxUint16, shape, func(v int64) tensor.Half { return tensor.Half(v) })
	}
	return narrowed(p.int32s, 0, math.MaxUint16, shape, func(v int64) tensor.Brain { return tensor.Brain(v) })
}

// fromBytes reads elements of small types: each number is a byte, as in raw data.
func (p *tensorFields) fromBytes(shape tensor.Shape) (*tensor.Tensor, error) {
	b := make([]byte, len(p.int32s))
	for i, v := range p.int32s {
		if v < math.MinInt8 || v > math.MaxUint8 {
			return nil, fail(Malformed, "element %d is %d, which no byte holds", i, v)
		}
		b[i] = byte(v)
	}
	return p.unpacked(b, shape)
}

// unpacked is tensor.Unpack with this package's error.
func (p *tensorFields) unpacked(b []byte, shape tensor.Shape) (*tensor.Tensor, error) {
	t, err := tensor.Unpack(p.dtype, b, shape...)
	if err != nil {
		return nil, fail(Malformed, "%d bytes instead of those of %v%v", len(b), p.dtype, shape)
	}
	return t, nil
}

// fromPairs reads complex numbers: real and imaginary parts in turn.
func (p *tensorFields) fromPairs(shape tensor.Shape, n int) (*tensor.Tensor, error) {
	parts := len(p.floats)
	if p.dtype == tensor.Complex128 {
		parts = len(p.doubles)
	}
	if parts != 2*n {
		return nil, fail(Malformed, "%d parts of complex numbers instead of %d", parts, 2*n)
	}
	if p.dtype == tensor.Complex128 {
		return made(complexes128(p.doubles), shape)
	}
	return made(complexes64(p.floats), shape)
}

// made is tensor.Of with this package's error.
func made[T tensor.Element](data []T, shape tensor.Shape) (*tensor.Tensor, error) {
	t, err := tensor.Of(data, shape...)
	if err != nil {
		return nil, fail(Malformed, "%d elements instead of those of %v%v", len(data), tensor.TypeOf[T](), shape)
	}
	return t, nil
}

// narrowed converts numbers that the file holds as varints.
func narrowed[T tensor.Element](v []int64, lo, hi int64, shape tensor.Shape, to func(int64) T) (*tensor.Tensor, error) {
	out := make([]T, len(v))
	for i, x := range v {
		if x < lo || x > hi {
			return nil, fail(Malformed, "element %d is %d, which %v cannot hold", i, x, tensor.TypeOf[T]())
		}
		out[i] = to(x)
	}
	return made(out, shape)
}

func raw8[T any](b []byte, to func(byte) T) []T {
	out := make([]T, len(b))
	for i, c := range b {
		out[i] = to(c)
	}
	return out
}

func raw16[T ~uint16 | ~int16](b []byte) []T {
	out := make([]T, len(b)/2)
	for i := range out {
		out[i] = T(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return out
}

func raw32[T any](b []byte, to func(uint32) T) []T {
	out := make([]T, len(b)/4)
	for i := range out {
		out[i] = to(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

func raw64[T any](b []byte, to func(uint64) T) []T {
	out := make([]T, len(b)/8)
	for i := range out {
		out[i] = to(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return out
}

func complexes64(v []float32) []complex64 {
	out := make([]complex64, len(v)/2)
	for i := range out {
		out[i] = complex(v[2*i], v[2*i+1])
	}
	return out
}

func complexes128(v []float64) []complex128 {
	out := make([]complex128, len(v)/2)
	for i := range out {
		out[i] = complex(v[2*i], v[2*i+1])
	}
	return out
}
