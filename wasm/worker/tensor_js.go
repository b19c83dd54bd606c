//go:build js

package main

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/hack-pad/safejs"

	"larder/model/engine"
	"larder/model/tensor"
	"larder/wasm/bridge"
	"larder/wasm/message"
)

// minLarge is the size from which on data is not left to the collectors. Go's would
// make its heap larger for it, which never shrinks again; JavaScript keeps what Go's
// values refer to until Go has noticed that nobody needs them.
const minLarge = 64 << 10

// Free implements host.
func (h *jsHost) Free(data any) {
	v, ok := data.(safejs.Value)
	if ok && bridge.Is(v, "ImageData") {
		v, _ = v.Get("data")
	}
	if ok && bridge.ByteLength(v) >= minLarge && bridge.Owned(v) {
		bridge.Free(v)
	}
}

// Tensor implements host.
func (h *jsHost) Tensor(t message.Tensor) (*tensor.Tensor, error) {
	dtype, ok := tensor.ParseDType(t.Type)
	if !ok || !dtype.Supported() {
		return nil, fmt.Errorf("there is no element type %q", t.Type)
	}
	shape := tensor.Shape(t.Dims)
	n, err := shape.Elems()
	if err != nil {
		return nil, fmt.Errorf("dims %v: %w", t.Dims, err)
	}
	if dtype == tensor.String {
		return stringTensor(t.Data, n, shape)
	}
	v, ok := t.Data.(safejs.Value)
	if !ok {
		return nil, fmt.Errorf("data is %s; %s needs a %s", kind(t.Data), dtype, arrays[dtype])
	}
	// The array says how long it is before memory is taken for dims of its caller.
	if got := bridge.ByteLength(v); got != n*dtype.Size() && bridge.Is(v, arrays[dtype]) {
		return nil, fmt.Errorf("data has %d bytes, dims %v of %s ask for %d", got, t.Dims, dtype, n*dtype.Size())
	}
	if dtype == tensor.Float32 && 4*n >= minLarge && bridge.Is(v, arrays[dtype]) && bridge.Owned(v) {
		return tensor.Deferred(dtype, engine.NewJSFloats(safejs.Unsafe(v)), shape...)
	}
	out, err := tensor.New(dtype, shape...)
	if err != nil {
		return nil, err
	}
	raw := memory(out)
	if err := bridge.ReadArray(raw, v, arrays[dtype]); err != nil {
		return nil, err
	}
	if dtype == tensor.Bool { // a Go bool may only be 0 or 1 in memory
		for i, b := range raw {
			raw[i] = min(b, 1)
		}
	}
	out.Trim()
	return out, nil
}

// Data implements host.
func (h *jsHost) Data(t *tensor.Tensor) (any, error) {
	if t.DType() == tensor.String {
		list := tensor.Data[string](t)
		out := make([]any, len(list))
		for i, s := range list {
			out[i] = s
		}
		return out, nil
	}
	return bridge.NewArray(arrays[t.DType()], memory(t))
}

// memory returns the memory of a tensor whose elements are numbers or bools.
func memory(t *tensor.Tensor) []byte {
	if t.Len() == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(reflect.ValueOf(t.Any()).UnsafePointer()), t.Len()*t.DType().Size())
}

// arrays names the typed array of each element type, as larder.d.ts documents.
var arrays = map[tensor.DType]string{
	tensor.Float32: "Float32Array", tensor.Float64: "Float64Array",
	tensor.Float16: "Uint16Array", tensor.BFloat16: "Uint16Array",
	tensor.Int8: "Int8Array", tensor.Int16: "Int16Array", tensor.Int32: "Int32Array", tensor.Int64: "BigInt64Array",
	tensor.Uint8: "Uint8Array", tensor.Uint16: "Uint16Array", tensor.Uint32: "Uint32Array", tensor.Uint64: "BigUint64Array",
	tensor.Int4: "Int8Array", tensor.Int2: "Int8Array", tensor.Uint4: "Uint8Array", tensor.Uint2: "Uint8Array",
	tensor.Float8E4M3FN: "Uint8Array", tensor.Float8E4M3FNUZ: "Uint8Array", tensor.Float8E5M2: "Uint8Array",
	tensor.Float8E5M2FNUZ: "Uint8Array", tensor.Float8E8M0: "Uint8Array", tensor.Float4E2M1: "Uint8Array",
	tensor.Bool: "Uint8Array", tensor.Complex64: "Float32Array", tensor.Complex128: "Float64Array",
}

func stringTensor(data any, n int, shape tensor.Shape) (*tensor.Tensor, error) {
	list, ok := data.([]any)
	if !ok {
		return nil, fmt.Errorf("data is %s; string needs an array of strings", kind(data))
	}
	if len(list) != n {
		return nil, fmt.Errorf("data has %d elements, dims ask for %d", len(list), n)
	}
	out := make([]string, n)
	for i, v := range list {
		if out[i], ok = v.(string); !ok {
			return nil, fmt.Errorf("data[%d] is no string", i)
		}
	}
	return tensor.Of(out, shape...)
}
