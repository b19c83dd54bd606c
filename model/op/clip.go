package op

import (
	"math"

	"larder/model/tensor"
)

// Clip and Relu. Specification: https://onnx.ai/onnx/operators/onnx__Clip.html
// (1, 6: bounds are attributes; 11: bounds are inputs; 12: all numbers; 13) and
// https://onnx.ai/onnx/operators/onnx__Relu.html (1, 6, 13, 14: integers).

var clipOps = []Entry{
	{"", "Clip", 1, newOldClip},
	{"", "Clip", 11, newClip},
	{"", "Relu", 1, newRelu},
}

// clip limits each element to the range between two bounds. A bound that is
// not an attribute may be an input.
type clip struct {
	min, max *tensor.Tensor // scalars, nil if not an attribute
}

// newOldClip makes Clip of opsets 1 to 10.
func newOldClip(n Node) (Operator, error) {
	var c clip
	for name, to := range map[string]**tensor.Tensor{"min": &c.min, "max": &c.max} {
		if !n.Attrs.Has(name) {
			continue
		}
		f, err := n.Attrs.Float(name, 0)
		if err != nil {
			return nil, err
		}
		*to = tensor.Scalar(f)
	}
	return newRuled(n, arity{1, 1, 1}, inFloat32{&c})
}

// newClip makes Clip from opset 11 on.
func newClip(n Node) (Operator, error) { return newRuled(n, arity{1, 3, 1}, inFloat32{&clip{}}) }

// newRelu makes Relu, which limits below at 0.
func newRelu(n Node) (Operator, error) {
	return newRuled(n, arity{1, 1, 1}, inFloat32{&clip{min: tensor.Scalar[float32](0)}})
}

// types implements [rule].
func (c *clip) types(in []Value) ([]Value, error) {
	d, err := numberTypes.same(in...)
	if err != nil {
		return nil, err
	}
	for i, what := range []string{"min", "max"} {
		if v := input(in, i+1); v.Ranked && (len(v.Shape) > 1 || len(v.Shape) == 1 && v.Shape[0] >= 0 && v.Shape[0] != 1) {
			return nil, Invalidf("%s has shape %v, want a scalar", what, v.Shape)
		}
	}
	return []Value{as(d, in[0])}, nil
}

// run implements [rule].
func (c *clip) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	lo, hi := c.min, c.max
	if t := tensorAt(in, 1); t != nil {
		lo = t
	}
	if t := tensorAt(in, 2); t != nil {
		hi = t
	}
	switch d := in[0].Any().(type) {
	case []float32:
		return clipTo(in[0], d, lo, hi)
	case []float64:
		return clipTo(in[0], d, lo, hi)
	}
	if !intTypes.has(in[0].DType()) {
		return nil, noType(in[0])
	}
	return clipInts(in[0], lo, hi)
}

// clipTo limits data, the elements of t. Above wins if the bounds cross; NaN
// stays NaN.
func clipTo[T float](t *tensor.Tensor, data []T, min, max *tensor.Tensor) ([]*tensor.Tensor, error) {
	lo, hi := T(math.Inf(-1)), T(math.Inf(1))
	if min != nil {
		lo = scalarOf[T](min)
	}
	if max != nil {
		hi = scalarOf[T](max)
	}
	y, out := blank[T](t.Shape())
	data = data[:len(out)]
	for i, v := range data {
		if v < lo {
			v = lo
		}
		if v > hi {
			v = hi
		}
		out[i] = v
	}
	return []*tensor.Tensor{y}, nil
}

// scalarOf returns the single element of t; a float32, from an attribute, is
// converted.
func scalarOf[T float](t *tensor.Tensor) T {
	if d, ok := t.Any().([]T); ok {
		return d[0]
	}
	return T(tensor.Data[float32](t)[0])
}

// clipInts is clipTo for integers.
func clipInts(t, min, max *tensor.Tensor) ([]*tensor.Tensor, error) {
	flip := flipOf(t.DType())
	lo, hi := intLimits(t.DType())
	if min != nil {
		lo = intBound(min, t.DType())
	}
	if max != nil {
		hi = intBound(max, t.DType())
	}
	lo, hi = lo^flip, hi^flip
	return []*tensor.Tensor{mapInts(t, func(v int64) int64 {
		v ^= flip
		if v < lo {
			v = lo
		}
		if v > hi {
			v = hi
		}
		return v ^ flip
	})}, nil
}

// intBound returns the single element of t as an integer of type d; a float32,
// from an attribute, loses its fraction and takes the nearest limit of d if it
// is beyond it.
func intBound(t *tensor.Tensor, d tensor.DType) int64 {
	if t.DType() == d {
		return intAt(t.Any(), 0)
	}
	f := float64(tensor.Data[float32](t)[0])
	lo, hi := intLimits(d)
	switch {
	case d == tensor.Uint64 && f >= 1<<64:
		return hi
	case d == tensor.Uint64:
		return fromFloat.int(max(f, 0), d)
	}
	return min(max(floatToInt(f), lo), hi)
}
