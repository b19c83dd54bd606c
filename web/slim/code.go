package slim

// Instructions that have to be known by name (WebAssembly 3.0, section 5.4).
const (
	opUnreachable  = 0x00
	opNop          = 0x01
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelect       = 0x1b
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opFirstMemory  = 0x28 // memory instructions have an alignment and an offset
	opI32Load      = 0x28
	opI64Load      = 0x29
	opI32Load8U    = 0x2d
	opI64Load32U   = 0x35
	opFirstStore   = 0x36
	opI32Store     = 0x36
	opI64Store     = 0x37
	opI64Store32   = 0x3e
	opLastMemory   = 0x3e
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI32Eqz       = 0x45
	opI32Eq        = 0x46
	opI32LtU       = 0x49
	opI32GtU       = 0x4b
	opI64Eqz       = 0x50
	opI64Eq        = 0x51
	opI32Add       = 0x6a
	opI32Sub       = 0x6b
	opI32ShrU      = 0x76
	opI32Mul       = 0x6c
	opI32And       = 0x71
	opI32Or        = 0x72
	opI32Xor       = 0x73
	opI32Shl       = 0x74
	opI64Add       = 0x7c
	opI64Mul       = 0x7e
	opI64Or        = 0x84
	opI64Shl       = 0x86
	opI64ShrU      = 0x88
	opI32WrapI64   = 0xa7
	opI64ExtendS32 = 0xac
	opI64ExtendU32 = 0xad
	opLastPlain    = 0xc4 // i64.extend32_s: the numeric instructions before it have no immediates
	opPrefix       = 0xfc
	opMemoryCopy   = 10 // after the prefix
	opMemoryFill   = 11

	emptyBlock = 0x40
	noResult   = -64 // emptyBlock as the signed number that a block's type is read as
)

// rewriteCalls copies a function's body; call writes what stands in the place of
// each call of a function by its index.
func rewriteCalls(body []byte, call func(out []byte, function int) []byte) ([]byte, error) {
	r := &reader{body, 0}
	if err := skipLocals(r); err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(body)+len(body)/8)
	copied := 0
	for r.at < len(body) {
		start := r.at
		op := r.byte()
		if op == opCall {
			function := r.uint()
			out = append(out, body[copied:start]...)
			out = call(out, int(function))
			copied = r.at
			continue
		}
		if err := skipImmediates(r, op); err != nil {
			return nil, err
		}
	}
	if len(body) == 0 || body[len(body)-1] != opEnd {
		return nil, errorf("a function has no end")
	}
	return append(out, body[copied:]...), nil
}

// skipLocals passes over the declarations at the start of a body.
func skipLocals(r *reader) error {
	n := r.uint()
	if n > uint64(len(r.b)) {
		return errorf("a function's locals are cut off")
	}
	for range n {
		r.uint()
		r.byte()
	}
	return nil
}

// skipImmediates passes over what follows the first byte of an instruction. It
// knows those that Go's compiler emits.
func skipImmediates(r *reader, op byte) error {
	switch {
	case op >= opBlock && op <= opIf:
		r.int()
	case op == opBr, op == opBrIf, op >= opLocalGet && op <= opGlobalSet, op == opMemorySize, op == opMemoryGrow:
		r.uint()
	case op == opBrTable:
		n := r.uint()
		if n > uint64(len(r.b)) {
			return errorf("a table of branches is cut off")
		}
		for range n + 1 {
			r.uint()
		}
	case op == opCallIndirect, op >= opFirstMemory && op <= opLastMemory:
		r.uint()
		r.uint()
	case op == opI32Const, op == opI64Const:
		r.int()
	case op == opF32Const:
		r.take(4)
	case op == opF64Const:
		r.take(8)
	case op == opPrefix:
		return skipPrefixed(r)
	case op > opLastPlain, op > opCallIndirect && op < 0x1a, op > 0x1b && op < opLocalGet, op > opGlobalSet && op < opFirstMemory, op > 0x05 && op < opEnd:
		return errorf("an instruction that Go does not emit: %#x", op)
	}
	return nil
}

func skipPrefixed(r *reader) error {
	switch sub := r.uint(); {
	case sub < 8: // conversions that saturate
	case sub == opMemoryCopy:
		r.take(2)
	case sub == opMemoryFill:
		r.take(1)
	default:
		return errorf("an instruction that Go does not emit: %#x %d", opPrefix, sub)
	}
	return nil
}
