package op

import (
	"slices"

	"larder/model/tensor"
)

// CumSum and CumProd. Specification:
// https://onnx.ai/onnx/operators/onnx__CumSum.html (11, 14) and
// https://onnx.ai/onnx/operators/onnx__CumProd.html (26).

var cumulativeOps = []Entry{
	{"", "CumProd", 26, newCumulative},
	{"", "CumSum", 11, newCumulative},
}

// cumulative replaces each element by the sum or product of those before it
// along an axis, itself included unless exclusive is set.
type cumulative struct {
	product, exclusive, reverse bool
}

func newCumulative(n Node) (Operator, error) {
	c := &cumulative{product: n.Type == "CumProd"}
	var err error
	if c.exclusive, err = flag(n.Attrs, "exclusive", 0); err != nil {
		return nil, err
	}
	if c.reverse, err = flag(n.Attrs, "reverse", 0); err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 2, 1}, inFloat32{c})
}

// types implements [rule].
func (c *cumulative) types(in []Value) ([]Value, error) {
	if err := productTypes.check("x", in[0]); err != nil {
		return nil, err
	}
	axis, known, err := constInts("axis", in[1])
	if err != nil {
		return nil, err
	}
	if known {
		if len(axis) != 1 {
			return nil, Invalidf("axis has %d elements, want one", len(axis))
		}
		if in[0].Ranked {
			_, err = axisOf(axis[0], len(in[0].Shape))
		}
	}
	return []Value{like(in[0])}, err
}

// run implements [rule].
func (c *cumulative) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	list, err := intsOf("axis", in[1])
	if err != nil {
		return nil, err
	}
	axis, err := axisOf(list[0], in[0].Rank())
	if err != nil {
		return nil, err
	}
	switch d := in[0].Any().(type) {
	case []float32:
		return cumulate(c, in[0], d, axis)
	case []float64:
		return cumulate(c, in[0], d, axis)
	case []int32:
		return cumulate(c, in[0], d, axis)
	case []int64:
		return cumulate(c, in[0], d, axis)
	case []uint32:
		return cumulate(c, in[0], d, axis)
	case []uint64:
		return cumulate(c, in[0], d, axis)
	}
	return nil, noType(in[0])
}

func cumulate[T numeric](c *cumulative, t *tensor.Tensor, x []T, axis int) ([]*tensor.Tensor, error) {
	y, out := blank[T](t.Shape())
	if len(out) == 0 {
		return []*tensor.Tensor{y}, nil
	}
	l := lanesOf(t.Shape(), oneAxis(axis, t.Rank()))
	row := make([]T, len(l.steps))
	for i := range l.starts {
		readLane(&l, i, x, row)
		if c.reverse {
			slices.Reverse(row)
		}
		cumulateRow(row, c.product, c.exclusive)
		if c.reverse {
			slices.Reverse(row)
		}
		writeLane(&l, i, out, row)
	}
	return []*tensor.Tensor{y}, nil
}

func cumulateRow[T numeric](row []T, product, exclusive bool) {
	var acc T
	if product {
		acc = 1
	}
	for k, v := range row {
		before := acc
		if product {
			acc *= v
		} else {
			acc += v
		}
		if row[k] = acc; exclusive {
			row[k] = before
		}
	}
}
