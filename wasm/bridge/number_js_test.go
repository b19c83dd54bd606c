//go:build js

package bridge

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func testNumbers[T Number](t *testing.T, array, source string, want []T) {
	t.Helper()
	t.Run(array, func(t *testing.T) {
		got, err := Numbers[T](eval(t, source), array, len(want))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		v, err := TypedArray(array, want)
		if err != nil {
			t.Fatal(err)
		}
		if !Is(v, array) {
			t.Fatalf("made a %s", ClassName(v))
		}
		if back, err := Numbers[T](v, array, len(want)); err != nil || !slices.Equal(back, want) {
			t.Errorf("came back as %v, %v", back, err)
		}
	})
}

func TestNumbers(t *testing.T) {
	testNumbers(t, "Float32Array", `new Float32Array([1.5, -0.25, 3e38])`, []float32{1.5, -0.25, 3e38})
	testNumbers(t, "Float64Array", `new Float64Array([Math.PI, -Infinity])`, []float64{math.Pi, math.Inf(-1)})
	testNumbers(t, "BigInt64Array", `new BigInt64Array([2n**63n - 1n, -(2n**63n), 9007199254740993n])`,
		[]int64{math.MaxInt64, math.MinInt64, 1<<53 + 1})
	testNumbers(t, "BigUint64Array", `new BigUint64Array([2n**64n - 1n])`, []uint64{math.MaxUint64})
	testNumbers(t, "Int32Array", `new Int32Array([-5, 2**31-1])`, []int32{-5, math.MaxInt32})
	testNumbers(t, "Uint16Array", `new Uint16Array([65535, 1])`, []uint16{65535, 1})
	testNumbers(t, "Int8Array", `new Int8Array([-128, 127])`, []int8{-128, 127})
	testNumbers(t, "Uint8Array", `new Uint8Array([0, 255])`, []uint8{0, 255})
	// A view into the middle of a buffer, and two elements for one number.
	testNumbers(t, "Float32Array", `new Float32Array(new Float32Array([9, 1, 2, 9]).buffer, 4, 2)`, []complex64{1 + 2i})
	testNumbers(t, "Float32Array", `new Float32Array(0)`, []float32{})
}

func TestNumbersRefuses(t *testing.T) {
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
			if _, err := Numbers[float32](eval(t, tt.source), "Float32Array", 2); err == nil || !strings.Contains(err.Error(), tt.want) {
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
