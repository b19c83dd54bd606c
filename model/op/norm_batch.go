package op

import (
	"math"

	"larder/model/tensor"
)

// batchNorm is BatchNormalization: each channel is scaled with the mean and
// variance that are inputs, or in training mode with its own. Exporters write the
// latter for weights that are standardised in the network (Qiao et al., "Weight
// Standardization", 2019), where it is as good as constant.
type batchNorm struct {
	epsilon, momentum float64
	training          bool
}

// Trains reports whether a BatchNormalization with these attributes scales with
// statistics of its own.
func Trains(a Attrs) bool {
	v, err := a.Int("training_mode", 0)
	return err == nil && v != 0
}

func newBatchNorm(n Node) (Operator, error) {
	eps, err := epsilonOf(n.Attrs)
	if err != nil {
		return nil, err
	}
	momentum, err := n.Attrs.Float("momentum", 0.9)
	if err != nil {
		return nil, err
	}
	b := &batchNorm{epsilon: eps, momentum: float64(momentum)}
	switch {
	case n.Opset < 7:
		if test, err := flag(n.Attrs, "is_test", 0); err != nil {
			return nil, err
		} else if !test {
			return nil, Unsupportedf("training mode before opset 14")
		}
	case n.Opset >= 14:
		if b.training, err = flag(n.Attrs, "training_mode", 0); err != nil {
			return nil, err
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
		if i > 0 && name != "" && !(b.training && i < 3) {
			return nil, Unsupportedf("output %d (%q), of training mode only", i, name)
		}
	}
	return newRuled(n, arity{5, 5, 5}, inFloat32{b})
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
	if b.training {
		return []Value{like(in[0]), like(in[3]), like(in[4]), {}, {}}, nil
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
	results := []*tensor.Tensor{y}
	if b.training {
		mean, variance := channelMoments(x, n, len(params[0]))
		for i, own := range [][]float64{mean, variance} {
			results = append(results, b.running(params[2+i], own, y.DType()))
			params[2+i] = own
		}
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
	return results, nil
}

// channelMoments returns mean and variance of each channel: x is runs of n elements of a
// channel, the channels in turn.
func channelMoments[T float](x []T, n, channels int) (mean, variance []float64) {
	mean, variance = make([]float64, channels), make([]float64, channels)
	count := float64(len(x) / max(channels, 1))
	for pass, sums := range [][]float64{mean, variance} {
		for i, v := range x {
			c := i / n % channels
			if d := float64(v); pass == 0 {
				sums[c] += d / count
			} else {
				sums[c] += (d - mean[c]) * (d - mean[c]) / count
			}
		}
	}
	return mean, variance
}

// running moves a statistic that is kept towards that of this batch.
func (b *batchNorm) running(kept, own []float64, dtype tensor.DType) *tensor.Tensor {
	moved := make([]float64, len(kept))
	for i := range kept {
		moved[i] = kept[i]*b.momentum + own[i]*(1-b.momentum)
	}
	if dtype == tensor.Float64 {
		return tensor.Vector(moved...)
	}
	narrow := make([]float32, len(moved))
	for i, v := range moved {
		narrow[i] = float32(v)
	}
	return tensor.Vector(narrow...)
}
