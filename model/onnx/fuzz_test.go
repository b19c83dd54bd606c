package onnx_test

import (
	"errors"
	"runtime/metrics"
	"testing"

	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// allocated returns how many bytes were ever allocated. Unlike
// runtime.ReadMemStats it does not stop the world, but it may run behind by
// some pages.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// FuzzDecode checks that no bytes panic, that every error is typed, and that
// memory stays a small multiple of the input.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add(onnxtest.Model(everything()))
	f.Add(model(nested(20)))
	f.Add([]byte(model(onnxtest.Msg{}.Bytes(5, external(8, "weights.bin", "0", "8")))))
	f.Add([]byte(largeTensor(2048)))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := allocated()
		m, err := onnx.Decode(b, onnx.Options{})
		if used := allocated() - before; used > 200*uint64(len(b))+1<<20 {
			t.Errorf("%d bytes of file allocate %d", len(b), used)
		}
		var e *onnx.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("untyped error %v", err)
		}
		if err == nil && m.Graph == nil {
			t.Error("no graph and no error")
		}
		agree(t, b, m, err)
	})
}

// FuzzDecodeTensor does the same for a tensor that stands alone.
func FuzzDecodeTensor(f *testing.F) {
	for _, s := range samples() {
		f.Add([]byte(onnxtest.Tensor("w", s)))
		f.Add([]byte(fields(s, true)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := onnx.DecodeTensor(b)
		var e *onnx.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("untyped error %v", err)
		}
		if err == nil && w.Data.Len() > len(b) {
			t.Errorf("%v from %d bytes", w.Data, len(b))
		}
	})
}

func FuzzDecodeValue(f *testing.F) {
	w := []byte(onnxtest.Tensor("w", samples()[0]))
	inner := onnxtest.Msg{}.Bytes(3, w)
	f.Add([]byte(inner.Bytes(3, w)))
	f.Add([]byte(onnxtest.Msg{}.Bytes(5, inner).Bytes(7, inner)))
	f.Add([]byte(onnxtest.Msg{}.Bytes(6, onnxtest.Msg{}.Varint(3, 1).Bytes(5, inner))))
	f.Add([]byte(onnxtest.Msg{}.Bytes(6, onnxtest.Msg{}.Text(4, "a").Text(4, "b").Bytes(5, inner))))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, decode := range []func([]byte) (*tensor.Tensor, error){onnx.DecodeSequence, onnx.DecodeOptional} {
			v, err := decode(b)
			var e *onnx.Error
			if err != nil && !errors.As(err, &e) {
				t.Errorf("untyped error %v", err)
			}
			if err == nil && v.Len() > len(b) {
				t.Errorf("%v from %d bytes", v, len(b))
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	file := onnxtest.Model(everything())
	for b.Loop() {
		if _, err := onnx.Decode(file, onnx.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
