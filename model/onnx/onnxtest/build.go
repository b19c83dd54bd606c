// Package onnxtest makes ONNX files for tests: write the structs of model/onnx as a
// literal and encode them.
package onnxtest

import (
	"larder/model/onnx"
	"larder/model/onnx/encode"
	"larder/model/tensor"
)

// Msg is a message under construction.
type Msg = encode.Msg

// Model encodes a file, Graph a GraphProto, Tensor a TensorProto.
var (
	Model  = encode.Model
	Graph  = encode.Graph
	Tensor = encode.Tensor
)

// File returns a model of IR version 8 with one graph and one opset.
func File(opset int64, g *onnx.Graph) *onnx.Model {
	return &onnx.Model{IRVersion: 8, Graph: g, Opsets: []onnx.Opset{{Version: opset}}}
}

// Info declares a tensor. A dimension is an int, a string (its name) or nil.
func Info(name string, dtype tensor.DType, dims ...any) *onnx.ValueInfo {
	t := &onnx.Type{Kind: onnx.TensorKind, Elem: dtype, Ranked: true}
	for _, d := range dims {
		dim := onnx.Dim{Size: tensor.Unknown}
		switch v := d.(type) {
		case int:
			dim.Size = v
		case string:
			dim.Name = v
		}
		t.Dims = append(t.Dims, dim)
	}
	return &onnx.ValueInfo{Name: name, Type: t}
}

// Op returns a node whose name is "make_" and its first output.
func Op(typ string, inputs, outputs []string, attrs ...*onnx.Attribute) *onnx.Node {
	return &onnx.Node{Name: "make_" + outputs[0], Type: typ, Inputs: inputs, Outputs: outputs, Attributes: attrs}
}

// Attr returns an attribute.
func Attr(name string, value any) *onnx.Attribute { return &onnx.Attribute{Name: name, Value: value} }
