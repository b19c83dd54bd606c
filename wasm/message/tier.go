package message

// The tiers of a cache.
const (
	TierPredictions = "predictions" // answers that were given before
	TierMemory      = "memory"      // verified files, or what was made of them
	TierStore       = "store"       // chunks and records on this device
	TierRegistry    = "registry"    // the static host
)

// maxTiers bounds the tiers of a [CacheStats], and the causes of a [Tier].
const maxTiers = 16

// Tier says what happened in one tier of the cache since the worker started, and how
// much is in it now.
type Tier struct {
	Hits        int64            // requests that it answered
	WeakHits    int64            // of these, with what it held weakly
	Misses      int64            // requests that it could not answer
	Loads       int64            // what came into it from behind
	Failures    int64            // loads that ended in an error
	BytesLoaded int64            // of all loads
	Evictions   map[string]int64 // what left it, by cause: "expired", "size", "replaced", "collected", "explicit"
	HitTime     Latency          // of hits
	LoadTime    Latency          // of loads
	Entries     int64            // now
	Weak        int64            // now, of what is held weakly
	Bytes       int64            // now
	Leases      int64            // now
}

// counters pairs each number with its name in a message.
func (t *Tier) counters() map[string]*int64 {
	return map[string]*int64{"hits": &t.Hits, "weakHits": &t.WeakHits, "misses": &t.Misses, "loads": &t.Loads, "failures": &t.Failures,
		"bytesLoaded": &t.BytesLoaded, "entries": &t.Entries, "weak": &t.Weak, "bytes": &t.Bytes, "leases": &t.Leases}
}

// Encode returns the tier as a message tree.
func (t Tier) Encode() map[string]any {
	causes := make(map[string]any, len(t.Evictions))
	for cause, n := range t.Evictions {
		causes[cause] = n
	}
	m := map[string]any{"evictions": causes, "hitTime": t.HitTime.Encode(), "loadTime": t.LoadTime.Encode()}
	for name, n := range t.counters() {
		m[name] = *n
	}
	return m
}

// DecodeTier reads a tier.
func DecodeTier(v any) (Tier, error) {
	var err error
	t := decodeTier(open("tier", v, &err))
	return t, err
}

func decodeTier(f fields) Tier {
	t := Tier{Evictions: map[string]int64{}, HitTime: decodeLatency(f.object("hitTime")), LoadTime: decodeLatency(f.object("loadTime"))}
	for name, n := range t.counters() {
		*n = f.count(name)
	}
	causes := f.entries("evictions", maxTiers)
	for cause := range causes.m {
		t.Evictions[cause] = causes.count(cause)
	}
	return t
}

func encodeTiers(tiers map[string]Tier) map[string]any {
	m := make(map[string]any, len(tiers))
	for name, t := range tiers {
		m[name] = t.Encode()
	}
	return m
}

func decodeTiers(f fields) map[string]Tier {
	tiers := map[string]Tier{}
	of := f.entries("tiers", maxTiers)
	for name := range of.m {
		tiers[name] = decodeTier(of.object(name))
	}
	return tiers
}

// Latency sums up how long something took, in milliseconds. The percentiles are bounds
// of a histogram, at most half too large.
type Latency struct {
	Count          int64
	Mean, P50, P99 float64
}

// Encode returns the latency as a message tree.
func (l Latency) Encode() map[string]any {
	return map[string]any{"count": l.Count, "mean": l.Mean, "p50": l.P50, "p99": l.P99}
}

func decodeLatency(f fields) Latency {
	return Latency{Count: f.count("count"), Mean: f.number("mean"), P50: f.number("p50"), P99: f.number("p99")}
}
