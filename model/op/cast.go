package op

import (
	"math"

	"larder/model/tensor"
)

// Conversions between element types, all opsets. Casts go through the widest
// type of the source's kind (int64, uint64, float64 or string), so that each
// number is rounded once.
// https://onnx.ai/onnx/operators/onnx__Cast.html

var castOps = []Entry{
	{"", "Cast", 6, newCast},
	{"", "CastLike", 15, newCastLike},
	{"", "BitCast", 26, newBitCast},
}

// cast converts to a type given by attribute "to", or by the second input.
type cast struct {
	rounding
	to   tensor.DType
	like bool
}

// dtypeAttr reads an element type. One that tensors cannot hold is Unsupported.
func dtypeAttr(n Node, name string, def tensor.DType) (tensor.DType, error) {
	v, err := n.Attrs.Int(name, int64(def))
	if err != nil || !n.Attrs.Has(name) {
		return def, err
	}
	if v < 1 || v > math.MaxUint8 {
		return def, Invalidf("attribute %q is not an element type: %d", name, v)
	}
	if !tensor.DType(v).Supported() {
		return def, Unsupportedf("element type %d in attribute %q", v, name)
	}
	return tensor.DType(v), nil
}

func newCast(n Node) (Operator, error) {
	if !n.Attrs.Has("to") {
		return nil, Invalidf("attribute %q is missing", "to")
	}
	to, err := dtypeAttr(n, "to", tensor.Undefined)
	if err != nil {
		return nil, err
	}
	r, err := readRounding(n)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, &cast{rounding: r, to: to})
}

func newCastLike(n Node) (Operator, error) {
	r, err := readRounding(n)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 2, 1}, &cast{rounding: r, like: true})
}

func (c *cast) types(in []Value) ([]Value, error) {
	to := c.to
	if c.like {
		to = in[1].DType
	}
	for _, d := range []tensor.DType{in[0].DType, to} {
		if d == tensor.Complex64 || d == tensor.Complex128 {
			return nil, Invalidf("element type %v cannot be cast", d)
		}
	}
	return []Value{{DType: to, Shape: in[0].Shape, Ranked: in[0].Ranked}}, nil
}

func (c *cast) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	return one(castRounding(in[0], out[0].DType, c.rounding))
}

// castTensor returns t with elements of type d. It fails for complex numbers,
// and for strings that are not numbers. The result may be t.
func castTensor(t *tensor.Tensor, d tensor.DType) (*tensor.Tensor, error) {
	return castRounding(t, d, rounding{})
}

// castRounding is castTensor with a way of rounding to small floats.
func castRounding(t *tensor.Tensor, d tensor.DType, r rounding) (*tensor.Tensor, error) {
	if t.DType() == d {
		return t, nil
	}
	dst, err := tensor.New(d, t.Shape()...)
	if err != nil {
		return nil, Unsupportedf("%v", err)
	}
	src := t.Any()
	if codes, ok := src.([]uint8); ok && t.DType().SmallFloat() {
		wide := make([]float32, len(codes))
		decode := smallDecoder(t.DType())
		for i, c := range codes {
			wide[i] = float32(decode(c))
		}
		src = wide
	}
	c := casting{dst, r}
	switch src := src.(type) {
	case []string:
		return dst, castStrings(dst, src)
	case []float32, []float64, []tensor.Half, []tensor.Brain:
		if out, ok := dst.Any().([]string); ok {
			formatFloats(out, t)
			return dst, nil
		}
		castRows(c, t.Len(), func(at int, row []float64) { readFloats(src, at, row) }, fromFloat)
	case []uint64:
		castRows(c, t.Len(), func(at int, row []uint64) { copy(row, src[at:]) }, fromUint)
	case []complex64, []complex128:
		return nil, Invalidf("element type %v cannot be cast", t.DType())
	default: // integers and bools
		castRows(c, t.Len(), func(at int, row []int64) { readInts(src, at, 1, row) }, fromInt)
	}
	return dst, nil
}

// casting is the destination of a conversion.
type casting struct {
	dst *tensor.Tensor
	rounding
}

// castSmall is castRows for small floats.
func castSmall[T wide | uint64](to casting, n int, read func(at int, row []T), c caster[T]) {
	codes, encode := tensor.Data[uint8](to.dst), smallEncoder(to.dst.DType(), to.rounding)
	var row [1]T
	for i := range n {
		read(i, row[:])
		codes[i] = encode(c.odd(row[0]))
	}
}

// castRows converts n numbers into dst; read sets a row to those from at on.
func castRows[T wide | uint64](to casting, n int, read func(at int, row []T), c caster[T]) {
	dst := to.dst
	if dst.DType().SmallFloat() {
		castSmall(to, n, read, c)
		return
	}
	defer dst.Trim()
	var buf [intRow]T
	var ints [intRow]int64
	for at := 0; at < n; at += intRow {
		row := buf[:min(intRow, n-at)]
		read(at, row)
		switch d := dst.Any().(type) {
		case []float32:
			for k, v := range row {
				d[at+k] = float32(v) // from each of the three types with one rounding
			}
		case []float64:
			for k, v := range row {
				d[at+k] = float64(v)
			}
		case []tensor.Half:
			for k, v := range row {
				d[at+k] = tensor.ToHalf(oddFloat32(c.odd(v)))
			}
		case []tensor.Brain:
			for k, v := range row {
				d[at+k] = tensor.ToBrain(oddFloat32(c.odd(v)))
			}
		case []string:
			for k, v := range row {
				d[at+k] = c.text(v)
			}
		default:
			for k, v := range row {
				ints[k] = c.int(v, dst.DType())
			}
			writeInts(d, at, ints[:len(row)])
		}
	}
}
