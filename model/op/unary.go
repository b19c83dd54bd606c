package op

import "larder/model/tensor"

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
