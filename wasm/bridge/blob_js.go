//go:build js

package bridge

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/hack-pad/safejs"
)

// Blob is a run of bytes in the host's memory: a Uint8Array that nobody changes.
// It costs Go's heap nothing until Bytes is called.
type Blob struct {
	array safejs.Value
	size  int64
	spare safejs.Value // the array to use again when the Blob is freed; undefined: none
}

// NewBlob wraps an ArrayBuffer, a view of one, or nothing else. The bytes are not
// copied, so the caller must not change them any more.
func NewBlob(v safejs.Value) (*Blob, error) {
	array, err := bytesView(v)
	if err != nil {
		return nil, err
	}
	n, err := array.Length()
	if err != nil {
		return nil, wrap("blob", err)
	}
	return &Blob{array: array, size: int64(n)}, nil
}

// Size returns the number of bytes.
func (b *Blob) Size() int64 { return b.size }

// Bytes returns a copy of the bytes.
func (b *Blob) Bytes() ([]byte, error) {
	out := make([]byte, b.size)
	return out, copyBytes("blob", out, b.array)
}

// ReadAt implements io.ReaderAt: it copies a part into Go's heap.
func (b *Blob) ReadAt(p []byte, at int64) (int, error) {
	n := int(max(0, min(int64(len(p)), b.size-at)))
	part, err := b.array.Call("subarray", int(at), int(at)+n)
	if err != nil {
		return 0, wrap("blob", err)
	}
	if err := copyBytes("blob", p[:n], part); err != nil {
		return 0, err
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Free gives the memory back at once: JavaScript would keep it until Go has noticed
// that nobody refers to it, and Go's heap does not grow by it. Nobody may use the
// bytes any more.
func (b *Blob) Free() {
	array := b.spare
	if array.IsUndefined() {
		Free(b.array)
		return
	}
	b.array, b.spare = safejs.Null(), safejs.Value{} // freeing it again does nothing
	select {
	case spares <- array:
	default:
		Free(array)
	}
}

// spares are arrays to use again. Memory that is new to the process costs more than
// filling it, and giving it back as much: a download has one array for each connection.
var spares = make(chan safejs.Value, 4)

// spareBytes is the most that one of them holds: twice the longest chunk that a registry
// of ours has.
const spareBytes = 256 << 10

// newArray returns a Blob of n bytes to be filled.
func newArray(n int64) (*Blob, error) {
	if n > spareBytes {
		array, err := class("Uint8Array").New(n)
		return &Blob{array: array, size: n}, err
	}
	select {
	case array := <-spares:
		if have, err := array.Length(); err == nil && int64(have) >= n {
			part, err := array.Call("subarray", 0, n)
			return &Blob{array: part, size: n, spare: array}, err
		}
	default:
	}
	array, err := class("Uint8Array").New(n)
	return &Blob{array: array, size: n, spare: array}, err
}

// Owned reports whether the bytes of a typed array are not shared with other threads.
func Owned(array safejs.Value) bool {
	buffer, err := array.Get("buffer")
	return err == nil && Is(buffer, "ArrayBuffer")
}

// Free gives the memory of a typed array back, as [Blob.Free] does.
func Free(array safejs.Value) {
	buffer, err := array.Get("buffer")
	if err != nil {
		return
	}
	if port, err := nowhere(); err == nil {
		// An error leaves the buffer to the collector.
		_, _ = port.Call("postMessage", 0, []any{buffer})
	}
}

// nowhere is a port whose other side is closed: what is given away to it is freed.
// ArrayBuffer.prototype.transfer does not do that in Chromium, where the page's side
// of the buffer keeps the memory.
var nowhere = sync.OnceValues(func() (port safejs.Value, err error) {
	channel, err := class("MessageChannel").New()
	if err != nil {
		return port, err
	}
	other, err := channel.Get("port2")
	if err != nil {
		return port, err
	}
	if _, err := other.Call("close"); err != nil {
		return port, err
	}
	return channel.Get("port1")
})

// copyBytes copies all bytes of a Uint8Array or Uint8ClampedArray, which must have
// the length of dst. It looks at the length first because an array whose buffer
// was given away throws where Go cannot catch it, and ends the program.
func copyBytes(op string, dst []byte, array safejs.Value) error {
	n, err := array.Length()
	if err != nil {
		return wrap(op, err)
	}
	if n != len(dst) {
		return &Error{Op: op, Message: fmt.Sprintf("%d bytes are left of %d: the buffer was given away", n, len(dst))}
	}
	if n == 0 {
		return nil
	}
	_, err = safejs.CopyBytesToGo(dst, array)
	return wrap(op, err)
}

// JSValue returns the Uint8Array, for a store or a model that takes the bytes
// without a detour through Go.
func (b *Blob) JSValue() safejs.Value { return b.array }

// Bytes returns a copy of the bytes of an ArrayBuffer or of a view of one.
func Bytes(v safejs.Value) ([]byte, error) {
	b, err := NewBlob(v)
	if err != nil {
		return nil, err
	}
	return b.Bytes()
}

// Uint8Array returns a copy of b in the host's memory.
func Uint8Array(b []byte) (safejs.Value, error) {
	array, err := class("Uint8Array").New(len(b))
	if err != nil {
		return array, wrap("bytes", err)
	}
	_, err = safejs.CopyBytesToJS(array, b)
	return array, wrap("bytes", err)
}

// IsBytes reports whether v is an ArrayBuffer or a view of one.
func IsBytes(v safejs.Value) bool {
	return Is(v, "ArrayBuffer") || Is(v, "SharedArrayBuffer") || isView(v)
}

func isView(v safejs.Value) bool {
	if kindOf(v) != safejs.TypeObject {
		return false
	}
	is, err := class("ArrayBuffer").Call("isView", v)
	if err != nil {
		return false
	}
	yes, err := is.Bool()
	return err == nil && yes
}

// bytesView returns a Uint8Array over the bytes of v, not copied.
func bytesView(v safejs.Value) (safejs.Value, error) {
	switch {
	case Is(v, "Uint8Array"):
		return v, nil
	case isView(v):
		return bytesOf(v, integer(v, "byteLength"))
	case Is(v, "ArrayBuffer"), Is(v, "SharedArrayBuffer"):
		array, err := class("Uint8Array").New(v)
		return array, wrap("bytes", err)
	}
	return v, &Error{Op: "bytes", Message: "a " + ClassName(v) + " has no bytes: give an ArrayBuffer or a typed array"}
}

// bytesOf is bytesView of a view that is known to have n bytes.
func bytesOf(view safejs.Value, n int) (safejs.Value, error) {
	buffer, err := view.Get("buffer")
	if err != nil {
		return view, wrap("bytes", err)
	}
	array, err := class("Uint8Array").New(buffer, integer(view, "byteOffset"), n)
	return array, wrap("bytes", err)
}

// ReadBlob reads a Blob or File of the host. A file on disk may be gone, which is
// an Error named "NotFoundError" or "NotReadableError".
func ReadBlob(ctx context.Context, v safejs.Value) (*Blob, error) {
	buffer, err := call(ctx, "read", v, "arrayBuffer")
	if err != nil {
		return nil, err
	}
	return NewBlob(buffer)
}

// ByteLength returns the number of bytes of a Blob, an ArrayBuffer or a view of
// one, without reading them.
func ByteLength(v safejs.Value) int {
	n := integer(v, "byteLength")
	if n == 0 && Is(v, "Blob") {
		n = integer(v, "size")
	}
	return n
}
