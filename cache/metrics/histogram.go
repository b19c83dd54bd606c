package metrics

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// Buckets is the number of buckets of a [Histogram].
const Buckets = 64

// Histogram counts durations in buckets whose bounds are 1, 1.5, 2, 3, 4, 6, 8 µs and
// so on: two for each doubling, up to 71 minutes. What is longer falls into the last
// one. A quantile is therefore at most half too large. The zero value is ready; safe
// for concurrent use.
type Histogram struct {
	counts [Buckets]atomic.Int64
	sum    atomic.Int64
}

// Observe counts a duration. A negative one, of a clock that was set back, counts as
// nothing at all.
func (h *Histogram) Observe(d time.Duration) { h.ObserveAll(1, d) }

// ObserveAll counts n durations of d each.
func (h *Histogram) ObserveAll(n int64, d time.Duration) {
	d = max(d, 0)
	h.counts[bucket(d)].Add(n)
	h.sum.Add(n * int64(d))
}

// Snapshot returns the counts so far. Counts that are added meanwhile may be in it in
// part.
func (h *Histogram) Snapshot() Latency {
	l := Latency{Sum: time.Duration(h.sum.Load())}
	for i := range h.counts {
		l.Counts[i] = h.counts[i].Load()
	}
	return l
}

// bucket returns the number of the bucket for a duration: the first whose bound is not
// below it.
func bucket(d time.Duration) int {
	us := uint64((d + time.Microsecond - 1) / time.Microsecond) // rounded up
	if us <= 1 {
		return 0
	}
	e := bits.Len64(us-1) - 1 // the highest bit of us-1; the one below says which half of the doubling
	if e == 0 {
		return 2 // 2 µs: there is no whole microsecond between 1 and 2
	}
	return min(2*e+1+int((us-1)>>(e-1))&1, Buckets-1)
}

// Bound returns the largest duration that bucket i counts; of the last one there is
// none, and this is where the one before ends.
func Bound(i int) time.Duration {
	i = min(i, Buckets-2)
	if i%2 == 0 {
		return time.Microsecond << (i / 2)
	}
	return 3 * time.Microsecond << (i / 2) / 2
}

// Latency is what a [Histogram] has counted.
type Latency struct {
	Counts [Buckets]int64
	Sum    time.Duration // of all durations
}

// Count returns how many durations were counted.
func (l *Latency) Count() int64 {
	n := int64(0)
	for _, c := range l.Counts {
		n += c
	}
	return n
}

// Mean returns the average, 0 of nothing.
func (l *Latency) Mean() time.Duration {
	if n := l.Count(); n > 0 {
		return l.Sum / time.Duration(n)
	}
	return 0
}

// Quantile returns a bound that the share q (0 to 1) of all durations does not exceed:
// 0.99 for the 99th percentile. 0 of nothing.
func (l *Latency) Quantile(q float64) time.Duration {
	n := l.Count()
	if n == 0 {
		return 0
	}
	rank := min(max(int64(math.Ceil(q*float64(n))), 1), n)
	for i, c := range l.Counts {
		if rank -= c; rank <= 0 {
			return Bound(i)
		}
	}
	return Bound(Buckets - 1)
}

// Add adds the counts of another histogram.
func (l *Latency) Add(o *Latency) {
	for i := range l.Counts {
		l.Counts[i] += o.Counts[i]
	}
	l.Sum += o.Sum
}
