package onnx

import (
	"encoding/binary"
	"math"
)

// The wire types of https://protobuf.dev/programming-guides/encoding/ that
// ONNX uses; groups are not among them.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

// maxName bounds names and other short strings.
const maxName = 1 << 16

// field is one field of a message as it stands in the file.
type field struct {
	num  uint64
	wire uint8
	bits uint64 // wireVarint, wire64, wire32
	data []byte // wireBytes; shares the file's bytes
}

// each calls f for every field of the message b, in file order, until one
// fails.
func each(b []byte, f func(field) error) error {
	for len(b) > 0 {
		fd, rest, err := next(b)
		if err != nil {
			return err
		}
		if err := f(fd); err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// next splits the first field from b.
func next(b []byte) (field, []byte, error) {
	tag, n := binary.Uvarint(b)
	if n <= 0 {
		return field{}, nil, badVarint(n)
	}
	b = b[n:]
	f := field{num: tag >> 3, wire: uint8(tag & 7)}
	if f.num == 0 || f.num > 1<<29-1 {
		return f, nil, fail(Malformed, "field number %d", f.num)
	}
	switch f.wire {
	case wireVarint:
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return f, nil, badVarint(n)
		}
		f.bits = v
		return f, b[n:], nil
	case wire64:
		if len(b) < 8 {
			return f, nil, badVarint(0)
		}
		f.bits = binary.LittleEndian.Uint64(b)
		return f, b[8:], nil
	case wire32:
		if len(b) < 4 {
			return f, nil, badVarint(0)
		}
		f.bits = uint64(binary.LittleEndian.Uint32(b))
		return f, b[4:], nil
	case wireBytes:
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return f, nil, badVarint(n)
		}
		b = b[n:]
		if v > uint64(len(b)) {
			return f, nil, fail(Truncated, "field %d needs %d bytes, %d are left", f.num, v, len(b))
		}
		f.data = b[:v]
		return f, b[v:], nil
	}
	return f, nil, fail(Malformed, "field %d has wire type %d", f.num, f.wire)
}

// badVarint explains the n that binary.Uvarint returned for a failure.
func badVarint(n int) error {
	if n == 0 {
		return fail(Truncated, "the message ends inside a field")
	}
	return fail(Malformed, "a number is longer than 64 bits")
}

// want checks the wire type.
func (f field) want(wire uint8) error {
	if f.wire != wire {
		return fail(Malformed, "field %d has wire type %d instead of %d", f.num, f.wire, wire)
	}
	return nil
}

// bytes returns the payload of a bytes or message field, not copied.
func (f field) bytes() ([]byte, error) { return f.data, f.want(wireBytes) }

// integer stores an integer field.
func (f field) integer(dst *int64) error {
	*dst = int64(f.bits)
	return f.want(wireVarint)
}

// name stores a short string.
func (f field) name(dst *string) error {
	if err := f.want(wireBytes); err != nil {
		return err
	}
	if len(f.data) > maxName {
		return fail(TooLarge, "a name of %d bytes, more than %d", len(f.data), maxName)
	}
	*dst = string(f.data)
	return nil
}

// names appends a short string.
func (f field) names(dst *[]string) error {
	var s string
	if err := f.name(&s); err != nil {
		return err
	}
	*dst = append(*dst, s)
	return nil
}

// ints appends a repeated integer field, packed or not.
func (f field) ints(dst *[]int64) error {
	if f.wire == wireVarint {
		*dst = append(*dst, int64(f.bits))
		return nil
	}
	if err := f.want(wireBytes); err != nil {
		return err
	}
	*dst = grow(*dst, countVarints(f.data))
	for b := f.data; len(b) > 0; {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return badVarint(n)
		}
		*dst = append(*dst, int64(v))
		b = b[n:]
	}
	return nil
}

// floats appends a repeated float field, packed or not.
func (f field) floats(dst *[]float32) error {
	if f.wire == wire32 {
		*dst = append(*dst, math.Float32frombits(uint32(f.bits)))
		return nil
	}
	if err := f.want(wireBytes); err != nil {
		return err
	}
	if len(f.data)%4 != 0 {
		return fail(Malformed, "%d bytes of packed floats", len(f.data))
	}
	*dst = grow(*dst, len(f.data)/4)
	for b := f.data; len(b) > 0; b = b[4:] {
		*dst = append(*dst, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return nil
}

// doubles appends a repeated double field, packed or not.
func (f field) doubles(dst *[]float64) error {
	if f.wire == wire64 {
		*dst = append(*dst, math.Float64frombits(f.bits))
		return nil
	}
	if err := f.want(wireBytes); err != nil {
		return err
	}
	if len(f.data)%8 != 0 {
		return fail(Malformed, "%d bytes of packed doubles", len(f.data))
	}
	*dst = grow(*dst, len(f.data)/8)
	for b := f.data; len(b) > 0; b = b[8:] {
		*dst = append(*dst, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return nil
}

// countVarints returns how many numbers end in b, so that a packed field is
// allocated once and exactly.
func countVarints(b []byte) int {
	n := 0
	for _, c := range b {
		if c < 0x80 {
			n++
		}
	}
	return n
}

// grow makes room for n more elements: exactly if s is empty, which is the
// usual case, and by doubling otherwise, because a hostile file may send one
// element at a time.
func grow[T any](s []T, n int) []T {
	if len(s) == 0 && cap(s) < n {
		return make([]T, 0, n)
	}
	return s
}
