package registry

import "time"

// Manifest is the part of a manifest that caching needs. The model's side of it
// (inputs, outputs, metrics) is read by others from Raw.
type Manifest struct {
	Name, Version string
	// Created is the publication time as written, or "".
	Created string
	Files   []File
	// TTL is freshness.ttlSeconds; meaningless unless HasTTL.
	TTL    time.Duration
	HasTTL bool
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
	return f.Role == "model" || f.Role == "weights" || f.Role == "labels"
}
