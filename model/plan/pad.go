package plan

import (
	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/tensor"
)

// lowerPad lowers Pad with a constant: the result is filled, and what is left of
// the input copied into it. A negative pad leaves elements out. In the other modes all
// elements are of the input, as in a Resize.
func lowerPad(b *builder, n *graph.Node) bool {
	v, y := n.Inputs[0], n.Outputs[0]
	in, ok := b.shape(v)
	mode, err := n.Attrs.String("mode", "constant")
	if err == nil && mode != "constant" {
		return lowerResize(b, n)
	}
	if !ok || err != nil || b.constant(v) != nil || len(in) == 0 || n.Opset < 2 {
		return false
	}
	value, ok := b.padding(n)
	pads, ok2 := b.ints(n, 1, "pads")
	axes, ok3 := b.ints(n, 3, "axes")
	if !ok || !ok2 || !ok3 {
		return false
	}
	out := b.facts[y].Shape
	l := b.layout(v, Rows)
	from, to, kept := strides(l.dims(in)), strides(l.dims(out)), l.dims(in)
	src, dst := 0, 0 // bytes
	count := len(pads) / 2
	for i := range count {
		axis := at(axes, i, i)
		if axis < 0 {
			axis += len(in)
		}
		k := l.axis(axis, len(in))
		before, after := int(pads[i]), int(pads[count+i])
		src += max(0, -before) * from[k]
		dst += max(0, before) * to[k]
		if kept[k] += min(0, before) + min(0, after); kept[k] <= 0 {
			return false
		}
	}
	if _, _, ok := copyDims(from, to, kept); !ok {
		return false
	}
	x, result := b.in(v, l), b.out(y, l)
	b.fill(result, gridOf(l, out), value)
	b.copyTo(x, src, from, result, dst, to, kept)
	return true
}

// padding returns the element that Pad adds, if it is a constant.
func (b *builder) padding(n *graph.Node) (float32, bool) {
	if n.Opset < 11 {
		v, err := n.Attrs.Float("value", 0)
		return v, err == nil
	}
	v := input(n, 2)
	if v == nil {
		return 0, true
	}
	c := b.constant(v)
	if c == nil || c.DType() != tensor.Float32 || c.Len() != 1 {
		return 0, false
	}
	return tensor.Data[float32](c)[0], true
}

// fill writes one number to all rows, and zeros behind them.
func (b *builder) fill(dst *buffer, g grid, value float32) {
	length := g.length
	if value == 0 {
		length = g.stride()
	}
	b.kernel(0, func() call {
		return call{kernel.Fill, kernel.FillArgs{Output: dst.at(), OutputStride: g.rowBytes(), Rows: g.rows(), Bytes: uint32(length * floatBytes), Value: value}}
	}, dst)
	if length < g.stride() {
		b.kernel(0, func() call {
			return call{kernel.Fill, kernel.FillArgs{Output: dst.at() + uint32(length*floatBytes), OutputStride: g.rowBytes(), Rows: g.rows(),
				Bytes: uint32((g.stride() - length) * floatBytes)}}
		}, dst)
	}
}
