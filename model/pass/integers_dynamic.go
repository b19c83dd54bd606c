package pass

import (
	"larder/model/graph"
	"larder/model/tensor"
)

// dynamicValue is a result of DynamicQuantizeLinear: the integers and their
// scale, which is known in the run. factor is what the scale has been multiplied
// with.
type dynamicValue struct {
	v, scale        *graph.Value
	q, d, zero      *graph.Value // the three results of the operator
	factor          []float32    // nil: the scale itself
	factorDimension tensor.Shape
}

// pendingProduct is a product of such integers of which no float has been made
// yet.
type pendingProduct struct {
	qproduct
	of *dynamicValue
}

// dynamicQuantize takes a DynamicQuantizeLinear.
func (q *integers) dynamicQuantize(n *graph.Node) bool {
	if len(n.Outputs) != 3 || n.Outputs[1] == nil || n.Outputs[2] == nil {
		return false
	}
	q.keep(n)
	d := &dynamicValue{v: q.value(n.Outputs[0]), scale: q.value(n.Outputs[1]), q: n.Outputs[0], d: n.Outputs[1], zero: n.Outputs[2]}
	if q.emit(n.Path, "DynamicQuantize", nil, n.Inputs, d.v, d.scale) {
		q.dynamic[d.q], q.dynamic[d.d] = d, d
	}
	return true
}

// integerProduct notes a ConvInteger or MatMulInteger with constant weights.
func (q *integers) integerProduct(n *graph.Node) bool {
	d := q.dynamic[n.Inputs[0]]
	if d == nil || d.q != n.Inputs[0] || input(n, 2) != d.zero {
		return false
	}
	t := q.of(n.Inputs[1]).Const
	conv := n.Type == "ConvInteger"
	if t == nil || !conv && t.Rank() != 2 {
		return false
	}
	axis := 1
	if conv {
		axis = 0
	}
	p := &pendingProduct{qproduct{conv: conv, attrs: n.Attrs, x: d.v, dynamic: d.scale, low: -infinity, high: infinity}, d}
	if p.w = q.centred(n.Outputs[0].Name+".weight", t, input(n, 3), axis, false); p.w != nil {
		p.scale = make([]float32, t.Shape()[axis])
		q.pending[n.Outputs[0]] = p
	}
	return false
}

// finishDynamic takes the operators that make floats of the sums: Cast, Mul by
// the scales, Add of the bias.
func (q *integers) finishDynamic(n *graph.Node) bool {
	switch n.Type {
	case "Cast":
		if p := q.pending[n.Inputs[0]]; p != nil && q.facts[n.Outputs[0]].DType == tensor.Float32 {
			q.pending[n.Outputs[0]] = p
		}
		return false
	case "Add":
		return len(n.Inputs) == 2 && (q.addBias(n, n.Inputs[0], n.Inputs[1]) || q.addBias(n, n.Inputs[1], n.Inputs[0]))
	}
	return len(n.Inputs) == 2 && (q.scaleBy(n, n.Inputs[0], n.Inputs[1]) || q.scaleBy(n, n.Inputs[1], n.Inputs[0]))
}

// scaleBy notes a dynamic scale times a constant, and emits the product of sums
// and that.
func (q *integers) scaleBy(n *graph.Node, x, y *graph.Value) bool {
	if d := q.dynamic[x]; d != nil && d.d == x {
		if f, shape := q.floatsOf(y); f != nil {
			scaled := *d
			scaled.factor, scaled.factorDimension, scaled.d = f, shape, n.Outputs[0]
			q.dynamic[n.Outputs[0]] = &scaled
			return false
		}
	}
	p, d := q.pending[x], q.dynamic[y]
	if p == nil || d == nil || d.d != y || d.q != p.of.q || !q.private(x) || q.of(x).DType != tensor.Float32 {
		return false
	}
	r := p.qproduct
	factor := d.factor
	if factor == nil {
		factor = []float32{1}
	} else if !r.alongChannels(d.factorDimension) {
		return false
	}
	r.scale = nil
	return r.scales(len(p.scale), 1, factor) && q.emitFloat(n, &r)
}

// alongChannels reports whether a constant of some shape has one element, or one
// for each channel where the product has its channels.
func (p *qproduct) alongChannels(s tensor.Shape) bool {
	n := 1
	for _, d := range s {
		n *= d
	}
	if n == 1 {
		return true
	}
	behind := 0 // dimensions behind the channels
	if p.conv {
		strides, _ := p.attrs.Ints("kernel_shape")
		if behind = len(strides); behind == 0 {
			behind = 2
		}
	}
	return n == len(p.scale) && len(s) > behind && s[len(s)-1-behind] == n
}

// addBias adds a constant to a product that has no bias yet.
func (q *integers) addBias(n *graph.Node, x, y *graph.Value) bool {
	p := q.products[x]
	b, shape := q.floatsOf(y)
	if p == nil || p.bias != nil || b == nil || p.low != -infinity || p.high != infinity || !q.private(x) || !p.alongChannels(shape) {
		return false
	}
	if f, g := q.of(x), q.facts[n.Outputs[0]]; !f.Ranked || !g.Ranked || len(f.Shape) != len(g.Shape) {
		return false
	}
	r := *p
	return r.setBias(b) && q.emitFloat(n, &r)
}
