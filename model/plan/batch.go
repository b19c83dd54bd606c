package plan

import (
	"slices"

	"larder/model/graph"
	"larder/model/kernel"
)

// lowerMatMul lowers MatMul and larder.MatMul: with a constant matrix on the
// right all dimensions of the left but the last are rows; otherwise the right
// side is packed in the run, batch by batch.
func lowerMatMul(b *builder, n *graph.Node) bool {
	out := b.facts[n.Outputs[0]].Shape
	w, ok := b.shape(n.Inputs[1])
	if !ok || len(w) < 2 || len(out) < 2 {
		return false
	}
	if len(w) == 2 && b.constant(n.Inputs[1]) != nil {
		return lowerProduct(b, n, gridOf(Rows, out).count, panels{n: out[len(out)-1], scale: 1})
	}
	return lowerBatch(b, n)
}

// lowerBatch lowers products of two values with the same batch dimensions, or
// one matrix on the right for all.
func lowerBatch(b *builder, n *graph.Node) bool {
	x, ok := b.shape(n.Inputs[0])
	w, _ := b.shape(n.Inputs[1])
	out := b.facts[n.Outputs[0]].Shape
	if !ok || len(x) < 2 || !b.constantOrNil(input(n, 2)) {
		return false
	}
	shared := len(w) == 2
	if !shared && !slices.Equal(x[:len(x)-2], w[:len(w)-2]) {
		return false
	}
	if v := input(n, 2); v != nil && !b.vector(v, out[len(out)-1]) {
		return false
	}
	low, high := clamp(n)
	if r := input(n, 3); !leavesZero(low, high, out[len(out)-1]) || r != nil && !b.sameShape(r, n.Outputs[0]) {
		return false
	}
	m, k, cols := x[len(x)-2], x[len(x)-1], out[len(out)-1]
	batches := elems(x[:len(x)-2])
	packs := batches
	if shared {
		m, batches, packs = m*batches, 1, 1
	}
	a := b.in(n.Inputs[0], Rows)
	packed := b.packed(n.Inputs[1], packs, k, cols)
	var residual *buffer
	if r := input(n, 3); r != nil {
		residual = b.in(r, Rows)
	}
	bias := b.bias(input(n, 2), cols)
	c := b.out(n.Outputs[0], Rows)
	rowBlock, kBlock := blocks(m, lanesUp(k), 1)
	scratch := b.needScratch(kernel.GEMMScratch)
	b.kernel(2*batches*m*k*cols, func() call {
		lda, ldc := uint32(lanesUp(k)*floatBytes), uint32(lanesUp(cols)*floatBytes)
		g := kernel.BatchedGEMMArgs{Batches: uint32(batches), AStep: lda * uint32(m), WStep: uint32(kernel.PackedBytes(lanesUp(k), cols)), CStep: ldc * uint32(m), Scratch: scratch()}
		g.GEMMArgs = kernel.GEMMArgs{A: a.at(), LDA: lda, W: packed.at(), C: c.at(), LDC: ldc, Rows: uint32(m), K: uint32(lanesUp(k)), Vecs: uint32(lanesUp(cols) / Lanes),
			Bias: bias.at(), Low: low, High: high, RowBlock: uint32(rowBlock), KBlock: uint32(kBlock)}
		if residual != nil {
			g.Residual, g.LDR, g.RStep = residual.at(), ldc, ldc*uint32(m)
		}
		return call{kernel.BatchedGEMM, g}
	}, a, packed, residual, c)
	return true
}

// packed adds a step that packs matrices of k rows and n columns into panels.
func (b *builder) packed(v *graph.Value, batches, k, n int) *buffer {
	w := b.in(v, Rows)
	size := kernel.PackedBytes(lanesUp(k), n)
	out := b.buffer(batches * size)
	b.kernel(0, func() call {
		row := uint32(lanesUp(n) * floatBytes)
		return call{kernel.PackColumns, kernel.PackArgs{Input: w.at(), InputBatch: row * uint32(k), KStride: row, NStride: floatBytes, Output: out.at(),
			OutputBatch: uint32(size), Batches: uint32(batches), K: uint32(k), N: uint32(n), PackedK: uint32(lanesUp(k))}}
	}, w, out)
	return out
}
