package op

import (
	"math"

	"larder/model/tensor"
)

// QuantizeLinear and DequantizeLinear, per tensor, per axis (opset 13) and per
// block (opset 21), and DynamicQuantizeLinear.
// https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html,
// https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html.

var quantizeOps = []Entry{
	{"", "QuantizeLinear", 10, newQuantize},
	{"", "DequantizeLinear", 10, newDequantize},
	{"", "DynamicQuantizeLinear", 11, newDynamicQuantize},
}

// quantRanges are the integers of the types that quantization has.
var quantRanges = map[tensor.DType][2]float64{
	tensor.Uint8: {0, 255}, tensor.Int8: {-128, 127},
	tensor.Uint16: {0, 65535}, tensor.Int16: {-32768, 32767},
	tensor.Uint4: {0, 15}, tensor.Int4: {-8, 7}, tensor.Uint2: {0, 3}, tensor.Int2: {-2, 1},
}

var quantTypes = dtypeSet(tensor.Uint8, tensor.Int8, tensor.Uint16, tensor.Int16, tensor.Uint4, tensor.Int4, tensor.Uint2, tensor.Int2,
	tensor.Float8E4M3FN, tensor.Float8E4M3FNUZ, tensor.Float8E5M2, tensor.Float8E5M2FNUZ, tensor.Float4E2M1)

// saturate rounds to the nearest integer, ties to even, adds the zero point and
// stays in the range. NaN, which ONNX leaves open, becomes the lower end.
func saturate(v, zero float64, limits [2]float64) float64 {
	v = math.RoundToEven(v) + zero
	if !(v > limits[0]) {
		return limits[0]
	}
	return min(v, limits[1])
}

// quantize is QuantizeLinear.
type quantize struct {
	grain
	rounding
	output    tensor.DType // attribute output_dtype
	precision tensor.DType // attribute precision
}

func newQuantize(n Node) (Operator, error) {
	g, err := newGrain(n)
	if err != nil {
		return nil, err
	}
	q := &quantize{grain: g}
	if q.rounding, err = readRounding(n); err != nil {
		return nil, err
	}
	if n.Opset >= 21 {
		if q.output, err = outputType(n, "output_dtype"); err != nil {
			return nil, err
		}
	}
	if n.Opset >= 23 {
		if q.precision, err = outputType(n, "precision"); err != nil {
			return nil, err
		}
	}
	return newRuled(n, arity{2, 3, 1}, q)
}

// outputType reads an element type of which 0 stands for none.
func outputType(n Node, name string) (tensor.DType, error) {
	if v, err := n.Attrs.Int(name, 0); err != nil || v == 0 {
		return tensor.Undefined, err
	}
	return dtypeAttr(n, name, tensor.Undefined)
}

var scaleTypes = dtypeSet(tensor.Float32, tensor.Float16, tensor.BFloat16)

func (q *quantize) types(in []Value) ([]Value, error) {
	x, scale, zero := in[0], in[1], input(in, 2)
	d := tensor.Uint8
	switch {
	case !zero.Absent && q.output != tensor.Undefined && zero.DType != tensor.Undefined && zero.DType != q.output:
		return nil, Invalidf("zero point %v and output_dtype %v differ", zero, q.output)
	case q.output != tensor.Undefined:
		d = q.output
	case !zero.Absent:
		d = zero.DType
	}
	if !quantTypes.has(d) {
		return nil, Unsupportedf("quantization to %v", d)
	}
	if !(scaleTypes | dtypeSet(tensor.Int32)).has(x.DType) || !scaleTypes.has(scale.DType) {
		return nil, Unsupportedf("quantization of %v with scale %v", x, scale)
	}
	if q.precision != tensor.Undefined && !scaleTypes.has(q.precision) {
		return nil, Unsupportedf("precision %v", q.precision)
	}
	return []Value{as(d, x)}, q.check(x, scale, zero)
}

func (q *quantize) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x, scale := floatsOf(in[0]), floatsOf(in[1])
	at := q.index(in[0].Shape(), in[1].Shape())
	zero := make([]float64, len(scale))
	if z := tensorAt(in, 2); z != nil {
		zero = floatsOf(z)
	}
	precision := q.precision
	if precision == tensor.Undefined {
		precision = in[1].DType()
	}
	round := rounder(precision)
	limits, isInt := quantRanges[out[0].DType]
	res := make([]float64, len(x))
	for i, v := range x {
		k := at(i)
		v = round(round(v) / round(scale[k]))
		if isInt {
			v = saturate(v, zero[k], limits)
		} else { // the small float rounds
			v += zero[k]
		}
		res[i] = v
	}
	t, err := tensor.Of(res, out[0].Shape...)
	if err != nil {
		return nil, Invalidf("%v", err)
	}
	return one(castRounding(t, out[0].DType, q.rounding))
}

// rounder returns the function that rounds a float64 to a float type. One
// operation on rounded numbers followed by it is that operation in the type.
func rounder(d tensor.DType) func(float64) float64 {
	switch d {
	case tensor.Float32:
		return func(v float64) float64 { return float64(float32(v)) }
	case tensor.Float16:
		return func(v float64) float64 { return float64(tensor.ToHalf(oddFloat32(v)).Float32()) }
	case tensor.BFloat16:
		return func(v float64) float64 { return float64(tensor.ToBrain(oddFloat32(v)).Float32()) }
	}
	return func(v float64) float64 { return v }
}

// dequantize is DequantizeLinear.
type dequantize struct {
	grain
	output tensor.DType
}

func newDequantize(n Node) (Operator, error) {
	g, err := newGrain(n)
	if err != nil {
		return nil, err
	}
	d := &dequantize{grain: g}
	if n.Opset >= 23 {
		if d.output, err = outputType(n, "output_dtype"); err != nil {
			return nil, err
		}
	}
	return newRuled(n, arity{2, 3, 1}, d)
}

func (d *dequantize) types(in []Value) ([]Value, error) {
	x, scale, zero := in[0], in[1], input(in, 2)
	if _, err := commonType(x, zero); err != nil {
		return nil, err
	}
	if !(quantTypes | dtypeSet(tensor.Int32)).has(x.DType) || !scaleTypes.has(scale.DType) {
		return nil, Unsupportedf("dequantization of %v with scale %v", x, scale)
	}
	to := d.output
	if to == tensor.Undefined {
		to = scale.DType
	}
	if !scaleTypes.has(to) {
		return nil, Unsupportedf("dequantization to %v", to)
	}
	return []Value{as(to, x)}, d.check(x, scale, zero)
}

func (d *dequantize) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x, scale := floatsOf(in[0]), floatsOf(in[1])
	at := d.index(in[0].Shape(), in[1].Shape())
	zero := make([]float64, len(scale))
	if z := tensorAt(in, 2); z != nil {
		zero = floatsOf(z)
	}
	res := make([]float32, len(x))
	for i, v := range x {
		k := at(i)
		res[i] = float32(v-zero[k]) * float32(scale[k])
	}
	t, err := tensor.Of(res, out[0].Shape...)
	if err != nil {
		return nil, Invalidf("%v", err)
	}
	return castAs(t, out[0].DType)
}

// dynamicQuantize is DynamicQuantizeLinear: uint8 over the range of the data,
// which always has 0 in it.
type dynamicQuantize struct{}

func newDynamicQuantize(n Node) (Operator, error) {
	return newRuled(n, arity{1, 1, 3}, dynamicQuantize{})
}

func (dynamicQuantize) types(in []Value) ([]Value, error) {
	err := wantType("x", in[0], tensor.Float32)
	return []Value{as(tensor.Uint8, in[0]), Of(tensor.Float32), Of(tensor.Uint8)}, err
}

func (dynamicQuantize) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x := tensor.Data[float32](in[0])
	var low, high float32
	for _, v := range x {
		low, high = min(low, v), max(high, v)
	}
	scale := (high - low) / 255
	if high == low {
		scale = 1
	}
	limits := quantRanges[tensor.Uint8]
	zero := saturate(float64(-low/scale), 0, limits)
	res, y := blank[uint8](out[0].Shape)
	for i, v := range x {
		y[i] = uint8(saturate(float64(v/scale), zero, limits))
	}
	return []*tensor.Tensor{res, tensor.Scalar(scale), tensor.Scalar(uint8(zero))}, nil
}
