package op

import (
	"math"
	"slices"

	"larder/model/tensor"
)

// Helpers that read Values and tensors the same way in every family.

// axisOf checks an axis against a rank and counts a negative one from the end.
func axisOf(axis int64, rank int) (int, error) {
	if axis < -int64(rank) || axis >= int64(rank) {
		return 0, Invalidf("axis %d is outside rank %d", axis, rank)
	}
	if axis < 0 {
		axis += int64(rank)
	}
	return int(axis), nil
}

// axesOf is axisOf for a list without repetitions.
func axesOf(axes []int64, rank int) ([]int, error) {
	out := make([]int, len(axes))
	seen := make([]bool, rank)
	for i, a := range axes {
		k, err := axisOf(a, rank)
		if err != nil {
			return nil, err
		}
		if seen[k] {
			return nil, Invalidf("axis %d is given twice", a)
		}
		out[i], seen[k] = k, true
	}
	return out, nil
}

// wantType checks the element type of v, if it is known.
func wantType(what string, v Value, allowed ...tensor.DType) error {
	if v.DType == tensor.Undefined || slices.Contains(allowed, v.DType) {
		return nil
	}
	return Invalidf("%s has element type %v, allowed are %v", what, v.DType, allowed)
}

// indexTypes are the element types of indices.
var indexTypes = []tensor.DType{tensor.Int32, tensor.Int64}

// commonType returns the one element type of all values, Undefined if unknown.
func commonType(vs ...Value) (tensor.DType, error) {
	d := tensor.Undefined
	for _, v := range vs {
		switch {
		case v.Absent || v.DType == tensor.Undefined:
		case d == tensor.Undefined:
			d = v.DType
		case d != v.DType:
			return d, Invalidf("element types %v and %v differ", d, v.DType)
		}
	}
	return d, nil
}

// intsOf returns the elements of an int32 or int64 tensor of rank 0 or 1.
func intsOf(what string, t *tensor.Tensor) ([]int64, error) {
	if t.Rank() > 1 {
		return nil, Invalidf("%s has rank %d, want 1", what, t.Rank())
	}
	return flatInts(what, t)
}

// flatInts returns the elements of an int32 or int64 tensor of any rank. The
// result may be shared with t.
func flatInts(what string, t *tensor.Tensor) ([]int64, error) {
	switch d := t.Any().(type) {
	case []int64:
		return d, nil
	case []int32:
		out := make([]int64, len(d))
		for i, v := range d {
			out[i] = int64(v)
		}
		return out, nil
	}
	return nil, Invalidf("%s has element type %v, allowed are %v", what, t.DType(), indexTypes)
}

// constInts returns the integers of v if they are known. An absent value is
// known to be nil.
func constInts(what string, v Value) (ints []int64, known bool, err error) {
	if v.Absent {
		return nil, true, nil
	}
	if v.Ranked && len(v.Shape) > 1 {
		return nil, false, Invalidf("%s has rank %d, want 1", what, len(v.Shape))
	}
	if err := wantType(what, v, indexTypes...); err != nil || v.Const == nil {
		return nil, false, err
	}
	ints, err = intsOf(what, v.Const)
	return ints, err == nil, err
}

// length returns the number of elements of a vector, Unknown if not known.
func length(v Value) int {
	switch {
	case !v.Ranked:
		return tensor.Unknown
	case len(v.Shape) == 0:
		return 1
	}
	return v.Shape[0]
}

// unknownShape returns a shape of the given rank without known sizes.
func unknownShape(rank int) tensor.Shape {
	s := make(tensor.Shape, rank)
	for i := range s {
		s[i] = tensor.Unknown
	}
	return s
}

// dimsOfRank returns a Value of the given rank with unknown sizes; a rank that
// is not known or not possible gives an unranked Value.
func dimsOfRank(d tensor.DType, rank int) Value {
	if rank < 0 || rank > tensor.MaxRank {
		return Unranked(d)
	}
	return Of(d, unknownShape(rank)...)
}

// dimsProduct multiplies sizes; Unknown if one of them is, or the product is
// beyond what a tensor can have.
func dimsProduct(s tensor.Shape) int {
	n := 1
	for _, d := range s {
		if d < 0 || d > 0 && n > math.MaxInt32/d {
			return tensor.Unknown
		}
		n *= d
	}
	return n
}

// mergeDim returns what two descriptions of one size say together.
func mergeDim(a, b int) (int, bool) {
	switch {
	case a < 0:
		return b, true
	case b < 0 || a == b:
		return a, true
	}
	return 0, false
}

// toShape turns integers from outside into a shape; each must be 0 or more.
func toShape(ints []int64) (tensor.Shape, error) {
	if len(ints) > tensor.MaxRank {
		return nil, Unsupportedf("shape of rank %d, at most %d are possible", len(ints), tensor.MaxRank)
	}
	s := make(tensor.Shape, len(ints))
	for i, d := range ints {
		if d < 0 {
			return nil, Invalidf("dimension %d of the shape is negative: %d", i, d)
		}
		if d > math.MaxInt32 {
			return nil, Unsupportedf("dimension %d of the shape is too large: %d", i, d)
		}
		s[i] = int(d)
	}
	return s, nil
}

// single returns a slice of one tensor, the form in which run answers.
func single(t *tensor.Tensor, err error) ([]*tensor.Tensor, error) {
	if err != nil {
		return nil, Invalidf("%v", err)
	}
	return []*tensor.Tensor{t}, nil
}

// input returns the i-th Value, Absent if the node has fewer inputs.
func input(in []Value, i int) Value {
	if i < len(in) {
		return in[i]
	}
	return Value{Absent: true}
}

// tensorAt returns the i-th tensor, nil if the node has fewer inputs.
func tensorAt(in []*tensor.Tensor, i int) *tensor.Tensor {
	if i < len(in) {
		return in[i]
	}
	return nil
}
