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
	}
	if !(intTypes | boolType).has(t.DType()) {
		return nil, noType(t)
	}
	return reduceInts(name, t, set, shape)
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
// Bools count as the numbers 0 and 1.
func reduceInts(name string, t *tensor.Tensor, set []bool, shape tensor.Shape) (*tensor.Tensor, error) {
	f := intReduction(name, t.DType())
	if f == nil {
		return reduceRounded(name, t, set, shape)
	}
	y := blankOf(t.DType(), shape)
	l := lanesOf(t.Shape(), set)
	row := make([]int64, len(l.steps))
	for i, n := 0, y.Len(); i < n; i++ {
		readIntLane(&l, i, t.Any(), row)
		writeInts(y.Any(), i, []int64{f(row)})
	}
	return y, nil
}

// reduceRounded reduces integers in float64 and drops the fraction.
func reduceRounded(name string, t *tensor.Tensor, set []bool, shape tensor.Shape) (*tensor.Tensor, error) {
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

// intReduction returns the named function on integers of type d, nil if its
// results are none. Sums wrap around.
func intReduction(name string, d tensor.DType) func([]int64) int64 {
	least, greatest := intLimits(d)
	flip := flipOf(d)
	switch name {
	case "ReduceL1":
		abs := intUnaryFunc("Abs", flip != 0)
		return overInts(0, func(acc, v int64) int64 { return acc + abs(v) })
	case "ReduceMax":
		return overInts(least, intFunc("Max", flip))
	case "ReduceMin":
		return overInts(greatest, intFunc("Min", flip))
	case "ReduceProd":
		return overInts(1, intFunc("Mul", flip))
	case "ReduceSum":
		return overInts(0, intFunc("Add", flip))
	case "ReduceSumSquare":
		return overInts(0, func(acc, v int64) int64 { return acc + v*v })
	}
	return nil
}

// overInts returns the function that joins all numbers, from start on, by f.
func overInts(start int64, f func(acc, v int64) int64) func([]int64) int64 {
	return func(x []int64) int64 {
		acc := start
		for _, v := range x {
			acc = f(acc, v)
		}
		return acc
	}
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
