package op

import "larder/model/tensor"

// Convolutions. Specification:
// https://onnx.ai/onnx/operators/onnx__Conv.html (1, 11, 22: types only) and
// https://onnx.ai/onnx/operators/onnx__ConvTranspose.html (1, 11, 22).

var convOps = []Entry{
	{"", "Conv", 1, newConv},
	{"", "ConvTranspose", 1, newConvTranspose},
}

// conv is the operator Conv over 1 to 3 spatial dimensions.
type conv struct {
	window
	group int
}

func newConv(n Node) (Operator, error) {
	c, err := readConv(n)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 3, 1}, inFloat32{c})
}

// readConv reads what Conv and ConvTranspose have in common.
func readConv(n Node) (*conv, error) {
	w, err := readWindow(n.Attrs)
	if err != nil {
		return nil, err
	}
	if w.ceil {
		return nil, Invalidf("ceil_mode in a convolution")
	}
	if _, err := w.rank(); err != nil {
		return nil, err
	}
	g, err := groupOf(n.Attrs)
	return &conv{w, g}, err
}

// groupOf reads the attribute group.
func groupOf(a Attrs) (int, error) {
	g, err := a.Int("group", 1)
	if err == nil && (g < 1 || g > 1<<30) {
		err = Invalidf("group is %d, want at least 1", g)
	}
	return int(g), err
}

// types implements [rule].
func (c *conv) types(in []Value) ([]Value, error) {
	d, err := floatTypes.same(in...)
	if err != nil {
		return nil, err
	}
	x, w, b := in[0], in[1], input(in, 2)
	if !x.Ranked {
		return []Value{Unranked(d)}, checkSpatial(w)
	}
	if err := checkSpatial(x); err != nil {
		return nil, err
	}
	channels := tensor.Unknown
	kernel := c.kernel
	if w.Ranked {
		if kernel, err = c.kernelOf(w.Shape, len(x.Shape)); err != nil {
			return nil, err
		}
		if channels, err = c.channels(x.Shape[1], w.Shape); err != nil {
			return nil, err
		}
	}
	if err := checkVector("bias", b, channels); err != nil {
		return nil, err
	}
	spans, err := c.spans(x.Shape[2:], kernel)
	if err != nil {
		return nil, err
	}
	return []Value{Of(d, outShape(x.Shape[0], channels, spans)...)}, nil
}

// checkSpatial checks that v, if its rank is known, has 1 to 3 spatial
// dimensions.
func checkSpatial(v Value) error {
	switch n := len(v.Shape) - 2; {
	case !v.Ranked:
	case n < 1:
		return Invalidf("%v has no spatial dimension", v)
	case n > maxSpatial:
		return Unsupportedf("%d spatial dimensions, the most is %d", n, maxSpatial)
	}
	return nil
}

// kernelOf returns the kernel's sizes: those of the weights, completed by the
// attribute.
func (c *conv) kernelOf(w tensor.Shape, rank int) ([]int, error) {
	if len(w) != rank {
		return nil, Invalidf("weights have rank %d, the input %d", len(w), rank)
	}
	kernel := w[2:].Clone()
	for i := range c.kernel {
		if len(c.kernel) != len(kernel) {
			return nil, Invalidf("kernel_shape %v, the weights have %v", c.kernel, kernel)
		}
		k, ok := mergeDim(kernel[i], c.kernel[i])
		if !ok {
			return nil, Invalidf("kernel_shape %v, the weights have %v", c.kernel, kernel)
		}
		kernel[i] = k
	}
	return kernel, nil
}

// channels checks the channels of input and weights [M, C/group, …] and returns
// those of the output.
func (c *conv) channels(in int, w tensor.Shape) (int, error) {
	if in >= 0 && w[1] >= 0 && in != w[1]*c.group {
		return 0, Invalidf("%d channels, the weights are for %d in %d groups", in, w[1]*c.group, c.group)
	}
	if w[0] >= 0 && w[0]%c.group != 0 {
		return 0, Invalidf("%d output channels do not divide into %d groups", w[0], c.group)
	}
	return w[0], nil
}

// checkVector checks that v, if it is there and known, is a vector of n
// elements.
func checkVector(what string, v Value, n int) error {
	if v.Absent || !v.Ranked {
		return nil
	}
	if len(v.Shape) != 1 || n >= 0 && v.Shape[0] >= 0 && v.Shape[0] != n {
		return Invalidf("%s has shape %v, want [%d]", what, v.Shape, n)
	}
	return nil
}

// run implements [rule].
func (c *conv) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	switch in[0].DType() {
	case tensor.Float32:
		return runConv[float32](c, in, out[0].Shape)
	case tensor.Float64:
		return runConv[float64](c, in, out[0].Shape)
	}
	return nil, noType(in[0])
}

func runConv[T float](c *conv, in []*tensor.Tensor, shape tensor.Shape) ([]*tensor.Tensor, error) {
	x, w := in[0], in[1]
	spans, err := c.spans(x.Shape()[2:], w.Shape()[2:])
	if err != nil {
		return nil, err
	}
	y, out := blank[T](shape)
	loops := convLoops{boxOf(spans), c.group, x.Dim(1) / c.group, y.Dim(1) / c.group}
	if b := tensorAt(in, 2); b != nil {
		addBias(out, tensor.Data[T](b), loops.outputs())
	}
	convolve(loops, out, tensor.Data[T](x), tensor.Data[T](w))
	return []*tensor.Tensor{y}, nil
}

// addBias adds each channel's bias to its n elements, for every image in out.
func addBias[T float](out, bias []T, n int) {
	for n > 0 && len(out) > 0 {
		for _, b := range bias {
			for i := range out[:n] {
				out[i] += b
			}
			out = out[n:]
		}
	}
}
