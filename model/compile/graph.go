package compile

import (
	"maps"
	"slices"
	"strconv"

	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/tensor"
)

// graph writes a graph as ONNX has it.
func (w *writer) graph(g *graph.Graph) *onnx.Graph {
	out := &onnx.Graph{Name: g.Name}
	for _, v := range g.Inputs {
		out.Inputs = append(out.Inputs, info(v))
		if v.Default != nil {
			out.Initializers = append(out.Initializers, &onnx.Tensor{Name: v.Name, Data: v.Default})
		}
	}
	for _, v := range constants(g) {
		t := &onnx.Tensor{Name: v.Name, Data: v.Const}
		if entries := w.entries[v.Const]; entries != nil {
			t.External = append([]onnx.Entry{{Key: "location", Value: w.opt.Weights}}, entries...)
		}
		out.Initializers = append(out.Initializers, t)
	}
	for _, n := range g.Nodes {
		out.Nodes = append(out.Nodes, node(n))
	}
	for _, v := range g.Outputs {
		out.Outputs = append(out.Outputs, info(v))
	}
	return out
}

func info(v *graph.Value) *onnx.ValueInfo {
	d := v.Declared
	if d.DType == tensor.Undefined && !d.Ranked {
		return &onnx.ValueInfo{Name: v.Name}
	}
	t := &onnx.Type{Kind: onnx.TensorKind, Elem: d.DType, Ranked: d.Ranked}
	for i, size := range d.Shape {
		dim := onnx.Dim{Size: size}
		if i < len(v.Symbols) {
			dim.Name = v.Symbols[i]
		}
		t.Dims = append(t.Dims, dim)
	}
	return &onnx.ValueInfo{Name: v.Name, Type: t}
}

func node(n *graph.Node) *onnx.Node {
	out := &onnx.Node{Domain: n.Domain, Type: n.Type, Inputs: names(n.Inputs), Outputs: names(n.Outputs),
		Overload: graph.OpsetOverload + strconv.Itoa(n.Opset)}
	for _, name := range slices.Sorted(maps.Keys(n.Attrs)) {
		out.Attributes = append(out.Attributes, &onnx.Attribute{Name: name, Value: n.Attrs[name]})
	}
	return out
}

func names(vs []*graph.Value) []string {
	list := make([]string, len(vs))
	for i, v := range vs {
		if v != nil {
			list[i] = v.Name
		}
	}
	return list
}
