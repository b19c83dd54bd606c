package quantize

import (
	"slices"

	"larder/model/graph"
	"larder/model/tensor"
)

// computing are the operators that run on integers, moving those that keep the
// elements of their input as they are.
var (
	computing = []string{"Conv", "Gemm", "MatMul", "Add", "Mul", "GlobalAveragePool", "Concat"}
	moving    = []string{"MaxPool", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Identity"}
	bounding  = []string{"Relu", "Clip"}
	// Functions of single elements become tables between integers and integers.
	pointwise = []string{"Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Erf", "Gelu", "Elu", "LeakyRelu", "Softplus", "Mish", "Swish", "Mul", "Div", "Add", "Sub"}
)

func is(n *graph.Node, types []string) bool {
	return n != nil && n.Domain == "" && slices.Contains(types, n.Type)
}

// float reports whether v is 32-bit floats that a run computes or is given.
func (q *Quantizer) float(v *graph.Value) bool {
	return v != nil && q.facts.Of(v).Const == nil && q.facts.Of(v).DType == tensor.Float32
}

// weighted reports whether n is a product with constant weights.
func (q *Quantizer) weighted(n *graph.Node) bool {
	if !is(n, []string{"Conv", "Gemm", "MatMul"}) || !q.float(n.Inputs[0]) {
		return false
	}
	w := n.Inputs[1].Const
	if w == nil || w.DType() != tensor.Float32 || n.Type != "Conv" && w.Rank() != 2 || len(n.Inputs) > 2 && n.Inputs[2] != nil && n.Inputs[2].Const == nil {
		return false
	}
	alpha, err := n.Attrs.Float("alpha", 1)
	beta, err2 := n.Attrs.Float("beta", 1)
	transA, err3 := n.Attrs.Int("transA", 0)
	return err == nil && err2 == nil && err3 == nil && alpha == 1 && beta == 1 && transA == 0
}

// takes reports whether n is computed with integers.
func (q *Quantizer) takes(n *graph.Node) bool {
	if is(n, []string{"Conv", "Gemm", "MatMul"}) {
		return q.weighted(n)
	}
	if !is(n, computing) {
		return false
	}
	for _, v := range n.Inputs {
		if !q.float(v) {
			return false
		}
	}
	switch n.Type {
	case "Mul":
		return q.gate(n) && q.reaches(n.Outputs[0])
	case "Add":
		return q.reaches(n.Outputs[0])
	}
	return true
}

// ranged returns the value that gets the range for v, which an operator on integers
// reads: what it is moved from, if integers can be made there; what makes floats, such
// as attention, is left with what moves them.
func (q *Quantizer) ranged(v *graph.Value) *graph.Value {
	from := v
	for is(from.Producer, moving) {
		from = from.Producer.Inputs[0]
	}
	if p := from.Producer; p == nil || q.takes(p) || is(p, bounding) || is(p, pointwise) || is(p, []string{"BatchNormalization"}) {
		return from
	}
	return v
}

// gate reports whether n multiplies each channel of pictures by a number.
func (q *Quantizer) gate(n *graph.Node) bool {
	x, y := q.facts.Of(n.Inputs[0]), q.facts.Of(n.Inputs[1])
	if !x.Ranked || !y.Ranked || len(x.Shape) < 3 || len(x.Shape) != len(y.Shape) {
		return false
	}
	one := func(s tensor.Shape) bool { return !slices.ContainsFunc(s[2:], func(d int) bool { return d != 1 }) }
	return one(x.Shape) != one(y.Shape)
}

// reaches reports whether v, as it is or as a function of it, is read by something
// that is computed with integers. A sum before a LayerNormalization, say, is not: it
// would become integers and floats again for nothing.
func (q *Quantizer) reaches(v *graph.Value) bool {
	if known, ok := q.reached[v]; ok {
		return known
	}
	q.reached[v] = false // for a loop, of which there is none
	for _, n := range q.readers[v] {
		through := is(n, moving) || is(n, bounding) || is(n, pointwise)
		if q.takes(n) || through && q.reaches(n.Outputs[0]) {
			q.reached[v] = true
			break
		}
	}
	return q.reached[v]
}

// biased reports whether n adds a constant for each column to a product.
func (q *Quantizer) biased(n, product *graph.Node) bool {
	if !is(n, []string{"Add"}) || len(product.Inputs) > 2 && product.Inputs[2] != nil {
		return false
	}
	for _, v := range n.Inputs {
		if v.Const != nil && v.Const.DType() == tensor.Float32 && v.Const.Rank() == 1 {
			return product.Type != "Conv"
		}
	}
	return false
}

// choose returns the values that get a range: what operators on integers read
// and make. The result of a product that goes on into a bias or a bound has them
// first, and stays floats where nobody takes integers; so do outputs of the model.
func (q *Quantizer) choose() []*graph.Value {
	q.readers, q.reached = map[*graph.Value][]*graph.Node{}, map[*graph.Value]bool{}
	for _, n := range q.graph.Nodes {
		for _, v := range n.Inputs {
			q.readers[v] = append(q.readers[v], n)
		}
	}
	uses := q.graph.Uses()
	chosen := map[*graph.Value]bool{}
	var list []*graph.Value
	add := func(v *graph.Value) {
		if q.float(v) && !chosen[v] && !slices.Contains(q.graph.Outputs, v) {
			chosen[v] = true
			list = append(list, v)
		}
	}
	products := false
	for _, n := range q.graph.Nodes {
		if !q.takes(n) {
			continue
		}
		products = products || q.weighted(n)
		for _, v := range n.Inputs {
			add(q.ranged(v))
		}
		out := n.Outputs[0]
		for uses[out] == 1 && len(q.readers[out]) == 1 {
			next := q.readers[out][0]
			if !is(next, bounding) && !(q.weighted(n) && q.biased(next, n)) {
				break
			}
			out = next.Outputs[0]
		}
		if q.reaches(out) {
			add(out)
		}
	}
	if !products {
		return nil
	}
	return list
}
