package engine

import (
	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// scan runs Scan: for opset 8 for each member of the batch.
func (t *turns) scan() ([]*tensor.Tensor, error) {
	if !t.node.Control.Batched {
		return t.scanOne(t.in, -1)
	}
	lengths, in := t.in[0], t.in[1:]
	for _, v := range in {
		if v.DType().Composite() || v.Rank() < 1 || v.Dim(0) != in[0].Dim(0) {
			return nil, t.fail(op.Invalidf("%v and %v have no batch in common", in[0], v))
		}
	}
	batch := in[0].Dim(0)
	if lengths != nil && (lengths.DType() != tensor.Int64 || lengths.Len() != batch) {
		return nil, t.fail(op.Invalidf("lengths are %v for a batch of %d", lengths, batch))
	}
	if batch == 0 {
		return nil, t.fail(op.Unsupportedf("a batch of nothing"))
	}
	lists := make([][]*tensor.Tensor, len(t.node.Control.Bodies[0].Outputs))
	for b := range batch {
		one := make([]*tensor.Tensor, len(in))
		for i, v := range in {
			var err error
			if one[i], err = op.Take(v, 0, b); err != nil {
				return nil, t.fail(err)
			}
		}
		n := int64(-1)
		if lengths != nil {
			n = tensor.Data[int64](lengths)[b]
		}
		out, err := t.scanOne(one, n)
		if err != nil {
			return nil, err
		}
		for k, v := range out {
			lists[k] = append(lists[k], v)
		}
	}
	out := make([]*tensor.Tensor, len(lists))
	for k, list := range lists {
		var err error
		if out[k], err = t.stack(list, graph.Slicing{}, k); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// scanOne goes along the scanned inputs; n bounds how far if it is not negative.
func (t *turns) scanOne(in []*tensor.Tensor, n int64) ([]*tensor.Tensor, error) {
	c := t.node.Control
	states, scanned := in[:c.States], in[c.States:]
	axes := make([]int, len(scanned))
	for i, v := range scanned {
		var err error
		if axes[i], err = axisOf(c.In[i].Axis, v.Rank()); err != nil || v.DType().Composite() {
			return nil, t.fail(op.Invalidf("%v is scanned along axis %d", v, c.In[i].Axis))
		}
		if v.Dim(axes[i]) != scanned[0].Dim(axes[0]) {
			return nil, t.fail(op.Invalidf("%v and %v are scanned together", scanned[0], v))
		}
	}
	length := scanned[0].Dim(axes[0])
	if n > int64(length) {
		return nil, t.fail(op.Invalidf("a length of %d in %d", n, length))
	}
	if n >= 0 {
		length = int(n)
	}
	scans := make([][]*tensor.Tensor, len(c.Bodies[0].Outputs)-c.States)
	for i := range length {
		feeds := append([]*tensor.Tensor{}, states...)
		for k, v := range scanned {
			at := i
			if c.In[k].Reverse {
				at = length - 1 - i
			}
			one, err := op.Take(v, axes[k], at)
			if err != nil {
				return nil, t.fail(err)
			}
			feeds = append(feeds, one)
		}
		out, err := t.body(0, feeds)
		if err != nil {
			return nil, err
		}
		if err := t.sameTypes(states, out); err != nil {
			return nil, err
		}
		states = out[:c.States]
		for k, v := range out[c.States:] {
			if err := t.hold(v); err != nil {
				return nil, err
			}
			scans[k] = append(scans[k], v)
		}
	}
	return t.joined(states, scans, 0)
}
