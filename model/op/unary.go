package op

import (
	"math"

	"larder/model/tensor"
)

// unary is the rule of functions of one tensor, element by element.
type unary struct {
	operands dtypes
	// result is the type of the result if it is not that of the operand.
	result tensor.DType
	calc   func(t *tensor.Tensor) (*tensor.Tensor, error)
}

func newUnary(n Node, u unary) (Operator, error) {
	return newRuled(n, arity{1, 1, 1}, inFloat32{&u})
}

// types implements [rule].
func (u *unary) types(in []Value) ([]Value, error) {
	v := like(in[0])
	if err := u.operands.check("input", v); err != nil {
		return nil, err
	}
	if u.result != tensor.Undefined {
		v.DType = u.result
	}
	return []Value{v}, nil
}

// run implements [rule].
func (u *unary) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	return one(u.calc(in[0]))
}

// onFloats returns the calc of a function on floats.
func onFloats(f func(float64) float64) func(*tensor.Tensor) (*tensor.Tensor, error) {
	return func(t *tensor.Tensor) (*tensor.Tensor, error) {
		switch d := t.Any().(type) {
		case []float32:
			return mapTensor(t, d, func(v float32) float32 { return float32(f(float64(v))) }), nil
		case []float64:
			return mapTensor(t, d, f), nil
		}
		return nil, noType(t)
	}
}

// floatUnary returns the constructor of a function on floats.
func floatUnary(f func(float64) float64) Constructor {
	return func(n Node) (Operator, error) {
		return newUnary(n, unary{operands: floatTypes, calc: onFloats(f)})
	}
}

// limits returns the least and the greatest value of T.
func limits[T numeric]() (least, greatest T) {
	var lo, hi any
	switch any(least).(type) {
	case float32:
		lo, hi = float32(math.Inf(-1)), float32(math.Inf(1))
	case float64:
		lo, hi = math.Inf(-1), math.Inf(1)
	case int8:
		lo, hi = int8(math.MinInt8), int8(math.MaxInt8)
	case int16:
		lo, hi = int16(math.MinInt16), int16(math.MaxInt16)
	case int32:
		lo, hi = int32(math.MinInt32), int32(math.MaxInt32)
	case int64:
		lo, hi = int64(math.MinInt64), int64(math.MaxInt64)
	case uint8:
		lo, hi = uint8(0), uint8(math.MaxUint8)
	case uint16:
		lo, hi = uint16(0), uint16(math.MaxUint16)
	case uint32:
		lo, hi = uint32(0), uint32(math.MaxUint32)
	case uint64:
		lo, hi = uint64(0), uint64(math.MaxUint64)
	}
	return lo.(T), hi.(T)
}
