package op

import (
	"math"
	"testing"

	"larder/model/tensor"
)

// TestFunctions checks each function on floats at a few points.
func TestFunctions(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	alpha := func(v float32) Attrs { return Attrs{"alpha": v} }
	for _, c := range []struct {
		typ   string
		attrs Attrs
		x, y  []float32
	}{
		{"Abs", nil, []float32{-2, 0, nan}, []float32{2, 0, nan}},
		{"Acos", nil, []float32{1, 2}, []float32{0, nan}},
		{"Acosh", nil, []float32{1}, []float32{0}},
		{"Asin", nil, []float32{1}, []float32{math.Pi / 2}},
		{"Asinh", nil, []float32{1}, []float32{0.8813736}},
		{"Atan", nil, []float32{inf}, []float32{math.Pi / 2}},
		{"Atanh", nil, []float32{0.5}, []float32{0.54930615}},
		{"Ceil", nil, []float32{-1.5, 1.2}, []float32{-1, 2}},
		{"Celu", alpha(2), []float32{-2, 3}, []float32{-1.2642411, 3}},
		{"Clip", nil, []float32{-inf, 3}, []float32{-inf, 3}},
		{"Cos", nil, []float32{math.Pi}, []float32{-1}},
		{"Cosh", nil, []float32{1}, []float32{1.5430806}},
		{"Elu", alpha(2), []float32{-1, 3}, []float32{-1.2642411, 3}},
		{"Erf", nil, []float32{0.5, inf}, []float32{0.5204999, 1}},
		{"Exp", nil, []float32{1, -inf}, []float32{math.E, 0}},
		{"Floor", nil, []float32{-1.5, 1.2}, []float32{-2, 1}},
		{"Gelu", nil, []float32{1, -1}, []float32{0.8413447, -0.1586553}},
		{"Gelu", Attrs{"approximate": "tanh"}, []float32{1}, []float32{0.841192}},
		{"HardSigmoid", nil, []float32{-3, 0, 1, 3}, []float32{0, 0.5, 0.7, 1}},
		{"HardSwish", nil, []float32{-4, -1, 1, 4}, []float32{0, -1.0 / 3, 2.0 / 3, 4}},
		{"LeakyRelu", nil, []float32{-1, 2}, []float32{-0.01, 2}},
		{"Log", nil, []float32{math.E, 0, -1}, []float32{1, -inf, nan}},
		{"Mish", nil, []float32{1}, []float32{0.8650984}},
		{"Neg", nil, []float32{1, -2}, []float32{-1, 2}},
		{"Reciprocal", nil, []float32{4, 0}, []float32{0.25, inf}},
		{"Relu", nil, []float32{-1, 2, nan}, []float32{0, 2, nan}},
		{"Round", nil, []float32{0.5, 1.5, -2.5}, []float32{0, 2, -2}},
		{"Selu", nil, []float32{-1, 1}, []float32{-1.1113307, 1.0507009}},
		{"Shrink", Attrs{"bias": float32(1), "lambd": float32(1.5)}, []float32{-2, -1, 2}, []float32{-1, 0, 1}},
		{"Sigmoid", nil, []float32{0, -100, 100}, []float32{0.5, 0, 1}},
		{"Sign", nil, []float32{-3, 0, 4}, []float32{-1, 0, 1}},
		{"Sin", nil, []float32{math.Pi / 2}, []float32{1}},
		{"Sinh", nil, []float32{1}, []float32{1.1752012}},
		{"Softplus", nil, []float32{0, 1000, -1000}, []float32{math.Ln2, 1000, 0}},
		{"Softsign", nil, []float32{-1, inf}, []float32{-0.5, 1}},
		{"Sqrt", nil, []float32{4, -1}, []float32{2, nan}},
		{"Swish", alpha(2), []float32{1}, []float32{0.8807971}},
		{"Tan", nil, []float32{1}, []float32{1.5574077}},
		{"Tanh", nil, []float32{1}, []float32{0.7615942}},
		{"ThresholdedRelu", alpha(2), []float32{1, 2, 3}, []float32{0, 0, 3}},
	} {
		in, want := tensor.Vector(c.x...), tensor.Vector(c.y...)
		wide, wideWant := mapTensor(in, c.x, func(v float32) float64 { return float64(v) }), mapTensor(want, c.y, func(v float32) float64 { return float64(v) })
		checkCases(t, []opCase{
			{name: "float32", typ: c.typ, opset: 24, attrs: c.attrs, in: []*tensor.Tensor{in}, want: []*tensor.Tensor{want}},
			{name: "float64", typ: c.typ, opset: 24, attrs: c.attrs, in: []*tensor.Tensor{wide}, want: []*tensor.Tensor{wideWant}},
		})
	}
}

func TestUnary(t *testing.T) {
	type ts = []*tensor.Tensor
	inf := float32(math.Inf(1))
	checkCases(t, []opCase{
		{name: "int8", typ: "Abs", in: ts{tensor.Vector[int8](-128, -1, 5)}, want: ts{tensor.Vector[int8](-128, 1, 5)}},
		{name: "uint64", typ: "Abs", in: ts{tensor.Vector[uint64](math.MaxUint64)}, want: ts{tensor.Vector[uint64](math.MaxUint64)}},
		{name: "uint8", typ: "Sign", in: ts{tensor.Vector[uint8](0, 200)}, want: ts{tensor.Vector[uint8](0, 1)}},
		{name: "int16", typ: "BitwiseNot", opset: 18, in: ts{tensor.Vector[int16](0, -1, 5)}, want: ts{tensor.Vector[int16](-1, 0, -6)}},
		{name: "uint8", typ: "BitwiseNot", opset: 18, in: ts{tensor.Vector[uint8](0, 255, 5)}, want: ts{tensor.Vector[uint8](255, 0, 250)}},
		{name: "bool", typ: "Not", in: ts{tensor.Vector(true, false)}, want: ts{tensor.Vector(false, true)}},
		{name: "both", typ: "IsInf", in: ts{tensor.Vector(inf, -inf, 1)}, want: ts{tensor.Vector(true, true, false)}},
		{name: "positive", typ: "IsInf", attrs: Attrs{"detect_negative": int64(0)}, in: ts{tensor.Vector(inf, -inf)}, want: ts{tensor.Vector(true, false)}},
		{name: "half", typ: "IsNaN", in: ts{tensor.Vector[tensor.Half](0x7e00, 0x7c00)}, want: ts{tensor.Vector(true, false)}},
		{name: "scalar", typ: "Exp", in: ts{tensor.Scalar[float32](0)}, want: ts{tensor.Scalar[float32](1)}},
		{name: "empty", typ: "Exp", in: ts{zeros(2, 0)}, want: ts{zeros(2, 0)}},
		{name: "bounds are attributes", typ: "Clip", opset: 6, attrs: Attrs{"min": float32(-1), "max": float32(1)}, in: ts{tensor.Vector[float32](-2, 0, 2)},
			want: ts{tensor.Vector[float32](-1, 0, 1)}},
		{name: "bounds are inputs", typ: "Clip", in: ts{tensor.Vector[int8](-2, 0, 2), nil, tensor.Scalar[int8](1)}, want: ts{tensor.Vector[int8](-2, 0, 1)}},
		{name: "bounds cross", typ: "Clip", in: ts{tensor.Vector[float32](-2, 5), tensor.Scalar[float32](3), tensor.Scalar[float32](1)}, want: ts{tensor.Vector[float32](1, 1)}},
		{name: "bfloat16", typ: "Clip", in: ts{tensor.Vector(tensor.ToBrain(3)), nil, tensor.Scalar(tensor.ToBrain(2))}, want: ts{tensor.Vector(tensor.ToBrain(2))}},
		{name: "int32", typ: "Relu", in: ts{tensor.Vector[int32](-2, 2)}, want: ts{tensor.Vector[int32](0, 2)}},
		{name: "slopes", typ: "PRelu", in: ts{of(dims(2, 2), float32(-1), -1, 1, -2), tensor.Vector[float32](2, 3)}, want: ts{of(dims(2, 2), float32(-2), -3, 1, -6)}},
		{name: "opset 6, of channels", typ: "PRelu", opset: 6, in: ts{of(dims(1, 2, 2), float32(-1), -1, 1, -2), tensor.Vector[float32](2, 3)},
			want: ts{of(dims(1, 2, 2), float32(-2), -2, 1, -6)}},
	})
}

func TestUnaryRefuses(t *testing.T) {
	type ts = []*tensor.Tensor
	f := tensor.Vector[float32](1)
	checkRefused(t, Invalid, []opCase{
		{name: "two inputs", typ: "Exp", in: ts{f, f}},
		{name: "no input", typ: "Exp"},
		{name: "alpha is an integer", typ: "Elu", attrs: Attrs{"alpha": int64(1)}, in: ts{f}},
		{name: "approximate", typ: "Gelu", opset: 20, attrs: Attrs{"approximate": "fast"}, in: ts{f}},
		{name: "min is a vector", typ: "Clip", in: ts{f, zeros(2)}},
		{name: "min of another type", typ: "Clip", in: ts{f, tensor.Scalar[int32](1)}},
		{name: "min is empty", typ: "Clip", in: ts{f, zeros(0)}},
		{name: "bounds are inputs in opset 6", typ: "Clip", opset: 6, in: ts{f, f, f}},
		{name: "slope enlarges", typ: "PRelu", in: ts{f, zeros(2)}},
		{name: "detect_negative", typ: "IsInf", attrs: Attrs{"detect_negative": int64(3)}, in: ts{f}},
	})
	checkRefused(t, Unsupported, []opCase{
		{name: "strings", typ: "Relu", in: ts{tensor.Vector("a")}},
		{name: "integers", typ: "Exp", in: ts{tensor.Vector[int32](1)}},
		{name: "unsigned", typ: "Neg", in: ts{tensor.Vector[uint8](1)}},
		{name: "floats", typ: "Not", in: ts{f}},
		{name: "opset 17", typ: "Mish", opset: 17, in: ts{f}},
	})
}
