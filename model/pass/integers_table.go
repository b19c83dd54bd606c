package pass

import (
	"math"

	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// pointwise are operators that make each element of one element of each input.
var pointwise = []string{"Abs", "Add", "Celu", "Clip", "Div", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Log", "Max", "Min", "Mish",
	"Mul", "Neg", "Pow", "Reciprocal", "Relu", "Selu", "Sigmoid", "Softplus", "Softsign", "Sqrt", "Sub", "Swish", "Tanh", "ThresholdedRelu"}

// maxPointwise bounds the operators of one table.
const maxPointwise = 16

// tabled returns the integers of x on a grid where x is a function of one value
// of integers, element by element: its values are a table.
//
//	q ── Dequantize ─┬─ Sigmoid ─ Mul ── QuantizeLinear ── p
//	                 └─────────────┘
//
//	⇒  q' ── larder.QTable(T) ── p'
//
// The operators in between stay for those who read them elsewhere.
func (q *integers) tabled(n *graph.Node, x *graph.Value, g quantGrid, out *graph.Value) bool {
	c := &cone{q: q, made: map[*graph.Value]*tensor.Tensor{}}
	if !c.find(x) || c.from == nil || len(c.nodes) == 0 {
		return false
	}
	y := c.evaluate(x)
	if y == nil {
		return false
	}
	table := make([]int16, len(y))
	for i, v := range y {
		v /= g.scale
		if !(v > g.low) {
			v = g.low
		}
		table[i] = int16(math.RoundToEven(float64(min(v, g.high))))
	}
	t := q.constant(out.Name+".table", tensor.Vector(table...))
	return q.emit(n.Path, "QTable", op.Attrs{"low": int64(c.from.low)}, []*graph.Value{c.from.v, t}, out)
}

// cone is what a value is computed from, back to one value of integers.
type cone struct {
	q     *integers
	from  *ranged
	nodes []*graph.Node // in their order
	made  map[*graph.Value]*tensor.Tensor
}

// find walks back from v.
func (c *cone) find(v *graph.Value) bool {
	if v == nil || c.made[v] != nil {
		return true
	}
	if t := c.q.facts.Of(v).Const; t != nil {
		c.made[v] = t
		return t.Len() == 1
	}
	if s, ok := c.q.floats[v]; ok {
		if c.from != nil && c.from.v != s.v || s.high-s.low > 255 {
			return false
		}
		c.from = &s
		t := make([]float32, int(s.high-s.low)+1)
		for i := range t {
			t[i] = (s.low + float32(i)) * s.scale
		}
		c.made[v] = tensor.Vector(t...)
		return true
	}
	n := v.Producer
	if !isType(n, pointwise...) || len(n.Outputs) != 1 || len(c.nodes) == maxPointwise {
		return false
	}
	for _, in := range n.Inputs {
		if !c.find(in) {
			return false
		}
	}
	c.nodes = append(c.nodes, n)
	c.made[v] = tensor.Vector[float32](0) // stands for what evaluate makes
	return true
}

// evaluate computes v for all integers that there can be, nil if that fails.
func (c *cone) evaluate(v *graph.Value) []float32 {
	for _, n := range c.nodes {
		in := make([]*tensor.Tensor, len(n.Inputs))
		for i, w := range n.Inputs {
			in[i] = c.made[w]
		}
		y, err := n.Run(in)
		if err != nil {
			return nil
		}
		c.made[n.Outputs[0]] = y[0]
	}
	t := c.made[v]
	if t.DType() != tensor.Float32 || t.Len() != int(c.from.high-c.from.low)+1 {
		return nil
	}
	return tensor.Data[float32](t)
}

// foldMul multiplies two values of one shape, or one by a number for each of its
// channels.
func (q *integers) foldMul(n, p *graph.Node, g quantGrid, limits op.Attrs, out *graph.Value) bool {
	x, y := p.Inputs[0], p.Inputs[1]
	if q.channelsOf(y, x) {
		x, y = y, x
	}
	a, ok := q.floats[x]
	b, ok2 := q.floats[y]
	if !ok || !ok2 || !q.sameShape(x, y) && !q.channelsOf(x, y) {
		return false
	}
	scale := float32(float64(a.scale) * float64(b.scale) / float64(g.scale))
	return q.emit(n.Path, "QMul", with(limits, "a", scale), []*graph.Value{a.v, b.v}, out)
}

// channelsOf reports whether y has one element for each channel of the pictures x.
func (q *integers) channelsOf(x, y *graph.Value) bool {
	f, g := q.facts.Of(x), q.facts.Of(y)
	if !f.Ranked || !g.Ranked || len(f.Shape) < 3 || len(g.Shape) != len(f.Shape) || f.Shape[1] != g.Shape[1] || f.Shape[1] < 1 {
		return false
	}
	for _, d := range g.Shape[2:] {
		if d != 1 {
			return false
		}
	}
	return f.Shape[0] == g.Shape[0]
}
