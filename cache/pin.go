package cache

import (
	"context"
	"time"

	"larder/cache/registry"
	"larder/cache/store"
)

// Pin holds a stored version, or lets it go again: it is not removed to make room or
// because newer ones have come, and where it is the answer it stays the answer, without
// asking the registry. version is exact; "" stands for the one that answers to the bare
// name. Refresh still asks, and hands the pin on to what it brings. Evict removes pinned
// versions too: that is what it was asked for.
func (c *Cache) Pin(ctx context.Context, name, version string, pinned bool) error {
	name = storedName(name)
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

// pinnedAt reports whether the version that answers a request is pinned.
func pinnedAt(snap store.Snapshot, r request) bool {
	s := stored{snap: snap}
	rec := s.pick(r, time.Time{})
	return rec != nil && rec.Pinned
}

// handOn takes the pin from the versions of a model that no longer answer, after a
// pinned one has followed them.
func (c *Cache) handOn(ctx context.Context, name string) {
	snap, err := c.opt.Store.Snapshot(ctx)
	if err != nil {
		return
	}
	answers, off := map[string]bool{}, false
	for _, p := range snap.Pointers {
		answers[store.RecordKey(p.Name, p.Version)] = true
	}
	for _, r := range snap.Records {
		if r.Name == name && r.Pinned && !answers[store.RecordKey(name, r.Version)] {
			_ = c.opt.Store.Touch(ctx, name, r.Version, store.Patch{Pinned: &off}) // it only takes room
		}
	}
}
