package op

import (
	"testing"

	"larder/model/tensor"
)

// opset1Cases are right calls of operators as the first opset had them.
var opset1Cases = []opCase{
	{name: "name of a type", typ: "Cast", opset: 1, attrs: Attrs{"to": "INT32"}, in: tensors{of(dims(2), float32(1.5), -2)}, want: tensors{of(dims(2), int32(1), -2)}},
	{name: "float", typ: "Cast", opset: 5, attrs: Attrs{"to": "FLOAT"}, in: tensors{ints(3)}, want: tensors{tensor.Vector[float32](3)}},
	{name: "paddings", typ: "Pad", opset: 1, attrs: Attrs{"paddings": []int64{1, 0}, "value": float32(7)}, in: tensors{count(2)}, want: tensors{tensor.Vector[float32](7, 0, 1)}},
	{name: "in two", typ: "Split", opset: 1, attrs: Attrs{"axis": int64(0)}, in: tensors{count(2)}, outputs: 2, want: tensors{tensor.Vector[float32](0), tensor.Vector[float32](1)}},
	{name: "sizes", typ: "Split", opset: 1, attrs: Attrs{"axis": int64(0), "split": []int64{1, 2}}, in: tensors{count(3)}, outputs: 2, want: tensors{tensor.Vector[float32](0), tensor.Vector[float32](1, 2)}},
	{name: "sizes as input", typ: "Split", opset: 1, attrs: Attrs{"axis": int64(0)}, in: tensors{count(3), tensor.Vector[float32](2, 1)}, outputs: 2, want: tensors{tensor.Vector[float32](0, 1), tensor.Vector[float32](2)}},
	{name: "one axis", typ: "Tile", opset: 1, in: tensors{count(1, 2), tensor.Scalar[float32](2), tensor.Scalar[float32](1)}, want: tensors{of(dims(1, 4), float32(0), 1, 0, 1)}},
	{name: "scales", typ: "Upsample", opset: 1, attrs: Attrs{"height_scale": float32(1), "width_scale": float32(2)}, in: tensors{count(1, 1, 1, 2)}, want: tensors{of(dims(1, 1, 1, 4), float32(0), 0, 1, 1)}},
}

func TestOpset1(t *testing.T) { checkCases(t, opset1Cases) }
