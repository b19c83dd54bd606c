package pass

import (
	"math"

	"larder/model/graph"
	"larder/model/op"
)

// GELU finds x/2·(1 + erf(x/√2)) and its approximation by tanh, in whichever
// order an exporter multiplies.
//
//	x ─┬─ Div(√2) ─ Erf ─ Add(1) ─ Mul ─ Mul(½) ── y    ⇒    x ── Gelu ── y
//	   └────────────────────────────┘
func GELU(g *graph.Graph) error {
	return products32(g, func(e *edit, n *graph.Node, p factors) {
		if !about(p.scale, 0.5) {
			return
		}
		p.pairs(func(x, y *graph.Value) bool {
			v, one, add := e.plus(y)
			if add == nil || !about(one, 1) {
				return false
			}
			kind, inner := "none", e.erfOf(v, x)
			if inner == nil {
				kind, inner = "tanh", e.tanhOf(v, x)
			}
			if inner == nil {
				return false
			}
			attrs := op.Attrs{"approximate": kind}
			return e.replace(n, "", "Gelu", attrs, []*graph.Value{x}, append(append(p.nodes, inner...), add)...)
		})
	})
}

// erfOf returns the nodes that make v = erf(x/√2), nil if it is not that.
func (e *edit) erfOf(v, x *graph.Value) []*graph.Node {
	erf := e.maker(v, "Erf")
	if erf == nil {
		return nil
	}
	u, c, nodes := e.scaledBy(erf.Inputs[0])
	if u != x || !about(c, math.Sqrt2/2) {
		return nil
	}
	return append(nodes, erf)
}

const (
	geluSlope = 0.7978845608028654 // √(2/π)
	geluCubic = 0.044715
)

// tanhOf returns the nodes that make v = tanh(√(2/π)·(x + 0.044715·x³)).
func (e *edit) tanhOf(v, x *graph.Value) []*graph.Node {
	tanh := e.maker(v, "Tanh")
	if tanh == nil {
		return nil
	}
	m := e.maker(tanh.Inputs[0], "Mul", "Div")
	if m == nil || !e.isProduct(m) {
		return nil
	}
	f := e.factorsOf(m)
	nodes := append(f.nodes, m, tanh)
	if !about(f.scale, geluSlope) || len(f.values) != 1 {
		return nil
	}
	add := e.maker(f.values[0], "Add")
	if add == nil {
		return nil
	}
	for i, term := range add.Inputs {
		if cubic := e.cubic(add.Inputs[1-i], x); term == x && cubic != nil {
			return append(append(nodes, cubic...), add)
		}
	}
	return nil
}

// cubic returns the nodes that make v = 0.044715·x³.
func (e *edit) cubic(v, x *graph.Value) []*graph.Node {
	m := e.maker(v, "Mul", "Div")
	if m == nil || !e.isProduct(m) {
		return nil
	}
	f := e.factorsOf(m)
	nodes := append(f.nodes, m)
	power := 0
	for _, u := range f.values {
		if u == x {
			power++
			continue
		}
		p := e.maker(u, "Pow")
		if p == nil || p.Inputs[0] != x {
			return nil
		}
		n, ok := e.scalar(p.Inputs[1])
		if !ok || n != 2 && n != 3 {
			return nil
		}
		power += int(n)
		nodes = append(nodes, p)
	}
	if power != 3 || !about(f.scale, geluCubic) {
		return nil
	}
	return nodes
}
