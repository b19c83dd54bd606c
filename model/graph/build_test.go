package graph_test

import (
	"errors"
	"strings"
	"testing"

	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/op"
	"larder/model/tensor"
)

type (
	nodes = []*onnx.Node
	infos = []*onnx.ValueInfo
)

// file makes a model of nodes between an input x and an output y, with a
// constant w.
func file(ns ...*onnx.Node) *onnx.Model {
	return onnxtest.File(17, &onnx.Graph{
		Name:         "test",
		Nodes:        ns,
		Inputs:       infos{onnxtest.Info("x", tensor.Float32, "N", 3)},
		Outputs:      infos{onnxtest.Info("y", tensor.Float32, "N", 3)},
		Initializers: []*onnx.Tensor{{Name: "w", Data: tensor.Vector[float32](1, 2, 3)}},
	})
}

func node(typ, in, out string, attrs ...*onnx.Attribute) *onnx.Node {
	return onnxtest.Op(typ, strings.Split(in, " "), strings.Split(out, " "), attrs...)
}

func build(t *testing.T, m *onnx.Model) *graph.Graph {
	t.Helper()
	g, err := graph.Build(m, op.All())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestText(t *testing.T) {
	m := file(node("Add", "x w", "a"), node("Clip", "a", "b"), node("Clip", "b  top", "y"))
	m.Graph.Nodes[2].Inputs = []string{"b", "", "top"}
	m.Graph.Nodes = append(m.Graph.Nodes, node("LeakyRelu", "b", "unused", onnxtest.Attr("alpha", float32(0.25))))
	m.Graph.Initializers = append(m.Graph.Initializers, &onnx.Tensor{Name: "top", Data: tensor.Scalar[float32](6)})
	want := `graph "test" opset 17
in  x float32[N 3]
let w = float32[3][1 2 3]
a = Add(x, w)
b = Clip(a)
let top = float32[][6]
y = Clip(b, _, top)
unused = LeakyRelu(b) {alpha=0.25}
out y
`
	for range 3 {
		if got := build(t, m).Text(); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestUnsortedNodes(t *testing.T) {
	m := file(node("Relu", "b", "y"), node("Add", "a w", "b"), node("Relu", "x", "a"))
	want := `graph "test" opset 17
in  x float32[N 3]
a = Relu(x)
let w = float32[3][1 2 3]
b = Add(a, w)
y = Relu(b)
out y
`
	if got := build(t, m).Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestInitializersAmongInputs(t *testing.T) {
	tests := []struct {
		name  string
		ir    int64
		want  []string // inputs
		fixed bool
	}{
		{"IR 3: a constant", 3, []string{"x"}, true},
		{"IR 4: a default", 4, []string{"w", "x"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := file(node("Add", "x w", "y"))
			m.IRVersion = tt.ir
			m.Graph.Inputs = append(infos{onnxtest.Info("w", tensor.Float32, 3)}, m.Graph.Inputs...)
			g := build(t, m)
			var got []string
			for _, v := range g.Inputs {
				got = append(got, v.Name)
			}
			if strings.Join(got, " ") != strings.Join(tt.want, " ") || g.Fixed["w"] != tt.fixed {
				t.Errorf("inputs %v, fixed %v", got, g.Fixed)
			}
			w := g.Nodes[0].Inputs[1]
			if (w.Const != nil) != tt.fixed || (w.Default != nil) == tt.fixed {
				t.Errorf("constant %v, default %v", w.Const, w.Default)
			}
		})
	}
}

func TestInvalid(t *testing.T) {
	add := node("Add", "x w", "y")
	tests := []struct {
		name   string
		change func(*onnx.Model)
		path   string
		text   string
	}{
		{"cycle", func(m *onnx.Model) {
			m.Graph.Nodes = nodes{node("Add", "x b", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")}
		},
			`graph.node[0]("make_a")`, "cycle"},
		{"own result", func(m *onnx.Model) { m.Graph.Nodes = nodes{node("Add", "x y", "y")} }, `graph.node[0]("make_y")`, "cycle"},
		{"missing value", func(m *onnx.Model) { m.Graph.Nodes = nodes{node("Add", "x v", "y")} }, `graph.node[0]("make_y")`, `reads "v"`},
		{"missing initializer", func(m *onnx.Model) { m.Graph.Initializers = nil }, `graph.node[0]("make_y")`, `reads "w"`},
		{"made twice", func(m *onnx.Model) { m.Graph.Nodes = nodes{add, add} }, `graph.node[1]("make_y")`, "made twice"},
		{"makes an input", func(m *onnx.Model) { m.Graph.Nodes = nodes{node("Relu", "x", "x"), add} }, `graph.node[0]("make_x")`, "made twice"},
		{"makes an initializer", func(m *onnx.Model) { m.Graph.Nodes = nodes{node("Relu", "x", "w"), add} }, `graph.node[0]("make_w")`, "made twice"},
		{"two inputs", func(m *onnx.Model) { m.Graph.Inputs = append(m.Graph.Inputs, m.Graph.Inputs[0]) }, `graph.input("x")`, "two inputs"},
		{"two initializers", func(m *onnx.Model) { m.Graph.Initializers = append(m.Graph.Initializers, m.Graph.Initializers[0]) },
			"graph.initializer[1]", "two initializers"},
		{"initializer without name", func(m *onnx.Model) { m.Graph.Initializers[0].Name = "" }, "graph.initializer[0]", "no name"},
		{"two outputs", func(m *onnx.Model) { m.Graph.Outputs = append(m.Graph.Outputs, m.Graph.Outputs[0]) }, `graph.output("y")`, "two outputs"},
		{"output that nobody makes", func(m *onnx.Model) { m.Graph.Outputs[0].Name = "z" }, `graph.output("z")`, "no node"},
		{"no outputs", func(m *onnx.Model) { m.Graph.Outputs = nil }, "graph", "no outputs"},
		{"two opsets", func(m *onnx.Model) { m.Opsets = append(m.Opsets, onnx.Opset{Domain: "ai.onnx", Version: 13}) },
			"opset_import", "version 17 and 13"},
		{"opset 0", func(m *onnx.Model) { m.Opsets[0].Version = 0 }, "opset_import", "version 0"},
		{"attribute twice", func(m *onnx.Model) {
			m.Graph.Nodes = nodes{node("LeakyRelu", "x", "y", onnxtest.Attr("alpha", float32(1)), onnxtest.Attr("alpha", float32(2)))}
		}, `graph.node[0]("make_y")`, `attribute "alpha" is given twice`},
		{"default of another type", func(m *onnx.Model) { m.Graph.Inputs = append(m.Graph.Inputs, onnxtest.Info("w", tensor.Int64, 3)) },
			`graph.input("w")`, "declared as int64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := file(add)
			tt.change(m)
			_, err := graph.Build(m, op.All())
			var e *graph.Error
			if !errors.As(err, &e) || e.Code != op.Invalid || e.Path != tt.path || !strings.Contains(e.Reason, tt.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNodeErrors(t *testing.T) {
	bad := node("LeakyRelu", "x", "y", onnxtest.Attr("alpha", "steep"))
	_, err := graph.Build(file(bad), op.All())
	var e *graph.NodeError
	if !errors.As(err, &e) || e.Op != "LeakyRelu" || e.Opset != 17 || e.Path != `graph.node[0]("make_y")` {
		t.Errorf("an attribute of the wrong type: %v", err)
	}
	m := file(node("Relu", "x", "y"))
	m.Opsets = []onnx.Opset{{Domain: "ai.onnx.ml", Version: 3}}
	_, err = graph.Build(m, op.All())
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "imports no opset") {
		t.Errorf("an operator without opset: %v", err)
	}
}

func TestAllUnsupportedOperatorsAreListed(t *testing.T) {
	ns := nodes{node("Wobble", "x", "a"), node("Wobble", "a", "b"), node("Relu", "b", "c"), node("Jump", "c", "y")}
	ns[3].Domain = "my.domain"
	_, err := graph.Build(file(ns...), op.All())
	var e *graph.UnsupportedError
	if !errors.As(err, &e) || len(e.Nodes) != 3 {
		t.Fatalf("got %v", err)
	}
	want := `graph: unsupported operators: Wobble opset 17 at graph.node[0]("make_a") and 1 more (operator is not implemented); ` +
		`my.domain.Jump opset 0 at graph.node[3]("make_y") (operator is not implemented)`
	if err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	var oe *op.Error
	if !errors.As(err, &oe) || oe.Code != op.Unsupported {
		t.Errorf("the cause is %v", oe)
	}
}

func TestUnsupportedInputs(t *testing.T) {
	tests := []struct {
		name string
		typ  *onnx.Type
		text string
	}{
		{"sparse tensor", &onnx.Type{Kind: onnx.SparseTensorKind}, "sparse tensor"},
		{"sequence of float6", &onnx.Type{Kind: onnx.SequenceKind, Of: &onnx.Type{Kind: onnx.TensorKind, Elem: 27}}, "type(27)"},
		{"float6", &onnx.Type{Kind: onnx.TensorKind, Elem: 27}, "type(27)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := file(node("Relu", "x", "y"))
			m.Graph.Inputs[0].Type = tt.typ
			_, err := graph.Build(m, op.All())
			var e *graph.Error
			if !errors.As(err, &e) || e.Code != op.Unsupported || !strings.Contains(e.Reason, tt.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}
