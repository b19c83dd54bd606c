package op

import "larder/model/tensor"

// Operators on quantised tensors, of com.microsoft: each number stands for
// (number - zero point) · scale. They are written as dequantise, compute,
// quantise, which kernels of integers look for.

var contribQuantOps = []Entry{
	{contribDomain, "DequantizeLinear", 1, expander(arity{2, 3, 1}, renamed("DequantizeLinear"))},
	{contribDomain, "DynamicQuantizeMatMul", 1, expander(arity{3, 5, 1}, expandDynamicMatMul)},
	{contribDomain, "MatMulIntegerToFloat", 1, expander(arity{4, 7, 1}, expandIntegerMatMul)},
	{contribDomain, "MatMulNBits", 1, newBitMatMul},
	{contribDomain, "QAttention", 1, expander(arity{5, 9, 2}, expandQAttention)},
	{contribDomain, "QGemm", 1, expander(arity{6, 9, 1}, expandQGemm)},
	{contribDomain, "QLinearAdd", 1, expander(arity{7, 8, 1}, expandQBinary)},
	{contribDomain, "QLinearAveragePool", 1, expander(arity{4, 5, 1}, expandQUnary)},
	{contribDomain, "QLinearConcat", 1, expander(arity{5, -1, 1}, expandQConcat)},
	{contribDomain, "QLinearConv", 1, expander(arity{8, 9, 1}, expandQConv)},
	{contribDomain, "QLinearGlobalAveragePool", 1, expander(arity{4, 5, 1}, expandQUnary)},
	{contribDomain, "QLinearLeakyRelu", 1, expander(arity{4, 5, 1}, expandQUnary)},
	{contribDomain, "QLinearMul", 1, expander(arity{7, 8, 1}, expandQBinary)},
	{contribDomain, "QLinearReduceMean", 1, expander(arity{4, 5, 1}, expandQUnary)},
	{contribDomain, "QLinearSigmoid", 1, expander(arity{4, 5, 1}, expandQUnary)},
	{contribDomain, "QLinearSoftmax", 1, expander(arity{4, 5, 1}, expandQUnary)},
	{contribDomain, "QLinearWhere", 1, expander(arity{9, 9, 1}, expandQWhere)},
	{contribDomain, "QuantizeLinear", 1, expander(arity{2, 3, 1}, renamed("QuantizeLinear"))},
}

// wide adds what dequantises input i, whose scale and zero point follow.
func (x *expansion) wide(i int) string {
	return x.add("DequantizeLinear", nil, x.in(i), x.in(i+1), x.in(i+2))
}

// quantised gives a result as output 0; scale and zero point are inputs i, i+1.
// Without a zero point the result is of uint8.
func (x *expansion) quantised(y string, i int) {
	x.give(0, x.add("QuantizeLinear", nil, y, x.in(i), x.in(i+1)))
}

func expandQBinary(x *expansion) error {
	x.quantised(x.add(x.Type[len("QLinear"):], nil, x.wide(0), x.wide(3)), 6)
	return nil
}

func expandQWhere(x *expansion) error {
	x.quantised(x.add("Where", nil, x.in(0), x.wide(1), x.wide(4)), 7)
	return nil
}

// expandQUnary writes the operators of one tensor.
func expandQUnary(x *expansion) error {
	rows, err := flag(x.Attrs, "channels_last", 0)
	if err != nil {
		return err
	}
	y := x.wide(0)
	if rows {
		y = x.add("Transpose", toPlanes, y)
	}
	typ := x.Type[len("QLinear"):]
	switch typ {
	case "AveragePool":
		y = x.add(typ, x.pick("auto_pad", "ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides"), y)
	case "LeakyRelu":
		y = x.add(typ, x.pick("alpha"), y)
	case "Softmax":
		y, err = x.oldSoftmax(y)
	case "ReduceMean":
		y, err = x.oldMean(y)
	default:
		y = x.add(typ, nil, y)
	}
	if err != nil {
		return err
	}
	if rows {
		y = x.add("Transpose", toRows, y)
	}
	x.quantised(y, 3)
	return nil
}

// oldSoftmax adds a Softmax as of the opset that an attribute says: before 13
// it runs over all dimensions from the axis on.
func (x *expansion) oldSoftmax(y string) (string, error) {
	opset, err := x.Attrs.Int("opset", 13)
	if err != nil {
		return "", err
	}
	if opset >= 13 {
		return x.add("Softmax", x.pick("axis"), y), nil
	}
	flat := x.add("Softmax", nil, x.add("Flatten", x.pick("axis"), y))
	return x.add("Reshape", Attrs{"allowzero": int64(1)}, flat, x.add("Shape", nil, y)), nil
}

// oldMean adds a ReduceMean whose axes are an attribute.
func (x *expansion) oldMean(y string) (string, error) {
	axes, err := x.Attrs.Ints("axes")
	if err != nil {
		return "", err
	}
	list := ""
	if len(axes) > 0 {
		list = x.value(tensor.Vector(axes...))
	}
	return x.add("ReduceMean", x.pick("keepdims"), y, list), nil
}

func expandQConcat(x *expansion) error {
	if (len(x.Inputs)-2)%3 != 0 {
		return Invalidf("%d inputs, want 2 and three for each tensor", len(x.Inputs))
	}
	var parts []string
	for i := 2; i < len(x.Inputs); i += 3 {
		parts = append(parts, x.wide(i))
	}
	x.quantised(x.add("Concat", x.pick("axis"), parts...), 0)
	return nil
}

func expandQConv(x *expansion) error {
	rows, err := flag(x.Attrs, "channels_last", 0)
	if err != nil {
		return err
	}
	in := make([]string, len(x.Inputs))
	for i := range in {
		in[i] = x.in(i)
	}
	if rows {
		in[0] = x.add("Transpose", toPlanes, in[0])
	}
	attrs := x.pick("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
	y := x.add("QLinearConv", attrs, in...)
	if rows {
		y = x.add("Transpose", toRows, y)
	}
	x.give(0, y)
	return nil
}

// expandQGemm writes QGemm: C counts in products of both scales; without an
// output scale the result stays float.
func expandQGemm(x *expansion) error {
	turn, err := flag(x.Attrs, "transB", 0)
	if err != nil {
		return err
	}
	axis := int64(1) // of the columns of B, which may have a scale each
	if turn {
		axis = 0
	}
	b := x.add("DequantizeLinear", Attrs{"axis": axis}, x.in(3), x.in(4), x.in(5))
	c := x.in(6)
	if c != "" {
		scale := x.add("Mul", nil, x.in(1), x.in(4))
		c = x.add("Mul", nil, x.add("Cast", Attrs{"to": int64(tensor.Float32)}, c), scale)
	}
	attrs := x.pick("transA", "transB", "alpha")
	y := x.add("Gemm", attrs, x.wide(0), b, "")
	if c != "" {
		y = x.plus(y, c)
	}
	if x.has(7) {
		x.quantised(y, 7)
	} else {
		x.give(0, y)
	}
	return nil
}

// integerProduct adds the product of integers and scales it.
func (x *expansion) integerProduct(a, b, aZero, bZero, aScale, bScale, bias string) string {
	y := x.add("Cast", Attrs{"to": int64(tensor.Float32)}, x.add("MatMulInteger", nil, a, b, aZero, bZero))
	return x.plus(x.add("Mul", nil, y, x.add("Mul", nil, aScale, bScale)), bias)
}

func expandDynamicMatMul(x *expansion) error {
	a := x.all(3, "", "DynamicQuantizeLinear", nil, x.in(0))
	x.give(0, x.integerProduct(a[0], x.in(1), a[2], x.in(3), a[1], x.in(2), x.in(4)))
	return nil
}

func expandIntegerMatMul(x *expansion) error {
	x.give(0, x.integerProduct(x.in(0), x.in(1), x.in(4), x.in(5), x.in(2), x.in(3), x.in(6)))
	return nil
}

func expandQAttention(x *expansion) error {
	if err := x.refuse("do_rotary", "past_present_share_buffer"); err != nil {
		return err
	}
	y := x.integerProduct(x.in(0), x.in(1), x.in(6), x.in(7), x.in(3), x.in(4), x.in(2))
	return x.selfAttention(y, 5, 8, 9)
}
