package pack

import (
	"crypto/sha256"
	"io"
	"strconv"
)

const (
	// ChunkSize is where a writer cuts. Half a mebibyte keeps a retry after a
	// broken connection cheap and the list of a 100 MB model short.
	ChunkSize = 512 << 10
	// MaxChunk is the longest chunk that a reader accepts; it bounds what has to
	// be held in memory before its hash is known.
	MaxChunk = 4 << 20
	// MaxFile is the longest file: what 32-bit linear memory can address.
	MaxFile = 4 << 30
)

// Cut reads r to its end and returns the file's length, digest and chunks,
// each of them size bytes long but the last. Size is 1 to MaxChunk.
func Cut(r io.Reader, size int) (File, error) {
	var f File
	whole := sha256.New()
	buf := make([]byte, size)
	for {
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			whole.Write(buf[:n])
			f.Chunks = append(f.Chunks, Chunk{Bytes: n, SHA256: Sum(buf[:n])})
			f.Bytes += int64(n)
		}
		switch {
		case f.Bytes > MaxFile:
			return File{}, &Error{Code: Invalid, Doc: "file", Reason: "longer than 4 GiB"}
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			f.SHA256 = Digest(whole.Sum(nil))
			return f, nil
		case err != nil:
			return File{}, err
		}
	}
}

// Verify returns a Corrupt error unless data is exactly the file that f lists:
// its length, every chunk and the whole.
func (f *File) Verify(data []byte) error {
	if int64(len(data)) != f.Bytes {
		return &Error{Code: Corrupt, Doc: f.Path, Reason: "is " + strconv.Itoa(len(data)) +
			" bytes long, the manifest says " + strconv.FormatInt(f.Bytes, 10)}
	}
	rest := data
	for i, c := range f.Chunks {
		if c.Bytes > len(rest) || Sum(rest[:c.Bytes]) != c.SHA256 {
			return &Error{Code: Corrupt, Doc: f.Path, Reason: "chunk " + strconv.Itoa(i) + " does not have the SHA-256 of the manifest"}
		}
		rest = rest[c.Bytes:]
	}
	if len(rest) > 0 || Sum(data) != f.SHA256 {
		return &Error{Code: Corrupt, Doc: f.Path, Reason: "does not have the SHA-256 of the manifest"}
	}
	return nil
}
