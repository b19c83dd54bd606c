package op

import (
	"math"

	"larder/model/tensor"
)

// batchNorm is BatchNormalization in its inference form: each channel is scaled
// with the mean and variance that are inputs.
type batchNorm struct{ epsilon float64 }

func newBatchNorm(n Node) (Operator, error) {
	eps, err := epsilonOf(n.Attrs)
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name          string
		first, last   int // opsets that have the attribute
		def, training int64
	}{{"is_test", 1, 6, 0, 0}, {"training_mode", 14, math.MaxInt, 0, 1}} {
		if n.Opset < f.first || n.Opset > f.last {
			continue
		}
		if v, err := n.Attrs.Int(f.name, f.def); err != nil {
			return nil, err
		} else if v == f.training {
			return nil, Unsupportedf("training mode")
		}
	}
	if n.Opset < 9 {
		spatial, err := flag(n.Attrs, "spatial", 1)
		if err != nil {
			return nil, err
		}
		if !spatial {
			return nil, Unsupportedf("statistics for each element (spatial = 0)")
		}
	}
	for i, name := range n.Outputs {
		if i > 0 && name != "" {
			return nil, Unsupportedf("output %d (%q), of training mode only", i, name)
		}
	}
	return newRuled(n, arity{5, 5, 5}, inFloat32{&batchNorm{eps}})
}

// types implements [rule].
func (b *batchNorm) types(in []Value) ([]Value, error) {
	for i, v := range in {
		if err := floatTypes.check("input", v); err != nil {
			return nil, err
		}
		if i > 0 {
			channels := tensor.Unknown
			if x := in[0]; x.Ranked {
				channels = 1 // of a batch of numbers
				if len(x.Shape) > 1 {
					channels = x.Shape[1]
				}
			}
			what := []string{"", "scale", "bias", "mean", "variance"}[i]
			if err := checkVector(what, v, channels); err != nil {
				return nil, err
			}
		}
	}
	if in[0].Ranked && len(in[0].Shape) == 0 {
		return nil, Invalidf("input is a scalar")
	}
	// Outputs beyond the first have no name here.
	return []Value{like(in[0]), {}, {}, {}, {}}, nil
}

// run implements [rule].
func (b *batchNorm) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	var params [4][]float64
	for i, t := range in[1:] {
		d, err := toFloat64(t)
		if err != nil {
			return nil, err
		}
		params[i] = tensor.Data[float64](d)
	}
	switch d := in[0].Any().(type) {
	case []float32:
		return runBatchNorm(b, d, in[0].Shape(), params)
	case []float64:
		return runBatchNorm(b, d, in[0].Shape(), params)
	}
	return nil, noType(in[0])
}

func runBatchNorm[T float](b *batchNorm, x []T, shape tensor.Shape, params [4][]float64) ([]*tensor.Tensor, error) {
	y, out := blank[T](shape)
	n := 1
	if len(shape) > 2 {
		n = product(shape[2:])
	}
	for n > 0 && len(out) > 0 {
		for c, scale := range params[0] {
			factor := scale / math.Sqrt(params[3][c]+b.epsilon)
			bias, mean := params[1][c], params[2][c]
			for i, v := range x[:n] {
				out[i] = T((float64(v)-mean)*factor + bias)
			}
			x, out = x[n:], out[n:]
		}
	}
	return []*tensor.Tensor{y}, nil
}
