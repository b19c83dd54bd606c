package cache

import (
	"context"
	"errors"
	"slices"
	"sort"
	"time"

	"larder/cache/metrics"
	"larder/cache/registry"
	"larder/cache/store"
)

// Info describes a stored version.
type Info struct {
	Name, Version string
	Digest        store.Digest
	Bytes         int64 // of its chunks, shared ones included
	Created       string
	CommittedAt   time.Time
	CheckedAt     time.Time
	UsedAt        time.Time // of the last request that it answered; counted as Hits are
	NextRefresh   time.Time
	UsableUntil   time.Time // when stale-if-error ends; zero if never
	Freshness     Freshness
	Pinned        bool
	URL           string   // of the file that it was made of, if there was no manifest
	Selectors     []string // what leads to this version: "latest", "^1" …
	InUse         int      // leases in this process
	// Hits counts the requests that it answered without a download since it was stored, of
	// all Caches that share the store: this one's are all there, others' once they have
	// written them down (Flush).
	Hits int64
}

// Stats are counters since New, and the sizes now.
type Stats struct {
	MemoryHits, StoreHits, RegistryLoads int64
	Revalidations, NotModified           int64
	StaleServed, CorruptChunks, Failures int64
	Requests                             int64 // to the registry, retries included
	BytesDownloaded, BytesReused         int64 // of chunks
	MemoryBytes, MemoryBudget            int64
	MemoryEntries, Leases                int
	Store                                store.Usage
	// Memory counts versions in memory: hits, misses, what left and why, how long hits
	// took, and loads from store or registry.
	Memory metrics.Snapshot
	// Stored counts versions in the store: requests that it answered, with or without the
	// registry's word, versions that came into it and why others left.
	Stored metrics.Snapshot
	// Registry counts questions that got an answer (hits) and transfers of chunks (loads).
	Registry metrics.Snapshot
}

// List describes all stored versions, ordered by name and by falling version.
func (c *Cache) List(ctx context.Context) ([]Info, error) {
	if err := c.open("list", "", ""); err != nil {
		return nil, err
	}
	snap, err := c.opt.Store.Snapshot(ctx)
	if err != nil {
		return nil, c.wrap("list", "", "", err)
	}
	snap = c.uses.complete(snap)
	inUse := c.memory.inUse()
	var out []Info
	for i := range snap.Records {
		r := &snap.Records[i]
		m, err := registry.DecodeManifest(r.Manifest)
		if err != nil {
			continue // as good as not stored; the next Get replaces it
		}
		info := c.info(r, m)
		info.InUse = inUse[store.RecordKey(r.Name, r.Version)]
		for _, p := range snap.Pointers {
			if p.Name == r.Name && p.Version == r.Version {
				info.Selectors = append(info.Selectors, p.Selector)
			}
		}
		out = append(out, info)
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := &out[i], &out[j]
		if a.Name != b.Name {
			return a.Name < b.Name
		}
		return registry.CompareVersions(a.Version, b.Version) > 0
	})
	return out, nil
}

// info describes one stored version.
func (c *Cache) info(r *store.Record, m *registry.Manifest) Info {
	s := c.state(newVersion(*r, m), r.CheckedAt)
	return Info{Name: r.Name, Version: r.Version, Digest: r.Digest, Bytes: r.Bytes(), Created: m.Created,
		CommittedAt: r.CommittedAt, CheckedAt: r.CheckedAt, UsedAt: r.UsedAt, Hits: r.Hits, NextRefresh: s.NextRefresh, UsableUntil: s.UsableUntil,
		Freshness: s.Freshness, Pinned: r.Pinned, URL: madeOf(m)}
}

// Refresh asks the registry now, fresh or not, about everything that is stored of the
// model, and downloads what is new. It fails when the registry gives no answer, and
// what is stored stays as it was. An exact version that the registry no longer has stays
// too, and is no failure if there is an answer about anything else. It returns the model's
// versions as List does.
func (c *Cache) Refresh(ctx context.Context, name string, progress func(Progress)) ([]Info, error) {
	return c.refreshAll(ctx, request{name: name, progress: progress})
}

// Renew is Refresh for somebody who heard that the registry has changed: what was pinned
// stays the answer, and what was rolled back from stays away until there is a newer one.
func (c *Cache) Renew(ctx context.Context, name string, progress func(Progress)) ([]Info, error) {
	return c.refreshAll(ctx, request{name: name, progress: progress, chosen: true})
}

func (c *Cache) refreshAll(ctx context.Context, how request) ([]Info, error) {
	name := storedName(how.name)
	if _, err := c.request("refresh", name, ""); err != nil {
		return nil, c.failed("refresh", name, "", err)
	}
	snap, err := c.opt.Store.Snapshot(ctx)
	if err != nil {
		return nil, c.failed("refresh", name, "", err)
	}
	var errs, gone []error
	asked := 0
	for _, p := range snap.Pointers {
		if p.Name != name {
			continue
		}
		asked++
		err := c.refresh(ctx, how, p.Selector)
		if CodeOf(err) == NotFound && (how.chosen || p.Selector == p.Version) {
			gone = append(gone, err)
			continue
		}
		errs = append(errs, err)
	}
	if len(errs) == 0 && !how.chosen {
		errs = gone
	}
	if asked == 0 && !how.chosen {
		return nil, c.failed("refresh", name, "", &Error{Code: NotFound, Op: "refresh", Name: name, Detail: "nothing of this model is stored: load it first"})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, c.failed("refresh", name, "", err)
	}
	all, err := c.List(ctx)
	return slices.DeleteFunc(all, func(i Info) bool { return i.Name != name }), err
}

func (c *Cache) refresh(ctx context.Context, how request, selector string) error {
	r, err := c.request("refresh", storedName(how.name), selector)
	if err != nil {
		return err
	}
	r.force, r.chosen = true, how.chosen
	flight := "refresh "
	if r.chosen {
		flight = "renew "
	}
	f, err := c.fly(ctx, flight+r.key(), how.progress, func(ctx context.Context, tell func(Progress)) (found, error) {
		r.progress = tell
		return c.find(ctx, r)
	})
	if err != nil {
		return err
	}
	c.remember(r, f) // which is no use of it
	return nil
}

// Evict removes all versions of the model from memory and store. An Entry in use keeps
// working as far as its files were read; the next Get downloads again.
func (c *Cache) Evict(ctx context.Context, name string) error {
	name = storedName(name)
	if err := c.open("evict", name, ""); err != nil {
		return err
	}
	snap, err := c.opt.Store.Snapshot(ctx)
	if err != nil {
		return c.wrap("evict", name, "", err)
	}
	for _, r := range snap.Records {
		if r.Name != name {
			continue
		}
		if err := c.opt.Store.Remove(ctx, r.Name, r.Version); err != nil {
			return c.wrap("evict", name, r.Version, err)
		}
		c.evicted(r, metrics.Explicit)
	}
	docs, err := c.opt.Store.Documents(ctx, pendingPrefix+name+"@")
	for _, d := range docs {
		err = errors.Join(err, c.opt.Store.RemoveDocument(ctx, d.Key))
	}
	if err := errors.Join(err, c.collect(ctx)); err != nil {
		return c.wrap("evict", name, "", err)
	}
	return nil
}

// Stats returns the counters.
func (c *Cache) Stats(ctx context.Context) (Stats, error) {
	if err := c.open("stats", "", ""); err != nil {
		return Stats{}, err
	}
	u, err := c.opt.Store.Usage(ctx)
	if err != nil {
		return Stats{}, c.wrap("stats", "", "", err)
	}
	c.mu.Lock()
	s := c.stats
	c.mu.Unlock()
	s.Store = u
	if c.client != nil {
		s.Requests = c.client.Requests()
	}
	s.Memory = c.memory.tier.Stats()
	s.Stored, s.Registry = c.tiers.store.Snapshot(), c.tiers.registry.Snapshot()
	s.Stored.Entries, s.Stored.Bytes = int64(u.Records), u.Bytes
	s.MemoryBytes, s.MemoryBudget = s.Memory.Bytes, max(c.opt.MemoryBytes, 0)
	s.MemoryEntries, s.Leases = int(s.Memory.Entries), int(s.Memory.Leases)
	return s, nil
}
