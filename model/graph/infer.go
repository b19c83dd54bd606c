package graph

import (
	"larder/model/op"
	"larder/model/tensor"
)

// Facts is what is known of each value of a graph.
type Facts map[*Value]op.Value

// InferOptions steers Infer. The zero value is ready to use.
type InferOptions struct {
	// Shapes gives shapes of inputs by name; the others keep what the file
	// declares.
	Shapes map[string]tensor.Shape
	// Evaluate decides whether a node whose inputs are all constant is run, so
	// that its outputs are known too. The default is Small.
	Evaluate func(n *Node, in, out []op.Value) bool
	// Feeds, if not nil, is what is known of each input instead of what the file
	// declares.
	Feeds []op.Value
	// depth is the number of bodies around the graph.
	depth int
}

// Infer finds element types and shapes of all values, as far as they can be
// known before a run. Small constants are computed on the way, because they
// steer shapes: Shape, Gather, Concat, Reshape. It fails with a *NodeError if
// a node cannot be right, and an *Error for an impossible input shape.
func Infer(g *Graph, opt InferOptions) (Facts, error) {
	if opt.Evaluate == nil {
		opt.Evaluate = Small
	}
	facts := make(Facts, 2*len(g.Nodes))
	for i, v := range g.Inputs {
		if opt.Feeds != nil {
			facts[v] = opt.Feeds[i]
			continue
		}
		known, err := inputFact(v, opt.Shapes)
		if err != nil {
			return nil, err
		}
		facts[v] = known
	}
	for _, n := range g.Nodes {
		if err := facts.node(n, opt); err != nil {
			return nil, err
		}
	}
	return facts, nil
}

// Of returns what is known of v; nil is absent.
func (f Facts) Of(v *Value) op.Value {
	switch {
	case v == nil:
		return op.Value{Absent: true}
	case v.Const != nil:
		return op.Known(v.Const)
	}
	return f[v]
}

// node finds the outputs of one node.
func (f Facts) node(n *Node, opt InferOptions) error {
	in := make([]op.Value, len(n.Inputs))
	for i, v := range n.Inputs {
		in[i] = f.Of(v)
	}
	out, err := n.inferAt(in, opt.depth)
	if err != nil {
		return err
	}
	if constant(n, in) && opt.Evaluate(n, in, out) {
		out = evaluate(n, in, out)
	}
	for i, v := range n.Outputs {
		if v != nil {
			f[v] = out[i]
		}
	}
	return nil
}

func inputFact(v *Value, shapes map[string]tensor.Shape) (op.Value, error) {
	s, ok := shapes[v.Name]
	if !ok || v.Declared.DType.Composite() {
		return v.Declared, nil
	}
	if v.Declared.Ranked && !fits(v.Declared.Shape, s) {
		return op.Value{}, invalid("graph.input(\""+v.Name+"\")", "shape %v does not fit %v", s, v.Declared)
	}
	return op.Value{DType: v.Declared.DType, Shape: s, Ranked: true}, nil
}

// fits reports whether a tensor of shape s is what was declared.
func fits(declared, s tensor.Shape) bool {
	if len(declared) != len(s) {
		return false
	}
	for i, d := range declared {
		if d >= 0 && d != s[i] {
			return false
		}
	}
	return true
}
