package cache

import (
	"fmt"
	"testing"
	"time"

	"larder/cache/registry"
	"larder/cache/schedule"
)

// TestJitterSpreads: 1,000 models that were confirmed in the same instant, with 10 % jitter.
// The seeds are fixed, and so is everything that follows from them.
func TestJitterSpreads(t *testing.T) {
	evening, err := schedule.Parse("0 18 * * *")
	if err != nil {
		t.Fatal(err)
	}
	ttl := func(d time.Duration) registry.Freshness {
		return registry.Freshness{TTL: d, HasTTL: true, Jitter: 10}
	}
	for _, tt := range []struct {
		name      string
		keys      int
		freshness registry.Freshness
		from, to  time.Duration // where the refreshes lie
		bin       time.Duration
	}{
		{"10 minutes", 1000, ttl(10 * time.Minute), 540 * time.Second, 600 * time.Second, time.Second},
		{"5 minutes", 1000, ttl(5 * time.Minute), 270 * time.Second, 300 * time.Second, time.Second},
		{"an hour", 100_000, ttl(time.Hour), 54 * time.Minute, time.Hour, time.Second},
		// A tenth of a day is 144 minutes: jitter holds a schedule to one hour.
		{"schedule", 1000, registry.Freshness{Schedule: evening, Jitter: 10}, 6 * time.Hour, 7 * time.Hour, time.Minute},
		{"all of it", 1000, registry.Freshness{TTL: time.Minute, HasTTL: true, Jitter: 100}, 0, time.Minute, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(3) {
				c := &Cache{opt: Options{Seed: seed}}
				c.opt.setDefaults()
				now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
				bins := map[time.Duration]int{}
				for i := range tt.keys {
					m := &registry.Manifest{Name: fmt.Sprintf("model%d", i), Version: "1.0.0", Freshness: tt.freshness}
					due := c.due(m, now)
					if after := due.Sub(now); after < tt.from || after > tt.to {
						t.Fatalf("%s: due after %s", m.Name, after)
					}
					if again := c.due(m, now.Add(999*time.Microsecond)); again.Sub(due) > time.Millisecond {
						t.Fatalf("%s: due at %s, and as it was stored, in milliseconds, at %s", m.Name, due, again)
					}
					bins[due.Sub(now).Truncate(tt.bin)]++
				}
				mean, most := float64(tt.keys)/float64((tt.to-tt.from)/tt.bin), 0
				for _, n := range bins {
					most = max(most, n)
				}
				t.Logf("seed %d: %d keys over %s: mean %.1f in %s, most %d", seed, tt.keys, tt.to-tt.from, mean, tt.bin, most)
				if float64(most) > 2*mean {
					t.Errorf("mean %.1f, most %d", mean, most)
				}
			}
		})
	}
}

func TestJitterDiffersByClientAndTime(t *testing.T) {
	m := &registry.Manifest{Name: "leaf", Version: "1.0.0", Freshness: registry.Freshness{TTL: 1000 * time.Second, HasTTL: true, Jitter: 50}}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	seen := map[time.Duration]bool{}
	for seed := range uint64(50) {
		c := &Cache{opt: Options{Seed: seed}}
		for i := range 50 {
			at := now.Add(time.Duration(i) * time.Millisecond)
			seen[c.due(m, at).Sub(at)] = true
		}
	}
	if len(seen) < 2490 {
		t.Errorf("%d different delays of 2500", len(seen))
	}
}
