package cache

import (
	"context"
	"slices"

	"larder/cache/registry"
	"larder/cache/store"
)

// Verified is what Verify found.
type Verified struct {
	Chunks   int   // that were read, each once however many versions share it
	Bytes    int64 // of these
	Corrupt  int   // chunks that had other bytes than they should have; they were deleted
	Missing  int   // chunks that were gone
	Repaired int   // of the corrupt and missing ones, those that came anew from the registry
}

// Verify reads every stored chunk of a model, of all its versions, and compares it with
// its digest. What is corrupt is deleted; what is corrupt or missing is fetched again,
// alone, as far as the registry answers: what Verify could not repair it reports, and
// that is no error. progress may be nil.
func (c *Cache) Verify(ctx context.Context, name string, progress func(Progress)) (Verified, error) {
	name = storedName(name)
	if _, err := c.request("verify", name, ""); err != nil {
		return Verified{}, c.failed("verify", name, "", err)
	}
	v, err := c.verify(ctx, name, progress)
	if err != nil {
		return v, c.failed("verify", name, "", err)
	}
	return v, nil
}

// inspection is one Verify under way.
type inspection struct {
	cache    *Cache
	progress func(Progress)
	versions []*version
	seen     map[store.Digest]bool
	found    Verified
	total    int64
}

func (c *Cache) verify(ctx context.Context, name string, progress func(Progress)) (Verified, error) {
	snap, err := c.opt.Store.Snapshot(ctx)
	if err != nil {
		return Verified{}, err
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	i := &inspection{cache: c, progress: progress, seen: map[store.Digest]bool{}}
	distinct := map[store.Digest]int64{}
	for _, r := range snap.Records {
		m, err := registry.DecodeManifest(r.Manifest)
		if r.Name != name || err != nil {
			continue // what cannot be read counts as not stored
		}
		i.versions = append(i.versions, newVersion(r, m))
		for _, k := range r.Chunks {
			distinct[k.Digest] = k.Size
		}
	}
	if len(i.versions) == 0 {
		return Verified{}, &Error{Code: NotFound, Op: "verify", Name: name, Detail: "nothing of this model is stored"}
	}
	for _, size := range distinct {
		i.total += size
	}
	var bad []store.Digest
	for _, v := range i.versions {
		wrong, err := i.read(ctx, v)
		if err != nil {
			return i.found, err
		}
		bad = append(bad, wrong...)
	}
	if len(bad) == 0 {
		c.emit(Event{Kind: EventVerified, Name: name, Bytes: i.found.Bytes})
		return i.found, nil
	}
	return i.found, i.repair(ctx, name, bad)
}

// read reads the chunks of a version that no version before had, and returns those that
// are missing or not what they should be.
func (i *inspection) read(ctx context.Context, v *version) ([]store.Digest, error) {
	var bad []store.Digest
	for f := range v.manifest.Files {
		file := &v.manifest.Files[f]
		if !file.Needed() {
			continue
		}
		var batch []registry.Chunk
		var size int64
		for n, k := range file.Chunks {
			if !i.seen[store.Digest(k.SHA256)] {
				i.seen[store.Digest(k.SHA256)] = true
				batch, size = append(batch, k), size+k.Bytes
			}
			if len(batch) == 0 || size < readBatch && n+1 < len(file.Chunks) {
				continue
			}
			wrong, err := i.batch(ctx, batch)
			if err != nil {
				return nil, err
			}
			bad = append(bad, wrong...)
			i.found.Chunks, i.found.Bytes = i.found.Chunks+len(batch), i.found.Bytes+size
			i.progress(Progress{Phase: PhaseVerify, Loaded: i.found.Bytes, Total: i.total, File: file.Path})
			batch, size = nil, 0
		}
	}
	return bad, nil
}

func (i *inspection) batch(ctx context.Context, chunks []registry.Chunk) ([]store.Digest, error) {
	pieces := make([]store.Blob, len(chunks))
	bad, err := i.cache.readChunks(ctx, chunks, pieces)
	for _, p := range pieces {
		if p != nil {
			i.cache.free(p)
		}
	}
	return bad, err
}

// repair deletes bad chunks and fetches them again, by the manifest of any version that
// has them.
func (i *inspection) repair(ctx context.Context, name string, bad []store.Digest) error {
	c := i.cache
	missing, err := c.opt.Store.Missing(ctx, bad)
	if err != nil {
		return err
	}
	i.found.Missing, i.found.Corrupt = len(missing), len(bad)-len(missing)
	c.count(func(s *Stats) { s.CorruptChunks += int64(len(bad)) })
	c.emit(Event{Kind: EventCorrupt, Name: name, Message: chunksText(len(bad))})
	release, err := c.opt.Locker.Lock(ctx, chunksLock, true)
	if err != nil {
		return err
	}
	defer release()
	if err := c.opt.Store.DeleteChunks(ctx, bad); err != nil || c.client == nil {
		return err
	}
	for _, v := range i.versions {
		own := slices.DeleteFunc(slices.Clone(bad), func(d store.Digest) bool {
			return !slices.ContainsFunc(v.record.Chunks, func(r store.Ref) bool { return r.Digest == d })
		})
		if len(own) == 0 {
			continue
		}
		moved, err := c.transfer(ctx, transfer{manifest: v.manifest, digests: own, progress: i.progress})
		if ctx.Err() != nil {
			return err
		}
		left, err := c.opt.Store.Missing(ctx, bad)
		if err != nil {
			return err
		}
		if n := len(bad) - len(left); n > 0 {
			i.found.Repaired += n
			c.emit(Event{Kind: EventRepaired, Name: name, Version: v.record.Version, Bytes: moved})
		}
		bad = left
	}
	return nil
}
