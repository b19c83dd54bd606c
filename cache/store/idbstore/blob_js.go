//go:build js

package idbstore

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
)

// Blob is a chunk in the browser's memory.
type Blob struct {
	array safejs.Value // Uint8Array
	size  int64
	users *atomic.Int32 // Blobs that share the buffer and were not freed; nil for one that does not
}

// Size returns the number of bytes.
func (b *Blob) Size() int64 { return b.size }

// JSValue returns the bytes as a Uint8Array, not copied. They must not be changed, nor
// their buffer transferred.
func (b *Blob) JSValue() safejs.Value { return b.array }

// Bytes copies the bytes into Go's heap.
func (b *Blob) Bytes() ([]byte, error) {
	// An array whose buffer was transferred away throws where Go cannot catch it.
	if n, err := b.array.Length(); err != nil || int64(n) != b.size {
		return nil, &store.Error{Code: store.Internal, Op: "bytes", Err: fmt.Errorf("the buffer was transferred away")}
	}
	out := make([]byte, b.size)
	if b.size == 0 {
		return out, nil
	}
	if _, err := safejs.CopyBytesToGo(out, b.array); err != nil {
		return nil, typed("bytes", "", err)
	}
	return out, nil
}

// ReadAt implements io.ReaderAt: it copies a part into Go's heap. The part must lie
// within the Blob.
func (b *Blob) ReadAt(p []byte, at int64) (int, error) {
	part, err := b.array.Call("subarray", int(at), int(at)+len(p))
	if err != nil {
		return 0, typed("bytes", "", err)
	}
	if n, err := part.Length(); err != nil || n != len(p) {
		return 0, &store.Error{Code: store.Internal, Op: "bytes", Err: fmt.Errorf("the buffer was transferred away")}
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := safejs.CopyBytesToGo(p, part)
	return n, err
}

// Free gives the memory back at once: JavaScript would keep it until Go has noticed
// that nobody refers to it, and Go's heap does not grow by it. Nobody may use the
// bytes any more.
func (b *Blob) Free() {
	if b.users != nil && b.users.Add(-1) > 0 {
		return
	}
	free(b.array)
}

// free gives the buffer of an array back at once.
func free(array safejs.Value) {
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
	class, err := global("MessageChannel")
	if err != nil {
		return port, err
	}
	channel, err := class.New()
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

// foreign is a Blob whose bytes are in the browser's memory already: an ArrayBuffer or
// a view of one.
type foreign interface{ JSValue() safejs.Value }

// newBlob wraps an ArrayBuffer or a view of one; anything else gives nil.
func newBlob(v safejs.Value) (*Blob, error) {
	array, err := uint8Array(v)
	if err != nil || array.IsNull() {
		return nil, err
	}
	n, err := array.Length()
	return &Blob{array: array, size: int64(n)}, err
}

// uint8Array returns a Uint8Array over the bytes of an ArrayBuffer or of a view, null
// for anything else.
func uint8Array(v safejs.Value) (safejs.Value, error) {
	if v.Type() != safejs.TypeObject {
		return safejs.Null(), nil
	}
	class, err := global("Uint8Array")
	if err != nil {
		return class, err
	}
	buffer, err := global("ArrayBuffer")
	if err != nil {
		return buffer, err
	}
	if is, err := v.InstanceOf(class); err != nil || is {
		return v, err
	}
	if is, err := v.InstanceOf(buffer); err != nil || is {
		if err != nil {
			return v, err
		}
		return class.New(v)
	}
	view, err := buffer.Call("isView", v)
	if err != nil {
		return view, err
	}
	if is, err := view.Bool(); err != nil || !is {
		return safejs.Null(), err
	}
	whole, err := v.Get("buffer")
	if err != nil {
		return whole, err
	}
	return class.New(whole, numberAt(v, "byteOffset"), numberAt(v, "byteLength"))
}

// arrayOf returns a Uint8Array with the bytes of a Blob: the browser's own, or a copy.
func arrayOf(b store.Blob) (safejs.Value, error) {
	f, ok := b.(foreign)
	if !ok {
		data, err := b.Bytes()
		if err != nil {
			return safejs.Undefined(), err
		}
		return jsBytes(data)
	}
	array, err := uint8Array(f.JSValue())
	if err != nil {
		return array, err
	}
	if n, err := array.Length(); err != nil || int64(n) != b.Size() {
		return array, fmt.Errorf("blob of %d bytes says %d", b.Size(), n)
	}
	return array, nil
}

// arrayBuffer returns an ArrayBuffer with exactly the bytes of a Blob: the browser's
// own if the Blob has one of that size, else a copy.
func arrayBuffer(b store.Blob) (safejs.Value, error) {
	class, err := global("Uint8Array")
	if err != nil {
		return class, err
	}
	array, err := arrayOf(b)
	if err != nil {
		return array, err
	}
	buffer, err := array.Get("buffer")
	if err != nil {
		return buffer, err
	}
	plain, err := global("ArrayBuffer")
	if err != nil {
		return plain, err
	}
	// A part of a buffer would be stored with all of it, shared memory not at all.
	if is, err := buffer.InstanceOf(plain); err == nil && is && numberAt(buffer, "byteLength") == b.Size() {
		return buffer, nil
	}
	copied, err := class.New(array)
	if err != nil {
		return copied, err
	}
	return copied.Get("buffer")
}

// jsBytes copies bytes into a Uint8Array.
func jsBytes(data []byte) (safejs.Value, error) {
	class, err := global("Uint8Array")
	if err != nil {
		return class, err
	}
	array, err := class.New(len(data))
	if err != nil || len(data) == 0 {
		return array, err
	}
	_, err = safejs.CopyBytesToJS(array, data)
	return array, err
}
