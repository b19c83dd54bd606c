package op

import (
	"math"

	"larder/model/tensor"
)

// Operators that make tensors from attributes and small inputs.
// https://onnx.ai/onnx/operators/onnx__Constant.html,
// https://onnx.ai/onnx/operators/onnx__ConstantOfShape.html,
// https://onnx.ai/onnx/operators/onnx__Range.html,
// https://onnx.ai/onnx/operators/onnx__EyeLike.html.

var constantOps = []Entry{
	{"", "Constant", 1, newConstant},
	{"", "ConstantOfShape", 9, newConstantOfShape},
	{"", "Range", 11, newRange},
	{"", "EyeLike", 9, newEyeLike},
}

// constant is a tensor that stands in the node itself.
type constant struct{ value *tensor.Tensor }

func newConstant(n Node) (Operator, error) {
	var value *tensor.Tensor
	count := 0
	for _, name := range []string{"value", "value_float", "value_floats", "value_int",
		"value_ints", "value_string", "value_strings", "sparse_value"} {
		v, ok := n.Attrs[name]
		if !ok {
			continue
		}
		count++
		switch v := v.(type) {
		case *tensor.Tensor:
			value = v
		case float32:
			value = tensor.Scalar(v)
		case int64:
			value = tensor.Scalar(v)
		case string:
			value = tensor.Scalar(v)
		case []float32:
			value = tensor.Vector(v...)
		case []int64:
			value = tensor.Vector(v...)
		case []string:
			value = tensor.Vector(v...)
		default:
			return nil, Unsupportedf("attribute %q of kind %T", name, v)
		}
	}
	if count != 1 || value == nil {
		return nil, Invalidf("%d values given, want 1", count)
	}
	return newRuled(n, arity{0, 0, 1}, &constant{value})
}

func (c *constant) types([]Value) ([]Value, error) { return []Value{Known(c.value)}, nil }

func (c *constant) run([]*tensor.Tensor, []Value) ([]*tensor.Tensor, error) {
	return []*tensor.Tensor{c.value}, nil
}

// constantOfShape fills a shape with one value.
type constantOfShape struct{ value *tensor.Tensor }

func newConstantOfShape(n Node) (Operator, error) {
	value, err := n.Attrs.Tensor("value")
	if err != nil {
		return nil, err
	}
	if value == nil {
		value = tensor.Vector[float32](0)
	}
	if value.Len() != 1 {
		return nil, Invalidf("attribute %q has %d elements, want 1", "value", value.Len())
	}
	return newRuled(n, arity{1, 1, 1}, &constantOfShape{value})
}

func (c *constantOfShape) types(in []Value) ([]Value, error) {
	ints, known, err := constInts("shape", in[0])
	if err != nil {
		return nil, err
	}
	if !known {
		return []Value{dimsOfRank(c.value.DType(), length(in[0]))}, nil
	}
	shape, err := toShape(ints)
	return []Value{Of(c.value.DType(), shape...)}, err
}

func (c *constantOfShape) run(_ []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	dst, m, err := moved(out[0], c.value)
	if err != nil {
		return nil, err
	}
	m.fill(0)
	return []*tensor.Tensor{dst}, nil
}

// rangeOf counts from start to limit, exclusive, in steps of delta.
type rangeOf struct{}

func newRange(n Node) (Operator, error) { return newRuled(n, arity{3, 3, 1}, rangeOf{}) }

func (rangeOf) types(in []Value) ([]Value, error) {
	d, err := commonType(in...)
	if err != nil {
		return nil, err
	}
	for _, v := range in {
		if err := wantType("input", v, tensor.Int16, tensor.Int32, tensor.Int64,
			tensor.Float32, tensor.Float64, tensor.Float16, tensor.BFloat16); err != nil {
			return nil, err
		}
		if v.Ranked && v.Shape.Known() && dimsProduct(v.Shape) != 1 {
			return nil, Invalidf("%v is not a scalar", v)
		}
	}
	if in[0].Const == nil || in[1].Const == nil || in[2].Const == nil {
		return []Value{dimsOfRank(d, 1)}, nil
	}
	n, err := rangeLength(in[0].Const, in[1].Const, in[2].Const)
	return []Value{Of(d, n)}, err
}

// rangeLength returns max(⌈(limit - start) / delta⌉, 0).
func rangeLength(start, limit, delta *tensor.Tensor) (int, error) {
	var n float64
	if s, err := flatInts("start", widened(start)); err == nil {
		l, _ := flatInts("limit", widened(limit))
		d, _ := flatInts("delta", widened(delta))
		if d[0] == 0 {
			return 0, Invalidf("delta is 0")
		}
		return intRange(s[0], l[0], d[0])
	}
	s, l, d := floatsOf(start)[0], floatsOf(limit)[0], floatsOf(delta)[0]
	n = math.Ceil((l - s) / d)
	switch {
	case d == 0 || math.IsNaN(n):
		return 0, Invalidf("range from %v to %v in steps of %v", s, l, d)
	case n > math.MaxInt32:
		return 0, Unsupportedf("range of %v numbers", n)
	}
	return int(max(n, 0)), nil
}

// intRange is rangeLength without rounding and overflow.
func intRange(start, limit, delta int64) (int, error) {
	if delta > 0 && start >= limit || delta < 0 && start <= limit {
		return 0, nil
	}
	span, step := uint64(limit)-uint64(start), uint64(delta)
	if delta < 0 {
		span, step = -span, -step
	}
	n := (span-1)/step + 1
	if n > math.MaxInt32 {
		return 0, Unsupportedf("range of %d numbers", n)
	}
	return int(n), nil
}

// widened returns an int16 tensor as int32, others as they are.
func widened(t *tensor.Tensor) *tensor.Tensor {
	if t.DType() != tensor.Int16 {
		return t
	}
	out, _ := castTensor(t, tensor.Int32) // numbers cast to numbers without errors
	return out
}

func (rangeOf) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	n, d := out[0].Shape[0], out[0].DType
	if start, err := flatInts("start", widened(in[0])); err == nil {
		delta, _ := flatInts("delta", widened(in[2]))
		v := make([]int64, n)
		for i := range v {
			v[i] = start[0] + int64(i)*delta[0]
		}
		return castAs(tensor.Vector(v...), d)
	}
	start, delta := floatsOf(in[0])[0], floatsOf(in[2])[0]
	v := make([]float64, n)
	for i := range v {
		v[i] = start + float64(i)*delta
	}
	return castAs(tensor.Vector(v...), d)
}

// castAs is castTensor in the form in which run answers.
func castAs(t *tensor.Tensor, d tensor.DType) ([]*tensor.Tensor, error) {
	out, err := castTensor(t, d)
	if err != nil {
		return nil, err
	}
	return []*tensor.Tensor{out}, nil
}

// eyeLike is a matrix of the input's shape with ones on diagonal k.
type eyeLike struct {
	dtype tensor.DType // Undefined: the input's
	k     int64
}

func newEyeLike(n Node) (Operator, error) {
	d, err := dtypeAttr(n, "dtype", tensor.Undefined)
	if err != nil {
		return nil, err
	}
	k, err := n.Attrs.Int("k", 0)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, &eyeLike{d, k})
}

func (e *eyeLike) types(in []Value) ([]Value, error) {
	d := e.dtype
	if d == tensor.Undefined {
		d = in[0].DType
	}
	switch d {
	case tensor.String, tensor.Complex64, tensor.Complex128:
		return nil, Invalidf("element type %v has no identity matrix", d)
	}
	if !in[0].Ranked {
		return []Value{dimsOfRank(d, 2)}, nil
	}
	if len(in[0].Shape) != 2 {
		return nil, Invalidf("%v is not a matrix", in[0])
	}
	return []Value{Of(d, in[0].Shape...)}, nil
}

func (e *eyeLike) run(_ []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	one, err := castTensor(tensor.Scalar(int64(1)), out[0].DType)
	if err != nil {
		return nil, err
	}
	dst, m, err := moved(out[0], one)
	if err != nil {
		return nil, err
	}
	rows, cols := int64(out[0].Shape[0]), int64(out[0].Shape[1])
	if e.k < -rows || e.k > cols {
		return []*tensor.Tensor{dst}, nil // the diagonal lies outside
	}
	for r := max(0, -e.k); r < rows && r+e.k < cols; r++ {
		m.move(int(r*cols+r+e.k), 0, 1)
	}
	return []*tensor.Tensor{dst}, nil
}
