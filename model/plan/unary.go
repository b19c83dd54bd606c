package plan

import (
	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/tensor"
)

// unary is an operator of one value that a kernel computes element by element.
type unary struct {
	kernel kernel.Number
	// parameters returns those of the kernel, and false if the node has
	// something that the kernel does not know; nil if there are none.
	parameters func(b *builder, n *graph.Node) (alpha, beta float32, ok bool)
}

// unaries finds the kernel of an operator.
var unaries = map[string]unary{
	"Abs":         {kernel.Abs, nil},
	"Ceil":        {kernel.Ceil, nil},
	"Clip":        {kernel.Clamp, clipBounds},
	"Elu":         {kernel.Elu, attribute("alpha", 1)},
	"Erf":         {kernel.Erf, nil},
	"Exp":         {kernel.Exp, nil},
	"Floor":       {kernel.Floor, nil},
	"HardSigmoid": {kernel.HardSigmoid, hardSigmoidSlope},
	"HardSwish":   {kernel.HardSwish, nil},
	"LeakyRelu":   {kernel.LeakyRelu, attribute("alpha", 0.01)},
	"Log":         {kernel.Log, nil},
	"Mish":        {kernel.Mish, nil},
	"Neg":         {kernel.Neg, nil},
	"Reciprocal":  {kernel.Reciprocal, nil},
	"Relu":        {kernel.Clamp, func(*builder, *graph.Node) (float32, float32, bool) { return 0, infinity, true }},
	"Round":       {kernel.Round, nil},
	"Sigmoid":     {kernel.Sigmoid, nil},
	"Softplus":    {kernel.Softplus, nil},
	"Sqrt":        {kernel.Sqrt, nil},
	"Swish":       {kernel.SiLU, attribute("alpha", 1)},
	"Tanh":        {kernel.Tanh, nil},
}

func attribute(name string, def float32) func(*builder, *graph.Node) (float32, float32, bool) {
	return func(_ *builder, n *graph.Node) (float32, float32, bool) {
		v, err := n.Attrs.Float(name, def)
		return v, 0, err == nil
	}
}

func hardSigmoidSlope(_ *builder, n *graph.Node) (float32, float32, bool) {
	alpha, err := n.Attrs.Float("alpha", 0.2)
	beta, err2 := n.Attrs.Float("beta", 0.5)
	return alpha, beta, err == nil && err2 == nil
}

// clipBounds returns the bounds of a Clip if they are constants that do not
// cross.
func clipBounds(b *builder, n *graph.Node) (low, high float32, ok bool) {
	low, high = -infinity, infinity
	if n.Opset < 11 {
		low, _ = n.Attrs.Float("min", low)
		high, _ = n.Attrs.Float("max", high)
		return low, high, low <= high
	}
	for i, to := range []*float32{&low, &high} {
		v := input(n, i+1)
		if v == nil {
			continue
		}
		c := b.constant(v)
		if c == nil || c.DType() != tensor.Float32 || c.Len() != 1 {
			return 0, 0, false
		}
		*to = tensor.Data[float32](c)[0]
	}
	return low, high, low <= high
}

// lowerUnary lowers the operators of the table, in the layout that the input
// has.
func lowerUnary(b *builder, n *graph.Node) bool {
	u := unaries[n.Type]
	var alpha, beta float32
	if u.parameters != nil {
		var ok bool
		if alpha, beta, ok = u.parameters(b, n); !ok {
			return false
		}
	}
	return b.unary(n, u.kernel, alpha, beta)
}

// lowerGelu chooses between the exact function and its approximation.
func lowerGelu(b *builder, n *graph.Node) bool {
	switch kind, _ := n.Attrs.String("approximate", "none"); kind {
	case "none":
		return b.unary(n, kernel.GELU, 0, 0)
	case "tanh":
		return b.unary(n, kernel.GELUTanh, 0, 0)
	}
	return false
}

func (b *builder) unary(n *graph.Node, number kernel.Number, alpha, beta float32) bool {
	v := n.Inputs[0]
	shape, ok := b.shape(v)
	if !ok || b.constant(v) != nil {
		return false
	}
	l := b.layout(v, Rows)
	x, out := b.in(v, l), b.out(n.Outputs[0], l)
	g := gridOf(l, shape).joined()
	b.over(out, x)
	b.kernel(g.count*g.length, func() call {
		return call{number, kernel.UnaryArgs{Input: x.at(), InputStride: g.rowBytes(), Output: out.at(), OutputStride: g.rowBytes(), Rows: g.rows(),
			Vecs: g.vecs(), Tail: g.tail(), Alpha: alpha, Beta: beta}}
	}, x, out)
	return true
}
