package pass

import (
	"larder/model/graph"
	"larder/model/op"
)

// products are the operators that have a fused form: it adds a residual and
// bounds the result.
var products = []string{"Conv", "Gemm", "MatMul", "larder.Conv", "larder.Gemm", "larder.MatMul"}

// Bounds lets a convolution or product bound its own result.
//
//	x ── Conv ── Clip(0, 6) ── y    ⇒    x ── larder.Conv{low=0 high=6} ── y
//
// It fires for Relu and for Clip with constant bounds, on 32-bit floats.
func Bounds(g *graph.Graph) error {
	if !has(g, "Relu", "Clip") {
		return nil
	}
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		if low, high, ok := e.bounds(n); ok {
			e.bound(n, low, high)
		}
	})
	return e.done()
}

// bounds returns what n limits its input to.
func (e *edit) bounds(n *graph.Node) (low, high float32, ok bool) {
	low, high = -infinity, infinity
	switch {
	case isType(n, "Relu"):
		return 0, high, true
	case !isType(n, "Clip"):
		return 0, 0, false
	}
	var err, err2 error
	if n.Opset < 11 {
		low, err = n.Attrs.Float("min", low)
		high, err2 = n.Attrs.Float("max", high)
		return low, high, err == nil && err2 == nil
	}
	for i, b := range []*float32{&low, &high} {
		if v := input(n, i+1); v != nil {
			if *b, ok = e.scalar(v); !ok {
				return 0, 0, false
			}
		}
	}
	return low, high, true
}

func (e *edit) bound(n *graph.Node, low, high float32) {
	p := e.maker(n.Inputs[0], products...)
	// NaN bounds and crossed bounds keep the meaning that Clip gives them.
	if p == nil || !(low <= high) || !e.is32(p.Inputs...) {
		return
	}
	was, err := p.Attrs.Float("low", -infinity)
	was2, err2 := p.Attrs.Float("high", infinity)
	if err != nil || err2 != nil || !(max(was, low) <= min(was2, high)) {
		return
	}
	attrs := with(with(p.Attrs, "low", max(was, low)), "high", min(was2, high))
	e.replace(n, op.Fused, p.Type, attrs, p.Inputs, p)
}
