package main

import (
	"time"

	"larder/cache"
	"larder/cache/metrics"
	"larder/wasm/message"
)

// describeTiers says what happened in each tier.
func describeTiers(s *cache.Stats, predictions metrics.Snapshot) map[string]message.Tier {
	return map[string]message.Tier{
		message.TierPredictions: describeTier(&predictions),
		message.TierMemory:      describeTier(&s.Memory),
		message.TierStore:       describeTier(&s.Stored),
		message.TierRegistry:    describeTier(&s.Registry),
	}
}

func describeTier(s *metrics.Snapshot) message.Tier {
	t := message.Tier{Hits: s.Hits, WeakHits: s.WeakHits, Misses: s.Misses, Loads: s.Loads, Failures: s.Failures, BytesLoaded: s.BytesLoaded,
		Evictions: map[string]int64{}, HitTime: describeLatency(&s.HitTime), LoadTime: describeLatency(&s.LoadTime),
		Entries: s.Entries, Weak: s.Weak, Bytes: s.Bytes, Leases: s.Leases}
	for c, n := range s.Removed {
		t.Evictions[metrics.Cause(c).String()] = n
	}
	return t
}

func describeLatency(l *metrics.Latency) message.Latency {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return message.Latency{Count: l.Count(), Mean: ms(l.Mean()), P50: ms(l.Quantile(0.5)), P99: ms(l.Quantile(0.99))}
}
