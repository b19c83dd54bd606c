package cache

import (
	"time"

	"larder/cache/metrics"
)

// tiers counts what happens behind the memory. Its zero value is ready.
type tiers struct {
	store    metrics.Tier // hits: requests that it answered, with or without the registry's word
	registry metrics.Tier // hits: questions that got an answer; loads: transfers of chunks
}

// since returns how long ago start was.
func (c *Cache) since(start time.Time) time.Duration { return c.opt.Clock.Now().Sub(start) }

// answered counts a request that the memory could not answer.
func (c *Cache) answered(f found, err error, start time.Time) {
	if err == nil && f.source == FromStore {
		c.tiers.store.Hit(c.since(start))
	} else {
		c.tiers.store.Miss()
	}
}

// brought counts a version that came into the store, or did not.
func (c *Cache) brought(bytes int64, err error, start time.Time) {
	count(&c.tiers.store, bytes, err, c.since(start))
}

// moved counts a transfer from the registry.
func (c *Cache) moved(bytes int64, err error, start time.Time) {
	count(&c.tiers.registry, bytes, err, c.since(start))
}

func count(t *metrics.Tier, bytes int64, err error, took time.Duration) {
	if err != nil {
		t.Failure(took)
	} else {
		t.Load(bytes, took)
	}
}

// asked counts a question to the registry about which version is the right one.
func (c *Cache) asked(err error, start time.Time) {
	if err != nil {
		c.tiers.registry.Failure(c.since(start))
	} else {
		c.tiers.registry.Hit(c.since(start))
	}
}
