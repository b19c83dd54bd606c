package op

import (
	"math"

	"larder/model/tensor"
)

// Softmax, LogSoftmax and Hardmax. Specification:
// https://onnx.ai/onnx/operators/onnx__Softmax.html (1, 11: over all dimensions
// from axis on, default 1; 13: over the dimension axis, default the last one).

var softmaxOps = []Entry{
	{"", "Hardmax", 1, newSoftmax},
	{"", "LogSoftmax", 1, newSoftmax},
	{"", "Softmax", 1, newSoftmax},
}

// softmax is one of the three operators.
type softmax struct {
	name string
	axis int64
	// flat says that the function runs over all dimensions from axis on.
	flat bool
}

func newSoftmax(n Node) (Operator, error) {
	s := &softmax{name: n.Type, flat: n.Opset < 13}
	def := int64(-1)
	if s.flat {
		def = 1
	}
	var err error
	if s.axis, err = n.Attrs.Int("axis", def); err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, inFloat32{s})
}

// types implements [rule].
func (s *softmax) types(in []Value) ([]Value, error) {
	if err := floatTypes.check("input", in[0]); err != nil {
		return nil, err
	}
	if in[0].Ranked {
		if _, err := s.at(len(in[0].Shape)); err != nil {
			return nil, err
		}
	}
	return []Value{like(in[0])}, nil
}

// at returns the axis in a tensor of the given rank. Over all dimensions "from
// the rank on" is allowed and runs over single elements.
func (s *softmax) at(rank int) (int, error) {
	if s.flat && s.axis == int64(rank) {
		return rank, nil
	}
	return axisOf(s.axis, rank)
}

// run implements [rule].
func (s *softmax) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	switch d := in[0].Any().(type) {
	case []float32:
		return runSoftmax(s, in[0].Shape(), d)
	case []float64:
		return runSoftmax(s, in[0].Shape(), d)
	}
	return nil, noType(in[0])
}

func runSoftmax[T float](s *softmax, shape tensor.Shape, x []T) ([]*tensor.Tensor, error) {
	axis, err := s.at(len(shape))
	if err != nil {
		return nil, err
	}
	y, out := blank[T](shape)
	if len(out) == 0 {
		return []*tensor.Tensor{y}, nil
	}
	n, inner := product(shape[axis:]), 1
	if !s.flat {
		n, inner = shape[axis], product(shape[axis+1:])
	}
	f := map[string]func([]float64){"Softmax": softmaxRow, "LogSoftmax": logSoftmaxRow, "Hardmax": hardmaxRow}[s.name]
	row := make([]float64, n)
	for at := 0; at < len(x); at += n * inner {
		for j := at; j < at+inner; j++ {
			for i := range row {
				row[i] = float64(x[j+i*inner])
			}
			f(row)
			for i, v := range row {
				out[j+i*inner] = T(v)
			}
		}
	}
	return []*tensor.Tensor{y}, nil
}

// shiftedSum subtracts the greatest element from all and returns the sum of
// their exponentials.
func shiftedSum(row []float64) float64 {
	top, sum := math.Inf(-1), 0.0
	for _, v := range row {
		top = max(top, v)
	}
	for i := range row {
		row[i] -= top
		sum += math.Exp(row[i])
	}
	return sum
}

func softmaxRow(row []float64) {
	sum := shiftedSum(row)
	for i, v := range row {
		row[i] = math.Exp(v) / sum
	}
}

func logSoftmaxRow(row []float64) {
	log := math.Log(shiftedSum(row))
	for i := range row {
		row[i] -= log
	}
}

// hardmaxRow sets the first greatest element to 1 and the others to 0.
func hardmaxRow(row []float64) {
	best := 0
	for i, v := range row {
		if v > row[best] {
			best = i
		}
	}
	clear(row)
	row[best] = 1
}
