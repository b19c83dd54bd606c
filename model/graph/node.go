package graph

import (
	"fmt"
	"runtime/debug"

	"larder/model/op"
	"larder/model/tensor"
)

// Infer calls the operator's Infer. Every error is a *NodeError; a panic
// becomes one, and so does a result of the wrong form.
func (n *Node) Infer(in []op.Value) (out []op.Value, err error) { return n.inferAt(in, 0) }

// inferAt is Infer for a node inside a number of bodies.
func (n *Node) inferAt(in []op.Value, depth int) (out []op.Value, err error) {
	defer n.wrap(&err, func() []op.Value { return in })
	if c := n.Control; c != nil {
		if out, err = c.infer(in, depth); err == nil && len(out) > len(n.Outputs) {
			out = out[:len(n.Outputs)] // the last ones may be left out
		}
	} else {
		out, err = n.Op.Infer(in)
	}
	if err == nil && len(out) != len(n.Outputs) {
		panic(fmt.Sprintf("%d inferred values for %d outputs", len(out), len(n.Outputs)))
	}
	return out, err
}

// Run calls the operator's Run. Every error is a *NodeError; a panic becomes
// one, and so does a missing output.
func (n *Node) Run(in []*tensor.Tensor) (out []*tensor.Tensor, err error) {
	defer n.wrap(&err, func() []op.Value { return Describe(in) })
	out, err = n.Op.Run(in)
	if err != nil {
		return nil, err
	}
	if len(out) < len(n.Outputs) {
		panic(fmt.Sprintf("%d tensors for %d outputs", len(out), len(n.Outputs)))
	}
	for i, v := range n.Outputs {
		if v != nil && out[i] == nil {
			panic(fmt.Sprintf("no tensor for output %d", i))
		}
	}
	return out, nil
}

// wrap turns *err, or a panic, into a *NodeError.
func (n *Node) wrap(err *error, inputs func() []op.Value) {
	if p := recover(); p != nil {
		*err = &PanicError{p, debug.Stack()}
	}
	if *err != nil {
		*err = n.Fail(inputs(), *err)
	}
}

// Fail returns a *NodeError about n. It keeps what is known of the inputs but
// not their elements.
func (n *Node) Fail(in []op.Value, err error) *NodeError {
	kept := make([]op.Value, len(in))
	for i, v := range in {
		v.Const = nil
		kept[i] = v
	}
	return &NodeError{Path: n.Path, Op: n.Type, Domain: n.Domain, Opset: n.Opset, Inputs: kept, Err: err}
}

// Describe returns what is known of tensors that exist; nil is absent.
func Describe(in []*tensor.Tensor) []op.Value {
	out := make([]op.Value, len(in))
	for i, t := range in {
		if t == nil {
			out[i] = op.Value{Absent: true}
		} else {
			out[i] = op.Known(t)
		}
	}
	return out
}
