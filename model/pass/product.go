package pass

import (
	"math"

	"larder/model/graph"
)

// factors is a product taken apart: scale times the values.
type factors struct {
	scale  float64
	values []*graph.Value
	nodes  []*graph.Node // that make up the product, but for the last
}

// factorsOf takes the product that n makes apart: n and the nodes behind it that
// nobody else reads, as long as they multiply, or divide by a constant number.
func (e *edit) factorsOf(n *graph.Node) factors {
	f := factors{scale: 1}
	e.gather(&f, n, false)
	return f
}

func (e *edit) gather(f *factors, n *graph.Node, inner bool) {
	if inner {
		f.nodes = append(f.nodes, n)
	}
	for i, v := range n.Inputs {
		if c, ok := e.scalar(v); ok {
			if n.Type == "Div" && i == 1 {
				f.scale /= float64(c)
			} else {
				f.scale *= float64(c)
			}
			continue
		}
		if m := e.maker(v, "Mul", "Div"); m != nil && e.isProduct(m) && len(f.values) < 4 {
			e.gather(f, m, true)
		} else {
			f.values = append(f.values, v)
		}
	}
}

// isProduct reports whether n is a Mul, or a Div by a constant number.
func (e *edit) isProduct(n *graph.Node) bool {
	if n == nil || len(n.Inputs) != 2 || n.Attrs.Has("broadcast") || !e.is32(n.Outputs[0]) {
		return false
	}
	if isType(n, "Div") {
		_, ok := e.scalar(n.Inputs[1])
		return ok
	}
	return isType(n, "Mul")
}

// about reports whether a constant of a pattern is the given number, as
// precisely as exporters write it.
func about(got, want float64) bool { return math.Abs(got-want) <= 1e-5*math.Abs(want) }

// scaledBy returns x and c if v is x*c, x/(1/c) or, for c = 1, x itself, where
// x is one of two values.
func (e *edit) scaledBy(v *graph.Value) (x *graph.Value, c float64, nodes []*graph.Node) {
	if m := e.maker(v, "Mul", "Div"); m != nil && e.isProduct(m) {
		if f := e.factorsOf(m); len(f.values) == 1 {
			return f.values[0], f.scale, append(f.nodes, m)
		}
	}
	return v, 1, nil
}

// plus returns x and c if v is x + c with a constant number c.
func (e *edit) plus(v *graph.Value) (x *graph.Value, c float64, n *graph.Node) {
	n = e.maker(v, "Add")
	if n == nil || len(n.Inputs) != 2 || n.Attrs.Has("broadcast") {
		return nil, 0, nil
	}
	for i := range n.Inputs {
		if c, ok := e.scalar(n.Inputs[i]); ok {
			return n.Inputs[1-i], float64(c), n
		}
	}
	return nil, 0, nil
}

// pairs calls try with both orders of two factors until it returns true.
func (f factors) pairs(try func(x, y *graph.Value) bool) {
	if len(f.values) == 2 && !try(f.values[0], f.values[1]) {
		try(f.values[1], f.values[0])
	}
}

// products32 calls f for every node that multiplies, last nodes first: a product
// is seen as a whole before its parts.
func products32(g *graph.Graph, f func(e *edit, n *graph.Node, p factors)) error {
	if !has(g, "Mul", "Div") {
		return nil
	}
	e := newEdit(g)
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if n := g.Nodes[i]; !e.dropped[n] && isType(n, "Mul", "Div") && e.isProduct(n) {
			f(e, n, e.factorsOf(n))
		}
	}
	return e.done()
}
