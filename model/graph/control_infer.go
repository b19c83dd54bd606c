package graph

import (
	"larder/model/op"
	"larder/model/tensor"
)

// maxInferDepth bounds how deep in bodies facts are looked for more than once.
const maxInferDepth = 3

// controlOp is the operator of a node with bodies: it knows types and shapes. An
// engine runs the bodies.
type controlOp struct{ c *Control }

// Infer implements [op.Operator].
func (o controlOp) Infer(in []op.Value) ([]op.Value, error) { return o.c.infer(in, 0) }

// Run is never called: see Control.
func (o controlOp) Run([]*tensor.Tensor) ([]*tensor.Tensor, error) {
	return nil, op.Unsupportedf("a node with bodies where only tensors are computed")
}

// infer finds the outputs. A body in which something cannot be right may never
// run, so that it only makes the outputs unknown.
func (c *Control) infer(in []op.Value, depth int) ([]op.Value, error) {
	if c.Kind == If {
		return c.inferIf(in, depth), nil
	}
	feeds, err := c.Feeds(in)
	if err != nil {
		return nil, err
	}
	out := make([]op.Value, len(c.Bodies[0].Outputs))
	first := 0
	if c.Kind == Loop {
		first = 1
	}
	if made, err := c.settle(feeds, depth); err == nil {
		out = made
	}
	for i := first; i < len(out); i++ {
		if k := i - first; k < c.States {
			out[i] = c.unbatch(feeds[len(feeds)-c.Captured-len(c.In)-c.States+k], in)
		} else {
			out[i] = c.collected(out[i], k-c.States, in)
		}
	}
	return out[first:], nil
}

// inferIf finds what both branches say, or the one that is taken.
func (c *Control) inferIf(in []op.Value, depth int) []op.Value {
	feeds := in[1:]
	var out []op.Value
	for i, body := range c.Bodies {
		if t := in[0].Const; t != nil && t.Len() == 1 && t.DType() == tensor.Bool && tensor.Data[bool](t)[0] != (i == 0) {
			continue
		}
		made, err := outputs(body, feeds, depth)
		if err != nil {
			return make([]op.Value, len(body.Outputs))
		}
		if out == nil {
			out = made
			continue
		}
		for k := range min(len(out), len(made)) {
			out[k] = op.Merge(out[k], made[k])
		}
	}
	return out
}

// outputs infers a body with what is known of its inputs.
func outputs(body *Graph, feeds []op.Value, depth int) ([]op.Value, error) {
	facts, err := Infer(body, InferOptions{Feeds: feeds, depth: depth + 1})
	if err != nil {
		return nil, err
	}
	out := make([]op.Value, len(body.Outputs))
	for i, v := range body.Outputs {
		out[i] = facts.Of(v)
		out[i].Const = nil
	}
	return out, nil
}

// Feeds returns what is known of the inputs of the bodies in the first turn;
// what is handed on is not yet settled.
func (c *Control) Feeds(in []op.Value) ([]op.Value, error) {
	n := len(in) - c.Captured
	var feeds []op.Value
	switch c.Kind {
	case If:
	case Loop:
		feeds = append(feeds, op.Of(tensor.Int64), op.Of(tensor.Bool))
		for _, v := range in[2:n] {
			feeds = append(feeds, changing(v))
		}
	case SequenceMap:
		for i, v := range in[:n] {
			if i == 0 && v.DType != tensor.Undefined && v.DType != tensor.Sequence {
				return nil, op.Invalidf("input 0 is %v, want a sequence", v)
			}
			if v.DType == tensor.Sequence || i == 0 {
				v = inSequence(v)
			}
			feeds = append(feeds, changing(v))
		}
	case Scan:
		first := n - c.States - len(c.In)
		for _, v := range in[first : first+c.States] {
			feeds = append(feeds, c.batched(changing(v)))
		}
		for i, v := range in[first+c.States : n] {
			v, err := slice(c.batched(changing(v)), c.In[i].Axis)
			if err != nil {
				return nil, err
			}
			feeds = append(feeds, v)
		}
	}
	return append(feeds, in[n:]...), nil
}

// changing is v without its elements, which differ from turn to turn.
func changing(v op.Value) op.Value { v.Const = nil; return v }

func inSequence(v op.Value) op.Value {
	if v.Elem == nil {
		return op.Value{}
	}
	return *v.Elem
}

// batched drops the batch of opset 8.
func (c *Control) batched(v op.Value) op.Value {
	if c.Batched && v.Ranked && len(v.Shape) > 0 {
		v.Shape = v.Shape[1:]
	}
	return v
}

// unbatch puts the batch of opset 8 in front again.
func (c *Control) unbatch(v op.Value, in []op.Value) op.Value {
	if !c.Batched || !v.Ranked {
		return v
	}
	return op.Of(v.DType, append(tensor.Shape{tensor.Unknown}, v.Shape...)...)
}

// slice returns what is known of one slice along an axis.
func slice(v op.Value, axis int64) (op.Value, error) {
	if !v.Ranked {
		return op.Unranked(v.DType), nil
	}
	k, err := axisIn(axis, len(v.Shape))
	if err != nil {
		return v, err
	}
	return op.Of(v.DType, append(v.Shape[:k:k], v.Shape[k+1:]...)...), nil
}

// axisIn counts an axis from the front.
func axisIn(axis int64, rank int) (int, error) {
	if axis < 0 {
		axis += int64(rank)
	}
	if axis < 0 || axis >= int64(rank) {
		return 0, op.Invalidf("axis %d is outside rank %d", axis, rank)
	}
	return int(axis), nil
}

// settle makes the facts of the values that are handed from turn to turn true of
// all turns, in place, and returns what is then known of the body's outputs.
func (c *Control) settle(feeds []op.Value, depth int) ([]op.Value, error) {
	body := c.Bodies[0]
	rounds := 3
	if depth >= maxInferDepth {
		rounds = 0
	}
	skip, first := 0, 0
	if c.Kind == Loop {
		skip, first = 1, 2
	}
	states := feeds[first : first+c.States]
	for range rounds {
		out, err := outputs(body, feeds, depth)
		if err != nil {
			break
		}
		stable := true
		for i, was := range states {
			if now := handed(was, out[skip+i]); !same(was, now) {
				states[i], stable = now, false
			}
		}
		if stable {
			return out, nil
		}
	}
	for i := range states {
		states[i] = handed(states[i], op.Value{})
	}
	return outputs(body, feeds, depth)
}

// handed is what is true of a state before and after a turn. Its type does not
// change: a run refuses that.
func handed(was, now op.Value) op.Value {
	switch {
	case was.DType == tensor.Optional: // it may turn out to be there
		return op.Value{}
	case was.DType.Composite() || now.DType == tensor.Undefined:
		return op.Value{DType: was.DType}
	}
	now.DType = was.DType
	return op.Merge(was, now)
}

func same(a, b op.Value) bool {
	return a.DType == b.DType && a.Ranked == b.Ranked && a.Shape.Equal(b.Shape) && (a.Elem == nil) == (b.Elem == nil)
}

// collected is what is known of all turns' output i together.
func (c *Control) collected(v op.Value, i int, in []op.Value) op.Value {
	if c.Kind == SequenceMap {
		n := tensor.Unknown
		if in[0].Ranked && len(in[0].Shape) == 1 {
			n = in[0].Shape[0]
		}
		return op.SequenceOf(v, n)
	}
	if !v.Ranked || v.DType.Composite() {
		return op.Unranked(v.DType)
	}
	axis := 0
	if c.Kind == Scan {
		var err error
		if axis, err = axisIn(c.Out[i].Axis, len(v.Shape)+1); err != nil {
			return op.Unranked(v.DType)
		}
	}
	shape := append(append(v.Shape[:axis:axis], tensor.Unknown), v.Shape[axis:]...)
	return c.unbatch(op.Of(v.DType, shape...), in)
}

// DeclareBodies makes the inputs of n's bodies say what is known of them in every
// turn, given the facts of the graph around: passes rely on it.
func (n *Node) DeclareBodies(facts Facts) error {
	in := make([]op.Value, len(n.Inputs))
	for i, v := range n.Inputs {
		in[i] = facts.Of(v)
	}
	c := n.Control
	feeds, err := c.Feeds(in)
	if err != nil {
		return n.Fail(in, err)
	}
	if c.Kind != If {
		if _, err := c.settle(feeds, 0); err != nil {
			return nil // nothing is known then, and the body is left alone
		}
	}
	for _, body := range c.Bodies {
		for i, v := range body.Inputs {
			if feeds[i].DType != tensor.Undefined {
				v.Declared, v.Symbols = feeds[i], make([]string, len(feeds[i].Shape))
				v.Declared.Const = nil
			}
		}
	}
	return nil
}
