//go:build js

package bridge

import (
	"context"
	"io"

	"github.com/hack-pad/safejs"
)

// Slices reads a Blob or File of the host piece by piece. The host keeps its bytes
// outside of this process, or on disk, so that it may be larger than memory should
// be. It is not for several goroutines at once.
type Slices struct {
	ctx    context.Context
	blob   safejs.Value
	size   int64
	window *Blob // nil before the first read
	from   int64 // where the window begins
}

// sliceBytes is how much of a large Blob is read at a time. One of up to wholeBytes is
// read at once: each piece is a journey to another process and back, and a model is
// gone through twice, first for its structure.
const (
	sliceBytes = 4 << 20
	wholeBytes = 24 << 20
)

// NewSlices returns a reader of a Blob of the host.
func NewSlices(ctx context.Context, blob safejs.Value) *Slices {
	return &Slices{ctx: ctx, blob: blob, size: int64(ByteLength(blob))}
}

// Size returns the number of bytes.
func (s *Slices) Size() int64 { return s.size }

// Attend makes reads from now on end with another context.
func (s *Slices) Attend(ctx context.Context) { s.ctx = ctx }

// ReadAt implements io.ReaderAt. A file on disk may be gone, which is an Error
// named "NotFoundError" or "NotReadableError".
func (s *Slices) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	for n < len(p) {
		if at < 0 || at >= s.size {
			return n, io.EOF
		}
		if s.window == nil || at < s.from || at >= s.from+s.window.Size() {
			if err := s.look(at); err != nil {
				return n, err
			}
		}
		m := int(min(int64(len(p)-n), s.from+s.window.Size()-at))
		if _, err := s.window.ReadAt(p[n:n+m], at-s.from); err != nil {
			return n, err
		}
		n, at = n+m, at+int64(m)
	}
	return n, nil
}

// look reads the window that begins at an offset.
func (s *Slices) look(at int64) error {
	s.Close()
	end := min(at+sliceBytes, s.size)
	if s.size <= wholeBytes {
		at, end = 0, s.size
	}
	part, err := s.blob.Call("slice", at, end)
	if err != nil {
		return wrap("read", err)
	}
	window, err := ReadBlob(s.ctx, part)
	if err != nil {
		return err
	}
	if window.Size() == 0 {
		return io.ErrUnexpectedEOF
	}
	s.window, s.from = window, at
	return nil
}

// Close lets go of the window. Slices can still be used.
func (s *Slices) Close() {
	if s.window != nil {
		s.window.Free()
		s.window = nil
	}
}
