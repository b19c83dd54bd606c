package op

import (
	"math"

	"larder/model/tensor"
)

// Reductions over axes. Specification:
// https://onnx.ai/onnx/operators/onnx__ReduceSum.html and so on. Axes are an
// attribute before opset 18 (ReduceSum: 13), then an input; opset 11 added
// negative axes, the others types only (20: bool for Max and Min).

var reduceOps = []Entry{
	{"", "ReduceL1", 1, newReduce(18)},
	{"", "ReduceL2", 1, newReduce(18)},
	{"", "ReduceLogSum", 1, newReduce(18)},
	{"", "ReduceLogSumExp", 1, newReduce(18)},
	{"", "ReduceMax", 1, newReduce(18)},
	{"", "ReduceMean", 1, newReduce(18)},
	{"", "ReduceMin", 1, newReduce(18)},
	{"", "ReduceProd", 1, newReduce(18)},
	{"", "ReduceSum", 1, newReduce(13)},
	{"", "ReduceSumSquare", 1, newReduce(18)},
}

// reduce is one of the reductions.
type reduce struct {
	name string
	axes []int64 // nil if they are an input or not given
	// input says that axes are an input; keep that reduced dimensions stay with
	// size 1; noop that no axes mean none, and not all.
	input, keep, noop bool
}

// newReduce returns the constructor; axes are an input from the given opset on.
func newReduce(inputSince int) Constructor {
	return func(n Node) (Operator, error) {
		r := &reduce{name: n.Type, input: n.Opset >= inputSince}
		var err error
		if r.keep, err = flag(n.Attrs, "keepdims", 1); err != nil {
			return nil, err
		}
		if !r.input {
			if r.axes, err = n.Attrs.Ints("axes"); err != nil {
				return nil, err
			}
			return newRuled(n, arity{1, 1, 1}, inFloat32{r})
		}
		if n.Attrs.Has("axes") {
			return nil, Invalidf("axes is an attribute, from opset %d on it is an input", inputSince)
		}
		if r.noop, err = flag(n.Attrs, "noop_with_empty_axes", 0); err != nil {
			return nil, err
		}
		return newRuled(n, arity{1, 2, 1}, inFloat32{r})
	}
}

// types implements [rule].
func (r *reduce) types(in []Value) ([]Value, error) {
	ts := numberTypes
	if r.name == "ReduceMax" || r.name == "ReduceMin" {
		ts |= boolType
	}
	if err := ts.check("data", in[0]); err != nil {
		return nil, err
	}
	axes, known, err := r.axesOf(in)
	if err != nil {
		return nil, err
	}
	if !in[0].Ranked || !known && !r.keep {
		return []Value{Unranked(in[0].DType)}, nil
	}
	if !known {
		return []Value{dimsOfRank(in[0].DType, len(in[0].Shape))}, nil
	}
	set, err := r.set(axes, len(in[0].Shape))
	if err != nil {
		return nil, err
	}
	return []Value{Of(in[0].DType, reducedShape(in[0].Shape, set, r.keep)...)}, nil
}

// axesOf returns the axes, if they are known.
func (r *reduce) axesOf(in []Value) (axes []int64, known bool, err error) {
	if !r.input {
		return r.axes, true, nil
	}
	return constInts("axes", input(in, 1))
}

// set returns which axes are reduced.
func (r *reduce) set(axes []int64, rank int) ([]bool, error) {
	set := make([]bool, rank)
	if len(axes) == 0 {
		for i := range set {
			set[i] = !r.noop
		}
		return set, nil
	}
	list, err := axesOf(axes, rank)
	for _, a := range list {
		set[a] = true
	}
	return set, err
}

// reducedShape returns the shape of a reduction over the axes in set.
func reducedShape(shape tensor.Shape, set []bool, keep bool) tensor.Shape {
	out := tensor.Shape{}
	for i, d := range shape {
		switch {
		case !set[i]:
			out = append(out, d)
		case keep:
			out = append(out, 1)
		}
	}
	return out
}

// run implements [rule].
func (r *reduce) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	axes, _, err := r.axesOf(knownAll(in))
	if err != nil {
		return nil, err
	}
	set, err := r.set(axes, in[0].Rank())
	if err != nil {
		return nil, err
	}
	return one(reduceTensor(r.name, in[0], set, out[0].Shape))
}

// reduceTensor dispatches on the element type.
func reduceTensor(name string, t *tensor.Tensor, set []bool, shape tensor.Shape) (*tensor.Tensor, error) {
	switch d := t.Any().(type) {
	case []float32:
		return reduceFloats(name, t.Shape(), d, set, shape)
	case []float64:
		return reduceFloats(name, t.Shape(), d, set, shape)
	case []int8:
		return reduceInts(name, t, d, set, shape)
	case []int16:
		return reduceInts(name, t, d, set, shape)
	case []int32:
		return reduceInts(name, t, d, set, shape)
	case []int64:
		return reduceInts(name, t, d, set, shape)
	case []uint8:
		return reduceInts(name, t, d, set, shape)
	case []uint16:
		return reduceInts(name, t, d, set, shape)
	case []uint32:
		return reduceInts(name, t, d, set, shape)
	case []uint64:
		return reduceInts(name, t, d, set, shape)
	case []bool: // as the numbers 0 and 1
		bits := mapTensor(t, d, func(v bool) uint8 {
			if v {
				return 1
			}
			return 0
		})
		r, err := reduceInts(name, bits, tensor.Data[uint8](bits), set, shape)
		if err != nil {
			return nil, err
		}
		return mapTensor(r, tensor.Data[uint8](r), func(v uint8) bool { return v != 0 }), nil
	}
	return nil, noType(t)
}

// reduceFloats reduces in float64.
func reduceFloats[T float](name string, from tensor.Shape, x []T, set []bool, shape tensor.Shape) (*tensor.Tensor, error) {
	y, out := blank[T](shape)
	l := lanesOf(from, set)
	f, row := floatReduction(name), make([]float64, len(l.steps))
	for i := range out {
		readLane(&l, i, x, row)
		out[i] = T(f(row))
	}
	return y, nil
}

// reduceInts reduces integers exactly where the result is one, else in float64.
func reduceInts[T integer](name string, t *tensor.Tensor, x []T, set []bool, shape tensor.Shape) (*tensor.Tensor, error) {
	f := intReduction[T](name)
	if f == nil {
		wide, err := toFloat64(t)
		if err != nil {
			return nil, err
		}
		r, err := reduceFloats(name, t.Shape(), tensor.Data[float64](wide), set, shape)
		if err != nil {
			return nil, err
		}
		for _, v := range tensor.Data[float64](r) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, Invalidf("%v as %v", v, t.DType())
			}
		}
		return castTensor(r, t.DType())
	}
	y, out := blank[T](shape)
	l := lanesOf(t.Shape(), set)
	row := make([]T, len(l.steps))
	for i := range out {
		readLane(&l, i, x, row)
		out[i] = f(row)
	}
	return y, nil
}

// intReduction returns the named function on integers, nil if its results are
// none. Sums wrap around.
func intReduction[T integer](name string) func([]T) T {
	least, greatest := limits[T]()
	over := func(start T, f func(acc, v T) T) func([]T) T {
		return func(x []T) T {
			acc := start
			for _, v := range x {
				acc = f(acc, v)
			}
			return acc
		}
	}
	switch name {
	case "ReduceL1":
		return over(0, func(acc, v T) T {
			if v < 0 {
				v = -v
			}
			return acc + v
		})
	case "ReduceMax":
		return over(least, func(acc, v T) T { return max(acc, v) })
	case "ReduceMin":
		return over(greatest, func(acc, v T) T { return min(acc, v) })
	case "ReduceProd":
		return over(1, func(acc, v T) T { return acc * v })
	case "ReduceSum":
		return over(0, func(acc, v T) T { return acc + v })
	case "ReduceSumSquare":
		return over(0, func(acc, v T) T { return acc + v*v })
	}
	return nil
}

// floatReduction returns the named function. Of no elements it is the neutral
// element of the operation.
func floatReduction(name string) func([]float64) float64 {
	over := func(start float64, f func(acc, v float64) float64) func([]float64) float64 {
		return func(x []float64) float64 {
			acc := start
			for _, v := range x {
				acc = f(acc, v)
			}
			return acc
		}
	}
	sum := over(0, func(acc, v float64) float64 { return acc + v })
	squares := over(0, func(acc, v float64) float64 { return acc + v*v })
	switch name {
	case "ReduceL1":
		return over(0, func(acc, v float64) float64 { return acc + math.Abs(v) })
	case "ReduceL2":
		return func(x []float64) float64 { return math.Sqrt(squares(x)) }
	case "ReduceLogSum":
		return func(x []float64) float64 { return math.Log(sum(x)) }
	case "ReduceLogSumExp":
		return logSumExp
	case "ReduceMax":
		return over(math.Inf(-1), func(acc, v float64) float64 { return max(acc, v) })
	case "ReduceMean":
		return mean
	case "ReduceMin":
		return over(math.Inf(1), func(acc, v float64) float64 { return min(acc, v) })
	case "ReduceProd":
		return over(1, func(acc, v float64) float64 { return acc * v })
	case "ReduceSumSquare":
		return squares
	}
	return sum
}

// logSumExp does not overflow where its result does not.
func logSumExp(x []float64) float64 {
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, v)
	}
	if math.IsInf(top, 0) || math.IsNaN(top) {
		return top
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(v - top)
	}
	return top + math.Log(sum)
}
