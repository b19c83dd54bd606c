package pass

import (
	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// Unbind brings queries, keys and values that one product made to where
// Attention looks for them: what takes one of three comes before the transpose.
//
//	x ── Transpose(2 0 3 1 4) ── Gather(i){axis=0} ── y   ⇒   x ── Gather(i){axis=2} ── Transpose(0 2 1 3) ── y
//
// A Split into single slices, each followed by a Squeeze, is such a Gather too.
// It fires for constant indices of no dimension.
func Unbind(g *graph.Graph) error {
	if !has(g, "Squeeze", "Gather") {
		return nil
	}
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		if isType(n, "Squeeze") {
			e.sliceToGather(n)
		}
		if isType(n, "Gather") {
			e.gatherFirst(n)
		}
	})
	return e.done()
}

// sliceToGather makes a Gather of the Squeeze of one part of a Split.
func (e *edit) sliceToGather(n *graph.Node) {
	split := n.Inputs[0].Producer
	if !isType(split, "Split") || n.Inputs[0].Const != nil {
		return
	}
	x, y := e.of(split.Inputs[0]), e.of(n.Outputs[0])
	axis, err := split.Attrs.Int("axis", 0)
	if err != nil || !x.Ranked || !y.Ranked || len(y.Shape) != len(x.Shape)-1 {
		return
	}
	if axis < 0 {
		axis += int64(len(x.Shape))
	}
	if at, ok := e.squeezed(n, len(x.Shape)); !ok || at != axis {
		return
	}
	for i, v := range split.Outputs {
		if v == nil || e.of(v).Shape[axis] != 1 {
			return
		}
		if v == n.Inputs[0] {
			index := e.constant(n.Outputs[0].Name+".index", tensor.Scalar(int64(i)))
			e.replace(n, "", "Gather", op.Attrs{"axis": axis}, []*graph.Value{split.Inputs[0], index})
			return
		}
	}
}

// squeezed returns the one dimension that a Squeeze takes away.
func (e *edit) squeezed(n *graph.Node, rank int) (int64, bool) {
	axes, ok := e.axes(n)
	if !ok || len(axes) != 1 {
		return 0, false
	}
	if axes[0] < 0 {
		return axes[0] + int64(rank), true
	}
	return axes[0], true
}

// gatherFirst turns Transpose, Gather into Gather, Transpose.
func (e *edit) gatherFirst(n *graph.Node) {
	t := n.Inputs[0].Producer
	if !isType(t, "Transpose") || n.Inputs[0].Const != nil {
		return
	}
	p, index := perm(t), e.of(n.Inputs[1])
	axis, err := n.Attrs.Int("axis", 0)
	if axis < 0 {
		axis += int64(len(p))
	}
	if err != nil || index.Const == nil || len(index.Shape) != 0 || axis < 0 || axis >= int64(len(p)) {
		return
	}
	var rest []int64
	for i, k := range p {
		if k > p[axis] {
			k--
		}
		if i != int(axis) {
			rest = append(rest, k)
		}
	}
	first := e.insert(n, "Gather", op.Attrs{"axis": p[axis]}, []*graph.Value{t.Inputs[0], n.Inputs[1]}, n.Outputs[0].Name+".part")
	if first != nil {
		e.replace(n, "", "Transpose", op.Attrs{"perm": rest}, []*graph.Value{first})
	}
}
