package cache

import (
	"context"
	"sync"

	"larder/cache/registry"
	"larder/cache/store"
)

// chunksLock is held shared while chunks are stored that no record names yet, and
// alone to delete such chunks.
const chunksLock = "larder:chunks"

// commitAttempts is how often a version is fetched that somebody tears apart between
// the last chunk and the commit.
const commitAttempts = 3

// fetch brings a version into the store: what is missing of its chunks, then all of it
// in one commit. The caller holds the model's lock.
func (c *Cache) fetch(ctx context.Context, r request, m *registry.Manifest, etag string) (found, error) {
	release, err := c.opt.Locker.Lock(ctx, chunksLock, true)
	if err != nil {
		return found{}, err
	}
	defer release()
	now := c.opt.Clock.Now()
	rec := store.Record{Name: m.Name, Version: m.Version, Manifest: m.Raw, Digest: digest(m.Raw), Chunks: refs(m),
		CommittedAt: now, CheckedAt: now, UsedAt: now, ManifestETag: etag}
	pending := store.Document{Key: pendingKey(&rec), Data: m.Raw, CheckedAt: now}
	var moved int64
	if err = c.opt.Store.PutDocument(ctx, pending); err == nil {
		moved, err = c.fill(ctx, r, m, rec)
	}
	release()
	if store.CodeOf(err) == store.Quota {
		// Half a version that cannot be completed only takes room from others.
		_ = c.opt.Store.RemoveDocument(ctx, pending.Key)
		_ = c.collect(ctx)
	}
	if err != nil {
		return found{}, err
	}
	c.count(func(s *Stats) { s.RegistryLoads++ })
	c.emit(Event{Kind: EventCommitted, Name: rec.Name, Version: rec.Version, Bytes: moved})
	// The version is visible: what follows is housekeeping.
	_ = c.opt.Store.RemoveDocument(ctx, pending.Key)
	c.prune(ctx, rec.Name, rec.Version)
	return found{answer: answer{newVersion(rec, m), now}, source: FromRegistry}, nil
}

// fill fetches the missing chunks of a record and commits it. It returns how many
// bytes had to be transferred.
func (c *Cache) fill(ctx context.Context, r request, m *registry.Manifest, rec store.Record) (int64, error) {
	var moved int64
	for attempt := 1; ; attempt++ {
		missing, err := c.opt.Store.Missing(ctx, rec.Digests())
		if err != nil {
			return moved, err
		}
		n, err := c.transfer(ctx, m, missing, r.progress, nil)
		moved += n
		if err != nil {
			return moved, err
		}
		p := store.Pointer{Name: rec.Name, Selector: r.selector.String(), Version: rec.Version, CheckedAt: rec.CheckedAt}
		err = c.opt.Store.Commit(ctx, rec, p)
		if err == nil {
			c.count(func(s *Stats) { s.BytesReused += max(rec.Bytes()-moved, 0) })
			return moved, nil
		}
		if store.CodeOf(err) != store.Incomplete || attempt == commitAttempts {
			return moved, err
		}
	}
}

// transfer downloads chunks of a version into the store, one by one on each connection,
// so that each that arrived survives whatever happens to the next. keep, which may be
// nil, sees each verified chunk, one at a time; with it, the store's refusal does not end the transfer.
func (c *Cache) transfer(ctx context.Context, m *registry.Manifest, digests []store.Digest, progress func(Progress), keep func(store.Digest, store.Blob)) (int64, error) {
	wanted := make(map[store.Digest]bool, len(digests))
	for _, d := range digests {
		wanted[d] = true
	}
	var mu sync.Mutex
	var moved int64
	job := registry.Job{
		Manifest: m,
		Missing:  func(d registry.Digest) bool { return wanted[d] },
		Sink: func(ctx context.Context, k registry.Chunk, data registry.Blob) error {
			c.count(func(s *Stats) { s.BytesDownloaded += k.Bytes })
			err := c.opt.Store.PutChunks(ctx, []store.Chunk{{Digest: k.SHA256, Data: data}})
			mu.Lock()
			defer mu.Unlock()
			moved += k.Bytes
			if keep != nil {
				keep(k.SHA256, data)
				return nil
			}
			return err
		},
	}
	if progress != nil {
		job.Progress = func(p registry.Progress) {
			progress(Progress{Phase: PhaseDownload, Loaded: p.Loaded, Total: p.Total, File: p.File})
		}
	}
	err := c.client.Download(ctx, job)
	return moved, err
}

// refs lists the chunks that a prediction needs.
func refs(m *registry.Manifest) []store.Ref {
	var out []store.Ref
	for _, f := range m.Files {
		if f.Needed() {
			for _, k := range f.Chunks {
				out = append(out, store.Ref{Digest: k.SHA256, Size: k.Bytes})
			}
		}
	}
	return out
}
