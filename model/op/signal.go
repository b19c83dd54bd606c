package op

import (
	"math"

	"larder/model/tensor"
)

// Sound. Specification:
// https://onnx.ai/onnx/operators/onnx__DFT.html (17, 20: axis is an input),
// https://onnx.ai/onnx/operators/onnx__STFT.html (17),
// https://onnx.ai/onnx/operators/onnx__HannWindow.html and so on (17) and
// https://onnx.ai/onnx/operators/onnx__MelWeightMatrix.html (17).

var signalOps = []Entry{
	{"", "BlackmanWindow", 17, newTaper},
	{"", "DFT", 17, newDFT},
	{"", "HammingWindow", 17, newTaper},
	{"", "HannWindow", 17, newTaper},
	{"", "MelWeightMatrix", 17, newMelWeights},
	{"", "STFT", 17, newSTFT},
}

// dft is the operator DFT.
type dft struct {
	axis              int64
	axisIn            bool // the axis is the third input
	inverse, onesided bool
}

func newDFT(n Node) (Operator, error) {
	d := &dft{axis: -2, axisIn: n.Opset >= 20}
	var err error
	most := 3
	if !d.axisIn {
		most = 2
		if d.axis, err = n.Attrs.Int("axis", 1); err != nil {
			return nil, err
		}
	}
	if d.inverse, err = flag(n.Attrs, "inverse", 0); err != nil {
		return nil, err
	}
	if d.onesided, err = flag(n.Attrs, "onesided", 0); err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, most, 1}, inFloat64{d})
}

// plan finds the axis and the length of the transform; known is false if they
// depend on contents that are not known yet.
func (d *dft) plan(in []Value) (axis, n int, known bool, err error) {
	rank, at := len(in[0].Shape), d.axis
	n = tensor.Unknown
	if v := input(in, 2); !v.Absent {
		if at, known, err = scalarInt("axis", v); err != nil || !known {
			return 0, n, false, err
		}
	}
	if axis, err = axisOf(at, rank); err != nil {
		return 0, n, false, err
	}
	if axis == rank-1 {
		return 0, n, false, Invalidf("axis %d is that of real and imaginary parts", axis)
	}
	if v := input(in, 1); !v.Absent {
		length, known, err := scalarInt("dft_length", v)
		if err != nil || !known {
			return axis, n, err == nil, err
		}
		n, err = checkTransform(length)
		return axis, n, true, err
	}
	if n = in[0].Shape[axis]; n < 0 {
		return axis, n, true, nil
	}
	if d.inverse && d.onesided {
		n = 2 * (n - 1)
	}
	n, err = checkTransform(int64(n))
	return axis, n, true, err
}

// checkTransform bounds the length of a transform.
func checkTransform(n int64) (int, error) {
	switch {
	case n < 1:
		return 0, Invalidf("a Fourier transform of length %d", n)
	case n > maxTransform:
		return 0, Unsupportedf("a Fourier transform of length %d", n)
	}
	return int(n), nil
}

// types implements [rule].
func (d *dft) types(in []Value) ([]Value, error) {
	x := in[0]
	if err := floatTypes.check("input", x); err != nil {
		return nil, err
	}
	if !x.Ranked {
		return []Value{Unranked(x.DType)}, nil
	}
	if len(x.Shape) < 2 {
		return nil, Invalidf("input has shape %v, want rank 2 or more", x.Shape)
	}
	last := len(x.Shape) - 1
	parts := x.Shape[last]
	switch {
	case parts > 2 || parts == 0:
		return nil, Invalidf("input has shape %v, want 1 or 2 in the last dimension", x.Shape)
	case d.onesided && !d.inverse && parts == 2:
		return nil, Unsupportedf("one side of the transform of complex numbers")
	case d.onesided && d.inverse && parts == 1:
		return nil, Unsupportedf("a real signal from a real spectrum")
	}
	axis, n, known, err := d.plan(in)
	if err != nil {
		return nil, err
	}
	shape := x.Shape.Clone()
	shape[last] = 2
	if d.onesided && d.inverse {
		shape[last] = 1
	}
	if !known {
		clear(shape[:last])
		for i := range last {
			shape[i] = tensor.Unknown
		}
		return []Value{Of(x.DType, shape...)}, nil
	}
	if shape[axis] = n; n >= 0 && d.onesided && !d.inverse {
		shape[axis] = n/2 + 1
	}
	return []Value{Of(x.DType, shape...)}, nil
}

// run implements [rule].
func (d *dft) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	axis, n, _, err := d.plan(knownAll(in))
	if err != nil {
		return nil, err
	}
	x, parts, last := doubles(in[0]), in[0].Dim(-1), in[0].Rank()-1
	y, data := blank[float64](out[0].Shape)
	outParts := out[0].Shape[last]
	t, buf := newTransform(n, d.inverse), make([]complex128, n)
	along := oneAxis(axis, last)
	from := lanesOf(in[0].Shape()[:last], along)
	to := lanesOf(out[0].Shape[:last], along)
	for i, start := range from.starts {
		clear(buf)
		for k, s := range from.steps[:min(n, len(from.steps))] {
			at := (start + s) * parts
			buf[k] = complex(x[at], 0)
			if parts == 2 {
				buf[k] = complex(x[at], x[at+1])
			}
		}
		if d.onesided && d.inverse { // the other side mirrors this one
			for k := n/2 + 1; k < n; k++ {
				buf[k] = complex(real(buf[n-k]), -imag(buf[n-k]))
			}
		}
		t.run(buf)
		for k, s := range to.steps {
			v := buf[k]
			if d.inverse {
				v /= complex(float64(n), 0)
			}
			at := (to.starts[i] + s) * outParts
			if data[at] = real(v); outParts == 2 {
				data[at+1] = imag(v)
			}
		}
	}
	return []*tensor.Tensor{y}, nil
}

// stft is the operator STFT.
type stft struct{ onesided bool }

func newSTFT(n Node) (Operator, error) {
	one, err := flag(n.Attrs, "onesided", 1)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 4, 1}, inFloat64{stft{one}})
}

// plan finds the step and the length of a frame, Unknown where not known yet.
func (s stft) plan(in []Value) (step, frame int, err error) {
	step, frame = tensor.Unknown, tensor.Unknown
	v, known, err := scalarInt("frame_step", in[1])
	if err != nil {
		return step, frame, err
	}
	if known {
		if v < 1 || v > math.MaxInt32 {
			return step, frame, Invalidf("frame_step is %d", v)
		}
		step = int(v)
	}
	window, size := input(in, 2), input(in, 3)
	if window.Absent && size.Absent && in[0].Ranked {
		frame = in[0].Shape[1]
	}
	if !window.Absent {
		frame = length(window)
	}
	if v, known, err = scalarInt("frame_length", size); err != nil {
		return step, frame, err
	}
	if known {
		n, err := checkTransform(v)
		if err != nil {
			return step, frame, err
		}
		m, ok := mergeDim(frame, n)
		if !ok {
			return step, frame, Invalidf("frame_length is %d for a window of %d", n, frame)
		}
		frame = m
	}
	if frame >= 0 {
		frame, err = checkTransform(int64(frame))
	}
	return step, frame, err
}

// types implements [rule].
func (s stft) types(in []Value) ([]Value, error) {
	d := named{}
	t, err := floatTypes.same(in[0], input(in, 2))
	if err != nil {
		return nil, err
	}
	if err := d.read("signal", in[0], "NLP"); err != nil {
		return nil, err
	}
	if err := d.read("window", input(in, 2), "W"); err != nil {
		return nil, err
	}
	switch p := d.of('P'); {
	case p > 2 || p == 0:
		return nil, Invalidf("signal has %d parts, want 1 or 2", p)
	case p == 2 && s.onesided:
		return nil, Unsupportedf("one side of the transform of complex numbers")
	}
	step, frame, err := s.plan(in)
	if err != nil {
		return nil, err
	}
	frames, bins := tensor.Unknown, frame
	if l := d.of('L'); l >= 0 && frame >= 0 && frame > l {
		return nil, Invalidf("frames of %d for a signal of %d", frame, l)
	} else if l >= 0 && frame >= 0 && step > 0 {
		frames = (l-frame)/step + 1
	}
	if s.onesided && frame >= 0 {
		bins = frame/2 + 1
	}
	return []Value{Of(t, d.of('N'), frames, bins, 2)}, nil
}

// run implements [rule].
func (s stft) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	step, frame, err := s.plan(knownAll(in))
	if err != nil {
		return nil, err
	}
	x, window := doubles(in[0]), doubles(tensorAt(in, 2))
	size, parts := in[0].Dim(1), in[0].Dim(2)
	y, data := blank[float64](out[0].Shape)
	frames, bins := out[0].Shape[1], out[0].Shape[2]
	t, buf := newTransform(frame, false), make([]complex128, frame)
	for f := range out[0].Shape[0] * frames {
		first := f/frames*size + f%frames*step
		for k := range buf {
			at := (first + k) * parts
			v := complex(x[at], 0)
			if parts == 2 {
				v = complex(x[at], x[at+1])
			}
			if window != nil {
				v *= complex(window[k], 0)
			}
			buf[k] = v
		}
		t.run(buf)
		for k, v := range buf[:bins] {
			at := (f*bins + k) * 2
			data[at], data[at+1] = real(v), imag(v)
		}
	}
	return []*tensor.Tensor{y}, nil
}

// taper is one of the window functions: a constant and cosines.
type taper struct {
	terms    []float64
	periodic bool
	dtype    tensor.DType
}

func newTaper(n Node) (Operator, error) {
	w := &taper{terms: map[string][]float64{
		"HannWindow":     {0.5, -0.5},
		"HammingWindow":  {25.0 / 46, -21.0 / 46},
		"BlackmanWindow": {0.42, -0.5, 0.08},
	}[n.Type]}
	var err error
	if w.periodic, err = flag(n.Attrs, "periodic", 1); err != nil {
		return nil, err
	}
	if w.dtype, err = dtypeAttr(n, "output_datatype", tensor.Float32); err != nil {
		return nil, err
	}
	if !numberTypes.has(w.dtype) {
		return nil, Unsupportedf("output_datatype %v", w.dtype)
	}
	return newRuled(n, arity{1, 1, 1}, w)
}

// types implements [rule].
func (w *taper) types(in []Value) ([]Value, error) {
	n, known, err := scalarInt("size", in[0])
	if err != nil || !known {
		return []Value{Of(w.dtype, tensor.Unknown)}, err
	}
	shape, err := toShape([]int64{n})
	return []Value{Of(w.dtype, shape...)}, err
}

// run implements [rule].
func (w *taper) run(_ []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	y, data := blank[float64](out[0].Shape)
	n := len(data)
	if !w.periodic {
		n--
	}
	for i := range data {
		for k, c := range w.terms {
			data[i] += c * math.Cos(2*math.Pi*float64(k*i)/float64(max(1, n)))
		}
	}
	return one(castTensor(y, w.dtype))
}

// melWeights is the operator MelWeightMatrix: triangles over the bins of a
// spectrum, evenly spread on the mel scale.
type melWeights struct{ dtype tensor.DType }

func newMelWeights(n Node) (Operator, error) {
	d, err := dtypeAttr(n, "output_datatype", tensor.Float32)
	if err == nil && !numberTypes.has(d) {
		err = Unsupportedf("output_datatype %v", d)
	}
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{5, 5, 1}, inFloat64{melWeights{d}})
}

// types implements [rule].
func (m melWeights) types(in []Value) ([]Value, error) {
	shape := tensor.Shape{tensor.Unknown, tensor.Unknown}
	for i, name := range []string{"num_mel_bins", "dft_length", "sample_rate"} {
		n, known, err := scalarInt(name, in[i])
		if err != nil {
			return nil, err
		}
		if !known {
			continue
		}
		if n < 1 || n > math.MaxInt32 {
			return nil, Invalidf("%s is %d", name, n)
		}
		switch i {
		case 0:
			shape[1] = int(n)
		case 1:
			shape[0] = int(n)/2 + 1
		}
	}
	for _, v := range in[3:] {
		if err := floatTypes.check("edge", v); err != nil {
			return nil, err
		}
		if v.Ranked && dimsProduct(v.Shape) >= 0 && dimsProduct(v.Shape) != 1 {
			return nil, Invalidf("an edge has shape %v", v.Shape)
		}
	}
	return []Value{Of(m.dtype, shape...)}, nil
}

// run implements [rule].
func (m melWeights) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	var ints [3]int64
	for i := range ints {
		v, _ := flatInts("size", in[i]) // types has checked
		ints[i] = v[0]
	}
	bands, size, rate := int(ints[0]), ints[1], ints[2]
	mel := func(hertz float64) float64 { return 2595 * math.Log10(1+hertz/700) }
	lo, hi := mel(doubles(in[3])[0]), mel(doubles(in[4])[0])
	y, data := blank[float64](out[0].Shape)
	edges, bins := make([]int, bands+2), out[0].Shape[0]
	for i := range edges {
		v := lo + float64(i)*(hi-lo)/float64(len(edges))
		at := math.Floor(float64(size+1) * 700 * (math.Pow(10, v/2595) - 1) / float64(rate))
		if !(at >= 0 && at < float64(bins)) {
			return nil, Invalidf("edge %d of the mel bands lies outside the spectrum", i)
		}
		edges[i] = int(at)
	}
	for b := range bands {
		left, top, right := edges[b], edges[b+1], edges[b+2]
		for j := left; j <= top; j++ {
			data[j*bands+b] = 1
			if top > left {
				data[j*bands+b] = float64(j-left) / float64(top-left)
			}
		}
		for j := top; j < right; j++ {
			data[j*bands+b] = float64(right-j) / float64(right-top)
		}
	}
	return one(castTensor(y, m.dtype))
}
