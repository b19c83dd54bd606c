package model_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"

	"larder/model"
	"larder/model/engine"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// sink is a host whose memories forget what is written to them: only Go's heap is
// looked at.
type sink struct{ written int64 }

func (s *sink) Open(int) (engine.Memory, error) { return sinkMemory{s}, nil }
func (s *sink) Threads() int                    { return 1 }

type sinkMemory struct{ *sink }

func (m sinkMemory) Grow(int) error { return nil }
func (m sinkMemory) Write(_ int, from []float32) error {
	m.written += 4 * int64(len(from))
	return nil
}
func (m sinkMemory) WriteWords(int, []uint32) error      { return nil }
func (m sinkMemory) Read(int, []float32) error           { return nil }
func (m sinkMemory) Run(context.Context, int, int) error { return nil }
func (m sinkMemory) Close()                              {}

// wide is a network with weights for every way in which they are packed: a 1x1
// and a 3x3 convolution with batch norms to be folded in, and two products, one of
// them of 16-bit weights.
func wide(t *testing.T, last tensor.DType) []byte {
	t.Helper()
	const c = 512
	weight := func(name string, shape ...int) *onnx.Tensor {
		return &onnx.Tensor{Name: name, Data: tensor.Must(tensor.New(tensor.Float32, shape...))}
	}
	g := &onnx.Graph{
		Inputs:  []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, 1, c, 4, 4)},
		Outputs: []*onnx.ValueInfo{onnxtest.Info("y", tensor.Float32, 1, 1000)},
		Initializers: []*onnx.Tensor{weight("w1", c, c, 1, 1), weight("w3", c, c, 3, 3), weight("s", c), weight("wa", c, 2048), weight("ba", 2048),
			{Name: "wb", Data: tensor.Must(tensor.New(last, 2048, 1000))}},
		Nodes: []*onnx.Node{
			onnxtest.Op("Conv", []string{"x", "w1"}, []string{"c1"}),
			onnxtest.Op("BatchNormalization", []string{"c1", "s", "s", "s", "s"}, []string{"n1"}),
			onnxtest.Op("Conv", []string{"n1", "w3"}, []string{"c3"}, onnxtest.Attr("pads", []int64{1, 1, 1, 1})),
			onnxtest.Op("BatchNormalization", []string{"c3", "s", "s", "s", "s"}, []string{"n3"}),
			onnxtest.Op("GlobalAveragePool", []string{"n3"}, []string{"p"}),
			onnxtest.Op("Flatten", []string{"p"}, []string{"f"}),
			onnxtest.Op("Gemm", []string{"f", "wa", "ba"}, []string{"a"}),
			onnxtest.Op("Cast", []string{"wb"}, []string{"wb32"}, onnxtest.Attr("to", int64(1))),
			onnxtest.Op("MatMul", []string{"a", "wb32"}, []string{"y"}),
		},
	}
	if last == tensor.Float32 { // no Cast
		g.Initializers[5].Name = "wb32"
		g.Nodes = slices.Delete(g.Nodes, 7, 8)
	}
	return onnxtest.Model(onnxtest.File(17, g))
}

// TestLoadingStaysOutOfTheHeap loads 20 MB of weights and looks at all that Go
// allocates meanwhile: the heap of a program in a browser never shrinks.
func TestLoadingStaysOutOfTheHeap(t *testing.T) {
	file := wide(t, tensor.Float32)
	host := &sink{}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := model.Open(bytes.NewReader(file), model.Options{Engine: engine.Planned{Host: host}})
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if used := after.TotalAlloc - before.TotalAlloc; used > uint64(len(file))/4 {
		t.Errorf("loading %d bytes allocates %d", len(file), used)
	} else {
		t.Logf("loading %d bytes allocates %d, writes %d", len(file), used, host.written)
	}
	if host.written < int64(len(file))-1<<10 {
		t.Errorf("%d bytes of weights were stored", host.written)
	}
}

// gone is a file that disappears when its structure has been read.
type gone struct {
	*bytes.Reader
	left int
}

var errGone = errors.New("the disk was taken out")

func (g *gone) ReadAt(p []byte, at int64) (int, error) {
	if g.left--; g.left < 0 {
		return 0, errGone
	}
	return g.Reader.ReadAt(p, at)
}

// TestSourceThatFails cuts a load off at every read.
func TestSourceThatFails(t *testing.T) {
	file := wide(t, tensor.Float16)
	for _, e := range []engine.Engine{engine.Planned{Host: &sink{}}, engine.Reference{}} {
		failed := 0
		for n := 0; ; n += 1 + n/3 {
			s, err := model.Open(&gone{bytes.NewReader(file), n}, model.Options{Engine: e})
			if err == nil {
				s.Close()
				break
			}
			var own *model.Error
			if !errors.As(err, &own) || !errors.Is(err, errGone) {
				t.Fatalf("after %d reads: %v", n, err)
			}
			failed++
		}
		if failed < 5 {
			t.Errorf("%T: failed %d times", e, failed)
		}
	}
}
