package registry

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-faster/jx"
)

// Manifest is the part of a manifest that caching needs. The model's side of it
// (inputs, outputs, metrics) is read by others from Raw.
type Manifest struct {
	Name, Version string
	// Created is the publication time as written, or "".
	Created string
	Files   []File
	// Source is where a file without a manifest came from, for which the cache has made
	// this one.
	Source Source
	Freshness
	// Raw are the bytes that were decoded.
	Raw []byte
}

// File is one file of a version.
type File struct {
	// Path is relative to the version's folder, checked: no "..", no leading slash, no
	// backslash, no colon.
	Path   string
	Role   string
	Bytes  int64
	SHA256 Digest
	// Chunks are the consecutive pieces of the file; their sizes sum up to Bytes.
	Chunks []Chunk
}

// Chunk is one piece of a file.
type Chunk struct {
	Bytes  int64
	SHA256 Digest
}

// Needed reports whether a prediction needs the file.
func (f *File) Needed() bool {
	return f.Role == "model" || f.Role == "weights" || f.Role == "labels" || f.Role == "tokenizer"
}

// DecodeManifest reads manifest.json. Raw is a copy of data. Errors: Invalid, Newer.
func DecodeManifest(data []byte) (*Manifest, error) {
	m := &Manifest{}
	err := decode("manifest", data, fields{
		"name":    text(&m.Name),
		"version": text(&m.Version),
		"created": text(&m.Created),
		"files": func(d *jx.Decoder) error {
			return readList(d, maxFiles, func(d *jx.Decoder) error {
				var f File
				err := f.decode(d)
				m.Files = append(m.Files, f)
				return err
			})
		},
		"freshness": m.Freshness.decode,
		"source":    m.decodeSource,
	}, "name", "version", "files")
	if err == nil {
		err = m.check()
	}
	if err != nil {
		return nil, err
	}
	m.Raw = bytes.Clone(data)
	return m, nil
}

// Source is the address of a file, and the validator that it came with.
type Source struct{ URL, ETag string }

func (m *Manifest) decodeSource(d *jx.Decoder) error {
	if d.Next() != jx.Object {
		return d.Skip() // somebody else's
	}
	return readObject(d, fields{"url": text(&m.Source.URL), "etag": text(&m.Source.ETag)})
}

func (f *File) decode(d *jx.Decoder) error {
	err := readObject(d, fields{
		"path":   text(&f.Path),
		"role":   text(&f.Role),
		"bytes":  whole(&f.Bytes, MaxFile),
		"sha256": digest(&f.SHA256),
		"chunks": func(d *jx.Decoder) error {
			// A chunk takes more than 64 bytes of text, so the document bounds the list.
			return readList(d, MaxDocument/64, func(d *jx.Decoder) error {
				var c Chunk
				err := readObject(d, fields{"bytes": whole(&c.Bytes, MaxChunk), "sha256": digest(&c.SHA256)}, "bytes", "sha256")
				f.Chunks = append(f.Chunks, c)
				return err
			})
		},
	}, "path", "role", "bytes", "sha256", "chunks")
	if err != nil {
		return err
	}
	return f.check()
}

func (f *File) check() error {
	if err := checkPath(f.Path); err != nil {
		return err
	}
	var sum int64
	for i, c := range f.Chunks {
		if c.Bytes == 0 {
			return fmt.Errorf("%s: chunks[%d]: is empty", quote(f.Path), i)
		}
		sum += c.Bytes
	}
	if sum != f.Bytes {
		return fmt.Errorf("%s: chunks make %d bytes, bytes says %d", quote(f.Path), sum, f.Bytes)
	}
	return nil
}

func (m *Manifest) check() error {
	bad := func(err error) error {
		return &Error{Code: Invalid, Op: "manifest", Detail: "not a valid manifest", Err: err}
	}
	if err := errors.Join(CheckName(m.Name), checkVersion(m.Version)); err != nil {
		return bad(err)
	}
	seen := make(map[string]bool, len(m.Files))
	sizes := map[Digest]int64{}
	for _, f := range m.Files {
		if seen[f.Path] {
			return bad(fmt.Errorf("files: %s is there twice", quote(f.Path)))
		}
		seen[f.Path] = true
		for _, c := range f.Chunks {
			if n, ok := sizes[c.SHA256]; ok && n != c.Bytes {
				return bad(fmt.Errorf("files: one chunk has %d bytes in one place and %d in another", n, c.Bytes))
			}
			sizes[c.SHA256] = c.Bytes
		}
	}
	return nil
}

// File returns the file of this path, or nil.
func (m *Manifest) File(path string) *File {
	for i := range m.Files {
		if m.Files[i].Path == path {
			return &m.Files[i]
		}
	}
	return nil
}
