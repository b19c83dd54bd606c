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
	y := blankOf(in[0].DType(), in[0].Shape())
	if y.Len() == 0 {
		return []*tensor.Tensor{y}, nil
	}
	l := lanesOf(y.Shape(), oneAxis(axis, y.Rank()))
	switch d := in[0].Any().(type) {
	case []float32:
		out := tensor.Data[float32](y)
		cumulate(c, l, func(i int, row []float32) { readLane(&l, i, d, row) }, func(i int, row []float32) { writeLane(&l, i, out, row) })
	case []float64:
		out := tensor.Data[float64](y)
		cumulate(c, l, func(i int, row []float64) { readLane(&l, i, d, row) }, func(i int, row []float64) { writeLane(&l, i, out, row) })
	default:
		if !productTypes.has(y.DType()) {
			return nil, noType(y)
		}
		cumulate(c, l, func(i int, row []int64) { readIntLane(&l, i, d, row) }, func(i int, row []int64) { writeIntLane(&l, i, y.Any(), row) })
	}
	return []*tensor.Tensor{y}, nil
}

// cumulate reads each lane to a row, and writes the result back.
func cumulate[T wide](c *cumulative, l lanes, read, write func(i int, row []T)) {
	row := make([]T, len(l.steps))
	for i := range l.starts {
		read(i, row)
		if c.reverse {
			slices.Reverse(row)
		}
		cumulateRow(row, c.product, c.exclusive)
		if c.reverse {
			slices.Reverse(row)
		}
		write(i, row)
	}
}

func cumulateRow[T wide](row []T, product, exclusive bool) {
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
