package op

import (
	"strconv"

	"larder/model/tensor"
)

// Composed is an Operator that is written as nodes of other operators. A graph
// puts them in its place, so that passes and kernels see them; the Operator
// itself runs them one after another.
type Composed interface {
	Operator
	// Body returns the nodes, in order. They read the node's inputs as i0, i1 …
	// and make its outputs as o0, o1 …; absent ones have no name. Those of the
	// default domain have the meaning of opset BodyOpset.
	Body() []Node
}

// BodyOpset is the opset of the nodes of a Body.
const BodyOpset = 24

// expansion writes the nodes of a Composed.
type expansion struct {
	Node
	nodes []Node
}

// expander returns the constructor of an operator that f writes as other nodes.
func expander(a arity, f func(x *expansion) error) Constructor {
	return func(n Node) (Operator, error) {
		if _, err := newRuled(n, a, nil); err != nil {
			return nil, err
		}
		x := &expansion{Node: n}
		if err := f(x); err != nil {
			return nil, err
		}
		c := &composed{inputs: len(n.Inputs), outputs: len(n.Outputs), nodes: x.nodes}
		return c, nil
	}
}

// has reports whether input i is there.
func (x *expansion) has(i int) bool { return i < len(x.Inputs) && x.Inputs[i] != "" }

// wants reports whether output i is asked for.
func (x *expansion) wants(i int) bool { return i < len(x.Outputs) && x.Outputs[i] != "" }

// in returns the name of input i, "" if it is absent.
func (x *expansion) in(i int) string {
	if !x.has(i) {
		return ""
	}
	return "i" + strconv.Itoa(i)
}

// all adds a node with several outputs and returns their names.
func (x *expansion) all(outputs int, domain, typ string, attrs Attrs, in ...string) []string {
	n := Node{Name: typ, Domain: domain, Type: typ, Opset: BodyOpset, Attrs: attrs, Inputs: in}
	for len(n.Inputs) > 0 && n.Inputs[len(n.Inputs)-1] == "" {
		n.Inputs = n.Inputs[:len(n.Inputs)-1]
	}
	if domain != "" {
		n.Opset = 1
	}
	for i := range outputs {
		n.Outputs = append(n.Outputs, "t"+strconv.Itoa(len(x.nodes))+"_"+strconv.Itoa(i))
	}
	x.nodes = append(x.nodes, n)
	return n.Outputs
}

// add is all for a node of the default domain with one output.
func (x *expansion) add(typ string, attrs Attrs, in ...string) string {
	return x.all(1, "", typ, attrs, in...)[0]
}

// value adds a constant.
func (x *expansion) value(t *tensor.Tensor) string {
	return x.add("Constant", Attrs{"value": t})
}

// number adds a constant of the element type of like.
func (x *expansion) number(v float32, like string) string {
	return x.add("CastLike", nil, x.value(tensor.Scalar(v)), like)
}

// plus adds b to a, if there is one.
func (x *expansion) plus(a, b string) string {
	if b == "" {
		return a
	}
	return x.add("Add", nil, a, b)
}

// give says that a value is output i.
func (x *expansion) give(i int, name string) {
	if x.wants(i) {
		x.nodes = append(x.nodes, Node{Type: "Identity", Opset: BodyOpset, Inputs: []string{name}, Outputs: []string{"o" + strconv.Itoa(i)}})
	}
}

// refuse fails for attributes that change the meaning and are not done.
func (x *expansion) refuse(names ...string) error {
	for _, name := range names {
		if v, err := x.Attrs.Int(name, 0); err != nil || v != 0 {
			return Unsupportedf("attribute %q", name)
		}
	}
	return nil
}

// composed is an Operator that runs a Body.
type composed struct {
	inputs, outputs int
	nodes           []Node
	ops             []Operator // of the nodes: the registry makes them
}

// complete makes the operators of the nodes.
func (c *composed) complete(r *Registry) error {
	for _, n := range c.nodes {
		o, err := r.New(n)
		if err != nil {
			return err
		}
		c.ops = append(c.ops, o)
	}
	return nil
}

// Body implements [Composed].
func (c *composed) Body() []Node { return c.nodes }

// Infer implements [Operator].
func (c *composed) Infer(in []Value) ([]Value, error) {
	return through(c, in, Value{Absent: true}, Operator.Infer)
}

// Run implements [Operator].
func (c *composed) Run(in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	return through(c, in, nil, Operator.Run)
}

// through hands values from node to node.
func through[T any](c *composed, in []T, absent T, do func(Operator, []T) ([]T, error)) ([]T, error) {
	if len(in) != c.inputs {
		return nil, Invalidf("%d inputs given, the node names %d", len(in), c.inputs)
	}
	known := map[string]T{"": absent}
	for i, v := range in {
		known["i"+strconv.Itoa(i)] = v
	}
	for i, n := range c.nodes {
		args := make([]T, len(n.Inputs))
		for k, name := range n.Inputs {
			args[k] = known[name]
		}
		res, err := do(c.ops[i], args)
		if err != nil {
			return nil, err
		}
		for k, name := range n.Outputs {
			known[name] = res[k]
		}
	}
	out := make([]T, c.outputs)
	for i := range out {
		out[i] = known["o"+strconv.Itoa(i)]
	}
	return out, nil
}
