package graph_test

import (
	"errors"
	"strings"
	"testing"

	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/op"
)

// swish defines my.Swish(v; slope=0.5) = Relu(LeakyRelu(v)) + v.
func swish() *onnx.Function {
	leaky := node("LeakyRelu", "v", "s")
	leaky.Attributes = []*onnx.Attribute{{Name: "alpha", Ref: "slope"}}
	return &onnx.Function{Domain: "my", Name: "Swish", Inputs: []string{"v", "unused"}, Outputs: []string{"r"},
		Defaults: []*onnx.Attribute{onnxtest.Attr("slope", float32(0.5))}, Opsets: []onnx.Opset{{Version: 16}},
		Nodes: nodes{leaky, node("Relu", "s", "p"), node("Add", "p v", "r")}}
}

func call(typ, in, out string, attrs ...*onnx.Attribute) *onnx.Node {
	n := node(typ, in, out, attrs...)
	n.Domain = "my"
	return n
}

func TestFunctions(t *testing.T) {
	m := file(call("Swish", "x", "a"), call("Swish", "a", "y", onnxtest.Attr("slope", float32(2))))
	m.Functions = []*onnx.Function{swish()}
	want := `graph "test" opset 17
in  x float32[N 3]
Swish@1/s = LeakyRelu(x) {alpha=0.5}
Swish@1/p = Relu(Swish@1/s)
a = Add(Swish@1/p, x)
Swish@2/s = LeakyRelu(a) {alpha=2}
Swish@2/p = Relu(Swish@2/s)
y = Add(Swish@2/p, a)
out y
`
	g := build(t, m)
	if got := g.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if n := g.Nodes[1]; n.Opset != 16 || n.Path != `graph.node[0]("make_a")/Swish.node[1]("make_p")` {
		t.Errorf("opset %d, path %s", n.Opset, n.Path)
	}
}

func TestInvalidFunctions(t *testing.T) {
	tests := []struct {
		name   string
		change func(*onnx.Model, *onnx.Function)
		text   string
	}{
		{"defined twice", func(m *onnx.Model, f *onnx.Function) { m.Functions = append(m.Functions, f) }, "defined twice"},
		{"calls itself", func(_ *onnx.Model, f *onnx.Function) { f.Nodes[1] = call("Swish", "s", "p") }, "more than 8 deep"},
		{"too many inputs", func(m *onnx.Model, _ *onnx.Function) { m.Graph.Nodes[0].Inputs = []string{"x", "x", "x"} }, "takes 2 inputs"},
		{"output not made", func(_ *onnx.Model, f *onnx.Function) { f.Nodes = f.Nodes[:2] }, `makes its output "r"`},
		{"makes its input", func(_ *onnx.Model, f *onnx.Function) { f.Nodes[1].Outputs = []string{"v"} }, "made twice"},
		{"makes an absent input", func(_ *onnx.Model, f *onnx.Function) { f.Nodes[1].Outputs = []string{"unused"} }, "made twice"},
		{"sees the caller's values", func(_ *onnx.Model, f *onnx.Function) { f.Nodes[1].Inputs = []string{"w"} }, `reads "w"`},
		{"returns its input", func(_ *onnx.Model, f *onnx.Function) { f.Outputs[0] = "v" }, "returns its input"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := swish()
			m := file(call("Swish", "x", "y"))
			m.Functions = []*onnx.Function{f}
			tt.change(m, f)
			_, err := graph.Build(m, op.All())
			var e *graph.Error
			if !errors.As(err, &e) || !strings.Contains(e.Reason, tt.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestFunctionsThatMultiply has functions that call each other 30 times each, 7
// deep: 30⁷ nodes, or calls of nothing, from a small file.
func TestFunctionsThatMultiply(t *testing.T) {
	for _, leaf := range []nodes{{node("Relu", "v", "r")}, nil} {
		fs := []*onnx.Function{{Domain: "my", Name: "F0", Inputs: []string{"v"}, Nodes: leaf}}
		for i := 1; i < 8; i++ {
			f := &onnx.Function{Domain: "my", Name: "F" + string(rune('0'+i)), Inputs: []string{"v"}, Opsets: []onnx.Opset{{Version: 17}}}
			for range 30 {
				f.Nodes = append(f.Nodes, &onnx.Node{Domain: "my", Type: "F" + string(rune('0'+i-1)), Inputs: []string{"v"}})
			}
			fs = append(fs, f)
		}
		m := file(&onnx.Node{Domain: "my", Type: "F7", Inputs: []string{"x"}}, node("Relu", "x", "y"))
		m.Functions = fs
		_, err := graph.Build(m, op.All())
		var e *graph.Error
		if !errors.As(err, &e) || e.Code != op.Unsupported {
			t.Errorf("got %v", err)
		}
	}
}
