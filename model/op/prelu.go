package op

import "larder/model/tensor"

// pRelu is the operator PRelu: LeakyRelu with a slope that is an input and
// broadcasts to the first one. Specification:
// https://onnx.ai/onnx/operators/onnx__PRelu.html (1, 6: one slope for each
// channel, 7: broadcasting, 9: integers, 16).
type pRelu struct {
	// channels says that a vector of slopes belongs to the channels.
	channels bool
}

var preluOps = []Entry{
	{"", "PRelu", 1, newPRelu},
}

func newPRelu(n Node) (Operator, error) {
	return newRuled(n, arity{2, 2, 1}, inFloat32{&pRelu{n.Opset < 7}})
}

// slope returns the shape of the slope such that it broadcasts to x.
func (p *pRelu) slope(x, slope tensor.Shape) tensor.Shape {
	if p.channels && len(slope) == 1 && len(x) > 1 && slope[0] != 1 {
		slope = slope.Clone()
		for range len(x) - 2 {
			slope = append(slope, 1)
		}
	}
	return slope
}

// types implements [rule].
func (p *pRelu) types(in []Value) ([]Value, error) {
	d, err := numberTypes.same(in...)
	if err != nil {
		return nil, err
	}
	x, s := in[0], in[1]
	if x.Ranked && s.Ranked {
		s.Shape = p.slope(x.Shape, s.Shape)
		err = broadcastTo("slope", s, x.Shape)
	}
	return []Value{as(d, x)}, err
}

// run implements [rule].
func (p *pRelu) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	s, err := in[1].Reshape(p.slope(in[0].Shape(), in[1].Shape())...)
	if err != nil {
		return nil, Invalidf("%v", err)
	}
	return one(calculate("PRelu", in[0], s, out[0].Shape))
}
