package pack

import "strconv"

const (
	// MaxChunk is the longest chunk that a reader accepts; it bounds what has to
	// be held in memory before its hash is known.
	MaxChunk = 4 << 20
	// MaxFile is the longest file: what 32-bit linear memory can address.
	MaxFile = 4 << 30
)

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
