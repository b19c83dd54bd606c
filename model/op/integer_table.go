package op

import "larder/model/tensor"

// qTable is a function of integers, given as its values from low on.
type qTable struct{ low int64 }

func newQTable(n Node) (Operator, error) {
	low, err := n.Attrs.Int("low", 0)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 2, 1}, &qTable{low})
}

// types implements [rule].
func (q *qTable) types(in []Value) ([]Value, error) {
	for _, v := range in {
		if err := wantType("input", v, tensor.Int16); err != nil {
			return nil, err
		}
	}
	if t := in[1]; t.Ranked && (len(t.Shape) != 1 || t.Shape[0] == 0) {
		return nil, Invalidf("table %v is not a list", t)
	}
	return []Value{as(tensor.Int16, in[0])}, nil
}

// run implements [rule].
func (q *qTable) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	table := tensor.Data[int16](in[1])
	t, y := blank[int16](out[0].Shape)
	for i, x := range tensor.Data[int16](in[0]) {
		y[i] = table[min(max(int64(x)-q.low, 0), int64(len(table)-1))]
	}
	return []*tensor.Tensor{t}, nil
}

// qMul is a product of integers element by element, of the shape of the first;
// the second may be of fewer dimensions or ones.
type qMul struct {
	limits
	a float32
}

func newQMul(n Node) (Operator, error) {
	l, err := readLimits(n.Attrs)
	if err != nil {
		return nil, err
	}
	a, err := n.Attrs.Float("a", 1)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 2, 1}, &qMul{l, a})
}

// types implements [rule].
func (q *qMul) types(in []Value) ([]Value, error) {
	for _, v := range in {
		if err := wantType("input", v, tensor.Int16); err != nil {
			return nil, err
		}
	}
	if in[0].Ranked {
		if err := broadcastTo("second input", in[1], in[0].Shape); err != nil {
			return nil, err
		}
	}
	return []Value{as(q.dtype(), in[0])}, nil
}

// run implements [rule].
func (q *qMul) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x, y := tensor.Data[int16](in[0]), tensor.Data[int16](in[1])
	r := rowsOf(out[0].Shape, in[0].Shape(), in[1].Shape())
	n, step := r.row()
	product := make([]float32, 0, len(x))
	r.each(func(at []int) {
		for k := range n {
			product = append(product, float32(int(x[at[0]+k*step[0]])*int(y[at[1]+k*step[1]])))
		}
	})
	return q.result(out[0].Shape, func(i int) float32 { return product[i] * q.a })
}
