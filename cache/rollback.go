package cache

import (
	"context"
	"errors"

	"larder/cache/registry"
	"larder/cache/store"
)

// held takes a model's lock and returns what is stored, which must be something of it.
func (c *Cache) held(ctx context.Context, op, name string) (store.Snapshot, func(), error) {
	if _, err := c.request(op, name, ""); err != nil {
		return store.Snapshot{}, nil, c.wrap(op, name, "", err)
	}
	release, err := c.opt.Locker.Lock(ctx, modelLock(name), false)
	if err != nil {
		return store.Snapshot{}, nil, c.wrap(op, name, "", err)
	}
	snap, err := c.opt.Store.Snapshot(ctx)
	if err == nil && !stores(snap, name) {
		err = &Error{Code: NotFound, Op: op, Name: name, Detail: "nothing of this model is stored: load it first"}
	}
	if err != nil {
		release()
		return store.Snapshot{}, nil, c.wrap(op, name, "", err)
	}
	return snap, release, nil
}

// forget makes the memory drop what it knows of a model, in use or not.
func (c *Cache) forget(snap store.Snapshot, name string) {
	for _, r := range snap.Records {
		if r.Name == name {
			c.memory.forget(name, r.Version)
		}
	}
}

func modelLock(name string) string { return "larder:model:" + name }

func stores(snap store.Snapshot, name string) bool {
	for _, r := range snap.Records {
		if r.Name == name {
			return true
		}
	}
	return false
}

// Rollback makes the stored version before the current one the answer again: for
// "latest" and for every alias and range that led to the current one and that the
// version before satisfies, in one transaction. The registry does not undo it: as long
// as its answer is the version that was rolled back from, the older one stays; a newer
// one is taken as ever, and so is every answer to a Refresh. It returns the version that
// now answers. Error: NotFound if no complete version before it is stored
// (Options.KeepVersions says how many are kept).
func (c *Cache) Rollback(ctx context.Context, name string) (string, error) {
	const op = "rollback"
	name = storedName(name)
	snap, release, err := c.held(ctx, op, name)
	if err != nil {
		return "", err
	}
	defer release()
	current := newest(snap, name)
	rec, err := c.before(ctx, snap, name, current)
	if err != nil {
		return "", c.wrap(op, name, current, err)
	}
	var move []store.Pointer
	for _, p := range snap.Pointers {
		s, err := registry.ParseSelector(p.Selector)
		if p.Name != name || p.Version != current || err != nil || s.IsVersion() {
			continue
		}
		if s.Match(current) && !s.Match(rec.Version) {
			continue // a range that the older version is not in
		}
		p.Version, p.Skip = rec.Version, current
		move = append(move, p)
	}
	if err := c.opt.Store.Commit(ctx, *rec, move...); err != nil {
		return "", c.wrap(op, name, rec.Version, err)
	}
	c.forget(snap, name)
	c.emit(Event{Kind: EventRolledBack, Name: name, Version: rec.Version, Message: "from " + current})
	return rec.Version, nil
}

// newest returns the version that "latest" leads to, else the newest that anything
// leads to.
func newest(snap store.Snapshot, name string) string {
	out := ""
	for _, p := range snap.Pointers {
		switch {
		case p.Name != name:
		case p.Selector == store.Latest:
			return p.Version
		case out == "" || registry.CompareVersions(p.Version, out) > 0:
			out = p.Version
		}
	}
	return out
}

// before returns the newest complete version older than another.
func (c *Cache) before(ctx context.Context, snap store.Snapshot, name, than string) (*store.Record, error) {
	var best *store.Record
	for i := range snap.Records {
		r := &snap.Records[i]
		if r.Name != name || than == "" || registry.CompareVersions(r.Version, than) >= 0 ||
			best != nil && registry.CompareVersions(r.Version, best.Version) < 0 {
			continue
		}
		if missing, err := c.opt.Store.Missing(ctx, r.Digests()); err != nil || len(missing) > 0 {
			if err != nil {
				return nil, err
			}
			continue
		}
		if m, err := registry.DecodeManifest(r.Manifest); err == nil && m.Name == name && m.Version == r.Version {
			best = r
		}
	}
	if best == nil {
		return nil, &Error{Code: NotFound, Op: "rollback", Name: name, Version: than,
			Detail: "no version before it is stored on this device", Err: errors.New("nothing to roll back to")}
	}
	return best, nil
}

// instead returns the version that somebody rolled back to from the one that the
// registry gives, or "".
func (s *stored) instead(r request, version string) string {
	for _, p := range s.snap.Pointers {
		if p.Key() == r.key() && p.Skip == version && (!r.force || r.chosen) {
			return p.Version
		}
	}
	return ""
}
