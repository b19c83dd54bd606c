// Package metrics counts what happens in a tier of the cache: who asked, what was
// found, what it cost, and why entries went. It has plain counters and a histogram of
// durations with fixed buckets, all safe for concurrent use and without allocation.
//
// It draws nothing and exports nothing: a program takes a [Snapshot] when it is asked
// for one. Snapshots of several tiers or workers can be added up, because the buckets
// are the same everywhere.
//
//	var tier metrics.Tier
//	start := clock.Now()
//	…
//	tier.Hit(clock.Now().Sub(start))
//	fmt.Println(tier.Snapshot().HitRatio(), tier.Snapshot().HitTime.Quantile(0.99))
//
// Start reading at [Tier], [Histogram] and [Cause].
package metrics
