package pass

import (
	"larder/model/graph"
	"larder/model/op"
)

// Softmax brings the dimension of a softmax to the end, where its kernel works.
//
//	x ── Softmax(axis 2 of 4) ── y    ⇒    x ── Transpose ── Softmax(-1) ── Transpose ── y
//
// Channels, dimension 1, stay where they are: pictures have them at the end in memory.
func Softmax(g *graph.Graph) error {
	if !has(g, "Softmax", "LogSoftmax") {
		return nil
	}
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		const since = 13 // before, all dimensions from axis on were one
		if isType(n, "Softmax", "LogSoftmax") && n.Opset >= since && e.is32(n.Inputs[0]) {
			e.softmaxLast(n)
		}
	})
	return e.done()
}

func (e *edit) softmaxLast(n *graph.Node) {
	in := e.of(n.Inputs[0])
	axis, err := n.Attrs.Int("axis", -1)
	last := int64(len(in.Shape)) - 1
	if axis < 0 {
		axis += last + 1
	}
	if err != nil || !in.Ranked || axis < 0 || axis >= last || axis == 1 {
		return
	}
	swap := make([]int64, last+1)
	for i := range swap {
		swap[i] = int64(i)
	}
	swap[axis], swap[last] = last, axis
	attrs, name := op.Attrs{"perm": swap}, n.Outputs[0].Name
	x := e.insert(n, "Transpose", attrs, n.Inputs, name+"/last")
	if x == nil {
		return
	}
	if y := e.insert(n, n.Type, op.Attrs{"axis": int64(-1)}, []*graph.Value{x}, name+"/"+n.Type); y != nil {
		e.replace(n, "", "Transpose", attrs, []*graph.Value{y})
	}
}
