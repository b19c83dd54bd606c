package cache

import (
	"time"

	"larder/cache/memory"
	"larder/cache/store"
)

// Entry is a lease on a ready version. Its fields do not change. Safe for concurrent
// use.
type Entry struct {
	Name, Version string
	// Digest is the SHA-256 of the manifest.
	Digest store.Digest
	Source Source
	State

	cache   *Cache
	version *version
	lease   *memory.Lease
}

// Manifest returns the manifest's bytes as the registry sent them; do not change them.
func (e *Entry) Manifest() []byte { return e.version.record.Manifest }

// Files lists the version's files in the manifest's order.
func (e *Entry) Files() []FileInfo {
	var out []FileInfo
	for _, f := range e.version.manifest.Files {
		out = append(out, FileInfo{Path: f.Path, Role: f.Role, Bytes: f.Bytes, Needed: f.Needed()})
	}
	return out
}

// Now returns how current the version is by now.
func (e *Entry) Now() State { return e.cache.state(e.version, e.CheckedAt) }

// Again counts n requests that were answered with this lease instead of a Get of their own,
// and how long each took. It is for who answers at once what was asked just now, and sends
// no EventServed.
func (e *Entry) Again(n int64, took time.Duration) {
	c := e.cache
	c.memory.tier.Again(e.version.key(), n, took)
	c.count(func(s *Stats) { s.MemoryHits += n })
	c.uses.add(store.RecordKey(e.Name, e.Version), n, c.opt.Clock.Now())
}

// Release ends the lease. Calling it more than once is no error. Files stay valid.
func (e *Entry) Release() { e.lease.Release() }

// Freshness says how much an answer can be trusted to be the newest.
type Freshness string

// The degrees of freshness.
const (
	// Fresh: the registry confirmed the version less than its time to live ago, and no
	// time of its schedule has come since.
	Fresh Freshness = "fresh"
	// Revalidating: that is over, but less than stale-while-revalidate ago. The version is
	// served at once, and the registry is asked behind.
	Revalidating Freshness = "revalidating"
	// Stale: that is over too, and the registry gave no usable answer.
	Stale Freshness = "stale"
	// Expired: so is stale-if-error. The version is served only to who allows it.
	Expired Freshness = "expired"
)

// State is how current an Entry was when Get returned it.
type State struct {
	Freshness   Freshness
	CommittedAt time.Time
	CheckedAt   time.Time
	// NextRefresh is when the version expires and the registry is asked again, at the
	// next Get after it. In the past for a Stale one.
	NextRefresh time.Time
	// UsableUntil is when stale-if-error ends; the zero time if it never does.
	UsableUntil time.Time
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

// FileInfo describes a file of a version.
type FileInfo struct {
	Path   string
	Role   string
	Bytes  int64
	Needed bool // part of what a prediction needs, hence stored
}
