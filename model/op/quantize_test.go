package op

import (
	"testing"

	"larder/model/tensor"
)

func u8(v ...uint8) *tensor.Tensor     { return tensor.Vector(v...) }
func s8(v ...int8) *tensor.Tensor      { return tensor.Vector(v...) }
func num(v float32) *tensor.Tensor     { return tensor.Scalar(v) }
func nums(v ...float32) *tensor.Tensor { return tensor.Vector(v...) }

var quantizeCases = []opCase{
	{name: "ties to even", typ: "QuantizeLinear", in: tensors{nums(0.5, 1.5, -9, 999), num(1), tensor.Scalar[uint8](3)}, want: tensors{u8(3, 5, 0, 255)}},
	{name: "no zero point", typ: "QuantizeLinear", opset: 10, in: tensors{nums(2), num(1)}, want: tensors{u8(2)}},
	{name: "axis", typ: "QuantizeLinear", attrs: Attrs{"axis": int64(-1)}, in: tensors{of([]int{1, 2}, float32(2), 2), nums(1, 2), s8(0, 1)}, want: tensors{of([]int{1, 2}, int8(2), 2)}},
	{name: "block", typ: "DequantizeLinear", opset: 21, attrs: Attrs{"axis": int64(0), "block_size": int64(2)}, in: tensors{s8(1, 1, 1), nums(1, 2)}, want: tensors{nums(1, 1, 2)}},
	{name: "int32", typ: "DequantizeLinear", in: tensors{tensor.Vector[int32](-7), num(0.5)}, want: tensors{nums(-3.5)}},
	{name: "range", typ: "DynamicQuantizeLinear", outputs: 3, in: tensors{nums(-1, 0, 254)}, want: tensors{u8(0, 1, 255), num(1), tensor.Scalar[uint8](1)}},
	{name: "zeros", typ: "DynamicQuantizeLinear", outputs: 3, in: tensors{nums(0)}, want: tensors{u8(0), num(1), tensor.Scalar[uint8](0)}},
	{name: "zero points", typ: "MatMulInteger", in: tensors{of([]int{1, 2}, uint8(1), 255), of([]int{2, 2}, int8(1), 2, 3, -128), tensor.Scalar[uint8](1), s8(1, 2)},
		want: tensors{of([]int{1, 2}, int32(254*2), 254*-130)}},
	{name: "padding is the zero point", typ: "ConvInteger", attrs: Attrs{"pads": []int64{0, 1, 0, 1}},
		in:   tensors{of([]int{1, 1, 1, 1}, uint8(5)), of([]int{1, 1, 1, 3}, uint8(1), 1, 1), tensor.Scalar[uint8](2)},
		want: tensors{of([]int{1, 1, 1, 1}, int32(3))}},
	{name: "bias and channels", typ: "QLinearConv", in: tensors{of([]int{1, 1, 1, 1}, uint8(4)), num(0.5), tensor.Scalar[uint8](2),
		of([]int{2, 1, 1, 1}, int8(3), -3), nums(1, 2), s8(0, 0), num(1), tensor.Scalar[uint8](10), tensor.Vector[int32](2, 0)},
		want: tensors{of([]int{1, 2, 1, 1}, uint8(14), 4)}},
	{name: "rows", typ: "QLinearMatMul", in: tensors{of([]int{2, 1}, uint8(2), 2), nums(1, 2), u8(0, 1), of([]int{1, 1}, uint8(3)), num(1), tensor.Scalar[uint8](0),
		num(2), tensor.Scalar[uint8](0)}, want: tensors{of([]int{2, 1}, uint8(3), 3)}},
}

func TestQuantize(t *testing.T) { checkCases(t, quantizeCases) }

func TestQuantizeInvalid(t *testing.T) {
	checkRefused(t, Invalid, []opCase{
		{name: "scale length", typ: "QuantizeLinear", in: tensors{of([]int{1, 2}, float32(2), 2), nums(1, 2, 3)}},
		{name: "axis", typ: "QuantizeLinear", in: tensors{nums(1, 2), nums(1, 2)}},
		{name: "per axis too early", typ: "QuantizeLinear", opset: 10, in: tensors{of([]int{1, 2}, float32(2), 2), nums(1, 2)}},
		{name: "zero point shape", typ: "DequantizeLinear", in: tensors{of([]int{1, 2}, uint8(2), 2), nums(1, 2), u8(1)}},
		{name: "zero point type", typ: "DequantizeLinear", in: tensors{u8(1), num(1), tensor.Scalar[int8](1)}},
		{name: "block size", typ: "DequantizeLinear", opset: 21, attrs: Attrs{"axis": int64(0), "block_size": int64(2)}, in: tensors{s8(1, 1, 1), nums(1, 2, 3)}},
		{name: "columns", typ: "MatMulInteger", in: tensors{of([]int{1, 1}, uint8(1)), of([]int{1, 2}, uint8(1), 2), tensor.Scalar[uint8](0), u8(1, 2, 3)}},
		{name: "sizes", typ: "MatMulInteger", in: tensors{of([]int{1, 2}, uint8(1), 2), of([]int{1, 2}, uint8(1), 2)}},
		{name: "type", typ: "ConvInteger", in: tensors{count(1, 1, 1, 1), count(1, 1, 1, 1)}},
	})
	checkRefused(t, Unsupported, []opCase{
		{name: "to float16", typ: "QuantizeLinear", opset: 21, attrs: Attrs{"output_dtype": int64(10)}, in: tensors{nums(1), num(1)}},
		{name: "to float8e8m0", typ: "QuantizeLinear", opset: 21, attrs: Attrs{"output_dtype": int64(24)}, in: tensors{nums(1), num(1)}},
	})
}
