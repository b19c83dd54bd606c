package op

import (
	"larder/model/tensor"
)

// Operators that read elements at given indices. Negative indices count from
// the end (ONNX allows them from opset 11 on; here in every opset).
// https://onnx.ai/onnx/operators/onnx__Gather.html,
// https://onnx.ai/onnx/operators/onnx__GatherElements.html,
// https://onnx.ai/onnx/operators/onnx__GatherND.html.

var gatherOps = []Entry{
	{"", "Gather", 1, newGather},
	{"", "GatherElements", 11, newGatherElements},
	{"", "GatherND", 11, newGatherND},
}

// indexIn checks an index against a size and counts a negative one from the end.
func indexIn(i int64, size int) (int, error) {
	if i < -int64(size) || i >= int64(size) {
		return 0, Invalidf("index %d is outside a dimension of size %d", i, size)
	}
	if i < 0 {
		i += int64(size)
	}
	return int(i), nil
}

// gatherAxis replaces a dimension by those of the indices.
type gatherAxis struct{ axis int64 }

func newGather(n Node) (Operator, error) {
	axis, err := n.Attrs.Int("axis", 0)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 2, 1}, &gatherAxis{axis})
}

func (g *gatherAxis) types(in []Value) ([]Value, error) {
	v, idx := in[0], in[1]
	if err := wantType("indices", idx, indexTypes...); err != nil {
		return nil, err
	}
	if !v.Ranked {
		return []Value{Unranked(v.DType)}, nil
	}
	axis, err := axisOf(g.axis, len(v.Shape))
	if err != nil {
		return nil, err
	}
	if !idx.Ranked {
		return []Value{Unranked(v.DType)}, nil
	}
	shape := append(tensor.Shape{}, v.Shape[:axis]...)
	shape = append(append(shape, idx.Shape...), v.Shape[axis+1:]...)
	return []Value{Of(v.DType, shape...)}, nil
}

func (g *gatherAxis) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	shape := in[0].Shape()
	axis, err := axisOf(g.axis, len(shape))
	if err != nil {
		return nil, err
	}
	idx, err := flatInts("indices", in[1])
	if err != nil {
		return nil, err
	}
	dst, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	outer, inner, size := dimsProduct(shape[:axis]), dimsProduct(shape[axis+1:]), shape[axis]
	for j, i := range idx {
		k, err := indexIn(i, size)
		if err != nil {
			return nil, err
		}
		if dst.Len() == 0 {
			continue // outer or inner may be beyond what can be counted
		}
		for o := range outer {
			m.move((o*len(idx)+j)*inner, (o*size+k)*inner, inner)
		}
	}
	return []*tensor.Tensor{dst}, nil
}

// gatherElements reads, for each index, the element at the index's own place
// except along the axis.
type gatherElements struct{ axis int64 }

func newGatherElements(n Node) (Operator, error) {
	axis, err := n.Attrs.Int("axis", 0)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 2, 1}, &gatherElements{axis})
}

func (g *gatherElements) types(in []Value) ([]Value, error) {
	if err := elementwiseIndices(in[0], in[1], g.axis); err != nil {
		return nil, err
	}
	return []Value{{DType: in[0].DType, Shape: in[1].Shape, Ranked: in[1].Ranked}}, nil
}

// elementwiseIndices checks the indices of GatherElements and ScatterElements:
// same rank as the data, and not larger beside the axis.
func elementwiseIndices(data, idx Value, axis int64) error {
	if err := wantType("indices", idx, indexTypes...); err != nil {
		return err
	}
	if !data.Ranked || !idx.Ranked {
		return nil
	}
	if len(data.Shape) != len(idx.Shape) {
		return Invalidf("data %v and indices %v differ in rank", data, idx)
	}
	axis0, err := axisOf(axis, len(data.Shape))
	if err != nil {
		return err
	}
	for k, d := range data.Shape {
		if k != axis0 && d >= 0 && idx.Shape[k] > d {
			return Invalidf("indices %v are larger than data %v beside axis %d", idx, data, axis0)
		}
	}
	return nil
}

// places returns, for each index, the position in data that it means.
func places(data, indices *tensor.Tensor, axis int64) ([]int, error) {
	idx, err := flatInts("indices", indices)
	if err != nil {
		return nil, err
	}
	k, err := axisOf(axis, data.Rank())
	if err != nil {
		return nil, err
	}
	strides, o := data.Shape().Strides(), newOdometer(indices.Shape())
	out := make([]int, len(idx))
	for j, i := range idx {
		at, err := indexIn(i, data.Dim(k))
		if err != nil {
			return nil, err
		}
		at *= strides[k]
		for d, x := range o.at {
			if d != k {
				at += x * strides[d]
			}
		}
		out[j] = at
		o.next()
	}
	return out, nil
}

func (g *gatherElements) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	at, err := places(in[0], in[1], g.axis)
	if err != nil {
		return nil, err
	}
	dst, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	for j, src := range at {
		m.move(j, src, 1)
	}
	return []*tensor.Tensor{dst}, nil
}

// gatherND reads a block of data for each index tuple, the last dimension of
// the indices.
type gatherND struct{ batch int64 }

func newGatherND(n Node) (Operator, error) {
	batch, err := n.Attrs.Int("batch_dims", 0)
	if err != nil {
		return nil, err
	}
	if batch < 0 || batch >= tensor.MaxRank {
		return nil, Invalidf("batch_dims is %d", batch)
	}
	return newRuled(n, arity{2, 2, 1}, &gatherND{batch})
}

func (g *gatherND) types(in []Value) ([]Value, error) {
	v, idx := in[0], in[1]
	if err := wantType("indices", idx, tensor.Int64); err != nil {
		return nil, err
	}
	if !v.Ranked || !idx.Ranked {
		return []Value{Unranked(v.DType)}, nil
	}
	b, q := int(g.batch), len(idx.Shape)
	if q < 1 || b >= q || b > len(v.Shape) {
		return nil, Invalidf("indices %v do not fit data %v with %d batch dimensions", idx, v, b)
	}
	tuple := idx.Shape[q-1]
	if tuple < 0 {
		return []Value{Unranked(v.DType)}, nil
	}
	if b+tuple > len(v.Shape) {
		return nil, Invalidf("indices %v have more than the %d dimensions of the data", idx, len(v.Shape))
	}
	shape := idx.Shape[:q-1].Clone()
	for k := range b {
		m, ok := mergeDim(idx.Shape[k], v.Shape[k])
		if !ok {
			return nil, Invalidf("indices %v and data %v differ in batch dimension %d", idx, v, k)
		}
		shape[k] = m
	}
	return []Value{Of(v.DType, append(shape, v.Shape[b+tuple:]...)...)}, nil
}

func (g *gatherND) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	at, block, err := tuples(in[0], in[1], int(g.batch))
	if err != nil {
		return nil, err
	}
	dst, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	for j, src := range at {
		m.move(j*block, src, block)
	}
	return []*tensor.Tensor{dst}, nil
}

// tuples returns, for each index tuple, the position in data that it means, and
// the number of elements of the block that starts there. The shapes have been
// checked.
func tuples(data, indices *tensor.Tensor, batch int) (at []int, block int, err error) {
	idx, err := flatInts("indices", indices)
	if err != nil {
		return nil, 0, err
	}
	shape, strides := data.Shape(), data.Shape().Strides()
	tuple := indices.Dim(-1)
	block = dimsProduct(shape[batch+tuple:])
	rows := indices.Shape()[:indices.Rank()-1]
	n := dimsProduct(rows)
	if n < 0 || n > MaxResultBytes/8 || block < 0 {
		// Empty tuples make rows without any data, blocks without any row.
		return nil, 0, Unsupportedf("indices %v for data %v", indices, data)
	}
	o := newOdometer(rows)
	at = make([]int, n)
	for j := range at {
		for k := range batch {
			at[j] += o.at[k] * strides[k]
		}
		for k := range tuple {
			i, err := indexIn(idx[j*tuple+k], shape[batch+k])
			if err != nil {
				return nil, 0, err
			}
			at[j] += i * strides[batch+k]
		}
		o.next()
	}
	return at, block, nil
}
