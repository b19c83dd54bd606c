package cache

import (
	"context"

	"larder/cache/registry"
	"larder/cache/store"
)

// Pin keeps a stored version from being removed to make room or because newer ones have
// come, or lets it go again. version is exact; "" stands for the one that answers to the
// bare name. Evict removes pinned versions too: that is what it was asked for.
func (c *Cache) Pin(ctx context.Context, name, version string, pinned bool) error {
	if _, err := c.request("pin", name, version); err != nil {
		return c.wrap("pin", name, version, err)
	}
	if version == "" {
		snap, err := c.opt.Store.Snapshot(ctx)
		if err != nil {
			return c.wrap("pin", name, "", err)
		}
		latest, _ := registry.ParseSelector("")
		s := stored{snap: snap}
		if r := s.pick(request{name: name, selector: latest}, c.opt.Clock.Now()); r != nil {
			version = r.Version
		}
	}
	err := c.opt.Store.Touch(ctx, name, version, store.Patch{Pinned: &pinned})
	if store.CodeOf(err) == store.NotFound {
		return &Error{Code: NotFound, Op: "pin", Name: name, Version: version, Err: err, Detail: "this version is not stored: load it first"}
	}
	if err != nil {
		return c.wrap("pin", name, version, err)
	}
	kind := EventPinned
	if !pinned {
		kind = EventUnpinned
	}
	c.emit(Event{Kind: kind, Name: name, Version: version})
	return nil
}
