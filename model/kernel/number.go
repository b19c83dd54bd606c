package kernel

// Number is a kernel's place in the table, the first word of a step.
type Number uint32

// The kernels. The comment names the struct of their arguments.
const (
	GEMM           Number = iota // GEMMArgs
	BatchedGEMM                  // BatchedGEMMArgs
	PackColumns                  // PackArgs
	Conv                         // ConvArgs
	Depthwise                    // DepthwiseArgs, and so the next four; see DepthwiseFor
	Depthwise3                   // 3 columns, stride 1
	Depthwise3S2                 // 3 columns, stride 2
	Depthwise5                   // 5 columns, stride 1
	Depthwise5S2                 // 5 columns, stride 2
	MaxPool                      // PoolArgs
	AveragePool                  // PoolArgs
	SumRows                      // RowsArgs
	MeanRows                     // RowsArgs
	MaxRows                      // RowsArgs
	MinRows                      // RowsArgs
	Add                          // BinaryArgs
	Sub                          // BinaryArgs
	Mul                          // BinaryArgs
	Div                          // BinaryArgs
	Min                          // BinaryArgs; NaN if one is
	Max                          // BinaryArgs; NaN if one is
	Pow                          // BinaryArgs
	PRelu                        // BinaryArgs: a < 0 ? a*b : a
	ScaleShift                   // ScaleShiftArgs
	Clamp                        // UnaryArgs: Alpha is the lower bound, Beta the upper; NaN stays
	Sigmoid                      // UnaryArgs
	HardSigmoid                  // UnaryArgs: clamp(Alpha*x + Beta, 0, 1)
	HardSwish                    // UnaryArgs: x * clamp(x/6 + 1/2, 0, 1)
	SiLU                         // UnaryArgs: x * sigmoid(Alpha*x)
	Tanh                         // UnaryArgs
	GELU                         // UnaryArgs: x/2 * (1 + erf(x/√2))
	GELUTanh                     // UnaryArgs: its approximation by tanh
	Erf                          // UnaryArgs
	Exp                          // UnaryArgs
	Log                          // UnaryArgs
	Sqrt                         // UnaryArgs
	Reciprocal                   // UnaryArgs
	Neg                          // UnaryArgs
	Abs                          // UnaryArgs
	LeakyRelu                    // UnaryArgs: x < 0 ? Alpha*x : x
	Elu                          // UnaryArgs: x < 0 ? Alpha*(e^x - 1) : x
	Softplus                     // UnaryArgs: log(1 + e^x)
	Mish                         // UnaryArgs: x * tanh(softplus(x))
	Floor                        // UnaryArgs
	Ceil                         // UnaryArgs
	Round                        // UnaryArgs: to the nearest, ties to even
	Softmax                      // LastArgs
	LogSoftmax                   // LastArgs
	LayerNorm                    // LayerNormArgs
	SumLast                      // LastArgs
	MeanLast                     // LastArgs
	MaxLast                      // LastArgs
	MinLast                      // LastArgs
	Transpose                    // TransposeArgs
	StridedCopy                  // StridedCopyArgs
	Copy                         // CopyArgs
	Fill                         // FillArgs
	ResizeNearest                // ResizeArgs
	ResizeBilinear               // ResizeArgs
	Winograd                     // WinogradArgs
	Attention                    // AttentionArgs
	GatherRows                   // GatherArgs
	QGEMM                        // QGEMMArgs
	QConv                        // QConvArgs
	QDepthwise                   // QWindowArgs, and so the next four; see QDepthwiseFor
	QDepthwise3                  // a window of 3x3, stride 1
	QDepthwise3S2                // 3x3, stride 2
	QDepthwise5                  // 5x5, stride 1
	QDepthwise5S2                // 5x5, stride 2
	QMaxPool                     // QWindowArgs
	QAdd                         // QAddArgs
	Quantize                     // QuantizeArgs: clamp(x/Scale, Low, High), rounded
	Dequantize                   // QuantizeArgs: x*Scale
	QMean                        // QMeanArgs
	Range                        // RangeArgs
	QuantizeBy                   // QuantizeByArgs
	TreeSum                      // TreeArgs
	QTable                       // QTableArgs
	QMul                         // QMulArgs
	BitGEMM                      // BitGEMMArgs
	numbers
)

// String returns the kernel's name.
func (n Number) String() string {
	if n < numbers {
		return names[n]
	}
	return "unknown"
}

var names = [numbers]string{
	GEMM: "gemm", BatchedGEMM: "batched-gemm", PackColumns: "pack-columns", Conv: "conv",
	Depthwise: "depthwise", Depthwise3: "depthwise-3", Depthwise3S2: "depthwise-3-s2", Depthwise5: "depthwise-5", Depthwise5S2: "depthwise-5-s2",
	MaxPool: "max-pool", AveragePool: "average-pool", SumRows: "sum-rows", MeanRows: "mean-rows", MaxRows: "max-rows", MinRows: "min-rows",
	Add: "add", Sub: "sub", Mul: "mul", Div: "div", Min: "min", Max: "max", Pow: "pow", PRelu: "prelu", ScaleShift: "scale-shift",
	Clamp: "clamp", Sigmoid: "sigmoid", HardSigmoid: "hard-sigmoid", HardSwish: "hard-swish", SiLU: "silu", Tanh: "tanh",
	GELU: "gelu", GELUTanh: "gelu-tanh", Erf: "erf", Exp: "exp", Log: "log", Sqrt: "sqrt", Reciprocal: "reciprocal", Neg: "neg", Abs: "abs",
	LeakyRelu: "leaky-relu", Elu: "elu", Softplus: "softplus", Mish: "mish", Floor: "floor", Ceil: "ceil", Round: "round",
	Softmax: "softmax", LogSoftmax: "log-softmax", LayerNorm: "layer-norm",
	SumLast: "sum-last", MeanLast: "mean-last", MaxLast: "max-last", MinLast: "min-last",
	Transpose: "transpose", StridedCopy: "strided-copy", Copy: "copy", Fill: "fill",
	ResizeNearest: "resize-nearest", ResizeBilinear: "resize-bilinear", Winograd: "winograd",
	Attention: "attention", GatherRows: "gather-rows",
	QGEMM: "qgemm", QConv: "qconv", QDepthwise: "qdepthwise", QDepthwise3: "qdepthwise-3", QDepthwise3S2: "qdepthwise-3-s2", QDepthwise5: "qdepthwise-5", QDepthwise5S2: "qdepthwise-5-s2",
	QMaxPool: "qmax-pool", QAdd: "qadd", Quantize: "quantize", Dequantize: "dequantize",
	QMean: "qmean", Range: "range", QuantizeBy: "quantize-by",
	TreeSum: "tree-sum", QTable: "qtable", QMul: "qmul", BitGEMM: "bit-gemm",
}
