package pass

import (
	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// Bias makes a constant that is added to the result of a convolution or product
// its bias.
//
//	x ── Conv(w, b) ── Add(c) ── y   ⇒   x ── Conv(w, b+c) ── y
//	x ── MatMul(w) ── Add(c) ── y    ⇒   x ── larder.MatMul(w, c) ── y
//
// It fires for 32-bit floats if c has one number for each output channel, or one
// for all, and the shape of the sum is that of the product.
func Bias(g *graph.Graph) error {
	if !has(g, "Add") {
		return nil
	}
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		if !isType(n, "Add") || len(n.Inputs) != 2 || n.Attrs.Has("broadcast") {
			return
		}
		for i, v := range n.Inputs {
			if e.addBias(n, v, n.Inputs[1-i]) {
				return
			}
		}
	})
	return e.done()
}

func (e *edit) addBias(n *graph.Node, v, c *graph.Value) bool {
	p := e.maker(v, "Conv", "Gemm", "MatMul", "larder.Conv", "larder.MatMul")
	add, shape := e.floats(c)
	if p == nil || add == nil || !e.is32(p.Inputs...) || p.Attrs.Has("low") || p.Attrs.Has("high") || input(p, 3) != nil {
		return false
	}
	out := e.of(v)
	w := e.of(p.Inputs[1])
	if !out.Ranked || !w.Ranked || len(w.Shape) < 2 || w.Const == nil {
		return false
	}
	axis, channels := len(out.Shape)-1, w.Shape[len(w.Shape)-1]
	switch p.Type {
	case "Conv":
		axis, channels = 1, w.Shape[0]
	case "Gemm":
		if alongB, ok := channelOf(p); ok {
			channels = w.Shape[alongB]
		} else {
			return false
		}
	case "MatMul":
		if len(w.Shape) != 2 {
			return false
		}
	}
	if !perChannel(shape, len(out.Shape), axis, channels) {
		return false
	}
	bias := make([]float32, channels)
	if b := input(p, 2); b != nil {
		old, oldShape := e.floats(b)
		if !perChannel(oldShape, 1, 0, channels) || len(old) != channels {
			return false
		}
		copy(bias, old)
	}
	for i := range bias {
		bias[i] += add[i%len(add)]
	}
	domain := p.Domain
	if p.Type == "MatMul" {
		domain = op.Fused
	}
	in := []*graph.Value{p.Inputs[0], p.Inputs[1], e.constant(n.Outputs[0].Name+".bias", tensor.Vector(bias...))}
	return e.replace(n, domain, p.Type, p.Attrs, in, p)
}

// perChannel reports whether a constant of the shape, added to a value of the
// given rank, is one number for each channel, or for all, and does not widen
// the value.
func perChannel(shape tensor.Shape, rank, axis, channels int) bool {
	if len(shape) > rank {
		return false
	}
	for i, d := range shape {
		at := rank - len(shape) + i
		if d != 1 && (at != axis || d != channels) {
			return false
		}
	}
	return true
}
