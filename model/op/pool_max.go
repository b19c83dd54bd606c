package op

import "larder/model/tensor"

// maxPool is the operator MaxPool.
type maxPool struct {
	pool
	// columns numbers the elements of a channel column by column (the first
	// spatial dimension fastest) in the indices.
	columns bool
	indices bool
}

func newMaxPool(n Node) (Operator, error) {
	operands := floatTypes | dtypeSet(tensor.Int8, tensor.Uint8)
	if n.Domain == Fused {
		operands = dtypeSet(tensor.Int16)
	}
	p, err := readPool(n, operands)
	if err != nil {
		return nil, err
	}
	columns, err := flag(n.Attrs, "storage_order", 0)
	if err != nil {
		return nil, err
	}
	indices := len(n.Outputs) > 1 && n.Outputs[1] != ""
	return newRuled(n, arity{1, 1, 2}, inFloat32{&maxPool{p, columns, indices}})
}

// run implements [rule].
func (p *maxPool) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	switch d := in[0].Any().(type) {
	case []float32:
		return runMaxPool(p, in[0], d, out[0].Shape)
	case []float64:
		return runMaxPool(p, in[0], d, out[0].Shape)
	case []int8, []uint8, []int16: // float32 has them all
		wide, err := castTensor(in[0], tensor.Float32)
		if err != nil {
			return nil, err
		}
		res, err := runMaxPool(p, wide, tensor.Data[float32](wide), out[0].Shape)
		if err != nil {
			return nil, err
		}
		res[0], err = castTensor(res[0], in[0].DType())
		return res, err
	}
	return nil, noType(in[0])
}

func runMaxPool[T float](p *maxPool, x *tensor.Tensor, data []T, shape tensor.Shape) ([]*tensor.Tensor, error) {
	b, err := p.boxOf(x)
	if err != nil {
		return nil, err
	}
	y, out := blank[T](shape)
	res := []*tensor.Tensor{y, nil}
	var indices []int64
	if p.indices {
		res[1], indices = blank[int64](shape)
	}
	empty := false
	for c := 0; len(out) > 0 && !empty; c++ {
		plane := data[c*b.inputs():][:b.inputs()]
		o := 0
		b.views(func(v *view) {
			if v.size() == 0 {
				empty = true
				return
			}
			best := greatest(v, plane)
			out[o] = plane[best]
			if indices != nil {
				indices[o] = int64(c*b.inputs() + p.number(&b, best))
			}
			o++
		})
		if !empty {
			out = out[o:]
			if indices != nil {
				indices = indices[o:]
			}
		}
	}
	if empty {
		return nil, errOnlyPadding()
	}
	return res, nil
}

// greatest returns the place of the first greatest element, or of the first
// NaN.
func greatest[T float](v *view, plane []T) int {
	best := -1
	var top T
	v.each(func(i int) {
		if x := plane[i]; best < 0 || x > top || x != x && top == top {
			best, top = i, x
		}
	})
	return best
}

// number returns the number of element i of a channel in the indices.
func (p *maxPool) number(b *box, i int) int {
	if !p.columns {
		return i
	}
	d, h, w := i/(b[1].in*b[2].in), i/b[2].in%b[1].in, i%b[2].in
	return d + b[0].in*(h+b[1].in*w)
}
