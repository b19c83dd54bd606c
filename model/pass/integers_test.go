package pass_test

import (
	"strings"
	"testing"

	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/op"
	"larder/model/pass"
	"larder/model/tensor"
)

// quantised are the constants of small quantised graphs: scales, zero points,
// weights and biases.
func quantised() []*onnx.Tensor {
	let := func(name string, t *tensor.Tensor) *onnx.Tensor { return &onnx.Tensor{Name: name, Data: t} }
	return []*onnx.Tensor{
		let("s", tensor.Scalar[float32](0.5)), let("z", tensor.Scalar[uint8](10)), let("t", tensor.Scalar[float32](0.25)), let("zero", tensor.Scalar[int8](0)),
		let("w", tensor.Must(tensor.Of([]int8{1, 2, 3, 4, -5, 6}, 2, 3, 1, 1))), let("ws", tensor.Vector[float32](0.5, 2)), let("one", tensor.Scalar[float32](0.5)),
		let("b", tensor.Vector[int32](4, 8)), let("bs", tensor.Vector[float32](0.25, 1)), let("m", tensor.Must(tensor.Of([]int8{1, 2, 3, 4, 5, 6}, 3, 2))),
		let("bias", tensor.Must(tensor.Of([]float32{1, 2}, 2, 1, 1))), let("six", tensor.Scalar[float32](6)), let("low", tensor.Scalar[float32](0)),
	}
}

var (
	quantize   = node("QuantizeLinear", "x s z", "q")
	dequantize = node("DequantizeLinear", "q s z", "f")
	weights    = node("DequantizeLinear", "w ws", "v", onnxtest.Attr("axis", int64(0)))
	conv       = node("Conv", "f v", "c")
	out        = []*onnx.Node{node("QuantizeLinear", "r t zero", "o"), node("DequantizeLinear", "o t zero", "y")}
)

func list(nodes ...any) []*onnx.Node {
	var all []*onnx.Node
	for _, n := range nodes {
		switch n := n.(type) {
		case *onnx.Node:
			all = append(all, n)
		case []*onnx.Node:
			all = append(all, n...)
		}
	}
	return all
}

// TestIntegers holds what becomes of quantised graphs.
func TestIntegers(t *testing.T) {
	const first = "q.int = larder.Quantize(x) {high=245 low=-10 scale=0.5}\n"
	toFloat := onnxtest.Attr("to", int64(tensor.Float32))
	dynamic := func(last ...*onnx.Node) []*onnx.Node {
		return list(node("DynamicQuantizeLinear", "x", "q d e"), node("ConvInteger", "q w e", "i"), node("Cast", "i", "f", toFloat), last)
	}
	for _, tt := range []struct {
		name  string
		nodes []*onnx.Node
		want  string
	}{
		{"convolution and bound", list(quantize, dequantize, weights, conv, node("Relu", "c", "r"), out),
			first + "o.int = larder.QConv(q.int, c.weight, o.int.scale) {high=127 low=0}\ny = larder.Dequantize(o.int) {scale=0.25}"},
		{"bound in between", list(quantize, dequantize, weights, conv, node("Clip", "c low six", "r"), out),
			first + "o.int = larder.QConv(q.int, c.weight, o.int.scale) {high=24 low=0}\ny = larder.Dequantize(o.int) {scale=0.25}"},
		{"bias of integers", list(quantize, dequantize, weights, node("DequantizeLinear", "b bs", "bf", onnxtest.Attr("axis", int64(0))), node("Conv", "f v bf", "r"), out),
			first + "o.int = larder.QConv(q.int, r.weight, o.int.scale, o.int.bias) {high=127 low=-128}\ny = larder.Dequantize(o.int) {scale=0.25}"},
		{"result of floats", list(quantize, dequantize, weights, node("Conv", "f v", "y")),
			first + "y = larder.QConv(q.int, y.weight, y.scale) {float=1 high=+Inf low=-Inf}"},
		{"sum", list(quantize, dequantize, node("Add", "f f", "r"), out),
			first + "o.int = larder.QAdd(q.int, q.int) {a=2 b=2 high=127 low=-128}\ny = larder.Dequantize(o.int) {scale=0.25}"},
		{"mean", list(quantize, dequantize, node("GlobalAveragePool", "f", "r"), out),
			first + "o.int = larder.QMean(q.int) {high=127 low=-128 scale=0.08}\ny = larder.Dequantize(o.int) {scale=0.25}"},
		{"pool and the same grid", list(quantize, dequantize, node("MaxPool", "f", "p", ints("kernel_shape", 2, 2)), node("QuantizeLinear", "p s z", "r"), node("DequantizeLinear", "r s z", "y")),
			first + "p.int = larder.MaxPool(q.int) {kernel_shape=[2 2]}\ny = larder.Dequantize(p.int) {scale=0.5}"},
		{"a function is a table", list(quantize, dequantize, node("Sigmoid", "f", "g"), node("Mul", "f g", "h"), node("Mul", "h one", "r"), out),
			first + "o.int = larder.QTable(q.int, o.int.table) {low=-10}\ny = larder.Dequantize(o.int) {scale=0.25}"},
		{"a gate", list(quantize, dequantize, node("GlobalAveragePool", "f", "g"), node("QuantizeLinear", "g s z", "h"), node("DequantizeLinear", "h s z", "k"), node("Mul", "k f", "r"), out),
			first + "h.int = larder.QMean(q.int) {high=245 low=-10 scale=0.04}\no.int = larder.QMul(q.int, h.int) {a=1 high=127 low=-128}\ny = larder.Dequantize(o.int) {scale=0.25}"},
		{"no table of two values", list(quantize, dequantize, node("Sigmoid", "x", "g"), node("Mul", "f g", "r"), out),
			first + "f = larder.Dequantize(q.int) {scale=0.5}\ng = Sigmoid(x)\nr = Mul(f, g)\no.int = larder.Quantize(r) {high=127 low=-128 scale=0.25}\ny = larder.Dequantize(o.int) {scale=0.25}"},
		{"QLinearConv", list(quantize, node("QLinearConv", "q s z w one zero t zero", "o"), out[1]),
			first + "o.int = larder.QConv(q.int, o.weight, o.int.scale) {high=127 low=-128}\ny = larder.Dequantize(o.int) {scale=0.25}"},
		{"dynamic, bias", dynamic(node("Mul", "d one", "g"), node("Mul", "f g", "h"), node("Add", "h bias", "k"), node("Relu", "k", "y")),
			"q.int, d.int = larder.DynamicQuantize(x)\ny = larder.QConv(q.int, i.weight, y.scale, y.bias, d.int) {float=1 high=+Inf low=0}"},
		{"QLinearMatMul of two values", list(quantize, node("QLinearMatMul", "q s z q s z t zero", "o"), out[1]),
			first + "o.a = larder.Dequantize(q.int) {scale=0.5}\no.b = larder.Dequantize(q.int) {scale=0.5}\no.product = MatMul(o.a, o.b)\n" +
				"o.int = larder.Quantize(o.product) {high=127 low=-128 scale=0.25}\ny = larder.Dequantize(o.int) {scale=0.25}"},
		{"moved as floats", list(quantize, node("Split", "q", "k l o", onnxtest.Attr("axis", int64(1))), node("DequantizeLinear", "o s z", "y")),
			first + "k.from = larder.Dequantize(q.int) {scale=0.5}\nk.float, l.float, o.float = Split(k.from) {axis=1}\n" +
				"o.int = larder.Quantize(o.float) {high=245 low=-10 scale=0.5}\ny = larder.Dequantize(o.int) {scale=0.5}"},
		{"not if the weights are computed", list(quantize, dequantize, node("Conv", "f f", "y")),
			first + "f = larder.Dequantize(q.int) {scale=0.5}\ny = Conv(f, f)"},
		{"not if the floats are read elsewhere", list(quantize, dequantize, weights, conv, node("Neg", "c", "k"), node("Add", "c k", "r"), out),
			first + "c = larder.QConv(q.int, c.weight, c.scale) {float=1 high=+Inf low=-Inf}\nk = Neg(c)\nr = Add(c, k)\n" +
				"o.int = larder.Quantize(r) {high=127 low=-128 scale=0.25}\ny = larder.Dequantize(o.int) {scale=0.25}"},
		{"an output of bytes", list(node("QuantizeLinear", "x s z", "y")), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dims := []any{1, 3, 5, 5}
			if strings.Contains(tt.name, "computed") {
				dims = []any{1, 1, 1, 1}
			}
			g := &onnx.Graph{Name: "g", Nodes: tt.nodes, Initializers: quantised(),
				Inputs: []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, dims...)}, Outputs: []*onnx.ValueInfo{{Name: "y"}}}
			b, err := graph.Build(onnxtest.File(17, g), op.All())
			if err != nil {
				t.Fatal(err)
			}
			if err := pass.Run(b, []pass.Pass{{Name: "integers", Run: pass.Integers}, {Name: "dead", Run: pass.Dead}}); err != nil {
				t.Fatal(err)
			}
			if tt.want == "" {
				tt.want = first + "y.float = larder.Dequantize(y.int) {scale=0.5}\ny = QuantizeLinear(y.float, s, z)"
				tt.want = strings.Replace(tt.want, "q.int", "y.int", 1)
			}
			if got := nodesOf(b); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// nodesOf returns the lines of a graph's nodes.
func nodesOf(g *graph.Graph) string {
	var lines []string
	for _, l := range strings.Split(g.Text(), "\n") {
		if strings.Contains(l, " = ") && !strings.HasPrefix(l, "let ") {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "\n")
}
