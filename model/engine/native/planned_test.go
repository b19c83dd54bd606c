package native_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"larder/model/engine"
	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/op"
	"larder/model/tensor"
)

// convNet is a small model of pictures of any size.
func convNet(r *rand.Rand, images, side int) *model {
	m := newModel()
	m.in("x", noise(r, images, 3, side, side))
	m.let("w", noise(rand.New(rand.NewPCG(1, 1)), 6, 3, 3, 3))
	m.add(node("Conv", "x w", "a"), node("Relu", "a", "b"), node("Sinh", "b", "c"), node("GlobalAveragePool", "c", "y"))
	return m
}

func prepare(t testing.TB, e engine.Engine, m *model) engine.Program {
	t.Helper()
	p, err := e.Prepare(optimised(t, m))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// TestShapes runs one program with more shapes than it keeps plans for, again
// and again.
func TestShapes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	p := prepare(t, planned(), convNet(r, 1, 8))
	for range 3 {
		for _, s := range [][2]int{{1, 8}, {2, 8}, {1, 30}, {3, 5}, {1, 9}, {4, 4}} {
			m := convNet(r, s[0], s[1])
			got, err := p.Run(context.Background(), m.list())
			if err != nil {
				t.Fatal(err)
			}
			near(t, "y", got[0], run(t, reference, m.graph(t), m.list())[0], 1e-4)
		}
	}
}

func TestRunsAtOnce(t *testing.T) {
	m := convNet(rand.New(rand.NewPCG(3, 3)), 1, 8)
	p := prepare(t, planned(), m)
	want := run(t, reference, m.graph(t), m.list())[0]
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			got, err := p.Run(context.Background(), m.list())
			if err != nil {
				t.Error(err)
				return
			}
			near(t, "y", got[0], want, 1e-4)
		})
	}
	wg.Wait()
}

// TestConstantsAndInputsAsOutputs has values that no step makes.
func TestConstantsAndInputsAsOutputs(t *testing.T) {
	m := newModel()
	m.in("x", noise(rand.New(rand.NewPCG(1, 1)), 2, 3))
	m.let("w", tensor.Vector[float32](1, 2, 3))
	m.add(node("Add", "x w", "y"), node("Shape", "y", "s"))
	m.outputs = []string{"x", "w", "y", "s"}
	m.check(t, 1e-6)
}

// TestOtherTypes has values that are not 32-bit floats on the way.
func TestOtherTypes(t *testing.T) {
	m := newModel()
	m.in("x", noise(rand.New(rand.NewPCG(1, 1)), 2, 5))
	m.in("i", tensor.Must(tensor.Of([]int64{4, 0, 1}, 3)))
	m.add(node("Exp", "x", "e"), node("Gather", "e i", "g", integer("axis", 1)), node("Cast", "g", "d", integer("to", 11)),
		node("Neg", "d", "n"), node("Cast", "n", "f", integer("to", 1)), node("Sigmoid", "f", "y"), node("NonZero", "x", "z"))
	m.outputs = []string{"y", "z"}
	m.check(t, 1e-5)
}

// TestEmpty has values without elements.
func TestEmpty(t *testing.T) {
	m := newModel()
	m.in("x", tensor.Must(tensor.New(tensor.Float32, 0, 4)))
	m.let("w", tensor.Must(tensor.New(tensor.Float32, 4, 3)))
	m.add(node("MatMul", "x w", "a"), node("Relu", "a", "y"))
	m.check(t, 0)
}

// countingHost cancels when the n-th segment begins.
type countingHost struct {
	engine.Host
	runs, stop int
	cancel     context.CancelFunc
	closed     int
}

func (h *countingHost) Open(bytes int) (engine.Memory, error) {
	m, err := h.Host.Open(bytes)
	return &countingMemory{m, h}, err
}

type countingMemory struct {
	engine.Memory
	host *countingHost
}

func (m *countingMemory) Run(ctx context.Context, from, to int) error {
	if m.host.runs++; m.host.runs == m.host.stop {
		m.host.cancel()
	}
	return m.Memory.Run(ctx, from, to)
}

func (m *countingMemory) Close() { m.host.closed++; m.Memory.Close() }

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	h := &countingHost{Host: host(), stop: 1, cancel: cancel}
	m := convNet(rand.New(rand.NewPCG(1, 1)), 1, 8)
	p := prepare(t, engine.Planned{Host: h}, m)
	if out, err := p.Run(ctx, m.list()); !errors.Is(err, context.Canceled) || out != nil || h.runs != 1 {
		t.Errorf("%d segments ran, then %v, %v", h.runs, out, err)
	}
	if _, err := p.Run(context.Background(), m.list()); err != nil {
		t.Errorf("the next run: %v", err)
	}
}

func TestClose(t *testing.T) {
	h := &countingHost{Host: host()}
	m := convNet(rand.New(rand.NewPCG(1, 1)), 1, 8)
	p, err := engine.Planned{Host: h}.Prepare(optimised(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Run(context.Background(), m.list()); err != nil {
		t.Fatal(err)
	}
	p.Close()
	if h.closed != 1 {
		t.Errorf("the memory was closed %d times", h.closed)
	}
}

// TestMemoryLimit bounds the memory: the error names the limit and a node, and
// nothing is opened.
func TestMemoryLimit(t *testing.T) {
	m := convNet(rand.New(rand.NewPCG(1, 1)), 1, 300)
	h := &countingHost{Host: host()}
	p := prepare(t, engine.Planned{Host: h, MaxBytes: 1 << 20}, m)
	_, err := p.Run(context.Background(), m.list())
	var e *engine.MemoryError
	var n *graph.NodeError
	if !errors.As(err, &e) || !errors.As(err, &n) || e.Limit != 1<<20 {
		t.Errorf("got %v", err)
	}
}

// TestBadShapes has inputs that the graph cannot take, and one that asks for
// much: each is a typed error.
func TestBadShapes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	p := prepare(t, planned(), convNet(r, 1, 8))
	for _, x := range []*tensor.Tensor{noise(r, 1, 3, 2, 2), noise(r, 1, 4, 8, 8)} {
		_, err := p.Run(context.Background(), []*tensor.Tensor{x})
		var n *graph.NodeError
		if !errors.As(err, &n) || n.Op != "Conv" {
			t.Errorf("%v: %v", x, err)
		}
	}
	if _, err := p.Run(context.Background(), nil); err == nil {
		t.Error("no feeds are accepted")
	}
	m := newModel()
	m.in("x", tensor.Scalar[float32](1))
	m.in("s", tensor.Vector[int64](1<<14, 1<<14))
	m.add(node("Expand", "x s", "a"), node("Exp", "a", "b"), node("ReduceMax", "b", "y"))
	_, err := prepare(t, planned(), m).Run(context.Background(), m.list())
	var o *op.Error
	if !errors.As(err, &o) {
		t.Errorf("got %v", err)
	}
}

// TestDeclaredShapes has fixed shapes: weights are in memory after Prepare, and
// a graph that cannot be right is refused there.
func TestDeclaredShapes(t *testing.T) {
	for side, ok := range map[int]bool{8: true, 2: false} {
		g, err := graph.Build(onnxtest.File(17, &onnx.Graph{Name: "g", Nodes: []*onnx.Node{node("Conv", "x w", "y")},
			Inputs:       []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, 1, 3, side, side)},
			Initializers: []*onnx.Tensor{{Name: "w", Data: tensor.Must(tensor.New(tensor.Float32, 2, 3, 3, 3))}},
			Outputs:      []*onnx.ValueInfo{{Name: "y"}}}), op.All())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := planned().Prepare(g); (err == nil) != ok {
			t.Errorf("side %d: %v", side, err)
		}
	}
}

func TestProfile(t *testing.T) {
	m := convNet(rand.New(rand.NewPCG(1, 1)), 1, 8)
	for _, tt := range []struct {
		name string
		e    engine.Engine
		want []string // in the table
	}{
		{"planned", planned(), []string{"   0     1.000 ", " conv ", " plain Go           Sinh ", " larder.Conv ", " all "}},
		{"reference", reference, []string{" plain Go           Sinh ", " plain Go           larder.Conv ", " all "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clock := time.Unix(0, 0)
			var got engine.Profile
			ctx := engine.WithProfile(context.Background(), &got, func() time.Time { clock = clock.Add(time.Millisecond); return clock })
			p := prepare(t, tt.e, m)
			for range 2 { // each run starts anew
				out, err := p.Run(ctx, m.list())
				if err != nil {
					t.Fatal(err)
				}
				near(t, "y", out[0], run(t, reference, m.graph(t), m.list())[0], 1e-4)
			}
			shares, flops, hosts := 0.0, int64(0), 0
			for _, s := range got.Steps {
				shares += got.Share(s)
				flops += s.Flops
				if s.Host && s.Op == "Sinh" {
					hosts++
				}
			}
			if got.Total != time.Duration(len(got.Steps))*time.Millisecond || math.Abs(shares-1) > 1e-9 || hosts != 1 {
				t.Errorf("total is %v for %d steps, shares sum to %v, %d steps are plain Go", got.Total, len(got.Steps), shares, hosts)
			}
			if planned := tt.name == "planned"; planned != (flops > 2*6*27*6*6-1) || planned != (got.WeightBytes > 0) {
				t.Errorf("%d operations, %d bytes of weights", flops, got.WeightBytes)
			}
			for _, want := range tt.want {
				if table := got.Table(); !strings.Contains(table, want) {
					t.Errorf("no %q in\n%s", want, table)
				}
			}
		})
	}
}
