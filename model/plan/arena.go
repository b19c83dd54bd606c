package plan

import (
	"cmp"
	"slices"
)

// align is what the address of every buffer is a multiple of: a cache line.
const align = 64

func alignUp(n int) int { return (n + align - 1) &^ (align - 1) }

// buffer is a piece of memory. It lives from the first step that writes it to
// the last that uses it.
type buffer struct {
	bytes       int
	first, last int // steps; first < 0: not used
	// fixed says that the address is set: a weight.
	fixed bool
	addr  int
	// into is the buffer that this one is a part of, at the distance offset.
	into   *buffer
	offset int
}

// root follows into.
func (b *buffer) root() *buffer {
	for b.into != nil {
		b = b.into
	}
	return b
}

// at returns the address, once it is known.
func (b *buffer) at() uint32 {
	offset := 0
	for b.into != nil {
		offset += b.offset
		b = b.into
	}
	return uint32(b.addr + offset)
}

// use extends the life to a step.
func (b *buffer) use(step int) {
	b = b.root()
	if b.first < 0 {
		b.first = step
	}
	b.last = max(b.last, step)
}

// reuse is the wish that a step writes its result over one of its inputs.
type reuse struct {
	step     int
	out, old *buffer
}

// grant merges the two where the input dies with the step and is as large as
// the result.
func (r reuse) grant() {
	out, old := r.out.root(), r.old.root()
	if out == old || out.fixed || old.fixed || out.bytes != old.bytes || old.last != r.step || out.first != r.step {
		return
	}
	if r.out.into != nil || r.old.into != nil && r.old.offset != 0 {
		return
	}
	out.into, out.offset = old, 0
	old.last = max(old.last, out.last)
}

// arrange gives every buffer an offset from base and returns the size of all.
// Buffers that live at the same time do not overlap. The largest is placed
// first, each in the smallest gap that holds it.
func arrange(buffers []*buffer, base int) int {
	var live []*buffer
	for _, b := range buffers {
		if b.into == nil && !b.fixed && b.first >= 0 {
			live = append(live, b)
		}
	}
	slices.SortStableFunc(live, func(a, b *buffer) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.first, b.first))
	})
	var placed []*buffer // by address
	end := 0
	for _, b := range live {
		b.addr = bestGap(placed, b)
		end = max(end, b.addr+alignUp(b.bytes))
		i, _ := slices.BinarySearchFunc(placed, b, func(x, y *buffer) int { return cmp.Compare(x.addr, y.addr) })
		placed = slices.Insert(placed, i, b)
	}
	for _, b := range live {
		b.addr += base
	}
	return end
}

// bestGap returns the start of the smallest gap between the placed buffers that
// live together with b, or the end behind them.
func bestGap(placed []*buffer, b *buffer) int {
	need := alignUp(b.bytes)
	best, bestSize, end := -1, 0, 0
	for _, p := range placed {
		if p.last < b.first || b.last < p.first {
			continue
		}
		if gap := p.addr - end; gap >= need && (best < 0 || gap < bestSize) {
			best, bestSize = end, gap
		}
		end = max(end, p.addr+alignUp(p.bytes))
	}
	if best >= 0 {
		return best
	}
	return end
}
