package op

import (
	"math"
	"slices"

	"larder/model/tensor"
)

// Operators that choose elements by their values.
// https://onnx.ai/onnx/operators/onnx__TopK.html,
// https://onnx.ai/onnx/operators/onnx__NonZero.html,
// https://onnx.ai/onnx/operators/onnx__Compress.html,
// https://onnx.ai/onnx/operators/onnx__Unique.html,
// https://onnx.ai/onnx/operators/onnx__OneHot.html.

var chooseOps = []Entry{
	{"", "TopK", 1, newTopK},
	{"", "NonZero", 9, newNonZero},
	{"", "Compress", 9, newCompress},
	{"", "Unique", 11, newUnique},
	{"", "OneHot", 9, newOneHot},
}

// topK finds the k largest or smallest elements along an axis. Of equal ones
// the first comes first; NaN counts as the largest. The result is sorted also
// where the node does not ask for it.
type topK struct {
	axis, k  int64
	isAttr   bool // k is an attribute (opset 1)
	smallest bool
}

func newTopK(n Node) (Operator, error) {
	t := &topK{isAttr: n.Opset < 10}
	var err error
	if t.axis, err = n.Attrs.Int("axis", -1); err != nil {
		return nil, err
	}
	if t.isAttr {
		if t.k, err = n.Attrs.Int("k", -1); err != nil {
			return nil, err
		}
		return newRuled(n, arity{1, 1, 2}, t)
	}
	if n.Opset >= 11 {
		largest, err := n.Attrs.Int("largest", 1)
		if err != nil {
			return nil, err
		}
		t.smallest = largest == 0
	}
	return newRuled(n, arity{2, 2, 2}, t)
}

func (t *topK) types(in []Value) ([]Value, error) {
	v, k := in[0], t.k
	if !numberTypes.has(v.DType) {
		return nil, Invalidf("%v has no order", v)
	}
	known := true
	if !t.isAttr {
		ints, ok, err := constInts("k", in[1])
		if err != nil {
			return nil, err
		}
		if known = ok; known {
			if len(ints) != 1 {
				return nil, Invalidf("k has %d elements, want 1", len(ints))
			}
			k = ints[0]
		}
	}
	if known && (k < 0 || k > math.MaxInt32) {
		return nil, Invalidf("k is %d", k)
	}
	if !v.Ranked {
		return []Value{Unranked(v.DType), Unranked(tensor.Int64)}, nil
	}
	axis, err := axisOf(t.axis, len(v.Shape))
	if err != nil {
		return nil, err
	}
	shape := v.Shape.Clone()
	if known && shape[axis] >= 0 && int(k) > shape[axis] {
		return nil, Invalidf("k is %d of %d elements", k, shape[axis])
	}
	if shape[axis] = int(k); !known {
		shape[axis] = tensor.Unknown
	}
	return []Value{Of(v.DType, shape...), Of(tensor.Int64, shape...)}, nil
}

func (t *topK) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	axis, err := axisOf(t.axis, in[0].Rank())
	if err != nil {
		return nil, err
	}
	values, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	index, at := blank[int64](out[1].Shape)
	if len(at) == 0 {
		return []*tensor.Tensor{values, index}, nil
	}
	size, k := in[0].Dim(axis), values.Dim(axis)
	inner := dimsProduct(in[0].Shape()[axis+1:])
	order, compare := make([]int, size), comparer(in[0])
	for o := range in[0].Len() / size {
		from, to := o/inner*size*inner+o%inner, o/inner*k*inner+o%inner
		for i := range order {
			order[i] = from + i*inner
		}
		slices.SortStableFunc(order, func(i, j int) int {
			if t.smallest {
				return compare(i, j)
			}
			return compare(j, i)
		})
		for i, src := range order[:k] {
			m.move(to+i*inner, src, 1)
			at[to+i*inner] = int64((src - from) / inner)
		}
	}
	return []*tensor.Tensor{values, index}, nil
}

// nonZeros lists the indices of all elements that are not zero, one row for
// each dimension.
type nonZeros struct{}

func newNonZero(n Node) (Operator, error) { return newRuled(n, arity{1, 1, 1}, nonZeros{}) }

func (nonZeros) types(in []Value) ([]Value, error) {
	if !in[0].Ranked {
		return []Value{dimsOfRank(tensor.Int64, 2)}, nil
	}
	return []Value{Of(tensor.Int64, len(in[0].Shape), tensor.Unknown)}, nil
}

func (nonZeros) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	is, shape := nonZero(in[0]), in[0].Shape()
	var found []int
	for i := range in[0].Len() {
		if is(i) {
			found = append(found, i)
		}
	}
	v := Of(tensor.Int64, len(shape), len(found))
	if err := checkResult(v); err != nil {
		return nil, err
	}
	out, d := blank[int64](v.Shape)
	for j, i := range found {
		for k := len(shape) - 1; k >= 0; k-- {
			d[k*len(found)+j] = int64(i % shape[k])
			i /= shape[k]
		}
	}
	return []*tensor.Tensor{out}, nil
}

// compress keeps the slices along an axis (or the elements of the flattened
// input) where the condition is true.
type compress struct {
	axis    int64
	hasAxis bool
}

func newCompress(n Node) (Operator, error) {
	axis, err := n.Attrs.Int("axis", 0)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 2, 1}, &compress{axis, n.Attrs.Has("axis")})
}

func (c *compress) types(in []Value) ([]Value, error) {
	v, cond := in[0], in[1]
	if err := wantType("condition", cond, tensor.Bool); err != nil {
		return nil, err
	}
	if cond.Ranked && len(cond.Shape) != 1 {
		return nil, Invalidf("condition %v is not a vector", cond)
	}
	if !c.hasAxis {
		return []Value{dimsOfRank(v.DType, 1)}, nil
	}
	if !v.Ranked {
		return []Value{Unranked(v.DType)}, nil
	}
	axis, err := axisOf(c.axis, len(v.Shape))
	if err != nil {
		return nil, err
	}
	shape := v.Shape.Clone()
	shape[axis] = tensor.Unknown
	return []Value{Of(v.DType, shape...)}, nil
}

func (c *compress) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	data, axis := in[0], 0
	if !c.hasAxis {
		data = tensor.Must(data.Reshape(data.Len()))
	} else {
		var err error
		if axis, err = axisOf(c.axis, data.Rank()); err != nil {
			return nil, err
		}
	}
	var keep []int
	for i, ok := range tensor.Data[bool](in[1]) {
		if i >= data.Dim(axis) {
			return nil, Invalidf("condition %v is longer than the %d slices", in[1], data.Dim(axis))
		}
		if ok {
			keep = append(keep, i)
		}
	}
	return takeSlices(data, axis, keep)
}

// takeSlices returns the given slices of data along an axis.
func takeSlices(data *tensor.Tensor, axis int, keep []int) ([]*tensor.Tensor, error) {
	shape := data.Shape().Clone()
	shape[axis] = len(keep)
	dst, m, err := moved(Of(data.DType(), shape...), data)
	if err != nil || dst.Len() == 0 {
		return []*tensor.Tensor{dst}, err
	}
	size, inner := data.Dim(axis), dimsProduct(shape[axis+1:])
	for o := range dimsProduct(shape[:axis]) {
		for j, i := range keep {
			m.move((o*len(keep)+j)*inner, (o*size+i)*inner, inner)
		}
	}
	return []*tensor.Tensor{dst}, nil
}
