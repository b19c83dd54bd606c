package op

import (
	"slices"
	"sort"

	"larder/model/tensor"
)

// unique finds the distinct elements, or the distinct slices along an axis;
// where they first are; which one each input is; how often each occurs.
type unique struct {
	axis    int64
	hasAxis bool
	sorted  bool
}

func newUnique(n Node) (Operator, error) {
	axis, err := n.Attrs.Int("axis", 0)
	if err != nil {
		return nil, err
	}
	sorted, err := n.Attrs.Int("sorted", 1)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 4}, &unique{axis, n.Attrs.Has("axis"), sorted != 0})
}

func (u *unique) types(in []Value) ([]Value, error) {
	v := in[0]
	list := dimsOfRank(tensor.Int64, 1)
	out := []Value{dimsOfRank(v.DType, 1), list, list, list}
	switch {
	case !u.hasAxis && v.Ranked:
		out[2] = Of(tensor.Int64, dimsProduct(v.Shape))
	case !v.Ranked:
		out[0] = Unranked(v.DType)
	default:
		axis, err := axisOf(u.axis, len(v.Shape))
		if err != nil {
			return nil, err
		}
		shape := v.Shape.Clone()
		shape[axis] = tensor.Unknown
		out[0], out[2] = Of(v.DType, shape...), Of(tensor.Int64, v.Shape[axis])
	}
	if !u.hasAxis {
		out[0] = dimsOfRank(v.DType, 1)
	}
	return out, nil
}

func (u *unique) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	data, axis := in[0], 0
	if !u.hasAxis {
		data = tensor.Must(data.Reshape(data.Len()))
	} else {
		var err error
		if axis, err = axisOf(u.axis, data.Rank()); err != nil {
			return nil, err
		}
	}
	first, inverse, counts := u.groups(data, axis)
	out, err := takeSlices(data, axis, first)
	if err != nil {
		return nil, err
	}
	return append(out, intVector(first), intVector(inverse), intVector(counts)), nil
}

// groups returns the first slice of each group of equal ones, in the order of
// the result; the group of each slice; the size of each group.
func (u *unique) groups(data *tensor.Tensor, axis int) (first, inverse, counts []int) {
	order := make([]int, data.Dim(axis))
	for i := range order {
		order[i] = i
	}
	compare := sliceComparer(data, axis)
	slices.SortStableFunc(order, compare)
	var starts [][]int // runs of equal slices, each in input order
	for i, k := range order {
		if i == 0 || compare(order[i-1], k) != 0 {
			starts = append(starts, nil)
		}
		starts[len(starts)-1] = append(starts[len(starts)-1], k)
	}
	if !u.sorted {
		sort.Slice(starts, func(i, j int) bool { return starts[i][0] < starts[j][0] })
	}
	inverse = make([]int, len(order))
	for g, run := range starts {
		first, counts = append(first, run[0]), append(counts, len(run))
		for _, k := range run {
			inverse[k] = g
		}
	}
	return first, inverse, counts
}

// sliceComparer orders slices along an axis by their elements in turn.
func sliceComparer(data *tensor.Tensor, axis int) func(i, j int) int {
	compare := comparer(data)
	if data.Len() == 0 {
		return func(i, j int) int { return 0 }
	}
	size, inner := data.Dim(axis), dimsProduct(data.Shape()[axis+1:])
	outer := data.Len() / size / inner
	return func(i, j int) int {
		for o := range outer {
			for k := range inner {
				at := o*size*inner + k
				if c := compare(at+i*inner, at+j*inner); c != 0 {
					return c
				}
			}
		}
		return 0
	}
}
