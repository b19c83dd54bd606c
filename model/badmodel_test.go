package model_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"larder/model"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// badModel is a file that must be refused: when it is loaded, or when it runs on
// x, a float32 tensor of [1 3 8 8].
type badModel struct {
	name string
	file []byte
	code model.Code
	text string // part of the message
}

// pictureNet returns a file of one input x [1 3 8 8] and these nodes, which make y.
// change alters the graph.
func pictureNet(change func(*onnx.Graph), nodes ...*onnx.Node) []byte {
	g := &onnx.Graph{
		Nodes:   nodes,
		Inputs:  []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, 1, 3, 8, 8)},
		Outputs: []*onnx.ValueInfo{onnxtest.Info("y", tensor.Float32)},
		Initializers: []*onnx.Tensor{
			{Name: "w", Data: tensor.Must(tensor.New(tensor.Float32, 4, 3, 3, 3))},
			{Name: "huge", Data: tensor.Vector[int64](1<<40, 1<<40)},
			{Name: "wide", Data: tensor.Vector[int64](1<<31-1, 1<<31-1, 1<<31-1, 1<<31-1)},
			{Name: "scales", Data: tensor.Vector[float32](1, 1, 1e30, 1e30)},
			{Name: "cut", Data: tensor.Vector[int64](0, 0, -100, 0, 0, 0, -100, 0)},
			{Name: "grow", Data: tensor.Vector[int64](0, 0, 1<<40, 0, 0, 0, 1<<40, 0)},
			{Name: "one", Data: tensor.Vector[float32](1)},
		},
	}
	if change != nil {
		change(g)
	}
	return onnxtest.Model(onnxtest.File(17, g))
}

// declared returns a file with one weight whose header says dims and, of data,
// bytes of a field.
func declared(dtype int64, bytes int, dims ...int64) []byte {
	w := onnxtest.Msg{}
	for _, d := range dims {
		w = w.Varint(1, d)
	}
	w = w.Varint(2, dtype).Text(8, "w").Bytes(9, make([]byte, bytes))
	return onnxtest.Msg{}.Varint(1, 8).Bytes(7, onnxtest.Msg{}.Bytes(5, w))
}

func badModels() []badModel {
	conv := func(attrs ...*onnx.Attribute) []byte { return pictureNet(nil, node("Conv", "x w", "y", attrs...)) }
	pool := func(typ string, attrs ...*onnx.Attribute) []byte {
		return pictureNet(nil, node(typ, "x", "y", append(attrs, onnxtest.Attr("kernel_shape", []int64{2, 2}))...))
	}
	ints := func(name string, v ...int64) *onnx.Attribute { return onnxtest.Attr(name, v) }
	const float32Type = 1
	invalid, unsupported := model.InvalidModel, model.UnsupportedOperator
	return []badModel{
		{"cycle of two", pictureNet(nil, node("Add", "x b", "a"), node("Add", "x a", "b"), node("Relu", "b", "y")), invalid, "cycle"},
		{"cycle of one", pictureNet(nil, node("Add", "x y", "y")), invalid, "cycle"},
		{"missing initialiser", pictureNet(nil, node("Conv", "x v", "y")), invalid, `reads "v"`},
		{"missing output", pictureNet(nil, node("Relu", "x", "z")), invalid, `"y"`},
		{"external data", onnxtest.Msg{}.Bytes(7, onnxtest.Msg{}.Bytes(5, onnxtest.Msg{}.Varint(1, 1).Varint(2, 1).Text(8, "w").Varint(14, 1))), unsupported, "another file"},

		{"weights of huge dims", declared(float32Type, 4, 1<<31, 1<<31), invalid, ""},
		{"weights whose size overflows", declared(float32Type, 4, 1<<62, 4), invalid, ""},
		{"weights of negative dims", declared(float32Type, 4, -1, 4), invalid, ""},
		{"weights with less than their dims", declared(float32Type, 4, 1<<20), invalid, ""},
		{"weights with more than their dims", declared(float32Type, 8, 1), invalid, ""},
		{"weights of no type", declared(99, 4, 1), unsupported, ""},
		{"input of huge dims", pictureNet(func(g *onnx.Graph) { g.Inputs[0] = onnxtest.Info("x", tensor.Float32, 1<<31-1, 1<<31-1) }, node("Relu", "x", "y")), "", ""},

		{"weights of another type", pictureNet(func(g *onnx.Graph) { g.Initializers[0].Data = tensor.Must(tensor.New(tensor.Int64, 4, 3, 3, 3)) }, node("Conv", "x w", "y")), invalid, "Conv"},
		{"input of another type", pictureNet(func(g *onnx.Graph) { g.Inputs[0] = onnxtest.Info("x", tensor.Int64, 1, 3, 8, 8) }, node("Conv", "x w", "y")), invalid, "Conv"},
		{"text for floats", pictureNet(func(g *onnx.Graph) { g.Inputs[0] = onnxtest.Info("x", tensor.String, 1, 3, 8, 8) }, node("Relu", "x", "y")), "", "Relu"},

		{"conv, negative pads", conv(ints("pads", -1, -1, -1, -1)), invalid, "pads"},
		{"conv, huge pads", conv(ints("pads", 1<<40, 1<<40, 1<<40, 1<<40)), invalid, "pads"},
		{"conv, large pads", conv(ints("pads", 1<<30, 1<<30, 1<<30, 1<<30)), "", ""},
		{"conv, no stride", conv(ints("strides", 0, 1)), invalid, "strides"},
		{"conv, negative stride", conv(ints("strides", -1, 1)), invalid, "strides"},
		{"conv, huge dilation", conv(ints("dilations", 1<<30, 1<<30)), invalid, "kernel reaches"},
		{"conv, odd groups", conv(onnxtest.Attr("group", int64(-3))), invalid, "group"},
		{"pool, negative pads", pool("MaxPool", ints("pads", 0, 0, -2, 0)), invalid, "pads"},
		{"mean pool, negative pads", pool("AveragePool", ints("pads", -1, 0, 0, 0)), invalid, "pads"},
		{"pool, huge pads", pool("MaxPool", ints("pads", 1<<31-1, 1<<31-1, 1<<31-1, 1<<31-1)), "", ""},
		{"pad, cut away", pictureNet(nil, node("Pad", "x cut", "y")), "", "Pad"},
		{"pad, huge", pictureNet(nil, node("Pad", "x grow", "y")), "", "Pad"},
		{"transposed conv, huge output", pictureNet(func(g *onnx.Graph) { g.Initializers[0].Data = tensor.Must(tensor.New(tensor.Float32, 3, 4, 3, 3)) },
			node("ConvTranspose", "x w", "y", ints("strides", 1<<28, 1<<28))), "", "ConvTranspose"},

		{"reshape to what overflows", pictureNet(nil, node("Reshape", "x huge", "y")), "", "Reshape"},
		{"expand to what overflows", pictureNet(nil, node("Expand", "x wide", "y")), "", "Expand"},
		{"tile to what overflows", pictureNet(nil, node("Tile", "x wide", "y")), "", "Tile"},
		{"constant of a shape that overflows", pictureNet(nil, node("ConstantOfShape", "huge", "c"), node("Relu", "c", "y")), "", "ConstantOfShape"},
		{"resize to what overflows", pictureNet(nil, onnxtest.Op("Resize", []string{"x", "", "scales"}, []string{"y"})), "", "Resize"},
		{"one-hot of what overflows", pictureNet(func(g *onnx.Graph) {
			g.Initializers = append(g.Initializers, &onnx.Tensor{Name: "n", Data: tensor.Vector[int64](1 << 50)}, &onnx.Tensor{Name: "v", Data: tensor.Vector[float32](0, 1)})
		}, node("OneHot", "x n v", "y")), "", "OneHot"},
		{"flatten out of range", pictureNet(nil, node("Flatten", "x", "y", onnxtest.Attr("axis", int64(math.MinInt64)))), invalid, "axis"},
		{"concat out of range", pictureNet(nil, node("Concat", "x x", "y", onnxtest.Attr("axis", int64(math.MaxInt64)))), invalid, "axis"},
		{"transpose twice the same", pictureNet(nil, node("Transpose", "x", "y", ints("perm", 0, 0, 1, 2))), invalid, "given twice"},
	}
}

// maxBadBytes is what may be allocated to refuse a small file: the table of the
// operators, the decoded file and the message.
const maxBadBytes = 1 << 20

// refuse loads and runs a file, and returns the error and what that allocated.
func refuse(file []byte) (err error, bytes uint64) {
	x := tensor.Must(tensor.New(tensor.Float32, 1, 3, 8, 8))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := model.Load(file, model.Options{})
	if err == nil {
		_, err = s.Run(context.Background(), map[string]*tensor.Tensor{"x": x})
		s.Close()
	}
	runtime.ReadMemStats(&after)
	return err, after.TotalAlloc - before.TotalAlloc
}

// TestBadModels has every kind of file that is wrong or asks for too much: each
// is a typed error and costs little, which also bounds the time.
func TestBadModels(t *testing.T) {
	if err, used := refuse(pictureNet(nil, node("Conv", "x w", "y"))); err != nil || used > maxBadBytes {
		t.Fatalf("a good file: %v, %d bytes", err, used)
	}
	for _, tt := range badModels() {
		t.Run(tt.name, func(t *testing.T) {
			err, used := refuse(tt.file)
			var e *model.Error
			if !errors.As(err, &e) || e.Code == model.Internal || e.Code == model.Aborted {
				t.Fatalf("got %v", err)
			}
			if tt.code != "" && e.Code != tt.code || !strings.Contains(e.Detail, tt.text) {
				t.Errorf("%s: %v; want %s: %q", e.Code, err, tt.code, tt.text)
			}
			if used > maxBadBytes {
				t.Errorf("%d bytes allocated", used)
			}
		})
	}
}

// TestTruncatedModels cuts a good file everywhere: each part is refused or, where
// only the end of a list is missing, another model.
func TestTruncatedModels(t *testing.T) {
	file := pictureNet(nil, node("Conv", "x w", "a", onnxtest.Attr("pads", []int64{1, 1, 1, 1})), node("Relu", "a", "y"))
	for n := range len(file) {
		err, used := refuse(file[:n])
		var e *model.Error
		if err != nil && (!errors.As(err, &e) || e.Code == model.Internal) || n < len(file)/2 && err == nil {
			t.Fatalf("%d of %d bytes: %v", n, len(file), err)
		}
		if used > maxBadBytes {
			t.Fatalf("%d of %d bytes: %d bytes allocated", n, len(file), used)
		}
	}
}

// TestHeavyConstants has small files that would take minutes if what is constant
// in them were computed while they are loaded: the test would not end.
func TestHeavyConstants(t *testing.T) {
	letters := "abcdefg"
	names := make([]string, len(letters))
	for i := range names {
		names[i] = "v"
	}
	einsum := node("Einsum", strings.Join(names, " "), "c", onnxtest.Attr("equation", strings.Join(strings.Split(letters, ""), ",")+"->"))
	vector := func(n int) func(g *onnx.Graph) {
		return func(g *onnx.Graph) {
			g.Initializers = append(g.Initializers, &onnx.Tensor{Name: "v", Data: tensor.Must(tensor.New(tensor.Float32, n))})
		}
	}
	for _, tt := range []struct {
		name string
		file []byte
	}{
		{"einsum", pictureNet(vector(32), einsum, node("Add", "x c", "y"))}, // 2³⁵ products
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := model.Load(tt.file, model.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
		})
	}
}
