package op

import (
	"testing"

	"larder/model/tensor"
)

// ints returns an int64 vector, the form of shapes, axes and indices.
func ints(v ...int64) *tensor.Tensor { return tensor.Vector(v...) }

// count returns 0, 1, 2 … in the given shape.
func count(shape ...int) *tensor.Tensor {
	n, _ := tensor.Shape(shape).Elems()
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i)
	}
	return of(shape, v...)
}

type tensors = []*tensor.Tensor

// moveCases are calls of the operators that move data, right ones.
var moveCases = []opCase{
	{name: "copy and rest", typ: "Reshape", in: tensors{count(2, 3, 4), ints(0, -1)}, want: tensors{count(2, 12)}},
	{name: "attribute", typ: "Reshape", opset: 4, attrs: Attrs{"shape": []int64{4, -1}}, in: tensors{count(2, 6)}, want: tensors{count(4, 3)}},
	{name: "zero", typ: "Reshape", attrs: Attrs{"allowzero": int64(1)}, in: tensors{count(0, 3), ints(3, 0)}, want: tensors{count(3, 0)}},
	{name: "negative axis", typ: "Flatten", attrs: Attrs{"axis": int64(-1)}, in: tensors{count(2, 3, 4)}, want: tensors{count(6, 4)}},
	{name: "scalar", typ: "Flatten", attrs: Attrs{"axis": int64(0)}, in: tensors{count()}, want: tensors{count(1, 1)}},
	{name: "all", typ: "Squeeze", in: tensors{count(1, 3, 1)}, want: tensors{count(3)}},
	{name: "input", typ: "Squeeze", in: tensors{count(1, 3, 1), ints(-1)}, want: tensors{count(1, 3)}},
	{name: "attribute", typ: "Squeeze", opset: 11, attrs: Attrs{"axes": []int64{0}}, in: tensors{count(1, 3, 1)}, want: tensors{count(3, 1)}},
	{name: "input", typ: "Unsqueeze", in: tensors{count(3), ints(0, -1)}, want: tensors{count(1, 3, 1)}},
	{name: "attribute", typ: "Unsqueeze", opset: 11, attrs: Attrs{"axes": []int64{1}}, in: tensors{count(3)}, want: tensors{count(3, 1)}},
	{name: "range", typ: "Shape", attrs: Attrs{"start": int64(-2), "end": int64(9)}, in: tensors{count(2, 3, 4)}, want: tensors{ints(3, 4)}},
	{name: "scalar", typ: "Size", in: tensors{count()}, want: tensors{tensor.Scalar[int64](1)}},
	{name: "string", typ: "Identity", in: tensors{tensor.Vector("a", "b")}, want: tensors{tensor.Vector("a", "b")}},
	{name: "reverse", typ: "Transpose", in: tensors{count(2, 2)}, want: tensors{of([]int{2, 2}, float32(0), 2, 1, 3)}},
	{name: "bool", typ: "Transpose", attrs: Attrs{"perm": []int64{1, 0}}, in: tensors{of([]int{1, 2}, true, false)}, want: tensors{of([]int{2, 1}, true, false)}},
	{name: "strings", typ: "Concat", attrs: Attrs{"axis": int64(-1)}, in: tensors{tensor.Vector("a"), tensor.Vector("b", "c")}, want: tensors{tensor.Vector("a", "b", "c")}},
	{name: "uneven", typ: "Split", opset: 18, attrs: Attrs{"num_outputs": int64(2)}, outputs: 2, in: tensors{count(3)}, want: tensors{count(2), tensor.Vector[float32](2)}},
	{name: "sizes", typ: "Split", outputs: 2, in: tensors{count(3), ints(1, 2)}, want: tensors{count(1), tensor.Vector[float32](1, 2)}},
	{name: "attribute", typ: "Split", opset: 7, attrs: Attrs{"split": []int64{2, 1}}, outputs: 2, in: tensors{count(3)}, want: tensors{count(2), tensor.Vector[float32](2)}},
	{name: "CRD", typ: "DepthToSpace", attrs: Attrs{"blocksize": int64(2), "mode": "CRD"}, in: tensors{count(1, 4, 1, 1)}, want: tensors{count(1, 1, 2, 2)}},
	{name: "plane", typ: "SpaceToDepth", attrs: Attrs{"blocksize": int64(2)}, in: tensors{count(1, 1, 2, 2)}, want: tensors{count(1, 4, 1, 1)}},
	{name: "backwards", typ: "Slice", in: tensors{count(4), ints(-1), ints(-100), ints(0), ints(-2)}, want: tensors{tensor.Vector[float32](3, 1)}},
	{name: "attributes", typ: "Slice", opset: 9, attrs: Attrs{"starts": []int64{1}, "ends": []int64{9}}, in: tensors{count(3)}, want: tensors{tensor.Vector[float32](1, 2)}},
	{name: "extreme", typ: "Slice", in: tensors{count(3), ints(-1 << 63), ints(1<<63 - 1), ints(0), ints(1<<63 - 1)}, want: tensors{count(1)}},
	{name: "extreme backwards", typ: "Slice", in: tensors{count(3), ints(1<<63 - 1), ints(-1 << 63), ints(0), ints(-1 << 63)}, want: tensors{tensor.Vector[float32](2)}},
	{name: "negative index", typ: "Gather", attrs: Attrs{"axis": int64(1)}, in: tensors{count(2, 2), tensor.Scalar[int64](-1)}, want: tensors{tensor.Vector[float32](1, 3)}},
	{name: "axis 1", typ: "GatherElements", attrs: Attrs{"axis": int64(1)}, in: tensors{count(2, 2), of([]int{2, 1}, int64(1), -2)}, want: tensors{of([]int{2, 1}, float32(1), 2)}},
	{name: "batch", typ: "GatherND", attrs: Attrs{"batch_dims": int64(1)}, in: tensors{count(2, 2), of([]int{2, 1}, int64(1), 0)}, want: tensors{tensor.Vector[float32](1, 2)}},
	{name: "old name", typ: "Scatter", opset: 9, in: tensors{count(3), ints(0), tensor.Vector[float32](9)}, want: tensors{tensor.Vector[float32](9, 1, 2)}},
	{name: "add twice", typ: "ScatterElements", opset: 18, attrs: Attrs{"reduction": "add"}, in: tensors{count(3), ints(0, 0), tensor.Vector[float32](4, 5)}, want: tensors{tensor.Vector[float32](9, 1, 2)}},
	{name: "rows", typ: "ScatterND", in: tensors{count(2, 2), of([]int{1, 1}, int64(1)), of([]int{1, 2}, float32(8), 9)}, want: tensors{of([]int{2, 2}, float32(0), 1, 8, 9)}},
	{name: "both ways", typ: "Expand", in: tensors{of([]int{2, 1}, float32(1), 2), ints(2)}, want: tensors{of([]int{2, 2}, float32(1), 1, 2, 2)}},
	{name: "two", typ: "Tile", in: tensors{count(2), ints(2)}, want: tensors{tensor.Vector[float32](0, 1, 0, 1)}},
	{name: "lower", typ: "Trilu", attrs: Attrs{"upper": int64(0)}, in: tensors{of([]int{2, 2}, int64(1), 2, 3, 4)}, want: tensors{of([]int{2, 2}, int64(1), 0, 3, 4)}},
	{name: "far", typ: "Trilu", in: tensors{of([]int{1, 2}, int64(1), 2), tensor.Scalar[int64](1 << 62)}, want: tensors{of([]int{1, 2}, int64(0), 0)}},
	{name: "time first", typ: "ReverseSequence", in: tensors{count(3, 1), ints(2)}, want: tensors{of([]int{3, 1}, float32(1), 0, 2)}},
	{name: "constant", typ: "Pad", in: tensors{tensor.Vector("b"), ints(1, 0), tensor.Scalar("a")}, want: tensors{tensor.Vector("a", "b")}},
	{name: "crop", typ: "Pad", in: tensors{count(4), ints(-1, 1)}, want: tensors{tensor.Vector[float32](1, 2, 3, 0)}},
	{name: "reflect", typ: "Pad", attrs: Attrs{"mode": "reflect"}, in: tensors{count(3), ints(2, 1)}, want: tensors{tensor.Vector[float32](2, 1, 0, 1, 2, 1)}},
	{name: "wrap", typ: "Pad", opset: 19, attrs: Attrs{"mode": "wrap"}, in: tensors{count(3), ints(1, 2)}, want: tensors{tensor.Vector[float32](2, 0, 1, 2, 0, 1)}},
	{name: "attributes", typ: "Pad", opset: 10, attrs: Attrs{"pads": []int64{1, 0}, "value": float32(7)}, in: tensors{count(1)}, want: tensors{tensor.Vector[float32](7, 0)}},
	{name: "axes", typ: "Pad", opset: 18, attrs: Attrs{"mode": "edge"}, in: tensors{count(1, 2), ints(0, 1), nil, ints(-1)}, want: tensors{of([]int{1, 3}, float32(0), 1, 1)}},
	{name: "value", typ: "Constant", attrs: Attrs{"value_strings": []string{"a"}}, want: tensors{tensor.Vector("a")}},
	{name: "value", typ: "ConstantOfShape", attrs: Attrs{"value": tensor.Vector[int8](5)}, in: tensors{ints(2)}, want: tensors{tensor.Vector[int8](5, 5)}},
	{name: "down", typ: "Range", in: tensors{tensor.Scalar[int64](3), tensor.Scalar[int64](0), tensor.Scalar[int64](-2)}, want: tensors{ints(3, 1)}},
	{name: "extreme", typ: "Range", in: tensors{tensor.Scalar[int64](-1 << 63), tensor.Scalar[int64](1<<63 - 1), tensor.Scalar[int64](1<<63 - 1)}, want: tensors{ints(-1<<63, -1, 1<<63-2)}},
	{name: "float", typ: "Range", in: tensors{tensor.Scalar[float32](0), tensor.Scalar[float32](1), tensor.Scalar[float32](0.4)}, want: tensors{tensor.Vector[float32](0, 0.4, 0.8)}},
	{name: "shifted", typ: "EyeLike", attrs: Attrs{"k": int64(1), "dtype": int64(9)}, in: tensors{count(2, 2)}, want: tensors{of([]int{2, 2}, false, true, false, false)}},
	{name: "largest", typ: "TopK", outputs: 2, in: tensors{tensor.Vector[float32](3, 7, 7), ints(2)}, want: tensors{tensor.Vector[float32](7, 7), ints(1, 2)}},
	{name: "attribute", typ: "TopK", opset: 9, attrs: Attrs{"k": int64(1)}, outputs: 2, in: tensors{tensor.Vector[float32](3, 7)}, want: tensors{tensor.Vector[float32](7), ints(1)}},
	{name: "matrix", typ: "NonZero", in: tensors{of([]int{2, 2}, true, false, true, true)}, want: tensors{of([]int{2, 3}, int64(0), 1, 1, 0, 0, 1)}},
	{name: "flat", typ: "Compress", in: tensors{count(2, 2), tensor.Vector(false, true, true)}, want: tensors{tensor.Vector[float32](1, 2)}},
	{name: "axis", typ: "Compress", attrs: Attrs{"axis": int64(1)}, in: tensors{count(2, 2), tensor.Vector(false, true)}, want: tensors{of([]int{2, 1}, float32(1), 3)}},
	{name: "strings", typ: "Unique", outputs: 4, in: tensors{tensor.Vector("b", "a", "b")}, want: tensors{tensor.Vector("a", "b"), ints(1, 0), ints(1, 0, 1), ints(1, 2)}},
	{name: "unsorted", typ: "Unique", attrs: Attrs{"sorted": int64(0), "axis": int64(0)}, in: tensors{of([]int{3, 1}, int64(2), 1, 2)}, want: tensors{of([]int{2, 1}, int64(2), 1)}},
	{name: "negative", typ: "OneHot", in: tensors{ints(-1, 5), tensor.Scalar[int64](2), tensor.Vector("no", "yes")}, want: tensors{of([]int{2, 2}, "no", "yes", "no", "no")}},
	{name: "nearest", typ: "Resize", attrs: Attrs{"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, in: tensors{count(2), nil, tensor.Vector[float32](2)}, want: tensors{tensor.Vector[float32](0, 0, 1, 1)}},
	{name: "linear sizes", typ: "Resize", attrs: Attrs{"mode": "linear", "coordinate_transformation_mode": "align_corners"}, in: tensors{count(2), nil, nil, ints(3)}, want: tensors{tensor.Vector[float32](0, 0.5, 1)}},
	{name: "no region yet", typ: "Resize", opset: 10, in: tensors{count(2), tensor.Vector[float32](2)}, want: tensors{tensor.Vector[float32](0, 0, 1, 1)}},
	{name: "antialias", typ: "Resize", opset: 18, attrs: Attrs{"mode": "linear", "antialias": int64(1)}, in: tensors{count(4), nil, tensor.Vector[float32](0.5)}, want: tensors{tensor.Vector[float32](0.625, 2.375)}},
	{name: "attribute", typ: "Upsample", opset: 7, attrs: Attrs{"mode": "linear", "scales": []float32{2}}, in: tensors{count(2)}, want: tensors{tensor.Vector[float32](0, 0.5, 1, 1)}},
	{name: "input", typ: "Upsample", opset: 9, in: tensors{count(2), tensor.Vector[float32](1.5)}, want: tensors{tensor.Vector[float32](0, 0, 1)}},
}

func TestMove(t *testing.T) { checkCases(t, moveCases) }

func TestMoveInvalid(t *testing.T) {
	checkRefused(t, Invalid, []opCase{
		{name: "two rests", typ: "Reshape", in: tensors{count(4), ints(-1, -1)}},
		{name: "negative", typ: "Reshape", in: tensors{count(4), ints(-2)}},
		{name: "size", typ: "Reshape", in: tensors{count(4), ints(3)}},
		{name: "rest", typ: "Reshape", in: tensors{count(4), ints(3, -1)}},
		{name: "overflow", typ: "Reshape", in: tensors{count(4), ints(1<<31-1, 1<<31-1, 1<<31-1, -1)}},
		{name: "copies beyond", typ: "Reshape", in: tensors{count(4), ints(4, 0)}},
		{name: "zero and rest", typ: "Reshape", attrs: Attrs{"allowzero": int64(1)}, in: tensors{count(0), ints(0, -1)}},
		{name: "float shape", typ: "Reshape", in: tensors{count(4), count(1)}},
		{name: "axis", typ: "Flatten", attrs: Attrs{"axis": int64(2)}, in: tensors{count(4)}},
		{name: "not one", typ: "Squeeze", in: tensors{count(2), ints(0)}},
		{name: "twice", typ: "Unsqueeze", in: tensors{count(2), ints(0, -3)}},
		{name: "twice", typ: "Transpose", attrs: Attrs{"perm": []int64{0, 0}}, in: tensors{count(2, 2)}},
		{name: "types", typ: "Concat", attrs: Attrs{"axis": int64(0)}, in: tensors{count(2), ints(1)}},
		{name: "sizes", typ: "Concat", attrs: Attrs{"axis": int64(0)}, in: tensors{count(2, 2), count(2, 3)}},
		{name: "no axis", typ: "Concat", in: tensors{count(2)}},
		{name: "uneven", typ: "Split", opset: 13, outputs: 2, in: tensors{count(3)}},
		{name: "sum", typ: "Split", outputs: 2, in: tensors{count(3), ints(1, 1)}},
		{name: "too many", typ: "Split", opset: 18, attrs: Attrs{"num_outputs": int64(5)}, outputs: 5, in: tensors{count(3)}},
		{name: "blocksize", typ: "DepthToSpace", attrs: Attrs{"blocksize": int64(0)}, in: tensors{count(1, 4, 1, 1)}},
		{name: "plane", typ: "SpaceToDepth", attrs: Attrs{"blocksize": int64(2)}, in: tensors{count(1, 4, 1, 1)}},
		{name: "step", typ: "Slice", in: tensors{count(3), ints(0), ints(1), ints(0), ints(0)}},
		{name: "lengths", typ: "Slice", in: tensors{count(3), ints(0), ints(1, 2)}},
		{name: "axis", typ: "Slice", in: tensors{count(3), ints(0), ints(1), ints(1)}},
		{name: "index", typ: "Gather", in: tensors{count(3), ints(3)}},
		{name: "empty", typ: "Gather", in: tensors{count(0), ints(0)}},
		{name: "rank", typ: "GatherElements", in: tensors{count(3), of([]int{1, 1}, int64(0))}},
		{name: "larger", typ: "GatherElements", in: tensors{count(1, 1), of([]int{1, 2}, int64(0), 0)}},
		{name: "tuple", typ: "GatherND", in: tensors{count(3), of([]int{1, 2}, int64(0), 0)}},
		{name: "batch", typ: "GatherND", attrs: Attrs{"batch_dims": int64(1)}, in: tensors{count(3), ints(0)}},
		{name: "updates", typ: "ScatterND", in: tensors{count(3), of([]int{1, 1}, int64(0)), count(2)}},
		{name: "index", typ: "ScatterND", in: tensors{count(3), of([]int{1, 1}, int64(3)), count(1)}},
		{name: "reduction", typ: "ScatterElements", opset: 16, attrs: Attrs{"reduction": "max"}, in: tensors{count(3), ints(0), count(1)}},
		{name: "shape", typ: "Expand", in: tensors{count(3), ints(2)}},
		{name: "negative", typ: "Expand", in: tensors{count(3), ints(-1)}},
		{name: "repeats", typ: "Tile", in: tensors{count(3), ints(1, 1)}},
		{name: "length", typ: "ReverseSequence", in: tensors{count(3, 1), ints(4)}},
		{name: "mode", typ: "Pad", opset: 18, attrs: Attrs{"mode": "wrap"}, in: tensors{count(3), ints(1, 1)}},
		{name: "below nothing", typ: "Pad", in: tensors{count(3), ints(-2, -2)}},
		{name: "of nothing", typ: "Pad", attrs: Attrs{"mode": "edge"}, in: tensors{count(0), ints(1, 0)}},
		{name: "two values", typ: "Constant", attrs: Attrs{"value_int": int64(1), "value_float": float32(1)}},
		{name: "negative", typ: "ConstantOfShape", in: tensors{ints(-1)}},
		{name: "step", typ: "Range", in: tensors{tensor.Scalar[int64](3), tensor.Scalar[int64](0), tensor.Scalar[int64](0)}},
		{name: "k", typ: "TopK", in: tensors{count(3), ints(4)}},
		{name: "condition", typ: "Compress", in: tensors{count(1), tensor.Vector(true, true)}},
		{name: "depth", typ: "OneHot", in: tensors{ints(0), tensor.Scalar[int64](-1), ints(0, 1)}},
		{name: "neither", typ: "Resize", in: tensors{count(2), nil, nil}},
		{name: "scale", typ: "Resize", in: tensors{count(2), nil, tensor.Vector[float32](0)}},
		{name: "of nothing", typ: "Resize", in: tensors{count(0), nil, nil, ints(2)}},
		{name: "string", typ: "Cast", attrs: Attrs{"to": int64(1)}, in: tensors{tensor.Vector("x")}},
	})
}

// TestMoveTooLarge asks for results that must not be allocated.
func TestMoveTooLarge(t *testing.T) {
	huge := int64(1) << 30
	checkRefused(t, Unsupported, []opCase{
		{name: "huge", typ: "Expand", in: tensors{count(1), ints(huge)}},
		{name: "overflow", typ: "Expand", in: tensors{count(1), ints(huge, huge, huge)}},
		{name: "huge", typ: "Tile", in: tensors{count(1), ints(huge)}},
		{name: "huge", typ: "ConstantOfShape", in: tensors{ints(huge)}},
		{name: "huge", typ: "Range", in: tensors{tensor.Scalar[int64](0), tensor.Scalar[int64](1 << 62), tensor.Scalar[int64](1)}},
		{name: "huge", typ: "Pad", in: tensors{count(1), ints(huge, huge)}},
		{name: "huge", typ: "Resize", in: tensors{count(1), nil, tensor.Vector[float32](1e9)}},
		{name: "linear", typ: "Resize", attrs: Attrs{"mode": "linear"}, in: tensors{count(1), nil, tensor.Vector[float32](1e8)}},
		{name: "huge", typ: "OneHot", in: tensors{ints(0), tensor.Scalar(huge), count(2)}},
		{name: "float6", typ: "Cast", attrs: Attrs{"to": int64(27)}, in: tensors{count(1)}},
	})
}
