package pass

import (
	"slices"

	"larder/model/graph"
	"larder/model/tensor"
)

// Identity removes nodes that return their input.
//
//	x ── Identity ── Dropout ── Relu ── y   ⇒   x ── Relu ── y
//
// Besides these two it knows casts to the type that a value has, reshapes to
// the shape that it has, transposes that move nothing and sums of one value. It
// does not fire where the node names an output of the graph.
func Identity(g *graph.Graph) error {
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		if e.returnsInput(n) {
			e.forward(n, n.Inputs[0])
		}
	})
	return e.done()
}

func (e *edit) returnsInput(n *graph.Node) bool {
	if n.Domain != "" || len(n.Inputs) == 0 || n.Inputs[0] == nil || n.Outputs[0] == nil {
		return false
	}
	switch n.Type {
	case "Identity":
		return true
	case "Dropout":
		return e.idle(n)
	case "Cast", "CastLike":
		x, y := e.of(n.Inputs[0]), e.of(n.Outputs[0])
		return x.DType == y.DType && x.DType != tensor.Undefined
	case "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Expand":
		x, y := e.of(n.Inputs[0]), e.of(n.Outputs[0])
		return x.Ranked && y.Ranked && x.Shape.Known() && x.Shape.Equal(y.Shape)
	case "Transpose":
		perm, err := n.Attrs.Ints("perm")
		return err == nil && perm != nil && slices.IsSorted(perm)
	case "Concat", "Sum", "Mean", "Max", "Min":
		return len(n.Inputs) == 1
	}
	return false
}

// idle reports whether a Dropout does nothing: it has no mask output, and the
// training mode, an input since opset 12, is absent or false.
func (e *edit) idle(n *graph.Node) bool {
	if slices.ContainsFunc(n.Outputs[1:], func(v *graph.Value) bool { return v != nil }) {
		return false
	}
	if n.Opset < 7 {
		test, err := n.Attrs.Int("is_test", 0)
		return err == nil && test != 0
	}
	mode := input(n, 2)
	if mode == nil {
		return true
	}
	t := e.of(mode).Const
	return t != nil && t.DType() == tensor.Bool && t.Len() == 1 && !tensor.Data[bool](t)[0]
}
