package op

import (
	"math"

	"larder/model/tensor"
)

// Floats of at most eight bits. A number is sign, exponent and fraction; the
// formats differ in their widths and in what the last codes mean.
// https://onnx.ai/onnx/technical/float8.html and float4.html.

// smallFormat describes a format with fraction bits.
type smallFormat struct {
	exp, frac, bias int
	top             uint8 // the code of the greatest number
	inf, nan        uint8 // codes; 0 where there is none
	noMinus         bool  // no -0: its code is the NaN
}

var smallFormats = map[tensor.DType]*smallFormat{
	tensor.Float8E4M3FN:   {exp: 4, frac: 3, bias: 7, top: 0x7e, nan: 0x7f},
	tensor.Float8E4M3FNUZ: {exp: 4, frac: 3, bias: 8, top: 0x7f, nan: 0x80, noMinus: true},
	tensor.Float8E5M2:     {exp: 5, frac: 2, bias: 15, top: 0x7b, inf: 0x7c, nan: 0x7e},
	tensor.Float8E5M2FNUZ: {exp: 5, frac: 2, bias: 16, top: 0x7f, nan: 0x80, noMinus: true},
	tensor.Float4E2M1:     {exp: 2, frac: 1, bias: 1, top: 7},
}

// rounding is how numbers become small floats.
type rounding struct {
	// cut makes numbers out of range infinite or NaN; the default is the greatest
	// number.
	cut bool
	// mode is for float8e8m0, which has powers of two only: up (the default), down
	// or nearest.
	mode string
}

// decode returns the number of a code.
func (f *smallFormat) decode(c uint8) float64 {
	sign := uint8(1) << (f.exp + f.frac)
	v := c &^ sign
	switch {
	case f.nan != 0 && (c == f.nan || !f.noMinus && v > max(f.top, f.inf)):
		return math.NaN()
	case f.inf != 0 && v == f.inf:
		return math.Copysign(math.Inf(1), float64(int(sign)-2*int(c&sign)))
	}
	e, m := int(v>>f.frac), int(v)&(1<<f.frac-1)
	if e == 0 {
		e = 1
	} else {
		m |= 1 << f.frac
	}
	x := math.Ldexp(float64(m), e-f.bias-f.frac)
	if c&sign != 0 {
		return -x
	}
	return x
}

// encode rounds to the nearest number, ties to even.
func (f *smallFormat) encode(x float64, r rounding) uint8 {
	sign := uint8(0)
	if math.Signbit(x) {
		sign = 1 << (f.exp + f.frac)
	}
	if math.IsNaN(x) {
		if f.noMinus {
			return f.nan
		}
		if f.nan == 0 { // float4 has none; the suite wants -0
			return 1 << (f.exp + f.frac)
		}
		return f.nan | sign
	}
	c := f.magnitude(math.Abs(x))
	if c > int(f.top) {
		switch {
		case !r.cut || f.nan == 0:
			c = int(f.top)
		case f.noMinus:
			return f.nan
		case f.inf != 0:
			c = int(f.inf)
		default:
			c = int(f.nan)
		}
	}
	if c == 0 && f.noMinus {
		return 0
	}
	return uint8(c) | sign
}

// magnitude returns the code of the number nearest to x, or a large number.
func (f *smallFormat) magnitude(x float64) int {
	switch {
	case x == 0:
		return 0
	case x >= math.Ldexp(1, 1<<f.exp):
		return math.MaxInt32
	}
	_, e := math.Frexp(x)
	e = max(e-1, 1-f.bias)
	// In units of the last bit, the leading one of a normal number included.
	n := int(math.RoundToEven(math.Ldexp(x, f.frac-e)))
	return n + (e+f.bias-1)<<f.frac
}

// encodePower makes a float8e8m0, the exponent of a float32 and nothing else.
func encodePower(x float64, r rounding) uint8 {
	const none, top = 0xff, 0xfe
	switch {
	case math.IsNaN(x) || x < 0:
		return none
	case x == 0 && r.cut:
		return none
	case x == 0:
		return 0
	case math.IsInf(x, 1):
		if r.cut {
			return none
		}
		return top
	}
	m, e := math.Frexp(x) // x = 2m · 2^(e-1), with 2m from 1 to 2
	e += 126
	if e >= 0 && (r.mode == "up" || r.mode == "") && m > 0.5 || r.mode == "nearest" && m >= 0.75 {
		e++
	}
	switch {
	case e > top && r.cut, e < 0 && r.cut:
		return none
	}
	return uint8(min(max(e, 0), top))
}

// smallDecoder and smallEncoder return the functions of a small float type.
func smallDecoder(d tensor.DType) func(uint8) float64 {
	if f := smallFormats[d]; f != nil {
		return f.decode
	}
	return func(c uint8) float64 {
		if c == 0xff {
			return math.NaN()
		}
		return math.Ldexp(1, int(c)-127)
	}
}

func smallEncoder(d tensor.DType, r rounding) func(float64) uint8 {
	if f := smallFormats[d]; f != nil {
		return func(x float64) uint8 { return f.encode(x, r) }
	}
	return func(x float64) uint8 { return encodePower(x, r) }
}

// readRounding reads the attributes of Cast and QuantizeLinear.
func readRounding(n Node) (r rounding, err error) {
	saturate, err := flag(n.Attrs, "saturate", 1)
	if err != nil {
		return r, err
	}
	r.cut = !saturate
	r.mode, err = n.Attrs.String("round_mode", "up")
	if err == nil && r.mode != "up" && r.mode != "down" && r.mode != "nearest" {
		err = Invalidf("round_mode is %q, want up, down or nearest", r.mode)
	}
	return r, err
}

// bitCast gives the bits of elements another type of the same width.
type bitCast struct{ to tensor.DType }

func newBitCast(n Node) (Operator, error) {
	to, err := dtypeAttr(n, "to", tensor.Undefined)
	if err == nil && (to == tensor.Undefined || to == tensor.String) {
		err = Invalidf("attribute %q is %v", "to", to)
	}
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, &bitCast{to})
}

func (b *bitCast) types(in []Value) ([]Value, error) {
	if d := in[0].DType; d != tensor.Undefined && d.Bits() != b.to.Bits() || d == tensor.String {
		return nil, Invalidf("elements of %v as %v", d, b.to)
	}
	return []Value{as(b.to, in[0])}, nil
}

func (b *bitCast) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	y := blankOf(b.to, out[0].Shape)
	for i := range y.Len() {
		low, high := bitsAt(in[0].Any(), i)
		setBits(y.Any(), i, low, high)
	}
	y.Trim()
	return []*tensor.Tensor{y}, nil
}

// bitsAt returns the bits of element i; high are those beyond 64.
func bitsAt(data any, i int) (low, high uint64) {
	switch d := data.(type) {
	case []float32:
		return uint64(math.Float32bits(d[i])), 0
	case []float64:
		return math.Float64bits(d[i]), 0
	case []tensor.Half:
		return uint64(d[i]), 0
	case []tensor.Brain:
		return uint64(d[i]), 0
	case []complex64:
		return uint64(math.Float32bits(real(d[i]))) | uint64(math.Float32bits(imag(d[i])))<<32, 0
	case []complex128:
		return math.Float64bits(real(d[i])), math.Float64bits(imag(d[i]))
	}
	return uint64(intAt(data, i)), 0
}

// setBits is the reverse of bitsAt.
func setBits(data any, i int, low, high uint64) {
	switch d := data.(type) {
	case []float32:
		d[i] = math.Float32frombits(uint32(low))
	case []float64:
		d[i] = math.Float64frombits(low)
	case []tensor.Half:
		d[i] = tensor.Half(low)
	case []tensor.Brain:
		d[i] = tensor.Brain(low)
	case []complex64:
		d[i] = complex(math.Float32frombits(uint32(low)), math.Float32frombits(uint32(low>>32)))
	case []complex128:
		d[i] = complex(math.Float64frombits(low), math.Float64frombits(high))
	default:
		writeInts(data, i, []int64{int64(low)})
	}
}
