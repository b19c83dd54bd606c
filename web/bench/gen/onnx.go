package main

import (
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// opset is the operator set of the files: old enough for every engine.
const opset = 13

// irVersion is the version of the file format that belongs to it.
const irVersion = 7

// encodeONNX writes a net as ONNX, channels before height and width.
func encodeONNX(n *net) []byte {
	g := &onnx.Graph{
		Name:    n.name,
		Inputs:  []*onnx.ValueInfo{onnxtest.Info("input", tensor.Float32, 1, n.input.c, n.input.h, n.input.w)},
		Outputs: []*onnx.ValueInfo{onnxtest.Info("output", tensor.Float32, 1, classes)},
	}
	for _, l := range n.layers {
		onnxLayer(g, l)
	}
	file := onnxtest.File(opset, g)
	file.IRVersion, file.Producer = irVersion, "larder benchmark, random weights"
	return onnxtest.Model(file)
}

// onnxLayer appends the one or two nodes of a layer, and its weights.
func onnxLayer(g *onnx.Graph, l *layer) {
	name := l.out.name
	result := name
	if l.act != "" {
		result += "_linear"
	}
	inputs := []string{}
	for _, x := range l.in {
		inputs = append(inputs, x.name)
	}
	if l.w != nil {
		inputs = append(inputs, constant(g, name+"_w", l.w, onnxShape(l)...), constant(g, name+"_b", l.b, len(l.b)))
	}
	typ, attributes := onnxOperator(l)
	g.Nodes = append(g.Nodes, onnxtest.Op(typ, inputs, []string{result}, attributes...))
	switch l.act {
	case "relu":
		g.Nodes = append(g.Nodes, onnxtest.Op("Relu", []string{result}, []string{name}))
	case "relu6":
		low, high := constant(g, name+"_low", []float32{0}), constant(g, name+"_high", []float32{6})
		g.Nodes = append(g.Nodes, onnxtest.Op("Clip", []string{result, low, high}, []string{name}))
	}
}

// constant adds an initializer and returns its name.
func constant(g *onnx.Graph, name string, data []float32, shape ...int) string {
	g.Initializers = append(g.Initializers, &onnx.Tensor{Name: name, Data: tensor.Must(tensor.Of(data, shape...))})
	return name
}

// onnxShape returns the shape of a layer's weights.
func onnxShape(l *layer) []int {
	switch l.kind {
	case conv:
		return []int{l.outC, l.inC, l.k, l.k}
	case depthwise:
		return []int{l.outC, 1, l.k, l.k}
	}
	return []int{l.outC, l.inC}
}

func onnxOperator(l *layer) (string, []*onnx.Attribute) {
	two := func(v int) []int64 { return []int64{int64(v), int64(v)} }
	windowed := func() []*onnx.Attribute {
		return []*onnx.Attribute{
			onnxtest.Attr("kernel_shape", two(l.k)), onnxtest.Attr("strides", two(l.stride)),
			onnxtest.Attr("pads", append(two(l.pad), two(l.pad)...)),
		}
	}
	switch l.kind {
	case conv:
		return "Conv", windowed()
	case depthwise:
		return "Conv", append(windowed(), onnxtest.Attr("group", int64(l.outC)))
	case dense:
		return "Gemm", []*onnx.Attribute{onnxtest.Attr("transB", int64(1))}
	case add:
		return "Add", nil
	case mul:
		return "Mul", nil
	case concat:
		return "Concat", []*onnx.Attribute{onnxtest.Attr("axis", int64(1))}
	case maxPool:
		return "MaxPool", windowed()
	case average:
		return "GlobalAveragePool", nil
	case sigmoid:
		return "Sigmoid", nil
	case flatten:
		return "Flatten", []*onnx.Attribute{onnxtest.Attr("axis", int64(1))}
	}
	panic("gen: no ONNX operator for " + l.kind)
}
