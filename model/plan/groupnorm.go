package plan

import (
	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/tensor"
)

// maxNormImages bounds the images of a batch, each of which is a step.
const maxNormImages = 64

// lowerGroupNorm lowers InstanceNormalization and GroupNormalization of pictures
// with constant parameters.
func lowerGroupNorm(b *builder, n *graph.Node) bool {
	v := n.Inputs[0]
	shape, ok := b.shape(v)
	eps, err := n.Attrs.Float("epsilon", 1e-5)
	if !ok || err != nil || b.constant(v) != nil || len(shape) < 3 || shape[0] > maxNormImages {
		return false
	}
	p := groupNorm{b: b, n: n, images: shape[0], pixels: pixelsOf(shape), row: grid{1, shape[1]}, groups: shape[1], epsilon: eps}
	if n.Type == "GroupNormalization" {
		groups, _ := n.Attrs.Int("num_groups", 0)
		p.groups = int(groups)
	}
	for i := range p.parameters {
		if p.parameters[i], ok = p.parameter(n.Inputs[i+1]); !ok {
			return false
		}
	}
	p.add(b.in(v, Picture))
	return true
}

// groupNorm is a normalisation on its way to kernels: one mean and one variance
// for each group of channels in each image.
type groupNorm struct {
	b              *builder
	n              *graph.Node
	images, pixels int
	row            grid // the channels of a pixel
	groups         int
	epsilon        float32
	parameters     [2][]float32 // scale and bias of each channel
}

// parameter returns a constant of one float for each channel, or for each group.
func (p *groupNorm) parameter(v *graph.Value) ([]float32, bool) {
	c := p.b.constant(v)
	if c == nil || c.DType() != tensor.Float32 || c.Len() == 0 || p.row.length%c.Len() != 0 {
		return nil, false
	}
	from, to := tensor.Data[float32](c), make([]float32, p.row.length)
	for i := range to {
		to[i] = from[i/(len(to)/len(from))]
	}
	return to, true
}

// add adds the steps: the mean goes first, so that squares do not cancel out.
func (p *groupNorm) add(x *buffer) {
	b, y := p.b, p.n.Outputs[0]
	scale, bias := b.derived(p.n.Inputs[1], p.parameters[0]), b.derived(p.n.Inputs[2], p.parameters[1])
	mean := p.means(x)
	out := b.out(y, Picture)
	b.over(out, x)
	p.pair(kernel.Sub, x, p.all(), mean, p.image(), out, p.all(), p.pixels)
	squares := b.buffer(out.bytes)
	p.pair(kernel.Mul, out, p.all(), out, p.all(), squares, p.all(), p.pixels)
	variance := p.means(squares)
	factor := b.buffer(p.rowsOf(1).bytes())
	p.factor(variance, scale, factor)
	for i := range p.images {
		b.kernel(2*p.pixels*p.row.length, func() call {
			at := out.at() + uint32(i*p.pixels)*p.row.rowBytes()
			return call{kernel.ScaleShift, kernel.ScaleShiftArgs{Input: at, InputStride: p.row.rowBytes(), Output: at, OutputStride: p.row.rowBytes(),
				Scale: factor.at() + uint32(i)*p.row.rowBytes(), Shift: bias.at(), Rows: uint32(p.pixels), Vecs: p.row.vecs(), Low: -infinity, High: infinity}}
		}, out, factor, bias)
	}
}

// rowsOf is n rows of channels for each image.
func (p *groupNorm) rowsOf(n int) grid { return grid{p.images * n, p.row.length} }

// step is how far an operand is from image to image and from row to row.
type step struct{ outer, row uint32 }

// all goes through the rows of all images, image repeats one row in each image.
func (p *groupNorm) all() step   { return step{uint32(p.pixels) * p.row.rowBytes(), p.row.rowBytes()} }
func (p *groupNorm) image() step { return step{p.row.rowBytes(), 0} }

// pair adds an elementwise step on rows rows of each image.
func (p *groupNorm) pair(number kernel.Number, x *buffer, xs step, y *buffer, ys step, out *buffer, os step, rows int) {
	p.b.kernel(p.images*rows*p.row.length, func() call {
		return call{number, kernel.BinaryArgs{A: x.at(), AOuter: xs.outer, ARow: xs.row, B: y.at(), BOuter: ys.outer, BRow: ys.row,
			Output: out.at(), OutOuter: os.outer, OutRow: os.row, Outer: uint32(p.images), Rows: uint32(rows),
			Vecs: p.row.vecs(), Tail: p.row.tail(), Low: -infinity, High: infinity}}
	}, x, y, out)
}

// factor adds the steps of scale / sqrt(variance + epsilon).
func (p *groupNorm) factor(variance, scale, out *buffer) {
	b := p.b
	g := p.rowsOf(1)
	eps := b.addWeight(nil, tensor.Vector(p.epsilon), vector{1})
	sum, root := b.buffer(g.bytes()), b.buffer(g.bytes())
	b.kernel(g.count*g.length, func() call {
		return call{kernel.Add, kernel.BinaryArgs{A: variance.at(), ARow: g.rowBytes(), B: eps.at(), BSingle: 1, Output: sum.at(), OutRow: g.rowBytes(),
			Outer: 1, Rows: g.rows(), Vecs: g.vecs(), Tail: g.tail(), Low: -infinity, High: infinity}}
	}, variance, eps, sum)
	b.kernel(g.count*g.length, func() call {
		return call{kernel.Sqrt, kernel.UnaryArgs{Input: sum.at(), InputStride: g.rowBytes(), Output: root.at(), OutputStride: g.rowBytes(),
			Rows: g.rows(), Vecs: g.vecs(), Tail: g.tail()}}
	}, sum, root)
	p.pair(kernel.Div, scale, step{}, root, p.image(), out, p.image(), 1)
}

// means adds the steps that make the mean of each group of channels, in a row of
// channels for each image.
func (p *groupNorm) means(x *buffer) *buffer {
	b := p.b
	out := b.buffer(p.rowsOf(1).bytes() + Lanes*floatBytes) // a group's last vector may reach behind the row
	b.reduceRows(p.n, kernel.MeanRows, x, out, p.images, p.pixels, p.row)
	each := p.row.length / p.groups
	if each == 1 {
		return out
	}
	few := b.buffer(p.images * p.groups * floatBytes)
	for i := range p.images {
		b.kernel(p.row.length, func() call {
			return call{kernel.MeanLast, kernel.LastArgs{Input: out.at() + uint32(i)*p.row.rowBytes(), InputStride: uint32(each * floatBytes),
				Output: few.at() + uint32(i*p.groups*floatBytes), OutputStride: floatBytes, Rows: uint32(p.groups), Columns: uint32(each)}}
		}, out, few)
	}
	spread := b.buffer(p.rowsOf(1).bytes())
	dims := []int{p.images, p.groups, each}
	b.copyTo(few, 0, []int{p.groups * floatBytes, floatBytes, 0}, spread, 0, []int{int(p.row.rowBytes()), each * floatBytes, floatBytes}, dims)
	return spread
}
