package plan

import (
	"math"

	"larder/model/graph"
	"larder/model/tensor"
)

// lowerStandardAttention lowers ONNX's Attention, which stands for those of other
// domains too, without past, soft cap and window. Heads are the second of four
// dimensions, or lie side by side in the last of three.
func lowerStandardAttention(b *builder, n *graph.Node) bool {
	a, ok := b.standardAttention(n)
	mask := input(n, 3)
	causal, err := n.Attrs.Int("is_causal", 0)
	if !ok || err != nil || !b.maskable(mask, a.keys) || causal != 0 && mask != nil {
		return false
	}
	for i, to := range []*view{&a.q, &a.k, &a.v} {
		heads := a.heads
		if i > 0 {
			heads /= a.group
		}
		*to = splitHeads(b.viewOf(n.Inputs[i]), b.facts.Of(n.Inputs[i]).Shape, heads)
	}
	switch {
	case mask != nil:
		a.mask = b.maskView(mask, tensor.Shape{a.batches, a.heads, a.rows, a.keys})
	case causal != 0:
		shape := tensor.Shape{a.rows, a.keys}
		place := b.addWeight(n.Outputs[0], causalMask(a.rows, a.keys), stored{shape, Rows})
		a.mask = view{buffer: place, strides: []int{0, 0, strides(shape)[0]}}
	}
	out := b.facts[n.Outputs[0]].Shape
	a.y = splitHeads(view{buffer: b.out(n.Outputs[0], Rows), strides: strides(out)}, out, a.heads)
	b.attend(a)
	return true
}

// standardAttention reads the sizes; false means that no kernel fits.
func (b *builder) standardAttention(n *graph.Node) (a attention, ok bool) {
	for _, v := range n.Outputs[1:] {
		if v != nil && len(b.readers[v]) > 0 {
			return a, false
		}
	}
	for i := 4; i < len(n.Inputs); i++ {
		if n.Inputs[i] != nil {
			return a, false
		}
	}
	scale, err := n.Attrs.Float("scale", 0)
	softcap, err2 := n.Attrs.Float("softcap", 0)
	if err != nil || err2 != nil || softcap != 0 || n.Attrs.Has("left_window_size") || n.Attrs.Has("right_window_size") {
		return a, false
	}
	var dims [3]tensor.Shape // batch, heads, rows, depth
	for i, name := range []string{"q_num_heads", "kv_num_heads", "kv_num_heads"} {
		s, ok := b.shape(n.Inputs[i])
		if !ok {
			return a, false
		}
		if len(s) == 3 {
			heads, err := n.Attrs.Int(name, 0)
			// Heads in one row have no room between them.
			if err != nil || heads <= 0 || s[2]%(int(heads)*Lanes) != 0 {
				return a, false
			}
			s = tensor.Shape{s[0], int(heads), s[1], s[2] / int(heads)}
		}
		dims[i] = s
	}
	a = attention{n: n, batches: dims[0][0], heads: dims[0][1], rows: dims[0][2], depth: dims[0][3], group: dims[0][1] / dims[1][1],
		keys: dims[1][2], valueDepth: dims[2][3], scale: scale, floor: -math.MaxFloat32}
	if scale == 0 {
		a.scale = float32(1 / math.Sqrt(float64(a.depth)))
	}
	return a, true
}

// splitHeads turns the strides of a value into those of batch, row and head.
func splitHeads(v view, shape tensor.Shape, heads int) view {
	if len(shape) == 4 {
		v.strides = []int{v.strides[0], v.strides[2], v.strides[1]}
	} else {
		v.strides = []int{v.strides[0], v.strides[1], shape[2] / heads * floatBytes}
	}
	return v
}

// causalMask lets each row see the keys up to its own.
func causalMask(rows, keys int) *tensor.Tensor {
	data := make([]float32, rows*keys)
	for i := range rows {
		for j := i + 1; j < keys; j++ {
			data[i*keys+j] = -infinity
		}
	}
	return tensor.Must(tensor.Of(data, rows, keys))
}
