package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"sync"
	"time"
)

// representation is one encoding of one file, opened.
type representation struct {
	file     *os.File
	size     int64
	encoding string // "", "br" or "gzip"
	tag      string // strong ETag, quoted
	varies   bool   // other encodings of the file exist
}

// suffixes are the precompressed files that may stand beside a file, best first.
var suffixes = []struct{ encoding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

var errNotFile = errors.New("host: not a regular file")

// open opens the representation of name that the request prefers. A range request
// gets the identity: byte positions are only meaningful to a client that knows
// which bytes they count, and chunk positions in a manifest count the file's own.
func (h *Handler) open(root *os.Root, name string, r *http.Request) (*representation, error) {
	plain, err := openRegular(root, name)
	if err != nil {
		return nil, err
	}
	available := []string{}
	for _, s := range suffixes {
		if info, err := root.Stat(name + s.suffix); err == nil && info.Mode().IsRegular() {
			available = append(available, s.encoding)
		}
	}
	plain.varies = len(available) > 0
	file := name
	if r.Header.Get("Range") == "" {
		plain.encoding = negotiate(r.Header.Values("Accept-Encoding"), available)
	}
	if plain.encoding != "" {
		file = name + suffixOf(plain.encoding)
		encoded, err := openRegular(root, file)
		if err != nil {
			plain.file.Close()
			return nil, err
		}
		plain.file.Close()
		plain.file, plain.size = encoded.file, encoded.size
	}
	plain.tag, err = h.tags.of(file, plain.file)
	if err != nil {
		plain.file.Close()
		return nil, err
	}
	return plain, nil
}

// openRegular opens a regular file below root; a folder is an error.
func openRegular(root *os.Root, name string) (*representation, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotFile
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &representation{file: f, size: info.Size()}, nil
}

// suffixOf returns the file suffix of a content coding.
func suffixOf(encoding string) string {
	for _, s := range suffixes {
		if s.encoding == encoding {
			return s.suffix
		}
	}
	return ""
}

// settled is how long a file must have been left alone before its tag is
// remembered: within the clock's grain a second write could keep size and time.
const settled = 2 * time.Second

// tagCache remembers the ETags of files that have not changed. Its zero value is
// ready for use.
type tagCache struct {
	mu   sync.Mutex
	tags map[string]taggedFile
}

// taggedFile is the tag of a file as it was at one size and time.
type taggedFile struct {
	info fs.FileInfo
	tag  string
}

// of returns the strong ETag of an open file: a hash of the very bytes that will
// be sent, so that two encodings of one file never share a tag (RFC 9110, 8.8.3.3).
// The file is left at its start.
func (c *tagCache) of(name string, f *os.File) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	known, ok := c.tags[name]
	c.mu.Unlock()
	if ok && os.SameFile(known.info, info) && known.info.Size() == info.Size() && known.info.ModTime().Equal(info.ModTime()) {
		return known.tag, nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	tag := `"` + hex.EncodeToString(sum.Sum(nil)[:16]) + `"`
	if time.Since(info.ModTime()) > settled {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.tags == nil {
			c.tags = map[string]taggedFile{}
		}
		c.tags[name] = taggedFile{info, tag}
	}
	return tag, nil
}
