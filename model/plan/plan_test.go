package plan_test

import (
	"strings"
	"testing"

	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/op"
	"larder/model/pass"
	"larder/model/plan"
	"larder/model/tensor"
)

func node(typ, in, out string, attrs ...*onnx.Attribute) *onnx.Node {
	return onnxtest.Op(typ, strings.Fields(in), strings.Fields(out), attrs...)
}

// small is a net with a convolution of 10 channels, so that there are padding
// lanes, a step without a kernel, and a product.
func small(t testing.TB) *graph.Graph {
	t.Helper()
	zeros := func(name string, dims ...int) *onnx.Tensor {
		return &onnx.Tensor{Name: name, Data: tensor.Must(tensor.New(tensor.Float32, dims...))}
	}
	g, err := graph.Build(onnxtest.File(17, &onnx.Graph{Name: "g",
		Inputs:       []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, "N", 3, "H", "W")},
		Outputs:      []*onnx.ValueInfo{{Name: "y"}},
		Initializers: []*onnx.Tensor{zeros("w", 10, 3, 3, 3), zeros("d", 10, 1, 3, 3), zeros("m", 10, 6)},
		Nodes: []*onnx.Node{node("Conv", "x w", "a"), node("Relu", "a", "b"), node("Conv", "b d", "c", onnxtest.Attr("group", int64(10))),
			node("GlobalAveragePool", "c", "p"), node("Flatten", "p", "f"), node("Sinh", "f", "s"), node("MatMul", "s m", "y")}}), op.All())
	if err != nil {
		t.Fatal(err)
	}
	if err := pass.Run(g, pass.All); err != nil {
		t.Fatal(err)
	}
	return g
}

func build(t testing.TB, g *graph.Graph, w *plan.Weights, dims ...int) *plan.Plan {
	t.Helper()
	p, err := plan.Build(g, plan.Options{Shapes: map[string]tensor.Shape{"x": dims}, Weights: w})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const wantText = `plan: 7360 bytes of weights, 2752 of arena, 5248 of scratch, 1 threads
  0 put x: slot 0 to 7872, [1 3 8 8], then drop [0]
  1 transpose x
  2 conv b: 19440 operations
  3 depthwise-3 c: 2880 operations
  4 mean-rows p: 160 operations
  5 copy f
  6 fetch f: 7936 to slot 1, [1 10]
  7 Sinh s: plain, slots [1] to [2], then drop [1]
  8 put s: slot 2 to 7936, [1 10], then drop [2]
  9 copy s
 10 gemm y: 120 operations
 11 copy y
 12 fetch y: 7872 to slot 3, [1 6]
`

func TestText(t *testing.T) {
	g := small(t)
	for range 3 { // always the same
		if got := build(t, g, plan.NewWeights(4096), 1, 3, 8, 8).Text(); got != wantText {
			t.Errorf("got\n%s\nwant\n%s", got, wantText)
		}
	}
}

// TestWeightsAreShared plans other shapes: the weights stay where they are.
func TestWeightsAreShared(t *testing.T) {
	g, w := small(t), plan.NewWeights(4096)
	first := build(t, g, w, 1, 3, 8, 8)
	if len(first.Weights) == 0 || first.Base != w.End() {
		t.Fatalf("%d weights, base %d, end %d", len(first.Weights), first.Base, w.End())
	}
	for _, dims := range [][]int{{2, 3, 8, 8}, {1, 3, 30, 17}} {
		if p := build(t, g, w, dims...); len(p.Weights) != 0 || p.Base != first.Base {
			t.Errorf("%v: %d new weights, base %d instead of %d", dims, len(p.Weights), p.Base, first.Base)
		}
	}
}

// TestThreads plans for several threads: each has its scratch.
func TestThreads(t *testing.T) {
	p, err := plan.Build(small(t), plan.Options{Shapes: map[string]tensor.Shape{"x": {1, 3, 64, 64}}, Weights: plan.NewWeights(0), Threads: 4})
	if err != nil || p.Threads != 4 || p.ScratchBytes%4 != 0 || p.End != p.Scratch+p.ScratchBytes || p.ScratchBytes == 0 {
		t.Errorf("got %v\n%s", err, p.Text())
	}
}

func TestInvalidShapes(t *testing.T) {
	for _, dims := range [][]int{{1, 3, 2, 8}, {1, 4, 8, 8}, {1, 3, 8}, {1, 3, 1 << 20, 1 << 20}} {
		if p, err := plan.Build(small(t), plan.Options{Shapes: map[string]tensor.Shape{"x": dims}, Weights: plan.NewWeights(0)}); err == nil {
			t.Errorf("%v is planned\n%s", dims, p.Text())
		}
	}
}
