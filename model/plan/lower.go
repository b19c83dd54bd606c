package plan

import "larder/model/graph"

// lowering adds the steps of a node whose first output can be in the arena. It
// returns false, and has added nothing, where no kernel fits.
type lowering func(b *builder, n *graph.Node) bool

// lowerings finds the lowering of an operator.
var lowerings = map[string]lowering{
	// conv.go
	"Conv":        lowerConv,
	"larder.Conv": lowerConv,
	// matmul.go
	"Gemm":          lowerGemm,
	"larder.Gemm":   lowerGemm,
	"MatMul":        lowerMatMul,
	"larder.MatMul": lowerMatMul,
	// pool.go
	"GlobalAveragePool": lowerGlobalAveragePool,
	// shape.go
	"Flatten":   lowerReshape,
	"Identity":  lowerReshape,
	"Reshape":   lowerReshape,
	"Squeeze":   lowerReshape,
	"Unsqueeze": lowerReshape,
}

// convert brings v from one layout to the other within the arena, if it can.
func (b *builder) convert(v *graph.Value, from *buffer, to Layout) bool {
	shape := b.facts[v].Shape
	if len(shape) == 2 && len(shape) >= 1 {
		// [N, C]: the rows of both layouts are the same.
		b.alias(v, to, from)
		return true
	}
	return false
}

// input returns the i-th input of n, nil if it is absent.
func input(n *graph.Node, i int) *graph.Value {
	if i < len(n.Inputs) {
		return n.Inputs[i]
	}
	return nil
}

// clamp returns the bounds that a fused node puts on its result.
func clamp(n *graph.Node) (low, high float32) {
	low, _ = n.Attrs.Float("low", -infinity)
	high, _ = n.Attrs.Float("high", infinity)
	return low, high
}

// leavesZero reports whether the bounds leave a padding lane of zeros as it is,
// or there are no padding lanes.
func leavesZero(low, high float32, channels int) bool {
	return channels%Lanes == 0 || low <= 0 && high >= 0
}
