package op

// Sample says of which elements along a dimension one of the result is made: of First
// times 1-Weight and Second times Weight.
type Sample struct {
	First, Second int
	Weight        float64
}

// resampler is a rule whose result is made of elements that follow from the place along
// each dimension by itself.
type resampler interface {
	// samples returns the samples of each dimension, nil for one that stays as it
	// is; ok is false if these inputs ask for something else.
	samples(in []Value) (list [][]Sample, ok bool)
}

// Samples describes a Resize, Upsample or Pad whose inputs in are known but for the
// first, of which the shape is: the samples of each dimension, nil for one that stays
// as it is. It returns false for other operators, and for what cannot be said so:
// cubic filters, antialiasing, elements that are no part of the input.
func Samples(o Operator, in []Value) ([][]Sample, bool) {
	r, ok := o.(*ruled)
	if !ok {
		return nil, false
	}
	s, ok := r.rule.(resampler)
	if !ok {
		return nil, false
	}
	return s.samples(in)
}

// samples implements resampler.
func (r *resize) samples(in []Value) ([][]Sample, bool) {
	axes, known, err := r.plan(in)
	if err != nil || !known {
		return nil, false
	}
	list := make([][]Sample, len(axes))
	for k, a := range axes {
		if a.in == a.out && a.scale == 1 && r.coordinate != "tf_crop_and_resize" {
			continue
		}
		list[k] = make([]Sample, a.out)
		for i := range list[k] {
			var ok bool
			if list[k][i], ok = r.sample(a, i); !ok {
				return nil, false
			}
		}
	}
	return list, true
}

// sample returns how element i of the result is made.
func (r *resize) sample(a resizeAxis, i int) (Sample, bool) {
	if r.mode == "nearest" {
		c := r.coordinateOf(a, i)
		at := r.nearestTo(a, c)
		return Sample{at, at, 0}, !r.outside(a, c)
	}
	if r.mode != "linear" || r.antialias || r.excludeOutside {
		return Sample{}, false
	}
	t := r.tapAt(a, i)
	if t.weights == nil {
		return Sample{}, false
	}
	inside := func(k int) int { return min(max(k, 0), a.in-1) }
	s := Sample{inside(t.first), inside(t.first + 1), t.weights[1]}
	switch { // a weight of 0 must not make a NaN of an infinity
	case s.Weight == 0:
		s.Second = s.First
	case s.Weight == 1:
		s.First = s.Second
	}
	return s, true
}

// samples implements resampler.
func (p *pad) samples(in []Value) ([][]Sample, bool) {
	pads, known, err := p.paddings(in)
	if err != nil || !known {
		return nil, false
	}
	list := make([][]Sample, len(pads))
	for k, d := range pads {
		if d.before == 0 && d.after == 0 {
			continue
		}
		for i := range d.before + d.size + d.after {
			at := d.source(p.mode, i)
			if at < 0 {
				return nil, false
			}
			list[k] = append(list[k], Sample{at, at, 0})
		}
	}
	return list, true
}
