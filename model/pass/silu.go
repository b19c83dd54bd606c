package pass

import (
	"larder/model/graph"
	"larder/model/op"
)

// SiLU finds x times its own sigmoid.
//
//	x ─┬─ Sigmoid ─ Mul ── y    ⇒    x ── Swish ── y
//	   └─────────────┘
func SiLU(g *graph.Graph) error {
	return products32(g, func(e *edit, n *graph.Node, p factors) {
		p.pairs(func(x, y *graph.Value) bool {
			s := e.maker(y, "Sigmoid")
			if s == nil || !about(p.scale, 1) {
				return false
			}
			v, alpha, inner := e.scaledBy(s.Inputs[0])
			if s.Inputs[0] == x {
				v, alpha, inner = x, 1, nil
			}
			attrs := op.Attrs{"alpha": float32(alpha)}
			return v == x && e.replace(n, "", "Swish", attrs, []*graph.Value{x}, append(append(p.nodes, inner...), s)...)
		})
	})
}
