package service

import (
	"math"

	"github.com/go-faster/jx"

	"larder/model/tensor"
)

// datatypes are the protocol's names of element types.
var datatypes = map[tensor.DType]string{
	tensor.Bool: "BOOL", tensor.Uint8: "UINT8", tensor.Uint16: "UINT16",
	tensor.Uint32: "UINT32", tensor.Uint64: "UINT64", tensor.Int8: "INT8",
	tensor.Int16: "INT16", tensor.Int32: "INT32", tensor.Int64: "INT64",
	tensor.Float16: "FP16", tensor.BFloat16: "BF16", tensor.Float32: "FP32",
	tensor.Float64: "FP64", tensor.String: "BYTES",
}

func datatype(d tensor.DType) string {
	if name, ok := datatypes[d]; ok {
		return name
	}
	return d.String()
}

func parseDatatype(name string) (tensor.DType, bool) {
	for d, n := range datatypes {
		if n == name {
			return d, true
		}
	}
	return tensor.Undefined, false
}

// readTensor decodes the data of a tensor, flat or as nested lists, and checks
// that it fills shape. What it allocates is bounded by the length of raw.
func readTensor(dtype tensor.DType, shape []int, raw jx.Raw) (*tensor.Tensor, error) {
	switch dtype {
	case tensor.Float32:
		return readData(shape, raw, func(d *jx.Decoder) (float32, error) { return d.Float32() })
	case tensor.Float64:
		return readData(shape, raw, func(d *jx.Decoder) (float64, error) { return d.Float64() })
	case tensor.Bool:
		return readData(shape, raw, func(d *jx.Decoder) (bool, error) { return d.Bool() })
	case tensor.String:
		return readData(shape, raw, func(d *jx.Decoder) (string, error) { return d.Str() })
	case tensor.Int64:
		return readData(shape, raw, func(d *jx.Decoder) (int64, error) { return d.Int64() })
	case tensor.Int32:
		return readData(shape, raw, func(d *jx.Decoder) (int32, error) { return d.Int32() })
	case tensor.Int16:
		return readData(shape, raw, func(d *jx.Decoder) (int16, error) { return d.Int16() })
	case tensor.Int8:
		return readData(shape, raw, func(d *jx.Decoder) (int8, error) { return d.Int8() })
	case tensor.Uint64:
		return readData(shape, raw, func(d *jx.Decoder) (uint64, error) { return d.UInt64() })
	case tensor.Uint32:
		return readData(shape, raw, func(d *jx.Decoder) (uint32, error) { return d.UInt32() })
	case tensor.Uint16:
		return readData(shape, raw, func(d *jx.Decoder) (uint16, error) { return d.UInt16() })
	case tensor.Uint8:
		return readData(shape, raw, func(d *jx.Decoder) (uint8, error) { return d.UInt8() })
	}
	return nil, httpErrorf(400, "datatype %s cannot be sent as JSON", datatype(dtype))
}

func readData[T tensor.Element](shape []int, raw jx.Raw, next func(*jx.Decoder) (T, error)) (*tensor.Tensor, error) {
	var data []T
	d := jx.DecodeBytes(raw)
	if err := readNested(d, tensor.MaxRank, func() error {
		v, err := next(d)
		data = append(data, v)
		return err
	}); err != nil {
		return nil, httpErrorf(400, "data is not a list of %s: %v", datatype(tensor.TypeOf[T]()), err)
	}
	t, err := tensor.Of(data, shape...)
	if err != nil {
		return nil, httpErrorf(400, "data has %d elements, which is not the product of shape %v", len(data), tensor.Shape(shape))
	}
	return t, nil
}

// readNested calls leaf for each value in a list of lists.
func readNested(d *jx.Decoder, depth int, leaf func() error) error {
	if depth == 0 {
		return httpErrorf(400, "lists are nested too deep")
	}
	return d.Arr(func(d *jx.Decoder) error {
		if d.Next() == jx.Array {
			return readNested(d, depth-1, leaf)
		}
		return leaf()
	})
}

// writeTensor writes a tensor as an output of the protocol. JSON has no NaN and
// no infinity, so a tensor with one is an error that says so.
func writeTensor(e *jx.Encoder, name string, t *tensor.Tensor) error {
	if !finite(t) {
		return httpErrorf(422, "output %q has a NaN or an infinity, which JSON cannot carry", name)
	}
	e.Obj(func(e *jx.Encoder) {
		e.Field("name", func(e *jx.Encoder) { e.Str(name) })
		e.Field("datatype", func(e *jx.Encoder) { e.Str(datatype(t.DType())) })
		e.Field("shape", func(e *jx.Encoder) {
			e.Arr(func(e *jx.Encoder) {
				for _, d := range t.Shape() {
					e.Int(d)
				}
			})
		})
		e.Field("data", func(e *jx.Encoder) { e.Arr(func(e *jx.Encoder) { writeData(e, t) }) })
	})
	return nil
}

func writeData(e *jx.Encoder, t *tensor.Tensor) {
	switch data := t.Any().(type) {
	case []float32:
		each(data, e.Float32)
	case []float64:
		each(data, e.Float64)
	case []bool:
		each(data, e.Bool)
	case []string:
		each(data, e.Str)
	case []int64:
		each(data, e.Int64)
	case []int32:
		each(data, e.Int32)
	case []int16:
		each(data, e.Int16)
	case []int8:
		each(data, e.Int8)
	case []uint64:
		each(data, e.UInt64)
	case []uint32:
		each(data, e.UInt32)
	case []uint16:
		each(data, e.UInt16)
	case []uint8:
		each(data, e.UInt8)
	case []tensor.Half:
		for _, v := range data {
			e.Float32(v.Float32())
		}
	case []tensor.Brain:
		for _, v := range data {
			e.Float32(v.Float32())
		}
	}
}

func each[T any](data []T, write func(T) bool) {
	for _, v := range data {
		write(v)
	}
}

func finite(t *tensor.Tensor) bool {
	ok := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	switch data := t.Any().(type) {
	case []float32:
		for _, v := range data {
			if !ok(float64(v)) {
				return false
			}
		}
	case []float64:
		for _, v := range data {
			if !ok(v) {
				return false
			}
		}
	case []tensor.Half:
		for _, v := range data {
			if !ok(float64(v.Float32())) {
				return false
			}
		}
	case []tensor.Brain:
		for _, v := range data {
			if !ok(float64(v.Float32())) {
				return false
			}
		}
	}
	return true
}
