package engine

import (
	"context"
	"fmt"

	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// Reference runs each operator's plain Go implementation, one after the other.
// It defines what a graph's result is.
type Reference struct {
	// MaxBytes bounds the values that are alive at one time in a run, without
	// the constants; 0 means 2 GiB. A value that shares elements with another
	// counts in full.
	MaxBytes int64
}

const defaultMaxBytes = 2 << 30

// Prepare numbers the values and finds the last use of each.
func (r Reference) Prepare(g *graph.Graph) (Program, error) {
	p := &program{limit: r.MaxBytes, slots: map[*graph.Value]int{}}
	if p.limit == 0 {
		p.limit = defaultMaxBytes
	}
	for _, v := range g.Inputs {
		p.inputs = append(p.inputs, p.slot(v))
	}
	last := lastUses(g)
	for i, n := range g.Nodes {
		p.steps = append(p.steps, p.step(n, i, last))
	}
	for _, v := range g.Outputs {
		p.outputs = append(p.outputs, p.slot(v))
	}
	p.slots = nil
	var err error
	p.bodies, err = prepareBodies(g, func(*graph.Graph) Engine { return r })
	return p, err
}

// step is one node with the numbers of its values; none stands for absent.
type step struct {
	node    *graph.Node
	in, out []int
	release []int // not read after this step
}

const none = -1

// value names a step by what it makes.
func (s *step) value() string {
	for _, v := range s.node.Outputs {
		if v != nil {
			return v.Name
		}
	}
	return ""
}

// program holds the prepared steps. initial is what every slot holds before a
// run: constants and defaults.
type program struct {
	steps           []step
	inputs, outputs []int
	initial         []*tensor.Tensor
	limit           int64
	bodies          bodies
	slots           map[*graph.Value]int // only while preparing
}

// slot returns the number of v, or none.
func (p *program) slot(v *graph.Value) int {
	if v == nil {
		return none
	}
	if i, ok := p.slots[v]; ok {
		return i
	}
	i := len(p.initial)
	p.slots[v] = i
	t := v.Const
	if t == nil {
		t = v.Default
	}
	p.initial = append(p.initial, t.Resident()) // each run reads it
	return i
}

func (p *program) step(n *graph.Node, i int, last map[*graph.Value]int) step {
	s := step{node: n, in: make([]int, len(n.Inputs)), out: make([]int, len(n.Outputs))}
	for k, v := range n.Inputs {
		s.in[k] = p.slot(v)
	}
	for k, v := range n.Outputs {
		s.out[k] = p.slot(v)
	}
	seen := map[*graph.Value]bool{}
	for _, v := range append(append([]*graph.Value{}, n.Inputs...), n.Outputs...) {
		if v != nil && v.Const == nil && v.Default == nil && last[v] == i && !seen[v] {
			seen[v] = true
			s.release = append(s.release, p.slot(v))
		}
	}
	return s
}

// lastUses returns for each value the index of the last node that makes or
// reads it; that of the graph's outputs is beyond all nodes.
func lastUses(g *graph.Graph) map[*graph.Value]int {
	last := make(map[*graph.Value]int, 2*len(g.Nodes))
	for i, n := range g.Nodes {
		for _, v := range n.Inputs {
			last[v] = i
		}
		for _, v := range n.Outputs {
			last[v] = i
		}
	}
	for _, v := range g.Outputs {
		last[v] = len(g.Nodes)
	}
	return last
}

// Run walks the steps.
func (p *program) Run(ctx context.Context, feeds []*tensor.Tensor) ([]*tensor.Tensor, error) {
	return p.runWithin(ctx, feeds, p.limit)
}

// runWithin is Run with another limit.
func (p *program) runWithin(ctx context.Context, feeds []*tensor.Tensor, limit int64) ([]*tensor.Tensor, error) {
	r := &run{slots: append([]*tensor.Tensor(nil), p.initial...), limit: limit, bodies: p.bodies}
	if err := r.feed(p.inputs, feeds); err != nil {
		return nil, err
	}
	watch := stopwatchOf(ctx)
	for i := range p.steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s := &p.steps[i]
		do := func() error { return r.step(ctx, s) }
		var err error
		if watch != nil {
			err = watch.measure(StepTime{Kernel: s.node.Type, Host: true, Value: s.value()}.ofNode(s.node), do)
		} else {
			err = do()
		}
		if err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]*tensor.Tensor, len(p.outputs))
	for i, s := range p.outputs {
		out[i] = r.slots[s]
	}
	return out, nil
}

// Close drops everything.
func (p *program) Close() {
	p.bodies.Close()
	*p = program{}
}

// maxSteering bounds the tensors whose elements admit shows to an operator.
// Those that steer sizes (a shape, pads, scales) have at most two elements for
// a dimension. The bound is low because Infer computes results that are small
// and constant, and everything is constant here.
const maxSteering = 2 * tensor.MaxRank

// run is the state of one Run.
type run struct {
	slots        []*tensor.Tensor
	alive, limit int64 // bytes
	bodies       bodies
}

// feed puts the inputs into their slots.
func (r *run) feed(inputs []int, feeds []*tensor.Tensor) error {
	if len(feeds) != len(inputs) {
		return fmt.Errorf("engine: %d feeds for %d inputs", len(feeds), len(inputs))
	}
	for i, t := range feeds {
		k := inputs[i]
		if t != nil {
			r.slots[k] = t
			r.alive += bytes(op.Known(t))
		}
		if r.slots[k] == nil {
			return fmt.Errorf("engine: no feed for input %d, which has no default", i)
		}
	}
	return nil
}

func (r *run) step(ctx context.Context, s *step) error {
	in := make([]*tensor.Tensor, len(s.in))
	for i, k := range s.in {
		if k != none {
			r.slots[k] = r.slots[k].Resident() // an input that lies outside is read once
			in[i] = r.slots[k]
		}
	}
	out, err := r.compute(ctx, s.node, in)
	if err != nil {
		return err
	}
	for i, k := range s.out {
		if k != none {
			r.slots[k] = out[i]
			r.alive += bytes(op.Known(out[i]))
		}
	}
	for _, k := range s.release {
		r.alive -= bytes(op.Known(r.slots[k]))
		r.slots[k] = nil
	}
	return nil
}

// compute runs one node.
func (r *run) compute(ctx context.Context, n *graph.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	if n.Control != nil { // its bodies' nodes are admitted one by one
		return r.control(ctx, n, in)
	}
	if err := r.admit(n, in); err != nil {
		return nil, err
	}
	return n.Run(in)
}

// admit asks the operator how large its outputs will be, now that the inputs
// are known, before it allocates them: Go cannot recover from running out of
// memory, and a few numbers in a file can ask for any amount.
func (r *run) admit(n *graph.Node, in []*tensor.Tensor) error {
	known := graph.Describe(in)
	for i := range known {
		if c := known[i].Const; c != nil && c.Len() > maxSteering && !c.DType().Composite() {
			known[i].Const = nil
		}
	}
	out, err := n.Infer(known)
	if err != nil {
		return err
	}
	need := r.alive
	for _, v := range out {
		need += bytes(v)
	}
	if need > r.limit {
		return n.Fail(known, &MemoryError{need, r.limit})
	}
	return nil
}

// bytes returns the size of a value; of one whose shape depends on elements,
// which is never larger than the inputs, it says 0.
func bytes(v op.Value) int64 {
	const (
		header = 16      // of a string
		beyond = 1 << 40 // what no shape that can exist needs
	)
	if v.DType.Composite() && v.Const != nil {
		size := int64(header * v.Const.Len())
		for _, t := range v.Const.Items() {
			size += bytes(op.Known(t))
		}
		return size
	}
	if !v.Ranked || !v.Shape.Known() {
		return 0
	}
	n, err := v.Shape.Elems()
	if err != nil {
		return beyond
	}
	if size := v.DType.Size(); size > 0 {
		return int64(n) * int64(size)
	}
	return int64(n) * header
}
