package graph

import (
	"slices"

	"larder/model/onnx"
	"larder/model/op"
)

// ControlKind says what a node with bodies does with them.
type ControlKind uint8

// The kinds of control. https://onnx.ai/onnx/operators/onnx__Loop.html and so on.
const (
	// If runs the first body or the second.
	If ControlKind = iota + 1
	// Loop runs its body while a condition holds, or a number of times.
	Loop
	// Scan runs its body for every slice of some inputs.
	Scan
	// SequenceMap runs its body for every element of a sequence.
	SequenceMap
)

// Control is what a node with bodies has besides: how values go into them and
// come out. The last inputs of each body are the node's captured values.
type Control struct {
	Kind ControlKind
	// Bodies are the graphs: then and else of an If, one of the others.
	Bodies []*Graph
	// Captured is how many of the node's inputs, the last ones, are values of the
	// graph around that bodies read by name.
	Captured int
	// States is how many values a Loop or Scan hands from turn to turn.
	States int
	// In and Out say how a Scan cuts its inputs and joins its outputs.
	In, Out []Slicing
	// Batched marks a Scan of opset 8: everything has a batch in front.
	Batched bool
}

// Slicing is the axis along which a Scan goes, and whether it begins at the end.
type Slicing struct {
	Axis    int64
	Reverse bool
}

// controls lists the operators with bodies and the attributes that hold these.
var controls = map[string]struct {
	kind   ControlKind
	bodies []string
	since  int
}{
	"If":          {If, []string{"then_branch", "else_branch"}, 1},
	"Loop":        {Loop, []string{"body"}, 1},
	"Scan":        {Scan, []string{"body"}, 8},
	"SequenceMap": {SequenceMap, []string{"body"}, 17},
}

// subgraph is a graph in an attribute, with the scope in which its names count.
type subgraph struct {
	graph *onnx.Graph
	scope *scope
}

// control makes a node of an operator with bodies.
func (b *builder) control(node *Node) error {
	spec := controls[node.Type]
	if node.Opset < spec.since {
		return node.Fail(nil, op.Invalidf("opset %d has no such operator", node.Opset))
	}
	c := &Control{Kind: spec.kind}
	var scopes []*scope
	for _, name := range spec.bodies {
		sub, ok := node.Attrs[name].(*subgraph)
		if !ok {
			return node.Fail(nil, op.Invalidf("attribute %q is not a graph", name))
		}
		body, s, err := b.body(sub, node.Path+"/"+name)
		if err != nil {
			return err
		}
		c.Bodies, scopes = append(c.Bodies, body), append(scopes, s)
	}
	if err := c.check(node); err != nil {
		return node.Fail(nil, err)
	}
	b.capture(node, c, scopes)
	node.Control, node.Op = c, controlOp{c}
	return b.add(node)
}

// body builds the graph of an attribute.
func (b *builder) body(sub *subgraph, path string) (*Graph, *scope, error) {
	file, outer := sub.graph, sub.scope
	if err := b.spend(path, 1+len(file.Inputs)+len(file.Outputs)+len(file.Initializers)); err != nil {
		return nil, nil, err
	}
	around := b.g
	defer func() { b.g = around }()
	b.g = &Graph{Name: file.Name, Opset: around.Opset, Fixed: map[string]bool{}}
	s := &scope{path: path, prefix: outer.prefix, depth: outer.depth, opsets: outer.opsets, values: map[string]*Value{},
		made: map[string]bool{}, attrs: outer.attrs, outer: outer}
	if err := b.addInitializers(s, file); err != nil {
		return nil, nil, err
	}
	if err := b.addInputs(s, file, newestIR); err != nil {
		return nil, nil, err
	}
	for _, v := range b.g.Inputs {
		// What a file says of shapes inside is advice, and often wrong in loops.
		v.Declared, v.Symbols = kindOnly(v.Declared), nil
	}
	if err := b.addNodes(s, file.Nodes); err != nil {
		return nil, nil, err
	}
	if err := b.addOutputs(s, file); err != nil {
		return nil, nil, err
	}
	return b.g, s, sortNodes(b.g)
}

// newestIR is a version of the format in which initializers need not be inputs.
const newestIR = 4

// kindOnly drops the shape of a tensor.
func kindOnly(v op.Value) op.Value {
	if v.DType.Composite() {
		return v
	}
	return op.Unranked(v.DType)
}

// captured is a value of the graph around and what stands for it in a body.
type captured struct{ outer, inner *Value }

// find returns the value that a name means in a scope; a body sees the names of
// the graphs around it. ok is false if there is none.
func (b *builder) find(s *scope, name string) (v *Value, ok bool) {
	if v, ok = s.values[name]; ok || s.outer == nil {
		return v, ok
	}
	if v, ok = b.find(s.outer, name); !ok {
		return nil, false
	}
	if v != nil {
		inner := b.newValue(s, name)
		if inner.Const = v.Const; v.Const == nil {
			s.captured = append(s.captured, captured{v, inner})
		}
		v = inner
	}
	s.values[name] = v
	return v, true
}

// capture makes the values that bodies read inputs of the node and, in one order,
// of each body.
func (b *builder) capture(n *Node, c *Control, scopes []*scope) {
	var outer []*Value
	for _, s := range scopes {
		for _, k := range s.captured {
			if !slices.Contains(outer, k.outer) {
				outer = append(outer, k.outer)
			}
		}
	}
	for i, s := range scopes {
		inner := map[*Value]*Value{}
		for _, k := range s.captured {
			inner[k.outer] = k.inner
		}
		for _, v := range outer {
			in := inner[v]
			if in == nil {
				in = b.newValue(s, v.Name)
			}
			c.Bodies[i].Inputs = append(c.Bodies[i].Inputs, in)
		}
	}
	c.Captured = len(outer)
	n.Inputs = append(slices.Clone(n.Inputs), outer...)
}

// check compares the numbers of inputs and outputs of node and bodies. It runs
// before the captured values are added.
func (c *Control) check(n *Node) error {
	ins, outs := len(n.Inputs), len(n.Outputs)
	for _, body := range c.Bodies {
		wantIn, wantOut := len(body.Inputs), len(body.Outputs)
		switch c.Kind {
		case If:
			if ins != 1 || n.Inputs[0] == nil || wantIn != 0 || wantOut < outs {
				return op.Invalidf("%d inputs and %d outputs, the branch has %d and %d", ins, outs, wantIn, wantOut)
			}
		case Loop:
			if c.States = ins - 2; c.States < 0 || wantIn != ins || wantOut < ins-1 || outs > wantOut-1 {
				return op.Invalidf("%d inputs and %d outputs, the body has %d and %d", ins, outs, wantIn, wantOut)
			}
		case Scan:
			if err := c.checkScan(n, body); err != nil {
				return err
			}
		case SequenceMap:
			if ins < 1 || wantIn != ins || outs > wantOut {
				return op.Invalidf("%d inputs and %d outputs, the body has %d and %d", ins, outs, wantIn, wantOut)
			}
		}
	}
	first := map[ControlKind]int{Loop: 2, Scan: n.scanFirst()}[c.Kind]
	for i, v := range n.Inputs {
		if v == nil && i >= first {
			return op.Invalidf("input %d is missing", i)
		}
	}
	return nil
}

// scanFirst is the number of inputs before those of the body: opset 8 has the
// lengths of the sequences in front.
func (n *Node) scanFirst() int {
	if n.Opset < 9 {
		return 1
	}
	return 0
}

func (c *Control) checkScan(n *Node, body *Graph) error {
	c.Batched = n.Opset < 9
	ins, outs := len(n.Inputs)-n.scanFirst(), len(n.Outputs)
	scans, err := n.Attrs.Int("num_scan_inputs", 0)
	if err != nil {
		return err
	}
	if scans < 1 || scans > int64(ins) || len(body.Inputs) != ins || outs > len(body.Outputs) {
		return op.Invalidf("%d inputs, %d of them scanned, and %d outputs; the body has %d and %d", ins, scans, outs, len(body.Inputs), len(body.Outputs))
	}
	if c.States = ins - int(scans); len(body.Outputs) < c.States {
		return op.Invalidf("%d states and %d outputs of the body", c.States, len(body.Outputs))
	}
	in, out := "scan_input", "scan_output"
	if c.Batched {
		in = "" // the attribute is named directions
	}
	if c.In, err = slicings(n, in, int(scans)); err != nil {
		return err
	}
	c.Out, err = slicings(n, out, len(body.Outputs)-c.States)
	return err
}

// slicings reads the attributes about n inputs or outputs.
func slicings(node *Node, what string, n int) ([]Slicing, error) {
	list := make([]Slicing, n)
	directions := what + "_directions"
	if what == "" {
		directions = "directions"
	}
	for _, name := range []string{directions, what + "_axes"} {
		given, err := node.Attrs.Ints(name)
		if err != nil {
			return nil, err
		}
		if given != nil && len(given) != n {
			return nil, op.Invalidf("%s has %d numbers for %d values", name, len(given), n)
		}
		for i, v := range given {
			if name != directions {
				list[i].Axis = v
			} else if list[i].Reverse = v == 1; v != 0 && v != 1 {
				return nil, op.Invalidf("%s[%d] is %d, want 0 or 1", name, i, v)
			}
		}
	}
	return list, nil
}
