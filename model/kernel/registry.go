package kernel

import "larder/model/kernel/wasm"

// emitter adds a kernel to a module.
type emitter func(b *builder) *wasm.Func

// entry is a kernel of the table.
type entry struct {
	emit emitter
	args Arguments // its type, for the number of words
}

// table returns all kernels in the order of their numbers. It is a function and
// not a variable so that programs that only run plans do not link the emitters.
func table() [numbers]entry {
	return [numbers]entry{
		GEMM:        {emitGEMMKernel, GEMMArgs{}},
		BatchedGEMM: {emitBatchedGEMM, BatchedGEMMArgs{}},
		PackColumns: {emitPack, PackArgs{}},
		Conv:        {emitConv, ConvArgs{}},

		Depthwise:    {emitDepthwise(0, 0), DepthwiseArgs{}},
		Depthwise3:   {emitDepthwise(3, 1), DepthwiseArgs{}},
		Depthwise3S2: {emitDepthwise(3, 2), DepthwiseArgs{}},
		Depthwise5:   {emitDepthwise(5, 1), DepthwiseArgs{}},
		Depthwise5S2: {emitDepthwise(5, 2), DepthwiseArgs{}},

		MaxPool:     {emitPool(poolMax), PoolArgs{}},
		AveragePool: {emitPool(poolMean), PoolArgs{}},
		SumRows:     {emitRows(poolSum), RowsArgs{}},
		MeanRows:    {emitRows(poolMean), RowsArgs{}},
		MaxRows:     {emitRows(poolMax), RowsArgs{}},
		MinRows:     {emitRows(poolMin), RowsArgs{}},

		Add:        {emitBinary(addOp), BinaryArgs{}},
		Sub:        {emitBinary(subOp), BinaryArgs{}},
		Mul:        {emitBinary(mulOp), BinaryArgs{}},
		Div:        {emitBinary(divOp), BinaryArgs{}},
		Min:        {emitBinary(minOp), BinaryArgs{}},
		Max:        {emitBinary(maxOp), BinaryArgs{}},
		Pow:        {emitBinary(powOp), BinaryArgs{}},
		PRelu:      {emitBinary(preluOp), BinaryArgs{}},
		ScaleShift: {emitScaleShift, ScaleShiftArgs{}},

		Clamp:       {emitUnary(clampOp), UnaryArgs{}},
		Sigmoid:     {emitUnary(sigmoidOp), UnaryArgs{}},
		HardSigmoid: {emitUnary(hardSigmoidOp), UnaryArgs{}},
		HardSwish:   {emitUnary(hardSwishOp), UnaryArgs{}},
		SiLU:        {emitUnary(siluOp), UnaryArgs{}},
		Tanh:        {emitUnary(tanhOp), UnaryArgs{}},
		GELU:        {emitUnary(geluOp), UnaryArgs{}},
		GELUTanh:    {emitUnary(geluTanhOp), UnaryArgs{}},
		Erf:         {emitUnary(erfOp), UnaryArgs{}},
		Exp:         {emitUnary(expOp), UnaryArgs{}},
		Log:         {emitUnary(logOp), UnaryArgs{}},
		Sqrt:        {emitUnary(sqrtOp), UnaryArgs{}},
		Reciprocal:  {emitUnary(reciprocalOp), UnaryArgs{}},
		Neg:         {emitUnary(negOp), UnaryArgs{}},
		Abs:         {emitUnary(absOp), UnaryArgs{}},
		LeakyRelu:   {emitUnary(leakyReluOp), UnaryArgs{}},
		Elu:         {emitUnary(eluOp), UnaryArgs{}},
		Softplus:    {emitUnary(softplusOp), UnaryArgs{}},
		Mish:        {emitUnary(mishOp), UnaryArgs{}},
		Floor:       {emitUnary(floorOp), UnaryArgs{}},
		Ceil:        {emitUnary(ceilOp), UnaryArgs{}},
		Round:       {emitUnary(roundOp), UnaryArgs{}},

		Softmax:    {emitSoftmax, LastArgs{}},
		LogSoftmax: {emitLogSoftmax, LastArgs{}},
		LayerNorm:  {emitLayerNorm, LayerNormArgs{}},
		SumLast:    {emitLast(poolSum), LastArgs{}},
		MeanLast:   {emitLast(poolMean), LastArgs{}},
		MaxLast:    {emitLast(poolMax), LastArgs{}},
		MinLast:    {emitLast(poolMin), LastArgs{}},

		Transpose:      {emitTranspose, TransposeArgs{}},
		StridedCopy:    {emitStridedCopy, StridedCopyArgs{}},
		Copy:           {emitCopy, CopyArgs{}},
		Fill:           {emitFill, FillArgs{}},
		ResizeNearest:  {emitResize(false), ResizeArgs{}},
		ResizeBilinear: {emitResize(true), ResizeArgs{}},
		Winograd:       {emitWinograd, WinogradArgs{}},
		Attention:      {emitAttention, AttentionArgs{}},
		GatherRows:     {emitGatherRows, GatherArgs{}},

		QGEMM:         {emitQGEMMKernel, QGEMMArgs{}},
		QConv:         {emitQConv, QConvArgs{}},
		QDepthwise:    {emitQWindow(false), QWindowArgs{}},
		QDepthwise3:   {emitQDepthwise(3, 1), QWindowArgs{}},
		QDepthwise3S2: {emitQDepthwise(3, 2), QWindowArgs{}},
		QDepthwise5:   {emitQDepthwise(5, 1), QWindowArgs{}},
		QDepthwise5S2: {emitQDepthwise(5, 2), QWindowArgs{}},
		QMaxPool:      {emitQWindow(true), QWindowArgs{}},
		QAdd:          {emitQAdd, QAddArgs{}},
		Quantize:      {emitQuantize, QuantizeArgs{}},
		Dequantize:    {emitDequantize, QuantizeArgs{}},
		QMean:         {emitQMean, QMeanArgs{}},
		Range:         {emitRange, RangeArgs{}},
		QuantizeBy:    {emitQuantizeBy, QuantizeByArgs{}},
		TreeSum:       {emitTrees, TreeArgs{}},
		QTable:        {emitQTable, QTableArgs{}},
		QMul:          {emitQMul, QMulArgs{}},
		BitGEMM:       {emitBitGEMM, BitGEMMArgs{}},
	}
}

// builder makes the kernels of one module; functions that several kernels use
// are made once.
type builder struct {
	m              *wasm.Module
	block, gemm    *wasm.Func // of the matrix product
	rowBlocks      *wasm.Func
	depthwisePixel *wasm.Func
	copyLong       *wasm.Func
	packPanel      *wasm.Func // of pack-columns
	gather         *wasm.Func // patches of a convolution
	qblock         *wasm.Func // of the product of integers

	// worker is the number of the thread, which a chunk's number is not: where
	// its scratch is.
	worker wasm.Global
}

func newBuilder(m *wasm.Module) *builder {
	b := &builder{m: m, worker: m.Global()}
	b.block, b.gemm = emitGEMM(m)
	b.rowBlocks = emitRowBlocks(m, b.block)
	b.copyLong = emitCopyLong(m)
	b.packPanel = emitPackPanel(m)
	b.gather = emitGather(m)
	b.qblock = emitQGEMM(b)
	b.depthwisePixel = emitDepthwisePixel(m)
	return b
}
