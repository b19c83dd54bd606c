package slim

// Registers of Go's machine, as its compiler numbers them, and two of ours.
const (
	globalSP   = 0
	localPlace = 0 // where the function goes on, or the return address if it begins
	localSP    = 1
	localOwn   = 2 // the function's address
	localHere  = 3 // its address with the number of the latest call
	addedRegs  = 2
)

// callee is what a rewrite has to know of a function that is called.
type callee int

const (
	ordinary callee = iota
	special         // of a type of its own: it has no place to come back to, and leaves the stack as it was
	growsTop        // grows the stack and starts the caller anew
	traps           // never returns; who looks at the caller's frame needs its size only
)

// calleesByName are the functions of the runtime that a rewrite knows.
var calleesByName = map[string]callee{"runtime.sigpanic": traps, "runtime.morestack": growsTop, "runtime.morestack_noctxt": growsTop}

// How a call's return address is used; the second number of opAddress.
const (
	comesBack = iota // the function may go on at the address
	entry            // it begins again
	trap             // only the frame's size is looked up
	staysAway        // the address is looked up, but nothing goes on there
)

// pushReturn is how Go's compiler writes a return address in front of a call.
var pushReturn = []instr{
	{op: opLocalGet, a: localSP}, {op: opI32Const, a: 8}, {op: opI32Sub}, {op: opLocalTee, a: localSP}, {op: opGlobalSet, a: globalSP},
	{op: opLocalGet, a: localSP}, {op: opI64Const}, {op: opI64Store, a: 3},
}

var reloadSP = []instr{{op: opGlobalGet, a: globalSP}, {op: opLocalSet, a: localSP}}

// rewriteCalls has the functions that are called write their return address on
// the stack themselves: it is passed in the place of 0, the number of their first place.
func (f *goFunc) rewriteCalls(kind func(function int64) callee) {
	for s, code := range f.segments {
		out := make([]instr, 0, len(code))
		for at := 0; at < len(code); at++ {
			in := code[at]
			switch {
			case in.op == opCall && kind(in.a) == special && startsWith(code[at+1:], reloadSP):
				out = append(out, in)
				at += len(reloadSP)
			case startsWith(code[at:], pushReturn) && code[at+6].a>>16 == place(f.own):
				var n int
				out, n = f.rewriteCall(out, code[at:], kind)
				at += n - 1
			default:
				out = append(out, in)
			}
		}
		f.segments[s] = out
	}
}

// rewriteCall appends the call that code begins with and says how much of code it is.
func (f *goFunc) rewriteCall(out, code []instr, kind func(function int64) callee) ([]instr, int) {
	address := instr{op: opAddress, a: code[6].a & 0xffff, b: staysAway}
	at := len(pushReturn)
	callAt := at + 1
	if at < len(code) && code[at].op == opI64Const { // the number of the function is on the stack
		callAt = at + 6
	}
	if callAt >= len(code) {
		return append(out, code[0]), 1
	}
	called := ordinary
	if code[callAt].op == opCall {
		called = kind(code[callAt].a)
	}
	rest := code[callAt+1:]
	unwinds := startsWith(rest, reloadSP) && len(rest) > 2 && rest[2].op == opUnwind
	next := f.segment(address.a)
	dead := len(rest) == 3 && len(f.segments[next]) > 0 && f.segments[next][0].op == opUnreachable
	switch {
	case called == growsTop:
		address.b = entry
	case called == traps:
		address.b = trap
	case unwinds && !dead:
		address.b = comesBack
	}
	for _, in := range code[at : callAt+1] {
		if in.op == opI32Const {
			in = address
		}
		out = append(out, in)
	}
	if !unwinds {
		return out, callAt + 1
	}
	if address.b == comesBack {
		out = append(append(out, reloadSP...), instr{op: opUnwind})
	} else {
		out = append(out, instr{op: opReturn}) // with what the call returned: to unwind
	}
	return out, callAt + 4
}

// startsWith reports whether code begins with a pattern, in which the constant of
// i64.const may be any.
func startsWith(code, pattern []instr) bool {
	if len(code) < len(pattern) {
		return false
	}
	for i, in := range pattern {
		if code[i].op != in.op || code[i].b != in.b || code[i].a != in.a && in.op != opI64Const {
			return false
		}
	}
	return true
}

// prologue begins a function: a first argument that is a return address goes to
// the stack.
var prologue = []instr{
	{op: opGlobalGet, a: globalSP}, {op: opLocalSet, a: localSP},
	{op: opLocalGet, a: localPlace}, {op: opI32Const, a: 0xffff}, {op: opI32GtU}, {op: opIf, a: noResult},
	{op: opLocalGet, a: localSP}, {op: opI32Const, a: 8}, {op: opI32Sub}, {op: opLocalTee, a: localSP}, {op: opGlobalSet, a: globalSP},
	{op: opLocalGet, a: localSP}, {op: opLocalGet, a: localPlace}, {op: opI64ExtendU32}, {op: opI64Store, a: 3},
	{op: opI32Const, a: 0}, {op: opLocalSet, a: localPlace}, {op: opEnd},
}
