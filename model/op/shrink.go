package op

import "larder/model/tensor"

// shrink is the operator Shrink: numbers within lambd of 0 become 0, others
// come nearer to 0 by bias. Specification:
// https://onnx.ai/onnx/operators/onnx__Shrink.html (9).
type shrink struct{ bias, lambd float64 }

var shrinkOps = []Entry{
	{"", "Shrink", 9, newShrink},
}

func newShrink(n Node) (Operator, error) {
	bias, err := n.Attrs.Float("bias", 0)
	if err != nil {
		return nil, err
	}
	lambd, err := n.Attrs.Float("lambd", 0.5)
	if err != nil {
		return nil, err
	}
	s := shrink{float64(bias), float64(lambd)}
	return newUnary(n, unary{operands: numberTypes, calc: func(t *tensor.Tensor) (*tensor.Tensor, error) {
		wide, err := toFloat64(t)
		if err != nil {
			return nil, err
		}
		return castTensor(mapTensor(wide, tensor.Data[float64](wide), s.of), t.DType())
	}})
}

func (s shrink) of(x float64) float64 {
	switch {
	case x < -s.lambd:
		return x + s.bias
	case x > s.lambd:
		return x - s.bias
	case x != x:
		return x
	}
	return 0
}
