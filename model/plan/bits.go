package plan

import (
	"fmt"

	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/tensor"
)

// A product with weights of a few bits keeps them so in memory: the kernel makes
// floats of what it needs.

// lowerBitMatMul lowers com.microsoft.MatMulNBits with constant weights.
func lowerBitMatMul(b *builder, n *graph.Node) bool {
	w, ok := bitWeightsOf(n)
	x, known := b.shape(n.Inputs[0])
	scales, zeros, bias := n.Inputs[2], input(n, 3), input(n, 5)
	if !ok || !known || len(x) == 0 || b.constant(n.Inputs[1]) == nil || !b.constantOrNil(scales) || !b.constantOrNil(bias) {
		return false
	}
	if zeros != nil {
		if t := b.constant(zeros); t == nil || t.DType() != tensor.Float32 && t.DType() != tensor.Uint8 {
			return false
		}
	}
	k := lanesUp(w.k)
	rows := gridOf(Rows, b.facts[n.Outputs[0]].Shape).count
	// A block of k is some whole groups, about half of a first-level cache.
	kBlock := w.group * max(1, maxKBlock/w.group)
	bytes := kernel.BitGEMMScratch(min(kBlock, k))
	a := b.in(n.Inputs[0], Rows)
	packed, scale, zero := b.weight(n.Inputs[1], w), b.weight(scales, bitScales{w}), b.weight(zeros, bitZeros{w})
	shift := b.bias(bias, w.n)
	c := b.out(n.Outputs[0], Rows)
	scratch := b.needScratch(bytes)
	b.kernel(2*rows*w.k*w.n, func() call {
		return call{kernel.BitGEMM, kernel.BitGEMMArgs{GEMMArgs: kernel.GEMMArgs{A: a.at(), LDA: uint32(k * floatBytes), W: packed.at(), C: c.at(), LDC: uint32(lanesUp(w.n) * floatBytes),
			Rows: uint32(rows), K: uint32(k), Vecs: uint32(lanesUp(w.n) / Lanes), Bias: shift.at(), Low: -infinity, High: infinity,
			RowBlock: uint32(rows), KBlock: uint32(kBlock)},
			Bits: uint32(w.bytes()), Group: uint32(w.group), Groups: uint32(w.groups()), Zeros: zero.at(), Scales: scale.at(), Scratch: scratch(), Bytes: uint32(alignUp(bytes))}}
	}, a, c)
	return true
}

// bitWeights is the weights of MatMulNBits in panels: [panel][k][8] bytes, or half
// as many. Numbers of two bits are kept in four.
type bitWeights struct{ k, n, bits, group int }

func bitWeightsOf(n *graph.Node) (w bitWeights, ok bool) {
	sizes := map[string]*int{"K": &w.k, "N": &w.n, "bits": &w.bits, "block_size": &w.group}
	for name, to := range sizes {
		def := int64(0)
		if name == "bits" {
			def = 4
		}
		v, err := n.Attrs.Int(name, def)
		if err != nil || v <= 0 || v > 1<<24 {
			return w, false
		}
		*to = int(v)
	}
	return w, w.group%Lanes == 0
}

func (w bitWeights) groups() int { return (w.k + w.group - 1) / w.group }
func (w bitWeights) panels() int { return (w.n + panelCols - 1) / panelCols }

// bytes is the bytes of 8 numbers.
func (w bitWeights) bytes() int { return max(w.bits, 4) }

func (w bitWeights) floats() int { return w.panels() * lanesUp(w.k) * w.bytes() / floatBytes }

// at reads number i of a list of a few bits each.
func (w bitWeights) at(from []uint8, i int) byte {
	per := 8 / w.bits
	return from[i/per] >> (i % per * w.bits) & byte(1<<w.bits-1)
}

func (w bitWeights) pack(m *packer) error {
	from, kPad := tensor.Data[uint8](m.from.Resident()), lanesUp(w.k)
	for j := range w.panels() {
		to := m.blank(kPad * w.bytes() / floatBytes)
		bytes := bytesOf(to)
		for c := range min(panelCols, w.n-j*panelCols) {
			first := (j*panelCols + c) * w.groups() * w.group
			for k := range w.k {
				v := w.at(from, first+k)
				if w.bytes() == 8 {
					bytes[k*panelCols+c] = v
				} else {
					bytes[k/2*panelCols+c] |= v << (k % 2 * 4)
				}
			}
		}
		if err := m.to(j*len(to), to); err != nil {
			return err
		}
	}
	return nil
}

func (w bitWeights) String() string { return fmt.Sprint("bits", [...]int{w.k, w.n, w.bits, w.group}) }

// perGroup writes a number for each column and group: [panel][group][8].
func (w bitWeights) perGroup(m *packer, f func(column, group int) float32) error {
	to := m.blank(w.panels() * w.groups() * panelCols)
	for c := range w.n {
		for g := range w.groups() {
			to[(c/panelCols*w.groups()+g)*panelCols+c%panelCols] = f(c, g)
		}
	}
	return m.to(0, to)
}

// bitScales is the scales of such weights.
type bitScales struct{ bitWeights }

func (s bitScales) floats() int { return s.panels() * s.groups() * panelCols }

func (s bitScales) pack(m *packer) error {
	from := tensor.Data[float32](m.from.Resident())
	return s.perGroup(m, func(c, g int) float32 { return from[c*s.groups()+g] })
}

func (s bitScales) String() string { return "scales of " + s.bitWeights.String() }

// bitZeros is their zero points; the middle if there are none.
type bitZeros struct{ bitWeights }

func (z bitZeros) floats() int { return z.panels() * z.groups() * panelCols }

func (z bitZeros) pack(m *packer) error {
	return z.perGroup(m, func(c, g int) float32 {
		switch {
		case m.from == nil:
			return float32(int(1) << (z.bits - 1))
		case m.from.DType() == tensor.Float32:
			return tensor.Data[float32](m.from)[c*z.groups()+g]
		}
		return float32(z.at(tensor.Data[uint8](m.from)[c*((z.groups()*z.bits+7)/8):], g))
	})
}

func (z bitZeros) String() string { return "zeros of " + z.bitWeights.String() }
