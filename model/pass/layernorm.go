package pass

import (
	"slices"

	"larder/model/graph"
	"larder/model/op"
)

// LayerNorm finds a layer normalisation that was exported step by step.
//
//	x ── ReduceMean ─┐
//	x ───────────── Sub ─┬─ Pow(2) ─ ReduceMean ─ Add(ε) ─ Sqrt ─┐
//	                     └───────────────────────────────────── Div ─ Mul(γ) ─ Add(β) ── y
//	⇒
//	x, γ, β ── LayerNormalization{axis=-1} ── y
//
// It fires for means over the last dimension whose size γ and β have.
func LayerNorm(g *graph.Graph) error {
	if !has(g, "ReduceMean") {
		return nil
	}
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		if isType(n, "Add") {
			e.layerNorm(n)
		}
	})
	return e.done()
}

func (e *edit) layerNorm(n *graph.Node) {
	for i, v := range n.Inputs {
		mul := e.maker(v, "Mul")
		beta := n.Inputs[1-i]
		if mul == nil || e.vector(beta) < 0 {
			continue
		}
		for k, u := range mul.Inputs {
			gamma := mul.Inputs[1-k]
			x, eps, nodes := e.normalized(u)
			if x == nil || e.vector(gamma) != e.vector(beta) || e.lastSize(x) != e.vector(gamma) {
				continue
			}
			attrs := op.Attrs{"axis": int64(-1), "epsilon": eps}
			e.replace(n, "", "LayerNormalization", attrs, []*graph.Value{x, gamma, beta}, append(nodes, mul)...)
			return
		}
	}
}

// vector returns the length of a constant vector, -1 for anything else.
func (e *edit) vector(v *graph.Value) int {
	if d, shape := e.floats(v); d != nil && len(shape) == 1 {
		return len(d)
	}
	return -1
}

// lastSize returns the size of the last dimension of v, -2 if it is not known.
func (e *edit) lastSize(v *graph.Value) int {
	f := e.of(v)
	if !f.Ranked || len(f.Shape) == 0 || f.Shape[len(f.Shape)-1] < 0 {
		return -2
	}
	return f.Shape[len(f.Shape)-1]
}

// normalized returns x if v is (x - mean) / √(variance + ε), and the nodes that
// make it.
func (e *edit) normalized(v *graph.Value) (x *graph.Value, eps float32, nodes []*graph.Node) {
	div := e.maker(v, "Div")
	if div == nil {
		return nil, 0, nil
	}
	d := div.Inputs[0]
	sqrt := e.maker(div.Inputs[1], "Sqrt")
	if sqrt == nil {
		return nil, 0, nil
	}
	mean, c, add := e.plus(sqrt.Inputs[0])
	if add == nil || c < 0 {
		return nil, 0, nil
	}
	variance := e.maker(mean, "ReduceMean")
	if variance == nil || !e.overLast(variance) {
		return nil, 0, nil
	}
	square := e.square(variance.Inputs[0], d)
	sub, m := e.deviation(d, div, square)
	if square == nil || sub == nil {
		return nil, 0, nil
	}
	return sub.Inputs[0], float32(c), []*graph.Node{div, sqrt, add, variance, square, sub, m}
}

// square returns the node that makes v = d², by Pow or Mul.
func (e *edit) square(v, d *graph.Value) *graph.Node {
	if p := e.maker(v, "Pow"); p != nil && p.Inputs[0] == d {
		if two, ok := e.scalar(p.Inputs[1]); ok && two == 2 {
			return p
		}
	}
	if m := e.maker(v, "Mul"); m != nil && m.Inputs[0] == d && m.Inputs[1] == d {
		return m
	}
	return nil
}

// deviation returns the nodes that make d = x - mean(x), which only the two
// given nodes may read.
func (e *edit) deviation(d *graph.Value, readers ...*graph.Node) (sub, mean *graph.Node) {
	sub = d.Producer
	if !isType(sub, "Sub") || e.output[d] || slices.Contains(readers, nil) {
		return nil, nil
	}
	for _, r := range e.readers[d] {
		if !slices.Contains(readers, r) {
			return nil, nil
		}
	}
	mean = e.maker(sub.Inputs[1], "ReduceMean")
	if mean == nil || mean.Inputs[0] != sub.Inputs[0] || !e.overLast(mean) {
		return nil, nil
	}
	return sub, mean
}

// overLast reports whether a reduction is over the last dimension and keeps it.
func (e *edit) overLast(n *graph.Node) bool {
	keep, err := n.Attrs.Int("keepdims", 1)
	axes, ok := e.axes(n)
	x := e.of(n.Inputs[0])
	if err != nil || !ok || keep != 1 || len(axes) != 1 || !x.Ranked || !e.is32(n.Inputs[0]) {
		return false
	}
	return axes[0] == -1 || axes[0] == int64(len(x.Shape)-1)
}
