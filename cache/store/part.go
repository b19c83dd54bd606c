package store

import (
	"fmt"
	"io"
)

// CopyFrom fills p with the bytes of a Blob from an offset on. A Blob outside Go's
// heap that is an io.ReaderAt is not copied as a whole for it.
func CopyFrom(b Blob, p []byte, at int64) error {
	if at < 0 || at+int64(len(p)) > b.Size() {
		return &Error{Code: Invalid, Op: "bytes", Err: fmt.Errorf("bytes %d to %d of a blob of %d", at, at+int64(len(p)), b.Size())}
	}
	if r, ok := b.(io.ReaderAt); ok {
		_, err := r.ReadAt(p, at)
		return err
	}
	data, err := b.Bytes()
	if err == nil {
		copy(p, data[at:])
	}
	return err
}

// Keeper is a Store that hands out the very Blobs that it holds, so that nobody may free
// them.
type Keeper interface {
	Store
	// Keeps does nothing.
	Keeps()
}

// Free gives the bytes of a Blob back now instead of when nobody refers to it any
// more, if it is of a kind that can do so. Nobody else may have the Blob.
func Free(b Blob) {
	if f, ok := b.(interface{ Free() }); ok {
		f.Free()
	}
}
