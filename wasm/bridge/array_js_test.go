//go:build js

package bridge

import (
	"strings"
	"testing"
)

func TestArray(t *testing.T) {
	tests := []struct {
		array, source string
		want          string // the memory
	}{
		{"Float32Array", `new Float32Array([1.5, -0.25])`, "\x00\x00\xc0\x3f\x00\x00\x80\xbe"},
		{"Float64Array", `new Float64Array([-Infinity])`, "\x00\x00\x00\x00\x00\x00\xf0\xff"},
		{"BigInt64Array", `new BigInt64Array([9007199254740993n, -1n])`, "\x01\x00\x00\x00\x00\x00\x20\x00\xff\xff\xff\xff\xff\xff\xff\xff"},
		{"BigUint64Array", `new BigUint64Array([2n**64n - 2n])`, "\xfe\xff\xff\xff\xff\xff\xff\xff"},
		{"Int32Array", `new Int32Array([-5])`, "\xfb\xff\xff\xff"},
		{"Uint16Array", `new Uint16Array([65535, 1])`, "\xff\xff\x01\x00"},
		{"Int8Array", `new Int8Array([-128, 127])`, "\x80\x7f"},
		{"Uint8Array", `new Uint8Array([0, 255])`, "\x00\xff"},
		// A view into the middle of a buffer.
		{"Uint16Array", `new Uint16Array(new Uint16Array([9, 1, 2, 9]).buffer, 2, 2)`, "\x01\x00\x02\x00"},
		{"Float32Array", `new Float32Array(0)`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.array, func(t *testing.T) {
			got := make([]byte, len(tt.want))
			if err := ReadArray(got, eval(t, tt.source), tt.array); err != nil || string(got) != tt.want {
				t.Errorf("read %x, %v; want %x", got, err, tt.want)
			}
			v, err := NewArray(tt.array, []byte(tt.want))
			if err != nil || !Is(v, tt.array) {
				t.Fatalf("made a %s, %v", ClassName(v), err)
			}
			clear(got)
			if err := ReadArray(got, v, tt.array); err != nil || string(got) != tt.want {
				t.Errorf("came back as %x, %v", got, err)
			}
		})
	}
}

func TestArrayRefuses(t *testing.T) {
	tests := []struct{ name, source, want string }{
		{"another class", `new Float64Array(2)`, "data is a Float64Array, not a Float32Array"},
		{"a plain array", `[1, 2]`, "data is a Array, not a Float32Array"},
		{"a number", `1`, "data is a number, not a Float32Array"},
		{"too few", `new Float32Array(1)`, "data has 1 elements, dims ask for 2"},
		{"too many", `new Float32Array(3)`, "data has 3 elements, dims ask for 2"},
		{"given away", `(() => { const a = new Float32Array(2); structuredClone(a, {transfer: [a.buffer]}); return a })()`,
			"data has 0 elements"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := ReadArray(make([]byte, 8), eval(t, tt.source), "Float32Array")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestBlob(t *testing.T) {
	for _, source := range []string{`new Uint8Array([7, 8, 9])`, `new Uint8Array([7, 8, 9]).buffer`, `new DataView(new Uint8Array([0, 7, 8, 9, 0]).buffer, 1, 3)`} {
		b, err := NewBlob(eval(t, source))
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		if got, err := b.Bytes(); err != nil || b.Size() != 3 || string(got) != "\x07\x08\x09" {
			t.Errorf("%s: %v, %v", source, got, err)
		}
	}
	if _, err := NewBlob(eval(t, `"text"`)); err == nil || !strings.Contains(err.Error(), "a string has no bytes") {
		t.Errorf("error %v for a string", err)
	}
	gone := eval(t, `new ArrayBuffer(4)`)
	b, err := NewBlob(gone)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := eval(t, `(b) => { structuredClone(b, {transfer: [b]}) }`).Invoke(gone); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Bytes(); err == nil {
		t.Errorf("a buffer that was given away has bytes %v", got)
	}
}
