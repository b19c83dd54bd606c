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

// MaxHits is the largest number of hits that is kept: every backend can tell it from the
// next one.
const MaxHits = 1<<53 - 1

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
	// UsedAt is when it was last asked for, and Hits how often it answered without a
	// download, as far as they were written down. Only Touch changes Hits.
	UsedAt time.Time
	Hits   int64 // 0 to MaxHits
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
	// UsedAt is a use that may be written down late: see ApplyTo.
	UsedAt time.Time
	// AddHits is added to what is stored, so that whoever shares the store may count.
	AddHits int64
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

// maxLate is how late a use is written down at the most.
const maxLate = time.Hour

// ApplyTo returns the record with the patch applied. Of two times of a use the later one
// stays, unless it is so much later that a clock must have been wrong.
func (p Patch) ApplyTo(r Record) Record {
	if !p.CheckedAt.IsZero() {
		r.CheckedAt = p.CheckedAt
	}
	if ahead := r.UsedAt.Sub(p.UsedAt); !p.UsedAt.IsZero() && (ahead < 0 || ahead > maxLate) {
		r.UsedAt = p.UsedAt
	}
	r.Hits = BoundHits(BoundHits(r.Hits) + BoundHits(p.AddHits))
	if p.ManifestETag != nil {
		r.ManifestETag = *p.ManifestETag
	}
	if p.Pinned != nil {
		r.Pinned = *p.Pinned
	}
	return r
}
