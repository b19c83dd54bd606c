package cache

import (
	"time"

	"larder/cache/policy"
	"larder/cache/registry"
	"larder/cache/schedule"
	"larder/cache/store"
)

// Options says what a Cache is made of.
type Options struct {
	// Store keeps chunks and records. Required. The Cache does not close it.
	Store store.Store
	// Registry is the transport to the registry's root. nil: there is none, and only
	// what is stored is served.
	Registry registry.Fetcher
	// RegistryID is the absolute URL of the registry's root. The stored index is kept under
	// it, so that a registry that moves is asked anew. Models are kept under their names:
	// registries that name different models alike need a Store each. Default "default".
	RegistryID string
	// Hasher computes SHA-256. Default registry.GoHasher.
	Hasher registry.Hasher
	// Clock tells the time and measures time limits. Default SystemClock.
	Clock Clock
	// Locker makes tabs or processes that share the store take turns. Default
	// NewLocker, which knows this Cache only.
	Locker Locker
	// Peers tells what others do to the store that this Cache shares with them. nil: there
	// are none, or they are found out about when a version's time to live has ended.
	Peers Peers
	// Space tells how much room there is, so that a download is planned: refused before
	// its first byte if it cannot fit, after other versions were evicted for it. nil:
	// unknown, and the store tells when it is full.
	Space Space
	// MemoryBytes bounds the bytes of verified files that are kept in memory while
	// nobody uses them. Files in use are never dropped and count first. Zero: 256 MiB;
	// negative: nothing is kept beyond its use.
	MemoryBytes int64
	// MemoryIdle is how long such files stay without being asked for. Zero: until others
	// need their room.
	MemoryIdle time.Duration
	// MemoryPolicy chooses who has to make room. Default policy.Default.
	MemoryPolicy policy.Policy
	// DefaultTTL is the time to live of a version whose manifest has none. Zero: 24 h.
	DefaultTTL time.Duration
	// Zones finds the clocks of an IANA zone for schedules. Default schedule.Load.
	Zones func(name string) (schedule.Zone, error)
	// Seed makes the jitter of this client another one than that of clients that confirm a
	// version in the same millisecond. Zero is a seed like any other.
	Seed uint64
	// RevalidateTimeout bounds the requests that ask the registry about a version that
	// could be served as it is; after it that version is served as Stale. It does not
	// bound downloads. Zero: 10 s.
	RevalidateTimeout time.Duration
	// KeepVersions is how many versions of a model stay stored when a new one arrives,
	// the new one included, so that there is one to go back to. Versions that answer to
	// an alias or a range, that are pinned or in use stay in any case and do not count.
	// Zero: 2.
	KeepVersions int
	// Attempts is how often one request is tried in all. Zero: 4.
	Attempts int
}

func (o *Options) setDefaults() {
	if o.RegistryID == "" {
		o.RegistryID = "default"
	}
	if o.Hasher == nil {
		o.Hasher = registry.GoHasher{}
	}
	if o.Clock == nil {
		o.Clock = SystemClock()
	}
	if o.Locker == nil {
		o.Locker = NewLocker()
	}
	if o.MemoryBytes == 0 {
		o.MemoryBytes = 256 << 20
	}
	if o.DefaultTTL <= 0 {
		o.DefaultTTL = 24 * time.Hour
	}
	if o.Zones == nil {
		o.Zones = schedule.Load
	}
	if o.RevalidateTimeout <= 0 {
		o.RevalidateTimeout = 10 * time.Second
	}
	if o.KeepVersions <= 0 {
		o.KeepVersions = 2
	}
}
