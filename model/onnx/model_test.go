package onnx_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// everything is a model that uses every field that the package reads.
func everything() *onnx.Model {
	w := tensor.Must(tensor.Of([]float32{1, -2, 3.5, 4, 5, 6}, 2, 3))
	inner := &onnx.Graph{Name: "then", Nodes: []*onnx.Node{onnxtest.Op("Relu", []string{"x"}, []string{"z"})},
		Outputs: []*onnx.ValueInfo{{Name: "z"}}}
	node := onnxtest.Op("Thing", []string{"x", "", "w"}, []string{"y", "z"},
		onnxtest.Attr("f", float32(0.5)), onnxtest.Attr("i", int64(-3)), onnxtest.Attr("s", "SAME_UPPER"),
		onnxtest.Attr("t", tensor.Vector[int64](2, -1)), onnxtest.Attr("g", inner),
		onnxtest.Attr("floats", []float32{1, 2}), onnxtest.Attr("ints", []int64{3, -4}),
		onnxtest.Attr("strings", []string{"a", "", "c"}),
		onnxtest.Attr("tensors", []*tensor.Tensor{tensor.Scalar[float32](7)}),
		onnxtest.Attr("graphs", []*onnx.Graph{inner}),
		onnxtest.Attr("type", &onnx.Type{Kind: onnx.TensorKind, Elem: tensor.Float32}),
		&onnx.Attribute{Name: "alpha", Ref: "beta"})
	node.Domain, node.Overload = "my.domain", "fast"
	return &onnx.Model{
		IRVersion: 8, Producer: "larder", ProducerVersion: "1", Domain: "test", Version: 7,
		Opsets:   []onnx.Opset{{Version: 17}, {Domain: "ai.onnx.ml", Version: 3}},
		Metadata: []onnx.Entry{{Key: "k", Value: "v"}},
		Functions: []*onnx.Function{{Domain: "my.domain", Name: "Thing", Overload: "fast", Inputs: []string{"a"}, Outputs: []string{"b"},
			Attributes: []string{"beta"}, Defaults: []*onnx.Attribute{onnxtest.Attr("gamma", float32(1))},
			Nodes: []*onnx.Node{onnxtest.Op("Exp", []string{"a"}, []string{"b"})}, Opsets: []onnx.Opset{{Version: 17}}}},
		Graph: &onnx.Graph{
			Name: "main", Nodes: []*onnx.Node{node}, Initializers: []*onnx.Tensor{{Name: "w", Data: w}},
			Inputs: []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, "N", 3, nil)},
			Outputs: []*onnx.ValueInfo{onnxtest.Info("y", tensor.Float32), {Name: "z", Type: &onnx.Type{Kind: onnx.SequenceKind,
				Of: &onnx.Type{Kind: onnx.MapKind, Elem: tensor.Int64, Of: &onnx.Type{Kind: onnx.TensorKind, Elem: tensor.Float32}}}}},
			Values: []*onnx.ValueInfo{onnxtest.Info("v", tensor.Bool, 0)},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	want := everything()
	got, err := onnx.Decode(onnxtest.Model(want), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
		for i, a := range got.Graph.Nodes[0].Attributes {
			t.Logf("%+v %+v", a, want.Graph.Nodes[0].Attributes[i])
		}
	}
}

// TestNothingIsKept overwrites the file after decoding.
func TestNothingIsKept(t *testing.T) {
	b := onnxtest.Model(everything())
	got, err := onnx.Decode(b, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] = 0xff
	}
	if !reflect.DeepEqual(got, everything()) {
		t.Error("the model changed with the file's bytes")
	}
}

// TestTruncated cuts a file at every byte. Where a whole field of the model
// ends, the rest may be valid; the graph must be there in any case.
func TestTruncated(t *testing.T) {
	b := onnxtest.Model(everything())
	for n := range len(b) {
		m, err := onnx.Decode(b[:n], onnx.Options{})
		var e *onnx.Error
		if err == nil && m.Graph.Nodes[0].Type == "Thing" {
			continue
		}
		if !errors.As(err, &e) || e.Code != onnx.Truncated && e.Reason != "there is no graph: is this an ONNX file?" {
			t.Fatalf("cut at %d of %d: %v", n, len(b), err)
		}
	}
}

func model(graph onnxtest.Msg) []byte { return onnxtest.Msg{}.Varint(1, 8).Bytes(7, graph) }

func nested(depth int) onnxtest.Msg {
	g := onnxtest.Msg{}
	for range depth {
		g = onnxtest.Msg{}.Bytes(1, onnxtest.Msg{}.Text(4, "If").Bytes(5, onnxtest.Msg{}.Text(1, "then_branch").Bytes(6, g).Varint(20, 5)))
	}
	return g
}

func TestInvalid(t *testing.T) {
	node := onnxtest.Msg{}.Text(4, "Relu")
	tests := []struct {
		name string
		file []byte
		code onnx.Code
		path string
		text string
	}{
		{"empty", nil, onnx.Truncated, "", "empty"},
		{"no graph", onnxtest.Msg{}.Varint(1, 8), onnx.Malformed, "", "no graph"},
		{"two graphs", append(model(nil), model(nil)...), onnx.Malformed, "", "two graphs"},
		{"a picture", []byte("\x89PNG\r\n\x1a\n"), onnx.Truncated, "", "is this an ONNX file?"},
		{"a web page", []byte("<!doctype html><html>"), onnx.Malformed, "", "is this an ONNX file?"},
		{"field number 0", []byte{0, 0}, onnx.Malformed, "", "field number 0"},
		{"group", []byte{1<<3 | 3}, onnx.Malformed, "", "wire type 3"},
		{"endless number", []byte{8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, onnx.Malformed, "", "64 bits"},
		{"huge length", []byte{7<<3 | 2, 255, 255, 255, 255, 15}, onnx.Truncated, "", "are left"},
		{"graph is a number", onnxtest.Msg{}.Varint(7, 1), onnx.Malformed, "", "wire type"},
		{"node without operator", model(onnxtest.Msg{}.Bytes(1, node).Bytes(1, nil)), onnx.Malformed, "graph.node[1]", "no operator"},
		{"attribute without name", model(onnxtest.Msg{}.Bytes(1, node.Bytes(5, nil))), onnx.Malformed, "graph.node[0].attribute[0]", "no name"},
		{"attribute without value", model(onnxtest.Msg{}.Bytes(1, node.Bytes(5, onnxtest.Msg{}.Text(1, "a")))),
			onnx.Malformed, "graph.node[0].attribute[0]", "no value"},
		{"attribute with the wrong value", model(onnxtest.Msg{}.Bytes(1, node.Bytes(5, onnxtest.Msg{}.Text(1, "a").Varint(3, 1).Varint(20, 4)))),
			onnx.Malformed, "graph.node[0].attribute[0]", "0 values"},
		{"sparse attribute", model(onnxtest.Msg{}.Bytes(1, node.Bytes(5, onnxtest.Msg{}.Text(1, "a").Bytes(22, nil)))),
			onnx.Unsupported, "graph.node[0].attribute[0]", "sparse"},
		{"sparse initializer", model(onnxtest.Msg{}.Bytes(15, nil)), onnx.Unsupported, "graph.sparse_initializer", "sparse"},
		{"input without name", model(onnxtest.Msg{}.Bytes(11, nil)), onnx.Malformed, "graph.input[0]", "no name"},
		{"long name", model(onnxtest.Msg{}.Text(2, strings.Repeat("x", 1<<16+1))), onnx.TooLarge, "graph", "65537 bytes"},
		{"deep graphs", model(nested(40)), onnx.TooLarge, "graph", "nest deeper"},
		{"function without name", onnxtest.Msg{}.Bytes(25, nil), onnx.Malformed, "functions[0]", "no name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := onnx.Decode(tt.file, onnx.Options{})
			var e *onnx.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.Code != tt.code || !strings.HasPrefix(e.Path, tt.path) || !strings.Contains(e.Reason, tt.text) {
				t.Errorf("got %s %q %q", e.Code, e.Path, e.Reason)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	b := onnxtest.Model(everything())
	_, err := onnx.Decode(b, onnx.Options{MaxBytes: len(b) - 1})
	var e *onnx.Error
	if !errors.As(err, &e) || e.Code != onnx.TooLarge {
		t.Errorf("a file over the limit: %v", err)
	}
	if _, err := onnx.Decode(model(nested(15)), onnx.Options{}); err != nil {
		t.Errorf("15 graphs in each other: %v", err)
	}
	dims := onnxtest.Msg{}
	for range tensor.MaxRank + 1 {
		dims = dims.Bytes(1, nil)
	}
	typ := onnxtest.Msg{}.Bytes(1, onnxtest.Msg{}.Varint(1, 1).Bytes(2, dims))
	_, err = onnx.Decode(model(onnxtest.Msg{}.Bytes(11, onnxtest.Msg{}.Text(1, "x").Bytes(2, typ))), onnx.Options{})
	if !errors.As(err, &e) || e.Code != onnx.TooLarge || e.Path != "graph.input[0].type" {
		t.Errorf("too many dimensions: %v", err)
	}
}
