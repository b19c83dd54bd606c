package pass

import (
	"slices"

	"larder/model/graph"
	"larder/model/op"
)

// Residual lets a convolution or product add what Add adds to its result.
//
//	x ── Conv ── Add ── y           x ── larder.Conv ── y
//	r ───────────┘            ⇒     r ───────┘ (fourth input)
//
// It fires for 32-bit floats whose shapes are alike as far as they are known,
// and not for constants (Bias takes those). If both sides come from a product,
// the one that is computed later takes the other.
func Residual(g *graph.Graph) error {
	if !has(g, "Add") {
		return nil
	}
	e := newEdit(g)
	order := map[*graph.Node]int{}
	for i, n := range g.Nodes {
		order[n] = i
	}
	e.each(func(n *graph.Node) {
		if !isType(n, "Add") || len(n.Inputs) != 2 || n.Attrs.Has("broadcast") {
			return
		}
		sides := []int{0, 1}
		slices.SortStableFunc(sides, func(a, b int) int { return order[n.Inputs[b].Producer] - order[n.Inputs[a].Producer] })
		for _, i := range sides {
			if e.addResidual(n, n.Inputs[i], n.Inputs[1-i]) {
				return
			}
		}
	})
	return e.done()
}

func (e *edit) addResidual(n *graph.Node, v, r *graph.Value) bool {
	p := e.maker(v, products...)
	if p == nil || r.Const != nil || v == r || !e.is32(append(slices.Clone(p.Inputs), r)...) || !e.sameShape(v, r) {
		return false
	}
	if p.Attrs.Has("low") || p.Attrs.Has("high") || input(p, 3) != nil {
		return false
	}
	if isType(p, "MatMul", "larder.MatMul") && e.of(p.Inputs[0]).Const != nil {
		return false
	}
	in := make([]*graph.Value, 4)
	copy(in, p.Inputs)
	in[3] = r
	return e.replace(n, op.Fused, p.Type, p.Attrs, in, p)
}
