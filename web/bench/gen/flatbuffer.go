package main

import "encoding/binary"

// flat writes a FlatBuffer from its root to its leaves: what a table points to comes
// after it, so that the distances, which are never negative, can be filled in.
// The format: https://flatbuffers.dev/internals/
type flat struct{ b []byte }

// field is a member of a table: a number of size bytes, or, if child is set, what
// child writes, which must return where it begins. Slots count from 0 as in the schema.
type field struct {
	slot, size int
	value      uint32
	child      func() int
}

func (f *flat) u16(v int) { f.b = binary.LittleEndian.AppendUint16(f.b, uint16(v)) }
func (f *flat) u32(v int) { f.b = binary.LittleEndian.AppendUint32(f.b, uint32(v)) }

// align adds zeros until what follows after skip bytes is at a multiple of n.
func (f *flat) align(n, skip int) {
	for (len(f.b)+skip)%n != 0 {
		f.b = append(f.b, 0)
	}
}

// point makes the offset at a place lead to a target behind it.
func (f *flat) point(place, target int) {
	binary.LittleEndian.PutUint32(f.b[place:], uint32(target-place))
}

// table writes a table and then its children. Fields of four bytes come first.
func (f *flat) table(fields ...field) int {
	slots, size := 0, 4
	for _, m := range fields {
		slots, size = max(slots, m.slot+1), size+m.size
	}
	f.align(4, 4+2*slots)
	vtable := len(f.b)
	f.u16(4 + 2*slots)
	f.u16(size)
	f.b = append(f.b, make([]byte, 2*slots)...)
	start := len(f.b)
	f.u32(start - vtable)
	for _, size := range []int{4, 1} {
		for _, m := range fields {
			if m.size != size {
				continue
			}
			binary.LittleEndian.PutUint16(f.b[vtable+4+2*m.slot:], uint16(len(f.b)-start))
			if size == 1 {
				f.b = append(f.b, byte(m.value))
			} else {
				f.u32(int(m.value))
			}
		}
	}
	for _, m := range fields {
		if m.child != nil {
			place := start + int(binary.LittleEndian.Uint16(f.b[vtable+4+2*m.slot:]))
			f.point(place, m.child())
		}
	}
	return start
}

// tables writes a vector of tables.
func (f *flat) tables(count int, write func(i int) int) int {
	f.align(4, 0)
	start := len(f.b)
	f.u32(count)
	f.b = append(f.b, make([]byte, 4*count)...)
	for i := range count {
		f.point(start+4+4*i, write(i))
	}
	return start
}

// ints writes a vector of 32-bit integers.
func (f *flat) ints(list []int) int {
	f.align(4, 0)
	start := len(f.b)
	f.u32(len(list))
	for _, v := range list {
		f.u32(v)
	}
	return start
}

// longs writes a vector of 64-bit integers.
func (f *flat) longs(list []int) int {
	f.align(8, 4)
	start := len(f.b)
	f.u32(len(list))
	for _, v := range list {
		f.b = binary.LittleEndian.AppendUint64(f.b, uint64(int64(v)))
	}
	return start
}

// bytes writes a vector of bytes whose content begins at a multiple of 16.
func (f *flat) bytes(b []byte) int {
	f.align(16, 4)
	start := len(f.b)
	f.u32(len(b))
	f.b = append(f.b, b...)
	return start
}

// text writes a string, which ends with a zero that does not count.
func (f *flat) text(s string) int {
	f.align(4, 0)
	start := len(f.b)
	f.u32(len(s))
	f.b = append(append(f.b, s...), 0)
	return start
}

// The kinds of fields.
func num(slot, v int) field               { return field{slot: slot, size: 4, value: uint32(v)} }
func small(slot, v int) field             { return field{slot: slot, size: 1, value: uint32(v)} }
func offset(slot int, c func() int) field { return field{slot: slot, size: 4, child: c} }
