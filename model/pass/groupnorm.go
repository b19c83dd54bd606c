package pass

import (
	"slices"

	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// GroupNorm finds a group normalisation that was exported for opsets without one.
//
//	x ── Reshape(0, groups, -1) ── InstanceNormalization(s, b) ── Reshape(shape of x) ── y
//	⇒
//	x, s, b ── GroupNormalization{num_groups} ── y
//
// The factor and the shift of each channel that follow stay as they are.
func GroupNorm(g *graph.Graph) error {
	if !has(g, "InstanceNormalization") {
		return nil
	}
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		if isType(n, "Reshape") {
			e.groupNorm(n)
		}
	})
	return e.done()
}

func (e *edit) groupNorm(n *graph.Node) {
	norm := e.maker(n.Inputs[0], "InstanceNormalization")
	if norm == nil {
		return
	}
	split := e.maker(norm.Inputs[0], "Reshape")
	eps, err := norm.Attrs.Float("epsilon", 1e-5)
	if split == nil || err != nil || split.Attrs.Has("allowzero") {
		return
	}
	x := split.Inputs[0]
	in := e.of(x)
	if !in.Ranked || len(in.Shape) < 3 || !e.shapedLike(n, x) {
		return
	}
	s, _ := e.floats(norm.Inputs[1])
	b, _ := e.floats(norm.Inputs[2])
	channels, groups := in.Shape[1], len(s)
	to := e.of(input(split, 1)).Const
	if groups == 0 || len(b) != groups || channels < groups || channels%groups != 0 || channels > maxRead || to == nil || to.DType() != tensor.Int64 {
		return
	}
	// The images stay apart, and the groups are what is normalised.
	dims := tensor.Data[int64](to)
	if len(dims) < 3 || dims[0] != 0 && (dims[0] < 1 || dims[0] != int64(in.Shape[0])) || dims[1] != int64(groups) {
		return
	}
	name := n.Outputs[0].Name
	attrs := op.Attrs{"epsilon": eps, "num_groups": int64(groups)}
	e.replace(n, "", "GroupNormalization", attrs, []*graph.Value{x, e.forChannels(name+"/scale", s, channels), e.forChannels(name+"/bias", b, channels)}, norm, split)
}

// forChannels returns a constant that has each of a group's numbers for its channels.
func (e *edit) forChannels(name string, of []float32, channels int) *graph.Value {
	each := make([]float32, channels)
	for i := range each {
		each[i] = of[i/(channels/len(of))]
	}
	return e.constant(name, tensor.Vector(each...))
}

// shapedLike reports whether a Reshape of as many elements as x has is known to have
// its shape: it was asked for, or one dimension at most is not known.
func (e *edit) shapedLike(n *graph.Node, x *graph.Value) bool {
	in, y := e.of(x), n.Outputs[0]
	if p := input(n, 1).Producer; isType(p, "Shape") && p.Inputs[0] == x && len(p.Attrs) == 0 {
		e.learn(y, op.Of(in.DType, in.Shape...))
		return true
	}
	unknown := 0
	for _, d := range in.Shape {
		if d < 0 {
			unknown++
		}
	}
	return e.sameShape(x, y) && unknown < 2 && !slices.Contains(in.Shape, 0)
}
