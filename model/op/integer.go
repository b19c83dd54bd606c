package op

import (
	"math"

	"larder/model/tensor"
)

// Operators on quantised values without their zero point, which model/pass
// makes of DequantizeLinear, …, QuantizeLinear and of the operators of quantised
// models. A value is int16: q - zero is between -255 and 255, and a 0 is a 0.
// They have the domain "larder" and one version.
//
//	larder.Quantize(X)                  = round(clamp(X / scale))
//	larder.Dequantize(X)                = X · scale
//	larder.DynamicQuantize(X)           = the same with the scale of the whole of X, and that scale
//	larder.QConv(X, W, S, B, D)         = clamp(Conv(X, W)·(S·D) + B), rounded unless float is 1
//	larder.QMatMul(X, W, S, B, D)       = the same of MatMul
//	larder.QAdd(X, Y)                   = round(clamp(X·a + Y·b)), Y absent: X·a
//	larder.QMean(X)                     = round(clamp(Σ X over the pixels · scale))
//	larder.QMul(X, Y)                   = round(clamp(X · Y · a))
//	larder.QTable(X, T)                 = T[X - low], the first or last of T where that is outside
//	larder.BitMatMul(X, B, S, Z)        = com.microsoft.MatMulNBits(X, B, S, Z)
//	larder.MaxPool(X)                   = MaxPool(X)
//
// S and B have a float for each output channel or column, D is one float; B and
// D may be absent. Roundings to integers are to even, all other arithmetic is
// that of float32 in the order given, so that kernels can do the same to the
// last bit. clamp has the attributes low and high, infinite if absent; a NaN
// becomes low where integers are made.
var integerOps = []Entry{
	{Fused, "Quantize", 1, newQuantizer},
	{Fused, "Dequantize", 1, newDequantizer},
	{Fused, "DynamicQuantize", 1, newDynamicQuantizer},
	{Fused, "QConv", 1, newQConv},
	{Fused, "QMatMul", 1, newQMatMul},
	{Fused, "QAdd", 1, newQAdd},
	{Fused, "QMean", 1, newQMean},
	{Fused, "QMul", 1, newQMul},
	{Fused, "BitMatMul", 1, newBitMatMul},
	{Fused, "QTable", 1, newQTable},
	{Fused, "MaxPool", 1, newMaxPool},
}

// limits are the bounds of a result and how it is rounded.
type limits struct {
	low, high float32
	float     bool
}

func readLimits(a Attrs) (l limits, err error) {
	if l.low, err = a.Float("low", float32(math.Inf(-1))); err != nil {
		return l, err
	}
	if l.high, err = a.Float("high", float32(math.Inf(1))); err != nil {
		return l, err
	}
	f, err := a.Int("float", 0)
	l.float = f != 0
	if err == nil && !l.float && !(l.low >= math.MinInt16 && l.high <= math.MaxInt16) {
		err = Invalidf("bounds %v and %v are beyond int16", l.low, l.high)
	}
	return l, err
}

// dtype is the type of the result.
func (l limits) dtype() tensor.DType {
	if l.float {
		return tensor.Float32
	}
	return tensor.Int16
}

// result makes a tensor of what f says of each element.
func (l limits) result(shape tensor.Shape, f func(i int) float32) ([]*tensor.Tensor, error) {
	if l.float {
		t, y := blank[float32](shape)
		for i := range y {
			v := f(i)
			if v < l.low {
				v = l.low
			}
			if v > l.high {
				v = l.high
			}
			y[i] = v
		}
		return []*tensor.Tensor{t}, nil
	}
	t, y := blank[int16](shape)
	for i := range y {
		v := f(i)
		if !(v > l.low) {
			v = l.low
		}
		y[i] = int16(math.RoundToEven(float64(min(v, l.high))))
	}
	return []*tensor.Tensor{t}, nil
}

// element is an operator that works element by element on values of one type.
type element struct {
	limits
	from tensor.DType
	a, b float32
	// f makes an element of those of the one or two inputs.
	f func(e *element, x, y float32) float32
}

func newElement(n Node, e element, first, second string, inputs int) (Operator, error) {
	float := e.float
	var err error
	if e.limits, err = readLimits(with(n.Attrs, "float", float)); err != nil {
		return nil, err
	}
	if e.a, err = n.Attrs.Float(first, 1); err != nil {
		return nil, err
	}
	if e.b, err = n.Attrs.Float(second, 0); err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, inputs, 1}, &e)
}

// with returns the attributes with a flag set.
func with(a Attrs, name string, on bool) Attrs {
	b := Attrs{}
	for k, v := range a {
		b[k] = v
	}
	if b[name] = int64(0); on {
		b[name] = int64(1)
	}
	return b
}

func newQuantizer(n Node) (Operator, error) {
	return newElement(n, element{from: tensor.Float32, f: func(e *element, x, _ float32) float32 { return x / e.a }}, "scale", "", 1)
}

func newDequantizer(n Node) (Operator, error) {
	return newElement(n, element{limits: limits{float: true}, from: tensor.Int16, f: func(e *element, x, _ float32) float32 { return x * e.a }}, "scale", "", 1)
}

func newQAdd(n Node) (Operator, error) {
	return newElement(n, element{from: tensor.Int16, f: func(e *element, x, y float32) float32 { return float32(x*e.a) + float32(y*e.b) }}, "a", "b", 2)
}

// types implements [rule].
func (e *element) types(in []Value) ([]Value, error) {
	for _, v := range in {
		if err := wantType("input", v, e.from); err != nil {
			return nil, err
		}
	}
	if y := input(in, 1); !y.Absent && y.Ranked && in[0].Ranked {
		if err := sameSizes("second input", in[0].Shape, y.Shape); err != nil {
			return nil, err
		}
	}
	return []Value{as(e.dtype(), in[0])}, nil
}

// run implements [rule].
func (e *element) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x := floatsOf(in[0])
	var y []float64
	if t := tensorAt(in, 1); t != nil {
		y = floatsOf(t)
	}
	return e.result(out[0].Shape, func(i int) float32 {
		if y == nil {
			return e.f(e, float32(x[i]), 0)
		}
		return e.f(e, float32(x[i]), float32(y[i]))
	})
}

// dynamicQuantizer is DynamicQuantizeLinear without the zero point. A NaN does
// not count for the range.
type dynamicQuantizer struct{}

func newDynamicQuantizer(n Node) (Operator, error) {
	return newRuled(n, arity{1, 1, 2}, dynamicQuantizer{})
}

// types implements [rule].
func (dynamicQuantizer) types(in []Value) ([]Value, error) {
	return []Value{as(tensor.Int16, in[0]), Of(tensor.Float32)}, wantType("input", in[0], tensor.Float32)
}

// run implements [rule].
func (dynamicQuantizer) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x := tensor.Data[float32](in[0])
	var low, high float32
	for _, v := range x {
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
	}
	scale := (high - low) / 255
	if high == low {
		scale = 1
	}
	zero := float32(saturate(float64(-low/scale), 0, [2]float64{0, 255}))
	l := limits{low: -zero, high: 255 - zero}
	res, err := l.result(out[0].Shape, func(i int) float32 { return x[i] / scale })
	return append(res, tensor.Scalar(scale)), err
}

// qProduct is QConv or QMatMul.
type qProduct struct {
	limits
	inner rule // on float64, which has all sums
	conv  bool
}

func newQConv(n Node) (Operator, error) {
	c, err := readConv(n)
	if err != nil {
		return nil, err
	}
	return newQProduct(n, c, true)
}

func newQMatMul(n Node) (Operator, error) { return newQProduct(n, matMul{}, false) }

func newQProduct(n Node, inner rule, conv bool) (Operator, error) {
	l, err := readLimits(n.Attrs)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{3, 5, 1}, &qProduct{l, inner, conv})
}

// types implements [rule].
func (q *qProduct) types(in []Value) ([]Value, error) {
	for i, d := range []tensor.DType{tensor.Int16, tensor.Int16, tensor.Float32, tensor.Float32, tensor.Float32} {
		if v := input(in, i); !v.Absent {
			if err := wantType("input", v, d); err != nil {
				return nil, err
			}
		}
	}
	out, err := q.inner.types([]Value{as(tensor.Float64, in[0]), as(tensor.Float64, in[1])})
	if err != nil {
		return nil, err
	}
	channels := tensor.Unknown
	if s := out[0].Shape; out[0].Ranked && len(s) > 0 {
		if channels = s[len(s)-1]; q.conv {
			channels = s[1]
		}
	}
	if err := checkVector("scale", in[2], channels); err != nil {
		return nil, err
	}
	if err := checkVector("bias", input(in, 3), channels); err != nil {
		return nil, err
	}
	if d := input(in, 4); !d.Absent && d.Ranked && len(d.Shape) > 0 {
		return nil, Invalidf("dynamic scale %v is not one number", d)
	}
	return []Value{as(q.dtype(), out[0])}, nil
}

// run implements [rule].
func (q *qProduct) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	var wide []*tensor.Tensor
	for _, t := range in[:2] {
		w, err := castTensor(t, tensor.Float64)
		if err != nil {
			return nil, err
		}
		wide = append(wide, w)
	}
	shape := out[0].Shape
	res, err := q.inner.run(wide, []Value{as(tensor.Float64, out[0])})
	if err != nil {
		return nil, err
	}
	sums, scale := tensor.Data[float64](res[0]), tensor.Data[float32](in[2])
	var bias []float32
	if t := tensorAt(in, 3); t != nil {
		bias = tensor.Data[float32](t)
	}
	inner := 1
	if q.conv {
		inner = dimsProduct(shape[2:])
	}
	dynamic := float32(1)
	if t := tensorAt(in, 4); t != nil {
		dynamic = tensor.Data[float32](t)[0]
	}
	return q.result(shape, func(i int) float32 {
		c := i / inner % len(scale)
		v := float32(float32(sums[i]) * float32(scale[c]*dynamic))
		if bias != nil {
			v += bias[c]
		}
		return v
	})
}

// qMean is the sum over all spatial dimensions, which stay with size 1, scaled.
type qMean struct {
	limits
	globalPool
	scale float32
}

func newQMean(n Node) (Operator, error) {
	l, err := readLimits(n.Attrs)
	if err != nil {
		return nil, err
	}
	scale, err := n.Attrs.Float("scale", 1)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, &qMean{limits: l, scale: scale})
}

// types implements [rule].
func (q *qMean) types(in []Value) ([]Value, error) {
	if err := wantType("input", in[0], tensor.Int16); err != nil {
		return nil, err
	}
	out, err := q.globalPool.types([]Value{as(tensor.Float32, in[0])})
	if err != nil {
		return nil, err
	}
	return []Value{as(q.dtype(), out[0])}, nil
}

// run implements [rule].
func (q *qMean) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x := tensor.Data[int16](in[0])
	n := len(x) / max(1, dimsProduct(out[0].Shape))
	return q.result(out[0].Shape, func(i int) float32 {
		sum := 0
		for _, v := range x[i*n:][:n] {
			sum += int(v)
		}
		return float32(sum) * q.scale
	})
}
