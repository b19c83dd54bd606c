package plan

import (
	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/tensor"
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

// lowerBatch lowers products of two values, whose batch dimensions broadcast.
func lowerBatch(b *builder, n *graph.Node) bool {
	x, ok := b.shape(n.Inputs[0])
	w, _ := b.shape(n.Inputs[1])
	out := b.facts[n.Outputs[0]].Shape
	if !ok || len(x) < 2 || !b.constantOrNil(input(n, 2)) {
		return false
	}
	loops, ok := batchLoops(x[:len(x)-2], w[:len(w)-2], out[:len(out)-2])
	if !ok {
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
	packs := elems(w[:len(w)-2])
	if len(w) == 2 {
		m, loops = m*elems(x[:len(x)-2]), nil
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
	inner := batchLoop{n: 1}
	if len(loops) > 0 {
		inner, loops = loops[0], loops[1:]
	}
	lda, ldc := uint32(lanesUp(k)*floatBytes), uint32(lanesUp(cols)*floatBytes)
	aStep, wStep, cStep := lda*uint32(m), uint32(kernel.PackedBytes(lanesUp(k), cols)), ldc*uint32(m)
	eachBatch(loops, func(at batchLoop) {
		b.kernel(2*inner.n*m*k*cols, func() call {
			g := kernel.BatchedGEMMArgs{Batches: uint32(inner.n), AStep: aStep * uint32(inner.a), WStep: wStep * uint32(inner.w), CStep: cStep * uint32(inner.c), Scratch: scratch()}
			g.GEMMArgs = kernel.GEMMArgs{A: a.at() + aStep*uint32(at.a), LDA: lda, W: packed.at() + wStep*uint32(at.w), C: c.at() + cStep*uint32(at.c), LDC: ldc,
				Rows: uint32(m), K: uint32(lanesUp(k)), Vecs: uint32(lanesUp(cols) / Lanes), Bias: bias.at(), Low: low, High: high, RowBlock: uint32(rowBlock), KBlock: uint32(kBlock)}
			if residual != nil {
				g.Residual, g.LDR, g.RStep = residual.at()+cStep*uint32(at.c), ldc, cStep*uint32(inner.c)
			}
			return call{kernel.BatchedGEMM, g}
		}, a, packed, residual, c)
	})
	return true
}

// batchLoop is a loop over n products, and how many matrices both sides and the
// result go on in each turn: 0 where a side is repeated.
type batchLoop struct{ n, a, w, c int }

// maxBatchSteps bounds the steps of one product with broadcasting.
const maxBatchSteps = 64

// batchLoops returns the loops over the batch dimensions, the innermost first;
// neighbours that all three walk through evenly are one. The kernel does the
// innermost, and there is a step for each turn of the others.
func batchLoops(x, w, out tensor.Shape) (loops []batchLoop, ok bool) {
	steps, next := 1, batchLoop{a: 1, w: 1, c: 1}
	for i := 1; i <= len(out); i++ {
		at := func(s tensor.Shape) int {
			if i > len(s) {
				return 1
			}
			return s[len(s)-i]
		}
		d := batchLoop{out[len(out)-i], next.a, next.w, next.c}
		next = batchLoop{a: next.a * at(x), w: next.w * at(w), c: next.c * d.n}
		if at(x) == 1 {
			d.a = 0
		}
		if at(w) == 1 {
			d.w = 0
		}
		if d.n == 1 {
			continue
		}
		if k := len(loops) - 1; k >= 0 {
			if in := &loops[k]; d.a == in.n*in.a && d.w == in.n*in.w && d.c == in.n*in.c {
				in.n *= d.n
				continue
			}
			steps *= d.n
		}
		loops = append(loops, d)
	}
	return loops, steps <= maxBatchSteps
}

// eachBatch calls f for every turn of loops with the places there.
func eachBatch(loops []batchLoop, f func(at batchLoop)) {
	if len(loops) == 0 {
		f(batchLoop{})
		return
	}
	l := loops[len(loops)-1]
	for i := range l.n {
		eachBatch(loops[:len(loops)-1], func(at batchLoop) {
			f(batchLoop{a: at.a + i*l.a, w: at.w + i*l.w, c: at.c + i*l.c})
		})
	}
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
