package op

import (
	"math"

	"larder/model/tensor"
)

// averagePool is the operator AveragePool.
type averagePool struct {
	pool
	// withPad says that padding counts as zeros.
	withPad bool
}

func newAveragePool(n Node) (Operator, error) {
	p, err := readPool(n, floatTypes)
	if err != nil {
		return nil, err
	}
	withPad, err := flag(n.Attrs, "count_include_pad", 0)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, inFloat32{&averagePool{p, withPad}})
}

// run implements [rule].
func (p *averagePool) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	b, err := p.boxOf(in[0])
	if err != nil {
		return nil, err
	}
	measure := func(v *view, sum float64) float64 { return sum / float64(v.size()) }
	if p.withPad {
		measure = func(v *view, sum float64) float64 { return sum / float64(v.padded()) }
	}
	return sumViews(&b, in[0], out[0].Shape, func(x float64) float64 { return x }, measure)
}

// lpPool is the operator LpPool.
type lpPool struct {
	pool
	p float64
}

func newLpPool(n Node) (Operator, error) {
	p, err := readPool(n, floatTypes)
	if err != nil {
		return nil, err
	}
	order, err := lpOrder(n)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, inFloat32{&lpPool{p, order}})
}

// lpOrder reads the attribute p, which opset 1 had as a float.
func lpOrder(n Node) (float64, error) {
	if _, float := n.Attrs["p"].(float32); float && n.Opset < 2 {
		p, err := n.Attrs.Float("p", 2)
		if err == nil && !(p > 0) {
			err = Invalidf("p is %v, want more than 0", p)
		}
		return float64(p), err
	}
	p, err := n.Attrs.Int("p", 2)
	if err == nil && p < 1 {
		err = Invalidf("p is %d, want at least 1", p)
	}
	return float64(p), err
}

// run implements [rule].
func (p *lpPool) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	b, err := p.boxOf(in[0])
	if err != nil {
		return nil, err
	}
	return sumViews(&b, in[0], out[0].Shape,
		func(x float64) float64 { return math.Pow(math.Abs(x), p.p) },
		func(_ *view, sum float64) float64 { return math.Pow(sum, 1/p.p) })
}

// sumViews makes each output from the sum of term over its inputs.
func sumViews(b *box, x *tensor.Tensor, shape tensor.Shape, term func(float64) float64, measure func(*view, float64) float64) ([]*tensor.Tensor, error) {
	switch d := x.Any().(type) {
	case []float32:
		return sumViewsOf(b, d, shape, term, measure)
	case []float64:
		return sumViewsOf(b, d, shape, term, measure)
	}
	return nil, noType(x)
}

func sumViewsOf[T float](b *box, x []T, shape tensor.Shape, term func(float64) float64, measure func(*view, float64) float64) ([]*tensor.Tensor, error) {
	y, out := blank[T](shape)
	empty := false
	for len(out) > 0 && !empty {
		plane, o := x[:b.inputs()], 0
		b.views(func(v *view) {
			sum := 0.0
			v.each(func(i int) { sum += term(float64(plane[i])) })
			out[o] = T(measure(v, sum))
			empty = empty || v.size() == 0
			o++
		})
		x, out = x[b.inputs():], out[o:]
	}
	if empty {
		return nil, errOnlyPadding()
	}
	return []*tensor.Tensor{y}, nil
}
