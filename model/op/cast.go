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
}

// cast converts to a type given by attribute "to", or by the second input.
type cast struct {
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
	return newRuled(n, arity{1, 1, 1}, &cast{to: to})
}

func newCastLike(n Node) (Operator, error) {
	return newRuled(n, arity{2, 2, 1}, &cast{like: true})
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
	t, err := castTensor(in[0], out[0].DType)
	if err != nil {
		return nil, err
	}
	return []*tensor.Tensor{t}, nil
}

// castTensor returns t with elements of type d. It fails for complex numbers,
// and for strings that are not numbers. The result may be t.
func castTensor(t *tensor.Tensor, d tensor.DType) (*tensor.Tensor, error) {
	if t.DType() == d {
		return t, nil
	}
	dst, err := tensor.New(d, t.Shape()...)
	if err != nil {
		return nil, Unsupportedf("%v", err)
	}
	switch src := t.Any().(type) {
	case []bool:
		castEach(dst, len(src), func(i int) int64 {
			if src[i] {
				return 1
			}
			return 0
		}, fromInt)
	case []int8:
		castEach(dst, len(src), func(i int) int64 { return int64(src[i]) }, fromInt)
	case []int16:
		castEach(dst, len(src), func(i int) int64 { return int64(src[i]) }, fromInt)
	case []int32:
		castEach(dst, len(src), func(i int) int64 { return int64(src[i]) }, fromInt)
	case []int64:
		castEach(dst, len(src), func(i int) int64 { return src[i] }, fromInt)
	case []uint8:
		castEach(dst, len(src), func(i int) int64 { return int64(src[i]) }, fromInt)
	case []uint16:
		castEach(dst, len(src), func(i int) int64 { return int64(src[i]) }, fromInt)
	case []uint32:
		castEach(dst, len(src), func(i int) int64 { return int64(src[i]) }, fromInt)
	case []uint64:
		castEach(dst, len(src), func(i int) uint64 { return src[i] }, fromUint)
	case []string:
		return dst, castStrings(dst, src)
	case []float32, []float64, []tensor.Half, []tensor.Brain:
		if out, ok := dst.Any().([]string); ok {
			formatFloats(out, t)
			return dst, nil
		}
		f := floatsOf(t)
		castEach(dst, len(f), func(i int) float64 { return f[i] }, fromFloat)
	default:
		return nil, Invalidf("element type %v cannot be cast", t.DType())
	}
	return dst, nil
}

// castEach converts n elements, read by at, into dst.
func castEach[T int64 | uint64 | float64](dst *tensor.Tensor, n int, at func(int) T, c caster[T]) {
	switch d := dst.Any().(type) {
	case []bool:
		for i := range n {
			d[i] = at(i) != 0
		}
	case []int8:
		for i := range n {
			d[i] = int8(c.int(at(i)))
		}
	case []int16:
		for i := range n {
			d[i] = int16(c.int(at(i)))
		}
	case []int32:
		for i := range n {
			d[i] = int32(c.int(at(i)))
		}
	case []int64:
		for i := range n {
			d[i] = c.int(at(i))
		}
	case []uint8:
		for i := range n {
			d[i] = uint8(c.int(at(i)))
		}
	case []uint16:
		for i := range n {
			d[i] = uint16(c.int(at(i)))
		}
	case []uint32:
		for i := range n {
			d[i] = uint32(c.int(at(i)))
		}
	case []uint64:
		for i := range n {
			d[i] = c.uint(at(i))
		}
	case []float32:
		for i := range n {
			d[i] = float32(at(i)) // from each of the three types with one rounding
		}
	case []float64:
		for i := range n {
			d[i] = float64(at(i))
		}
	case []tensor.Half:
		for i := range n {
			d[i] = tensor.ToHalf(oddFloat32(c.odd(at(i))))
		}
	case []tensor.Brain:
		for i := range n {
			d[i] = tensor.ToBrain(oddFloat32(c.odd(at(i))))
		}
	case []string:
		for i := range n {
			d[i] = c.text(at(i))
		}
	}
}
