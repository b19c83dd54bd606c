package pass

import "larder/model/graph"

// HardSwish finds x·clip(x+3, 0, 6)/6, and x times its hard sigmoid of slope 1/6.
//
//	x ─┬─ Add(3) ─ Clip(0, 6) ─ Mul ─ Div(6) ── y    ⇒    x ── HardSwish ── y
//	   └─────────────────────────┘
func HardSwish(g *graph.Graph) error {
	return products32(g, func(e *edit, n *graph.Node, p factors) {
		p.pairs(func(x, y *graph.Value) bool {
			inner := e.hardSigmoid(x, y, p.scale)
			return inner != nil && e.replace(n, "", "HardSwish", nil, []*graph.Value{x}, append(p.nodes, inner...)...)
		})
	})
}

// hardSigmoid returns the nodes that make y of x, if scale·y is clip(x/6+1/2, 0, 1).
func (e *edit) hardSigmoid(x, y *graph.Value, scale float64) []*graph.Node {
	if h := e.maker(y, "HardSigmoid"); h != nil && h.Inputs[0] == x && about(scale, 1) {
		alpha, err := h.Attrs.Float("alpha", 0.2)
		beta, err2 := h.Attrs.Float("beta", 0.5)
		if err == nil && err2 == nil && about(float64(alpha), 1./6) && about(float64(beta), 0.5) {
			return []*graph.Node{h}
		}
		return nil
	}
	c := e.maker(y, "Clip")
	if c == nil || !about(scale, 1./6) {
		return nil
	}
	low, high, ok := e.bounds(c)
	v, three, add := e.plus(c.Inputs[0])
	if !ok || low != 0 || high != 6 || v != x || !about(three, 3) {
		return nil
	}
	return []*graph.Node{c, add}
}
