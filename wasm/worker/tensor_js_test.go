//go:build js

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/hack-pad/safejs"

	"larder/model/tensor"
	"larder/wasm/bridge"
	"larder/wasm/message"
)

// eval runs a JavaScript expression and returns it as a message carries it.
func eval(t *testing.T, source string) any {
	t.Helper()
	v, err := safejs.Global().Call("eval", "("+source+")")
	if err != nil {
		t.Fatalf("eval %s: %v", source, err)
	}
	tree, err := bridge.ToGo(v)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestTensors(t *testing.T) {
	tests := []struct {
		typ, data string
		want      *tensor.Tensor
	}{
		{"float32", `new Float32Array([1.5, -2])`, tensor.Vector[float32](1.5, -2)},
		{"float64", `new Float64Array([0.1])`, tensor.Vector(0.1)},
		{"float16", `new Uint16Array([0x3c00])`, tensor.Vector(tensor.ToHalf(1))},
		{"bfloat16", `new Uint16Array([0x3f80])`, tensor.Vector(tensor.ToBrain(1))},
		{"int8", `new Int8Array([-128])`, tensor.Vector[int8](-128)},
		{"int16", `new Int16Array([-32768])`, tensor.Vector[int16](-32768)},
		{"int32", `new Int32Array([-7, 8])`, tensor.Vector[int32](-7, 8)},
		{"int64", `new BigInt64Array([9007199254740993n])`, tensor.Vector[int64](1<<53 + 1)},
		{"uint8", `new Uint8Array([255])`, tensor.Vector[uint8](255)},
		{"uint16", `new Uint16Array([65535])`, tensor.Vector[uint16](65535)},
		{"uint32", `new Uint32Array([4294967295])`, tensor.Vector[uint32](1<<32 - 1)},
		{"uint64", `new BigUint64Array([2n**64n - 1n])`, tensor.Vector[uint64](1<<64 - 1)},
		{"bool", `new Uint8Array([0, 1, 2, 255])`, tensor.Vector(false, true, true, true)},
		{"string", `["", "grün"]`, tensor.Vector("", "grün")},
		{"complex64", `new Float32Array([1, 2])`, tensor.Vector[complex64](1 + 2i)},
		{"complex128", `new Float64Array([1, 2])`, tensor.Vector(1 + 2i)},
		{"float32", `new Float32Array(0)`, tensor.Must(tensor.New(tensor.Float32, 0))},
	}
	h := &jsHost{}
	for _, tt := range tests {
		t.Run(tt.typ, func(t *testing.T) {
			in := message.Tensor{Dims: tt.want.Shape(), Type: tt.typ, Data: eval(t, tt.data)}
			got, err := h.Tensor(in)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, tt.want)
			data, err := h.Data(tt.want)
			if err != nil {
				t.Fatal(err)
			}
			back, err := h.Tensor(message.Tensor{Dims: tt.want.Shape(), Type: tt.typ, Data: data})
			if err != nil {
				t.Fatal(err)
			}
			same(t, back, tt.want)
		})
	}
}

// Large floats stay where they are until they are read, and go when they are freed.
func TestLargeTensor(t *testing.T) {
	h := &jsHost{}
	in := message.Tensor{Dims: []int{2, 1 << 14}, Type: "float32", Data: eval(t, `new Float32Array(40000).map((_, i) => i).subarray(100, 100 + 32768)`)}
	x, err := h.Tensor(in)
	if err != nil {
		t.Fatal(err)
	}
	if x.Source() == nil {
		t.Error("large floats were copied")
	}
	for i, v := range tensor.Data[float32](x) {
		if v != float32(100+i) {
			t.Fatalf("element %d is %v", i, v)
		}
	}
	part := make([]float32, 2)
	if err := x.Floats(part, 32766); err != nil || part[0] != 32866 || part[1] != 32867 {
		t.Errorf("the last are %v, %v", part, err)
	}
	newServer(h, time.Now).freeTensor(message.Tensor{Items: []message.Tensor{in, {Data: "no array"}}})
	if n := bridge.ByteLength(in.Data.(safejs.Value)); n != 0 {
		t.Errorf("%d bytes are left", n)
	}
	shared := message.Tensor{Dims: []int{1 << 15}, Type: "float32", Data: eval(t, `new Float32Array(new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true }).buffer)`)}
	if x, err = h.Tensor(shared); err != nil || x.Source() != nil {
		t.Errorf("%v, %v: floats that others may change were not copied", x, err)
	}
	h.Free(shared.Data)
}

func same(t *testing.T, got, want *tensor.Tensor) {
	t.Helper()
	if got.DType() != want.DType() || !got.Shape().Equal(want.Shape()) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if g, w := text(got), text(want); g != w {
		t.Errorf("got %s, want %s", g, w)
	}
}

// text returns the elements for comparison.
func text(x *tensor.Tensor) string {
	if x.DType() == tensor.String {
		return strings.Join(tensor.Data[string](x), "|")
	}
	return string(memory(x))
}

func TestTensorRefuses(t *testing.T) {
	tests := []struct {
		name, typ, data string
		dims            []int
		want            string
	}{
		{"no such type", "float8", `new Uint8Array(1)`, []int{1}, `no element type "float8"`},
		{"another array", "float32", `new Float64Array(1)`, []int{1}, "data is a Float64Array, not a Float32Array"},
		{"a plain array", "float32", `[1]`, []int{1}, "data is an array; float32 needs a Float32Array"},
		{"too few", "float32", `new Float32Array(1)`, []int{2}, "data has 4 bytes, dims [2] of float32 ask for 8"},
		{"huge dims", "float32", `new Float32Array(1)`, []int{1 << 30}, "data has 4 bytes"},
		{"beyond memory", "float32", `new Float32Array(1)`, []int{1 << 30, 1 << 30}, "too large"},
		{"strings", "string", `["a"]`, []int{2}, "data has 1 elements, dims ask for 2"},
		{"a number among strings", "string", `["a", 1]`, []int{2}, "data[1] is no string"},
		{"a typed array of strings", "string", `new Uint8Array(1)`, []int{1}, "string needs an array of strings"},
		{"given away", "uint8", `(() => { const a = new Uint8Array(2); structuredClone(a, {transfer: [a.buffer]}); return a })()`, []int{2}, "data has 0 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := (&jsHost{}).Tensor(message.Tensor{Dims: tt.dims, Type: tt.typ, Data: eval(t, tt.data)})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
