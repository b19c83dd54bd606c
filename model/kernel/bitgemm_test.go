package kernel_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"larder/model/kernel"
)

// coded is a matrix of few bits: code, zero and scale of each group of rows.
type coded struct {
	bits, group, groups  int
	codes, zeros, scales []float32 // as the kernel wants them: [panel][k or group][8]
	floats               matrix
}

// newCoded makes one of k rows and n columns at random. What only fills it up is zero.
func newCoded(r *rand.Rand, k, n, bits, group int) coded {
	panels := (n + kernel.PanelCols - 1) / kernel.PanelCols
	c := coded{bits: bits, group: group, groups: (k + group - 1) / group, floats: newMatrix(k, n, up4(n))}
	c.codes = make([]float32, panels*up4(k)*kernel.PanelCols)
	c.zeros = make([]float32, panels*c.groups*kernel.PanelCols)
	c.scales = make([]float32, len(c.zeros))
	for j := range n {
		panel, column := j/kernel.PanelCols, j%kernel.PanelCols
		for i := range up4(k) {
			g := (panel*c.groups+min(i/group, c.groups-1))*kernel.PanelCols + column
			if i < k && i%group == 0 {
				c.zeros[g], c.scales[g] = float32(r.IntN(1<<bits)), (1+r.Float32())/float32(int(4)<<bits)
			}
			code := c.zeros[g]
			if i < k {
				code = float32(r.IntN(1 << bits))
				c.floats.set(i, j, (code-c.zeros[g])*c.scales[g])
			}
			c.codes[(panel*up4(k)+i)*kernel.PanelCols+column] = code
		}
	}
	return c
}

// words packs the codes: four bits in pairs of rows, the first low.
func (c coded) words() (out []uint32) {
	var b []byte
	const row = kernel.PanelCols
	for at := 0; at < len(c.codes); at += 2 * row {
		for j := range 2 * row {
			switch code := byte(c.codes[at+j]); {
			case c.bits == 8:
				b = append(b, code)
			case j < row:
				b = append(b, code|byte(c.codes[at+row+j])<<4)
			}
		}
	}
	for ; len(b) > 0; b = b[4:] {
		out = append(out, binary.LittleEndian.Uint32(b))
	}
	return out
}

// TestBitGEMM has as many rows as are gone through one by one, and more.
func TestBitGEMM(t *testing.T) {
	r := rng(21)
	for range 60 {
		rows, k, n, pad, threads := 1+r.IntN(7), 1+r.IntN(150), 1+r.IntN(40), 4*r.IntN(3), 1+r.IntN(3)
		bits, group := 4+4*r.IntN(2), 4<<r.IntN(5)
		low, high := -inf32, inf32
		if r.IntN(2) == 0 {
			low, high = -1, 2
		}
		t.Run(fmt.Sprintf("%dx%dx%d of %d bits by %d", rows, k, n, bits, threads), func(t *testing.T) {
			m := newMachine(t)
			w := newCoded(r, k, n, bits, group)
			c := newProduct(m, r, rows, w.floats, pad, r.IntN(2) == 0, low, high)
			if c.args.Residual != 0 { // whose rows may be farther apart than those of C
				c.args.LDC += 16
				c.args.C = m.alloc(rows * int(c.args.LDC))
			}
			args := kernel.BitGEMMArgs{GEMMArgs: c.args, Bits: uint32(bits), Group: uint32(group), Groups: uint32(w.groups),
				Zeros: m.put(w.zeros), Scales: m.put(w.scales), Bytes: uint32(kernel.BitGEMMScratch(int(c.args.KBlock)))}
			args.W, args.Scratch = m.putWords(w.words()), m.alloc(threads*int(args.Bytes))
			m.do(threads, kernel.BitGEMM, args)
			m.rowsAre(args.C, args.LDC, c.want, 1e-5)
		})
	}
}
