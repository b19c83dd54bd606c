package op

import (
	"math"

	"larder/model/tensor"
)

// convTranspose is the operator ConvTranspose: each input spreads the kernel
// over the outputs that a convolution would have read it from.
type convTranspose struct {
	conv
	// outputPadding adds rows at the end of each dimension, outputShape fixes
	// the sizes and lets the padding follow; either may be nil.
	outputPadding, outputShape []int
}

func newConvTranspose(n Node) (Operator, error) {
	c, err := readConv(n)
	if err != nil {
		return nil, err
	}
	t := &convTranspose{conv: *c}
	if t.outputPadding, err = sizes(n.Attrs, "output_padding", 0); err != nil {
		return nil, err
	}
	if t.outputShape, err = sizes(n.Attrs, "output_shape", 0); err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 3, 1}, inFloat32{t})
}

// types implements [rule].
func (c *convTranspose) types(in []Value) ([]Value, error) {
	d, err := floatTypes.same(in...)
	if err != nil {
		return nil, err
	}
	x, w := in[0], in[1]
	if !x.Ranked {
		return []Value{Unranked(d)}, checkSpatial(w)
	}
	if err := checkSpatial(x); err != nil {
		return nil, err
	}
	kernel, channels := c.kernel, tensor.Unknown
	if w.Ranked {
		if kernel, err = c.kernelOf(w.Shape, len(x.Shape)); err != nil {
			return nil, err
		}
		if channels, err = c.channels(x.Shape[1], w.Shape); err != nil {
			return nil, err
		}
	}
	if err := checkVector("bias", input(in, 2), channels); err != nil {
		return nil, err
	}
	spans, err := c.spans(x.Shape[2:], kernel)
	if err != nil {
		return nil, err
	}
	return []Value{Of(d, outShape(x.Shape[0], channels, spans)...)}, nil
}

// channels checks the channels of input and weights [C, M/group, …] and returns
// those of the output.
func (c *convTranspose) channels(in int, w tensor.Shape) (int, error) {
	m, ok := mergeDim(in, w[0])
	if !ok {
		return 0, Invalidf("%d channels, the weights are for %d", in, w[0])
	}
	if m >= 0 && m%c.group != 0 {
		return 0, Invalidf("%d channels do not divide into %d groups", m, c.group)
	}
	if w[1] < 0 || w[1] > math.MaxInt32/c.group {
		return tensor.Unknown, nil
	}
	return w[1] * c.group, nil
}

// spans returns the geometry, in and out as ConvTranspose sees them.
func (c *convTranspose) spans(in, kernel []int) ([]span, error) {
	for _, l := range [][]int{c.outputPadding, c.outputShape} {
		if l != nil && len(l) != len(in) {
			return nil, Invalidf("output_padding or output_shape is for %d spatial dimensions, the input has %d", len(l), len(in))
		}
	}
	// The window's own rule for the output is that of Conv: ask it with unknown
	// sizes, for strides, dilations and pads only.
	unknown := unknownShape(len(in))
	spans, err := c.window.spans(unknown, unknown)
	if err != nil {
		return nil, err
	}
	for i := range spans {
		if err := c.grow(&spans[i], i, in[i], tensor.Unknown); err != nil {
			return nil, err
		}
		if kernel != nil {
			if err := c.grow(&spans[i], i, in[i], kernel[i]); err != nil {
				return nil, err
			}
		}
	}
	return spans, nil
}

// grow completes s, the window along spatial dimension i.
func (c *convTranspose) grow(s *span, i, in, kernel int) error {
	s.in, s.kernel = in, kernel
	want := tensor.Unknown
	if c.outputShape != nil {
		want = c.outputShape[i]
	} else if in >= 0 && (c.auto == "SAME_UPPER" || c.auto == "SAME_LOWER") {
		want = in * s.stride
	}
	s.out = want
	if in < 0 || kernel < 0 {
		return nil
	}
	if kernel == 0 {
		return Invalidf("kernel is empty in spatial dimension %d", i)
	}
	full := 0 // the size without padding; every factor is below 2^31
	if in > 0 {
		full = (in-1)*s.stride + s.reach()
	}
	if c.outputPadding != nil {
		full += c.outputPadding[i]
	}
	if want >= 0 {
		// Odd padding: the greater half goes to the end for SAME_UPPER only.
		total := max(0, full-want)
		s.begin = total - total/2
		if c.auto == "SAME_UPPER" {
			s.begin = total / 2
		}
		s.end = total - s.begin
	} else if s.out = full - s.begin - s.end; s.out < 0 {
		return Invalidf("pads %d and %d exceed the output of %d", s.begin, s.end, full)
	}
	if s.out > math.MaxInt32 {
		return Unsupportedf("output of size %d", s.out)
	}
	return nil
}

// run implements [rule].
func (c *convTranspose) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	switch in[0].DType() {
	case tensor.Float32:
		return runConvTranspose[float32](c, in, out[0].Shape)
	case tensor.Float64:
		return runConvTranspose[float64](c, in, out[0].Shape)
	}
	return nil, noType(in[0])
}

func runConvTranspose[T float](c *convTranspose, in []*tensor.Tensor, shape tensor.Shape) ([]*tensor.Tensor, error) {
	x, w := in[0], in[1]
	spans, err := c.spans(x.Shape()[2:], w.Shape()[2:])
	if err != nil {
		return nil, err
	}
	for i, s := range spans { // the convolution of which this is the transpose
		spans[i].in, spans[i].out = s.out, s.in
	}
	y, out := blank[T](shape)
	l := convLoops{boxOf(spans), c.group, x.Dim(1) / c.group, y.Dim(1) / c.group}
	if b := tensorAt(in, 2); b != nil {
		addBias(out, tensor.Data[T](b), l.inputs())
	}
	spread(l, out, tensor.Data[T](x), tensor.Data[T](w))
	return []*tensor.Tensor{y}, nil
}

// spread adds to out what every input of all images in x spreads. l.box is that
// of the convolution from out to x.
func spread[T float](l convLoops, out, x, w []T) {
	taps, nx, no := l.taps(), l.outputs(), l.inputs()
	if l.in*nx == 0 || l.out*no == 0 {
		return
	}
	for len(x) > 0 {
		weights := w
		for range l.group {
			for range l.in {
				for m := range l.out {
					spreadChannel(&l.box, out[m*no:][:no], x[:nx], weights[m*taps:][:taps])
				}
				x, weights = x[nx:], weights[l.out*taps:]
			}
			out = out[l.out*no:]
		}
	}
}

// spreadChannel adds what one channel x spreads over the channel out.
func spreadChannel[T float](b *box, out, x, w []T) {
	d, h, s := &b[0], &b[1], &b[2]
	for kd := range d.kernel {
		d0, d1, dAt := d.clip(kd)
		for kh := range h.kernel {
			h0, h1, hAt := h.clip(kh)
			row := w[(kd*h.kernel+kh)*s.kernel:][:s.kernel]
			for id := d0; id < d1; id++ {
				for ih := h0; ih < h1; ih++ {
					od, oh := id*d.stride+dAt, ih*h.stride+hAt
					spreadRow(s, out[(od*h.in+oh)*s.in:][:s.in], x[(id*h.out+ih)*s.out:][:s.out], row)
				}
			}
		}
	}
}

func spreadRow[T float](s *span, out, x, w []T) {
	for k, f := range w {
		lo, hi, at := s.clip(k)
		for i := lo; i < hi; i++ {
			out[i*s.stride+at] += f * x[i]
		}
	}
}
