package op

import (
	"math"

	"larder/model/tensor"
)

// Operators that no file contains: model/pass puts them in place of several
// nodes, so that one kernel can do the work of all. They have the domain
// "larder" and one version.
//
//	larder.Attention(Q, K, V, mask): see fusedAttention
//	larder.Conv(X, W, B, R) = clamp(Conv(X, W, B) + R)
//	larder.Gemm(A, B, C, R) = clamp(Gemm(A, B, C) + R)
//	larder.MatMul(A, B, bias, R) = clamp(MatMul(A, B) + bias + R)
//	larder.TreeSum(X, forest) = sums of one leaf per tree, see tree_split.go
//	larder.KeyMask(mask, K) = what is added to scores of attention
//
// The attributes low and high are the bounds of clamp, infinite if absent; a
// NaN stays one. The attributes of the operator that is extended keep their
// meaning. R and bias may be absent and broadcast as in Add.
var fusedOps = []Entry{
	{Fused, "Attention", 1, newFusedAttention},
	{Fused, "Conv", 1, newFusedConv},
	{Fused, "Gemm", 1, newFusedGemm},
	{Fused, "KeyMask", 1, newKeyMask},
	{Fused, "MatMul", 1, newFusedMatMul},
	{Fused, "TreeSum", 1, newTreeSum},
}

// Fused is the domain of the operators that rewrites make.
const Fused = "larder"

// Rewrites returns the operators that model/pass may put into a graph.
func Rewrites() *Registry {
	return NewRegistry(fusedOps, integerOps, quantizeOps, activationOps, compareOps, convOps, elementwiseOps, gatherOps, layoutOps, mathOps, matmulOps, normOps, poolOps, reduceOps, reshapeOps, softmaxOps)
}

// fused is an operator with an epilogue. The inner rule takes the first own
// inputs; what follows is added to its result.
type fused struct {
	inner     rule
	own       int
	low, high float32
}

func newFused(n Node, inner rule, own int) (Operator, error) {
	low, err := n.Attrs.Float("low", float32(math.Inf(-1)))
	if err != nil {
		return nil, err
	}
	high, err := n.Attrs.Float("high", float32(math.Inf(1)))
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 4, 1}, &fused{inner, own, low, high})
}

func newFusedConv(n Node) (Operator, error) {
	c, err := readConv(n)
	if err != nil {
		return nil, err
	}
	return newFused(n, c, 3)
}

func newFusedGemm(n Node) (Operator, error) {
	g, err := readGemm(n.Attrs)
	if err != nil {
		return nil, err
	}
	return newFused(n, g, 3)
}

func newFusedMatMul(n Node) (Operator, error) { return newFused(n, matMul{}, 2) }

// types implements [rule].
func (f *fused) types(in []Value) ([]Value, error) {
	for _, v := range in {
		if !v.Absent && v.DType != tensor.Float32 && v.DType != tensor.Undefined {
			return nil, Unsupportedf("inputs of type %v in a fused operator", v.DType)
		}
	}
	out, err := f.inner.types(in[:min(f.own, len(in))])
	if err != nil {
		return nil, err
	}
	for _, v := range in[min(f.own, len(in)):] {
		if v.Absent {
			continue
		}
		if !v.Ranked || !out[0].Ranked {
			return []Value{Unranked(tensor.Float32)}, nil
		}
		shape, ok := tensor.Broadcast(out[0].Shape, v.Shape)
		if !ok {
			return nil, Invalidf("shapes %v and %v do not broadcast", out[0].Shape, v.Shape)
		}
		out = []Value{Of(tensor.Float32, shape...)}
	}
	return out, nil
}

// run implements [rule].
func (f *fused) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	own := in[:min(f.own, len(in))]
	known, err := f.inner.types(knownAll(own))
	if err != nil {
		return nil, err
	}
	if err := checkResult(known[0]); err != nil {
		return nil, err
	}
	out, err := f.inner.run(own, known)
	if err != nil {
		return nil, err
	}
	y := out[0]
	for _, t := range in[len(own):] {
		if t == nil {
			continue
		}
		shape, _ := tensor.Broadcast(y.Shape(), t.Shape()) // types has seen it fit
		y = zip(y, t, shape, func(a, b float32) float32 { return a + b })
	}
	return clipTo(y, tensor.Data[float32](y), tensor.Scalar(f.low), tensor.Scalar(f.high))
}
