package kernel

import (
	"unsafe"

	"larder/model/kernel/wasm"
)

// Arguments are a kernel's arguments in memory order: a struct of 32-bit words,
// uint32 or float32. All addresses are absolute in the model's memory, which a
// plan knows when it makes its steps; strides and sizes are in bytes unless
// their comment says otherwise.
type Arguments interface {
	// Words returns the arguments as a step holds them.
	Words() []uint32
}

// words returns a struct of 32-bit words as such.
func words[T any](args T) []uint32 {
	w := make([]uint32, unsafe.Sizeof(args)/4)
	copy(w, unsafe.Slice((*uint32)(unsafe.Pointer(&args)), len(w)))
	return w
}

// frame reads a kernel's arguments while it is emitted. fields points to a
// value of their struct that is only used for the places of its fields, so that
// emitter and struct cannot disagree.
type frame struct {
	at     wasm.IntVar
	fields unsafe.Pointer
}

func frameOf[T any](at wasm.IntVar, fields *T) frame { return frame{at, unsafe.Pointer(fields)} }

func (p frame) offset(field unsafe.Pointer) int { return int(uintptr(field) - uintptr(p.fields)) }

// word is an integer argument.
func (p frame) word(field *uint32) wasm.Int { return p.at.Load(p.offset(unsafe.Pointer(field))) }

// splat is a float argument in all four lanes.
func (p frame) splat(field *float32) wasm.Vec {
	return p.at.LoadSplat(p.offset(unsafe.Pointer(field)))
}

// addressOf is the address of a float argument.
func (p frame) addressOf(field *float32) wasm.Int {
	return p.at.Add(wasm.Const(p.offset(unsafe.Pointer(field))))
}

// set changes an integer argument, of a step that the kernel makes for itself.
func (p frame) set(f *wasm.Func, field *uint32, v wasm.Int) {
	f.Store(p.at.Value(), p.offset(unsafe.Pointer(field)), v)
}

// clamp bounds v by two float arguments; a NaN stays one.
func (p frame) clamp(v wasm.Vec, low, high *float32) wasm.Vec {
	return v.PMax(p.splat(low)).PMin(p.splat(high))
}
