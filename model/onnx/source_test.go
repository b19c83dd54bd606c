package onnx_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// largeTensor is a file with one initializer of n floats.
func largeTensor(n int) []byte {
	raw := make([]byte, 4*n)
	for i := range raw {
		raw[i] = byte(i * 7)
	}
	return model(onnxtest.Msg{}.Bytes(5, onnxtest.Msg{}.Varint(1, int64(n)).Varint(2, 1).Text(8, "w").Bytes(9, raw)))
}

// agree checks that a file that is read in pieces is the file that is decoded at
// once, or as wrong.
func agree(t *testing.T, b []byte, want *onnx.Model, wantErr error) {
	t.Helper()
	got, err := onnx.Open(bytes.NewReader(b), onnx.Options{})
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("in pieces: %v, at once: %v", err, wantErr)
	}
	var e *onnx.Error
	if err != nil {
		if !errors.As(err, &e) {
			t.Errorf("untyped error %v", err)
		}
		return
	}
	load(got)
	if !same(got, want) {
		t.Errorf("in pieces: %+v, at once: %+v", got, want)
	}
}

// load makes the initializers resident.
func load(m *onnx.Model) {
	for _, t := range m.Graph.Initializers {
		t.Data = t.Data.Resident()
	}
}

// same compares what can be compared: a NaN is not itself, so of models that
// differ the printed forms are compared.
func same(a, b *onnx.Model) bool {
	return reflect.DeepEqual(a, b) || text(a) == text(b)
}

func text(m *onnx.Model) string {
	var b strings.Builder
	for _, t := range m.Graph.Initializers {
		fmt.Fprint(&b, t.Name, t.Data, t.Data.Any())
	}
	for _, n := range m.Graph.Nodes {
		fmt.Fprint(&b, n.Type, n.Inputs, n.Outputs, len(n.Attributes))
	}
	return b.String()
}

func TestOpenDefers(t *testing.T) {
	tests := []struct {
		name     string
		floats   int
		deferred bool
	}{
		{"small", 16, false}, {"large", 2048, true}, {"larger than the window", 100_000, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := largeTensor(tt.floats)
			src := &counted{Reader: bytes.NewReader(file)}
			m, err := onnx.Open(src, onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			w := m.Graph.Initializers[0].Data
			if got := w.Source() != nil; got != tt.deferred {
				t.Fatalf("deferred: %v", got)
			}
			if tt.floats > 50_000 && src.read > len(file)/2 {
				t.Errorf("read %d of %d bytes to find the structure", src.read, len(file))
			}
			whole, err := onnx.Decode(file, onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			want := tensor.Data[float32](whole.Graph.Initializers[0].Data)
			part := make([]float32, 5)
			if err := w.Floats(part, 7); err != nil || !bytes.Equal(bits(part), bits(want[7:12])) {
				t.Errorf("a part is %v, %v", part, err)
			}
			if !bytes.Equal(bits(tensor.Data[float32](w)), bits(want)) {
				t.Error("other elements")
			}
		})
	}
}

func bits(v []float32) []byte {
	b, _ := binary.Append(nil, binary.LittleEndian, v)
	return b
}

// counted counts the bytes that are read.
type counted struct {
	*bytes.Reader
	read int
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	c.read += len(p)
	return c.Reader.ReadAt(p, at)
}

// TestSourceFails has a file that is cut after it was opened.
func TestSourceFails(t *testing.T) {
	src := &cut{bytes.NewReader(largeTensor(2048)), false}
	m, err := onnx.Open(src, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	src.gone = true
	defer func() {
		if e, ok := recover().(*tensor.LoadError); !ok || e.Tensor != "float32[2048]" {
			t.Errorf("got %v", e)
		}
	}()
	tensor.Data[float32](m.Graph.Initializers[0].Data)
}

type cut struct {
	*bytes.Reader
	gone bool
}

func (c *cut) ReadAt(p []byte, at int64) (int, error) {
	if c.gone {
		return 0, errors.New("gone")
	}
	return c.Reader.ReadAt(p, at)
}

// All 16-bit floats, widened in place from any part of the file.
func TestWiden(t *testing.T) {
	const n = 1 << 16
	raw := make([]byte, 2*n)
	for i := range n {
		binary.LittleEndian.PutUint16(raw[2*i:], uint16(i))
	}
	b := model(onnxtest.Msg{}.Bytes(5, onnxtest.Msg{}.Varint(1, n).Varint(2, 10).Text(8, "w").Bytes(9, raw)))
	m, err := onnx.Open(bytes.NewReader(b), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	src := m.Graph.Initializers[0].Data.Source().(tensor.HalfSource)
	for _, part := range []struct{ at, n int }{{0, n}, {0, 0}, {5, 1}, {31743, 2}, {100, 3}, {n - 1001, 1001}} {
		got := make([]float32, part.n)
		if err := src.Widen(got, part.at); err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if want := tensor.Half(part.at + i).Float32(); math.Float32bits(v) != math.Float32bits(want) {
				t.Fatalf("%d from %d: element %d is %v, want %v", part.n, part.at, i, v, want)
			}
		}
	}
	if err := src.Widen(make([]float32, 2), n-1); err == nil {
		t.Error("elements beyond the end were read")
	}
}
