package slim

// instr is one instruction. What it carries besides its opcode depends on that: a
// is an index, the depth of a branch, a constant, an alignment or the type of a
// block; b is the offset of an access to memory.
type instr struct {
	op    byte
	a, b  int64
	rest  []byte   // what follows the opcode of instructions that are copied as they are
	table []uint32 // the depths of a table of branches
}

// Instructions of our own, which stand for several of WebAssembly while a function
// is being rewritten. The format leaves these opcodes free.
const (
	opJump    = 0xf0 // to segment a
	opJumpIf  = 0xf1 // to segment a if the operand is not 0
	opUnwind  = 0xf2 // leave the function with 1 if the operand is not 0
	opAddress = 0xf3 // the return address of the call behind it: at place a, used as b says
	opGone    = 0xff // nothing
)

// readBody takes a function's body apart into the declaration of its locals and
// its instructions, the last end included.
func readBody(body []byte) (locals []byte, code []instr, err error) {
	r := &reader{body, 0}
	if err := skipLocals(r); err != nil {
		return nil, nil, err
	}
	locals = body[:r.at]
	code = make([]instr, 0, len(body)/2)
	for r.at < len(body) {
		in, err := readInstr(r)
		if err != nil {
			return nil, nil, err
		}
		code = append(code, in)
	}
	if len(code) == 0 || code[len(code)-1].op != opEnd {
		return nil, nil, errorf("a function has no end")
	}
	return locals, code, nil
}

func readInstr(r *reader) (instr, error) {
	in := instr{op: r.byte()}
	start := r.at
	switch op := in.op; {
	case op >= opBlock && op <= opIf, op == opI32Const, op == opI64Const:
		in.a = r.int()
	case hasIndex(op):
		in.a = int64(r.uint())
	case op == opCallIndirect, isMemory(op):
		in.a, in.b = int64(r.uint()), int64(r.uint())
	case op == opBrTable:
		for range r.count() + 1 {
			in.table = append(in.table, uint32(r.uint()))
		}
	default:
		if err := skipImmediates(r, op); err != nil {
			return in, err
		}
		in.rest = r.b[start:r.at]
	}
	return in, nil
}

func hasIndex(op byte) bool {
	return op == opBr || op == opBrIf || op == opCall || op >= opLocalGet && op <= opGlobalSet
}

func isMemory(op byte) bool { return op >= opFirstMemory && op <= opLastMemory }

// appendInstr appends an instruction of WebAssembly as it stands in a module.
func appendInstr(out []byte, in instr) []byte {
	out = append(out, in.op)
	switch op := in.op; {
	case op >= opBlock && op <= opIf, op == opI32Const, op == opI64Const:
		return appendInt(out, in.a)
	case hasIndex(op):
		return appendUint(out, uint64(in.a))
	case op == opCallIndirect, isMemory(op):
		return appendUint(appendUint(out, uint64(in.a)), uint64(in.b))
	case op == opBrTable:
		out = appendUint(out, uint64(len(in.table)-1))
		for _, depth := range in.table {
			out = appendUint(out, uint64(depth))
		}
		return out
	}
	return append(out, in.rest...)
}
