package plan

import (
	"math"

	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/op"
	"larder/model/tensor"
)

// lowerSoftmax returns the lowering of a softmax along the last dimension in
// some layout: the last, or the channels of a picture.
func lowerSoftmax(number kernel.Number) lowering {
	return func(b *builder, n *graph.Node) bool {
		v := n.Inputs[0]
		shape, ok := b.shape(v)
		if !ok || b.constant(v) != nil || len(shape) == 0 {
			return false
		}
		def := int64(-1)
		if n.Opset < 13 {
			def = 1
		}
		axis, err := n.Attrs.Int("axis", def)
		if axis < 0 {
			axis += int64(len(shape))
		}
		if err != nil || n.Opset < 13 && int(axis) != len(shape)-1 {
			return false // before, all dimensions from axis on were one
		}
		l := Rows
		switch {
		case int(axis) == len(shape)-1:
		case axis == 1 && len(shape) > 2:
			l = Picture
		default:
			return false
		}
		x, out := b.in(v, l), b.out(n.Outputs[0], l)
		g := gridOf(l, shape)
		b.over(out, x)
		b.kernel(3*g.count*g.length, func() call {
			return call{number, kernel.LastArgs{Input: x.at(), InputStride: g.rowBytes(), Output: out.at(), OutputStride: g.rowBytes(), Rows: g.rows(), Columns: uint32(g.length)}}
		}, x, out)
		return true
	}
}

// lowerLayerNorm lowers LayerNormalization over the last dimension with constant
// parameters.
func lowerLayerNorm(b *builder, n *graph.Node) bool {
	v := n.Inputs[0]
	shape, ok := b.shape(v)
	axis, err := n.Attrs.Int("axis", -1)
	eps, err2 := n.Attrs.Float("epsilon", 1e-5)
	if !ok || err != nil || err2 != nil || b.constant(v) != nil || len(shape) == 0 || axis != -1 && int(axis) != len(shape)-1 || more(n) {
		return false
	}
	g := gridOf(Rows, shape)
	if !b.vector(n.Inputs[1], g.length) || input(n, 2) != nil && !b.vector(n.Inputs[2], g.length) {
		return false
	}
	x := b.in(v, Rows)
	scale, bias := b.bias(n.Inputs[1], g.length), b.bias(input(n, 2), g.length)
	out := b.out(n.Outputs[0], Rows)
	b.over(out, x)
	b.kernel(6*g.count*g.length, func() call {
		return call{kernel.LayerNorm, kernel.LayerNormArgs{LastArgs: kernel.LastArgs{Input: x.at(), InputStride: g.rowBytes(), Output: out.at(),
			OutputStride: g.rowBytes(), Rows: g.rows(), Columns: uint32(g.length)}, Scale: scale.at(), Bias: bias.at(), Epsilon: eps}}
	}, x, out)
	return true
}

// more reports whether a node has outputs besides the first.
func more(n *graph.Node) bool {
	for _, v := range n.Outputs[1:] {
		if v != nil {
			return true
		}
	}
	return false
}

// vector reports whether v is a constant of n floats.
func (b *builder) vector(v *graph.Value, n int) bool {
	s, ok := b.shape(v)
	return ok && b.constant(v) != nil && len(s) == 1 && s[0] == n
}

// lowerBatchNorm lowers a BatchNormalization that no convolution took in: a
// factor and a shift for each channel.
func lowerBatchNorm(b *builder, n *graph.Node) bool {
	v := n.Inputs[0]
	shape, ok := b.shape(v)
	eps, err := n.Attrs.Float("epsilon", 1e-5)
	if !ok || err != nil || b.constant(v) != nil || len(shape) < 2 || more(n) || op.Trains(n.Attrs) {
		return false
	}
	for _, p := range n.Inputs[1:5] {
		if !b.vector(p, shape[1]) {
			return false
		}
	}
	l := Picture
	if len(shape) == 2 {
		l = Rows
	}
	p := [4][]float32{}
	for i := range p {
		p[i] = tensor.Data[float32](b.constant(n.Inputs[i+1]))
	}
	scale, shift := make([]float32, shape[1]), make([]float32, shape[1])
	for i := range scale {
		s := float64(p[0][i]) / math.Sqrt(float64(p[3][i])+float64(eps))
		scale[i], shift[i] = float32(s), float32(float64(p[1][i])-float64(p[2][i])*s)
	}
	x, out := b.in(v, l), b.out(n.Outputs[0], l)
	factor, term := b.derived(n.Inputs[1], scale), b.derived(n.Inputs[2], shift)
	g := gridOf(l, shape)
	b.over(out, x)
	b.kernel(2*g.count*g.length, func() call {
		return call{kernel.ScaleShift, kernel.ScaleShiftArgs{Input: x.at(), InputStride: g.rowBytes(), Output: out.at(), OutputStride: g.rowBytes(),
			Scale: factor.at(), Shift: term.at(), Rows: g.rows(), Vecs: g.vecs(), Low: -infinity, High: infinity}}
	}, x, out)
	return true
}

// derived returns a weight that was computed from that of a value and others.
func (b *builder) derived(v *graph.Value, data []float32) *buffer {
	return b.addWeight(v, tensor.Vector(data...), vector{len(data)})
}
