package op

import (
	"math"
	"testing"

	"larder/model/tensor"
)

func TestElementwise(t *testing.T) {
	type ts = []*tensor.Tensor
	nan := float32(math.NaN())
	old := Attrs{"broadcast": int64(1)}
	oldAt := func(axis int64) Attrs { return Attrs{"broadcast": int64(1), "axis": axis} }
	square := of(dims(2, 2), float32(1), 2, 3, 4)
	checkCases(t, []opCase{
		{name: "half", typ: "Add", in: ts{tensor.Vector(tensor.ToHalf(1), tensor.ToHalf(2048)), tensor.Vector(tensor.ToHalf(0.5))},
			want: ts{tensor.Vector(tensor.ToHalf(1.5), tensor.ToHalf(2048))}},
		{name: "wraps", typ: "Add", in: ts{tensor.Vector[uint8](255), tensor.Vector[uint8](2)}, want: ts{tensor.Vector[uint8](1)}},
		{name: "opset 6, last dimensions", typ: "Add", opset: 6, attrs: old, in: ts{square, tensor.Vector[float32](10, 20)},
			want: ts{of(dims(2, 2), float32(11), 22, 13, 24)}},
		{name: "opset 6, axis", typ: "Mul", opset: 6, attrs: oldAt(0), in: ts{square, tensor.Vector[float32](10, 20)},
			want: ts{of(dims(2, 2), float32(10), 20, 60, 80)}},
		{name: "opset 6, same shape", typ: "Sub", opset: 6, in: ts{square, square}, want: ts{zeros(2, 2)}},
		{name: "of integers", typ: "Div", in: ts{tensor.Vector[int32](-7, 7), tensor.Scalar[int32](2)}, want: ts{tensor.Vector[int32](-3, 3)}},
		{name: "least by -1", typ: "Div", in: ts{tensor.Vector[int8](-128), tensor.Vector[int8](-1)}, want: ts{tensor.Vector[int8](-128)}},
		{name: "nothing by zero", typ: "Div", in: ts{of[int32](dims(0)), tensor.Scalar[int32](0)}, want: ts{of[int32](dims(0))}},
		{name: "sign of divisor", typ: "Mod", in: ts{tensor.Vector[int64](-7, 7, -6), tensor.Vector[int64](3, -3, 3)}, want: ts{tensor.Vector[int64](2, -2, 0)}},
		{name: "sign of dividend", typ: "Mod", attrs: Attrs{"fmod": int64(1)}, in: ts{tensor.Vector[float32](-7.5, 7.5), tensor.Vector[float32](3, -3)},
			want: ts{tensor.Vector[float32](-1.5, 1.5)}},
		{name: "of integers, sign of dividend", typ: "Mod", attrs: Attrs{"fmod": int64(1)}, in: ts{tensor.Vector[int8](-7), tensor.Vector[int8](3)}, want: ts{tensor.Vector[int8](-1)}},
		{name: "types differ", typ: "Pow", in: ts{tensor.Vector[float32](2, 9), tensor.Vector[int64](-1, 2)}, want: ts{tensor.Vector[float32](0.5, 81)}},
		{name: "of integers", typ: "Pow", in: ts{tensor.Vector[int64](3, -1, 2, 0), tensor.Vector[int64](39, -3, -1, 0)},
			want: ts{tensor.Vector[int64](4052555153018976267, -1, 0, 1)}},
		{name: "integer to a float", typ: "Pow", in: ts{tensor.Vector[int32](4), tensor.Vector[float32](0.5)}, want: ts{tensor.Vector[int32](2)}},
		{name: "by more than the width", typ: "BitShift", attrs: Attrs{"direction": "RIGHT"}, in: ts{tensor.Vector[uint8](255, 128), tensor.Vector[uint8](9, 7)},
			want: ts{tensor.Vector[uint8](0, 1)}},
		{name: "NaN", typ: "Max", in: ts{tensor.Vector(nan, 1, -2), tensor.Scalar[float32](0)}, want: ts{tensor.Vector(nan, 1, 0)}},
		{name: "three", typ: "Min", in: ts{tensor.Vector[int16](5, 1), tensor.Vector[int16](3), tensor.Scalar[int16](2)}, want: ts{tensor.Vector[int16](2, 1)}},
		{name: "three", typ: "Mean", in: ts{tensor.Vector[float32](5, 1), tensor.Vector[float32](3), tensor.Scalar[float32](1)}, want: ts{tensor.Vector[float32](3, 5.0/3)}},
		{name: "one", typ: "Sum", in: ts{square}, want: ts{square}},
		{name: "of strings", typ: "Equal", in: ts{tensor.Vector("a", "b"), tensor.Scalar("b")}, want: ts{tensor.Vector(false, true)}},
		{name: "NaN", typ: "Equal", in: ts{tensor.Vector(nan), tensor.Vector(nan)}, want: ts{tensor.Vector(false)}},
		{name: "halves", typ: "LessOrEqual", in: ts{tensor.Vector(tensor.ToHalf(1), tensor.ToHalf(3)), tensor.Scalar(tensor.ToHalf(1))}, want: ts{tensor.Vector(true, false)}},
		{name: "opset 6, axis", typ: "And", opset: 6, attrs: oldAt(0), in: ts{of(dims(2, 1), true, true), tensor.Vector(true, false)}, want: ts{of(dims(2, 1), true, false)}},
		{name: "of strings", typ: "Where", in: ts{tensor.Vector(true, false), tensor.Scalar("a"), tensor.Scalar("b")}, want: ts{tensor.Vector("a", "b")}},
	})
}

func TestElementwiseRefuses(t *testing.T) {
	type ts = []*tensor.Tensor
	i, zero := tensor.Vector[int32](1), tensor.Vector[int32](0)
	f := tensor.Vector[float32](1, 2)
	checkRefused(t, Invalid, []opCase{
		{name: "shapes", typ: "Add", in: ts{f, zeros(3)}},
		{name: "types", typ: "Add", in: ts{f, i}},
		{name: "one input", typ: "Add", in: ts{f}},
		{name: "absent input", typ: "Add", in: ts{f, nil}},
		{name: "absent input", typ: "Max", in: ts{f, nil, f}},
		{name: "opset 6 without broadcast", typ: "Add", opset: 6, in: ts{zeros(2, 2), f}},
		{name: "opset 6 enlarges the first", typ: "Add", opset: 6, attrs: Attrs{"broadcast": int64(1)}, in: ts{zeros(1), f}},
		{name: "opset 6, axis beyond", typ: "Add", opset: 6, attrs: Attrs{"broadcast": int64(1), "axis": int64(2)}, in: ts{zeros(2, 2), f}},
		{name: "opset 6, axis far beyond", typ: "Add", opset: 6, attrs: Attrs{"broadcast": int64(1), "axis": int64(math.MinInt64)}, in: ts{zeros(2, 2), f}},
		{name: "by zero", typ: "Div", in: ts{i, zero}},
		{name: "by zero", typ: "Mod", in: ts{i, zero}},
		{name: "zero to a negative power", typ: "Pow", in: ts{zero, tensor.Vector[int32](-1)}},
		{name: "direction", typ: "BitShift", in: ts{tensor.Vector[uint8](1), tensor.Vector[uint8](1)}},
		{name: "fmod", typ: "Mod", attrs: Attrs{"fmod": int64(2)}, in: ts{i, i}},
		{name: "condition", typ: "Where", in: ts{i, i, i}},
		{name: "types", typ: "Where", in: ts{tensor.Vector(true), i, f}},
	})
	checkRefused(t, Unsupported, []opCase{
		{name: "bools", typ: "Add", in: ts{tensor.Vector(true), tensor.Vector(true)}},
		{name: "floats", typ: "Mod", in: ts{f, f}},
		{name: "signed", typ: "BitShift", attrs: Attrs{"direction": "LEFT"}, in: ts{i, i}},
		{name: "floats", typ: "And", in: ts{f, f}},
		{name: "integers", typ: "Mean", in: ts{i, i}},
		{name: "bools", typ: "Less", in: ts{tensor.Vector(true), tensor.Vector(true)}},
		{name: "too large together", typ: "Add", in: ts{zeros(1<<15, 1), zeros(1 << 15)}},
	})
}

// TestInferFoldsShapes follows the arithmetic on shapes that exporters write.
func TestInferFoldsShapes(t *testing.T) {
	c := opCase{typ: "Mul", in: []*tensor.Tensor{tensor.Vector[int64](2, 3), tensor.Scalar[int64](4)}}
	o, err := All().New(c.node())
	if err != nil {
		t.Fatal(err)
	}
	out, err := o.Infer(knownAll(c.in))
	if err != nil || out[0].Const == nil || !same(out[0].Const, tensor.Vector[int64](8, 12), 0) {
		t.Errorf("Infer gives %v %v, want the constant [8 12]", out, err)
	}
}
