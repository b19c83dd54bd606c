package cache

import "context"

// Prefetch brings a version into the store as Get does, without a lease on it: for
// models that will be wanted. It waits until no other request of this Cache is under way
// and then takes one connection only. It returns the version that is now stored.
func (c *Cache) Prefetch(ctx context.Context, name, selector string, progress func(Progress)) (string, error) {
	r, err := c.request("prefetch", name, selector)
	if err != nil {
		return "", c.failed("prefetch", name, selector, err)
	}
	for f := c.anyFlight(); f != nil; f = c.anyFlight() {
		select {
		case <-f.done:
		case <-ctx.Done():
			return "", c.wrap("prefetch", name, selector, ctx.Err())
		}
	}
	r.lines = 1
	f, err := c.fly(ctx, r.key(), progress, func(ctx context.Context, tell func(Progress)) (found, error) {
		r.progress = tell
		return c.find(ctx, r)
	})
	if err != nil {
		return "", c.failed("prefetch", name, selector, err)
	}
	return f.version.record.Version, nil
}

// anyFlight returns some request that is under way, or nil.
func (c *Cache) anyFlight() *flight {
	c.flights.mu.Lock()
	defer c.flights.mu.Unlock()
	for _, f := range c.flights.m {
		return f
	}
	return nil
}
