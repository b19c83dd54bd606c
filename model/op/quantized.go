package op

import (
	"larder/model/tensor"
)

// Products and convolutions of 8-bit integers. The zero points are taken off
// and the float64 form of the operator does the rest: sums of products of two
// 9-bit numbers are exact in float64 for any size that fits in memory.
// https://onnx.ai/onnx/operators/onnx__QLinearConv.html,
// https://onnx.ai/onnx/operators/onnx__MatMulInteger.html.

var quantizedOps = []Entry{
	{"", "QLinearConv", 10, newQLinearConv},
	{"", "QLinearMatMul", 10, newQLinearMatMul},
	{"", "ConvInteger", 10, newConvInteger},
	{"", "MatMulInteger", 10, newMatMulInteger},
}

var byteTypes = []tensor.DType{tensor.Uint8, tensor.Int8}

// quantized is one of the four operators. Each field says at which input
// something stands, -1 if there is no such input.
type quantized struct {
	inner                              Operator // on float64
	conv                               bool
	a, aScale, aZero, b, bScale, bZero int
	outScale, outZero                  int // -1: the result is int32
	bias                               int
}

// innerNode returns the node of the float operator.
func innerNode(n Node, typ string) Node {
	return Node{Name: n.Name, Type: typ, Opset: 11, Attrs: n.Attrs, Inputs: []string{"a", "b"}, Outputs: []string{"y"}}
}

func newQLinearConv(n Node) (Operator, error) {
	inner, err := newConv(innerNode(n, "Conv"))
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{8, 9, 1}, &quantized{inner, true, 0, 1, 2, 3, 4, 5, 6, 7, 8})
}

func newQLinearMatMul(n Node) (Operator, error) {
	inner, err := newMatMul(innerNode(n, "MatMul"))
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{8, 8, 1}, &quantized{inner, false, 0, 1, 2, 3, 4, 5, 6, 7, -1})
}

func newConvInteger(n Node) (Operator, error) {
	inner, err := newConv(innerNode(n, "Conv"))
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 4, 1}, &quantized{inner, true, 0, -1, 2, 1, -1, 3, -1, -1, -1})
}

func newMatMulInteger(n Node) (Operator, error) {
	inner, err := newMatMul(innerNode(n, "MatMul"))
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 4, 1}, &quantized{inner, false, 0, -1, 2, 1, -1, 3, -1, -1, -1})
}

// optional is input for an index that may be -1.
func optional(in []Value, i int) Value {
	if i < 0 {
		return Value{Absent: true}
	}
	return input(in, i)
}

func (q *quantized) types(in []Value) ([]Value, error) {
	d := tensor.Int32
	if q.outZero >= 0 {
		d = in[q.outZero].DType
	}
	if err := q.checkTypes(in); err != nil {
		return nil, err
	}
	out, err := q.inner.Infer([]Value{as(tensor.Float64, in[q.a]), as(tensor.Float64, in[q.b])})
	if err != nil {
		return nil, err
	}
	return []Value{as(d, out[0])}, q.checkShapes(in)
}

func (q *quantized) checkTypes(in []Value) error {
	for _, i := range []int{q.a, q.b, q.outZero} {
		if v := optional(in, i); !v.Absent {
			if err := wantType("input", v, byteTypes...); err != nil {
				return err
			}
		}
	}
	if _, err := commonType(in[q.a], optional(in, q.aZero)); err != nil {
		return err
	}
	if _, err := commonType(in[q.b], optional(in, q.bZero)); err != nil {
		return err
	}
	for _, i := range []int{q.aScale, q.bScale, q.outScale} {
		if v := optional(in, i); !v.Absent && !scaleTypes.has(v.DType) {
			return Invalidf("scale %v", v)
		}
	}
	if v := optional(in, q.bias); !v.Absent {
		return wantType("bias", v, tensor.Int32)
	}
	return nil
}

// checkShapes checks the scales and zero points: one number, or one for each
// row of A or column of B, or output channel of a convolution's weights.
func (q *quantized) checkShapes(in []Value) error {
	a, b := in[q.a], in[q.b]
	rows, cols := tensor.Unknown, tensor.Unknown
	switch {
	case q.conv:
		rows = 1
		if b.Ranked {
			cols = b.Shape[0]
		}
	default:
		if a.Ranked && len(a.Shape) >= 2 {
			rows = a.Shape[len(a.Shape)-2]
		}
		if b.Ranked {
			cols = b.Shape[len(b.Shape)-1]
		}
		if b.Ranked && len(b.Shape) == 1 {
			cols = 1
		}
		if a.Ranked && len(a.Shape) == 1 {
			rows = 1
		}
	}
	for _, c := range []struct{ at, n int }{{q.aScale, rows}, {q.aZero, rows}, {q.bScale, cols}, {q.bZero, cols},
		{q.outScale, 1}, {q.outZero, 1}} {
		v := optional(in, c.at)
		if v.Absent || !v.Ranked || single1(v.Shape) {
			continue
		}
		if len(v.Shape) > 1 {
			return Unsupportedf("scale or zero point %v per batch", v)
		}
		if _, ok := mergeDim(v.Shape[0], c.n); !ok {
			return Invalidf("scale or zero point %v, want 1 or %d numbers", v, c.n)
		}
	}
	if v := optional(in, q.bias); !v.Absent && v.Ranked {
		return sameSizes("bias", tensor.Shape{cols}, v.Shape)
	}
	return nil
}

func (q *quantized) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	at := func(i int) *tensor.Tensor {
		if i < 0 {
			return nil
		}
		return tensorAt(in, i)
	}
	a := centred(in[q.a], at(q.aZero), q.rowOf(in[q.a].Shape()))
	b := centred(in[q.b], at(q.bZero), q.columnOf(in[q.b].Shape()))
	res, err := q.inner.Run([]*tensor.Tensor{a, b})
	if err != nil {
		return nil, err
	}
	sums := tensor.Data[float64](res[0])
	if q.outZero < 0 {
		return castAs(res[0], tensor.Int32)
	}
	row, col := q.outputOf(out[0].Shape, in)
	scaleA, scaleB := floatsOf(in[q.aScale]), floatsOf(in[q.bScale])
	scale, zero := floatsOf(in[q.outScale])[0], floatsOf(in[q.outZero])[0]
	var bias []float64
	if t := at(q.bias); t != nil {
		bias = floatsOf(t)
	}
	limits := quantRanges[out[0].DType]
	for i, s := range sums {
		if bias != nil {
			s += bias[col(i)]
		}
		factor := scaleA[pickOne(scaleA, row(i))] * scaleB[pickOne(scaleB, col(i))] / scale
		sums[i] = saturate(s*factor, zero, limits)
	}
	return castAs(res[0], out[0].DType)
}

// pickOne returns i, or 0 if the list is one number for everything.
func pickOne(list []float64, i int) int {
	if len(list) == 1 {
		return 0
	}
	return i
}

// centred returns t minus its zero points as float64; of says which one belongs
// to an element.
func centred(t, zero *tensor.Tensor, of func(i int) int) *tensor.Tensor {
	x := append([]float64{}, floatsOf(t)...)
	if zero != nil {
		z := floatsOf(zero)
		for i := range x {
			x[i] -= z[pickOne(z, of(i))]
		}
	}
	return tensor.Must(tensor.Of(x, t.Shape()...))
}

// rowOf returns the function from an element of A to its row.
func (q *quantized) rowOf(a tensor.Shape) func(i int) int {
	if q.conv || len(a) < 2 {
		return func(int) int { return 0 }
	}
	rows, cols := a[len(a)-2], a[len(a)-1]
	return func(i int) int { return i / cols % rows }
}

// columnOf returns the function from an element of B to its column, or from one
// of a convolution's weights to its output channel.
func (q *quantized) columnOf(b tensor.Shape) func(i int) int {
	if q.conv {
		inner := dimsProduct(b[1:])
		return func(i int) int { return i / inner }
	}
	if len(b) == 1 {
		return func(int) int { return 0 }
	}
	cols := b[len(b)-1]
	return func(i int) int { return i % cols }
}

// outputOf returns the functions from an element of the result to its row of A
// and column of B, or output channel. in has the inputs.
func (q *quantized) outputOf(y tensor.Shape, in []*tensor.Tensor) (row, col func(i int) int) {
	none := func(int) int { return 0 }
	if q.conv {
		inner := dimsProduct(y[2:])
		return none, func(i int) int { return i / inner % y[1] }
	}
	row, col = none, none
	cols := 1
	if in[q.b].Rank() > 1 {
		cols = y[len(y)-1]
		col = func(i int) int { return i % cols }
	}
	if in[q.a].Rank() > 1 {
		rows := in[q.a].Dim(-2)
		row = func(i int) int { return i / cols % rows }
	}
	return row, col
}
