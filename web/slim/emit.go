package slim

import "slices"

// addRegisters declares localOwn and localHere; the function's own variables move.
func (f *goFunc) addRegisters() bool {
	locals := slices.Clone(f.locals)
	if len(locals) < 3 || locals[1] != 1 || locals[2] != typeI32 {
		return false // the stack pointer has a declaration of its own
	}
	locals[1] += addedRegs
	f.locals = locals
	return true
}

// emit writes the function's body.
func (f *goFunc) emit(l *layout) []byte {
	e := &emitter{layout: l, out: slices.Clone(f.locals)}
	e.add(prologue...)
	if f.counts {
		e.add(instr{op: opI32Const, a: place(f.own) << 16}, instr{op: opLocalTee, a: localOwn},
			instr{op: opLocalGet, a: localPlace}, instr{op: opI32Add}, instr{op: opLocalSet, a: localHere})
	}
	if l.loops {
		e.add(instr{op: opLoop, a: noResult})
	}
	for range l.count {
		e.add(instr{op: opBlock, a: noResult})
	}
	if l.table {
		table := make([]uint32, l.count)
		for i := range table {
			table[i] = uint32(i)
		}
		e.add(instr{op: opLocalGet, a: localPlace}, instr{op: opBrTable, table: table})
	}
	for s := range f.segments {
		e.after = l.rank[s]
		if l.labels[s] {
			e.add(instr{op: opEnd})
			e.after++
		}
		if l.reached[s] {
			e.segment(s, f.segments[s])
		}
	}
	if l.loops {
		e.add(instr{op: opEnd})
	}
	e.add(instr{op: opUnreachable}, instr{op: opEnd})
	return e.out
}

type emitter struct {
	layout *layout
	out    []byte
	after  int64 // the number of the next label
}

func (e *emitter) add(code ...instr) {
	for _, in := range code {
		e.out = appendInstr(e.out, in)
	}
}

func (e *emitter) segment(s int, code []instr) {
	depth := int64(0)
	for at, in := range code {
		switch in.op {
		case opBlock, opLoop, opIf:
			depth++
		case opEnd:
			depth--
		case opUnwind:
			e.add(instr{op: opIf, a: noResult}, instr{op: opI32Const, a: 1}, instr{op: opReturn}, instr{op: opEnd})
			continue
		case opJump, opJumpIf:
			if in.op == opJumpIf || at < len(code)-1 || !e.falls(s, in.a) {
				e.jump(s, in, depth)
			}
			continue
		}
		e.add(in)
	}
}

// falls reports whether there is nothing between a segment and a later one.
func (e *emitter) falls(s int, to int64) bool {
	return to > int64(s) && !slices.Contains(e.layout.reached[s+1:to], true)
}

// jump writes a jump: forward out of blocks, back by the table.
func (e *emitter) jump(s int, in instr, depth int64) {
	to := e.layout.rank[in.a]
	switch {
	case in.a > int64(s) && in.op == opJump:
		e.add(instr{op: opBr, a: to - e.after + depth})
	case in.a > int64(s):
		e.add(instr{op: opBrIf, a: to - e.after + depth})
	default:
		if in.op == opJumpIf {
			e.add(instr{op: opIf, a: noResult})
			depth++
		}
		e.add(instr{op: opI32Const, a: to}, instr{op: opLocalSet, a: localPlace}, instr{op: opBr, a: e.layout.count - e.after + depth})
		if in.op == opJumpIf {
			e.add(instr{op: opEnd})
		}
	}
}
