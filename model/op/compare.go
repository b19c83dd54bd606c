package op

import (
	"cmp"

	"larder/model/tensor"
)

// Comparison, logic and choice, with broadcasting. Specification:
// https://onnx.ai/onnx/operators/onnx__Equal.html (1, 7, 11, 13, 19: strings),
// https://onnx.ai/onnx/operators/onnx__And.html (1, 7) and so on. For opsets 1
// to 6 see [oldBroadcast].

var compareOps = []Entry{
	{"", "Equal", 1, newCompare(numberTypes | boolType | dtypeSet(tensor.String))},
	{"", "Greater", 1, newCompare(numberTypes)},
	{"", "GreaterOrEqual", 12, newCompare(numberTypes)},
	{"", "Less", 1, newCompare(numberTypes)},
	{"", "LessOrEqual", 12, newCompare(numberTypes)},
	{"", "And", 1, newLogic},
	{"", "Or", 1, newLogic},
	{"", "Xor", 1, newLogic},
	{"", "Where", 9, newWhere},
}

func newCompare(ts dtypes) Constructor {
	return func(n Node) (Operator, error) {
		name := n.Type
		return newBinary(n, binary{operands: ts, result: tensor.Bool, calc: func(a, b *tensor.Tensor, shape tensor.Shape) (*tensor.Tensor, error) {
			return compare(name, a, b, shape)
		}})
	}
}

// compare computes the named comparison for any type.
func compare(name string, a, b *tensor.Tensor, shape tensor.Shape) (*tensor.Tensor, error) {
	switch d := a.DType(); {
	case d == tensor.Float32:
		return zip(a, b, shape, compareFunc[float32](name)), nil
	case d == tensor.Float64:
		return zip(a, b, shape, compareFunc[float64](name)), nil
	case d == tensor.String:
		return zip(a, b, shape, compareFunc[string](name)), nil
	case (intTypes | boolType).has(d):
		f, flip := compareFunc[int64](name), flipOf(d)
		return zipInts(a, b, tensor.Bool, shape, func(x, y int64) int64 { return bit(f(x^flip, y^flip)) }), nil
	}
	return nil, noType(a)
}

func compareFunc[T cmp.Ordered](name string) func(a, b T) bool {
	switch name {
	case "Greater":
		return func(a, b T) bool { return a > b }
	case "GreaterOrEqual":
		return func(a, b T) bool { return a >= b }
	case "Less":
		return func(a, b T) bool { return a < b }
	case "LessOrEqual":
		return func(a, b T) bool { return a <= b }
	}
	return func(a, b T) bool { return a == b }
}

// newLogic makes And, Or and Xor.
func newLogic(n Node) (Operator, error) {
	f := map[string]func(a, b bool) bool{
		"And": func(a, b bool) bool { return a && b },
		"Or":  func(a, b bool) bool { return a || b },
		"Xor": func(a, b bool) bool { return a != b },
	}[n.Type]
	return newBinary(n, binary{operands: boolType, calc: func(a, b *tensor.Tensor, shape tensor.Shape) (*tensor.Tensor, error) {
		if a.DType() != tensor.Bool {
			return nil, noType(a)
		}
		return zip(a, b, shape, f), nil
	}})
}

// where is the operator Where: elements of the second input where the first one
// is true, else of the third.
type where struct{}

func newWhere(n Node) (Operator, error) { return newRuled(n, arity{3, 3, 1}, where{}) }

// types implements [rule].
func (where) types(in []Value) ([]Value, error) {
	if err := wantType("condition", in[0], tensor.Bool); err != nil {
		return nil, err
	}
	d, err := commonType(in[1:]...)
	if err != nil {
		return nil, err
	}
	v, err := broadcastOf(d, in...)
	return []Value{v}, err
}

// run implements [rule].
func (where) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	y, yes, err := moved(out[0], in[1])
	if err != nil {
		return nil, err
	}
	no, err := moverOf(y, in[2])
	if err != nil {
		return nil, err
	}
	if y.Len() == 0 {
		return []*tensor.Tensor{y}, nil
	}
	cond := tensor.Data[bool](in[0])
	r := rowsOf(y.Shape(), in[0].Shape(), in[1].Shape(), in[2].Shape())
	n, step := r.row()
	to := 0
	r.each(func(at []int) {
		for i := range n {
			if cond[at[0]+i*step[0]] {
				yes.move(to, at[1]+i*step[1], 1)
			} else {
				no.move(to, at[2]+i*step[2], 1)
			}
			to++
		}
	})
	return []*tensor.Tensor{y}, nil
}
