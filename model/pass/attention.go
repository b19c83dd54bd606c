package pass

import (
	"math"
	"slices"

	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// Attention makes one node of what exporters write as two products of four
// dimensions, with the heads side by side as the projections leave them.
//
//	q ── Transpose(0 2 1 3) ─┐
//	k ── Transpose(0 2 3 1) ─ MatMul ─ Div(√d) ─ Add(mask) ─ Softmax ─┐
//	v ── Transpose(0 2 1 3) ───────────────────────────────────────── MatMul ─ Transpose(0 2 1 3) ── y
//	⇒
//	q, k, v, mask ── larder.Attention{scale=1/√d} ── y
//
// The scale may be at any place before the mask, in parts too. A Where that puts
// the lowest float, or -∞, in place of scores is a mask as well. It must not fire
// where the scores or weights are read elsewhere.
func Attention(g *graph.Graph) error {
	if !has(g, "Softmax") {
		return nil
	}
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		if isTurn(n, 0, 2, 1, 3) {
			e.attention(n)
		}
	})
	return e.done()
}

// isTurn reports whether n is a transpose that moves dimensions so.
func isTurn(n *graph.Node, p ...int64) bool {
	return isType(n, "Transpose") && slices.Equal(perm(n), p)
}

// scores is what is found on the way from a softmax back to its product.
type scores struct {
	product *graph.Node
	scale   float64
	mask    func() *graph.Value // nil: there is none
	nodes   []*graph.Node
}

func (e *edit) attention(n *graph.Node) {
	mix := e.maker(n.Inputs[0], "MatMul")
	if mix == nil {
		return
	}
	soft := e.maker(mix.Inputs[0], "Softmax")
	if soft == nil || !e.overLastOf4(soft) {
		return
	}
	s, ok := e.scores(soft.Inputs[0])
	if !ok {
		return
	}
	q, c, ok := e.heads(s.product.Inputs[0], 0, 2, 1, 3)
	k, d, ok2 := e.heads(s.product.Inputs[1], 0, 2, 3, 1)
	v, f, ok3 := e.heads(mix.Inputs[1], 0, 2, 1, 3)
	if !ok || !ok2 || !ok3 || f != 1 || !e.is32(q, k, v) {
		return
	}
	inputs := []*graph.Value{q, k, v}
	if s.mask != nil {
		inputs = append(inputs, s.mask())
	}
	e.replace(n, op.Fused, "Attention", op.Attrs{"scale": float32(s.scale * c * d)}, inputs, append(s.nodes, s.product, soft, mix)...)
}

// overLastOf4 reports whether a softmax is over the last of four dimensions.
func (e *edit) overLastOf4(n *graph.Node) bool {
	def := int64(-1)
	if n.Opset < 13 {
		def = 1
	}
	axis, err := n.Attrs.Int("axis", def)
	x := e.of(n.Inputs[0])
	return err == nil && (axis == -1 || axis == 3) && x.Ranked && len(x.Shape) == 4 && x.DType == tensor.Float32
}

// heads returns the value of four dimensions of which v is a transpose, and the
// factor that v is scaled by, before or behind it. Others may read v too.
func (e *edit) heads(v *graph.Value, p ...int64) (*graph.Value, float64, bool) {
	v, c := e.unscaled(v)
	if !isTurn(v.Producer, p...) || v.Const != nil {
		return nil, 0, false
	}
	v, d := e.unscaled(v.Producer.Inputs[0])
	return v, c * d, len(e.of(v).Shape) == 4
}

// unscaled takes factors that are constant numbers off a value.
func (e *edit) unscaled(v *graph.Value) (*graph.Value, float64) {
	scale := 1.0
	for v.Const == nil && v.Producer != nil && e.isProduct(v.Producer) {
		in := v.Producer.Inputs
		c, ok := e.scalar(in[1])
		x := in[0]
		if !ok {
			c, ok = e.scalar(in[0])
			x = in[1]
		}
		if !ok || !e.sameShape(x, v) {
			break
		}
		if v.Producer.Type == "Div" {
			scale /= float64(c)
		} else {
			scale *= float64(c)
		}
		v = x
	}
	return v, scale
}

// scores goes back from the input of a softmax to the product.
func (e *edit) scores(v *graph.Value) (s scores, ok bool) {
	s.scale = 1
	if m := e.maker(v, "Add", "Where"); m != nil {
		side := -1
		switch {
		case m.Type == "Where":
			side = e.fill(m, &s)
		case len(m.Inputs) == 2 && !m.Attrs.Has("broadcast"):
			side = e.added(m, &s)
		}
		if side < 0 || !e.sameShape(m.Inputs[side], v) {
			return s, false
		}
		s.nodes = append(s.nodes, m)
		v = m.Inputs[side]
	}
	if m := e.maker(v, "Mul", "Div"); m != nil && e.isProduct(m) {
		p := e.factorsOf(m)
		if len(p.values) != 1 {
			return s, false
		}
		s.scale = p.scale
		s.nodes = append(append(s.nodes, p.nodes...), m)
		v = p.values[0]
	}
	s.product = e.maker(v, "MatMul")
	return s, s.product != nil
}

// added finds the side of an Add that has the scores; the other is the mask. It
// returns -1 if there is none.
func (e *edit) added(m *graph.Node, s *scores) int {
	for i, v := range m.Inputs {
		mask := m.Inputs[1-i]
		x := e.of(mask)
		if e.maker(v, "MatMul", "Mul", "Div") == nil || !x.Ranked || len(x.Shape) == 0 || len(x.Shape) > 4 || x.Shape[len(x.Shape)-1] == 1 {
			continue
		}
		if e.maker(v, "MatMul") == nil && e.product4(v) == nil {
			continue
		}
		s.mask = func() *graph.Value { return mask }
		return i
	}
	return -1
}

// product4 returns the product of which v is a multiple.
func (e *edit) product4(v *graph.Value) *graph.Node {
	x, _, _ := e.scaledBy(v)
	return e.maker(x, "MatMul")
}

// lowest is the greatest number that takes a score out: what scores and it add
// up to is it.
const lowest = -1e30

// fill finds the side of a Where that has the scores; the other must be a very
// low number. The mask is then a Where of that number and 0. It returns -1 if
// there is none.
func (e *edit) fill(m *graph.Node, s *scores) int {
	for _, i := range []int{1, 2} {
		c, ok := e.scalar(m.Inputs[3-i])
		if !ok || !(c <= lowest) {
			continue
		}
		cond := m.Inputs[0]
		if x := cond.Producer; isType(x, "Expand") {
			cond = x.Inputs[0]
		}
		if x := e.of(cond); !x.Ranked || len(x.Shape) == 0 || len(x.Shape) > 4 || x.Shape[len(x.Shape)-1] == 1 {
			continue
		}
		name := m.Outputs[0].Name
		in := []*graph.Value{cond, nil, nil}
		in[i] = e.constant(name+".zero", tensor.Scalar[float32](0))
		in[3-i] = e.constant(name+".low", tensor.Scalar(max(c, -math.MaxFloat32)))
		s.mask = func() *graph.Value { return e.insert(m, "Where", nil, in, name+".mask") }
		return i
	}
	return -1
}
