package op

import (
	"math"
	"testing"

	"larder/model/tensor"
)

func TestSoftmax(t *testing.T) {
	type ts = []*tensor.Tensor
	x := of(dims(1, 2, 2), float32(0), 0, 1000, 1000)
	axis := func(a int64) Attrs { return Attrs{"axis": a} }
	ln2 := float32(math.Ln2)
	checkCases(t, []opCase{
		{name: "last dimension", typ: "Softmax", in: ts{x}, want: ts{of(dims(1, 2, 2), float32(0.5), 0.5, 0.5, 0.5)}},
		{name: "middle dimension", typ: "Softmax", attrs: axis(1), in: ts{x}, want: ts{of(dims(1, 2, 2), float32(0), 0, 1, 1)}},
		{name: "opset 12, from axis 1 on", typ: "Softmax", opset: 12, in: ts{x}, want: ts{of(dims(1, 2, 2), float32(0), 0, 0.5, 0.5)}},
		{name: "logarithm", typ: "LogSoftmax", in: ts{x}, want: ts{of(dims(1, 2, 2), -ln2, -ln2, -ln2, -ln2)}},
		{name: "first greatest", typ: "Hardmax", in: ts{x}, want: ts{of(dims(1, 2, 2), float32(1), 0, 1, 0)}},
		{name: "opset 12, first greatest", typ: "Hardmax", opset: 12, in: ts{x}, want: ts{of(dims(1, 2, 2), float32(0), 0, 1, 0)}},
		{name: "half", typ: "Softmax", in: ts{tensor.Vector(tensor.ToHalf(1), tensor.ToHalf(1))}, want: ts{tensor.Vector(tensor.ToHalf(0.5), tensor.ToHalf(0.5))}},
		{name: "nothing", typ: "Softmax", in: ts{zeros(2, 0)}, want: ts{zeros(2, 0)}},
	})
	checkRefused(t, Invalid, []opCase{
		{name: "axis beyond", typ: "Softmax", attrs: axis(3), in: ts{x}},
		{name: "scalar", typ: "Softmax", in: ts{zeros()}},
	})
	checkRefused(t, Unsupported, []opCase{{name: "integers", typ: "Softmax", in: ts{tensor.Vector[int32](1)}}})
}

func TestNormalizations(t *testing.T) {
	type ts = []*tensor.Tensor
	v := tensor.Vector[float32]
	one, zero := v(1, 1), v(0, 0)
	// Two channels of two elements.
	x := of(dims(1, 2, 2), float32(1), 3, 10, 30)
	eps := func(e float32, more ...any) Attrs {
		a := Attrs{"epsilon": e}
		for i := 0; i < len(more); i += 2 {
			a[more[i].(string)] = more[i+1]
		}
		return a
	}
	checkCases(t, []opCase{
		{name: "inference", typ: "BatchNormalization", attrs: eps(0), in: ts{x, v(2, 1), v(0, 5), v(1, 10), v(4, 100)},
			want: ts{of(dims(1, 2, 2), float32(0), 2, 5, 7)}},
		{name: "training", typ: "BatchNormalization", outputs: 3, attrs: eps(0, "training_mode", int64(1), "momentum", float32(0.5)), in: ts{x, v(2, 1), v(0, 5), v(4, 0), v(3, 0)},
			want: ts{of(dims(1, 2, 2), float32(-2), 2, 4, 6), v(3, 10), v(2, 50)}},
		{name: "opset 7", typ: "BatchNormalization", opset: 7, attrs: eps(0), in: ts{v(3), v(2), v(1), v(1), v(4)}, want: ts{v(3)}},
		{name: "opset 6", typ: "BatchNormalization", opset: 6, attrs: eps(0, "is_test", int64(1)), in: ts{x, one, zero, zero, one}, want: ts{x}},
		{name: "float16 with float32 statistics", typ: "BatchNormalization", attrs: eps(0),
			in: ts{of(dims(1, 1), tensor.ToHalf(3)), v(1), v(0), v(1), v(1)}, want: ts{of(dims(1, 1), tensor.ToHalf(2))}},
		{name: "channels", typ: "InstanceNormalization", attrs: eps(0), in: ts{x, v(1, 2), v(0, 1)}, want: ts{of(dims(1, 2, 2), float32(-1), 1, -1, 3)}},
		{name: "groups are channels", typ: "GroupNormalization", opset: 18, attrs: eps(0, "num_groups", int64(2)), in: ts{x, v(1, 2), v(0, 1)},
			want: ts{of(dims(1, 2, 2), float32(-1), 1, -1, 3)}},
		{name: "one group", typ: "GroupNormalization", opset: 21, attrs: eps(0, "num_groups", int64(1)), in: ts{of(dims(1, 2, 1), float32(1), 3), v(1, 2), v(0, 1)},
			want: ts{of(dims(1, 2, 1), float32(-1), 3)}},
		{name: "last dimension", typ: "LayerNormalization", outputs: 3, attrs: eps(0), in: ts{x, one, v(0, 1)},
			want: ts{of(dims(1, 2, 2), float32(-1), 2, -1, 2), of(dims(1, 2, 1), float32(2), 20), of(dims(1, 2, 1), float32(1), 0.1)}},
		{name: "root of mean square", typ: "RMSNormalization", opset: 23, attrs: eps(0), in: ts{v(3, 4, 0, 0), v(1, 1, 1, 1)}, want: ts{v(1.2, 1.6, 0, 0)}},
		{name: "scale has the type", typ: "RMSNormalization", opset: 23, attrs: eps(0), in: ts{v(2), tensor.Vector[float64](3)}, want: ts{tensor.Vector[float64](3)}},
		{name: "neighbours", typ: "LRN", attrs: Attrs{"size": int64(2), "alpha": float32(2), "beta": float32(1), "bias": float32(0)},
			in: ts{of(dims(1, 3), float32(1), 2, 3)}, want: ts{of(dims(1, 3), float32(0.2), 2.0/13, 1.0/3)}},
		{name: "norm 2", typ: "LpNormalization", in: ts{of(dims(2, 2), float32(3), 4, 0, 0)}, want: ts{of(dims(2, 2), float32(0.6), 0.8, 0, 0)}},
		{name: "norm 1", typ: "LpNormalization", attrs: Attrs{"p": int64(1), "axis": int64(0)}, in: ts{v(1, -3)}, want: ts{v(0.25, -0.75)}},
		{name: "channels", typ: "MeanVarianceNormalization", in: ts{of(dims(1, 2, 1, 2), float32(1), 3, 10, 30)}, want: ts{of(dims(1, 2, 1, 2), float32(-1), 1, -1, 1)}},
		{name: "inference", typ: "Dropout", outputs: 2, in: ts{one}, want: ts{one, tensor.Vector(true, true)}},
		{name: "told not to train", typ: "Dropout", in: ts{one, tensor.Scalar[float32](0.5), tensor.Scalar(false)}, want: ts{one}},
		{name: "training that drops nothing", typ: "Dropout", in: ts{one, tensor.Scalar[float32](0), tensor.Scalar(true)}, want: ts{one}},
		{name: "opset 7", typ: "Dropout", opset: 7, outputs: 2, in: ts{zero}, want: ts{zero, one}},
	})
}

func TestNormalizationsRefuse(t *testing.T) {
	type ts = []*tensor.Tensor
	x, c := zeros(1, 2, 2), zeros(2)
	group := func(g int64) Attrs { return Attrs{"num_groups": g} }
	checkRefused(t, Invalid, []opCase{
		{name: "scale of other length", typ: "BatchNormalization", in: ts{x, zeros(3), c, c, c}},
		{name: "mean of rank 2", typ: "BatchNormalization", in: ts{x, c, c, zeros(2, 1), c}},
		{name: "scalar", typ: "BatchNormalization", in: ts{zeros(), zeros(1), zeros(1), zeros(1), zeros(1)}},
		{name: "epsilon", typ: "BatchNormalization", attrs: Attrs{"epsilon": float32(-1)}, in: ts{x, c, c, c, c}},
		{name: "vector", typ: "InstanceNormalization", in: ts{c, c, c}},
		{name: "no groups", typ: "GroupNormalization", opset: 18, in: ts{x, c, c}},
		{name: "groups do not divide", typ: "GroupNormalization", opset: 21, attrs: group(3), in: ts{x, c, c}},
		{name: "scale of channels in opset 18", typ: "GroupNormalization", opset: 18, attrs: group(1), in: ts{x, c, c}},
		{name: "axis beyond", typ: "LayerNormalization", attrs: Attrs{"axis": int64(3)}, in: ts{x, c}},
		{name: "scale enlarges", typ: "LayerNormalization", in: ts{zeros(2, 1), c}},
		{name: "nothing", typ: "LayerNormalization", in: ts{zeros(2, 0), zeros(0)}},
		{name: "stash_type", typ: "LayerNormalization", attrs: Attrs{"stash_type": int64(257)}, in: ts{x, c}},
		{name: "no size", typ: "LRN", in: ts{x}},
		{name: "vector", typ: "LRN", attrs: Attrs{"size": int64(1)}, in: ts{c}},
		{name: "p", typ: "LpNormalization", attrs: Attrs{"p": int64(3)}, in: ts{x}},
		{name: "rank 3", typ: "MeanVarianceNormalization", in: ts{x}},
		{name: "mode is a number", typ: "Dropout", in: ts{c, nil, zeros()}},
		{name: "mode has two elements", typ: "Dropout", in: ts{c, nil, tensor.Vector(true, false)}},
	})
	checkRefused(t, Unsupported, []opCase{
		{name: "training in opset 6", typ: "BatchNormalization", opset: 6, in: ts{x, c, c, c, c}},
		{name: "training outputs", typ: "BatchNormalization", outputs: 3, in: ts{x, c, c, c, c}},
		{name: "not spatial", typ: "BatchNormalization", opset: 7, attrs: Attrs{"spatial": int64(0)}, in: ts{x, c, c, c, c}},
		{name: "stash_type", typ: "LayerNormalization", attrs: Attrs{"stash_type": int64(tensor.Int8)}, in: ts{x, c}},
		{name: "training", typ: "Dropout", in: ts{c, nil, tensor.Scalar(true)}},
		{name: "training in opset 6", typ: "Dropout", opset: 6, in: ts{c}},
		{name: "integers", typ: "LRN", attrs: Attrs{"size": int64(1)}, in: ts{of(dims(1, 1), int32(1))}},
	})
}
