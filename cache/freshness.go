package cache

import (
	"hash/fnv"
	"time"

	"larder/cache/registry"
	"larder/cache/schedule"
	"larder/cache/store"
)

// fresh reports whether something noted at checked is younger than ttl. A time in the
// future shows that the clock was set back since; how old the note is is then unknown.
func fresh(checked, now time.Time, ttl time.Duration) bool {
	age := now.Sub(checked)
	return age >= 0 && age < ttl
}

// checked returns the time as stores keep it, to the millisecond, so that a version has
// the same times whether they were just noted or read again.
func (c *Cache) checked() time.Time { return store.FromMilli(store.Milli(c.opt.Clock.Now())) }

// state grades a version that was confirmed at checked.
func (c *Cache) state(v *version, checked time.Time) State {
	now, f := c.opt.Clock.Now(), &v.manifest.Freshness
	s := State{Freshness: Stale, CommittedAt: v.record.CommittedAt, CheckedAt: checked, NextRefresh: c.due(v.manifest, checked)}
	if f.HasGrace {
		s.UsableUntil = s.NextRefresh.Add(max(f.Grace, f.Revalidate))
	}
	switch {
	case checked.After(now):
		// The clock was set back: nobody knows how old this is. It is not fresh, and not
		// refused for an age that may be none.
		s.NextRefresh, s.UsableUntil = now, time.Time{}
	case now.Before(s.NextRefresh):
		s.Freshness = Fresh
	case now.Before(s.NextRefresh.Add(f.Revalidate)):
		s.Freshness = Revalidating
	case f.HasGrace && !now.Before(s.UsableUntil):
		s.Freshness = Expired
	}
	return s
}

// grade is the freshness alone.
func (c *Cache) grade(a answer) Freshness { return c.state(a.version, a.checkedAt).Freshness }

// maxSpread bounds by how much jitter delays a time of the calendar, so that "the 10th
// at 07:00" stays that hour whatever the percentage of a month is.
const maxSpread = time.Hour

// due returns when a version that was confirmed at checked stops being fresh. Of the
// time to live and the schedule the earlier one counts. Jitter shortens the time to
// live, which is a promise, and delays the schedule, before which there is nothing new.
func (c *Cache) due(m *registry.Manifest, checked time.Time) time.Time {
	f := &m.Freshness
	part := func(d time.Duration) time.Duration {
		if f.Jitter == 0 {
			return 0
		}
		return time.Duration(float64(d) / 100 * float64(f.Jitter) * c.share(m, checked))
	}
	ttl := f.TTL
	if !f.HasTTL {
		ttl = c.opt.DefaultTTL
	}
	next := checked.Add(ttl - part(ttl))
	if f.Schedule == nil {
		return next
	}
	s := f.Schedule.In(c.zone(f.Zone))
	run := s.Next(checked)
	if run.IsZero() {
		return next
	}
	if f.Jitter > 0 {
		run = run.Add(min(part(s.Next(run).Sub(run)), part(maxSpread*100/time.Duration(f.Jitter))))
	}
	if !f.HasTTL || run.Before(next) {
		return run
	}
	return next
}

// share is where in the jitter a version lies, 0 to 1: the same whenever it is asked
// for, another one for each model, for each time that it is confirmed, and for each
// client, of which no two confirm in the same millisecond with the same seed.
func (c *Cache) share(m *registry.Manifest, checked time.Time) float64 {
	h := fnv.New64a()
	n := c.opt.Seed ^ uint64(checked.UnixMilli())*0x9e3779b97f4a7c15
	var word [8]byte
	for i := range word {
		word[i] = byte(n >> (8 * i))
	}
	h.Write(word[:])
	h.Write([]byte(store.RecordKey(m.Name, m.Version)))
	// FNV's high bits hardly depend on its last bytes: mix as MurmurHash3 does in the end.
	x := h.Sum64()
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

// zone returns the clocks of a zone, those of UTC where this host does not know it: a
// refresh some hours off is better than none.
func (c *Cache) zone(name string) schedule.Zone {
	z, err := c.opt.Zones(name)
	if err != nil {
		return schedule.UTC
	}
	return z
}
