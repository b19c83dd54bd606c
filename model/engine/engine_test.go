package engine_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"weak"

	"larder/model/engine"
	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/op"
	"larder/model/tensor"
)

func node(typ, in, out string, attrs ...*onnx.Attribute) *onnx.Node {
	return onnxtest.Op(typ, strings.Fields(in), strings.Fields(out), attrs...)
}

// prepare makes a program with an input x [N], a constant w and outputs.
func prepare(t testing.TB, reg *op.Registry, limit int64, outputs string, nodes ...*onnx.Node) engine.Program {
	t.Helper()
	g := &onnx.Graph{Name: "g", Nodes: nodes,
		Initializers: []*onnx.Tensor{{Name: "w", Data: tensor.Vector[float32](1, 2)}, {Name: "big", Data: tensor.Vector[int64](1<<20, 4)}},
		Inputs:       []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, "N")}}
	for _, name := range strings.Fields(outputs) {
		g.Outputs = append(g.Outputs, &onnx.ValueInfo{Name: name})
	}
	b, err := graph.Build(onnxtest.File(17, g), reg)
	if err != nil {
		t.Fatal(err)
	}
	p, err := engine.Reference{MaxBytes: limit}.Prepare(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRun(t *testing.T) {
	tests := []struct {
		name    string
		outputs string
		nodes   []*onnx.Node
		want    [][]float32
	}{
		{"chain", "c", []*onnx.Node{node("Add", "x w", "a"), node("Neg", "a", "b"), node("Add", "b x", "c")}, [][]float32{{-1, -2}}},
		{"same value twice", "b", []*onnx.Node{node("Add", "x x", "a"), node("Add", "a a", "b")}, [][]float32{{40, 80}}},
		{"value in the middle is an output too", "b a", []*onnx.Node{node("Add", "x w", "a"), node("Neg", "a", "b")},
			[][]float32{{-11, -22}, {11, 22}}},
		{"input and constant as outputs", "x w", nil, [][]float32{{10, 20}, {1, 2}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := prepare(t, op.All(), 0, tt.outputs, tt.nodes...)
			defer p.Close()
			for range 2 { // the second run must not see the first
				out, err := p.Run(context.Background(), []*tensor.Tensor{tensor.Vector[float32](10, 20)})
				if err != nil {
					t.Fatal(err)
				}
				for i, want := range tt.want {
					if got := tensor.Data[float32](out[i]); !slices.Equal(got, want) {
						t.Errorf("output %d is %v, want %v", i, got, want)
					}
				}
			}
		})
	}
}

// TestDefaultsStay feeds an input that has a default, and then does not.
func TestDefaultsStay(t *testing.T) {
	g := &onnx.Graph{Nodes: []*onnx.Node{node("Neg", "w", "y")}, Inputs: []*onnx.ValueInfo{onnxtest.Info("w", tensor.Float32, 2)},
		Outputs: []*onnx.ValueInfo{{Name: "y"}}, Initializers: []*onnx.Tensor{{Name: "w", Data: tensor.Vector[float32](1, 2)}}}
	b, err := graph.Build(onnxtest.File(17, g), op.All())
	if err != nil {
		t.Fatal(err)
	}
	p, err := engine.Reference{}.Prepare(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		feed *tensor.Tensor
		want []float32
	}{{nil, []float32{-1, -2}}, {tensor.Vector[float32](3, 4), []float32{-3, -4}}, {nil, []float32{-1, -2}}} {
		out, err := p.Run(context.Background(), []*tensor.Tensor{tt.feed})
		if err != nil || !slices.Equal(tensor.Data[float32](out[0]), tt.want) {
			t.Errorf("feed %v gives %v, %v", tt.feed, out, err)
		}
	}
}

func TestInvalidFeeds(t *testing.T) {
	p := prepare(t, op.All(), 0, "y", node("Relu", "x", "y"))
	for _, feeds := range [][]*tensor.Tensor{nil, {nil}, {tensor.Scalar[float32](1), nil}} {
		if out, err := p.Run(context.Background(), feeds); err == nil {
			t.Errorf("feeds %v give %v", feeds, out)
		}
	}
}

// step is an operator that calls run with its input and returns it.
type step struct{ run func(x *tensor.Tensor) }

func (step) Infer(in []op.Value) ([]op.Value, error) { return in[:1], nil }
func (s step) Run(in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	s.run(in[0])
	return []*tensor.Tensor{tensor.Vector(tensor.Data[float32](in[0])...)}, nil
}

// steps returns a registry with one operator, Step.
func steps(run func(x *tensor.Tensor)) *op.Registry {
	return op.NewRegistry([]op.Entry{{Type: "Step", Since: 1, New: func(op.Node) (op.Operator, error) { return step{run}, nil }}})
}

func chain(n int) []*onnx.Node {
	names := strings.Split("x a b c d e f g h i j k", " ")
	var nodes []*onnx.Node
	for i := range n {
		nodes = append(nodes, node("Step", names[i], names[i+1]))
	}
	return nodes
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	ran := 0
	p := prepare(t, steps(func(*tensor.Tensor) {
		if ran++; ran == 3 {
			cancel()
		}
	}), 0, "j", chain(10)...)
	out, err := p.Run(ctx, []*tensor.Tensor{tensor.Vector[float32](1)})
	if !errors.Is(err, context.Canceled) || out != nil || ran != 3 {
		t.Errorf("%d steps ran, then %v, %v", ran, out, err)
	}
}

func TestCancelInTheLastStep(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p := prepare(t, steps(func(*tensor.Tensor) { cancel() }), 0, "a", chain(1)...)
	if out, err := p.Run(ctx, []*tensor.Tensor{tensor.Vector[float32](1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestPanicIsAnError(t *testing.T) {
	p := prepare(t, steps(func(*tensor.Tensor) { panic("oops") }), 0, "a", chain(1)...)
	_, err := p.Run(context.Background(), []*tensor.Tensor{tensor.Vector[float32](1)})
	var e *graph.NodeError
	var cause *graph.PanicError
	if !errors.As(err, &e) || !errors.As(err, &cause) || e.Op != "Step" || len(e.Inputs) != 1 || len(cause.Stack) == 0 {
		t.Errorf("got %v", err)
	}
}

// TestValuesAreReleased looks at each step whether the value two steps back is
// still held.
func TestValuesAreReleased(t *testing.T) {
	var seen []weak.Pointer[tensor.Tensor]
	p := prepare(t, steps(func(x *tensor.Tensor) {
		seen = append(seen, weak.Make(x))
		if n := len(seen); n >= 4 {
			runtime.GC()
			if old := seen[n-3].Value(); old != nil {
				t.Errorf("in step %d, the input of step %d is still held: %v", n-1, n-3, old)
			}
		}
	}), 0, "j", chain(10)...)
	if _, err := p.Run(context.Background(), []*tensor.Tensor{tensor.Vector[float32](1)}); err != nil {
		t.Fatal(err)
	}
}

// spy is an operator that remembers whether it was shown the elements of its
// input before the run.
type spy struct{ shown *bool }

func (s spy) Infer(in []op.Value) ([]op.Value, error) {
	*s.shown = in[0].Const != nil
	return in[:1], nil
}
func (spy) Run(in []*tensor.Tensor) ([]*tensor.Tensor, error) { return in[:1], nil }

func TestOnlySteeringValuesAreShown(t *testing.T) {
	var shown bool
	reg := op.NewRegistry([]op.Entry{{Type: "Spy", Since: 1, New: func(op.Node) (op.Operator, error) { return spy{&shown}, nil }}})
	p := prepare(t, reg, 0, "y", node("Spy", "x", "y"))
	for n, want := range map[int]bool{1: true, 2 * tensor.MaxRank: true, 2*tensor.MaxRank + 1: false} {
		if _, err := p.Run(context.Background(), []*tensor.Tensor{tensor.Must(tensor.New(tensor.Float32, n))}); err != nil {
			t.Fatal(err)
		}
		if shown != want {
			t.Errorf("%d elements shown: %v", n, shown)
		}
	}
}

func TestMemoryLimit(t *testing.T) {
	one := []*tensor.Tensor{tensor.Vector[float32](1)}
	tests := []struct {
		name  string
		limit int64
		ok    bool
	}{
		{"enough", 17 << 20, true},
		{"too little", 15 << 20, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// 16 MiB, made from a small file.
			p := prepare(t, op.All(), tt.limit, "s", node("Expand", "x big", "a"), node("Shape", "a", "s"))
			_, err := p.Run(context.Background(), one)
			var e *engine.MemoryError
			var n *graph.NodeError
			if tt.ok && err != nil || !tt.ok && (!errors.As(err, &e) || !errors.As(err, &n) || n.Op != "Expand") {
				t.Errorf("got %v", err)
			}
		})
	}
	// Two such values one after the other need 16 MiB at a time only if the
	// first is released; Neg needs both.
	p := prepare(t, op.All(), 20<<20, "s", node("Expand", "x big", "a"), node("Shape", "a", "s"), node("Expand", "x big", "b"), node("Shape", "b", "s2"))
	if _, err := p.Run(context.Background(), one); err != nil {
		t.Errorf("one after the other: %v", err)
	}
	p = prepare(t, op.All(), 20<<20, "b", node("Expand", "x big", "a"), node("Neg", "a", "b"))
	if _, err := p.Run(context.Background(), one); err == nil {
		t.Error("32 MiB fit into 20")
	}
}

func BenchmarkSteps(b *testing.B) {
	p := prepare(b, steps(func(*tensor.Tensor) {}), 0, "j", chain(10)...)
	x := []*tensor.Tensor{tensor.Vector[float32](1)}
	for b.Loop() {
		if _, err := p.Run(context.Background(), x); err != nil {
			b.Fatal(err)
		}
	}
}
