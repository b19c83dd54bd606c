package cache

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"larder/cache/registry"
	"larder/cache/store"
)

// Import stores the version that a file of Export holds, and makes it the answer to its
// own number and, unless a newer version is there, to "latest". It becomes visible in
// one transaction, after its last chunk was verified; what arrived of a file that is
// damaged or cut stays for the next attempt. The file is read once, from its beginning,
// chunk by chunk. progress may be nil.
//
// Errors: InvalidInput (no such file), InvalidModel (its manifest), Corrupt (its bytes
// are not those of its manifest, or its end is missing), Quota.
func (c *Cache) Import(ctx context.Context, from registry.Body, progress func(Progress)) (Info, error) {
	const op = "import"
	if err := c.open(op, "", ""); err != nil {
		return Info{}, err
	}
	in := &importing{ctx: ctx, from: from, cache: c, progress: progress}
	err := in.head()
	if err == nil {
		err = in.store()
	}
	if err != nil {
		return Info{}, c.failed(op, in.record.Name, in.record.Version, err)
	}
	c.emit(Event{Kind: EventImported, Name: in.record.Name, Version: in.record.Version, Bytes: in.record.Bytes()})
	c.tidyLater()
	info := c.info(&in.record, in.manifest)
	for _, p := range in.pointers {
		info.Selectors = append(info.Selectors, p.Selector)
	}
	return info, nil
}

// importing is a file that is being read.
type importing struct {
	ctx      context.Context
	from     registry.Body
	cache    *Cache
	progress func(Progress)

	manifest *registry.Manifest
	record   store.Record
	pointers []store.Pointer
}

// bad is the error of a file that is not as Export writes it.
func bad(code Code, format string, args ...any) error {
	return &Error{Code: code, Op: "import", Detail: fmt.Sprintf(format, args...)}
}

// next reads exactly so many bytes.
func (in *importing) next(n int64) (registry.Blob, error) {
	blob, err := in.from.Next(in.ctx, n, nil)
	if errors.Is(err, io.EOF) {
		return nil, bad(Corrupt, "the file ends too early: export it again, or copy it anew")
	}
	return blob, err
}

func (in *importing) bytes(n int64) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	blob, err := in.next(n)
	if err != nil {
		return nil, err
	}
	return blob.Bytes()
}

// head reads all that comes before the chunks.
func (in *importing) head() error {
	magic, err := in.bytes(int64(len(exportMagic)))
	switch {
	case err != nil && CodeOf(err) != Corrupt:
		return err
	case err != nil || !strings.HasPrefix(string(magic), exportMagic[:7]):
		return bad(InvalidInput, "this is no file of a Larder export")
	case string(magic) != exportMagic:
		return bad(InvalidInput, "the file was made by a newer Larder (format %d): update this page or program", magic[7])
	}
	checked := int64(-1)
	for range maxSections {
		head, err := in.bytes(sectionHead)
		if err != nil {
			return err
		}
		name, size := string(head[:4]), binary.LittleEndian.Uint64(head[4:])
		if name == sectionData {
			return in.begin(checked, size)
		}
		limit := uint64(maxSection)
		if name == sectionManifest {
			limit = registry.MaxDocument + 32
		}
		if size > limit {
			return bad(Corrupt, "the section %q of the file is too long: %d bytes", name, size)
		}
		data, err := in.bytes(int64(size))
		if err != nil {
			return err
		}
		switch {
		case name == sectionTime && len(data) == 8 && checked < 0:
			checked = int64(binary.LittleEndian.Uint64(data) &^ (1 << 63))
		case name == sectionManifest && in.manifest == nil:
			if err := in.describe(data); err != nil {
				return err
			}
		case name == sectionManifest || name == sectionTime:
			return bad(Corrupt, "the section %q of the file is none", name)
		}
	}
	return bad(Corrupt, "the file has too many sections")
}

// describe reads the section with the manifest.
func (in *importing) describe(data []byte) error {
	if len(data) < 32 || digest(data[32:]) != store.Digest(data[:32]) {
		return bad(Corrupt, "the file's manifest is damaged: export it again, or copy it anew")
	}
	var err error
	in.manifest, err = registry.DecodeManifest(data[32:])
	return err
}

// begin makes the record, when all about it is known.
func (in *importing) begin(checked int64, size uint64) error {
	m := in.manifest
	if m == nil {
		return bad(Corrupt, "the file has no manifest")
	}
	if want := whole(m).Bytes; size != uint64(want) {
		return bad(Corrupt, "the file holds %d bytes of chunks, its manifest names %d", size, want)
	}
	now := in.cache.checked()
	const farthest = 1 << 52 // milliseconds; beyond, a time is none
	in.record = store.Record{Name: m.Name, Version: m.Version, Manifest: m.Raw, Digest: digest(m.Raw), Chunks: refs(m), CommittedAt: now, UsedAt: now}
	if checked > 0 && checked < farthest {
		in.record.CheckedAt = store.FromMilli(checked)
	}
	return nil
}

// store reads the chunks and commits.
func (in *importing) store() error {
	c, rec := in.cache, &in.record
	release, err := c.opt.Locker.Lock(in.ctx, modelLock(rec.Name), false)
	if err != nil {
		return err
	}
	defer release()
	missing, err := c.missing(in.ctx, rec)
	if err == nil {
		err = c.reserve(in.ctx, rec, missing)
	}
	if err != nil {
		return err
	}
	pending := store.Document{Key: pendingKey(rec), Data: rec.Manifest, CheckedAt: c.opt.Clock.Now()}
	if _, err = c.under(in.ctx, pending, func() (int64, error) { return 0, in.chunks() }); err != nil {
		if store.CodeOf(err) == store.Quota {
			_ = c.opt.Store.RemoveDocument(in.ctx, pending.Key)
			_ = c.collect(in.ctx)
		}
		return err
	}
	_ = c.opt.Store.RemoveDocument(in.ctx, pending.Key)
	return nil
}

// chunks reads, verifies and stores the chunks, then makes the version visible.
func (in *importing) chunks() error {
	c := in.cache
	all := whole(in.manifest)
	done := int64(0)
	for i, k := range all.Chunks {
		blob, err := in.next(k.Bytes)
		if err != nil {
			return err
		}
		sum, err := c.opt.Hasher.Sum(in.ctx, blob)
		if err != nil {
			return err
		}
		if sum != k.SHA256 {
			return bad(Corrupt, "chunk %d of the file is damaged: export it again, or copy it anew", i)
		}
		if err := c.opt.Store.PutChunks(in.ctx, []store.Chunk{{Digest: sum, Data: blob}}); err != nil {
			return err
		}
		done += k.Bytes
		if in.progress != nil {
			in.progress(Progress{Phase: PhaseVerify, Loaded: done, Total: all.Bytes})
		}
	}
	if rest, err := in.from.Next(in.ctx, 1, nil); err == nil || !errors.Is(err, io.EOF) || rest.Size() > 0 {
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return bad(Corrupt, "something follows after the end of the file")
	}
	snap, err := c.opt.Store.Snapshot(in.ctx)
	if err != nil {
		return err
	}
	if old := (&stored{snap: snap}).find(in.record.Name, in.record.Version); old != nil && old.Digest == in.record.Digest {
		in.record.Pinned, in.record.ManifestETag = old.Pinned, old.ManifestETag
		if old.CheckedAt.After(in.record.CheckedAt) {
			in.record.CheckedAt = old.CheckedAt
		}
	}
	p := store.Pointer{Name: in.record.Name, Selector: in.record.Version, Version: in.record.Version, CheckedAt: in.record.CheckedAt}
	in.pointers = []store.Pointer{p}
	if old := newest(snap, p.Name); old == "" || registry.CompareVersions(p.Version, old) >= 0 {
		p.Selector = store.Latest
		in.pointers = append(in.pointers, p)
	}
	if err := c.opt.Store.Commit(in.ctx, in.record, in.pointers...); err != nil {
		return err
	}
	c.forget(snap, in.record.Name)
	return nil
}
