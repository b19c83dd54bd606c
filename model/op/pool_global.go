package op

import (
	"math"

	"larder/model/tensor"
)

// globalPool is a pooling over all spatial dimensions, which stay with size 1.
type globalPool struct {
	// over makes the result of one channel from all its elements; it has one.
	over func(x []float64) float64
}

func newGlobalAveragePool(n Node) (Operator, error) { return newGlobalPool(n, mean) }

func newGlobalMaxPool(n Node) (Operator, error) {
	return newGlobalPool(n, func(x []float64) float64 {
		top := math.Inf(-1)
		for _, v := range x {
			top = max(top, v)
		}
		return top
	})
}

func newGlobalLpPool(n Node) (Operator, error) {
	p, err := lpOrder(n)
	if err != nil {
		return nil, err
	}
	return newGlobalPool(n, func(x []float64) float64 {
		sum := 0.0
		for _, v := range x {
			sum += math.Pow(math.Abs(v), p)
		}
		return math.Pow(sum, 1/p)
	})
}

func newGlobalPool(n Node, over func([]float64) float64) (Operator, error) {
	return newRuled(n, arity{1, 1, 1}, inFloat32{&globalPool{over}})
}

// mean returns the mean of x.
func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// types implements [rule].
func (p *globalPool) types(in []Value) ([]Value, error) {
	x := in[0]
	if err := floatTypes.check("input", x); err != nil {
		return nil, err
	}
	if !x.Ranked {
		return []Value{like(x)}, nil
	}
	if len(x.Shape) < 2 {
		return nil, Invalidf("%v has no batch and channels", x)
	}
	out := x.Shape.Clone()
	for i := range out[2:] {
		if out[i+2] == 0 {
			return nil, Invalidf("spatial dimension %d is empty", i)
		}
		out[i+2] = 1
	}
	return []Value{Of(x.DType, out...)}, nil
}

// run implements [rule].
func (p *globalPool) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	switch d := in[0].Any().(type) {
	case []float32:
		return runGlobalPool(p, d, in[0].Shape(), out[0].Shape)
	case []float64:
		return runGlobalPool(p, d, in[0].Shape(), out[0].Shape)
	}
	return nil, noType(in[0])
}

func runGlobalPool[T float](p *globalPool, x []T, in, shape tensor.Shape) ([]*tensor.Tensor, error) {
	y, out := blank[T](shape)
	n := product(in[2:])
	wide := make([]float64, n)
	for o := range out {
		for i, v := range x[o*n:][:n] {
			wide[i] = float64(v)
		}
		out[o] = T(p.over(wide))
	}
	return []*tensor.Tensor{y}, nil
}
