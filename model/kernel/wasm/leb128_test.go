package wasm

import (
	"bytes"
	"testing"
)

func TestLEB128(t *testing.T) {
	tests := []struct {
		name     string
		unsigned bool
		value    int64
		want     []byte
	}{
		{"zero", true, 0, []byte{0}}, {"one byte", true, 127, []byte{0x7f}}, {"two bytes", true, 128, []byte{0x80, 1}},
		{"example of the specification", true, 624485, []byte{0xe5, 0x8e, 0x26}}, {"all bits", true, 1<<32 - 1, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}},
		{"signed zero", false, 0, []byte{0}}, {"signed one byte", false, 63, []byte{0x3f}}, {"sign needs a byte", false, 64, []byte{0xc0, 0}},
		{"minus one", false, -1, []byte{0x7f}}, {"minus 64", false, -64, []byte{0x40}}, {"minus 65", false, -65, []byte{0xbf, 0x7f}},
		{"negative example", false, -123456, []byte{0xc0, 0xbb, 0x78}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := appendInt(nil, tt.value)
			if tt.unsigned {
				got = appendUint(nil, uint32(tt.value))
			}
			if !bytes.Equal(got, tt.want) {
				t.Errorf("% x, want % x", got, tt.want)
			}
		})
	}
}

// TestSections compares a small module with its bytes: the memory's import, the
// types shared by equal signatures, the table and its elements, the export.
func TestSections(t *testing.T) {
	m := &Module{Memory: Memory{Min: 1, Max: 2, Shared: true}}
	f := m.Func("", I32)
	m.Table(f)
	v := f.Int()
	f.Vec()
	v.Set(Const(-1))
	g := m.FuncInt("go", I32)
	g.CallTable(Const(0), g.Param(0).Value())
	g.ReturnInt(Const(7))
	want := []byte{0, 'a', 's', 'm', 1, 0, 0, 0,
		1, 10, 2, 0x60, 1, 0x7f, 0, 0x60, 1, 0x7f, 1, 0x7f,
		2, 16, 1, 3, 'e', 'n', 'v', 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 3, 1, 2,
		3, 3, 2, 0, 1,
		4, 5, 1, 0x70, 1, 1, 1,
		7, 6, 1, 2, 'g', 'o', 0, 1,
		9, 7, 1, 0, 0x41, 0, 0x0b, 1, 0,
		10, 27, 2, 10, 2, 1, 0x7f, 1, 0x7b, 0x41, 0x7f, 0x21, 1, 0x0b,
		14, 0, 0x20, 0, 0x41, 0, 0x11, 0, 0, 0x41, 7, 0x0f, 0x41, 0, 0x0b}
	if got := m.Bytes(); !bytes.Equal(got, want) {
		t.Errorf("module is\n% x, want\n% x", got, want)
	}
}
