package metrics

import (
	"sync/atomic"
	"time"
)

// Tier counts what happens in one tier: the memory, the store, the registry, the
// predictions that were made before. The zero value is ready; safe for concurrent use.
type Tier struct {
	hits, misses, loads, failures atomic.Int64
	loaded, weak                  atomic.Int64
	removed, freed                [Causes]atomic.Int64
	hitTime, loadTime             Histogram
}

// Hit counts a request that the tier answered, and how long that took.
func (t *Tier) Hit(took time.Duration) {
	t.Hits(1, took)
}

// Hits counts n requests that the tier answered, and how long each took.
func (t *Tier) Hits(n int64, took time.Duration) {
	t.hits.Add(n)
	t.hitTime.ObserveAll(n, took)
}

// WeakHit counts a hit that found a value the tier itself held no longer, because
// somebody else still did. It is counted by Hit too.
func (t *Tier) WeakHit() { t.weak.Add(1) }

// Miss counts a request that the tier could not answer.
func (t *Tier) Miss() { t.misses.Add(1) }

// Load counts a value that was brought into the tier from behind it: its bytes, and
// how long that took.
func (t *Tier) Load(bytes int64, took time.Duration) {
	t.loads.Add(1)
	t.loaded.Add(bytes)
	t.loadTime.Observe(took)
}

// Failure counts a load that ended in an error.
func (t *Tier) Failure(took time.Duration) {
	t.failures.Add(1)
	t.loadTime.Observe(took)
}

// Remove counts an entry that left the tier.
func (t *Tier) Remove(c Cause, bytes int64) {
	if c < Causes {
		t.removed[c].Add(1)
		t.freed[c].Add(bytes)
	}
}

// Snapshot returns the counters so far; Entries, Bytes and Leases are for the tier to
// fill in. Counts that are added meanwhile may be in it in part.
func (t *Tier) Snapshot() Snapshot {
	s := Snapshot{Hits: t.hits.Load(), WeakHits: t.weak.Load(), Misses: t.misses.Load(),
		Loads: t.loads.Load(), Failures: t.failures.Load(), BytesLoaded: t.loaded.Load(),
		HitTime: t.hitTime.Snapshot(), LoadTime: t.loadTime.Snapshot()}
	for i := range t.removed {
		s.Removed[i], s.BytesRemoved[i] = t.removed[i].Load(), t.freed[i].Load()
	}
	return s
}

// Snapshot is what a [Tier] has counted, and how much is in it now.
type Snapshot struct {
	Hits     int64 // requests that the tier answered
	WeakHits int64 // of these, with a value that only somebody else still held
	Misses   int64 // requests that it could not answer
	Loads    int64 // values that were brought in from behind the tier
	Failures int64 // loads that ended in an error

	BytesLoaded  int64         // of all loads
	Removed      [Causes]int64 // entries that left, by cause
	BytesRemoved [Causes]int64 // their bytes

	HitTime  Latency // how long hits took
	LoadTime Latency // how long loads took, failed ones too

	Entries int64 // now, held weakly ones left out
	Weak    int64 // now, held weakly
	Bytes   int64 // of the entries
	Leases  int64 // on entries, now
}

// HitRatio returns the share of requests that were hits, 0 to 1; 0 without any.
func (s *Snapshot) HitRatio() float64 {
	if n := s.Hits + s.Misses; n > 0 {
		return float64(s.Hits) / float64(n)
	}
	return 0
}

// Evictions returns how many entries the tier removed by itself, for any cause but
// Replaced and Explicit.
func (s *Snapshot) Evictions() int64 {
	return s.Removed[Expired] + s.Removed[Size] + s.Removed[Collected]
}

// Add adds up the figures of two tiers, or of the same tier in two workers.
func (s *Snapshot) Add(o *Snapshot) {
	s.Hits += o.Hits
	s.WeakHits += o.WeakHits
	s.Misses += o.Misses
	s.Loads += o.Loads
	s.Failures += o.Failures
	s.BytesLoaded += o.BytesLoaded
	for i := range s.Removed {
		s.Removed[i] += o.Removed[i]
		s.BytesRemoved[i] += o.BytesRemoved[i]
	}
	s.HitTime.Add(&o.HitTime)
	s.LoadTime.Add(&o.LoadTime)
	s.Entries += o.Entries
	s.Weak += o.Weak
	s.Bytes += o.Bytes
	s.Leases += o.Leases
}
