package slim

// simplify rewrites the instructions of a segment to fewer ones of the same effect.
func (m *decoded) simplify(code []instr) []instr {
	m.foldAddresses(code)
	var out []instr
	for _, in := range code {
		if in.op == opGone || in.op == opNop {
			continue
		}
		out = append(out, in)
		for again := true; again; {
			out, again = shortenEnd(out)
		}
	}
	return joinJumps(out)
}

// maxFold is the first address that a program uses. Below it nothing lies, so that
// for every address of something it is the same whether less than this is added to a
// pointer before it is cut to 32 bits or after.
const maxFold = 4096

// foldAddresses adds what is added to an address to the offset of the access.
func (m *decoded) foldAddresses(code []instr) {
	m.walkStack(code, func(at int, operands []int) {
		in := &code[at]
		if !isMemory(in.op) {
			return
		}
		wrap := operands[0]
		if wrap < 3 || code[wrap].op != opI32WrapI64 || code[wrap-1].op != opI64Add || code[wrap-2].op != opI64Const {
			return
		}
		if k := code[wrap-2].a; k >= 0 && k < maxFold {
			in.b += k
			code[wrap-1].op, code[wrap-2].op = opGone, opGone
		}
	})
}

// inverse are the comparisons of integers and their opposites.
var inverse = func() map[byte]byte {
	opposites := map[byte]byte{}
	for _, eq := range []byte{opI32Eq, opI64Eq} { // behind it: ne, lt_s, lt_u, gt_s, gt_u, le_s, le_u, ge_s, ge_u
		for _, pair := range [][2]byte{{0, 1}, {2, 8}, {3, 9}, {4, 6}, {5, 7}} {
			opposites[eq+pair[0]], opposites[eq+pair[1]] = eq+pair[1], eq+pair[0]
		}
	}
	return opposites
}()

// narrow are loads of 64 bits of which only 32 are used, and the same with 32.
var narrow = map[byte]byte{
	0x29: 0x28, 0x34: 0x28, 0x35: 0x28, // i64.load, load32_s, load32_u: i32.load
	0x30: 0x2c, 0x31: 0x2d, // load8_s, load8_u
	0x32: 0x2e, 0x33: 0x2f, // load16_s, load16_u
}

// shortenEnd rewrites the last instructions of a list if it knows a shorter form.
func shortenEnd(list []instr) (out []instr, done bool) {
	n := len(list)
	if n < 2 {
		return list, false
	}
	a, b := list[n-2], list[n-1]
	switch b.op {
	case opI32WrapI64:
		switch {
		case a.op == opI64Const:
			return append(list[:n-2], instr{op: opI32Const, a: int64(int32(a.a))}), true
		case a.op == opI64ExtendU32 || a.op == opI64ExtendS32:
			return list[:n-2], true
		case narrow[a.op] != 0:
			return append(list[:n-2], instr{op: narrow[a.op], a: min(a.a, 2), b: a.b}), true
		}
	case opI64Eqz:
		if a.op == opI64ExtendU32 {
			return append(list[:n-2], instr{op: opI32Eqz}), true
		}
	case opI32Eqz:
		if opposite, ok := inverse[a.op]; ok {
			return append(list[:n-2], instr{op: opposite}), true
		}
	case opIf, opBrIf:
		if n > 2 && a.op == opI32Eqz && list[n-3].op == opI32Eqz {
			return append(list[:n-3], b), true
		}
	case opLocalGet:
		if a.op == opLocalSet && a.a == b.a {
			return append(list[:n-2], instr{op: opLocalTee, a: a.a}), true
		}
	case opLocalSet:
		if a.op == opLocalGet && a.a == b.a {
			return list[:n-2], true
		}
	case opReturn:
		return shortenReturn(list)
	}
	return list, false
}

// popFrame and popAddress are how Go's compiler ends a function.
var (
	popAddress = []instr{{op: opLocalGet, a: localSP}, {op: opI32Const, a: 8}, {op: opI32Add}, {op: opLocalTee, a: localSP}, {op: opGlobalSet, a: globalSP}}
	popFrame   = 5 // as many, with the frame's size
)

// shortenReturn drops a function's frame and return address in one step.
func shortenReturn(list []instr) (out []instr, done bool) {
	n := len(list) - 2 // the result, return
	at := n - len(popAddress)
	if at < popFrame || list[n].op != opI32Const || !startsWith(list[at:], popAddress) {
		return list, false
	}
	size := list[at-popFrame+1]
	frame := append([]instr{}, popAddress...)
	frame[1].a = size.a
	if size.op != opI32Const || !startsWith(list[at-popFrame:], frame) {
		return list, false
	}
	result := list[n]
	return append(list[:at-popFrame], instr{op: opLocalGet, a: localSP}, instr{op: opI32Const, a: size.a + 8}, instr{op: opI32Add},
		instr{op: opGlobalSet, a: globalSP}, result, instr{op: opReturn}), true
}

// joinJumps turns "if jump end" into jumps with a condition.
func joinJumps(code []instr) []instr {
	out := code[:0]
	for at := 0; at < len(code); at++ {
		if at+2 < len(code) && code[at].op == opIf && code[at+1].op == opJump && code[at+2].op == opEnd {
			out = append(out, instr{op: opJumpIf, a: code[at+1].a})
			at += 2
			continue
		}
		out = append(out, code[at])
	}
	return out
}
