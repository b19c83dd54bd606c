package op

import (
	"math"

	"larder/model/tensor"
)

// lrn is LRN: each element is divided by a power of the squares of its
// neighbours in the channel dimension. See
// https://onnx.ai/onnx/operators/onnx__LRN.html (1, 13).
type lrn struct {
	alpha, beta, bias float64
	size              int
}

func newLRN(n Node) (Operator, error) {
	l := &lrn{}
	for _, a := range []struct {
		name string
		def  float32
		to   *float64
	}{{"alpha", 1e-4, &l.alpha}, {"beta", 0.75, &l.beta}, {"bias", 1, &l.bias}} {
		v, err := n.Attrs.Float(a.name, a.def)
		if err != nil {
			return nil, err
		}
		*a.to = float64(v)
	}
	size, err := n.Attrs.Int("size", 0)
	if err != nil {
		return nil, err
	}
	if size < 1 || size > math.MaxInt32 {
		return nil, Invalidf("size is %d, want at least 1", size)
	}
	l.size = int(size)
	return newRuled(n, arity{1, 1, 1}, inFloat32{l})
}

// types implements [rule].
func (l *lrn) types(in []Value) ([]Value, error) {
	if err := floatTypes.check("X", in[0]); err != nil {
		return nil, err
	}
	if in[0].Ranked && len(in[0].Shape) < 2 {
		return nil, Invalidf("%v has no batch and channels", in[0])
	}
	return []Value{like(in[0])}, nil
}

// run implements [rule].
func (l *lrn) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	switch d := in[0].Any().(type) {
	case []float32:
		return runLRN(l, in[0].Shape(), d)
	case []float64:
		return runLRN(l, in[0].Shape(), d)
	}
	return nil, noType(in[0])
}

func runLRN[T float](l *lrn, shape tensor.Shape, x []T) ([]*tensor.Tensor, error) {
	y, out := blank[T](shape)
	if len(out) == 0 {
		return []*tensor.Tensor{y}, nil
	}
	lane := lanesOf(shape, oneAxis(1, len(shape)))
	row, res := make([]float64, len(lane.steps)), make([]float64, len(lane.steps))
	for i := range lane.starts {
		readLane(&lane, i, x, row)
		for c, v := range row {
			// The greater half of an even size lies behind the channel.
			first := max(0, c-(l.size-1)/2)
			last := min(len(row)-1, c+l.size/2)
			squares := 0.0
			for _, w := range row[first : last+1] {
				squares += w * w
			}
			res[c] = v / math.Pow(l.bias+l.alpha/float64(l.size)*squares, l.beta)
		}
		writeLane(&lane, i, out, res)
	}
	return []*tensor.Tensor{y}, nil
}
