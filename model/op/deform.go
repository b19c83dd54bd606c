package op

import "larder/model/tensor"

// deformConv is the operator DeformConv in two spatial dimensions: a convolution
// whose kernel reads its elements at places moved by an input.
type deformConv struct {
	window
	group, offsets int
}

func newDeformConv(n Node) (Operator, error) {
	w, err := readWindow(n.Attrs)
	if err != nil {
		return nil, err
	}
	d := &deformConv{window: w}
	if d.group, err = countAttr(n.Attrs, "group", 1, 1); err != nil {
		return nil, err
	}
	if d.offsets, err = countAttr(n.Attrs, "offset_group", 1, 1); err != nil {
		return nil, err
	}
	if r, err := w.rank(); err != nil {
		return nil, err
	} else if r >= 0 && r != 2 {
		return nil, Unsupportedf("%d spatial dimensions", r)
	}
	return newRuled(n, arity{3, 5, 1}, inFloat64{d})
}

// sizes learns N batch, C channels, HW of the input, M channels of the output,
// G channels of a group, KL of the kernel, O two offsets and Q one mask for each
// tap, YX of the output.
func (d *deformConv) sizes(in []Value) (named, []span, error) {
	s := named{}
	for i, names := range []string{"NCHW", "MGKL", "NOYX", "M", "NQYX"} {
		what := [...]string{"X", "W", "offset", "B", "mask"}[i]
		if err := s.read(what, input(in, i), names); err != nil {
			return nil, nil, err
		}
	}
	if d.kernel != nil {
		for i, name := range []byte("KL") {
			if err := s.set("kernel_shape", name, d.kernel[i]); err != nil {
				return nil, nil, err
			}
		}
	}
	spans, err := d.spans(s.shape("HW"), s.shape("KL"))
	if err != nil {
		return nil, nil, err
	}
	taps := times(times(s.of('K'), s.of('L')), d.offsets)
	for _, c := range []struct {
		name byte
		n    int
	}{{'Q', taps}, {'O', times(taps, 2)}, {'Y', spans[0].out}, {'X', spans[1].out}, {'C', times(s.of('G'), d.group)}} {
		if err := s.set("attributes", c.name, c.n); err != nil {
			return nil, nil, err
		}
	}
	if _, err := over("W", s.of('M'), d.group); err != nil {
		return nil, nil, err
	}
	_, err = over("X", s.of('C'), d.offsets)
	return s, spans, err
}

// types implements [rule].
func (d *deformConv) types(in []Value) ([]Value, error) {
	t, err := floatTypes.same(in...)
	if err != nil {
		return nil, err
	}
	s, _, err := d.sizes(in)
	if err != nil {
		return nil, err
	}
	return []Value{Of(t, s.shape("NMYX")...)}, nil
}

// run implements [rule].
func (d *deformConv) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	s, spans, err := d.sizes(knownAll(in))
	if err != nil {
		return nil, err
	}
	y, data := blank[float64](out[0].Shape)
	points, taps := s['Y']*s['X'], s['K']*s['L']
	b := doubles(tensorAt(in, 3))
	column := make([]float64, s['C']*taps)
	perGroup, outs := s['G']*taps, s['M']/d.group
	for i := range s['N'] * points {
		n, p := i/points, i%points
		d.gather(column, in, s, spans, n, p)
		for m := range s['M'] {
			sum := dot(column[m/outs*perGroup:][:perGroup], doubles(in[1])[m*perGroup:][:perGroup])
			if b != nil {
				sum += b[m]
			}
			data[(n*s['M']+m)*points+p] = sum
		}
	}
	return []*tensor.Tensor{y}, nil
}

// gather reads what the kernel sees at point p of the output.
func (d *deformConv) gather(column []float64, in []*tensor.Tensor, s named, spans []span, n, p int) {
	lin := sampler{mode: "linear", padding: "zeros", corners: true}
	x, move, mask := doubles(in[0]), doubles(in[2]), doubles(tensorAt(in, 4))
	points, taps, plane := s['Y']*s['X'], s['K']*s['L'], s['H']*s['W']
	perOffset := s['C'] / d.offsets
	var rows, cols, all []spot
	for g := range d.offsets {
		for t := range taps {
			at := (n*d.offsets+g)*taps + t
			place := func(k, i, tap int) float64 {
				w := spans[k]
				return float64(i*w.stride-w.begin+tap*w.dilation) + move[(2*at+k)*points+p]
			}
			rows = lin.spots(rows[:0], place(0, p/s['X'], t/s['L']), s['H'], s['W'])
			cols = lin.spots(cols[:0], place(1, p%s['X'], t%s['L']), s['W'], 1)
			all = crossed(all[:0], rows, cols)
			weight := 1.0
			if mask != nil {
				weight = mask[at*points+p]
			}
			for c := g * perOffset; c < (g+1)*perOffset; c++ {
				column[c*taps+t] = weight * weighed(x[(n*s['C']+c)*plane:][:plane], all)
			}
		}
	}
}
