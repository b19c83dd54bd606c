package cache

import (
	"time"

	"larder/cache/store"
)

// Freshness says how much an answer can be trusted to be the newest.
type Freshness string

// The degrees of freshness.
const (
	// Fresh: the registry confirmed the version less than its time to live ago.
	Fresh Freshness = "fresh"
	// Stale: the time to live is over and the registry gave no usable answer.
	Stale Freshness = "stale"
)

// State is how current an Entry was when Get returned it.
type State struct {
	Freshness   Freshness
	CommittedAt time.Time
	CheckedAt   time.Time
	// NextRefresh is when the version expires and the registry is asked again, at the
	// next Get after it. In the past for a Stale one.
	NextRefresh time.Time
}

// Source is the tier that answered.
type Source string

// The tiers.
const (
	FromMemory   Source = "memory"
	FromStore    Source = "store"
	FromRegistry Source = "registry"
)

// Phase is what a [Progress] is about.
type Phase string

// The phases of a Get.
const (
	PhaseDownload Phase = "download" // bytes arrive from the registry
	PhaseVerify   Phase = "verify"   // stored bytes are read and hashed
)

// Progress reports how far a Get or an Entry.File has come. Loaded never falls within
// a phase and ends at exactly Total. In PhaseDownload both count the bytes that had to
// be transferred; a retry does not count twice.
type Progress struct {
	Phase  Phase
	Loaded int64
	Total  int64
	File   string
}

// File is a verified file of an Entry. It is a store.Blob, and stays valid after the
// Entry is released.
type File struct {
	Path   string
	Role   string
	pieces []store.Blob
	size   int64
}

// Size returns the number of bytes.
func (f *File) Size() int64 { return f.size }

// Pieces returns the file's consecutive parts as the store delivered them, which may be
// outside Go's heap: copy them one after the other to where they are needed.
func (f *File) Pieces() []store.Blob { return f.pieces }

// Bytes joins the pieces in Go's heap. A file of one piece is not copied.
func (f *File) Bytes() ([]byte, error) {
	if len(f.pieces) == 1 {
		return f.pieces[0].Bytes()
	}
	out := make([]byte, 0, f.size)
	for _, p := range f.pieces {
		b, err := p.Bytes()
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

// FileInfo describes a file of a version.
type FileInfo struct {
	Path   string
	Role   string
	Bytes  int64
	Needed bool // part of what a prediction needs, hence stored
}

// Info describes a stored version.
type Info struct {
	Name, Version string
	Digest        store.Digest
	Bytes         int64 // of its chunks, shared ones included
	Created       string
	CommittedAt   time.Time
	CheckedAt     time.Time
	UsedAt        time.Time
	NextRefresh   time.Time
	Freshness     Freshness
	Pinned        bool
	Selectors     []string // what leads to this version: "latest", "^1" …
	InUse         int      // leases in this process
}

// Stats are counters since New, and the sizes now.
type Stats struct {
	MemoryHits, StoreHits, RegistryLoads int64
	Revalidations, NotModified           int64
	StaleServed, CorruptChunks, Failures int64
	Requests                             int64 // to the registry, retries included
	BytesDownloaded, BytesReused         int64 // of chunks
	MemoryBytes, MemoryBudget            int64
	MemoryEntries, Leases                int
	Store                                store.Usage
}
