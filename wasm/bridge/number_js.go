//go:build js

package bridge

import (
	"fmt"
	"unsafe"

	"github.com/hack-pad/safejs"
)

// Number lists the Go types whose memory is that of an element of a typed array,
// or of a fixed number of them (a complex64 is two elements of a Float32Array).
type Number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 |
		~float32 | ~float64 | ~complex64 | ~complex128
}

// Numbers returns a copy of the n elements of v, which must be a typed array of
// the named class. WebAssembly and every host it runs on are little-endian, so
// the copy is one of bytes; that also carries 64-bit integers, which a
// JavaScript number would round.
func Numbers[T Number](v safejs.Value, array string, n int) ([]T, error) {
	if !Is(v, array) {
		return nil, &Error{Op: "numbers", Message: fmt.Sprintf("data is a %s, not a %s", ClassName(v), array)}
	}
	size := int(unsafe.Sizeof(*new(T)))
	if got := integer(v, "byteLength"); got != n*size {
		each := integer(v, "BYTES_PER_ELEMENT")
		return nil, &Error{Op: "numbers", Message: fmt.Sprintf("data has %d elements, dims ask for %d",
			got/max(each, 1), n*size/max(each, 1))}
	}
	if n == 0 {
		return []T{}, nil // also of a buffer that was given away, which has no view
	}
	view, err := bytesView(v)
	if err != nil {
		return nil, err
	}
	out := make([]T, n)
	return out, copyBytes("numbers", bytesOf(out), view)
}

// TypedArray returns a new typed array of the named class with a copy of data.
func TypedArray[T Number](array string, data []T) (safejs.Value, error) {
	view, err := Uint8Array(bytesOf(data))
	if err != nil || array == "Uint8Array" {
		return view, err
	}
	buffer, err := view.Get("buffer")
	if err != nil {
		return buffer, wrap("numbers", err)
	}
	out, err := class(array).New(buffer)
	return out, wrap("numbers", err)
}

// bytesOf returns the memory of s.
func bytesOf[T Number](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}
