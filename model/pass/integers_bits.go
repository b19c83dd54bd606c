package pass

import (
	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// leastBits is the elements from which on weights stay integers in a product of
// floats: less is not worth it.
const leastBits = 1 << 14

// bitProduct takes a product of floats with a matrix that a DequantizeLinear makes
// of 4 or 8 bits: the matrix stays as it is, in a node like MatMulNBits.
//
//	x ── MatMul ── y          x ── larder.BitMatMul{bits=8}(w, scales, zeros) ── y
//	      │             ⇒
//	w ── DequantizeLinear
//
// It fires for one scale, one for each column of the result, and blocks of rows.
func (q *integers) bitProduct(n, dq *graph.Node) bool {
	if dq == nil || !isType(n, "MatMul") || !q.facts.Of(n.Inputs[0]).Ranked || q.facts.Of(n.Inputs[0]).DType != tensor.Float32 || len(q.facts.Of(n.Inputs[0]).Shape) < 2 {
		return false
	}
	t, scale := q.facts.Of(dq.Inputs[0]).Const, q.facts.Of(dq.Inputs[1]).Const
	if t.Rank() != 2 || t.Len() < leastBits || scale == nil || scale.DType() != tensor.Float32 {
		return false
	}
	b := &bits{k: t.Dim(0), n: t.Dim(1), scales: tensor.Data[float32](scale.Resident())}
	if !b.blocks(dq, scale) {
		return false
	}
	codes, offset := codesOf(t)
	if codes == nil {
		return false
	}
	b.bits = 8
	if offset == 8 || t.DType() == tensor.Uint4 {
		b.bits = 4
	}
	zeros := make([]int32, len(b.scales))
	if v := input(dq, 2); v != nil {
		z, _ := codesOf(q.facts.Of(v).Const)
		if len(z) != len(zeros) {
			return false
		}
		zeros = z
	}
	name := n.Outputs[0].Name
	packed, scales, points := b.pack(codes, zeros, offset)
	in := []*graph.Value{n.Inputs[0], q.constant(name+".bits", packed), q.constant(name+".scales", scales), q.constant(name+".zeros", points)}
	return q.emit(n.Path, "BitMatMul", op.Attrs{"K": int64(b.k), "N": int64(b.n), "bits": int64(b.bits), "block_size": int64(b.size)}, in, n.Outputs[0])
}

// bits is a matrix of few bits on its way.
type bits struct {
	k, n, bits int
	size       int // of a block
	// scales and zero points lie at column*byColumn + block*byBlock.
	scales            []float32
	byColumn, byBlock int
}

// blocks finds how the scales of a DequantizeLinear lie.
func (b *bits) blocks(dq *graph.Node, scale *tensor.Tensor) bool {
	axis, err := dq.Attrs.Int("axis", 1)
	size, err2 := dq.Attrs.Int("block_size", 0)
	if axis < 0 {
		axis += 2
	}
	b.size = (b.k + 7) / 8 * 8
	switch {
	case err != nil || err2 != nil:
		return false
	case size > 0:
		b.size, b.byColumn, b.byBlock = int(size), 1, b.n
		return axis == 0 && size%8 == 0 && scale.Len() == b.n*b.groups()
	case scale.Len() == 1:
		return true
	}
	b.byColumn = 1
	return axis == 1 && scale.Len() == b.n
}

func (b *bits) groups() int { return (b.k + b.size - 1) / b.size }

// pack writes the matrix, its scales and zero points as MatMulNBits has them.
// offset makes codes unsigned.
func (b *bits) pack(codes, zeros []int32, offset int32) (packed, scales, points *tensor.Tensor) {
	per, row := 8/b.bits, b.groups()*b.size
	to := make([]uint8, b.n*row/per)
	for i, v := range codes {
		at := i%b.n*row + i/b.n
		to[at/per] |= uint8(v+offset) << (at % per * b.bits)
	}
	s := make([]float32, b.n*b.groups())
	z := make([]float32, len(s))
	for c := range b.n {
		for g := range b.groups() {
			from := c*b.byColumn + g*b.byBlock
			s[c*b.groups()+g], z[c*b.groups()+g] = b.scales[from], float32(zeros[from]+offset)
		}
	}
	return tensor.Must(tensor.Of(to, b.n, b.groups(), b.size/per)), tensor.Vector(s...), tensor.Vector(z...)
}

// codesOf returns the elements of a constant of 4 or 8 bits, and what makes them
// unsigned; nil if it is something else.
func codesOf(t *tensor.Tensor) ([]int32, int32) {
	if t == nil {
		return nil, 0
	}
	offset, ok := map[tensor.DType]int32{tensor.Uint8: 0, tensor.Int8: 128, tensor.Uint4: 0, tensor.Int4: 8}[t.DType()]
	if !ok {
		return nil, 0
	}
	codes := make([]int32, t.Len())
	switch d := t.Resident().Any().(type) {
	case []uint8:
		for i, v := range d {
			codes[i] = int32(v)
		}
	case []int8:
		for i, v := range d {
			codes[i] = int32(v)
		}
	default:
		return nil, 0
	}
	return codes, offset
}
