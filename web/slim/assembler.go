package slim

// assembler is a function's body in the making. Locals are 32-bit integers.
type assembler []byte

// newAssembler begins a function with so many locals besides its parameters.
func newAssembler(locals byte) *assembler { return &assembler{1, locals, typeI32} }

func (w *assembler) op(bytes ...byte) { *w = append(*w, bytes...) }
func (w *assembler) i32(v int64)      { *w = appendInt(append(*w, opI32Const), v) }
func (w *assembler) get(local byte)   { w.op(opLocalGet, local) }
func (w *assembler) call(f int)       { *w = appendCall(*w, f) }
func (w *assembler) load(p, off byte) { w.op(opLocalGet, p, opI32Load, 2, off) }
func (w *assembler) set(local byte, value func()) {
	value()
	w.op(opLocalSet, local)
}

// store writes a number to p+off.
func (w *assembler) store(p, off byte, value func()) {
	w.get(p)
	value()
	w.op(opI32Store, 2, off)
}

// add adds a constant to a local.
func (w *assembler) add(local byte, v int64) {
	w.set(local, func() { w.get(local); w.i32(v); w.op(opI32Add) })
}

// loadAt and storeAt read and write the number at a constant address.
func (w *assembler) loadAt(address int64) {
	w.i32(address)
	w.op(opI32Load, 2, 0)
}

func (w *assembler) storeAt(address int64, value func()) {
	w.i32(address)
	value()
	w.op(opI32Store, 2, 0)
}

// addAt adds to the number at a constant address.
func (w *assembler) addAt(address int64, value func()) {
	w.storeAt(address, func() { w.loadAt(address); value(); w.op(opI32Add) })
}

// loop repeats body while condition holds, at least once.
func (w *assembler) loop(body, condition func()) {
	w.op(opLoop, emptyBlock)
	body()
	condition()
	w.op(opBrIf, 0, opEnd)
}

// when runs then if the number on the stack is not 0.
func (w *assembler) when(then func()) {
	w.op(opIf, emptyBlock)
	then()
	w.op(opEnd)
}

// end ends the function.
func (w *assembler) end() []byte { return append(*w, opEnd) }
