package engine

import (
	"context"

	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// bodies holds the prepared bodies of the nodes that have some.
type bodies map[*graph.Node][]Program

// prepareBodies prepares the bodies of g's nodes; how decides who runs them.
func prepareBodies(g *graph.Graph, how func(body *graph.Graph) Engine) (bodies, error) {
	var made bodies
	for _, n := range g.Nodes {
		if n.Control == nil {
			continue
		}
		if made == nil {
			made = bodies{}
		}
		for _, body := range n.Control.Bodies {
			p, err := how(body).Prepare(body)
			if err != nil {
				made.Close()
				return nil, err
			}
			made[n] = append(made[n], p)
		}
	}
	return made, nil
}

// Close closes all of them.
func (b bodies) Close() {
	for _, list := range b {
		for _, p := range list {
			p.Close()
		}
	}
}

// turns is one node with bodies at work.
type turns struct {
	*run
	ctx      context.Context
	node     *graph.Node
	in       []*tensor.Tensor // without the captured ones
	captured []*tensor.Tensor
	held     int64 // bytes of what the turns have made
}

// control runs a node with bodies.
func (r *run) control(ctx context.Context, n *graph.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	if ctx.Value(profileKey{}) != nil { // the node is measured as a whole
		ctx = context.WithValue(ctx, profileKey{}, nil)
	}
	k := len(in) - n.Control.Captured
	t := &turns{run: r, ctx: ctx, node: n, in: in[:k], captured: in[k:]}
	switch n.Control.Kind {
	case graph.If:
		return t.branch()
	case graph.Loop:
		return t.loop()
	case graph.Scan:
		return t.scan()
	}
	return t.sequenceMap()
}

// body runs one of the bodies.
func (t *turns) body(i int, feeds []*tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := t.ctx.Err(); err != nil {
		return nil, err
	}
	all := append(append(make([]*tensor.Tensor, 0, len(feeds)+len(t.captured)), feeds...), t.captured...)
	p := t.bodies[t.node][i]
	if ref, ok := p.(*program); ok {
		return ref.runWithin(t.ctx, all, t.limit-t.alive-t.held)
	}
	return p.Run(t.ctx, all)
}

// fail returns an error about the node.
func (t *turns) fail(err error) error { return t.node.Fail(graph.Describe(t.in), err) }

// hold counts what a turn has made and is kept.
func (t *turns) hold(v *tensor.Tensor) error {
	t.held += bytes(op.Known(v))
	if need := t.alive + t.held; need > t.limit {
		return t.fail(&MemoryError{need, t.limit})
	}
	return nil
}

// flagOf returns the one element of a bool; absent means yes.
func (t *turns) flagOf(v *tensor.Tensor) (bool, error) {
	if v == nil {
		return true, nil
	}
	if v.DType() != tensor.Bool || v.Len() != 1 {
		return false, t.fail(op.Invalidf("the condition is %v, want one bool", v))
	}
	return tensor.Data[bool](v)[0], nil
}

// branch runs If.
func (t *turns) branch() ([]*tensor.Tensor, error) {
	yes, err := t.flagOf(t.in[0])
	if err != nil {
		return nil, err
	}
	i := 1
	if yes {
		i = 0
	}
	return t.body(i, nil)
}

// loop runs Loop. It ends when the condition or the count says so, or ctx: every
// body looks at it.
func (t *turns) loop() ([]*tensor.Tensor, error) {
	most, err := t.count(t.in[0])
	if err != nil {
		return nil, err
	}
	more, err := t.flagOf(t.in[1])
	if err != nil {
		return nil, err
	}
	c := t.node.Control
	states, scans := t.in[2:], make([][]*tensor.Tensor, len(c.Bodies[0].Outputs)-1-c.States)
	for i := int64(0); i < most && more; i++ {
		feeds := append([]*tensor.Tensor{tensor.Scalar(i), tensor.Scalar(more)}, states...)
		out, err := t.body(0, feeds)
		if err != nil {
			return nil, err
		}
		if more, err = t.flagOf(out[0]); err != nil {
			return nil, err
		}
		if err := t.sameTypes(states, out[1:]); err != nil {
			return nil, err
		}
		states = out[1 : 1+c.States]
		for k, v := range out[1+c.States:] {
			if err := t.hold(v); err != nil {
				return nil, err
			}
			scans[k] = append(scans[k], v)
		}
	}
	return t.joined(states, scans, 1)
}

// count returns how often a loop may turn.
func (t *turns) count(v *tensor.Tensor) (int64, error) {
	if v == nil {
		return 1<<63 - 1, nil
	}
	if v.DType() != tensor.Int64 || v.Len() != 1 {
		return 0, t.fail(op.Invalidf("the trip count is %v, want one int64", v))
	}
	return tensor.Data[int64](v)[0], nil
}

// sameTypes checks that what is handed to the next turn keeps its type. What was
// optional may turn out to be there.
func (t *turns) sameTypes(was, now []*tensor.Tensor) error {
	for i, v := range was {
		if v.DType() != now[i].DType() && v.DType() != tensor.Optional {
			return t.fail(op.Invalidf("value %d becomes %v, it was %v", i, now[i], v))
		}
	}
	return nil
}

// joined stacks the outputs of all turns; first is the number of the body's
// outputs before the states.
func (t *turns) joined(states []*tensor.Tensor, scans [][]*tensor.Tensor, first int) ([]*tensor.Tensor, error) {
	out := append([]*tensor.Tensor{}, states...)
	for k, list := range scans {
		axis := graph.Slicing{}
		if t.node.Control.Kind == graph.Scan {
			axis = t.node.Control.Out[k]
		}
		v, err := t.stack(list, axis, first+len(states)+k)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// stack joins one output of all turns.
func (t *turns) stack(list []*tensor.Tensor, s graph.Slicing, output int) (*tensor.Tensor, error) {
	if len(list) == 0 {
		return t.nothing(output)
	}
	if list[0].DType().Composite() {
		return nil, t.fail(op.Invalidf("output %d of the body is %v, only tensors are collected", output, list[0]))
	}
	if s.Reverse {
		for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
			list[i], list[j] = list[j], list[i]
		}
	}
	size := int64(0)
	for _, v := range list {
		size += bytes(op.Known(v))
	}
	if need := t.alive + t.held + size; need > t.limit {
		return nil, t.fail(&MemoryError{need, t.limit})
	}
	axis, err := axisOf(s.Axis, list[0].Rank()+1)
	if err != nil {
		return nil, t.fail(err)
	}
	v, err := op.Stack(list, axis)
	if err != nil {
		return nil, t.fail(err)
	}
	t.held += size
	return v, nil
}

// nothing is the output of a loop that did not turn: of a type and shape that
// only the file can tell.
func (t *turns) nothing(output int) (*tensor.Tensor, error) {
	known, _ := graph.Infer(t.node.Control.Bodies[0], graph.InferOptions{})
	v := t.node.Control.Bodies[0].Outputs[output]
	fact := known.Of(v)
	if fact.DType == tensor.Undefined || !fact.Ranked {
		fact = v.Declared
	}
	if !fact.DType.Supported() {
		return nil, t.fail(op.Invalidf("the body never ran, and the type of its output %d is not known", output))
	}
	shape := tensor.Shape{0}
	for _, d := range fact.Shape {
		shape = append(shape, max(d, 0))
	}
	return tensor.New(fact.DType, shape...)
}

// axisOf counts an axis from the front.
func axisOf(axis int64, rank int) (int, error) {
	if axis < 0 {
		axis += int64(rank)
	}
	if axis < 0 || axis >= int64(rank) {
		return 0, op.Invalidf("axis %d is outside rank %d", axis, rank)
	}
	return int(axis), nil
}

// sequenceMap runs its body for each element of the first sequence.
func (t *turns) sequenceMap() ([]*tensor.Tensor, error) {
	n := t.in[0].Len()
	if t.in[0].DType() != tensor.Sequence {
		return nil, t.fail(op.Invalidf("input 0 is %v, want a sequence", t.in[0]))
	}
	lists := make([][]*tensor.Tensor, len(t.node.Control.Bodies[0].Outputs))
	for i := range n {
		feeds := make([]*tensor.Tensor, len(t.in))
		for k, v := range t.in {
			if feeds[k] = v; v.DType() != tensor.Sequence {
				continue
			}
			if v.Len() != n {
				return nil, t.fail(op.Invalidf("sequences of %d and %d elements", n, v.Len()))
			}
			feeds[k] = v.Items()[i]
		}
		out, err := t.body(0, feeds)
		if err != nil {
			return nil, err
		}
		for k, v := range out {
			if err := t.hold(v); err != nil {
				return nil, err
			}
			lists[k] = append(lists[k], v)
		}
	}
	out := make([]*tensor.Tensor, len(lists))
	for k, list := range lists {
		out[k] = tensor.SequenceOf(list...)
	}
	return out, nil
}
