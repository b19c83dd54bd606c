package plan

import (
	"larder/model/graph"
	"larder/model/kernel"
)

// lowering adds the steps of a node whose first output can be in the arena. It
// returns false, and has added nothing, where no kernel fits.
type lowering func(b *builder, n *graph.Node) bool

// lowerings finds the lowering of an operator.
var lowerings = map[string]lowering{
	// conv.go
	"Conv":        lowerConv,
	"larder.Conv": lowerConv,
	// spread.go
	"ConvTranspose": lowerConvTranspose,
	// matmul.go
	"Gemm":        lowerGemm,
	"larder.Gemm": lowerGemm,
	// batch.go
	"MatMul":        lowerMatMul,
	"larder.MatMul": lowerMatMul,
	// bits.go
	"com.microsoft.MatMulNBits": lowerBitMatMul,
	"larder.BitMatMul":          lowerBitMatMul,
	// pool.go
	"AveragePool":       lowerPool(kernel.AveragePool),
	"GlobalAveragePool": lowerGlobalPool(kernel.MeanRows),
	"GlobalMaxPool":     lowerGlobalPool(kernel.MaxRows),
	"MaxPool":           lowerPool(kernel.MaxPool),
	// reduce.go
	"ReduceMax":  lowerReduce,
	"ReduceMean": lowerReduce,
	"ReduceMin":  lowerReduce,
	"ReduceSum":  lowerReduce,
	// norm.go
	"BatchNormalization": lowerBatchNorm,
	"LayerNormalization": lowerLayerNorm,
	"LogSoftmax":         lowerSoftmax(kernel.LogSoftmax),
	"Softmax":            lowerSoftmax(kernel.Softmax),
	// groupnorm.go
	"GroupNormalization":    lowerGroupNorm,
	"InstanceNormalization": lowerGroupNorm,
	// shape.go
	"Flatten":   lowerReshape,
	"Identity":  lowerReshape,
	"Reshape":   lowerReshape,
	"Squeeze":   lowerReshape,
	"Transpose": lowerTranspose,
	"Unsqueeze": lowerReshape,
	// concat.go
	"Concat": lowerConcat,
	"Expand": lowerExpand,
	"Slice":  lowerSlice,
	"Split":  lowerSplit,
	// pad.go
	"Pad": lowerPad,
	// resize.go
	"Resize":   lowerResize,
	"Upsample": lowerResize,
	// gather.go
	"Gather": lowerGather,
	// attention.go
	"Attention":        lowerStandardAttention,
	"larder.Attention": lowerAttention,
	// trees.go
	"larder.TreeSum": lowerTrees,
	// unary.go has a table of its own, and this one besides
	"Gelu": lowerGelu,
}

// find returns the lowering of a node's operator, nil if there is none.
func find(n *graph.Node) lowering {
	name := operator(n)
	if l := lowerings[name]; l != nil {
		return l
	}
	if _, ok := unaries[name]; ok {
		return lowerUnary
	}
	if _, ok := binaries[name]; ok {
		return lowerBinary
	}
	return nil
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
