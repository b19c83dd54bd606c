package plan

import (
	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/tensor"
)

// lowerAttention lowers larder.Attention. The heads are read and written where
// they lie in the rows of their tokens.
func lowerAttention(b *builder, n *graph.Node) bool {
	scale, err := n.Attrs.Float("scale", 1)
	var shapes [3]tensor.Shape
	for i := range shapes {
		s, ok := b.shape(n.Inputs[i])
		if !ok || err != nil {
			return false
		}
		shapes[i] = s
	}
	mask := input(n, 3)
	if !b.maskable(mask, shapes[1][1]) {
		return false
	}
	b.attend(n, attention{n.Inputs[0], n.Inputs[1], n.Inputs[2], mask, shapes[0], shapes[1], shapes[2][3], scale})
	return true
}

// attention is what the kernel needs: values of four dimensions, with the heads
// behind the tokens.
type attention struct {
	q, k, v, mask *graph.Value
	queries, keys tensor.Shape
	valueDepth    int
	scale         float32
}

// maskable reports whether a mask, if there is one, has a column for every key.
func (b *builder) maskable(mask *graph.Value, keys int) bool {
	if mask == nil {
		return true
	}
	s, ok := b.shape(mask)
	return ok && len(s) > 0 && len(s) <= 4 && s[len(s)-1] == keys
}

func (b *builder) attend(n *graph.Node, a attention) {
	out := b.facts[n.Outputs[0]].Shape
	rows, keys, heads, depth := a.queries[1], a.keys[1], a.queries[2], a.queries[3]
	q, k, v := b.operandHeads(a.q), b.operandHeads(a.k), b.operandHeads(a.v)
	zeros := b.weight(nil, zeros(max(keys, a.valueDepth)))
	m := headsView{buffer: zeros, strides: []int{0, 0, 0, 0}}
	if a.mask != nil {
		m = b.operandMask(a.mask, tensor.Shape{a.queries[0], heads, rows, keys})
	}
	y := b.out(n.Outputs[0], Rows)
	to := strides(out)
	rowBlock := attentionRows(rows, keys)
	bytes := alignUp(kernel.AttentionScratch(rowBlock, keys, depth, a.valueDepth))
	scratch := b.needScratch(bytes)
	flops := 2 * a.queries[0] * heads * rows * keys * (depth + a.valueDepth)
	b.kernel(flops, func() call {
		return call{kernel.Attention, kernel.AttentionArgs{
			Q: q.at(), QBatch: q.step(0), QRow: q.step(1), QHead: q.step(2),
			K: k.at(), KBatch: k.step(0), KRow: k.step(1), KHead: k.step(2),
			V: v.at(), VBatch: v.step(0), VRow: v.step(1), VHead: v.step(2),
			Output: y.at(), OutBatch: uint32(to[0]), OutRow: uint32(to[1]), OutHead: uint32(to[2]),
			Mask: m.at(), MaskBatch: m.step(0), MaskHead: m.step(1), MaskRow: m.step(2),
			Batches: uint32(a.queries[0]), Heads: uint32(heads), Group: uint32(heads / a.keys[2]), Rows: uint32(rows), Keys: uint32(keys),
			Depth: uint32(depth), ValueDepth: uint32(a.valueDepth), RowBlock: uint32(rowBlock), KBlock: maxKBlock, Scale: a.scale,
			Zeros: zeros.at(), Scratch: scratch(), ScratchBytes: uint32(bytes)}}
	}, q.buffer, k.buffer, v.buffer, m.buffer, y)
}

// scoreBytes bounds the scores of a block of rows: with the keys of a head they
// stay in a second-level cache.
const scoreBytes = 48 << 10

// attentionRows returns the rows of a block.
func attentionRows(rows, keys int) int {
	most := max(tileRows, scoreBytes/(lanesUp(keys)*floatBytes))
	parts := (rows + most - 1) / most
	return max(tileRows, ((rows+parts-1)/parts+tileRows-1)/tileRows*tileRows)
}

// headsView is where a value of four dimensions lies.
type headsView view

func (v headsView) at() uint32        { return v.buffer.at() + uint32(v.offset) }
func (v headsView) step(i int) uint32 { return uint32(v.strides[i]) }

// operandHeads returns where the heads of a value are.
func (b *builder) operandHeads(v *graph.Value) headsView {
	at := b.of(v)
	if at.view != nil && at.places[Rows] == nil {
		return headsView(*at.view)
	}
	return headsView{buffer: b.in(v, Rows), strides: strides(b.facts.Of(v).Shape)}
}

// operandMask returns where a mask is, with 0 as the distance of what repeats.
func (b *builder) operandMask(v *graph.Value, to tensor.Shape) headsView {
	s := b.facts.Of(v).Shape
	full := append(tensor.Shape{1, 1, 1, 1}[len(s):], s...)
	steps := repeated(full, to)
	if to[2] == 1 {
		steps[2] = 0
	}
	return headsView{buffer: b.in(v, Rows), strides: steps}
}
