package cache

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"time"

	"larder/cache/metrics"
	"larder/cache/registry"
	"larder/cache/store"
)

// A download under way is noted as a document with its manifest, so that its chunks
// survive garbage collection, in other tabs and after a crash, and are not fetched
// again when it is resumed.
const pendingPrefix = "download "

func pendingKey(r *store.Record) string { return pendingPrefix + store.RecordKey(r.Name, r.Version) }

// pendingLife is how long an interrupted download is worth its room.
const pendingLife = 7 * 24 * time.Hour

// collect sweeps, unless somebody is storing chunks.
func (c *Cache) collect(ctx context.Context) error {
	return c.unlessStoring(ctx, func() error { return c.sweep(ctx) })
}

// unlessStoring does nothing while somebody is storing chunks, else f, and nobody stores
// any meanwhile.
func (c *Cache) unlessStoring(ctx context.Context, f func() error) error {
	release, ok, err := c.opt.Locker.TryLock(ctx, chunksLock, false)
	if err != nil || !ok {
		return err
	}
	defer release()
	return f()
}

// sweep deletes the chunks that neither a version nor a download needs.
func (c *Cache) sweep(ctx context.Context) error {
	docs, err := c.opt.Store.Documents(ctx, pendingPrefix)
	if err != nil {
		return err
	}
	keep := map[store.Digest]bool{}
	for _, d := range docs {
		m, err := registry.DecodeManifest(d.Data)
		if age := c.opt.Clock.Now().Sub(d.CheckedAt); err != nil || age > pendingLife || age < -pendingLife {
			if err := c.opt.Store.RemoveDocument(ctx, d.Key); err != nil {
				return err
			}
			continue
		}
		for _, ref := range refs(m) {
			keep[ref.Digest] = true
		}
	}
	_, err = c.opt.Store.Sweep(ctx, func(d store.Digest) bool { return keep[d] })
	return err
}

// prune removes versions of a model that newer ones have replaced, and notes of older
// downloads, then collects. Whatever goes wrong here goes wrong again, or right, after
// the next commit; the version that was just committed is not touched.
func (c *Cache) prune(ctx context.Context, name, current string) {
	snap, err := c.opt.Store.Snapshot(ctx)
	if err != nil {
		return
	}
	for _, r := range c.replaced(c.uses.complete(snap), name, current) {
		if c.opt.Store.Remove(ctx, r.Name, r.Version) == nil {
			c.evicted(r, metrics.Replaced)
		}
	}
	docs, err := c.opt.Store.Documents(ctx, pendingPrefix+name+"@")
	if err != nil {
		return
	}
	for _, d := range docs {
		if m, err := registry.DecodeManifest(d.Data); err == nil && registry.CompareVersions(m.Version, current) <= 0 {
			_ = c.opt.Store.RemoveDocument(ctx, d.Key)
		}
	}
	_ = c.collect(ctx)
}

// replaced returns the versions that nobody needs (not pinned, not in use here, not the
// answer to an alias or a range), without the few last used ones that KeepVersions
// spares.
func (c *Cache) replaced(snap store.Snapshot, name, current string) []store.Record {
	needed := map[string]bool{current: true}
	for _, p := range snap.Pointers {
		if s, err := registry.ParseSelector(p.Selector); p.Name == name && (err != nil || !s.IsVersion()) {
			needed[p.Version] = true
		}
	}
	inUse := c.memory.inUse()
	spare := slices.DeleteFunc(slices.Clone(snap.Records), func(r store.Record) bool {
		return r.Name != name || needed[r.Version] || r.Pinned || inUse[store.RecordKey(r.Name, r.Version)] > 0
	})
	sort.SliceStable(spare, func(i, j int) bool {
		a, b := &spare[i], &spare[j]
		return cmp.Or(b.UsedAt.Compare(a.UsedAt), registry.CompareVersions(b.Version, a.Version)) < 0
	})
	return spare[min(len(spare), c.opt.KeepVersions-1):]
}

// evicted forgets a version in memory, and says so and why.
func (c *Cache) evicted(r store.Record, cause metrics.Cause) {
	c.memory.forget(r.Name, r.Version)
	c.uses.forget(store.RecordKey(r.Name, r.Version))
	c.emit(Event{Kind: EventEvicted, Name: r.Name, Version: r.Version, Bytes: r.Bytes(), Message: cause.String()})
	c.tiers.store.Remove(cause, r.Bytes())
}

// tidyDelay is how long after opening, or after a download, the store is put in order:
// by then a page has its answer.
const tidyDelay = 10 * time.Second

// tidyLater collects garbage and compacts the store, a while from now: once after several
// downloads, when the last of them is as long ago.
func (c *Cache) tidyLater() {
	c.mu.Lock()
	c.untidy()
	if c.alive.Err() == nil {
		c.untidy = c.opt.Clock.AfterFunc(tidyDelay, func() { _ = c.tidy(c.alive) })
	}
	c.mu.Unlock()
}

// tidy collects garbage and compacts the store unless somebody is storing chunks. What
// goes wrong goes right the next time: neither changes anything that anybody can see.
//
// One lock is for both: in WebKit one that was given back is not free at once, so that
// the second of two would never be had.
func (c *Cache) tidy(ctx context.Context) error {
	return c.unlessStoring(ctx, func() error {
		if err := c.sweep(ctx); err != nil {
			return err
		}
		_, err := c.opt.Store.Compact(ctx)
		return err
	})
}
