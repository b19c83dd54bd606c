package op

import (
	"math"

	"larder/model/tensor"
)

// Pad adds or (negative pads) removes elements at both ends of dimensions:
// attributes before opset 11, inputs from then on, axes from opset 18 on.
// A negative pad crops before the other mode's elements are taken.
// https://onnx.ai/onnx/operators/onnx__Pad.html

var padOps = []Entry{{"", "Pad", 2, newPad}}

type pad struct {
	mode   string
	isAttr bool
	pads   []int64
	value  float32
}

func newPad(n Node) (Operator, error) {
	p := &pad{isAttr: n.Opset < 11}
	var err error
	if p.mode, err = n.Attrs.String("mode", "constant"); err != nil {
		return nil, err
	}
	switch {
	case p.mode == "constant" || p.mode == "reflect" || p.mode == "edge":
	case p.mode == "wrap" && n.Opset >= 19:
	default:
		return nil, Invalidf("mode %q does not exist in opset %d", p.mode, n.Opset)
	}
	if !p.isAttr {
		return newRuled(n, arity{2, 4, 1}, p)
	}
	if p.pads, err = n.Attrs.Ints("pads"); err != nil {
		return nil, err
	}
	if p.value, err = n.Attrs.Float("value", 0); err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, p)
}

// padding is what happens to one dimension.
type padding struct{ before, after, size int }

// paddings returns one padding for each dimension of v, whose sizes may be
// unknown; known is false if they depend on values that are not known.
func (p *pad) paddings(in []Value) (list []padding, known bool, err error) {
	v, pads := in[0], p.pads
	if !p.isAttr {
		if pads, known, err = constInts("pads", in[1]); err != nil || !known {
			return nil, false, err
		}
	}
	axesIn := input(in, 3)
	axes64, known, err := constInts("axes", axesIn)
	if err != nil || !known {
		return nil, false, err
	}
	if axesIn.Absent {
		for k := range v.Shape {
			axes64 = append(axes64, int64(k))
		}
	}
	axes, err := axesOf(axes64, len(v.Shape))
	if err != nil {
		return nil, false, err
	}
	if len(pads) != 2*len(axes) {
		return nil, false, Invalidf("%d pads for %d axes", len(pads), len(axes))
	}
	list = make([]padding, len(v.Shape))
	for k, d := range v.Shape {
		list[k].size = d
	}
	for i, k := range axes {
		before, after := pads[i], pads[i+len(axes)]
		if before < -math.MaxInt32 || before > math.MaxInt32 || after < -math.MaxInt32 || after > math.MaxInt32 {
			return nil, false, Unsupportedf("pads %d and %d", before, after)
		}
		list[k].before, list[k].after = int(before), int(after)
	}
	return list, true, nil
}

func (p *pad) types(in []Value) ([]Value, error) {
	v := in[0]
	if c := input(in, 2); !c.Absent {
		if _, err := commonType(v, c); err != nil {
			return nil, err
		}
		if c.Ranked && c.Shape.Known() && dimsProduct(c.Shape) != 1 {
			return nil, Invalidf("constant_value %v is not a scalar", c)
		}
	}
	if p.isAttr && v.DType != tensor.Undefined && !numberTypes.has(v.DType) {
		return nil, Invalidf("%v cannot be padded before opset 11", v.DType)
	}
	if !v.Ranked {
		return []Value{Unranked(v.DType)}, nil
	}
	list, known, err := p.paddings(in)
	if err != nil {
		return nil, err
	}
	if !known {
		return []Value{dimsOfRank(v.DType, len(v.Shape))}, nil
	}
	shape := v.Shape.Clone()
	for k, d := range list {
		if d.size < 0 {
			continue
		}
		shape[k] = d.before + d.size + d.after
		if shape[k] < 0 {
			return nil, Invalidf("pads %d and %d of a dimension of size %d", d.before, d.after, d.size)
		}
		if _, n := d.kept(); n <= 0 && shape[k] > 0 && p.mode != "constant" {
			return nil, Invalidf("mode %q has no elements to take in %v", p.mode, v)
		}
	}
	return []Value{Of(v.DType, shape...)}, nil
}

// kept returns the first element and the number of those that cropping leaves.
func (d padding) kept() (first, n int) {
	first = max(0, -d.before)
	return first, d.size - first - max(0, -d.after)
}

// source returns the element that stands at place i of the padded dimension, or
// -1 for the constant.
func (d padding) source(mode string, i int) int {
	first, n := d.kept()
	i -= max(0, d.before)
	switch {
	case i >= 0 && i < n:
	case mode == "constant":
		return -1
	case mode == "edge":
		i = min(max(i, 0), n-1)
	case mode == "wrap":
		if i %= n; i < 0 {
			i += n
		}
	case n == 1:
		i = 0
	default: // reflect, again and again if need be
		period := 2 * (n - 1)
		if i %= period; i < 0 {
			i += period
		}
		i = min(i, period-i)
	}
	return first + i
}

func (p *pad) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	vs := knownAll(in)
	list, _, err := p.paddings(vs)
	if err != nil {
		return nil, err
	}
	dst, m, err := moved(out[0], in[0])
	if err != nil || dst.Len() == 0 {
		return []*tensor.Tensor{dst}, err
	}
	if p.mode == "constant" {
		if err := p.fill(dst, tensorAt(in, 2)); err != nil {
			return nil, err
		}
	}
	source := func(axis, i int) int { return list[axis].source(p.mode, i) }
	moveMapped(m, dst.Shape(), dst.Shape().Strides(), in[0].Shape().Strides(), source, 0, 0, 0)
	return []*tensor.Tensor{dst}, nil
}

// fill sets all of dst to the constant.
func (p *pad) fill(dst, value *tensor.Tensor) error {
	if p.isAttr {
		if p.value == 0 {
			return nil
		}
		v, err := castTensor(tensor.Scalar(p.value), dst.DType())
		if err != nil {
			return err
		}
		value = v
	}
	if value == nil {
		return nil
	}
	m, err := moverOf(dst, value)
	if err != nil {
		return err
	}
	m.fill(0)
	return nil
}
