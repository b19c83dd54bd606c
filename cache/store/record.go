package store

import (
	"fmt"
	"strings"
	"time"
)

// MaxChunk is the largest chunk in bytes. Browsers refuse single values beyond
// 127 MiB and copy a value as a whole, so a chunk is far smaller than that.
const MaxChunk = 4 << 20

// MaxManifest is the largest manifest or document in bytes.
const MaxManifest = 16 << 20

// Latest is the selector of the pointer that answers to a bare model name.
const Latest = "latest"

// Chunk is a chunk on its way into a store.
type Chunk struct {
	Digest Digest
	Data   Blob
}

// Ref names a chunk that a version needs, with its size in bytes, so that sizes
// are known without reading.
type Ref struct {
	Digest Digest
	Size   int64
}

// Record is what a store knows about one version of one model.
type Record struct {
	Name    string
	Version string
	// Manifest is the manifest as it came from the registry, byte for byte, so that
	// its digest, and later its signatures, stay checkable.
	Manifest []byte
	// Digest is the SHA-256 of Manifest: the identity of the version's content.
	Digest Digest
	// Chunks are all chunks that a prediction needs. A chunk may occur twice.
	Chunks []Ref
	// CommittedAt is when this version became complete here.
	CommittedAt time.Time
	// CheckedAt is when the registry last confirmed it. Millisecond precision.
	CheckedAt time.Time
	// UsedAt is when it was last asked for, as far as it was written down.
	UsedAt time.Time
	// ManifestETag is the validator for the next conditional request, or "".
	ManifestETag string
	// Pinned versions are never evicted.
	Pinned bool
}

// Bytes returns the sum of the sizes of the record's distinct chunks.
func (r *Record) Bytes() int64 {
	var sum int64
	seen := make(map[Digest]struct{}, len(r.Chunks))
	for _, c := range r.Chunks {
		if _, twice := seen[c.Digest]; !twice {
			seen[c.Digest] = struct{}{}
			sum += c.Size
		}
	}
	return sum
}

// Validate reports what the contract forbids in a record. Drivers call it first
// in Commit.
func (r *Record) Validate() error {
	bad := func(format string, args ...any) error {
		return &Error{Code: Invalid, Op: "commit", Key: RecordKey(r.Name, r.Version), Err: fmt.Errorf(format, args...)}
	}
	switch {
	case !validName(r.Name):
		return bad("name %q", r.Name)
	case !validName(r.Version):
		return bad("version %q", r.Version)
	case len(r.Manifest) == 0 || len(r.Manifest) > MaxManifest:
		return bad("manifest of %d bytes", len(r.Manifest))
	}
	for _, c := range r.Chunks {
		if c.Size <= 0 || c.Size > MaxChunk {
			return bad("chunk %s of %d bytes", c.Digest, c.Size)
		}
	}
	return nil
}

// validName keeps "@" out, which separates name and version in keys, and what a
// file system could misread.
func validName(s string) bool {
	return s != "" && len(s) <= 200 && s != "." && s != ".." && !strings.ContainsAny(s, "@/\\:\x00")
}

// RecordKey returns the key of a record: "name@version".
func RecordKey(name, version string) string { return name + "@" + version }

// Pointer says which version answers to a selector.
type Pointer struct {
	Name     string
	Selector string // [Latest], or what was asked for: "^1", "1.0.0", "stable"
	Version  string
	// CheckedAt is when the registry last confirmed that this version is the right
	// answer to this selector. Millisecond precision.
	CheckedAt time.Time
	// Skip is the version that somebody rolled back from: as long as the registry gives
	// it as the answer, this pointer stays where it is. Empty: none.
	Skip string
}

// Key returns the pointer's key: the bare name for [Latest], else "name@selector".
func (p Pointer) Key() string { return PointerKey(p.Name, p.Selector) }

// PointerKey returns the key of the pointer for a selector of a model.
func PointerKey(name, selector string) string {
	if selector == Latest {
		return name
	}
	return name + "@" + selector
}

// Validate reports what the contract forbids in a pointer: a missing or overlong
// part, or an "@" in the name.
func (p Pointer) Validate() error {
	if !validName(p.Name) || !validName(p.Version) || p.Selector == "" || len(p.Selector) > 200 || p.Skip != "" && !validName(p.Skip) {
		return &Error{Code: Invalid, Op: "commit", Key: p.Key(), Err: fmt.Errorf("pointer to version %q", p.Version)}
	}
	return nil
}

// Patch changes the fields of a record that say nothing about its content. A zero
// field leaves the stored value alone.
type Patch struct {
	CheckedAt time.Time
	UsedAt    time.Time
	// Selector also sets the CheckedAt of this pointer, if it leads to the version.
	Selector string
	// ManifestETag replaces the validator; a pointer because "" is a value.
	ManifestETag *string
	Pinned       *bool
}

// Document is a small byte string without versions.
type Document struct {
	Key       string
	Data      []byte
	ETag      string
	CheckedAt time.Time // millisecond precision
}

// Snapshot is a consistent view of everything but chunks and documents.
type Snapshot struct {
	Records  []Record  // ordered by name, then by version as a string
	Pointers []Pointer // ordered by key
}

// Usage is how much a store holds.
type Usage struct {
	Chunks  int
	Bytes   int64 // of all chunks
	Records int
}

// ApplyTo returns the record with the patch applied.
func (p Patch) ApplyTo(r Record) Record {
	if !p.CheckedAt.IsZero() {
		r.CheckedAt = p.CheckedAt
	}
	if !p.UsedAt.IsZero() {
		r.UsedAt = p.UsedAt
	}
	if p.ManifestETag != nil {
		r.ManifestETag = *p.ManifestETag
	}
	if p.Pinned != nil {
		r.Pinned = *p.Pinned
	}
	return r
}
