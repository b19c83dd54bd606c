package slim

// layout is which of a function's segments are written, and which of them begin with
// a label: the end of a block that is open from the function's beginning on. The
// places of the rewritten function are its labels.
type layout struct {
	reached []bool
	labels  []bool
	rank    []int64 // the number of a segment's label; without one, how many are before it
	count   int64   // of labels
	table   bool    // the function begins with a table that leads to its labels
	loops   bool    // it jumps back
}

// layOut finds the layout. deferred is the segment where the function goes on after
// a panic from which it recovers, or -1.
func (f *goFunc) layOut(deferred int64) *layout {
	n := len(f.segments)
	l := &layout{reached: make([]bool, n), labels: make([]bool, n), rank: make([]int64, n)}
	var work []int64
	reach := func(s int64) {
		if s < int64(n) && !l.reached[s] {
			l.reached[s] = true
			work = append(work, s)
		}
	}
	label := func(s int64, table bool) {
		l.labels[s] = true
		l.table = l.table || table
		reach(s)
	}
	reach(0)
	if deferred >= 0 {
		label(deferred, true)
	}
	for len(work) > 0 {
		s := work[len(work)-1]
		work = work[:len(work)-1]
		code, falls := cutDead(f.segments[s])
		f.segments[s] = code
		for _, in := range code {
			switch {
			case in.op == opJump || in.op == opJumpIf:
				label(in.a, in.a <= s)
				l.loops = l.loops || in.a <= s
			case in.op == opAddress && in.b == comesBack:
				label(f.segment(in.a), true)
			}
		}
		if falls {
			reach(s + 1)
		}
	}
	l.labels[0] = l.labels[0] || l.table
	for s := range l.rank {
		l.rank[s] = l.count
		if l.labels[s] {
			l.count++
		}
	}
	return l
}

// cutDead removes what stands behind an unconditional end of a segment and reports
// whether the segment falls into the next one.
func cutDead(code []instr) (rest []instr, falls bool) {
	depth := 0
	for i, in := range code {
		switch in.op {
		case opBlock, opLoop, opIf:
			depth++
		case opEnd:
			depth--
		case opJump, opReturn, opUnreachable:
			if depth == 0 {
				return code[:i+1], false
			}
		}
	}
	return code, true
}
