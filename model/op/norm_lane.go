package op

import (
	"math"

	"larder/model/tensor"
)

// laneNorm normalises elements along some axes together:
// MeanVarianceNormalization and LpNormalization. See
// https://onnx.ai/onnx/operators/onnx__MeanVarianceNormalization.html (9, 13)
// and https://onnx.ai/onnx/operators/onnx__LpNormalization.html (1, 22).
type laneNorm struct {
	axes []int64
	// norm normalises a row in place.
	norm func(row []float64)
}

// newMeanVarianceNorm makes the operator that gives mean 0 and variance 1.
func newMeanVarianceNorm(n Node) (Operator, error) {
	const epsilon = 1e-9 // of the specification; added to the deviation
	axes, err := n.Attrs.Ints("axes")
	if err != nil {
		return nil, err
	}
	if axes == nil {
		axes = []int64{0, 2, 3}
	}
	return newRuled(n, arity{1, 1, 1}, inFloat32{&laneNorm{axes, func(row []float64) {
		m, variance := moments(row)
		for i, v := range row {
			row[i] = (v - m) / (math.Sqrt(variance) + epsilon)
		}
	}}})
}

// newLpNorm makes the operator that gives norm 1; zeros stay.
func newLpNorm(n Node) (Operator, error) {
	axis, err := n.Attrs.Int("axis", -1)
	if err != nil {
		return nil, err
	}
	p, err := n.Attrs.Int("p", 2)
	if err != nil {
		return nil, err
	}
	name := map[int64]string{1: "ReduceL1", 2: "ReduceL2"}[p]
	if name == "" {
		return nil, Invalidf("p is %d, want 1 or 2", p)
	}
	length := floatReduction(name)
	return newRuled(n, arity{1, 1, 1}, inFloat32{&laneNorm{[]int64{axis}, func(row []float64) {
		if l := length(row); l != 0 {
			for i := range row {
				row[i] /= l
			}
		}
	}}})
}

// types implements [rule].
func (l *laneNorm) types(in []Value) ([]Value, error) {
	if err := floatTypes.check("input", in[0]); err != nil {
		return nil, err
	}
	if in[0].Ranked {
		if _, err := axesOf(l.axes, len(in[0].Shape)); err != nil {
			return nil, err
		}
	}
	return []Value{like(in[0])}, nil
}

// run implements [rule].
func (l *laneNorm) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	axes, err := axesOf(l.axes, in[0].Rank())
	if err != nil {
		return nil, err
	}
	set := make([]bool, in[0].Rank())
	for _, a := range axes {
		set[a] = true
	}
	switch d := in[0].Any().(type) {
	case []float32:
		return normLanes(l, in[0].Shape(), d, set)
	case []float64:
		return normLanes(l, in[0].Shape(), d, set)
	}
	return nil, noType(in[0])
}

func normLanes[T float](n *laneNorm, shape tensor.Shape, x []T, set []bool) ([]*tensor.Tensor, error) {
	y, out := blank[T](shape)
	if len(out) == 0 {
		return []*tensor.Tensor{y}, nil
	}
	l := lanesOf(shape, set)
	row := make([]float64, len(l.steps))
	for i := range l.starts {
		readLane(&l, i, x, row)
		n.norm(row)
		writeLane(&l, i, out, row)
	}
	return []*tensor.Tensor{y}, nil
}
