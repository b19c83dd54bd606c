package op

import "larder/model/tensor"

// inFloat32 is a rule that computes float16 and bfloat16 in float32 and rounds
// once, at the end: its rule never sees these types in run, and returns float32
// where types promised one of them.
type inFloat32 struct{ rule }

func (r inFloat32) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	wide := make([]*tensor.Tensor, len(in))
	for i, t := range in {
		wide[i] = widen(t)
	}
	res, err := r.rule.run(wide, out)
	for i := range min(len(res), len(out)) {
		res[i] = narrow(res[i], out[i].DType)
	}
	return res, err
}

// widen returns t with float32 elements if it holds float16 or bfloat16, else t
// itself (also if nil).
func widen(t *tensor.Tensor) *tensor.Tensor {
	if t == nil {
		return nil
	}
	switch d := t.Any().(type) {
	case []tensor.Half:
		return mapTensor(t, d, tensor.Half.Float32)
	case []tensor.Brain:
		return mapTensor(t, d, tensor.Brain.Float32)
	}
	return t
}

// narrow returns t, if it holds float32, rounded to float16 or bfloat16 if that
// is what dtype says, else t itself (also if nil).
func narrow(t *tensor.Tensor, dtype tensor.DType) *tensor.Tensor {
	if t == nil || t.DType() != tensor.Float32 {
		return t
	}
	switch dtype {
	case tensor.Float16:
		return mapTensor(t, tensor.Data[float32](t), tensor.ToHalf)
	case tensor.BFloat16:
		return mapTensor(t, tensor.Data[float32](t), tensor.ToBrain)
	}
	return t
}

// mapTensor returns a tensor of t's shape that holds f of each element of data,
// which are t's.
func mapTensor[A, B tensor.Element](t *tensor.Tensor, data []A, f func(A) B) *tensor.Tensor {
	out := make([]B, len(data))
	for i, v := range data {
		out[i] = f(v)
	}
	return tensor.Must(tensor.Of(out, t.Shape()...))
}
