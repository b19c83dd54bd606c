package op

import (
	"math"

	"larder/model/tensor"
)

// layerNorm is LayerNormalization and RMSNormalization: the elements of the
// dimensions from axis on are normalised together, then scaled. See
// https://onnx.ai/onnx/operators/onnx__LayerNormalization.html (17) and
// https://onnx.ai/onnx/operators/onnx__RMSNormalization.html (23).
type layerNorm struct {
	axis    int64
	epsilon float64
	stash   tensor.DType
	// rms says that the mean stays, and that the scale gives the result's type.
	rms bool
}

func newLayerNorm(n Node) (Operator, error) {
	return newAxisNorm(n, arity{2, 3, 3}, false)
}

func newRMSNorm(n Node) (Operator, error) {
	return newAxisNorm(n, arity{2, 2, 1}, true)
}

func newAxisNorm(n Node, a arity, rms bool) (Operator, error) {
	l := &layerNorm{rms: rms}
	var err error
	if l.axis, err = n.Attrs.Int("axis", -1); err != nil {
		return nil, err
	}
	if l.epsilon, err = epsilonOf(n.Attrs); err != nil {
		return nil, err
	}
	if l.stash, err = stashType(n.Attrs); err != nil {
		return nil, err
	}
	return newRuled(n, a, inFloat32{l})
}

// types implements [rule].
func (l *layerNorm) types(in []Value) ([]Value, error) {
	x, out := in[0], like(in[0])
	if err := floatTypes.check("X", x); err != nil {
		return nil, err
	}
	if l.rms {
		if err := floatTypes.check("scale", in[1]); err != nil {
			return nil, err
		}
		out.DType = in[1].DType
	} else if _, err := floatTypes.same(in...); err != nil {
		return nil, err
	}
	if !x.Ranked {
		return []Value{out, Unranked(l.stash), Unranked(l.stash)}, nil
	}
	axis, err := axisOf(l.axis, len(x.Shape))
	if err != nil {
		return nil, err
	}
	stat := Of(l.stash, x.Shape.Clone()...)
	for i := axis; i < len(x.Shape); i++ {
		if stat.Shape[i] == 0 {
			return nil, Invalidf("dimension %d is empty", i)
		}
		stat.Shape[i] = 1
	}
	if err := broadcastTo("scale", in[1], x.Shape); err != nil {
		return nil, err
	}
	return []Value{out, stat, stat}, broadcastTo("bias", input(in, 2), x.Shape)
}

// run implements [rule].
func (l *layerNorm) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	axis, err := axisOf(l.axis, in[0].Rank())
	if err != nil {
		return nil, err
	}
	x, err := toFloat64(in[0])
	if err != nil {
		return nil, err
	}
	y, mean, inv := l.normalize(x, axis)
	for i, f := range []func(a, b float64) float64{
		func(a, b float64) float64 { return a * b },
		func(a, b float64) float64 { return a + b },
	} {
		p := tensorAt(in, i+1)
		if p == nil {
			continue
		}
		wide, err := toFloat64(p)
		if err != nil {
			return nil, err
		}
		y = zip(y, wide, y.Shape(), f)
	}
	res := []*tensor.Tensor{y, mean, inv}[:len(out)]
	for i := range res {
		if res[i], err = castTensor(res[i], out[i].DType); err != nil {
			return nil, err
		}
	}
	return res, nil
}

// normalize returns the normalised elements, and the mean and the factor of
// each group.
func (l *layerNorm) normalize(x *tensor.Tensor, axis int) (y, mean, inv *tensor.Tensor) {
	y, out := blank[float64](x.Shape())
	stat := x.Shape().Clone()
	for i := axis; i < len(stat); i++ {
		stat[i] = 1
	}
	mean, means := blank[float64](stat)
	inv, factors := blank[float64](stat)
	n, data := product(x.Shape()[axis:]), tensor.Data[float64](x)
	for i := range means {
		row := data[i*n:][:n]
		m, variance := moments(row)
		if l.rms { // the mean square is variance and square of the mean
			m, variance = 0, variance+m*m
		}
		means[i], factors[i] = m, 1/math.Sqrt(variance+l.epsilon)
		for k, v := range row {
			out[i*n+k] = (v - m) * factors[i]
		}
	}
	return y, mean, inv
}
