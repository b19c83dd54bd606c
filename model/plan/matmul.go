package plan

import (
	"larder/model/graph"
	"larder/model/kernel"
)

// product is a matrix product on its way to the kernel: c = clamp(a*w + bias +
// residual).
type product struct {
	rows, k, n, flops       int
	a, w, bias, residual, c *buffer
	low, high               float32
}

// add adds the step.
func (p *product) add(b *builder) {
	rowBlock, kBlock := blocks(p.rows, lanesUp(p.k), b.threads)
	b.kernel(p.flops, func() call {
		g := kernel.GEMMArgs{A: p.a.at(), LDA: uint32(lanesUp(p.k) * floatBytes), W: p.w.at(), C: p.c.at(), LDC: uint32(lanesUp(p.n) * floatBytes),
			Rows: uint32(p.rows), K: uint32(lanesUp(p.k)), Vecs: uint32(lanesUp(p.n) / Lanes), Bias: p.bias.at(), Low: p.low, High: p.high,
			RowBlock: uint32(rowBlock), KBlock: uint32(kBlock)}
		if p.residual != nil {
			g.Residual, g.LDR = p.residual.at(), g.LDC
		}
		return call{kernel.GEMM, g}
	}, p.a, p.residual, p.c)
}

const (
	// maxKBlock bounds k in a block: a panel's 8 columns of it then take half of a
	// first-level cache.
	maxKBlock = 512
	// blockBytes is what a block of rows may take: it stays in a second-level
	// cache while all panels pass by. Every block streams all weights through
	// the cache, so that small blocks are slow for deep convolutions.
	blockBytes = 144 << 10
	// resultBytes is what a row of the result takes of that: the two cache lines
	// between which neighbouring panels share.
	resultBytes = 128
	// tileRows is a multiple of the rows of every tile.
	tileRows = 12
)

// blocks returns the rows and the k of a block, all blocks about alike.
func blocks(rows, k, threads int) (rowBlock, kBlock int) {
	parts := (k + maxKBlock - 1) / maxKBlock
	kBlock = max(Lanes, lanesUp((k+parts-1)/max(1, parts)))
	most := max(tileRows, blockBytes/(kBlock*floatBytes+resultBytes))
	rows = (rows + threads - 1) / threads
	parts = (rows + most - 1) / most
	rowBlock = (rows + parts - 1) / parts
	return (rowBlock + tileRows - 1) / tileRows * tileRows, kBlock
}

// lowerGemm lowers Gemm and larder.Gemm with constant weights and bias.
func lowerGemm(b *builder, n *graph.Node) bool {
	transA, _ := n.Attrs.Int("transA", 0)
	transB, _ := n.Attrs.Int("transB", 0)
	alpha, _ := n.Attrs.Float("alpha", 1)
	beta, _ := n.Attrs.Float("beta", 1)
	out := b.facts[n.Outputs[0]].Shape
	bias := input(n, 2)
	if bias != nil && beta != 1 {
		return false
	}
	return transA == 0 && lowerProduct(b, n, out[0], panels{n: out[1], transposed: transB != 0, scale: alpha})
}

func lowerProduct(b *builder, n *graph.Node, rows int, w panels) bool {
	a, ok := b.shape(n.Inputs[0])
	_, ok2 := b.shape(n.Inputs[1])
	if !ok || !ok2 || b.constant(n.Inputs[1]) == nil || !b.constantOrNil(input(n, 2)) {
		return false
	}
	bias := input(n, 2)
	if bias != nil {
		if s, _ := b.shape(bias); len(s) > 2 || s[len(s)-1] != w.n && s[len(s)-1] != 1 || len(s) == 2 && s[0] != 1 {
			return false
		}
	}
	low, high := clamp(n)
	if r := input(n, 3); !leavesZero(low, high, w.n) || r != nil && !b.sameShape(r, n.Outputs[0]) {
		return false
	}
	w.k = a[len(a)-1]
	w.kPad = lanesUp(w.k)
	p := product{rows: rows, k: w.k, n: w.n, flops: 2 * rows * w.k * w.n, low: low, high: high, a: b.in(n.Inputs[0], Rows)}
	if r := input(n, 3); r != nil {
		p.residual = b.in(r, Rows)
	}
	p.w = b.weight(n.Inputs[1], w)
	p.bias = b.bias(bias, w.n)
	p.c = b.out(n.Outputs[0], Rows)
	p.add(b)
	return true
}
