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
	out := b.facts[n.Outputs[0]].Shape
	a := attention{n: n, batches: out[0], rows: out[1], heads: out[2], group: out[2] / shapes[1][2], keys: shapes[1][1],
		depth: shapes[0][3], valueDepth: out[3], scale: scale, floor: -infinity}
	for i, to := range []*view{&a.q, &a.k, &a.v} {
		*to = b.viewOf(n.Inputs[i])
	}
	if mask != nil {
		a.mask = b.maskView(mask, tensor.Shape{a.batches, a.heads, a.rows, a.keys})
	}
	a.y = view{buffer: b.out(n.Outputs[0], Rows), strides: strides(out)}
	b.attend(a)
	return true
}

// attention is what the kernel needs. The strides of views are those of batch,
// row and head; of the mask those of batch, head and row.
type attention struct {
	n                                 *graph.Node
	batches, rows, heads, group, keys int
	depth, valueDepth                 int
	scale, floor                      float32
	q, k, v, y                        view
	mask                              view // without a buffer: none
}

// maskable reports whether a mask, if there is one, has a column for every key.
func (b *builder) maskable(mask *graph.Value, keys int) bool {
	if mask == nil {
		return true
	}
	s, ok := b.shape(mask)
	return ok && len(s) > 0 && len(s) <= 4 && s[len(s)-1] == keys
}

// attend adds the step.
func (b *builder) attend(a attention) {
	zeros := b.weight(nil, zeros(max(a.keys, a.valueDepth)))
	if a.mask.buffer == nil {
		a.mask = view{buffer: zeros, strides: []int{0, 0, 0}}
	}
	rowBlock := attentionRows(a.rows, a.keys)
	bytes := alignUp(kernel.AttentionScratch(rowBlock, a.keys, a.depth, a.valueDepth))
	scratch := b.needScratch(bytes)
	b.kernel(2*a.batches*a.heads*a.rows*a.keys*(a.depth+a.valueDepth), func() call {
		return call{kernel.Attention, kernel.AttentionArgs{
			Q: a.q.at(), QBatch: a.q.step(0), QRow: a.q.step(1), QHead: a.q.step(2),
			K: a.k.at(), KBatch: a.k.step(0), KRow: a.k.step(1), KHead: a.k.step(2),
			V: a.v.at(), VBatch: a.v.step(0), VRow: a.v.step(1), VHead: a.v.step(2),
			Output: a.y.at(), OutBatch: a.y.step(0), OutRow: a.y.step(1), OutHead: a.y.step(2),
			Mask: a.mask.at(), MaskBatch: a.mask.step(0), MaskHead: a.mask.step(1), MaskRow: a.mask.step(2),
			Batches: uint32(a.batches), Heads: uint32(a.heads), Group: uint32(a.group), Rows: uint32(a.rows), Keys: uint32(a.keys),
			Depth: uint32(a.depth), ValueDepth: uint32(a.valueDepth), RowBlock: uint32(rowBlock), KBlock: maxKBlock,
			Scale: a.scale, Floor: a.floor, Zeros: zeros.at(), Scratch: scratch(), ScratchBytes: uint32(bytes)}}
	}, a.q.buffer, a.k.buffer, a.v.buffer, a.mask.buffer, a.y.buffer)
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

// viewOf returns where the elements of a value are.
func (b *builder) viewOf(v *graph.Value) view {
	at := b.of(v)
	if at.view != nil && at.places[Rows] == nil {
		return *at.view
	}
	return view{buffer: b.in(v, Rows), strides: strides(b.facts.Of(v).Shape)}
}

// maskView returns where a mask is, with 0 as the distance of what repeats.
func (b *builder) maskView(v *graph.Value, to tensor.Shape) view {
	s := b.facts.Of(v).Shape
	steps := repeated(append(tensor.Shape{1, 1, 1, 1}[len(s):], s...), to)
	if to[2] == 1 {
		steps[2] = 0
	}
	return view{buffer: b.in(v, Rows), strides: steps}
}
