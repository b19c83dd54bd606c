package op

import (
	"larder/model/tensor"
)

// variadic is the rule of operators that combine any number of tensors pair by
// pair: Max, Min, Sum and Mean.
type variadic struct {
	name     string
	operands dtypes
}

// newVariadic returns the constructor for operands of the given types.
func newVariadic(ts dtypes) Constructor {
	return func(n Node) (Operator, error) {
		return newRuled(n, arity{1, -1, 1}, inFloat32{&variadic{n.Type, ts}})
	}
}

// types implements [rule].
func (o *variadic) types(in []Value) ([]Value, error) {
	for i, v := range in {
		if v.Absent {
			return nil, Invalidf("input %d is missing", i)
		}
	}
	d, err := o.operands.same(in...)
	if err != nil {
		return nil, err
	}
	v, err := broadcastOf(d, in...)
	return []Value{v}, err
}

// run implements [rule].
func (o *variadic) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	acc := in[0]
	for _, t := range in[1:] {
		shape, ok := tensor.Broadcast(acc.Shape(), t.Shape())
		if !ok {
			return nil, Invalidf("shapes %v and %v do not broadcast", acc.Shape(), t.Shape())
		}
		var err error
		if acc, err = calculate(o.name, acc, t, shape); err != nil {
			return nil, err
		}
	}
	if o.name != "Mean" || len(in) == 1 {
		return []*tensor.Tensor{acc}, nil
	}
	switch d := acc.Any().(type) {
	case []float32:
		acc = mapTensor(acc, d, func(v float32) float32 { return v / float32(len(in)) })
	case []float64:
		acc = mapTensor(acc, d, func(v float64) float64 { return v / float64(len(in)) })
	default:
		return nil, noType(acc)
	}
	return []*tensor.Tensor{acc}, nil
}
