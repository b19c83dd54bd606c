package op

import (
	"math"

	"larder/model/tensor"
)

// bitMatMul is MatMulNBits: a product with a matrix of 2, 4 or 8 bits, quantised
// in blocks along the rows of its transpose.
type bitMatMul struct{ k, n, bits, block int }

func newBitMatMul(n Node) (Operator, error) {
	m := &bitMatMul{}
	for _, a := range []struct {
		name       string
		def, least int64
		to         *int
	}{{"K", 0, 1, &m.k}, {"N", 0, 1, &m.n}, {"bits", 4, 2, &m.bits}, {"block_size", 0, 1, &m.block}} {
		var err error
		if *a.to, err = countAttr(n.Attrs, a.name, a.def, a.least); err != nil {
			return nil, err
		}
		if *a.to == 0 {
			return nil, Invalidf("attribute %q is missing", a.name)
		}
	}
	if m.bits != 2 && m.bits != 4 && m.bits != 8 || m.block%8 != 0 || m.block > math.MaxInt32/8 {
		return nil, Unsupportedf("%d bits in blocks of %d", m.bits, m.block)
	}
	return newRuled(n, arity{3, 6, 1}, inFloat64{m})
}

// blocks returns how many blocks a row has.
func (m *bitMatMul) blocks() int { return (m.k + m.block - 1) / m.block }

// types implements [rule].
func (m *bitMatMul) types(in []Value) ([]Value, error) {
	a, zero, bias := in[0], input(in, 3), input(in, 5)
	if _, err := floatTypes.same(a, in[2], bias); err != nil {
		return nil, err
	}
	if !input(in, 4).Absent {
		return nil, Unsupportedf("groups in another order (g_idx)")
	}
	if err := wantType("B", in[1], tensor.Uint8); err != nil {
		return nil, err
	}
	whole := times(times(m.n, m.blocks()), m.block/8*m.bits)
	for _, c := range []struct {
		what string
		v    Value
		want int
	}{{"B", in[1], whole}, {"scales", in[2], times(m.n, m.blocks())}, {"bias", bias, m.n}, {"zero_points", zero, m.zeros(zero)}} {
		if n := dimsProduct(c.v.Shape); !c.v.Absent && c.v.Ranked && c.v.Shape.Known() && n != c.want {
			return nil, Invalidf("%s has shape %v, want %d elements", c.what, c.v.Shape, c.want)
		}
	}
	if err := (floatTypes | dtypeSet(tensor.Uint8)).check("zero_points", zero); err != nil {
		return nil, err
	}
	if !a.Ranked {
		return []Value{Unranked(a.DType)}, nil
	}
	last := len(a.Shape) - 1
	if last < 0 || a.Shape[last] >= 0 && a.Shape[last] != m.k {
		return nil, Invalidf("A has shape %v, want %d columns", a.Shape, m.k)
	}
	return []Value{Of(a.DType, append(a.Shape[:last:last], m.n)...)}, nil
}

// zeros returns how many elements the zero points have: packed like B, or one
// float for each block.
func (m *bitMatMul) zeros(v Value) int {
	if v.DType == tensor.Uint8 {
		return times(m.n, (m.blocks()*m.bits+7)/8)
	}
	return times(m.n, m.blocks())
}

// run implements [rule].
func (m *bitMatMul) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	a, scales := doubles(in[0]), doubles(in[2])
	packed := tensor.Data[uint8](in[1])
	y, data := blank[float64](out[0].Shape)
	row := make([]float64, m.k)
	rows := len(a) / m.k
	bias := doubles(tensorAt(in, 5))
	for j := range m.n {
		for i := range row {
			b := j*m.blocks() + i/m.block
			row[i] = (m.number(packed, b*m.block+i%m.block) - m.zero(tensorAt(in, 3), j, i/m.block)) * scales[b]
		}
		for r := range rows {
			data[r*m.n+j] = dot(row, a[r*m.k:][:m.k])
			if bias != nil {
				data[r*m.n+j] += bias[j]
			}
		}
	}
	return []*tensor.Tensor{y}, nil
}

// number returns number i of a list of a few bits each.
func (m *bitMatMul) number(packed []uint8, i int) float64 {
	per := 8 / m.bits
	return float64(packed[i/per] >> (i % per * m.bits) & (1<<m.bits - 1))
}

// zero returns the zero point of a block of row j; the middle, if none is given.
func (m *bitMatMul) zero(t *tensor.Tensor, j, block int) float64 {
	switch {
	case t == nil:
		return float64(int(1) << (m.bits - 1))
	case t.DType() == tensor.Uint8:
		size := (m.blocks()*m.bits + 7) / 8
		return m.number(tensor.Data[uint8](t)[j*size:], block)
	}
	return doubles(t)[j*m.blocks()+block]
}
