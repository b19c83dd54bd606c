package op

import (
	"math"

	"larder/model/tensor"
)

// Functions of one tensor, element by element. Specification:
// https://onnx.ai/onnx/operators/onnx__Abs.html and so on; the opsets of each
// differ in types only.

var mathOps = []Entry{
	{"", "Abs", 1, numberUnary},
	{"", "Neg", 1, numberUnary},
	{"", "Sign", 9, numberUnary},
	{"", "BitwiseNot", 18, numberUnary},
	{"", "Not", 1, newNot},
	{"", "IsInf", 10, newIsInf},
	{"", "IsNaN", 9, newIsNaN},
	{"", "Ceil", 1, floatUnary(math.Ceil)},
	{"", "Floor", 1, floatUnary(math.Floor)},
	{"", "Round", 11, floatUnary(math.RoundToEven)},
	{"", "Sqrt", 1, floatUnary(math.Sqrt)},
	{"", "Reciprocal", 1, floatUnary(func(x float64) float64 { return 1 / x })},
	{"", "Exp", 1, floatUnary(math.Exp)},
	{"", "Log", 1, floatUnary(math.Log)},
	{"", "Sin", 7, floatUnary(math.Sin)},
	{"", "Cos", 7, floatUnary(math.Cos)},
	{"", "Tan", 7, floatUnary(math.Tan)},
	{"", "Asin", 7, floatUnary(math.Asin)},
	{"", "Acos", 7, floatUnary(math.Acos)},
	{"", "Atan", 7, floatUnary(math.Atan)},
	{"", "Sinh", 9, floatUnary(math.Sinh)},
	{"", "Cosh", 9, floatUnary(math.Cosh)},
	{"", "Asinh", 9, floatUnary(math.Asinh)},
	{"", "Acosh", 9, floatUnary(math.Acosh)},
	{"", "Atanh", 9, floatUnary(math.Atanh)},
}

// numberUnary makes Abs, Neg, Sign and BitwiseNot.
func numberUnary(n Node) (Operator, error) {
	name, ts := n.Type, numberTypes
	switch name {
	case "Neg":
		ts = signedTypes | floatTypes
	case "BitwiseNot":
		ts = intTypes
	}
	return newUnary(n, unary{operands: ts, calc: func(t *tensor.Tensor) (*tensor.Tensor, error) {
		switch d := t.Any().(type) {
		case []float32:
			return mapTensor(t, d, floatUnaryFunc[float32](name)), nil
		case []float64:
			return mapTensor(t, d, floatUnaryFunc[float64](name)), nil
		}
		if !intTypes.has(t.DType()) {
			return nil, noType(t)
		}
		return mapInts(t, intUnaryFunc(name, t.DType() == tensor.Uint64)), nil
	}})
}

// floatUnaryFunc returns the named function on floats.
func floatUnaryFunc[T float](name string) func(T) T {
	switch name {
	case "Abs": // 0 - v also turns -0 into 0
		return func(v T) T {
			if v <= 0 {
				return 0 - v
			}
			return v
		}
	case "Neg":
		return func(v T) T { return -v }
	}
	return func(v T) T { // Sign
		switch {
		case v > 0:
			return 1
		case v < 0:
			return -1
		}
		return v
	}
}

// intUnaryFunc returns the named function on integers; unsigned says that they
// are uint64.
func intUnaryFunc(name string, unsigned bool) func(int64) int64 {
	switch name {
	case "Abs":
		return func(v int64) int64 {
			if v < 0 && !unsigned {
				return -v
			}
			return v
		}
	case "Neg":
		return func(v int64) int64 { return -v }
	case "Sign":
		return func(v int64) int64 {
			if v < 0 && !unsigned {
				return -1
			}
			return bit(v != 0)
		}
	}
	return func(v int64) int64 { return ^v } // BitwiseNot
}

func newNot(n Node) (Operator, error) {
	return newUnary(n, unary{operands: boolType, calc: func(t *tensor.Tensor) (*tensor.Tensor, error) {
		if t.DType() != tensor.Bool {
			return nil, noType(t)
		}
		return mapTensor(t, tensor.Data[bool](t), func(v bool) bool { return !v }), nil
	}})
}

func newIsNaN(n Node) (Operator, error) { return newFloatTest(n, math.IsNaN) }

// newIsInf makes IsInf, which may look for one of the infinities only.
func newIsInf(n Node) (Operator, error) {
	negative, err := flag(n.Attrs, "detect_negative", 1)
	if err != nil {
		return nil, err
	}
	positive, err := flag(n.Attrs, "detect_positive", 1)
	if err != nil {
		return nil, err
	}
	return newFloatTest(n, func(v float64) bool {
		return positive && math.IsInf(v, 1) || negative && math.IsInf(v, -1)
	})
}

// newFloatTest makes an operator that asks f of each float.
func newFloatTest(n Node, f func(float64) bool) (Operator, error) {
	return newUnary(n, unary{operands: floatTypes, result: tensor.Bool, calc: func(t *tensor.Tensor) (*tensor.Tensor, error) {
		switch d := t.Any().(type) {
		case []float32:
			return mapTensor(t, d, func(v float32) bool { return f(float64(v)) }), nil
		case []float64:
			return mapTensor(t, d, f), nil
		}
		return nil, noType(t)
	}})
}
