//go:build js

package main

import (
	"fmt"

	"github.com/hack-pad/safejs"

	"larder/model/tensor"
	"larder/wasm/bridge"
	"larder/wasm/message"
)

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
	return readers[dtype](v, n, shape)
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
	return writers[t.DType()](t)
}

// arrays names the typed array of each element type, as larder.d.ts documents.
var arrays = map[tensor.DType]string{
	tensor.Float32: "Float32Array", tensor.Float64: "Float64Array",
	tensor.Float16: "Uint16Array", tensor.BFloat16: "Uint16Array",
	tensor.Int8: "Int8Array", tensor.Int16: "Int16Array", tensor.Int32: "Int32Array", tensor.Int64: "BigInt64Array",
	tensor.Uint8: "Uint8Array", tensor.Uint16: "Uint16Array", tensor.Uint32: "Uint32Array", tensor.Uint64: "BigUint64Array",
	tensor.Bool: "Uint8Array", tensor.Complex64: "Float32Array", tensor.Complex128: "Float64Array",
}

var readers = map[tensor.DType]func(safejs.Value, int, tensor.Shape) (*tensor.Tensor, error){
	tensor.Float32: read[float32], tensor.Float64: read[float64], tensor.Float16: read[tensor.Half], tensor.BFloat16: read[tensor.Brain],
	tensor.Int8: read[int8], tensor.Int16: read[int16], tensor.Int32: read[int32], tensor.Int64: read[int64],
	tensor.Uint8: read[uint8], tensor.Uint16: read[uint16], tensor.Uint32: read[uint32], tensor.Uint64: read[uint64],
	tensor.Bool: readBools, tensor.Complex64: read[complex64], tensor.Complex128: read[complex128],
}

var writers = map[tensor.DType]func(*tensor.Tensor) (any, error){
	tensor.Float32: write[float32], tensor.Float64: write[float64], tensor.Float16: write[tensor.Half], tensor.BFloat16: write[tensor.Brain],
	tensor.Int8: write[int8], tensor.Int16: write[int16], tensor.Int32: write[int32], tensor.Int64: write[int64],
	tensor.Uint8: write[uint8], tensor.Uint16: write[uint16], tensor.Uint32: write[uint32], tensor.Uint64: write[uint64],
	tensor.Bool: writeBools, tensor.Complex64: write[complex64], tensor.Complex128: write[complex128],
}

// number is what both a tensor and a typed array can hold.
type number interface {
	tensor.Element
	bridge.Number
}

func read[T number](v safejs.Value, n int, shape tensor.Shape) (*tensor.Tensor, error) {
	list, err := bridge.Numbers[T](v, arrays[tensor.TypeOf[T]()], n)
	if err != nil {
		return nil, err
	}
	return tensor.Of(list, shape...)
}

func write[T number](t *tensor.Tensor) (any, error) {
	return bridge.TypedArray(arrays[t.DType()], tensor.Data[T](t))
}

// A Go bool may only be 0 or 1 in memory, so bools are converted, not copied.
func readBools(v safejs.Value, n int, shape tensor.Shape) (*tensor.Tensor, error) {
	bytes, err := bridge.Numbers[uint8](v, arrays[tensor.Bool], n)
	if err != nil {
		return nil, err
	}
	list := make([]bool, n)
	for i, b := range bytes {
		list[i] = b != 0
	}
	return tensor.Of(list, shape...)
}

func writeBools(t *tensor.Tensor) (any, error) {
	list := tensor.Data[bool](t)
	bytes := make([]uint8, len(list))
	for i, b := range list {
		if b {
			bytes[i] = 1
		}
	}
	return bridge.TypedArray(arrays[tensor.Bool], bytes)
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
