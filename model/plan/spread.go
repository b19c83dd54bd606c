package plan

import (
	"slices"

	"larder/model/graph"
	"larder/model/tensor"
)

// maxSpreadSteps bounds the steps that a transposed convolution becomes.
const maxSpreadSteps = 512

// lowerConvTranspose lowers ConvTranspose with constant weights. Output o of an
// axis, counted from the uncut beginning, is in phase o mod stride; all phases are
// convolutions of stride 1 over the same inputs with other taps. So they are the
// channels of one convolution, of which a copy for each phase takes its pixels apart.
// Taps that a phase has not are 0, so that a NaN may come a tap further than it would.
func lowerConvTranspose(b *builder, n *graph.Node) bool {
	in, ok := b.shape(n.Inputs[0])
	weights, ok2 := b.shape(n.Inputs[1])
	out := b.facts[n.Outputs[0]].Shape
	if !ok || !ok2 || b.constant(n.Inputs[1]) == nil || !b.constantOrNil(input(n, 2)) {
		return false
	}
	w, ok := windowOf(n, in, out, weights[2:])
	if !ok || !spreadPads(n, &w) {
		return false
	}
	group, _ := n.Attrs.Int("group", 1)
	s := spread{b: b, n: n, of: w, out: out[1], group: int(group)}
	s.conv = conv{n: n, window: w, group: s.group}
	for _, a := range []*axis{&s.conv.h, &s.conv.w} {
		if !a.phases() {
			return false
		}
	}
	s.conv.out = s.out
	s.merged = s.conv.merged()
	s.conv.out = s.out * s.merged / s.group // of the groups that are taken together
	s.columns = s.of.h.stride * s.of.w.stride * lanesUp(s.conv.out)
	if s.group/s.merged*(1+s.of.h.stride*s.of.w.stride) > maxSpreadSteps {
		return false
	}
	s.add()
	return true
}

// spreadPads sets the padding where it follows from the size of the output.
func spreadPads(n *graph.Node, w *window) bool {
	sizes, err := n.Attrs.Ints("output_shape")
	more, err2 := n.Attrs.Ints("output_padding")
	auto, _ := n.Attrs.String("auto_pad", "NOTSET")
	if err != nil || err2 != nil {
		return false
	}
	same := auto == "SAME_UPPER" || auto == "SAME_LOWER"
	if len(sizes) == 0 && !same {
		return true
	}
	axes := []*axis{&w.h, &w.w}
	if len(more) == 1 || len(sizes) == 1 {
		axes = axes[1:]
	}
	for i, a := range axes {
		total := max(0, (a.in-1)*a.stride+a.reach()+at(more, i, 0)-a.out)
		if a.pad = total - total/2; auto == "SAME_UPPER" {
			a.pad = total / 2
		}
	}
	return true
}

// phases makes the axis of the convolution of a transposed one; false if the padding
// cuts more off than a window.
func (a *axis) phases() bool {
	taps := (a.reach() + a.stride - 1) / a.stride
	first, last := a.pad/a.stride, (a.pad+a.out-1)/a.stride
	*a = axis{in: a.in, out: last - first + 1, kernel: taps, stride: 1, dilation: 1, pad: taps - 1 - first}
	return first >= 0 && a.pad >= 0
}

// spread is a transposed convolution on its way to kernels.
type spread struct {
	b    *builder
	n    *graph.Node
	of   window // as the node says it
	conv conv   // one that makes all phases
	// out is the channels of the result, of group groups; merged of them are
	// taken together. columns is the channels that conv makes of them.
	out, group, merged, columns int
}

// add adds the steps.
func (s *spread) add() {
	b, groups := s.b, s.group/s.merged
	x := b.in(s.n.Inputs[0], Picture)
	out := b.out(s.n.Outputs[0], Picture)
	s.conv.out = s.columns
	g := grid{s.conv.outputs(), s.columns}
	whole := groups == 1 && s.of.h.stride*s.of.w.stride == 1
	for i := range groups {
		to := out
		if !whole {
			to = b.buffer(g.bytes())
		}
		s.product(i, groups, x, to)
		if !whole {
			s.takeApart(to, out, i)
		}
	}
}

// product adds the convolution of group i.
func (s *spread) product(i, groups int, x, to *buffer) {
	packed := windows{0, s.columns, s.of.channels / s.group, s.conv.taps(), s.merged}
	w := s.b.weight(s.n.Inputs[1], phases{packed, i, s.of.h, s.of.w, s.out / s.group})
	bias := s.bias(i)
	if groups == 1 && s.conv.pointwise() {
		p := product{rows: s.conv.outputs(), k: s.of.channels, n: s.columns, a: x, w: w, bias: bias, c: to, flops: s.conv.flops(), low: -infinity, high: infinity}
		p.add(s.b)
		return
	}
	s.conv.gather(s.b, packed, i, groups, x, nil, bias, w, to)
}

// bias returns the bias of group i, repeated for each phase.
func (s *spread) bias(i int) *buffer {
	v := input(s.n, 2)
	if v == nil {
		return s.b.bias(nil, s.columns)
	}
	each := s.out * s.merged / s.group
	row := make([]float32, lanesUp(each))
	copy(row, tensor.Data[float32](s.b.constant(v))[i*each:][:each])
	return s.b.derived(v, slices.Repeat(row, s.columns/len(row)))
}

// takeApart copies the pixels of every phase to where they belong.
func (s *spread) takeApart(from, out *buffer, group int) {
	each := s.out * s.merged / s.group
	run := lanesUp(each) * floatBytes
	pixel := lanesUp(s.out) * floatBytes
	column, row := s.columns*floatBytes, s.conv.w.out*s.columns*floatBytes
	for i := range s.of.h.stride {
		h0, y0, h := s.of.h.phase(i)
		for k := range s.of.w.stride {
			w0, x0, w := s.of.w.phase(k)
			if h <= 0 || w <= 0 {
				continue
			}
			src := h0*row + w0*column + (i*s.of.w.stride+k)*run
			dst := (y0*s.of.w.out+x0)*pixel + group*run
			s.b.copyTo(from, src, []int{s.conv.h.out * row, row, column, floatBytes}, out, dst,
				[]int{s.of.h.out * s.of.w.out * pixel, s.of.h.stride * s.of.w.out * pixel, s.of.w.stride * pixel, floatBytes},
				[]int{s.of.images, h, w, lanesUp(each)})
		}
	}
}

// phase returns where phase i of an axis begins, in what the convolution makes and in
// the output, and how many outputs it has.
func (a axis) phase(i int) (from, to, count int) {
	to = i - a.pad%a.stride
	if to < 0 {
		from, to = 1, to+a.stride
	}
	return from, to, (a.out - to + a.stride - 1) / a.stride
}
