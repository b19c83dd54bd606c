package onnx_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// samples has a tensor of each element type with extreme values.
func samples() []*tensor.Tensor {
	return []*tensor.Tensor{
		tensor.Vector[float32](0, -1.5, math.MaxFloat32, float32(math.Inf(-1))),
		tensor.Vector(0, -1.5, math.MaxFloat64, math.SmallestNonzeroFloat64),
		tensor.Vector[tensor.Half](0, 0x3c00, 0x7bff, 0xffff),
		tensor.Vector[tensor.Brain](0, 0x3f80, 0x7f7f, 0xffff),
		tensor.Vector[int8](0, 1, math.MinInt8, math.MaxInt8),
		tensor.Vector[int16](0, 1, math.MinInt16, math.MaxInt16),
		tensor.Vector[int32](0, 1, math.MinInt32, math.MaxInt32),
		tensor.Vector[int64](0, 1, math.MinInt64, math.MaxInt64),
		tensor.Vector[uint8](0, 1, 127, math.MaxUint8),
		tensor.Vector[uint16](0, 1, 2, math.MaxUint16),
		tensor.Vector[uint32](0, 1, 2, math.MaxUint32),
		tensor.Vector[uint64](0, 1, 2, math.MaxUint64),
		tensor.Vector(false, true, true, false),
		tensor.Vector("", "a", "löß", "\xff\x00"),
		tensor.Vector[complex64](0, 1+2i, -1i, 4),
		tensor.Vector[complex128](0, 1+2i, -1i, 4),
	}
}

func TestRawData(t *testing.T) {
	for _, want := range samples() {
		t.Run(want.DType().String(), func(t *testing.T) {
			want, err := want.Reshape(2, 1, 2)
			if err != nil {
				t.Fatal(err)
			}
			got, err := onnx.DecodeTensor(onnxtest.Tensor("w", want))
			if err != nil || got.Name != "w" || !reflect.DeepEqual(got.Data, want) {
				t.Errorf("got %v, %v; want %v", got, err, want)
			}
		})
	}
}

// fields encodes a tensor with the typed field of its element type, packed or
// not.
func fields(t *tensor.Tensor, packed bool) onnxtest.Msg {
	m := onnxtest.Msg{}.Varint(1, int64(t.Len())).Varint(2, int64(t.DType()))
	num := map[tensor.DType]int{tensor.Float32: 4, tensor.Complex64: 4, tensor.String: 6, tensor.Int64: 7,
		tensor.Float64: 10, tensor.Complex128: 10, tensor.Uint32: 11, tensor.Uint64: 11}[t.DType()]
	if num == 0 {
		num = 5
	}
	var elems [][]byte // each as the wire has it, without a tag
	wire := 0
	v := reflect.ValueOf(t.Any())
	for i := range v.Len() {
		e := v.Index(i)
		switch {
		case e.Kind() == reflect.String:
			m = m.Bytes(6, []byte(e.String()))
		case e.Kind() == reflect.Bool:
			elems = append(elems, map[bool][]byte{false: {0}, true: {1}}[e.Bool()])
		case num == 4 || num == 10:
			raw, _ := binary.Append(nil, binary.LittleEndian, e.Interface())
			size := 4
			wire = 5
			if num == 10 {
				size, wire = 8, 1
			}
			for ; len(raw) > 0; raw = raw[size:] {
				elems = append(elems, raw[:size])
			}
		case e.CanInt():
			elems = append(elems, binary.AppendUvarint(nil, uint64(e.Int())))
		default:
			elems = append(elems, binary.AppendUvarint(nil, e.Uint()))
		}
	}
	if packed && len(elems) > 0 {
		var all []byte
		for _, e := range elems {
			all = append(all, e...)
		}
		return m.Bytes(num, all)
	}
	for _, e := range elems {
		m = append(binary.AppendUvarint(m, uint64(num<<3|wire)), e...)
	}
	return m
}

func TestTypedFields(t *testing.T) {
	for _, want := range samples() {
		for _, packed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%v/packed=%v", want.DType(), packed), func(t *testing.T) {
				got, err := onnx.DecodeTensor(fields(want, packed))
				if err != nil || !reflect.DeepEqual(got.Data, want) {
					t.Errorf("got %v, %v; want %v", got, err, want)
				}
			})
		}
	}
}

func TestEmptyTensors(t *testing.T) {
	for _, s := range samples() {
		m := onnxtest.Msg{}.Varint(1, 0).Varint(1, 4).Varint(2, int64(s.DType()))
		got, err := onnx.DecodeTensor(m)
		if err != nil || got.Data.Len() != 0 || got.Data.DType() != s.DType() || !got.Data.Shape().Equal(tensor.Shape{0, 4}) {
			t.Errorf("%v: got %v, %v", s.DType(), got, err)
		}
	}
}

func TestInvalidTensors(t *testing.T) {
	head := func(dtype tensor.DType, dims ...int64) onnxtest.Msg {
		m := onnxtest.Msg{}.Text(8, "w").Varint(2, int64(dtype))
		for _, d := range dims {
			m = m.Varint(1, d)
		}
		return m
	}
	packed := func(n int) []byte { return make([]byte, n) }
	tests := []struct {
		name string
		b    []byte
		code onnx.Code
		text string
	}{
		{"no type", onnxtest.Msg{}.Text(8, "w").Varint(1, 1), onnx.Malformed, "no element type"},
		{"unknown type", head(99, 1), onnx.Unsupported, "type(99)"},
		{"type beyond a byte", onnxtest.Msg{}.Text(8, "w").Varint(2, 257), onnx.Malformed, "element type 257"},
		{"negative dimension", head(tensor.Float32, -1), onnx.Malformed, "dimension 0 is -1"},
		{"huge dimension", head(tensor.Float32, 1<<40), onnx.Malformed, "dimension 0"},
		{"huge product", head(tensor.Float32, 1<<30, 1<<30), onnx.TooLarge, "too many elements"},
		{"many dimensions", head(tensor.Float32).Bytes(1, packed(33)), onnx.TooLarge, "33 dimensions"},
		{"very many dimensions", head(tensor.Float32).Bytes(1, packed(1000)), onnx.TooLarge, "more than 32"},
		{"no data", head(tensor.Float32, 1000000), onnx.Malformed, "0 elements"},
		{"raw data too short", head(tensor.Float32, 2).Bytes(9, packed(7)), onnx.Malformed, "7 bytes of data instead of 8"},
		{"raw data too long", head(tensor.Float32, 2).Bytes(9, packed(12)), onnx.Malformed, "12 bytes"},
		{"raw strings", head(tensor.String, 1).Bytes(9, packed(1)), onnx.Malformed, "raw data"},
		{"packed floats of odd length", head(tensor.Float32, 2).Bytes(4, packed(7)), onnx.Malformed, "7 bytes of packed"},
		{"packed doubles of odd length", head(tensor.Float64, 2).Bytes(10, packed(7)), onnx.Malformed, "7 bytes of packed"},
		{"too few integers", head(tensor.Int64, 2).Varint(7, 1), onnx.Malformed, "1 elements"},
		{"integer out of range", head(tensor.Uint8, 1).Varint(5, 256), onnx.Malformed, "uint8 cannot hold"},
		{"negative unsigned", head(tensor.Uint16, 1).Varint(5, -1), onnx.Malformed, "uint16 cannot hold"},
		{"bool that is 2", head(tensor.Bool, 1).Varint(5, 2), onnx.Malformed, "bool cannot hold"},
		{"half a complex number", head(tensor.Complex64, 1).Float(4, 1), onnx.Malformed, "1 parts"},
		{"int4 too many", head(tensor.Int4, 2).Varint(5, 1).Varint(5, 1), onnx.Malformed, "2 bytes instead of those of int4[2]"},
		{"int4 raw too short", head(tensor.Int4, 3).Bytes(9, packed(1)), onnx.Malformed, "1 bytes"},
		{"float8 too few", head(tensor.Float8E4M3FN, 2).Varint(5, 1), onnx.Malformed, "1 bytes instead of those of float8e4m3fn[2]"},
		{"float8 beyond a byte", head(tensor.Float8E5M2, 1).Varint(5, 300), onnx.Malformed, "element 0 is 300"},
		{"float6", head(27, 2).Varint(5, 1), onnx.Unsupported, "type(27)"},
		{"segment", head(tensor.Float32, 1).Bytes(3, nil).Float(4, 1), onnx.Unsupported, "segments"},
		{"external", external(8, "weights.bin", "0", "8"), onnx.Unsupported, `"weights.bin"`},
		{"truncated number", head(tensor.Int64, 1).Bytes(7, []byte{0x80}), onnx.Truncated, "ends inside"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := onnx.DecodeTensor(tt.b)
			var e *onnx.Error
			if !errors.As(err, &e) || e.Code != tt.code || !strings.Contains(e.Reason, tt.text) {
				t.Errorf("got %v", err)
			} else if e.Path != `("w")` {
				t.Errorf("the error does not name the tensor: %v", err)
			}
		})
	}
}

// external encodes a tensor of float32 whose data lies elsewhere.
func external(bytes int64, location, offset, length string) onnxtest.Msg {
	entry := func(k, v string) onnxtest.Msg { return onnxtest.Msg{}.Text(1, k).Text(2, v) }
	return onnxtest.Msg{}.Varint(1, bytes/4).Varint(2, 1).Text(8, "w").Varint(14, 1).
		Bytes(13, entry("location", location)).Bytes(13, entry("offset", offset)).Bytes(13, entry("length", length))
}

func TestExternal(t *testing.T) {
	data := make([]byte, 20)
	binary.LittleEndian.PutUint32(data[8:], math.Float32bits(2.5))
	opt := onnx.Options{External: func(location string) (onnx.Source, error) {
		if location != "weights.bin" {
			return nil, errors.New("no such file")
		}
		return bytes.NewReader(data), nil
	}}
	tests := []struct {
		name string
		w    onnxtest.Msg
		text string // of the error
	}{
		{"good", external(8, "weights.bin", "4", "8"), ""},
		{"no length", external(8, "weights.bin", "4", ""), "length"},
		{"wrong length", external(8, "weights.bin", "4", "12"), "12 bytes instead of 8"},
		{"negative offset", external(8, "weights.bin", "-4", "8"), `offset "-4"`},
		{"beyond the end", external(8, "weights.bin", "13", "8"), "beyond the end"},
		{"another file", external(8, "../secret", "4", "8"), "no such file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := onnx.Decode(model(onnxtest.Msg{}.Bytes(5, tt.w)), opt)
			if tt.text != "" {
				if err == nil || !strings.Contains(err.Error(), tt.text) || !strings.Contains(err.Error(), `graph.initializer[0]("w")`) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := tensor.Data[float32](m.Graph.Initializers[0].Data); !reflect.DeepEqual(got, []float32{0, 2.5}) {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestMemory measures what hostile files make the decoder allocate.
func TestMemory(t *testing.T) {
	const size = 1 << 20
	fill := func(item onnxtest.Msg) onnxtest.Msg {
		var g onnxtest.Msg
		for len(g) < size {
			g = append(g, item...)
		}
		return g
	}
	tests := []struct {
		name string
		file []byte
	}{
		{"empty inputs of a node", model(onnxtest.Msg{}.Bytes(1, append(onnxtest.Msg{}.Text(4, "A"), fill(onnxtest.Msg{}.Bytes(1, nil))...)))},
		{"small nodes", model(fill(onnxtest.Msg{}.Bytes(1, onnxtest.Msg{}.Text(4, "A"))))},
		{"small attributes", model(onnxtest.Msg{}.Bytes(1, append(onnxtest.Msg{}.Text(4, "A"),
			fill(onnxtest.Msg{}.Bytes(5, onnxtest.Msg{}.Text(1, "a").Varint(3, 0)))...)))},
		{"empty entries", fill(onnxtest.Msg{}.Bytes(14, nil))},
		{"empty tensors", model(fill(onnxtest.Msg{}.Bytes(5, onnxtest.Msg{}.Varint(1, 0).Varint(2, 1))))},
		{"huge tensor without data", model(onnxtest.Msg{}.Bytes(5, onnxtest.Msg{}.Varint(1, 1<<30).Varint(2, 1)))},
		{"packed zeros", model(onnxtest.Msg{}.Bytes(5, onnxtest.Msg{}.Varint(1, size).Varint(2, 7).Bytes(7, make([]byte, size))))},
		{"packed pieces", model(onnxtest.Msg{}.Bytes(5, append(onnxtest.Msg{}.Varint(1, size/3).Varint(2, 7), fill(onnxtest.Msg{}.Bytes(7, []byte{0}))...)))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			m, err := onnx.Decode(tt.file, onnx.Options{})
			runtime.ReadMemStats(&after)
			runtime.KeepAlive(m)
			if used := after.TotalAlloc - before.TotalAlloc; used > 100*uint64(len(tt.file))+1<<16 {
				t.Errorf("%d bytes of file allocate %d (%v)", len(tt.file), used, err)
			} else {
				t.Logf("%.1f times the file", float64(used)/float64(len(tt.file)))
			}
		})
	}
}

func TestSmallTypes(t *testing.T) {
	tests := []struct {
		name  string
		dtype tensor.DType
		n     int64
		bytes []byte
		want  any
	}{
		{"int4", tensor.Int4, 3, []byte{0xf1, 0x08}, []int8{1, -1, -8}},
		{"uint4", tensor.Uint4, 3, []byte{0xf1, 0xf8}, []uint8{1, 15, 8}},
		{"int2", tensor.Int2, 5, []byte{0xe4, 0x02}, []int8{0, 1, -2, -1, -2}},
		{"uint2", tensor.Uint2, 4, []byte{0xe4}, []uint8{0, 1, 2, 3}},
		{"float4", tensor.Float4E2M1, 2, []byte{0x97}, []uint8{7, 9}},
		{"float8", tensor.Float8E5M2, 2, []byte{0x7c, 0xff}, []uint8{0x7c, 0xff}},
		{"empty", tensor.Int4, 0, nil, []int8{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw := onnxtest.Msg{}.Varint(1, tt.n).Varint(2, int64(tt.dtype)).Bytes(9, tt.bytes)
			typed := onnxtest.Msg{}.Varint(1, tt.n).Varint(2, int64(tt.dtype))
			for _, b := range tt.bytes {
				typed = typed.Varint(5, int64(b))
			}
			for _, m := range []onnxtest.Msg{raw, typed} {
				got, err := onnx.DecodeTensor(m)
				if err != nil || got.Data.DType() != tt.dtype || !reflect.DeepEqual(got.Data.Any(), tt.want) {
					t.Errorf("got %v, %v; want %v", got, err, tt.want)
				}
			}
		})
	}
}
