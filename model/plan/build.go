package plan

import (
	"slices"

	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// Options steers Build.
type Options struct {
	// Shapes gives the shape of each graph input by name.
	Shapes map[string]tensor.Shape
	// Weights holds the constants that are in memory already; Build adds more.
	Weights *Weights
	// Threads is the number of threads that will run the plan; 0 means 1.
	Threads int
}

// Build plans a graph. It fails with what [graph.Infer] fails with: a node that
// cannot be right for these shapes. It allocates nothing by the size of a value.
func Build(g *graph.Graph, opt Options) (*Plan, error) {
	facts, err := graph.Infer(g, graph.InferOptions{Shapes: opt.Shapes})
	if err != nil {
		return nil, err
	}
	b := &builder{g: g, facts: facts, weights: opt.Weights, threads: max(1, opt.Threads), values: map[*graph.Value]*value{}}
	for _, v := range g.Inputs {
		b.plan.Inputs = append(b.plan.Inputs, b.newSlot(v, v.Default))
	}
	b.findReaders()
	late := b.early()
	b.start = b.step()
	for _, n := range late {
		b.node(n)
	}
	for _, v := range g.Outputs {
		b.plan.Outputs = append(b.plan.Outputs, b.slot(v))
	}
	return b.finish(), nil
}

// builder is a plan in the making.
type builder struct {
	g       *graph.Graph
	facts   graph.Facts
	weights *Weights
	threads int
	plan    Plan
	values  map[*graph.Value]*value
	readers map[*graph.Value][]*graph.Node
	current *graph.Node
	// atOnce has the values that are on the Go side before the first kernel runs;
	// the steps in front bring them over before step start.
	atOnce       map[*graph.Value]bool
	front        []Step
	frontPending []pending
	start        int

	buffers []*buffer
	reuses  []reuse
	pending []pending
	scratch int // bytes a thread needs
	largest int // bytes of the result of plan.Largest
}

// value is where a value of the graph is.
type value struct {
	slot   int // -1: not on the Go side
	places [layouts]*buffer
	view   *view // nil but for a value that lies within another one
	// float is the value of floats with the numbers of this one, of integers;
	// short is the way back. See short.go.
	float, short *graph.Value
	// lines has the range of a product for DynamicQuantize; nil: nobody noted it.
	lines *buffer
}

// pending is what a step needs once all addresses are known.
type pending struct {
	call  func() call // Kernel
	place *buffer     // Put, Fetch
}

// node adds the steps of one node.
func (b *builder) node(n *graph.Node) {
	if b.known(n) {
		return
	}
	b.current = n
	if lower := b.lowering(n); lower == nil || !lower(b, n) {
		b.host(n)
	}
}

// lowering returns what may lower n, nil if it stays on the Go side.
func (b *builder) lowering(n *graph.Node) lowering {
	if l := b.findShort(n); l != nil || !b.simple(n) {
		return l
	}
	return find(n)
}

// operator returns the name under which the tables have n's operator.
func operator(n *graph.Node) string {
	if n.Domain == "" {
		return n.Type
	}
	return n.Domain + "." + n.Type
}

// known reports whether all that n makes is constant for these shapes.
func (b *builder) known(n *graph.Node) bool {
	for _, v := range n.Outputs {
		if v != nil && b.facts[v].Const == nil {
			return false
		}
	}
	return true
}

// simple reports whether a kernel could make n's first output: 32-bit floats,
// not empty, of a size that is known.
func (b *builder) simple(n *graph.Node) bool {
	return len(n.Outputs) > 0 && n.Outputs[0] != nil && inArena(b.facts[n.Outputs[0]])
}

// inArena reports whether a value can be in the arena.
func inArena(v op.Value) bool {
	if v.DType != tensor.Float32 || !v.Ranked || !v.Shape.Known() {
		return false
	}
	n, err := v.Shape.Elems()
	return err == nil && n > 0
}

// shape returns the shape of v and whether it can be in the arena.
func (b *builder) shape(v *graph.Value) (tensor.Shape, bool) {
	if v == nil {
		return nil, false
	}
	f := b.facts.Of(v)
	return f.Shape, inArena(f)
}

// constant returns the tensor of a constant.
func (b *builder) constant(v *graph.Value) *tensor.Tensor {
	if v == nil {
		return nil
	}
	return b.facts.Of(v).Const
}

// of returns where v is.
func (b *builder) of(v *graph.Value) *value {
	if b.values[v] == nil {
		b.values[v] = &value{slot: -1}
	}
	return b.values[v]
}

// newSlot gives v a slot on the Go side.
func (b *builder) newSlot(v *graph.Value, initial *tensor.Tensor) int {
	at := b.of(v)
	if at.slot < 0 {
		at.slot = len(b.plan.Slots)
		b.plan.Slots = append(b.plan.Slots, b.weights.hold(initial))
	}
	return at.slot
}

// slot returns the slot that has v, after fetching it from the arena if it is
// only there.
func (b *builder) slot(v *graph.Value) int {
	if at := b.of(v); at.slot >= 0 {
		return at.slot
	}
	if c := b.constant(v); c != nil {
		return b.newSlot(v, c)
	}
	from := v
	if b.isShort(v) {
		from = b.float(v)
	}
	place := b.in(from, Plain)
	slot := b.newSlot(v, nil)
	b.use(place)
	b.add(Step{Kind: Fetch, Title: "fetch", Value: v.Name, Slot: slot, Place: Place{Type: b.facts[v].DType, Shape: b.facts[v].Shape}}, pending{place: place})
	return slot
}

// host adds n as a step on the Go side.
func (b *builder) host(n *graph.Node) {
	s := Step{Kind: Host, Node: n, Title: operator(n), Value: nodeValue(n)}
	for _, v := range n.Inputs {
		if v == nil {
			s.In = append(s.In, -1)
		} else {
			s.In = append(s.In, b.slot(v))
		}
	}
	for _, v := range n.Outputs {
		if v == nil {
			s.Out = append(s.Out, -1)
		} else {
			s.Out = append(s.Out, b.newSlot(v, nil))
		}
	}
	b.add(s, pending{})
}

// nodeValue names a node by what it makes.
func nodeValue(n *graph.Node) string {
	for _, v := range n.Outputs {
		if v != nil {
			return v.Name
		}
	}
	return ""
}

// in returns the buffer that has v in a layout. v must be able to be in the
// arena. A constant becomes a weight; a value that is elsewhere is brought over
// or converted.
func (b *builder) in(v *graph.Value, l Layout) *buffer {
	if c := b.constant(v); c != nil {
		return b.weight(v, stored{b.facts.Of(v).Shape, l})
	}
	at := b.of(v)
	if at.places[l] != nil {
		return at.places[l]
	}
	if !slices.ContainsFunc(at.places[:], func(p *buffer) bool { return p != nil }) {
		switch {
		case at.view != nil:
			b.solid(v)
			return b.in(v, l)
		case at.short != nil:
			b.toFloats(v)
		default:
			b.put(v, b.slot(v))
		}
	}
	return b.convert(v, l)
}

// put brings what is in a slot to the arena, as floats.
func (b *builder) put(v *graph.Value, slot int) {
	b.bring(v, Step{Kind: Put, Title: "put", Value: v.Name, Slot: slot, Place: Place{Type: tensor.Float32, Shape: b.facts[v].Shape}}, b.newPlace(v, Plain))
}

// layout returns the layout in which v is at hand, or the given one.
func (b *builder) layout(v *graph.Value, l Layout) Layout {
	at := b.of(v)
	for _, k := range []Layout{l, Rows, Picture} {
		if at.places[k] != nil {
			return k
		}
	}
	return l
}

// out returns a new buffer for what the current step makes.
func (b *builder) out(v *graph.Value, l Layout) *buffer { return b.newPlace(v, l) }

func (b *builder) newPlace(v *graph.Value, l Layout) *buffer {
	place := b.buffer(l.floats(b.facts[v].Shape) * b.elementBytes(v))
	b.of(v).places[l] = place
	if v.Producer != nil && place.bytes > b.largest {
		b.largest, b.plan.Largest = place.bytes, v.Producer
	}
	return place
}

func (b *builder) buffer(bytes int) *buffer {
	n := &buffer{bytes: bytes, first: -1, last: -1}
	b.buffers = append(b.buffers, n)
	return n
}

// alias makes v, in a layout, the same memory as a buffer.
func (b *builder) alias(v *graph.Value, l Layout, is *buffer) { b.of(v).places[l] = is }

// weight returns a constant packed by a recipe; nil stands for zeros.
func (b *builder) weight(v *graph.Value, r recipe) *buffer {
	return b.addWeight(v, b.constant(v), r)
}

func (b *builder) addWeight(v *graph.Value, source *tensor.Tensor, r recipe) *buffer {
	w, isNew := b.weights.add(v, source, r)
	if isNew {
		b.plan.Weights = append(b.plan.Weights, w)
	}
	return &buffer{bytes: w.Bytes(), fixed: true, addr: w.Offset}
}

// bias returns a bias of n channels: v, or zeros.
func (b *builder) bias(v *graph.Value, n int) *buffer {
	if v == nil {
		return b.weight(nil, zeros(n))
	}
	return b.weight(v, vector{n})
}

// step is the number of the step that is added next.
func (b *builder) step() int { return len(b.plan.Steps) }

// use keeps buffers alive up to the next step.
func (b *builder) use(buffers ...*buffer) {
	for _, x := range buffers {
		if x != nil {
			x.use(b.step())
		}
	}
}

func (b *builder) add(s Step, p pending) {
	b.plan.Steps = append(b.plan.Steps, s)
	b.pending = append(b.pending, p)
}

// kernel adds a step of a kernel for the current node. uses lists all buffers
// that it reads or writes; c is called when their addresses are known, and once
// before for the size of the step.
func (b *builder) kernel(flops int, c func() call, uses ...*buffer) {
	b.use(uses...)
	b.add(Step{Kind: Kernel, Node: b.current, Value: nodeValue(b.current), Flops: int64(flops)}, pending{call: c})
}

// over wishes that the step that is added next writes out over old.
func (b *builder) over(out, old *buffer) {
	b.reuses = append(b.reuses, reuse{b.step(), out, old})
}

// needScratch returns where the scratch of thread 0 will be.
func (b *builder) needScratch(bytes int) func() uint32 {
	b.scratch = max(b.scratch, alignUp(bytes))
	return func() uint32 { return uint32(b.plan.Scratch) }
}
