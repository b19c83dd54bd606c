package graph

import (
	"larder/model/op"
	"larder/model/tensor"
)

// smallElems bounds the constants that Infer computes by default. Those that
// steer shapes have as many elements as a shape has dimensions.
const smallElems = 1024

// Small reports whether all inputs and outputs together have few elements, and
// the operator is none that takes long even so: running the node costs next to
// nothing.
func Small(n *Node, in, out []op.Value) bool {
	return !op.Heavy(n.Type) && Elems(in)+Elems(out) <= smallElems
}

// Elems returns the number of elements of all values together; values that are
// not fully known count as very large.
func Elems(vs []op.Value) int64 {
	const large = 1 << 40
	var sum int64
	for _, v := range vs {
		if v.Absent {
			continue
		}
		n, err := v.Shape.Elems()
		if !v.Ranked || err != nil || v.DType.Composite() {
			return large
		}
		sum += int64(n)
	}
	return sum
}

// random lists the operators whose result differs from run to run.
var random = map[string]bool{
	"RandomNormal": true, "RandomUniform": true, "RandomNormalLike": true, "RandomUniformLike": true,
	"Multinomial": true, "Bernoulli": true, "Dropout": true,
}

// constant reports whether the node gives the same result in every run.
func constant(n *Node, in []op.Value) bool {
	if n.Domain == "" && random[n.Type] || n.Control != nil {
		return false
	}
	for _, v := range in {
		if v.Const == nil && !v.Absent {
			return false
		}
	}
	return true
}

// evaluate runs a constant node. If it fails, nothing more is known: a run will
// report it, unless the result is not needed.
func evaluate(n *Node, in, out []op.Value) []op.Value {
	ts := make([]*tensor.Tensor, len(in))
	for i, v := range in {
		ts[i] = v.Const
	}
	if t := lazily(n, ts, out); t != nil {
		return []op.Value{op.Known(t)}
	}
	res, err := n.Run(ts)
	if err != nil {
		return out
	}
	known := make([]op.Value, len(out))
	for i := range out {
		known[i] = out[i]
		if res[i] != nil {
			known[i] = op.Known(res[i])
		}
	}
	return known
}
