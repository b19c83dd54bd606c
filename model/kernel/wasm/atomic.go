package wasm

// Instructions of the threads proposal on 32-bit words of a shared memory
// (https://webassembly.github.io/threads/core/binary/instructions.html).

// atomic encodes an instruction with its alignment, 4 bytes, and offset.
func atomic(op byte, off int) []byte { return appendUint([]byte{0xfe, op, 2}, uint32(off)) }

// AtomicLoad reads the integer at address a + off.
func (a Int) AtomicLoad(off int) Int { return Int{join(a.code, atomic(0x10, off))} }

// AtomicAdd adds n to the integer at address a + off and returns what it was.
func (a Int) AtomicAdd(off int, n Int) Int { return Int{join(a.code, n.code, atomic(0x1e, off))} }

// AtomicCount adds n to the integer at address a + off.
func (f *Func) AtomicCount(a Int, off int, n Int) { f.emit(a.AtomicAdd(off, n).code, []byte{0x1a}) }

// AtomicStore writes e at address a + off.
func (f *Func) AtomicStore(a Int, off int, e Int) { f.emit(a.code, e.code, atomic(0x17, off)) }

// Notify wakes all that wait at address a + off.
func (f *Func) Notify(a Int, off int) {
	f.emit(a.code, Const(-1).code, atomic(0x00, off), []byte{0x1a}) // drops their number
}

// Wait sleeps while the integer at address a + off is v, until somebody
// notifies the address or the nanoseconds are over.
func (f *Func) Wait(a Int, off int, v Int, nanoseconds int64) {
	f.emit(a.code, v.code, appendInt([]byte{0x42}, nanoseconds), atomic(0x01, off), []byte{0x1a})
}
