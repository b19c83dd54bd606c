package op

import (
	"math"

	"larder/model/tensor"
)

// pow is the operator Pow. The result has the type of the base; from opset 12
// on the exponent may have another one.
type pow struct{ oldBroadcast }

func newPow(n Node) (Operator, error) {
	b, err := readOldBroadcast(n)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 2, 1}, inFloat32{&pow{b}})
}

// types implements [rule].
func (p *pow) types(in []Value) ([]Value, error) {
	if err := (floatTypes | dtypeSet(tensor.Int32, tensor.Int64)).check("base", in[0]); err != nil {
		return nil, err
	}
	if err := numberTypes.check("exponent", in[1]); err != nil {
		return nil, err
	}
	y, err := p.align(in[0], in[1])
	if err != nil {
		return nil, err
	}
	v, err := broadcastOf(in[0].DType, in[0], y)
	return []Value{v}, err
}

// run implements [rule].
func (p *pow) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	b, err := p.alignTensors(in[0], in[1])
	if err != nil {
		return nil, err
	}
	if intTypes.has(in[0].DType()) && intTypes.has(b.DType()) {
		return one(intPow(in[0], b, out[0].Shape))
	}
	wideBase, err := toFloat64(in[0])
	if err != nil {
		return nil, err
	}
	exponent, err := toFloat64(b)
	if err != nil {
		return nil, err
	}
	return one(castTensor(zip(wideBase, exponent, out[0].Shape, math.Pow), in[0].DType()))
}

// toFloat64 returns t with float64 elements.
func toFloat64(t *tensor.Tensor) (*tensor.Tensor, error) {
	if t.DType() == tensor.Float64 {
		return t, nil
	}
	return castTensor(t, tensor.Float64)
}

// intPow computes integers to integer powers, exactly but for overflow, which
// wraps around.
func intPow(a, b *tensor.Tensor, shape tensor.Shape) (*tensor.Tensor, error) {
	base, err := castTensor(a, tensor.Int64)
	if err != nil {
		return nil, err
	}
	exponent, err := castTensor(b, tensor.Int64)
	if err != nil {
		return nil, err
	}
	undefined := false
	t := zip(base, exponent, shape, func(x, n int64) int64 {
		undefined = undefined || x == 0 && n < 0
		return powInt(x, n)
	})
	if undefined {
		return nil, Invalidf("integer zero to a negative power")
	}
	return castTensor(t, a.DType())
}

// powInt returns x to the n; of a fraction, the part before the point.
func powInt(x, n int64) int64 {
	if n < 0 {
		switch {
		case x == 1 || x == -1 && n%2 == 0:
			return 1
		case x == -1:
			return -1
		}
		return 0
	}
	r := int64(1)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			r *= x
		}
		x *= x
	}
	return r
}
