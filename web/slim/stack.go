package slim

import "slices"

// walkStack calls visit for each instruction with where its operands come from: the
// index of an instruction, or -1 for somewhere else.
func (m *decoded) walkStack(code []instr, visit func(at int, operands []int)) {
	var stack, heights []int
	for at, in := range code {
		pops, pushes := m.effect(in)
		operands := make([]int, pops)
		for i := range operands {
			operands[i] = -1
		}
		taken := min(pops, len(stack))
		copy(operands[pops-taken:], stack[len(stack)-taken:])
		stack = stack[:len(stack)-taken]
		visit(at, operands)
		switch in.op {
		case opBlock, opLoop, opIf:
			heights = append(heights, len(stack))
		case opElse, opEnd:
			if n := len(heights); n > 0 {
				stack = stack[:min(heights[n-1], len(stack))]
				if in.op == opEnd {
					heights = heights[:n-1]
				}
			}
		}
		for range pushes {
			stack = append(stack, at)
		}
	}
}

// effect returns how many operands an instruction takes and gives. A block's result
// counts for nothing: what takes it sees an operand from somewhere else.
func (m *decoded) effect(in instr) (pops, pushes int) {
	op := in.op
	switch {
	case op == opCall && in.a < int64(len(m.signatures)):
		t := m.signatures[in.a]
		return t.params, t.results
	case op == opCallIndirect: // of a function of Go's
		return 2, 1
	case op == opPrefix && len(in.rest) > 0 && in.rest[0] >= opMemoryCopy:
		return 3, 0
	case op == opSelect:
		return 3, 1
	case slices.Contains(inert, op):
		return 0, 0
	case slices.Contains(sinks, op):
		return 1, 0
	case op == opLocalGet, op == opGlobalGet, op == opAddress, op == opMemorySize, op >= opI32Const && op <= opF64Const:
		return 0, 1
	case op >= opFirstStore && op <= opLastMemory:
		return 2, 0
	case op >= opFirstMemory && op < opFirstStore, op == opLocalTee, op == opMemoryGrow, op == opPrefix, isUnary(op):
		return 1, 1
	}
	return 2, 1
}

var (
	inert = []byte{opGone, opNop, opUnreachable, opBlock, opLoop, opElse, opEnd, opJump, opBr}
	sinks = []byte{opIf, opJumpIf, opUnwind, opBrIf, opDrop, opReturn, opLocalSet, opGlobalSet}
)

// isUnary reports whether a numeric instruction takes one operand.
func isUnary(op byte) bool {
	return op == opI32Eqz || op == opI64Eqz ||
		op >= 0x67 && op <= 0x69 || op >= 0x79 && op <= 0x7b || // clz, ctz, popcnt
		op >= 0x8b && op <= 0x91 || op >= 0x99 && op <= 0x9f || // abs, neg, rounding, sqrt
		op >= opI32WrapI64 // conversions
}
