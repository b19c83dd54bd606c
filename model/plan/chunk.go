package plan

import "larder/model/kernel"

const (
	// tinyWork is the work of a step, in multiplications and additions of a matrix
	// product, that is done sooner by one thread than shared out: some microseconds.
	tinyWork = 200_000
	// chunkWork is the least work that is worth taking a chunk.
	chunkWork = 2_000_000
	// chunksPerThread bounds the chunks of a step: so much of it may be left to
	// others by a thread that comes late.
	chunksPerThread = 4
	// chunkRows is the least number of rows of a product in a chunk: each chunk
	// reads all weights.
	chunkRows = 48
	// chunkPanels is the least number of panels, where a product is cut into these.
	chunkPanels = 4
)

// What an element costs, in the unit of tinyWork.
const (
	moveCost   = 16
	lightCost  = 32 // a few instructions
	heavyCost  = 64 // with an exponential function
	tapCost    = 4  // of a depthwise convolution
	gatherCost = 8  // of a pool's window
)

// chunks returns the chunks of a step for so many threads; 0 leaves it to the kernel.
func chunks(c call, threads int) int {
	if threads == 1 {
		return 0
	}
	switch a := c.args.(type) {
	case kernel.GEMMArgs:
		return productChunks(a, true, threads)
	case kernel.ConvArgs:
		return productChunks(a.GEMMArgs, false, threads)
	case kernel.WinogradArgs:
		return int(winogradTiles(a.Images, a.OutH, a.OutW)+a.TileBlock-1) / int(a.TileBlock)
	case kernel.DepthwiseArgs:
		rows := product32(a.Images, a.OutH)
		return cut(rows*product32(a.OutW, a.Pixel/floatBytes, a.KernelH, a.KernelW)*tapCost, rows/2, threads)
	case kernel.PoolArgs:
		rows := product32(a.Images, a.OutH)
		return cut(rows*product32(a.OutW, a.Pixel/floatBytes, a.KernelH, a.KernelW)*gatherCost, rows, threads)
	case kernel.RowsArgs:
		return cut(product32(a.Images, a.Rows, a.Vecs)*Lanes*moveCost, threads, threads)
	case kernel.UnaryArgs:
		cost := heavyCost
		if c.number == kernel.Clamp {
			cost = moveCost
		}
		return cut(product32(a.Rows, a.Vecs)*Lanes*cost, int(max(a.Rows/2, a.Vecs)), threads)
	case kernel.BitGEMMArgs:
		return cut(2*product32(a.Rows+4, a.Vecs, a.K)*Lanes, int(a.Vecs)/2, threads)
	case kernel.QGEMMArgs:
		return productChunks(qProductSize(a), true, threads)
	case kernel.QConvArgs:
		return productChunks(qProductSize(a.QGEMMArgs), false, threads)
	case kernel.QWindowArgs:
		rows := product32(a.Images, a.OutH)
		return cut(rows*product32(a.OutW, a.Pixel/shortBytes, a.KernelH, a.KernelW)*tapCost, rows/2, threads)
	case kernel.QAddArgs:
		return shareFours(a.Fours, moveCost, threads)
	case kernel.QTableArgs:
		return shareFours(a.Fours, moveCost, threads)
	case kernel.QMulArgs:
		return cut(product32(a.Rows, a.Fours)*Lanes*lightCost, int(a.Rows), threads)
	case kernel.QuantizeArgs:
		return shareFours(a.Fours, lightCost, threads)
	case kernel.RangeArgs:
		return shareFours(a.Fours, moveCost, threads)
	case kernel.QuantizeByArgs:
		return shareFours(a.Fours, lightCost, threads)
	case kernel.FillArgs:
		return cut(product32(a.Rows, a.Bytes/floatBytes)*moveCost, int(a.Rows), threads)
	case kernel.QMeanArgs:
		return cut(product32(a.Images, a.Pixels, a.Pixel/shortBytes)*moveCost, threads, threads)
	case kernel.BinaryArgs:
		return cut(product32(a.Outer, a.Rows, a.Vecs)*Lanes*lightCost, max(product32(a.Outer, a.Rows)/2, int(a.Vecs)), threads)
	}
	return 0
}

// product32 multiplies the sizes of a kernel.
func product32(n ...uint32) int {
	p := 1
	for _, v := range n {
		p *= int(v)
	}
	return p
}

// cut returns the chunks of some work that has so many parts.
func cut(work, parts, threads int) int {
	if work < tinyWork {
		return 1
	}
	n := min(parts, work/chunkWork, chunksPerThread*threads)
	return max(threads, n/threads*threads)
}

// productChunks cuts a product by rows where there are many, and else by panels,
// which the kernel does if it is left with few rows for each chunk.
func productChunks(a kernel.GEMMArgs, panels bool, threads int) int {
	parts := int(a.Rows) / chunkRows
	if parts < threads && panels {
		parts = int(a.Vecs) / 2 / chunkPanels
	}
	return cut(2*product32(a.Rows, a.Vecs, a.K)*Lanes, parts, threads)
}

// qProductSize returns a product of floats of the size of one of integers.
func qProductSize(a kernel.QGEMMArgs) kernel.GEMMArgs {
	return kernel.GEMMArgs{Rows: a.Rows, Vecs: a.Vecs, K: a.K}
}

// shareFours cuts fours of elements.
func shareFours(fours uint32, cost, threads int) int {
	return cut(int(fours)*Lanes*cost, int(fours), threads)
}
