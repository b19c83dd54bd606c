package native_test

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"larder/model/engine"
	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/op"
	"larder/model/pass"
	"larder/model/plan"
	"larder/model/tensor"
)

// host is shared by all tests, which do not run in parallel.
var host = sync.OnceValue(func() engine.Host { return &dirtyHost{Host: newHost()} })

// dirtyHost opens one memory again and again. What a program before has used is
// not zeros but NaN: a plan that reads what nobody wrote is found out.
type dirtyHost struct {
	engine.Host
	memory engine.Memory
	used   int
}

func (h *dirtyHost) Open(bytes int) (engine.Memory, error) {
	if h.memory == nil {
		m, err := h.Host.Open(bytes)
		if err != nil {
			return nil, err
		}
		h.memory = m
	}
	nan := make([]float32, (max(h.used, bytes)-kernel.ControlBytes)/4)
	for i := range nan {
		nan[i] = float32(math.NaN())
	}
	m := &dirtyMemory{h.memory, h}
	h.used = 0 // what lies behind is NaN since it was used
	if err := m.Memory.Grow(4*len(nan) + kernel.ControlBytes); err != nil {
		return nil, err
	}
	if err := m.Grow(bytes); err != nil {
		return nil, err
	}
	return m, m.Write(kernel.ControlBytes, nan)
}

type dirtyMemory struct {
	engine.Memory
	host *dirtyHost
}

func (m *dirtyMemory) Grow(bytes int) error {
	m.host.used = max(m.host.used, bytes)
	return m.Memory.Grow(bytes)
}

func (m *dirtyMemory) Close() {}

func node(typ, in, out string, attrs ...*onnx.Attribute) *onnx.Node {
	return onnxtest.Op(typ, strings.Split(in, " "), strings.Split(out, " "), attrs...)
}

func ints(name string, v ...int) *onnx.Attribute {
	list := make([]int64, len(v))
	for i, n := range v {
		list[i] = int64(n)
	}
	return onnxtest.Attr(name, list)
}

func integer(name string, v int) *onnx.Attribute { return onnxtest.Attr(name, int64(v)) }

func float(name string, v float32) *onnx.Attribute { return onnxtest.Attr(name, v) }

// noise returns a tensor of random numbers between -2 and 2.
func noise(r *rand.Rand, dims ...int) *tensor.Tensor {
	t := tensor.Must(tensor.New(tensor.Float32, dims...))
	for i := range tensor.Data[float32](t) {
		tensor.Data[float32](t)[i] = 4*r.Float32() - 2
	}
	return t
}

// positive is noise between 0.1 and 2.
func positive(r *rand.Rand, dims ...int) *tensor.Tensor {
	t := noise(r, dims...)
	for i, v := range tensor.Data[float32](t) {
		tensor.Data[float32](t)[i] = max(0.1, float32(math.Abs(float64(v))))
	}
	return t
}

// model is a graph under test: inputs and constants by name.
type model struct {
	inputs    []string // names, in order
	feeds     map[string]*tensor.Tensor
	constants map[string]*tensor.Tensor
	order     []string // of the constants
	nodes     []*onnx.Node
	outputs   []string
	opset     int64
}

func newModel() *model {
	return &model{feeds: map[string]*tensor.Tensor{}, constants: map[string]*tensor.Tensor{}, opset: 17}
}

func (m *model) in(name string, t *tensor.Tensor) {
	m.inputs = append(m.inputs, name)
	m.feeds[name] = t
}

func (m *model) let(name string, t *tensor.Tensor) {
	m.order = append(m.order, name)
	m.constants[name] = t
}

func (m *model) add(nodes ...*onnx.Node) { m.nodes = append(m.nodes, nodes...) }

// graph builds the model; every dimension of the inputs is symbolic.
func (m *model) graph(t testing.TB) *graph.Graph {
	t.Helper()
	g := &onnx.Graph{Name: "g", Nodes: m.nodes}
	for _, name := range m.inputs {
		g.Inputs = append(g.Inputs, onnxtest.Info(name, m.feeds[name].DType(), make([]any, m.feeds[name].Rank())...))
	}
	for _, name := range m.order {
		g.Initializers = append(g.Initializers, &onnx.Tensor{Name: name, Data: m.constants[name]})
	}
	if m.outputs == nil {
		m.outputs = []string{"y"}
	}
	for _, name := range m.outputs {
		g.Outputs = append(g.Outputs, &onnx.ValueInfo{Name: name})
	}
	file := onnxtest.File(m.opset, g)
	file.Opsets = append(file.Opsets, onnx.Opset{Domain: "com.microsoft", Version: 1})
	b, err := graph.Build(file, op.All())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (m *model) list() []*tensor.Tensor {
	var feeds []*tensor.Tensor
	for _, name := range m.inputs {
		feeds = append(feeds, m.feeds[name])
	}
	return feeds
}

func (m *model) shapes() map[string]tensor.Shape {
	shapes := map[string]tensor.Shape{}
	for name, t := range m.feeds {
		shapes[name] = t.Shape()
	}
	return shapes
}

// plan returns the plan after all passes.
func (m *model) plan(t testing.TB) *plan.Plan {
	t.Helper()
	g := m.graph(t)
	if err := pass.Run(g, pass.All); err != nil {
		t.Fatal(err)
	}
	p, err := plan.Build(g, plan.Options{Shapes: m.shapes(), Weights: plan.NewWeights(4096)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// check runs the model by a plan, with and without passes, and compares with the
// plain operators on the graph as it was. It returns the nodes that ran without
// a kernel.
func (m *model) check(t testing.TB, tol float64) []*graph.Node {
	t.Helper()
	want := run(t, engine.Reference{}, m.graph(t), m.list())
	for _, passes := range [][]pass.Pass{nil, pass.All} {
		g := m.graph(t)
		if err := pass.Run(g, passes); err != nil {
			t.Fatal(err)
		}
		got := run(t, engine.Planned{Host: host()}, g, m.list())
		for i := range want {
			near(t, m.outputs[i], got[i], want[i], tol)
		}
	}
	return m.plan(t).HostSteps()
}

var reference = engine.Reference{}

func planned() engine.Planned { return engine.Planned{Host: host()} }

// optimised returns the graph after all passes.
func optimised(t testing.TB, m *model) *graph.Graph {
	t.Helper()
	g := m.graph(t)
	if err := pass.Run(g, pass.All); err != nil {
		t.Fatal(err)
	}
	return g
}

func run(t testing.TB, e engine.Engine, g *graph.Graph, feeds []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	p, err := e.Prepare(g)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out, err := p.Run(context.Background(), feeds)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// near fails unless got is within tol of want, absolutely or relatively.
func near(t testing.TB, name string, got, want *tensor.Tensor, tol float64) {
	t.Helper()
	if got.DType() != want.DType() || !got.Shape().Equal(want.Shape()) {
		t.Fatalf("%s is %v, want %v", name, got, want)
	}
	if got.DType() != tensor.Float32 {
		return
	}
	g, w := tensor.Data[float32](got), tensor.Data[float32](want)
	for i := range g {
		x, y := float64(g[i]), float64(w[i])
		if x != x && y != y || x == y {
			continue
		}
		if !(math.Abs(x-y) <= tol*max(1, math.Abs(y))) {
			t.Fatalf("%s %v: element %d is %g, want %g", name, want, i, x, y)
		}
	}
}
