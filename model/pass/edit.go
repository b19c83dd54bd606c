package pass

import (
	"math"
	"slices"
	"sync"

	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// edit is one pass at work on a graph: who reads each value, what is known of
// it, and which nodes have been replaced.
type edit struct {
	g       *graph.Graph
	facts   graph.Facts // nil until somebody asks, since most passes find nothing to do
	err     error       // of the inference
	readers map[*graph.Value][]*graph.Node
	output  map[*graph.Value]bool
	dropped map[*graph.Node]bool
	// before lists new nodes by the node that they come before.
	before map[*graph.Node][]*graph.Node
}

// newEdit looks at who reads what in the graph.
func newEdit(g *graph.Graph) *edit {
	e := &edit{g: g, readers: make(map[*graph.Value][]*graph.Node, 2*len(g.Nodes)), output: map[*graph.Value]bool{}, dropped: map[*graph.Node]bool{}, before: map[*graph.Node][]*graph.Node{}}
	for _, n := range g.Nodes {
		e.read(n)
	}
	for _, v := range g.Outputs {
		e.output[v] = true
	}
	return e
}

// has reports whether the graph has a node of one of these operators: without, the
// pass has nothing to look for.
func has(g *graph.Graph, types ...string) bool {
	return slices.ContainsFunc(g.Nodes, func(n *graph.Node) bool { return isType(n, types...) })
}

// infer finds the facts. Rewrites need no new constants, so that nothing is computed.
// It comes before the first node is put in or replaced: both ask what is known.
func (e *edit) infer() {
	if e.facts != nil {
		return
	}
	if e.facts, e.err = graph.Infer(e.g, graph.InferOptions{}); e.err != nil {
		e.facts = graph.Facts{} // nothing is known, and done reports it
	}
}

// of returns what is known of v; nil is absent.
func (e *edit) of(v *graph.Value) op.Value {
	if v != nil && v.Const == nil {
		e.infer()
	}
	return e.facts.Of(v)
}

// learn notes what is known of a new value.
func (e *edit) learn(v *graph.Value, known op.Value) {
	e.infer()
	e.facts[v] = known
}

func (e *edit) read(n *graph.Node) {
	for _, v := range n.Inputs {
		if v != nil {
			e.readers[v] = append(e.readers[v], n)
		}
	}
}

// private reports whether v is read once, by a node: what makes it may then be
// changed together with its reader.
func (e *edit) private(v *graph.Value) bool {
	return v != nil && v.Const == nil && v.Default == nil && !e.output[v] && len(e.readers[v]) == 1
}

// maker returns the node that makes v, of one of the given operators of the
// default domain, if it may be changed together with v's only reader.
func (e *edit) maker(v *graph.Value, types ...string) *graph.Node {
	if !e.private(v) || v.Producer == nil || len(v.Producer.Outputs) != 1 {
		return nil
	}
	if n := v.Producer; isType(n, types...) {
		return n
	}
	return nil
}

// isType reports whether n is one of the named operators; those of the fused
// domain are written "larder.Conv".
func isType(n *graph.Node, types ...string) bool {
	if n == nil {
		return false
	}
	name := n.Type
	if n.Domain != "" {
		name = n.Domain + "." + name
	}
	return slices.Contains(types, name)
}

// input returns the i-th input of n, nil if there is none.
func input(n *graph.Node, i int) *graph.Value {
	if i < len(n.Inputs) {
		return n.Inputs[i]
	}
	return nil
}

// maxRead bounds the constants whose elements a rewrite looks at: vectors of
// channels, never the weights of a layer.
const maxRead = 1 << 16

// floats returns the elements of a constant of 32-bit floats, unless it is large.
func (e *edit) floats(v *graph.Value) ([]float32, tensor.Shape) {
	t := e.constant32(v)
	if t == nil || t.Len() > maxRead {
		return nil, nil
	}
	return tensor.Data[float32](t), t.Shape()
}

// constant32 returns a constant of 32-bit floats, nil for anything else.
func (e *edit) constant32(v *graph.Value) *tensor.Tensor {
	if v == nil {
		return nil
	}
	t := e.of(v).Const
	if t == nil || t.DType() != tensor.Float32 {
		return nil
	}
	return t
}

// scalar returns the value of a constant of one element.
func (e *edit) scalar(v *graph.Value) (float32, bool) {
	t := e.constant32(v)
	if t == nil || t.Len() != 1 {
		return 0, false
	}
	return tensor.Data[float32](t)[0], true
}

// is32 reports whether all values are 32-bit floats.
func (e *edit) is32(vs ...*graph.Value) bool {
	for _, v := range vs {
		if v != nil && e.of(v).DType != tensor.Float32 {
			return false
		}
	}
	return true
}

// sameShape reports whether two values are known to be alike as far as anything
// is known. Where sizes are symbolic they may still differ in a run, so that
// what is made of them must broadcast.
func (e *edit) sameShape(a, b *graph.Value) bool {
	x, y := e.of(a), e.of(b)
	return x.Ranked && y.Ranked && x.Shape.Equal(y.Shape)
}

// rewrites holds what a pass may put into a graph.
var rewrites = sync.OnceValue(op.Rewrites)

// newest is the opset of the nodes that rewrites make: the first that has all of
// them. Those of the fused domain have one version.
const newest = 24

// replace makes the node last compute what the operator does, from the inputs;
// last keeps its place and its outputs. The others go away. It reports whether
// the operator could be made.
func (e *edit) replace(last *graph.Node, domain, typ string, attrs op.Attrs, inputs []*graph.Value, others ...*graph.Node) bool {
	for len(inputs) > 0 && inputs[len(inputs)-1] == nil {
		inputs = inputs[:len(inputs)-1]
	}
	opset := newest
	if domain == op.Fused {
		opset = 1
	}
	d := op.Node{Name: last.Path, Domain: domain, Type: typ, Opset: opset, Attrs: attrs, Inputs: valueNames(inputs), Outputs: valueNames(last.Outputs)}
	made, err := rewrites().New(d)
	if err != nil || !e.sameResult(made, inputs, last) {
		return false
	}
	for _, n := range append([]*graph.Node{last}, others...) {
		e.unread(n)
	}
	for _, n := range others {
		e.dropped[n] = true
	}
	*last = graph.Node{Path: last.Path, Domain: domain, Type: typ, Opset: d.Opset, Attrs: attrs, Inputs: inputs, Outputs: last.Outputs, Op: made}
	e.read(last)
	return true
}

// insert adds a node with one result before another node and returns the result,
// nil if the operator cannot be made.
func (e *edit) insert(next *graph.Node, typ string, attrs op.Attrs, inputs []*graph.Value, name string) *graph.Value {
	y := &graph.Value{Name: name}
	d := op.Node{Name: next.Path, Type: typ, Opset: newest, Attrs: attrs, Inputs: valueNames(inputs), Outputs: []string{name}}
	made, err := rewrites().New(d)
	if err != nil {
		return nil
	}
	n := &graph.Node{Path: next.Path, Type: typ, Opset: newest, Attrs: attrs, Inputs: inputs, Outputs: []*graph.Value{y}, Op: made}
	in := make([]op.Value, len(inputs))
	for i, v := range inputs {
		in[i] = e.of(v)
	}
	out, err := n.Infer(in)
	if err != nil {
		return nil
	}
	y.Producer = n
	e.learn(y, out[0])
	e.before[next] = append(e.before[next], n)
	e.read(n)
	return y
}

// sameResult reports whether an operator makes a value of the type and shape
// that n makes, as far as anything is known of it. Constants of a higher rank
// than what they are added to are one thing that patterns do not look at.
func (e *edit) sameResult(made op.Operator, inputs []*graph.Value, n *graph.Node) bool {
	in := make([]op.Value, len(inputs))
	for i, v := range inputs {
		in[i] = e.of(v)
	}
	out, err := made.Infer(in)
	if err != nil || len(out) != 1 || len(n.Outputs) != 1 {
		return false
	}
	was := e.of(n.Outputs[0])
	return out[0].DType == was.DType && out[0].Ranked == was.Ranked && out[0].Shape.Equal(was.Shape)
}

// unread takes n out of the readers of its inputs.
func (e *edit) unread(n *graph.Node) {
	for _, v := range n.Inputs {
		if i := slices.Index(e.readers[v], n); v != nil && i >= 0 {
			e.readers[v] = slices.Delete(slices.Clone(e.readers[v]), i, i+1)
		}
	}
}

// forward makes the readers of n's first output read v instead and drops n. It
// does nothing where n makes an output of the graph, whose name must stay.
func (e *edit) forward(n *graph.Node, v *graph.Value) bool {
	if e.output[n.Outputs[0]] {
		return false
	}
	e.unread(n)
	e.redirect(n.Outputs[0], v)
	e.dropped[n] = true
	return true
}

// redirect makes the readers of old read v.
func (e *edit) redirect(old, v *graph.Value) {
	for _, r := range slices.Clone(e.readers[old]) {
		for i, in := range r.Inputs {
			if in == old {
				r.Inputs[i] = v
				e.readers[v] = append(e.readers[v], r)
			}
		}
	}
	delete(e.readers, old)
}

// constant returns a new constant of the graph.
func (e *edit) constant(name string, t *tensor.Tensor) *graph.Value {
	return &graph.Value{Name: name, Declared: op.Value{DType: t.DType(), Shape: t.Shape(), Ranked: true}, Const: t}
}

// each calls f for every node that is still there.
func (e *edit) each(f func(n *graph.Node)) {
	for _, n := range e.g.Nodes {
		if !e.dropped[n] {
			f(n)
		}
	}
}

// done puts in what was inserted and removes what was dropped.
func (e *edit) done() error {
	if e.err != nil {
		return e.err
	}
	if len(e.before) > 0 {
		var all []*graph.Node
		for _, n := range e.g.Nodes {
			all = append(append(all, e.before[n]...), n)
		}
		e.g.Nodes = all
	}
	e.g.Nodes = slices.DeleteFunc(e.g.Nodes, func(n *graph.Node) bool { return e.dropped[n] })
	return nil
}

func valueNames(vs []*graph.Value) []string {
	names := make([]string, len(vs))
	for i, v := range vs {
		if v != nil {
			names[i] = v.Name
		}
	}
	return names
}

// with returns a copy of the attributes with one more.
func with(a op.Attrs, name string, v any) op.Attrs {
	b := make(op.Attrs, len(a)+1)
	for k, v := range a {
		b[k] = v
	}
	b[name] = v
	return b
}

// infinity is the bound that bounds nothing.
var infinity = float32(math.Inf(1))
