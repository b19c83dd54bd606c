package quantize_test

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"larder/model/engine"
	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/op"
	"larder/model/pass"
	"larder/model/quantize"
	"larder/model/tensor"
)

func noise(r *rand.Rand, dims ...int) *tensor.Tensor {
	t := tensor.Must(tensor.New(tensor.Float32, dims...))
	for i := range tensor.Data[float32](t) {
		tensor.Data[float32](t)[i] = 2*r.Float32() - 1
	}
	return t
}

func node(typ, in, out string, attrs ...*onnx.Attribute) *onnx.Node {
	return onnxtest.Op(typ, strings.Fields(in), strings.Fields(out), attrs...)
}

func ints(name string, v ...int64) *onnx.Attribute { return onnxtest.Attr(name, v) }

// net is a small classifier with everything that is quantised in it: a
// convolution with batch normalisation, a depthwise one, a residual, a pool, a
// concatenation, a mean and a dense layer.
func net(opset int64) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	g := &onnx.Graph{Name: "net", Inputs: []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, "N", 3, 12, 12)},
		Outputs: []*onnx.ValueInfo{onnxtest.Info("y", tensor.Float32, "N", 5)}}
	let := func(name string, t *tensor.Tensor) {
		g.Initializers = append(g.Initializers, &onnx.Tensor{Name: name, Data: t})
	}
	let("w1", noise(r, 8, 3, 3, 3))
	let("w2", noise(r, 8, 1, 3, 3))
	let("b2", noise(r, 8))
	let("w3", noise(r, 8, 8, 1, 1))
	let("w4", noise(r, 5, 16))
	let("b4", noise(r, 5))
	let("six", tensor.Scalar[float32](6))
	let("zero", tensor.Scalar[float32](0))
	for _, name := range []string{"s", "h", "m"} {
		let(name, noise(r, 8))
	}
	let("v", tensor.Vector[float32](1, 2, 3, 1, 2, 3, 1, 2))
	g.Nodes = []*onnx.Node{
		node("Conv", "x w1", "a", ints("pads", 1, 1, 1, 1)), node("BatchNormalization", "a s h m v", "b"), node("Clip", "b zero six", "c"),
		node("Conv", "c w2 b2", "d", ints("pads", 1, 1, 1, 1), onnxtest.Attr("group", int64(8))), node("Relu", "d", "e"),
		node("Conv", "e w3", "f"), node("Add", "f c", "g"),
		node("MaxPool", "g", "p", ints("kernel_shape", 2, 2), ints("strides", 2, 2)), node("MaxPool", "e", "q", ints("kernel_shape", 2, 2), ints("strides", 2, 2)),
		node("Concat", "p q", "k", onnxtest.Attr("axis", int64(1))), node("GlobalAveragePool", "k", "l"), node("Flatten", "l", "n"),
		node("Gemm", "n w4 b4", "y", onnxtest.Attr("transB", int64(1))),
	}
	return onnxtest.Model(onnxtest.File(opset, g))
}

// load builds a file's graph and prepares it.
func load(t *testing.T, data []byte) (*graph.Graph, engine.Program) {
	t.Helper()
	f, err := onnx.Decode(data, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := graph.Build(f, op.All())
	if err != nil {
		t.Fatal(err)
	}
	if err := pass.Run(g, pass.All); err != nil {
		t.Fatal(err)
	}
	p, err := engine.Reference{}.Prepare(g)
	if err != nil {
		t.Fatal(err)
	}
	return g, p
}

// TestQuantize compares quantised nets with the net of floats on samples that
// they have not seen, and looks whether they run on integers from end to end.
func TestQuantize(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	ctx := context.Background()
	static := func(percentile float64) func([]byte) ([]byte, error) {
		return func(data []byte) ([]byte, error) {
			q, err := quantize.New(data, quantize.Options{Percentile: percentile})
			if err != nil {
				return nil, err
			}
			defer q.Close()
			for range 4 {
				if err := q.Observe(ctx, map[string]*tensor.Tensor{"x": noise(r, 2, 3, 12, 12)}); err != nil {
					return nil, err
				}
			}
			return q.Model()
		}
	}
	for _, tt := range []struct {
		name  string
		make  func([]byte) ([]byte, error)
		plain []string // operators on floats that may be left
		most  float64  // error, relative to the largest score
	}{
		{"static", static(0), []string{"larder.Dequantize"}, 0.1},
		{"percentile", static(99.9), []string{"larder.Dequantize"}, 0.1},
		{"dynamic", quantize.Dynamic, []string{"Add", "MaxPool", "Concat", "GlobalAveragePool", "Flatten", "larder.DynamicQuantize"}, 0.05},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := net(13)
			made, err := tt.make(data)
			if err != nil {
				t.Fatal(err)
			}
			_, float := load(t, data)
			g, integer := load(t, made)
			for range 3 {
				x := []*tensor.Tensor{noise(r, 2, 3, 12, 12)}
				want, err := float.Run(ctx, x)
				if err != nil {
					t.Fatal(err)
				}
				got, err := integer.Run(ctx, x)
				if err != nil {
					t.Fatal(err)
				}
				if apart := difference(got[0], want[0]); apart > tt.most || apart == 0 {
					t.Errorf("scores are %v apart, want something up to %v", apart, tt.most)
				}
			}
			for _, n := range g.Nodes {
				if name := strings.TrimPrefix(n.Domain+"."+n.Type, "."); n.Domain == "" && name != "MaxPool" && name != "Concat" && name != "Flatten" && !strings.Contains(strings.Join(tt.plain, " "), name) {
					t.Errorf("%s is left", name)
				}
			}
		})
	}
}

// difference is the largest difference relative to the largest element.
func difference(a, b *tensor.Tensor) float64 {
	apart, most := 0.0, 0.0
	for i, v := range tensor.Data[float32](b) {
		apart = max(apart, math.Abs(float64(v-tensor.Data[float32](a)[i])))
		most = max(most, math.Abs(float64(v)))
	}
	return apart / most
}

func TestRefused(t *testing.T) {
	g := &onnx.Graph{Name: "g", Inputs: []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, 2)}, Outputs: []*onnx.ValueInfo{onnxtest.Info("y", tensor.Float32, 2)},
		Nodes: []*onnx.Node{node("Relu", "x", "y")}}
	for _, tt := range []struct {
		name, want string
		data       []byte
		opt        quantize.Options
	}{
		{"no model", "quantize: ", []byte("no"), quantize.Options{}},
		{"old opset", "opset 13", net(12), quantize.Options{}},
		{"nothing to do", "nothing to quantise", onnxtest.Model(onnxtest.File(13, g)), quantize.Options{}},
		{"percentile", "percentile 30", net(13), quantize.Options{Percentile: 30}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := quantize.New(tt.data, tt.opt); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	q, err := quantize.New(net(13), quantize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Model(); err == nil {
		t.Error("a model without samples was written")
	}
	if err := q.Observe(context.Background(), nil); err == nil {
		t.Error("a sample without the input was taken")
	}
}

// TestWhere holds which values become integers: those that a product reads, as
// they are or as a function, and no others.
func TestWhere(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, tt := range []struct {
		name  string
		dims  []any
		nodes []*onnx.Node
		want  []string
	}{
		{"sum before a normalisation", []any{2, 8}, []*onnx.Node{node("MatMul", "x w", "a"), node("Add", "a v", "b"), node("Add", "b x", "c"),
			node("LayerNormalization", "c v", "d"), node("MatMul", "d w", "e"), node("Add", "v e", "f"), node("Tanh", "f", "g"), node("MatMul", "g w", "y")},
			[]string{"x", "d", "f", "g"}},
		{"gate", []any{1, 8, 3, 3}, []*onnx.Node{node("Conv", "x k", "a"), node("Sigmoid", "a", "b"), node("Mul", "a b", "c"),
			node("GlobalAveragePool", "c", "d"), node("Conv", "d k", "e"), node("Sigmoid", "e", "f"), node("Mul", "f c", "g"), node("Conv", "g k", "y")},
			[]string{"x", "a", "c", "d", "e", "f", "g"}},
		{"floats behind a move", []any{2, 8}, []*onnx.Node{node("Softmax", "x", "a"), node("Transpose", "a", "b"), node("Transpose", "b", "c"), node("MatMul", "c w", "y")},
			[]string{"c"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := &onnx.Graph{Name: "g", Nodes: tt.nodes, Inputs: []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, tt.dims...)}, Outputs: []*onnx.ValueInfo{onnxtest.Info("y", tensor.Float32)}}
			g.Outputs[0].Type = nil
			for name, data := range map[string]*tensor.Tensor{"w": noise(r, 8, 8), "v": noise(r, 8), "k": noise(r, 8, 8, 1, 1)} {
				g.Initializers = append(g.Initializers, &onnx.Tensor{Name: name, Data: data})
			}
			q, err := quantize.New(onnxtest.Model(onnxtest.File(17, g)), quantize.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer q.Close()
			var dims []int
			for _, d := range tt.dims {
				dims = append(dims, d.(int))
			}
			if err := q.Observe(context.Background(), map[string]*tensor.Tensor{"x": noise(r, dims...)}); err != nil {
				t.Fatal(err)
			}
			made, err := q.Model()
			if err != nil {
				t.Fatal(err)
			}
			f, err := onnx.Decode(made, onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, n := range f.Graph.Nodes {
				if n.Type == "QuantizeLinear" {
					got = append(got, n.Inputs[0])
				}
			}
			if strings.Join(got, " ") != strings.Join(tt.want, " ") {
				t.Errorf("integers are %v, want %v", got, tt.want)
			}
		})
	}
}
