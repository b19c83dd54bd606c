package model_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"larder/model"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

func node(typ, in, out string, attrs ...*onnx.Attribute) *onnx.Node {
	return onnxtest.Op(typ, strings.Fields(in), strings.Fields(out), attrs...)
}

// sum is a model of y[N 3] = a[N 3] + b[N 3] + w[3], and s = the shape of y.
func sum() *onnx.Model {
	return onnxtest.File(17, &onnx.Graph{
		Name:         "sum",
		Nodes:        []*onnx.Node{node("Add", "a b", "c"), node("Add", "c w", "y"), node("Shape", "y", "s")},
		Inputs:       []*onnx.ValueInfo{onnxtest.Info("a", tensor.Float32, "N", 3), onnxtest.Info("b", tensor.Float32, "N", 3)},
		Outputs:      []*onnx.ValueInfo{onnxtest.Info("y", tensor.Float32, "N", 3), onnxtest.Info("s", tensor.Int64, 2)},
		Initializers: []*onnx.Tensor{{Name: "w", Data: tensor.Vector[float32](1, 2, 3)}},
	})
}

func session(t testing.TB, m *onnx.Model) *model.Session {
	t.Helper()
	s, err := model.Load(onnxtest.Model(m), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func floats(t testing.TB, dims []int, v ...float32) *tensor.Tensor {
	t.Helper()
	x, err := tensor.Of(v, dims...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestRun(t *testing.T) {
	s := session(t, sum())
	a := floats(t, []int{2, 3}, 1, 2, 3, 4, 5, 6)
	out, err := s.Run(context.Background(), map[string]*tensor.Tensor{"a": a, "b": a})
	if err != nil {
		t.Fatal(err)
	}
	if got := tensor.Data[float32](out["y"]); !slices.Equal(got, []float32{3, 6, 9, 9, 12, 15}) {
		t.Errorf("y is %v", got)
	}
	if got := tensor.Data[int64](out["s"]); !slices.Equal(got, []int64{2, 3}) {
		t.Errorf("s is %v", got)
	}
}

func TestPorts(t *testing.T) {
	s := session(t, sum())
	var got []string
	for _, p := range append(s.Inputs(), s.Outputs()...) {
		got = append(got, p.Name+" "+p.String())
	}
	want := []string{"a float32[N 3]", "b float32[N 3]", "y float32[N 3]", "s int64[2]"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDefaults(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ir    int64
		given string // the error if w is given
	}{{"IR 3", 3, "constant of this model"}, {"IR 8", 8, ""}} {
		t.Run(tt.name, func(t *testing.T) {
			m := sum()
			m.IRVersion = tt.ir
			m.Graph.Inputs = append(m.Graph.Inputs, onnxtest.Info("w", tensor.Float32, 3))
			s := session(t, m)
			a := floats(t, []int{1, 3}, 1, 2, 3)
			in := map[string]*tensor.Tensor{"a": a, "b": a}
			out, err := s.Run(context.Background(), in)
			if err != nil || tensor.Data[float32](out["y"])[2] != 9 {
				t.Errorf("without w: %v, %v", out, err)
			}
			in["w"] = tensor.Vector[float32](0, 0, 10)
			out, err = s.Run(context.Background(), in)
			if tt.given != "" {
				if err == nil || !strings.Contains(err.Error(), tt.given) {
					t.Errorf("with w: %v", err)
				}
			} else if err != nil || tensor.Data[float32](out["y"])[2] != 16 {
				t.Errorf("with w: %v, %v", out, err)
			}
		})
	}
}

func TestInvalidInputs(t *testing.T) {
	s := session(t, sum())
	good := floats(t, []int{1, 3}, 1, 2, 3)
	tests := []struct {
		name string
		in   map[string]*tensor.Tensor
		text string
	}{
		{"nothing", nil, `input "a" is missing: it must be float32[N 3]`},
		{"one missing", map[string]*tensor.Tensor{"a": good}, `input "b" is missing`},
		{"nil", map[string]*tensor.Tensor{"a": good, "b": nil}, `input "b" is nil`},
		{"another name", map[string]*tensor.Tensor{"a": good, "B": good}, `no input "B": its inputs are "a", "b"`},
		{"weight", map[string]*tensor.Tensor{"a": good, "b": good, "w": good}, `no input "w"`},
		{"type", map[string]*tensor.Tensor{"a": good, "b": tensor.Must(tensor.New(tensor.Float64, 1, 3))}, `has type float64, it must be float32`},
		{"rank", map[string]*tensor.Tensor{"a": good, "b": floats(t, []int{3}, 1, 2, 3)}, `has 1 dimensions [3], it must have 2: float32[N 3]`},
		{"size", map[string]*tensor.Tensor{"a": good, "b": floats(t, []int{1, 2}, 1, 2)}, `has size 2 in dimension 1, it must be 3`},
		{"symbol", map[string]*tensor.Tensor{"a": good, "b": floats(t, []int{2, 3}, 1, 2, 3, 4, 5, 6)}, `has "N" = 2 in dimension 0, but it is 1 in input "a"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.Run(context.Background(), tt.in)
			var e *model.Error
			if !errors.As(err, &e) || e.Code != model.InvalidInput || !strings.Contains(e.Detail, tt.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestRunErrors has inputs that keep to the declaration but not to what the
// graph does with them.
func TestRunErrors(t *testing.T) {
	m := onnxtest.File(17, &onnx.Graph{
		Nodes:   []*onnx.Node{node("Reshape", "x d", "y")},
		Inputs:  []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, nil), onnxtest.Info("d", tensor.Int64, nil)},
		Outputs: []*onnx.ValueInfo{onnxtest.Info("y", tensor.Float32)},
	})
	_, err := session(t, m).Run(context.Background(), map[string]*tensor.Tensor{"x": tensor.Vector[float32](1, 2), "d": tensor.Vector[int64](7)})
	var e *model.Error
	if !errors.As(err, &e) || e.Code != model.InvalidInput || e.Op != "Reshape" || e.Opset != 17 ||
		e.Node != `graph.node[0]("make_y")` || !slices.Equal(e.Inputs, []string{"float32[2]", "int64[1]"}) {
		t.Errorf("got %+v", err)
	}
}

func TestAborted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	a := floats(t, []int{1, 3}, 1, 2, 3)
	_, err := session(t, sum()).Run(ctx, map[string]*tensor.Tensor{"a": a, "b": a})
	var e *model.Error
	if !errors.As(err, &e) || e.Code != model.Aborted || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestClose(t *testing.T) {
	s := session(t, sum())
	s.Close()
	s.Close()
	_, err := s.Run(context.Background(), nil)
	var e *model.Error
	if !errors.As(err, &e) || e.Code != model.Closed {
		t.Errorf("got %v", err)
	}
}

func TestLoadErrors(t *testing.T) {
	file := onnxtest.Model(sum())
	changed := func(f func(*onnx.Graph)) []byte {
		m := sum()
		f(m.Graph)
		return onnxtest.Model(m)
	}
	tests := []struct {
		name string
		file []byte
		code model.Code
		text string
	}{
		{"empty", nil, model.InvalidModel, "empty"},
		{"truncated", file[:len(file)/2], model.InvalidModel, "needs"},
		{"text", []byte("not a model at all"), model.InvalidModel, "is this an ONNX file?"},
		{"cycle", changed(func(g *onnx.Graph) { g.Nodes[0].Inputs[0] = "y" }), model.InvalidModel, "cycle"},
		{"missing initializer", changed(func(g *onnx.Graph) { g.Initializers = nil }), model.InvalidModel, `reads "w"`},
		{"name twice", changed(func(g *onnx.Graph) { g.Nodes[1].Outputs[0] = "c" }), model.InvalidModel, "made twice"},
		{"wrong type", changed(func(g *onnx.Graph) { g.Initializers[0].Data = tensor.Vector[int64](1, 2, 3) }), model.InvalidModel, "Add opset 17"},
		{"wrong shape", changed(func(g *onnx.Graph) { g.Initializers[0].Data = tensor.Vector[float32](1, 2) }), model.InvalidModel, "float32[2]"},
		{"huge dimension", changed(func(g *onnx.Graph) { g.Inputs[0] = onnxtest.Info("a", tensor.Float32, math.MaxInt64) }),
			model.InvalidModel, "a dimension of"},
		{"unsupported operators", changed(func(g *onnx.Graph) { g.Nodes[0].Type, g.Nodes[1].Type = "Frobnicate", "Wobble" }),
			model.UnsupportedOperator, "Wobble opset 17"},
		{"float6", onnxtest.Msg{}.Bytes(7, onnxtest.Msg{}.Bytes(5, onnxtest.Msg{}.Varint(1, 1).Varint(2, 27).Text(8, "w"))),
			model.UnsupportedOperator, "type(27)"},
		{"external data", onnxtest.Msg{}.Bytes(7, onnxtest.Msg{}.Bytes(5, onnxtest.Msg{}.Varint(1, 1).Varint(2, 1).Text(8, "w").Varint(14, 1))),
			model.UnsupportedOperator, "another file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := model.Load(tt.file, model.Options{})
			var e *model.Error
			if !errors.As(err, &e) || e.Code != tt.code || !strings.Contains(e.Detail, tt.text) {
				t.Errorf("got %v", err)
			}
		})
	}
	_, err := model.Load(file, model.Options{MaxBytes: 10})
	var e *model.Error
	if !errors.As(err, &e) || e.Code != model.InvalidModel {
		t.Errorf("a file over the limit: %v", err)
	}
}

// TestSmallFilesStaySmall has files that ask for gigabytes, when they are
// loaded or when they run.
func TestSmallFilesStaySmall(t *testing.T) {
	bomb := func(nodes ...*onnx.Node) *onnx.Model {
		return onnxtest.File(17, &onnx.Graph{Nodes: nodes,
			Inputs:  []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, nil)},
			Outputs: []*onnx.ValueInfo{onnxtest.Info("y", tensor.Float32)},
			Initializers: []*onnx.Tensor{{Name: "d", Data: tensor.Vector[int64](1 << 30)}, {Name: "one", Data: tensor.Vector[float32](1)},
				{Name: "m", Data: tensor.Vector[int64](1 << 28)}},
		})
	}
	tests := []struct {
		name string
		m    *onnx.Model
	}{
		{"ConstantOfShape", bomb(node("ConstantOfShape", "d", "y"))},
		{"Expand a constant", bomb(node("Expand", "one d", "y"))},
		{"Expand the input", bomb(node("Expand", "x d", "y"))},
		{"Tile", bomb(node("Tile", "x d", "y"))},
		{"half and half", bomb(node("Expand", "x m", "a"), node("Expand", "x m", "b"), node("Concat", "a b", "y", onnxtest.Attr("axis", int64(0))))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			s, err := model.Load(onnxtest.Model(tt.m), model.Options{MaxRunBytes: 64 << 20})
			if err == nil {
				_, err = s.Run(context.Background(), map[string]*tensor.Tensor{"x": tensor.Vector[float32](1)})
			}
			runtime.ReadMemStats(&after)
			var e *model.Error
			if !errors.As(err, &e) {
				t.Errorf("got %v", err)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
				t.Errorf("%d bytes allocated", used)
			}
		})
	}
}

// FuzzLoad checks that no file panics, hangs or takes much memory, loaded and
// run, and that every error is typed.
func FuzzLoad(f *testing.F) {
	f.Add([]byte{})
	f.Add(onnxtest.Model(sum()))
	conv := onnxtest.File(13, &onnx.Graph{
		Nodes: []*onnx.Node{node("Conv", "x w", "c", onnxtest.Attr("pads", []int64{1, 1, 1, 1})), node("Relu", "c", "r"),
			node("GlobalAveragePool", "r", "g"), node("Flatten", "g", "f"), node("Softmax", "f", "y")},
		Inputs:       []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, 1, 2, 4, 4)},
		Outputs:      []*onnx.ValueInfo{onnxtest.Info("y", tensor.Float32, 1, 3)},
		Initializers: []*onnx.Tensor{{Name: "w", Data: tensor.Must(tensor.New(tensor.Float32, 3, 2, 3, 3))}},
	})
	f.Add(onnxtest.Model(conv))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := model.Load(b, model.Options{MaxBytes: 1 << 20, MaxRunBytes: 1 << 20})
		if err == nil {
			in := map[string]*tensor.Tensor{}
			for _, p := range s.Inputs() {
				if x := example(p); x != nil {
					in[p.Name] = x
				}
			}
			_, err = s.Run(context.Background(), in)
			s.Close()
		}
		var e *model.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("untyped error %v", err)
		}
		if e != nil && e.Code == model.Internal {
			t.Errorf("a defect of ours: %v", err)
		}
	})
}

// example makes a tensor that a port takes, or nil if that would be large.
func example(p model.Port) *tensor.Tensor {
	dims := make([]int, len(p.Dims))
	for i, d := range p.Dims {
		if dims[i] = d.Size; d.Size < 0 {
			dims[i] = 2
		}
	}
	if n, err := tensor.Shape(dims).Elems(); err != nil || n > 1<<12 {
		return nil
	}
	x, err := tensor.New(p.DType, dims...)
	if err != nil {
		return nil
	}
	return x
}
