package op

import (
	"math"

	"larder/model/tensor"
)

// groupNorm is GroupNormalization and InstanceNormalization: in each image,
// groups of channels get mean 0 and variance 1, then scale and bias. See
// https://onnx.ai/onnx/operators/onnx__GroupNormalization.html (18: scale and
// bias for each group, 21: for each channel) and
// https://onnx.ai/onnx/operators/onnx__InstanceNormalization.html (1, 6, 22).
type groupNorm struct {
	epsilon float64
	// groups is the number of groups, 0 for one for each channel.
	groups int
	// ofGroup says that scale and bias have one element for each group.
	ofGroup bool
}

func newInstanceNorm(n Node) (Operator, error) {
	eps, err := epsilonOf(n.Attrs)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{3, 3, 1}, inFloat32{&groupNorm{epsilon: eps}})
}

func newGroupNorm(n Node) (Operator, error) {
	eps, err := epsilonOf(n.Attrs)
	if err != nil {
		return nil, err
	}
	groups, err := n.Attrs.Int("num_groups", 0)
	if err != nil {
		return nil, err
	}
	if groups < 1 || groups > math.MaxInt32 {
		return nil, Invalidf("num_groups is %d, want at least 1", groups)
	}
	if _, err := stashType(n.Attrs); err != nil {
		return nil, err
	}
	return newRuled(n, arity{3, 3, 1}, inFloat32{&groupNorm{eps, int(groups), n.Opset < 21}})
}

// types implements [rule].
func (g *groupNorm) types(in []Value) ([]Value, error) {
	d, err := floatTypes.same(in...)
	if err != nil {
		return nil, err
	}
	x, params := in[0], tensor.Unknown
	if x.Ranked {
		if len(x.Shape) < 2 {
			return nil, Invalidf("%v has no batch and channels", x)
		}
		params = x.Shape[1]
		if g.groups > 0 && params >= 0 && params%g.groups != 0 {
			return nil, Invalidf("%d channels do not divide into %d groups", params, g.groups)
		}
	}
	if g.ofGroup {
		params = g.groups
	}
	for i, what := range []string{"scale", "bias"} {
		if err := checkVector(what, in[i+1], params); err != nil {
			return nil, err
		}
	}
	return []Value{as(d, x)}, nil
}

// run implements [rule].
func (g *groupNorm) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	switch in[0].DType() {
	case tensor.Float32:
		return runGroupNorm[float32](g, in)
	case tensor.Float64:
		return runGroupNorm[float64](g, in)
	}
	return nil, noType(in[0])
}

func runGroupNorm[T float](g *groupNorm, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	x, scale, bias := tensor.Data[T](in[0]), tensor.Data[T](in[1]), tensor.Data[T](in[2])
	y, out := blank[T](in[0].Shape())
	if len(out) == 0 {
		return []*tensor.Tensor{y}, nil
	}
	channels, plane := in[0].Dim(1), product(in[0].Shape()[2:])
	each := 1 // channels of a group
	if g.groups > 0 {
		each = channels / g.groups
	}
	row := make([]float64, each*plane)
	for first := 0; len(x) > 0; first = (first + each) % channels {
		for i, v := range x[:len(row)] {
			row[i] = float64(v)
		}
		m, variance := moments(row)
		inv := 1 / math.Sqrt(variance+g.epsilon)
		for i, v := range row {
			p := first + i/plane
			if g.ofGroup {
				p = first / each
			}
			out[i] = T((v-m)*inv*float64(scale[p]) + float64(bias[p]))
		}
		x, out = x[len(row):], out[len(row):]
	}
	return []*tensor.Tensor{y}, nil
}
