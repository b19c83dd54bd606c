package cache

import (
	"context"

	"larder/cache/registry"
	"larder/cache/store"
)

// File is a verified file of an Entry. It is a store.Blob, and stays valid after the
// Entry is released.
type File struct {
	Path   string
	Role   string
	pieces []store.Blob
	size   int64
}

// Size returns the number of bytes.
func (f *File) Size() int64 { return f.size }

// Pieces returns the file's consecutive parts as the store delivered them, which may be
// outside Go's heap: copy them one after the other to where they are needed.
func (f *File) Pieces() []store.Blob { return f.pieces }

// Bytes joins the pieces in Go's heap. A file of one piece is not copied.
func (f *File) Bytes() ([]byte, error) {
	if len(f.pieces) == 1 {
		return f.pieces[0].Bytes()
	}
	out := make([]byte, 0, f.size)
	for _, p := range f.pieces {
		b, err := p.Bytes()
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

// File reads a needed file (role model, weights or labels) and verifies every chunk. A
// corrupt or missing chunk is fetched again, alone. progress may be nil. Errors: NotFound
// (no such file, or not one that is stored), Corrupt (and the registry cannot be reached,
// or no longer has it).
func (e *Entry) File(ctx context.Context, path string, progress func(Progress)) (*File, error) {
	c, v := e.cache, e.version
	if err := c.open("file", e.Name, e.Version); err != nil {
		return nil, err
	}
	desc := v.manifest.File(path)
	if desc == nil || !desc.Needed() {
		return nil, &Error{Code: NotFound, Op: "file", Name: e.Name, Version: e.Version,
			Detail: "the version keeps no file " + path + " on this device"}
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	select {
	case <-v.reading: // one reader at a time: the others find the file in memory
		defer func() { v.reading <- struct{}{} }()
	case <-ctx.Done():
		return nil, c.wrap("file", e.Name, e.Version, ctx.Err())
	}
	if f := c.memory.file(v, path); f != nil {
		return f, nil
	}
	f, err := c.readFile(ctx, v, desc, progress)
	if err != nil {
		return nil, c.failed("file", e.Name, e.Version, err)
	}
	c.memory.keep(v, f)
	return f, nil
}

// readBatch is about how many bytes are read from the store at a time: enough to keep
// its overhead small, little enough to tell progress and to stop soon.
const readBatch = 4 << 20

// readFile reads a file from the store, verifies it, and repairs it if need be.
func (c *Cache) readFile(ctx context.Context, v *version, desc *registry.File, progress func(Progress)) (*File, error) {
	f := &File{Path: desc.Path, Role: desc.Role, size: desc.Bytes, pieces: make([]store.Blob, len(desc.Chunks))}
	var bad []store.Digest
	var loaded int64
	for from := 0; from < len(desc.Chunks); {
		to, size := batch(desc.Chunks, from)
		wrong, err := c.readChunks(ctx, desc.Chunks[from:to], f.pieces[from:to])
		if err != nil {
			return nil, err
		}
		bad = append(bad, wrong...)
		loaded, from = loaded+size, to
		progress(Progress{Phase: PhaseVerify, Loaded: loaded, Total: desc.Bytes, File: desc.Path})
	}
	if len(bad) == 0 {
		return f, nil
	}
	return f, c.repair(ctx, v, desc, f, store.Distinct(bad), progress)
}

// readChunks reads neighbouring chunks into pieces and returns those that are missing
// or not what they should be.
func (c *Cache) readChunks(ctx context.Context, chunks []registry.Chunk, pieces []store.Blob) ([]store.Digest, error) {
	digests := make([]store.Digest, len(chunks))
	for i, k := range chunks {
		digests[i] = k.SHA256
	}
	blobs, err := c.opt.Store.Chunks(ctx, digests)
	if err != nil {
		return nil, err
	}
	var there []store.Blob
	var where []int
	for i, b := range blobs {
		if b != nil && b.Size() == chunks[i].Bytes {
			there, where = append(there, b), append(where, i)
		}
	}
	sums, err := c.hash(ctx, there)
	if err != nil {
		return nil, err
	}
	for n, i := range where {
		if sums[n] == chunks[i].SHA256 {
			pieces[i] = there[n]
		}
	}
	var bad []store.Digest
	for i, d := range digests {
		if pieces[i] == nil {
			bad = append(bad, d)
		}
	}
	return bad, nil
}

// free gives the memory of a Blob back, unless the store holds the very same.
func (c *Cache) free(b store.Blob) {
	if _, keeps := c.opt.Store.(store.Keeper); !keeps {
		store.Free(b)
	}
}

// hash returns the SHA-256 of each blob, zero for one whose bytes cannot be read.
func (c *Cache) hash(ctx context.Context, blobs []store.Blob) ([]registry.Digest, error) {
	if all, is := c.opt.Hasher.(registry.BatchHasher); is {
		list := make([]registry.Blob, len(blobs))
		for i, b := range blobs {
			list[i] = b
		}
		if sums, err := all.SumAll(ctx, list); err == nil || ctx.Err() != nil {
			return sums, ctx.Err()
		}
	}
	sums := make([]registry.Digest, len(blobs))
	for i, b := range blobs {
		sum, err := c.opt.Hasher.Sum(ctx, b)
		if err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			sums[i] = sum
		}
	}
	return sums, nil
}

// repair throws bad chunks away and fetches them again, into the store and, unless it is
// nil, into the file. If the store does not take them that file is whole all the same.
func (c *Cache) repair(ctx context.Context, v *version, desc *registry.File, f *File, bad []store.Digest, progress func(Progress)) error {
	name, ver := v.record.Name, v.record.Version
	c.count(func(s *Stats) { s.CorruptChunks += int64(len(bad)) })
	c.emit(Event{Kind: EventCorrupt, Name: name, Version: ver, Message: chunksText(len(bad)) + " of " + desc.Path})
	damage := func(err error) error {
		return &Error{Code: Corrupt, Op: "file", Name: name, Version: ver, Err: err, Detail: chunksText(len(bad)) + " of the stored " + desc.Path +
			" are damaged or gone and the registry could not replace them: connect to the network and load the model again"}
	}
	if c.client == nil {
		return damage(nil)
	}
	release, err := c.opt.Locker.Lock(ctx, chunksLock, true)
	if err != nil {
		return err
	}
	defer release()
	if err := c.opt.Store.DeleteChunks(ctx, bad); err != nil && ctx.Err() != nil {
		return err
	}
	whole := map[store.Digest]store.Blob{}
	t := transfer{manifest: v.manifest, digests: bad, progress: progress}
	if f != nil {
		t.keep = func(d store.Digest, b store.Blob) { whole[d] = b }
	}
	moved, err := c.transfer(ctx, t)
	switch {
	case err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		return damage(err)
	}
	for i, k := range desc.Chunks {
		if f != nil && f.pieces[i] == nil {
			f.pieces[i] = whole[k.SHA256]
		}
	}
	c.emit(Event{Kind: EventRepaired, Name: name, Version: ver, Bytes: moved})
	return nil
}
