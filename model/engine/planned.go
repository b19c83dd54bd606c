package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"larder/model/graph"
	"larder/model/plan"
	"larder/model/tensor"
)

// Planned runs graphs by plans: kernels in a linear memory do the work that has
// a kernel, the plain Go operators the rest.
type Planned struct {
	// Host makes the memory.
	Host Host
	// MaxBytes bounds the memory of a model, its weights included, and the
	// values on the Go side; 0 means 2 GiB.
	MaxBytes int64

	body bool // of a node of another graph
}

// maxPlans is the number of plans that a program keeps: one for each set of
// input shapes, the latest used ones.
const maxPlans = 4

// Prepare keeps the graph. If it declares the input shapes, up to the size of the
// batch, which is taken to be 1, the plan is made here, so that the weights are in
// place; otherwise in the first run. Where no other plan can follow the graph lets
// go of its deferred constants.
func (e Planned) Prepare(g *graph.Graph) (Program, error) {
	p := &planned{engine: e, g: g, limit: e.MaxBytes}
	if p.limit == 0 {
		p.limit = defaultMaxBytes
	}
	p.weights = plan.NewWeights(weightStart)
	var err error
	if p.bodies, err = prepareBodies(g, e.forBody); err != nil {
		return nil, err
	}
	shapes, known, guessed := plan.Declared(g)
	if !known {
		return p, nil
	}
	_, err = p.prepare(shapes)
	switch {
	case guessed: // what is wrong with it may be right in a run
	case err != nil:
		p.Close()
		return nil, err
	case !e.body && len(p.bodies) == 0: // bodies share constants with what is around them
		letGo(g)
	}
	return p, nil
}

// letGo drops the deferred constants, and with them the file that they are in.
func letGo(g *graph.Graph) {
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil && v.Const != nil && v.Const.Source() != nil {
				v.Const = nil
			}
		}
	}
}

// weightStart is where weights begin: what is below belongs to the kernels.
const weightStart = 4096

// planned is a graph with its memory and plans.
type planned struct {
	engine Planned
	g      *graph.Graph
	limit  int64
	bodies bodies

	mu      sync.Mutex // held by a run
	memory  Memory
	size    int // of memory
	weights *plan.Weights
	plans   []*shapedPlan // the latest used one is first
	loaded  *plan.Plan    // whose steps are in memory
}

// shapedPlan is a plan and the input shapes that it is for.
type shapedPlan struct {
	key string
	*plan.Plan
}

// Run computes the outputs. Runs follow one another: there is one memory.
func (p *planned) Run(ctx context.Context, feeds []*tensor.Tensor) ([]*tensor.Tensor, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	pl, err := p.planFor(feeds)
	if err != nil {
		return nil, err
	}
	r := &plannedRun{program: p, plan: pl, watch: stopwatchOf(ctx), run: run{slots: slices.Clone(pl.Slots), limit: p.limit, bodies: p.bodies}}
	r.alive = int64(pl.End)
	if err := r.feed(pl.Inputs, feeds); err != nil {
		return nil, err
	}
	if r.watch != nil {
		to := r.watch.profile
		to.WeightBytes, to.ArenaBytes, to.ScratchBytes = pl.WeightBytes, pl.ArenaBytes, pl.ScratchBytes
	}
	if err := r.steps(ctx); err != nil {
		return nil, err
	}
	out := make([]*tensor.Tensor, len(pl.Outputs))
	for i, s := range pl.Outputs {
		out[i] = r.slots[s]
	}
	return out, nil
}

// planFor returns the plan for the shapes of the feeds, its weights and steps in
// memory.
func (p *planned) planFor(feeds []*tensor.Tensor) (*plan.Plan, error) {
	if len(feeds) != len(p.g.Inputs) {
		return nil, fmt.Errorf("engine: %d feeds for %d inputs", len(feeds), len(p.g.Inputs))
	}
	shapes := make(map[string]tensor.Shape, len(feeds))
	for i, v := range p.g.Inputs {
		switch {
		case feeds[i] != nil && feeds[i].DType().Composite(): // has no shape
		case feeds[i] != nil:
			shapes[v.Name] = feeds[i].Shape()
		case v.Default != nil:
			shapes[v.Name] = v.Default.Shape()
		default:
			return nil, fmt.Errorf("engine: no feed for input %d, which has no default", i)
		}
	}
	return p.prepare(shapes)
}

// prepare finds or makes the plan for these shapes.
func (p *planned) prepare(shapes map[string]tensor.Shape) (*plan.Plan, error) {
	key := p.key(shapes)
	i := slices.IndexFunc(p.plans, func(s *shapedPlan) bool { return s.key == key && s.Base >= p.weights.End() })
	if i >= 0 {
		found := p.plans[i]
		p.plans = slices.Insert(slices.Delete(p.plans, i, i+1), 0, found)
		return found.Plan, p.load(found.Plan)
	}
	made, err := p.make(shapes)
	if err != nil {
		return nil, err
	}
	// Plans whose own memory begins where there are weights now are of no use.
	p.plans = slices.DeleteFunc(p.plans, func(s *shapedPlan) bool { return s.key == key || s.Base < p.weights.End() })
	p.plans = slices.Insert(p.plans, 0, &shapedPlan{key, made})
	p.plans = p.plans[:min(len(p.plans), maxPlans)]
	return made, p.load(made)
}

// make makes a plan and stores its weights.
func (p *planned) make(shapes map[string]tensor.Shape) (made *plan.Plan, err error) {
	stored := false
	defer func() { // also when the weights cannot be read, which is a panic
		if !stored {
			p.forget() // the weights are not all there: start again with nothing
		}
	}()
	made, err = plan.Build(p.g, plan.Options{Shapes: shapes, Weights: p.weights, Threads: p.engine.Host.Threads()})
	if err != nil {
		return nil, err
	}
	err = p.store(made)
	stored = err == nil
	return made, err
}

// key names a set of shapes.
func (p *planned) key(shapes map[string]tensor.Shape) string {
	var b strings.Builder
	for _, v := range p.g.Inputs {
		b.WriteString(shapes[v.Name].String())
	}
	return b.String()
}

// store brings a new plan's weights into memory.
func (p *planned) store(made *plan.Plan) error {
	if int64(made.End) > p.limit {
		return p.tooLarge(made)
	}
	if err := p.grow(made.End); err != nil {
		return err
	}
	return made.Store(p.memory.Write)
}

// grow makes the memory large enough.
func (p *planned) grow(bytes int) (err error) {
	switch {
	case p.memory == nil:
		p.memory, err = p.engine.Host.Open(bytes)
	case bytes > p.size:
		err = p.memory.Grow(bytes)
	}
	if err == nil {
		p.size = max(p.size, bytes)
	}
	return err
}

// load writes the steps of a plan, unless they are there.
func (p *planned) load(pl *plan.Plan) error {
	if p.loaded == pl {
		return nil
	}
	p.loaded = nil
	if err := p.grow(pl.End); err != nil {
		return err
	}
	for i := range pl.Steps {
		if s := &pl.Steps[i]; s.Kind == plan.Kernel {
			if err := p.memory.WriteWords(s.At, s.Words); err != nil {
				return err
			}
		}
	}
	p.loaded = pl
	return nil
}

// tooLarge is the error of a plan beyond the limit: it names the node with the
// largest result.
func (p *planned) tooLarge(pl *plan.Plan) error {
	err := &MemoryError{Need: int64(pl.End), Limit: p.limit}
	if n := pl.Largest; n != nil {
		return n.Fail(nil, err)
	}
	return err
}

// forget drops plans and weights.
func (p *planned) forget() {
	if p.memory != nil {
		p.memory.Close()
	}
	p.memory, p.size, p.plans, p.loaded = nil, 0, nil, nil
	p.weights = plan.NewWeights(weightStart)
}

// Close gives the memory back.
func (p *planned) Close() {
	p.forget()
	p.bodies.Close()
	p.g = nil
}

// products are the operators that are worth a memory of their own in a body.
var products = map[string]bool{"Conv": true, "ConvTranspose": true, "Gemm": true, "MatMul": true}

// forBody returns what runs a body: plans, with their own memory, if it has
// products; else the plain operators, which need no copies between two turns.
func (e Planned) forBody(body *graph.Graph) Engine {
	for _, n := range body.Nodes {
		if products[n.Type] {
			e.body = true
			return e
		}
	}
	return Reference{MaxBytes: e.MaxBytes}
}
