package metrics

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestBuckets(t *testing.T) {
	tests := []struct {
		name string
		d    time.Duration
		want time.Duration // the bound of its bucket
	}{
		{"nothing", 0, time.Microsecond},
		{"a nanosecond", 1, time.Microsecond},
		{"one", time.Microsecond, time.Microsecond},
		{"between", 1200 * time.Nanosecond, 2 * time.Microsecond},
		{"two", 2 * time.Microsecond, 2 * time.Microsecond},
		{"three", 3 * time.Microsecond, 3 * time.Microsecond},
		{"above three", 3001 * time.Nanosecond, 4 * time.Microsecond},
		{"five", 5 * time.Microsecond, 6 * time.Microsecond},
		{"a millisecond", time.Millisecond, 1024 * time.Microsecond},
		{"the last bound", time.Microsecond << 31, time.Microsecond << 31},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Bound(bucket(tt.d)); got != tt.want {
				t.Errorf("%v counts as %v, want %v", tt.d, got, tt.want)
			}
		})
	}
	if got := bucket(1 << 62); got != Buckets-1 {
		t.Errorf("a century is in bucket %d", got)
	}
}

// TestBoundsHold checks every bucket at and beside its bound.
func TestBoundsHold(t *testing.T) {
	for i := range Buckets - 1 {
		if i == 1 {
			continue // 1.5 µs: durations are counted in whole microseconds
		}
		if got := bucket(Bound(i)); got != i {
			t.Errorf("the bound of bucket %d, %v, is counted in %d", i, Bound(i), got)
		}
		if got := bucket(Bound(i) + 1); got <= i {
			t.Errorf("above the bound of bucket %d, %v is counted in %d", i, Bound(i)+1, got)
		}
	}
}

func TestQuantiles(t *testing.T) {
	var h Histogram
	var all []time.Duration
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		d := time.Duration(rng.ExpFloat64() * float64(time.Millisecond))
		h.Observe(d)
		all = append(all, d)
	}
	h.Observe(-time.Second)
	all = append(all, 0)
	slices.Sort(all)
	l := h.Snapshot()
	if l.Count() != 10_001 {
		t.Fatal(l.Count())
	}
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		exact := all[min(int(q*float64(len(all))), len(all)-1)]
		got := l.Quantile(q)
		if float64(got) < float64(exact)*0.99 || got > exact*3/2+2*time.Microsecond {
			t.Errorf("quantile %v is %v, exactly %v", q, got, exact)
		}
	}
	if m := l.Mean(); m < 950*time.Microsecond || m > 1050*time.Microsecond {
		t.Error(m)
	}
	var none Latency
	if none.Quantile(0.5) != 0 || none.Mean() != 0 {
		t.Error("nothing has a quantile")
	}
}

func TestTier(t *testing.T) {
	var tier Tier
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				tier.Hit(time.Microsecond)
				tier.Hit(time.Second)
				tier.Miss()
				tier.Load(10, time.Millisecond)
				tier.Failure(time.Millisecond)
				tier.Remove(Size, 10)
				tier.Remove(Replaced, 1)
				tier.Remove(Causes, 1) // none: must not be counted, nor harm
			}
		})
	}
	wg.Wait()
	s := tier.Snapshot()
	var sum Snapshot
	sum.Add(&s)
	sum.Add(&s)
	if s.Hits != 1600 || s.Misses != 800 || s.Loads != 800 || s.Failures != 800 || s.BytesLoaded != 8000 ||
		s.Removed[Size] != 800 || s.BytesRemoved[Size] != 8000 || s.Evictions() != 800 {
		t.Errorf("%+v", s)
	}
	if r := s.HitRatio(); r < 0.66 || r > 0.67 {
		t.Error(r)
	}
	if sum.Hits != 3200 || sum.HitTime.Count() != 3200 || sum.LoadTime.Count() != 3200 || sum.Removed[Replaced] != 1600 {
		t.Errorf("%+v", sum)
	}
	if (&Snapshot{}).HitRatio() != 0 {
		t.Error("nothing has a ratio")
	}
}

func TestCauseNames(t *testing.T) {
	seen := map[string]bool{}
	for c := Cause(0); c <= Causes; c++ {
		if c.String() == "" || seen[c.String()] {
			t.Errorf("%d is %q", c, c)
		}
		seen[c.String()] = true
	}
}

func BenchmarkHit(b *testing.B) {
	var tier Tier
	for b.Loop() {
		tier.Hit(time.Microsecond)
	}
}
