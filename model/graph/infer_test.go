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

// flatten makes x [N 3 8 8] into y [N 192] as exporters do: the sizes are
// computed in the graph.
func flatten() *onnx.Model {
	m := file(
		node("Shape", "x", "s"), node("Gather", "s zero", "n"), node("Unsqueeze", "n axes", "n1"),
		node("Concat", "n1 rest", "to", onnxtest.Attr("axis", int64(0))), node("Reshape", "x to", "y"))
	m.Graph.Inputs[0] = onnxtest.Info("x", tensor.Float32, "N", 3, 8, 8)
	m.Graph.Initializers = []*onnx.Tensor{{Name: "zero", Data: tensor.Scalar[int64](0)},
		{Name: "axes", Data: tensor.Vector[int64](0)}, {Name: "rest", Data: tensor.Vector[int64](-1)}}
	return m
}

func TestInfer(t *testing.T) {
	tests := []struct {
		name   string
		m      *onnx.Model
		shapes map[string]tensor.Shape
		want   map[string]string
	}{
		{"declared", file(node("Add", "x w", "a"), node("Relu", "a", "y")), nil,
			map[string]string{"x": "float32[? 3]", "a": "float32[? 3]", "y": "float32[? 3]"}},
		{"given", file(node("Add", "x w", "a"), node("Relu", "a", "y")), map[string]tensor.Shape{"x": {5, 3}},
			map[string]string{"x": "float32[5 3]", "a": "float32[5 3]", "y": "float32[5 3]"}},
		{"shape chain", flatten(), map[string]tensor.Shape{"x": {2, 3, 8, 8}},
			map[string]string{"s": "int64[4]", "to": "int64[2]", "y": "float32[2 192]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := build(t, tt.m)
			facts, err := graph.Infer(g, graph.InferOptions{Shapes: tt.shapes})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for v, known := range facts {
				got[v.Name] = known.String()
			}
			for name, want := range tt.want {
				if got[name] != want {
					t.Errorf("%s is %s, want %s", name, got[name], want)
				}
			}
		})
	}
}

func TestInferInvalid(t *testing.T) {
	g := build(t, file(node("Add", "x w", "y")))
	for _, s := range []tensor.Shape{{3}, {2, 4}, {1, 2, 3}} {
		_, err := graph.Infer(g, graph.InferOptions{Shapes: map[string]tensor.Shape{"x": s}})
		var e *graph.Error
		if !errors.As(err, &e) || e.Code != op.Invalid {
			t.Errorf("shape %v: %v", s, err)
		}
	}
	m := file(node("Add", "x w", "y"))
	m.Graph.Initializers[0].Data = tensor.Vector[float32](1, 2)
	_, err := graph.Infer(build(t, m), graph.InferOptions{})
	var e *graph.NodeError
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "inputs float32[? 3], float32[2]") {
		t.Errorf("shapes that do not fit: %v", err)
	}
	if len(e.Inputs) != 2 || e.Inputs[1].Const != nil {
		t.Errorf("the error keeps a tensor: %+v", e.Inputs)
	}
}

// broken misbehaves in a chosen way.
type broken struct{ how string }

func (b broken) Infer(in []op.Value) ([]op.Value, error) {
	switch b.how {
	case "panics in Infer":
		panic("oops")
	case "infers too little":
		return nil, nil
	}
	return []op.Value{in[0]}, nil
}

func (b broken) Run(in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	switch b.how {
	case "panics in Run":
		var none []int
		_ = none[len(in)]
	case "returns too little":
		return nil, nil
	case "returns nil":
		return []*tensor.Tensor{nil}, nil
	}
	return in[:1], nil
}

// TestBrokenOperators checks that a defect of ours is an error with a place.
func TestBrokenOperators(t *testing.T) {
	for _, how := range []string{"panics in New", "panics in Infer", "infers too little", "panics in Run", "returns too little", "returns nil"} {
		t.Run(how, func(t *testing.T) {
			reg := op.NewRegistry([]op.Entry{{Type: "Broken", Since: 1, New: func(op.Node) (op.Operator, error) {
				if how == "panics in New" {
					panic("oops")
				}
				return broken{how}, nil
			}}})
			g, err := graph.Build(file(node("Broken", "x", "y")), reg)
			if err == nil {
				_, err = graph.Infer(g, graph.InferOptions{})
			}
			if err == nil {
				_, err = g.Nodes[0].Run([]*tensor.Tensor{tensor.Scalar[float32](1)})
			}
			var p *graph.PanicError
			var n *graph.NodeError
			if !errors.As(err, &p) || !errors.As(err, &n) || n.Path != `graph.node[0]("make_y")` {
				t.Errorf("got %v", err)
			}
		})
	}
}
