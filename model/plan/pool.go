package plan

import (
	"larder/model/graph"
	"larder/model/kernel"
)

// lowerGlobalPool returns the lowering of a pool over whole pictures.
func lowerGlobalPool(number kernel.Number) lowering {
	return func(b *builder, n *graph.Node) bool {
		in, ok := b.shape(n.Inputs[0])
		if !ok || len(in) < 3 {
			return false
		}
		b.reduceRows(n, number, b.in(n.Inputs[0], Picture), b.out(n.Outputs[0], Picture), in[0], pixelsOf(in), grid{1, in[1]})
		return true
	}
}

// reduceRows adds a step that makes one row of many, for each image.
func (b *builder) reduceRows(n *graph.Node, number kernel.Number, x, out *buffer, images, rows int, row grid) {
	b.kernel(images*rows*row.length, func() call {
		return call{number, kernel.RowsArgs{Input: x.at(), ImageStride: row.rowBytes() * uint32(rows), RowStride: row.rowBytes(), Output: out.at(),
			OutputStride: row.rowBytes(), Images: uint32(images), Rows: uint32(rows), Vecs: row.vecs()}}
	}, x, out)
}

// lowerPool returns the lowering of a pool with a sliding window.
func lowerPool(number kernel.Number) lowering {
	return func(b *builder, n *graph.Node) bool {
		in, ok := b.shape(n.Inputs[0])
		kernelShape, err := n.Attrs.Ints("kernel_shape")
		if !ok || err != nil || len(n.Outputs) > 1 && n.Outputs[1] != nil {
			return false
		}
		size := make([]int, len(kernelShape))
		for i, k := range kernelShape {
			size[i] = int(k)
		}
		w, ok := windowOf(n, in, b.facts[n.Outputs[0]].Shape, size)
		if !ok || !w.h.covers() || !w.w.covers() {
			return false
		}
		count, _ := n.Attrs.Int("count_include_pad", 0)
		x := b.in(n.Inputs[0], Picture)
		out := b.out(n.Outputs[0], Picture)
		b.kernel(w.outputs()*w.channels*w.taps(), func() call {
			return call{number, kernel.PoolArgs{Input: x.at(), Output: out.at(), Images: uint32(w.images),
				InH: uint32(w.h.in), InW: uint32(w.w.in), OutH: uint32(w.h.out), OutW: uint32(w.w.out), Pixel: uint32(lanesUp(w.channels) * floatBytes),
				KernelH: uint32(w.h.kernel), KernelW: uint32(w.w.kernel), StrideH: uint32(w.h.stride), StrideW: uint32(w.w.stride),
				DilationH: uint32(w.h.dilation), DilationW: uint32(w.w.dilation), PadTop: uint32(w.h.pad), PadLeft: uint32(w.w.pad),
				PadBottom: uint32(w.h.end), PadRight: uint32(w.w.end), CountPad: uint32(count)}}
		}, x, out)
		return true
	}
}

// covers reports whether every window has an input under it.
func (a axis) covers() bool {
	for o := range a.out {
		at := o*a.stride - a.pad
		if at < 0 { // the first tap that is not before the input
			at += (-at + a.dilation - 1) / a.dilation * a.dilation
		}
		if last := o*a.stride - a.pad + (a.kernel-1)*a.dilation; at >= a.in || at > last {
			return false
		}
	}
	return true
}
