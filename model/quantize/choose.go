package quantize

import (
	"slices"

	"larder/model/graph"
	"larder/model/tensor"
)

// computing are the operators that run on integers, moving those that keep the
// elements of their input as they are.
var (
	computing = []string{"Conv", "Gemm", "MatMul", "Add", "GlobalAveragePool", "Concat"}
	moving    = []string{"MaxPool", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Identity"}
	bounding  = []string{"Relu", "Clip"}
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
	return true
}

// choose returns the values that get a range: what operators on integers read
// and make. The result of a product that goes on into a bound is bounded first;
// outputs of the model stay floats.
func (q *Quantizer) choose() []*graph.Value {
	uses := q.graph.Uses()
	chosen := map[*graph.Value]bool{}
	var list []*graph.Value
	add := func(v *graph.Value) {
		if q.float(v) && !chosen[v] && !slices.Contains(q.graph.Outputs, v) && !is(v.Producer, moving) {
			chosen[v] = true
			list = append(list, v)
		}
	}
	readers := map[*graph.Value]*graph.Node{}
	for _, n := range q.graph.Nodes {
		for _, v := range n.Inputs {
			readers[v] = n
		}
	}
	products := false
	for _, n := range q.graph.Nodes {
		if !q.takes(n) {
			continue
		}
		products = products || q.weighted(n)
		for _, v := range n.Inputs {
			for is(v.Producer, moving) {
				v = v.Producer.Inputs[0]
			}
			add(v)
		}
		out := n.Outputs[0]
		for uses[out] == 1 && is(readers[out], bounding) {
			out = readers[out].Outputs[0]
		}
		add(out)
	}
	if !products {
		return nil
	}
	return list
}
