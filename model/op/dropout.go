package op

import "larder/model/tensor"

// dropout is the operator Dropout, which passes its input through unless a
// model is being trained. Specification:
// https://onnx.ai/onnx/operators/onnx__Dropout.html (1, 6: is_test, 7, 10: the
// mask is bool, 12: ratio and training_mode are inputs, 13, 22).
type dropout struct {
	// maskType is that of the second output; Undefined stands for the data's.
	maskType tensor.DType
}

var dropoutOps = []Entry{
	{"", "Dropout", 1, newDropout},
}

func newDropout(n Node) (Operator, error) {
	if n.Opset < 7 {
		if test, err := flag(n.Attrs, "is_test", 0); err != nil {
			return nil, err
		} else if !test {
			return nil, Unsupportedf("training mode (is_test = 0)")
		}
	}
	d, most := &dropout{tensor.Bool}, 1
	if n.Opset < 10 {
		d.maskType = tensor.Undefined
	}
	if n.Opset >= 12 {
		most = 3
	}
	return newRuled(n, arity{1, most, 2}, d)
}

// types implements [rule].
func (d *dropout) types(in []Value) ([]Value, error) {
	if err := floatTypes.check("data", in[0]); err != nil {
		return nil, err
	}
	train := input(in, 2)
	if err := wantType("training_mode", train, tensor.Bool); err != nil {
		return nil, err
	}
	if ratio := input(in, 1); train.Const != nil && (ratio.Absent || ratio.Const != nil) {
		if err := refuseTraining(train.Const, ratio.Const); err != nil {
			return nil, err
		}
	}
	mask := as(d.maskType, in[0])
	if d.maskType == tensor.Undefined {
		mask.DType = in[0].DType
	}
	return []Value{like(in[0]), mask}, nil
}

// refuseTraining fails if the mode is true, unless nothing would be dropped. A
// nil ratio stands for the default, 0.5.
func refuseTraining(mode, ratio *tensor.Tensor) error {
	d, ok := mode.Any().([]bool)
	if !ok || len(d) != 1 {
		return Invalidf("training_mode is %v, want one bool", mode)
	}
	if !d[0] {
		return nil
	}
	if ratio != nil && ratio.Len() == 1 && floatTypes.has(ratio.DType()) {
		wide, err := toFloat64(ratio)
		if err != nil {
			return err
		}
		if tensor.Data[float64](wide)[0] == 0 {
			return nil
		}
	}
	return Unsupportedf("training mode")
}

// run implements [rule].
func (d *dropout) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	if len(out) < 2 {
		return in[:1:1], nil
	}
	if d.maskType == tensor.Undefined {
		// Before opset 10 the mask has the type of the data: all ones.
		ones, data := blank[float32](in[0].Shape())
		for i := range data {
			data[i] = 1
		}
		mask, err := castTensor(ones, in[0].DType())
		return []*tensor.Tensor{in[0], mask}, err
	}
	mask, data := blank[bool](in[0].Shape())
	for i := range data {
		data[i] = true
	}
	return []*tensor.Tensor{in[0], mask}, nil
}
