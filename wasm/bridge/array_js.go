//go:build js

package bridge

import (
	"fmt"

	"github.com/hack-pad/safejs"
)

// ReadArray copies the memory of v, which must be a typed array of the named class
// with exactly as many bytes as dst. WebAssembly and every host it runs on are
// little-endian, so the bytes are those of a Go slice of the same element type;
// that also carries 64-bit integers, which a JavaScript number would round.
//
// It deals in bytes, not in a type parameter, because one copy of the code for
// each of fifteen element types is seen in the size of the program.
func ReadArray(dst []byte, v safejs.Value, array string) error {
	if !Is(v, array) {
		return &Error{Op: "array", Message: fmt.Sprintf("data is a %s, not a %s", ClassName(v), array)}
	}
	if got := integer(v, "byteLength"); got != len(dst) {
		size := max(integer(v, "BYTES_PER_ELEMENT"), 1)
		return &Error{Op: "array", Message: fmt.Sprintf("data has %d elements, dims ask for %d", got/size, len(dst)/size)}
	}
	if len(dst) == 0 {
		return nil // also a buffer that was given away, of which there is no view
	}
	view, err := bytesOf(v, len(dst))
	if err != nil {
		return err
	}
	return copyBytes("array", dst, view)
}

// NewArray returns a new typed array of the named class with a copy of src as its
// memory.
func NewArray(array string, src []byte) (safejs.Value, error) {
	view, err := Uint8Array(src)
	if err != nil || array == "Uint8Array" {
		return view, err
	}
	buffer, err := view.Get("buffer")
	if err != nil {
		return buffer, wrap("array", err)
	}
	out, err := class(array).New(buffer)
	return out, wrap("array", err)
}
