package plan

import (
	"slices"

	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/tensor"
)

// lowerReshape lowers operators that keep the elements in their order. Where
// rows stay rows nothing moves; the other ways lead over Plain, which may not
// move anything either.
func lowerReshape(b *builder, n *graph.Node) bool {
	x, y := n.Inputs[0], n.Outputs[0]
	in, ok := b.shape(x)
	if !ok || b.constant(x) != nil || more(n) {
		return false
	}
	out := b.facts[y].Shape
	for from, have := range b.of(x).places {
		for to := range layouts {
			if have != nil && sameRows(in, out, Layout(from), to) {
				b.alias(y, to, have)
				return true
			}
		}
	}
	if b.of(x).slot >= 0 && x.Producer != nil {
		return false // made by a host step, and likely read by one
	}
	b.alias(y, Plain, b.in(x, Plain))
	return true
}

// sameRows reports whether a value has the same bytes in one layout and shape
// as in another.
func sameRows(in, out tensor.Shape, from, to Layout) bool {
	if from == to && in.Equal(out) {
		return true
	}
	if to == Picture && len(out) < 3 || from == Picture && len(in) < 3 {
		return false
	}
	if from == Picture && to == Picture && in[0] == out[0] && in[1] == out[1] {
		return true // pixels in other dimensions, such as one for all patches
	}
	// The elements are in the same order if both are row-major, which a picture
	// of one pixel or one channel is.
	ordered := func(l Layout, s tensor.Shape) bool { return l != Picture || pixelsOf(s) == 1 || s[1] == 1 }
	if !ordered(from, in) || !ordered(to, out) {
		return false
	}
	if from == Plain && to == Plain {
		return true
	}
	if from == Plain || to == Plain {
		return false
	}
	g, h := gridOf(from, in), gridOf(to, out)
	return g == h || g.length%Lanes == 0 && h.length%Lanes == 0
}

// lowerTranspose lowers Transpose. Between a picture and a value whose last
// dimension is the channels nothing moves.
func lowerTranspose(b *builder, n *graph.Node) bool {
	x, y := n.Inputs[0], n.Outputs[0]
	in, ok := b.shape(x)
	if !ok || b.constant(x) != nil || len(in) == 0 {
		return false
	}
	perm := permutation(n, len(in))
	out := b.facts[y].Shape
	if len(in) > 2 && slices.Equal(perm, toLast(len(in))) && b.of(x).places[Picture] != nil {
		b.alias(y, Rows, b.of(x).places[Picture])
		return true
	}
	if len(in) > 2 && slices.Equal(perm, toSecond(len(in))) {
		b.alias(y, Picture, b.in(x, Rows))
		return true
	}
	if len(in) > 2 && slices.Equal(perm, toLast(len(in))) {
		b.alias(y, Rows, b.in(x, Picture))
		return true
	}
	from := strides(in)
	moved := make([]int, len(perm))
	for i, p := range perm {
		moved[i] = from[p]
	}
	if !b.canCopy(moved, out) {
		return false
	}
	src := b.in(x, Rows)
	dst := b.out(y, Rows)
	b.stridedCopy(src, 0, moved, dst, 0, out)
	return true
}

// permutation returns where each dimension of the result comes from.
func permutation(n *graph.Node, rank int) []int {
	perm := make([]int, rank)
	list, _ := n.Attrs.Ints("perm")
	for i := range perm {
		perm[i] = at(list, i, rank-1-i)
	}
	return perm
}

// toLast is the permutation from NCHW to NHWC, toSecond that back.
func toLast(rank int) []int {
	p := []int{0}
	for i := 2; i < rank; i++ {
		p = append(p, i)
	}
	return append(p, 1)
}

func toSecond(rank int) []int {
	p := []int{0, rank - 1}
	for i := 1; i < rank-1; i++ {
		p = append(p, i)
	}
	return p
}

// run is one dimension of a copy.
type runDim struct{ n, from, to int }

// canCopy reports whether stridedCopy can do it in one step.
func (b *builder) canCopy(from, dims []int) bool {
	_, _, ok := copyDims(from, strides(dims), dims)
	return ok
}

// copyDims joins the dimensions of a copy that both sides walk through evenly;
// the innermost becomes the run, in bytes, where both sides have no gaps.
func copyDims(from, to, dims []int) (left []runDim, run int, ok bool) {
	run = floatBytes
	for i := len(dims) - 1; i >= 0; i-- {
		d := runDim{dims[i], from[i], to[i]}
		if d.n == 1 {
			continue
		}
		if len(left) == 0 && d.from == run && d.to == run {
			run *= d.n
			continue
		}
		if k := len(left) - 1; k >= 0 && d.from == left[k].n*left[k].from && d.to == left[k].n*left[k].to {
			left[k].n *= d.n
			continue
		}
		left = append(left, d)
	}
	return left, run, len(left) <= kernel.CopyRank
}

// stridedCopy adds the steps that copy a value of dims, walking through the
// source by the strides from; both begin at an offset in bytes. The lanes
// behind the rows of the result are cleared.
func (b *builder) stridedCopy(src *buffer, srcOffset int, from []int, dst *buffer, dstOffset int, dims []int) {
	b.copyTo(src, srcOffset, from, dst, dstOffset, strides(dims), dims)
	b.clearTail(dst, dims)
}

// copyTo adds one step of a copy between any strides.
func (b *builder) copyTo(src *buffer, srcOffset int, from []int, dst *buffer, dstOffset int, to, dims []int) {
	left, run, _ := copyDims(from, to, dims)
	b.kernel(0, func() call {
		a := kernel.StridedCopyArgs{Input: src.at() + uint32(srcOffset), Output: dst.at() + uint32(dstOffset), Run: uint32(run)}
		for i := range a.Dims {
			a.Dims[i] = 1
		}
		for i, d := range left { // the last dimension of the kernel is the innermost
			k := kernel.CopyRank - 1 - i
			a.Dims[k], a.InputStrides[k], a.OutputStrides[k] = uint32(d.n), uint32(d.from), uint32(d.to)
		}
		return call{kernel.StridedCopy, a}
	}, src, dst)
}

// clearTail clears the lanes behind the rows of a buffer, if there are any.
func (b *builder) clearTail(dst *buffer, dims []int) {
	g := gridOf(Rows, dims)
	gap := g.stride() - g.length
	if gap == 0 {
		return
	}
	b.kernel(0, func() call {
		return call{kernel.Fill, kernel.FillArgs{Output: dst.at() + uint32(g.length*floatBytes), OutputStride: g.rowBytes(), Rows: g.rows(), Bytes: uint32(gap * floatBytes)}}
	}, dst)
}
