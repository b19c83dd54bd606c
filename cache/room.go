package cache

import (
	"cmp"
	"context"
	"fmt"
	"sort"

	"larder/cache/metrics"
	"larder/cache/policy"
	"larder/cache/store"
)

// Space knows how much room there is for the store: a browser's storage estimate, or
// the free space of a disk. Safe for concurrent use.
type Space interface {
	// Estimate returns the bytes in use, and of these how many there may be. It may be
	// off by some percent. quota 0 means unknown.
	Estimate(ctx context.Context) (used, quota int64, err error)
}

// overhead is what a store takes for each byte that it keeps, in percent, and a
// megabyte for its own records: what a plan must leave free.
const (
	overheadPercent = 3
	overheadBytes   = 1 << 20
)

// reserve makes sure before a download that there will be room for so many bytes of a
// version: it evicts others, by policy, if there is not. Where nobody knows how much
// room there is, the store tells when it is full.
func (c *Cache) reserve(ctx context.Context, rec *store.Record, bytes int64) error {
	if c.opt.Space == nil || bytes == 0 {
		return nil
	}
	used, quota, err := c.opt.Space.Estimate(ctx)
	if err != nil || quota <= 0 {
		return ctx.Err()
	}
	need := bytes + bytes*overheadPercent/100 + overheadBytes
	free := max(quota-used, 0)
	if free < need && c.collect(ctx) == nil { // garbage first: it may not have been collected since the program began
		if used, quota, err = c.opt.Space.Estimate(ctx); err == nil {
			free = max(quota-used, 0)
		}
	}
	if free < need {
		freed, err := c.makeRoom(ctx, rec, need-free)
		if err != nil {
			return err
		}
		free += freed
	}
	if free < need {
		return c.full(rec, need, free, nil)
	}
	return nil
}

// full is the error of a version for which there is no room.
func (c *Cache) full(rec *store.Record, need, free int64, err error) error {
	e := &Error{Code: Quota, Op: "get", Name: rec.Name, Version: rec.Version, Need: need, Free: free, Err: err,
		Detail: "this device gives no more room: remove models that are not needed, or free disk space"}
	if need > 0 {
		e.Detail = fmt.Sprintf("the download needs %d bytes and this device gives %d: remove models that are not needed, or free disk space", need, free)
	}
	return e
}

// makeRoom evicts versions until so many bytes are free; none if that cannot be had.
// Pinned versions, those in use and the current one of the same model stay.
func (c *Cache) makeRoom(ctx context.Context, rec *store.Record, bytes int64) (freed int64, err error) {
	snap, err := c.opt.Store.Snapshot(ctx)
	if err != nil {
		return 0, err
	}
	leaving, freed := c.leaving(c.uses.complete(snap), rec, bytes)
	if freed < bytes {
		return 0, nil // nobody has to go for what does not fit all the same
	}
	for _, r := range leaving {
		if err := c.opt.Store.Remove(ctx, r.Name, r.Version); err != nil {
			return 0, err
		}
		c.evicted(*r, metrics.Size)
	}
	return freed, c.collect(ctx)
}

// leaving chooses the versions that go to make so many bytes free, and returns how many
// that makes.
func (c *Cache) leaving(snap store.Snapshot, rec *store.Record, bytes int64) (out []*store.Record, freed int64) {
	current := map[string]bool{}
	for _, p := range snap.Pointers {
		current[store.RecordKey(p.Name, p.Version)] = p.Name == rec.Name
	}
	inUse := c.memory.inUse()
	order := policy.Default()
	order.Budget(0)
	sort.SliceStable(snap.Records, func(i, j int) bool {
		a, b := &snap.Records[i], &snap.Records[j]
		return cmp.Or(a.UsedAt.Compare(b.UsedAt), b.CommittedAt.Compare(a.CommittedAt)) < 0
	})
	sharers := map[store.Digest]int{}
	for _, ref := range rec.Chunks {
		sharers[ref.Digest]++ // what the download can use does not go
	}
	for i := range snap.Records {
		r := &snap.Records[i]
		for _, d := range r.Digests() {
			sharers[d]++
		}
		key := store.RecordKey(r.Name, r.Version)
		if !r.Pinned && inUse[key] == 0 && !current[key] {
			order.Add(&policy.Item{Bytes: max(r.Bytes(), 1), Owner: r})
		}
	}
	for freed < bytes {
		it := order.Victim()
		if it == nil {
			break
		}
		order.Remove(it, true)
		r := it.Owner.(*store.Record)
		out, freed = append(out, r), freed+int64(len(r.Manifest))
		seen := map[store.Digest]bool{}
		for _, ref := range r.Chunks {
			if !seen[ref.Digest] {
				seen[ref.Digest] = true
				if sharers[ref.Digest]--; sharers[ref.Digest] == 0 {
					freed += ref.Size
				}
			}
		}
	}
	return out, freed
}
