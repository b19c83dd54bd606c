package graph

import (
	"fmt"
	"slices"

	"larder/model/op"
	"larder/model/tensor"
)

// lazyElems is the size from which on a constant that is computed from deferred
// ones is deferred itself.
const lazyElems = 1024

// later lists the operators whose result may be computed when it is read: they
// cannot fail once the shapes fit. The value says whether each element of the
// result depends on the same element of the only input.
var later = map[string]bool{"Cast": true, "DequantizeLinear": false, "Transpose": false}

// lazily returns the result of a constant node as a deferred tensor, or nil where
// it is better computed now.
func lazily(n *Node, in []*tensor.Tensor, out []op.Value) *tensor.Tensor {
	each, ok := later[n.Type]
	if n.Domain != "" || !ok || len(out) != 1 || !out[0].Ranked || !out[0].Shape.Known() {
		return nil
	}
	outside := func(t *tensor.Tensor) bool { return t != nil && t.Source() != nil }
	count, err := out[0].Shape.Elems()
	if err != nil || count < lazyElems || !slices.ContainsFunc(in, outside) {
		return nil
	}
	var src tensor.Source = &computed{n, in}
	if each && len(in) == 1 && out[0].DType == tensor.Float32 {
		src = &elementwise{computed{n, in}}
	}
	t, err := tensor.Deferred(out[0].DType, src, out[0].Shape...)
	if err != nil {
		return nil
	}
	return t
}

// computed is the result of a node, computed whenever it is read.
type computed struct {
	n  *Node
	in []*tensor.Tensor
}

// Position implements [tensor.Source].
func (c *computed) Position() int64 {
	for _, t := range c.in {
		if t != nil && t.Source() != nil {
			return t.Source().Position()
		}
	}
	return 0
}

// Elements implements [tensor.Source].
func (c *computed) Elements(at, n int) (any, error) {
	in := make([]*tensor.Tensor, len(c.in))
	for i, t := range c.in {
		in[i] = t.Resident()
	}
	out, err := c.n.Run(in)
	if err != nil {
		return nil, err
	}
	if at != 0 || n != out[0].Len() {
		return nil, fmt.Errorf("graph: elements %d to %d of %v are computed as a whole only", at, at+n, out[0])
	}
	return out[0].Any(), nil
}

// elementwise is computed for any part. It implements tensor.FloatSource.
type elementwise struct{ computed }

// Elements implements [tensor.Source].
func (e *elementwise) Elements(at, n int) (any, error) {
	t, err := e.part(at, n)
	if err != nil {
		return nil, err
	}
	return t.Any(), nil
}

// Floats implements [tensor.FloatSource].
func (e *elementwise) Floats(dst []float32, at int) error {
	if src, ok := e.in[0].Source().(tensor.HalfSource); ok { // of a Cast, as later says
		return src.Widen(dst, at)
	}
	t, err := e.part(at, len(dst))
	if err == nil {
		copy(dst, tensor.Data[float32](t))
	}
	return err
}

func (e *elementwise) part(at, n int) (*tensor.Tensor, error) {
	x, err := tensor.Part(e.in[0], at, n)
	if err != nil {
		return nil, err
	}
	out, err := e.n.Run([]*tensor.Tensor{x})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}
