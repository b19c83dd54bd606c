package cache

import (
	"time"

	"larder/cache/registry"
)

// ttl returns how long a version stays fresh.
func (c *Cache) ttl(m *registry.Manifest) time.Duration {
	if m.HasTTL {
		return m.TTL
	}
	return c.opt.DefaultTTL
}

// fresh reports whether something confirmed at checked is fresh now. A time in the
// future shows that the clock was set back since; how long ago the registry was asked
// is then unknown, so it must be asked again.
func fresh(checked, now time.Time, ttl time.Duration) bool {
	age := now.Sub(checked)
	return age >= 0 && age < ttl
}

// state describes a version that was confirmed at checked.
func (c *Cache) state(v *version, checked time.Time) State {
	now, ttl := c.opt.Clock.Now(), c.ttl(v.manifest)
	s := State{Freshness: Stale, CommittedAt: v.record.CommittedAt, CheckedAt: checked, NextRefresh: checked.Add(ttl)}
	switch {
	case fresh(checked, now, ttl):
		s.Freshness = Fresh
	case checked.After(now):
		s.NextRefresh = now
	}
	return s
}
