package cache

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"larder/cache/registry"
	"larder/cache/store"
	"larder/sha256"
)

// A file at an address of its own (https://example.org/model.onnx) has neither index nor
// manifest. The cache makes a manifest of the download, under a name that follows from
// the address, and counts its versions: 0.0.1, 0.0.2 … From then on it is a version as
// any other: verified chunk by chunk whenever it is read, replaced in one transaction,
// rolled back, pinned, exported. It is revalidated by its ETag; a file without one is
// fetched anew when its time to live is over. What nobody has signed or listed cannot be
// verified when it first arrives: that its bytes are those of the author is HTTPS's word.

// PlainFile is the path of the file in the version that is made of it.
const PlainFile = "model.onnx"

const maxURL = 2048

// plainName is the name of the model that is made of the file at a URL.
func plainName(url string) string {
	sum := sha256.Sum256([]byte(url))
	return "url-" + hex.EncodeToString(sum[:16])
}

// storedName is the name that a model has in the store.
func storedName(name string) string {
	if registry.Absolute(name) {
		return plainName(name)
	}
	return name
}

// plainURL reports whether a URL is of the form that URL.href has in a browser.
func plainURL(url string) bool {
	odd := func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '"' || c == '\\' }
	return len(url) <= maxURL && !strings.ContainsFunc(url, odd)
}

// Plain reports whether the version was made of a file without a manifest.
func (e *Entry) Plain() bool { return madeOf(e.version.manifest) != "" }

// madeOf returns the address of a version that was made of a file. A registry cannot
// publish one: its name would not be that of its address.
func madeOf(m *registry.Manifest) string {
	if m.Source.URL != "" && plainName(m.Source.URL) == m.Name {
		return m.Source.URL
	}
	return ""
}

// source returns the address to ask for a request, or "" for the registry.
func (s *stored) source(r request) string {
	if r.url == "" && s.version != nil {
		return madeOf(s.manifest)
	}
	return r.url
}

// plainManifest writes the manifest of a file, or of its beginning.
func plainManifest(name, version string, f registry.Plain) []byte {
	etag := f.ETag
	if !plainURL(strings.ReplaceAll(etag, `"`, "")) {
		etag = "" // nothing that a server should send
	}
	out := fmt.Appendf(nil, `{"schema":1,"name":%q,"version":%q,"source":{"url":%q,"etag":%q},"files":[{"path":%q,"role":"model","bytes":%d,"sha256":"%064d","chunks":[`,
		name, version, f.Path, etag, PlainFile, f.Bytes(), 0)
	for i, k := range f.Chunks {
		if i > 0 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, `{"bytes":%d,"sha256":"%x"}`, k.Bytes, k.SHA256)
	}
	return append(out, "]}]}"...)
}

// revalidatePlain asks the host whether a file has changed, and fetches it if it has.
// The caller holds the model's lock.
func (c *Cache) revalidatePlain(ctx, bounded context.Context, r request, local *stored, url string) (found, error) {
	etag := ""
	if local.usable() {
		etag = local.record.ManifestETag
	}
	// The question is bounded, the download that may be its answer is not.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var answered atomic.Bool
	stop := context.AfterFunc(bounded, func() {
		if !answered.Load() {
			cancel(context.Cause(bounded))
		}
	})
	defer stop()
	next := 1
	for _, v := range local.versions(r.name) {
		if n, err := strconv.Atoi(v[strings.LastIndexByte(v, '.')+1:]); err == nil {
			next = max(next, n+1)
		}
	}
	rec := store.Record{Name: r.name, Version: "0.0." + strconv.Itoa(next)}
	pending := store.Document{Key: pendingKey(&rec), CheckedAt: c.opt.Clock.Now()}
	release, err := c.opt.Locker.Lock(ctx, chunksLock, true)
	if err != nil {
		return found{}, err
	}
	defer release()
	job := registry.PlainJob{File: c.begun(ctx, pending.Key, url), ETag: etag,
		Sink: func(ctx context.Context, k registry.Chunk, data registry.Blob, f registry.Plain) error {
			c.count(func(s *Stats) { s.BytesDownloaded += k.Bytes })
			if err := c.opt.Store.PutChunks(ctx, []store.Chunk{{Digest: k.SHA256, Data: data}}); err != nil {
				return err
			}
			pending.Data = plainManifest(rec.Name, rec.Version, f)
			return c.opt.Store.PutDocument(ctx, pending)
		}}
	job.Progress = func(p registry.Progress) {
		answered.Store(true)
		if r.progress != nil {
			r.progress(Progress{Phase: PhaseDownload, Loaded: p.Loaded, Total: p.Total, File: PlainFile})
		}
	}
	f, err := c.client.FetchPlain(ctx, job)
	if err == nil {
		var done found
		if done, err = c.settlePlain(ctx, r, local, &rec, f); err == nil {
			_ = c.opt.Store.RemoveDocument(ctx, pending.Key)
			release()
			c.prune(ctx, rec.Name, done.version.record.Version)
			return done, nil
		}
	}
	if CodeOf(err) == Quota {
		_ = c.opt.Store.RemoveDocument(ctx, pending.Key)
		release()
		_ = c.collect(ctx)
	}
	return found{}, err
}

// begun returns what an earlier attempt has left of a file.
func (c *Cache) begun(ctx context.Context, key, url string) registry.Plain {
	none := registry.Plain{Path: url, Total: -1}
	doc, err := c.opt.Store.Document(ctx, key)
	if err != nil {
		return none
	}
	m, err := registry.DecodeManifest(doc.Data)
	if err != nil || m.Source.URL != url || len(m.Files) != 1 {
		return none
	}
	f := registry.Plain{Path: url, ETag: m.Source.ETag, Chunks: m.Files[0].Chunks, Total: -1}
	for _, k := range f.Chunks {
		if k.Bytes != registry.PlainChunk {
			return none // the last one: it may have been complete, and nobody knows
		}
	}
	list := store.Record{Chunks: refs(m)}
	if missing, err := c.opt.Store.Missing(ctx, list.Digests()); err != nil || len(missing) > 0 {
		return none
	}
	return f
}

// settlePlain makes a fetched file the answer, or confirms what is stored.
func (c *Cache) settlePlain(ctx context.Context, r request, local *stored, rec *store.Record, f registry.Plain) (found, error) {
	if f.Unchanged {
		c.count(func(s *Stats) { s.NotModified++ })
		return c.confirm(ctx, r, local, local.version, f.ETag)
	}
	if local.usable() && same(local.manifest.Files[0].Chunks, f.Chunks) {
		return c.confirm(ctx, r, local, local.version, f.ETag)
	}
	if len(f.Chunks) == 0 {
		return found{}, &Error{Code: InvalidModel, Op: "get", Name: r.url, Detail: "the file is empty"}
	}
	m, err := registry.DecodeManifest(plainManifest(rec.Name, rec.Version, f))
	if err != nil {
		return found{}, err
	}
	now := c.checked()
	rec.Manifest, rec.Digest, rec.Chunks = m.Raw, digest(m.Raw), refs(m)
	rec.CommittedAt, rec.CheckedAt, rec.UsedAt, rec.ManifestETag = now, now, now, f.ETag
	rec.Pinned = pinnedAt(local.snap, r)
	p := store.Pointer{Name: rec.Name, Selector: r.selector.String(), Version: rec.Version, CheckedAt: now}
	if err := c.opt.Store.Commit(ctx, *rec, p); err != nil {
		return found{}, err
	}
	c.count(func(s *Stats) { s.RegistryLoads++ })
	c.emit(Event{Kind: EventCommitted, Name: rec.Name, Version: rec.Version, Bytes: f.Bytes()})
	return found{answer: answer{newVersion(*rec, m), now}, source: FromRegistry}, nil
}

func same(a, b []registry.Chunk) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
