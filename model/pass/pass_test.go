package pass_test

import (
	"fmt"
	"strings"
	"testing"

	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/op"
	"larder/model/pass"
	"larder/model/tensor"
)

func node(typ, in, out string, attrs ...*onnx.Attribute) *onnx.Node {
	return onnxtest.Op(typ, strings.Fields(in), strings.Fields(out), attrs...)
}

// file makes a graph between an input x [N 2] and an output y.
func file(inits []*onnx.Tensor, nodes ...*onnx.Node) *onnx.Graph {
	return &onnx.Graph{Name: "g", Nodes: nodes, Initializers: inits,
		Inputs:  []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, "N", 2)},
		Outputs: []*onnx.ValueInfo{onnxtest.Info("y", tensor.Float32, "N", 2)}}
}

func build(t *testing.T, g *onnx.Graph) *graph.Graph {
	t.Helper()
	b, err := graph.Build(onnxtest.File(17, g), op.All())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var (
	w    = &onnx.Tensor{Name: "w", Data: tensor.Vector[float32](1, 2)}
	half = &onnx.Tensor{Name: "h", Data: tensor.Vector(tensor.ToHalf(0.5), tensor.ToHalf(4))}
)

func TestPasses(t *testing.T) {
	toFloat := onnxtest.Attr("to", int64(tensor.Float32))
	tests := []struct {
		name   string
		passes []pass.Pass
		g      *onnx.Graph
		want   string
	}{
		{"dead: branch that nobody reads", []pass.Pass{{"dead", pass.Dead}},
			file([]*onnx.Tensor{w}, node("Relu", "x", "y"), node("Add", "x w", "a"), node("Relu", "a", "b")),
			"in  x float32[N 2]\ny = Relu(x)\nout y\n"},
		{"dead: one output of two is read", []pass.Pass{{"dead", pass.Dead}},
			file(nil, node("Split", "x", "y z", onnxtest.Attr("axis", int64(1)))),
			"in  x float32[N 2]\ny, z = Split(x) {axis=1}\nout y\n"},
		{"fold: float16 weights", []pass.Pass{{"fold", pass.Fold}},
			file([]*onnx.Tensor{half}, node("Cast", "h", "f", toFloat), node("Add", "x f", "y")),
			"in  x float32[N 2]\nlet f = float32[2][0.5 4]\ny = Add(x, f)\nout y\n"},
		{"fold: chain", []pass.Pass{{"fold", pass.Fold}},
			file([]*onnx.Tensor{w}, node("Relu", "w", "a"), node("Add", "a w", "b"), node("Add", "x b", "y")),
			"in  x float32[N 2]\nlet b = float32[2][2 4]\ny = Add(x, b)\nout y\n"},
		{"fold: an output", []pass.Pass{{"fold", pass.Fold}},
			file([]*onnx.Tensor{w}, node("Add", "w w", "y")),
			"in  x float32[N 2]\nlet y = float32[2][2 4]\nout y\n"},
		{"fold: not what depends on an input", []pass.Pass{{"fold", pass.Fold}},
			file(nil, node("Shape", "x", "s"), node("Reshape", "x s", "y")),
			"in  x float32[N 2]\ns = Shape(x)\ny = Reshape(x, s)\nout y\n"},
		{"all: an unused failure is no failure", pass.All,
			file([]*onnx.Tensor{w, {Name: "i", Data: tensor.Vector[int64](7)}}, node("Gather", "w i", "v"), node("Relu", "x", "y")),
			"in  x float32[N 2]\ny = Relu(x)\nout y\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := build(t, tt.g)
			if err := pass.Run(g, tt.passes); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimPrefix(g.Text(), "graph \"g\" opset 17\n"); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// failing is an operator that only a run finds wrong.
type failing struct{}

func (failing) Infer(in []op.Value) ([]op.Value, error) {
	return []op.Value{op.Of(in[0].DType, in[0].Shape...)}, nil
}
func (failing) Run([]*tensor.Tensor) ([]*tensor.Tensor, error) { return nil, op.Invalidf("no") }

// TestFoldLeavesWhatFails has a constant node that cannot be computed: the run
// reports it, with all that is known then.
func TestFoldLeavesWhatFails(t *testing.T) {
	reg := op.NewRegistry([]op.Entry{{Type: "Fail", Since: 1, New: func(op.Node) (op.Operator, error) { return failing{}, nil }}})
	g, err := graph.Build(onnxtest.File(17, file([]*onnx.Tensor{w}, node("Fail", "w", "y"))), reg)
	if err != nil {
		t.Fatal(err)
	}
	if err := pass.Run(g, pass.All); err != nil || len(g.Nodes) != 1 {
		t.Errorf("got %v\n%s", err, g.Text())
	}
}

// TestDefaultsAreNotConstants has an input with a default: a run may replace
// it, so that nothing that depends on it is folded.
func TestDefaultsAreNotConstants(t *testing.T) {
	f := file([]*onnx.Tensor{w}, node("Relu", "w", "a"), node("Add", "x a", "y"))
	f.Inputs = append(f.Inputs, onnxtest.Info("w", tensor.Float32, 2))
	g := build(t, f)
	if err := pass.Run(g, pass.All); err != nil {
		t.Fatal(err)
	}
	if len(g.Nodes) != 2 {
		t.Errorf("got\n%s", g.Text())
	}
}

// TestFoldIsBounded has small files that would become large constants, and one
// that would take long.
func TestFoldIsBounded(t *testing.T) {
	dims := func(v ...int64) *onnx.Tensor { return &onnx.Tensor{Name: "d", Data: tensor.Vector(v...)} }
	large := tensor.Must(tensor.New(tensor.Float32, 80, 80))
	tests := []struct {
		name string
		init *onnx.Tensor
		n    *onnx.Node
	}{
		{"ConstantOfShape", dims(1<<12, 1<<11), node("ConstantOfShape", "d", "c")},
		{"Expand", dims(1 << 23), node("Expand", "w d", "c")},
		{"MatMul", &onnx.Tensor{Name: "d", Data: large}, node("MatMul", "d d", "c")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			one := &onnx.Tensor{Name: "w", Data: tensor.Vector[float32](1)}
			f := file([]*onnx.Tensor{one, tt.init}, tt.n)
			f.Outputs = []*onnx.ValueInfo{{Name: "c"}}
			g := build(t, f)
			if err := pass.Run(g, pass.All); err != nil || len(g.Nodes) != 1 {
				t.Errorf("got %v\n%s", err, g.Text())
			}
		})
	}
}

// TestFoldCountsUpdates has a small result of a million updates, again and again.
func TestFoldCountsUpdates(t *testing.T) {
	const updates, times = 1 << 20, 10
	inits := []*onnx.Tensor{{Name: "d", Data: tensor.Vector[float32](1, 2)}, {Name: "i", Data: tensor.Must(tensor.New(tensor.Int64, updates))},
		{Name: "u", Data: tensor.Must(tensor.New(tensor.Float32, updates))}}
	var nodes []*onnx.Node
	for i := range times {
		out := fmt.Sprint("c", i)
		nodes = append(nodes, node("ScatterElements", "d i u", out))
	}
	f := file(inits, nodes...)
	f.Outputs = nil
	for i := range times {
		f.Outputs = append(f.Outputs, &onnx.ValueInfo{Name: fmt.Sprint("c", i)})
	}
	g := build(t, f)
	if err := pass.Run(g, []pass.Pass{{Name: "fold", Run: pass.Fold}}); err != nil || len(g.Nodes) == 0 || len(g.Nodes) == times {
		t.Errorf("%d of %d are left, %v", len(g.Nodes), times, err)
	}
}

// TestFoldIsAllowed is the other side of the bound: a weight of any size that
// the file holds is converted.
func TestFoldIsAllowed(t *testing.T) {
	h := &onnx.Tensor{Name: "h", Data: tensor.Must(tensor.New(tensor.Float16, 10<<20, 2))}
	g := build(t, file([]*onnx.Tensor{h}, node("Cast", "h", "f", onnxtest.Attr("to", int64(1))), node("Add", "x f", "y")))
	if err := pass.Run(g, pass.All); err != nil {
		t.Fatal(err)
	}
	if len(g.Nodes) != 1 {
		t.Errorf("got\n%s", g.Text())
	}
}
