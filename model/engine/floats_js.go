package engine

import (
	"syscall/js"

	"larder/model/tensor"
)

// JSFloats is the elements of a deferred tensor in an array of JavaScript: an input
// of a run, which a [JSHost] copies into its memory without taking it through Go's
// heap. Nobody changes the array while the run takes.
type JSFloats struct {
	bytes js.Value // Uint8Array
}

// NewJSFloats returns the elements of a Float32Array.
func NewJSFloats(array js.Value) JSFloats {
	return JSFloats{js.Global().Get("Uint8Array").New(array.Get("buffer"), array.Get("byteOffset"), array.Get("byteLength"))}
}

// Elements implements [tensor.Source].
func (f JSFloats) Elements(at, n int) (any, error) {
	out := make([]float32, n)
	return out, f.Floats(out, at)
}

// Floats implements [tensor.FloatSource].
func (f JSFloats) Floats(to []float32, at int) (err error) {
	defer caught("input", &err)
	js.CopyBytesToGo(rawBytes(to), f.bytes.Call("subarray", 4*at, 4*(at+len(to))))
	return nil
}

// Position implements [tensor.Source].
func (f JSFloats) Position() int64 { return 0 }

// WriteSource implements [sourceWriter].
func (m *jsMemory) WriteSource(at int, from tensor.Source) (ok bool, err error) {
	f, ok := from.(JSFloats)
	if !ok {
		return false, nil
	}
	defer caught("write", &err)
	m.bytes.Call("set", f.bytes, at) // which fails beyond the end
	return true, nil
}
