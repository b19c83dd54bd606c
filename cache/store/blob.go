package store

// Blob is a run of bytes that never changes. It may live outside Go's heap: the
// browser's stores hand out JavaScript buffers, which a model's memory can take
// over without a detour through Go. Such a Blob has further methods that its
// package documents; whoever knows them asks by type assertion.
//
// A Blob stays valid after the store is closed.
type Blob interface {
	// Size returns the number of bytes, without reading them.
	Size() int64
	// Bytes returns the bytes. The caller must not change them. For a Blob outside
	// Go's heap every call makes a copy, so keep the result rather than ask twice.
	Bytes() ([]byte, error)
}

// Bytes is a Blob in Go's heap.
type Bytes []byte

// Size returns the length.
func (b Bytes) Size() int64 { return int64(len(b)) }

// Bytes returns the slice itself.
func (b Bytes) Bytes() ([]byte, error) { return b, nil }
