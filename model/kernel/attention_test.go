package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"larder/model/kernel"
)

// attentionCase is a random attention and what it should give.
type attentionCase struct {
	args                              kernel.AttentionArgs
	batches, heads, group, rows, keys int
	depth, valueDepth                 int
	q, k, v, mask                     []float32 // [batch][row][head][depth rounded up], the mask [batch][head][row][key rounded up]
	want                              []float32
}

// newAttention puts random queries, keys and values into memory. mask: "" for
// none, "keys" for one row, "full" for a row of each query.
func newAttention(m *machine, r *rand.Rand, mask string) *attentionCase {
	c := &attentionCase{batches: 1 + r.IntN(2), heads: 1 + r.IntN(3), group: 1 + r.IntN(2), rows: 1 + r.IntN(30), keys: 1 + r.IntN(30), depth: 1 + r.IntN(17), valueDepth: 1 + r.IntN(17)}
	c.heads *= c.group
	kv := c.heads / c.group
	c.q = lanesOf(r, c.batches*c.rows*c.heads, c.depth)
	c.k = lanesOf(r, c.batches*c.keys*kv, c.depth)
	c.v = lanesOf(r, c.batches*c.keys*kv, c.valueDepth)
	d, w, s := up4(c.depth), up4(c.valueDepth), up4(c.keys)
	c.args = kernel.AttentionArgs{Q: m.put(c.q), QRow: uint32(4 * d * c.heads), QHead: uint32(4 * d), QBatch: uint32(4 * d * c.heads * c.rows),
		K: m.put(c.k), KRow: uint32(4 * d * kv), KHead: uint32(4 * d), KBatch: uint32(4 * d * kv * c.keys),
		V: m.put(c.v), VRow: uint32(4 * w * kv), VHead: uint32(4 * w), VBatch: uint32(4 * w * kv * c.keys),
		Output: m.alloc(4 * w * c.heads * c.rows * c.batches), OutRow: uint32(4 * w * c.heads), OutHead: uint32(4 * w), OutBatch: uint32(4 * w * c.heads * c.rows),
		Batches: uint32(c.batches), Heads: uint32(c.heads), Group: uint32(c.group), Rows: uint32(c.rows), Keys: uint32(c.keys),
		Depth: uint32(c.depth), ValueDepth: uint32(c.valueDepth), RowBlock: uint32(pickInt(r, 12, 24)), KBlock: uint32(pickInt(r, 8, 64)), Scale: 0.7, Floor: -inf32, Zeros: m.put(make([]float32, 64))}
	c.args.Mask = c.args.Zeros
	c.mask = make([]float32, c.batches*c.heads*c.rows*s)
	rows := c.rows
	if mask == "keys" {
		rows = 1
	}
	if mask != "" {
		c.mask = lanesOf(r, c.batches*c.heads*rows, c.keys)
		for i := range c.mask {
			if r.IntN(4) == 0 {
				c.mask[i] = -inf32
			}
		}
		c.args.Mask, c.args.MaskHead, c.args.MaskBatch = m.put(c.mask), uint32(4*s*rows), uint32(4*s*rows*c.heads)
		if mask == "full" {
			c.args.MaskRow = uint32(4 * s)
		}
	}
	return c
}

func pickInt(r *rand.Rand, list ...int) int { return list[r.IntN(len(list))] }

// lanesOf returns random rows, rounded up to whole vectors with zeros.
func lanesOf(r *rand.Rand, rows, columns int) []float32 { return randomMatrix(r, rows, columns).data }

// expect computes the case in float64.
func (c *attentionCase) expect() {
	d, w, s, kv := up4(c.depth), up4(c.valueDepth), up4(c.keys), c.heads/c.group
	c.want = make([]float32, c.batches*c.rows*c.heads*w)
	maskRows := len(c.mask) / (c.batches * c.heads * s)
	for i := range c.batches * c.heads * c.rows {
		b, h, t := i/(c.heads*c.rows), i/c.rows%c.heads, i%c.rows
		q := c.q[((b*c.rows+t)*c.heads+h)*d:][:c.depth]
		weights := make([]float32, c.keys)
		for j := range weights {
			sum := 0.0
			for x, v := range c.k[((b*c.keys+j)*kv+h/c.group)*d:][:c.depth] {
				sum += float64(q[x]) * float64(v)
			}
			weights[j] = float32(sum*0.7 + float64(c.mask[((b*c.heads+h)*maskRows+t%maskRows)*s+j]))
		}
		out := c.want[((b*c.rows+t)*c.heads+h)*w:][:c.valueDepth]
		for j, p := range softmax64(weights, false) {
			for x := range out {
				out[x] += p * c.v[((b*c.keys+j)*kv+h/c.group)*w+x]
			}
		}
	}
}

func TestAttention(t *testing.T) {
	r := rng(31)
	for i := range 60 {
		mask, threads := []string{"", "keys", "full"}[i%3], 1+r.IntN(3)
		t.Run(fmt.Sprintf("%d mask %q by %d", i, mask, threads), func(t *testing.T) {
			m := newMachine(t)
			c := newAttention(m, r, mask)
			if i%5 == 4 { // a NaN spoils its row and head only
				c.q[0] = nan32
				m.mem.WriteFloat32Le(c.args.Q, nan32)
			}
			c.expect()
			a := &c.args
			a.ScratchBytes = uint32(kernel.AttentionScratch(int(a.RowBlock), c.keys, c.depth, c.valueDepth)+63) &^ 63
			a.Scratch = m.alloc(threads * int(a.ScratchBytes))
			m.do(threads, kernel.Attention, *a)
			near(t, m.get(a.Output, len(c.want)), c.want, 1e-5)
			after := m.get(a.Scratch+uint32(threads)*a.ScratchBytes, 8)
			for _, v := range after {
				if v == v {
					t.Fatalf("%v is written behind the scratch", v)
				}
			}
		})
	}
}

// TestAttentionMasked looks at rows that the mask takes all keys of.
func TestAttentionMasked(t *testing.T) {
	m := newMachine(t)
	c := newAttention(m, rng(32), "full")
	s := up4(c.keys)
	for j := range c.keys {
		c.mask[j] = -inf32
		m.mem.WriteFloat32Le(c.args.Mask+uint32(4*j), -inf32)
		if c.rows > 1 { // the lowest float leaves all keys alike
			c.mask[s+j] = -math.MaxFloat32
			m.mem.WriteFloat32Le(c.args.Mask+uint32(4*(s+j)), -math.MaxFloat32)
		}
	}
	c.expect()
	if c.want[0] == c.want[0] || c.want[up4(c.valueDepth)*c.heads] != c.want[up4(c.valueDepth)*c.heads] {
		t.Fatalf("the first row should be NaN, the second not: %v", c.want)
	}
	c.args.ScratchBytes = uint32(kernel.AttentionScratch(int(c.args.RowBlock), c.keys, c.depth, c.valueDepth)+63) &^ 63
	c.args.Scratch = m.alloc(int(c.args.ScratchBytes))
	m.do(1, kernel.Attention, c.args)
	near(t, m.get(c.args.Output, len(c.want)), c.want, 1e-5)

	clear(c.want[:c.valueDepth])
	c.args.Floor = -math.MaxFloat32
	m.do(1, kernel.Attention, c.args)
	near(t, m.get(c.args.Output, len(c.want)), c.want, 1e-5)
}

func TestGatherRows(t *testing.T) {
	r := rng(33)
	for range 30 {
		blocks, rows, count, columns, threads := 1+r.IntN(3), 1+r.IntN(9), 1+r.IntN(9), 1+r.IntN(90), 1+r.IntN(3)
		m := newMachine(t)
		x := randomMatrix(r, blocks*rows, columns)
		index := make([]uint32, count)
		want := make([]float32, blocks*count*x.stride)
		for i := range index {
			index[i] = uint32(r.IntN(rows))
			for b := range blocks {
				copy(want[(b*count+i)*x.stride:][:x.stride], x.data[(b*rows+int(index[i]))*x.stride:])
			}
		}
		row := uint32(4 * x.stride)
		a := kernel.GatherArgs{Input: m.put(x.data), InputBlock: row * uint32(rows), InputRow: row, Output: m.alloc(4 * len(want)), OutputBlock: row * uint32(count), OutputRow: row,
			Indices: m.putWords(index), Blocks: uint32(blocks), Count: uint32(count), Bytes: row}
		m.do(threads, kernel.GatherRows, a)
		near(t, m.get(a.Output, len(want)), want, 0)
	}
}
