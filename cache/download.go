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

// fetch brings a version into the store: room for it, what is missing of its chunks,
// then all of it in one commit. The caller holds the model's lock.
func (c *Cache) fetch(ctx context.Context, r request, m *registry.Manifest, etag string) (found, error) {
	now := c.checked()
	rec := store.Record{Name: m.Name, Version: m.Version, Manifest: m.Raw, Digest: digest(m.Raw), Chunks: refs(m),
		CommittedAt: now, CheckedAt: now, UsedAt: now, ManifestETag: etag}
	if snap, err := c.opt.Store.Snapshot(ctx); err == nil {
		rec.Pinned = pinnedAt(snap, r)
	}
	p := store.Pointer{Name: rec.Name, Selector: r.selector.String(), Version: rec.Version, CheckedAt: now, Skip: r.skip}
	moved, err := c.bring(ctx, &rec, func() (int64, error) { return c.fill(ctx, r, m, rec, p) })
	c.brought(moved, err, now)
	if err != nil {
		return found{}, err
	}
	c.count(func(s *Stats) { s.RegistryLoads++ })
	c.emit(Event{Kind: EventCommitted, Name: rec.Name, Version: rec.Version, Bytes: moved})
	// The version is visible: what follows is housekeeping.
	if rec.Pinned {
		c.handOn(ctx, rec.Name)
	}
	c.prune(ctx, rec.Name, rec.Version)
	c.tidyLater()
	return found{answer: answer{newVersion(rec, m), now}, source: FromRegistry}, nil
}

// bring makes room for a version and has its chunks stored and committed by work, while
// a note keeps them from being collected. When the store is full all the same, others
// are evicted and work goes on once more.
func (c *Cache) bring(ctx context.Context, rec *store.Record, work func() (int64, error)) (moved int64, err error) {
	pending := store.Document{Key: pendingKey(rec), Data: rec.Manifest, CheckedAt: c.opt.Clock.Now()}
	for attempt := 1; ; attempt++ {
		missing, err := c.missing(ctx, rec)
		if err == nil {
			err = c.reserve(ctx, rec, missing)
		}
		n := int64(0)
		if err == nil {
			n, err = c.under(ctx, pending, work)
			moved += n
		}
		if err == nil {
			_ = c.opt.Store.RemoveDocument(ctx, pending.Key)
			return moved, nil
		}
		if CodeOf(err) != Quota {
			return moved, err
		}
		if attempt == 1 && store.CodeOf(err) == store.Quota {
			if freed, _ := c.makeRoom(ctx, rec, missing-n+int64(len(rec.Manifest))); freed > 0 {
				continue
			}
		}
		// Half a version that cannot be completed only takes room from others.
		_ = c.opt.Store.RemoveDocument(ctx, pending.Key)
		_ = c.collect(ctx)
		return moved, err
	}
}

// missing returns how many bytes of a record are not stored.
func (c *Cache) missing(ctx context.Context, rec *store.Record) (bytes int64, err error) {
	list, err := c.opt.Store.Missing(ctx, rec.Digests())
	if len(list) == 0 {
		return 0, err
	}
	size := make(map[store.Digest]int64, len(rec.Chunks))
	for _, ref := range rec.Chunks {
		size[ref.Digest] = ref.Size
	}
	for _, d := range list {
		bytes += size[d]
	}
	return bytes, err
}

// under runs work while nobody collects chunks.
func (c *Cache) under(ctx context.Context, pending store.Document, work func() (int64, error)) (int64, error) {
	release, err := c.opt.Locker.Lock(ctx, chunksLock, true)
	if err != nil {
		return 0, err
	}
	defer release()
	if err := c.opt.Store.PutDocument(ctx, pending); err != nil {
		return 0, err
	}
	return work()
}

// fill fetches the missing chunks of a record and commits it. It returns how many
// bytes had to be transferred.
func (c *Cache) fill(ctx context.Context, r request, m *registry.Manifest, rec store.Record, p store.Pointer) (int64, error) {
	var moved int64
	for attempt := 1; ; attempt++ {
		n, err := c.gather(ctx, r, m, &rec)
		moved += n
		if err != nil {
			return moved, err
		}
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

// gather fetches the missing chunks of a record into the store.
func (c *Cache) gather(ctx context.Context, r request, m *registry.Manifest, rec *store.Record) (moved int64, err error) {
	g, err := store.Gather(ctx, c.opt.Store) // before asking what is missing: it may find some
	if err != nil {
		return 0, err
	}
	defer func() {
		if e := g.End(ctx); err == nil {
			err = e
		}
	}()
	missing, err := c.opt.Store.Missing(ctx, rec.Digests())
	if err != nil {
		return 0, err
	}
	return c.transfer(ctx, transfer{manifest: m, digests: missing, progress: r.progress, lines: r.lines, put: g.Put})
}

// transfer is what to download of a version.
type transfer struct {
	manifest *registry.Manifest
	digests  []store.Digest
	progress func(Progress) // may be nil
	lines    int            // connections at most; 0: the default
	// put stores a chunk. nil: into the store, in place of one that may be there.
	put func(context.Context, store.Chunk) error
	// keep, which may be nil, sees each verified chunk, one at a time. With it, the
	// store's refusal does not end the transfer.
	keep func(store.Digest, store.Blob)
}

// transfer downloads chunks into the store, one by one on each connection, so that each
// that arrived survives whatever happens to the next.
func (c *Cache) transfer(ctx context.Context, t transfer) (int64, error) {
	wanted := make(map[store.Digest]bool, len(t.digests))
	for _, d := range t.digests {
		wanted[d] = true
	}
	if t.put == nil {
		t.put = func(ctx context.Context, k store.Chunk) error { return c.opt.Store.PutChunks(ctx, []store.Chunk{k}) }
	}
	start := c.opt.Clock.Now()
	var mu sync.Mutex
	var moved int64
	job := registry.Job{
		Connections: t.lines,
		Manifest:    t.manifest,
		URL:         madeOf(t.manifest),
		Missing:     func(d registry.Digest) bool { return wanted[d] },
		Sink: func(ctx context.Context, k registry.Chunk, data registry.Blob) error {
			c.count(func(s *Stats) { s.BytesDownloaded += k.Bytes })
			err := t.put(ctx, store.Chunk{Digest: k.SHA256, Data: data})
			if t.keep == nil {
				c.free(data)
			}
			mu.Lock()
			defer mu.Unlock()
			moved += k.Bytes
			if t.keep != nil {
				t.keep(k.SHA256, data)
				return nil
			}
			return err
		},
	}
	if t.progress != nil {
		job.Progress = func(p registry.Progress) {
			t.progress(Progress{Phase: PhaseDownload, Loaded: p.Loaded, Total: p.Total, File: p.File})
		}
	}
	err := c.client.Download(ctx, job)
	c.moved(moved, err, start)
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
