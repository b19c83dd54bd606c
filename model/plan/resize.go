package plan

import (
	"fmt"
	"math"
	"slices"
	"unsafe"

	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/op"
)

// lowerResize lowers what makes each pixel of a picture of one pixel, or of two rows
// and two columns: Resize and Upsample (nearest, linear), and Pad that takes elements of
// the input (reflect, edge, wrap). Which ones is said by tables. Samples along images
// and channels stay on the Go side, as do pictures of more than two dimensions.
func lowerResize(b *builder, n *graph.Node) bool {
	v, y := n.Inputs[0], n.Outputs[0]
	in, ok := b.shape(v)
	if !ok || b.constant(v) != nil || len(in) < 3 || len(in) > 4 {
		return false
	}
	to := b.facts[y].Shape
	if to[0] != in[0] || to[1] != in[1] || slices.Max(to[2:]) > maxTable || slices.Max(in[2:]) > maxTable {
		return false
	}
	inputs := make([]op.Value, len(n.Inputs))
	for i, x := range n.Inputs {
		inputs[i] = b.facts.Of(x)
	}
	list, ok := op.Samples(n.Op, inputs)
	if !ok || list[0] != nil || list[1] != nil {
		return false
	}
	h, w := axisSamples(list[2], in[2]), axisSamples(list[len(in)-1], in[len(in)-1])
	height := in[2]
	if len(in) == 3 {
		h, height = axisSamples(nil, 1), 1
	}
	linear := blends(h) || blends(w)
	pixel := lanesUp(in[1]) * floatBytes
	if len(h)*len(w) > math.MaxInt32/pixel {
		return false
	}
	width := in[len(in)-1]
	rows, columns := b.weight(nil, sampleTable(h, width*pixel, linear)), b.weight(nil, sampleTable(w, pixel, linear))
	x, out := b.in(v, Picture), b.out(y, Picture)
	number := kernel.ResizeNearest
	if linear {
		number = kernel.ResizeBilinear
	}
	b.kernel(0, func() call {
		return call{number, kernel.ResizeArgs{Input: x.at(), InputBatch: uint32(height * width * pixel), Output: out.at(), Images: uint32(in[0]),
			OutH: uint32(len(h)), OutW: uint32(len(w)), Pixel: uint32(pixel), RowTable: rows.at(), ColumnTable: columns.at()}}
	}, x, out)
	return true
}

// maxTable bounds a side of a picture, for which a table is made.
const maxTable = 1 << 15

// axisSamples returns the samples of a dimension, also of one that stays as it is.
func axisSamples(list []op.Sample, size int) []op.Sample {
	if list == nil {
		for i := range size {
			list = append(list, op.Sample{First: i, Second: i})
		}
	}
	return list
}

// blends reports whether a sample is made of two elements.
func blends(list []op.Sample) bool {
	for _, s := range list {
		if s.First != s.Second {
			return true
		}
	}
	return false
}

// table is words that a kernel reads: a weight that no constant of the graph has.
type table []uint32

// sampleTable returns the entries of a table for samples that are step bytes apart.
func sampleTable(list []op.Sample, step int, linear bool) table {
	var t table
	for _, s := range list {
		if linear {
			t = append(t, kernel.ResizeTap{First: uint32(s.First * step), Second: uint32(s.Second * step), Weight: float32(s.Weight)}.Words()...)
		} else {
			t = append(t, uint32(s.First*step))
		}
	}
	return t
}

func (t table) floats() int { return (len(t) + panelCols - 1) / panelCols * panelCols }

func (t table) pack(m *packer) error {
	to := m.blank(t.floats())
	copy(unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(to))), len(to)), t)
	return m.to(0, to)
}

func (t table) String() string { return fmt.Sprint("table", []uint32(t)) }
