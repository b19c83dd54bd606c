package cache

import (
	"context"
	"time"

	"larder/cache/registry"
	"larder/cache/store"
)

// revalidate asks the registry which version answers the request now, and fetches it
// if it is not stored. bounded limits the questions, ctx the download. The caller
// holds the model's lock.
func (c *Cache) revalidate(ctx, bounded context.Context, r request, local *stored) (found, error) {
	c.count(func(s *Stats) { s.Revalidations++ })
	if url := local.source(r); url != "" {
		return c.revalidatePlain(ctx, bounded, r, local, url)
	}
	start := c.opt.Clock.Now()
	ix, err := c.index(bounded, r.force)
	if err != nil {
		c.asked(err, start)
		return found{}, err
	}
	v, err := ix.Resolve(r.name, r.selector)
	if err != nil {
		return found{}, err
	}
	if old := local.instead(r, v); old != "" {
		if local.usable() && local.record.Version == old {
			return c.confirm(ctx, r, local, local.version, local.record.ManifestETag)
		}
		v, r.skip = old, v
	}
	have := c.complete(bounded, local, r.name, v)
	etag := ""
	if have != nil {
		etag = have.record.ManifestETag
	}
	m, doc, err := c.client.Manifest(bounded, r.name, v, etag)
	c.asked(err, start)
	if err != nil {
		return found{}, err
	}
	if doc.Unchanged || have != nil && digest(m.Raw) == have.record.Digest {
		c.count(func(s *Stats) { s.NotModified++ })
		return c.confirm(ctx, r, local, have, doc.ETag)
	}
	return c.fetch(ctx, r, m, doc.ETag)
}

// complete returns the stored version if nothing of it is missing, else nil.
func (c *Cache) complete(ctx context.Context, local *stored, name, v string) *version {
	if local.usable() && local.version.record.Version == v {
		return local.version
	}
	rec := local.find(name, v)
	if rec == nil || digest(rec.Manifest) != rec.Digest {
		return nil
	}
	m, err := registry.DecodeManifest(rec.Manifest)
	if err != nil || m.Name != name || m.Version != v {
		return nil
	}
	if missing, err := c.opt.Store.Missing(ctx, rec.Digests()); err != nil || len(missing) > 0 {
		return nil
	}
	return newVersion(*rec, m)
}

// confirm notes that a stored version is still the right answer. The note is for the
// next time: failing to write it is no reason to fail, unless the version is gone.
func (c *Cache) confirm(ctx context.Context, r request, local *stored, v *version, etag string) (found, error) {
	now := c.checked()
	v.record.CheckedAt, v.record.ManifestETag = now, etag
	used := time.Time{}
	if !r.force { // who only looks for a newer one does not use this one
		v.record.UsedAt, used = now, now
	}
	p := store.Pointer{Name: r.name, Selector: r.selector.String(), Version: v.record.Version, CheckedAt: now}
	var err error
	if local.pointsAt(p) {
		err = c.opt.Store.Touch(ctx, r.name, p.Version, store.Patch{CheckedAt: now, UsedAt: used, Selector: p.Selector, ManifestETag: &etag})
	} else {
		err = c.opt.Store.Commit(ctx, v.record, p)
	}
	if code := store.CodeOf(err); code == store.NotFound || code == store.Incomplete {
		return c.fetch(ctx, r, v.manifest, etag) // somebody evicted it meanwhile
	}
	if ctx.Err() != nil {
		return found{}, ctx.Err()
	}
	c.emit(Event{Kind: EventChecked, Name: r.name, Version: p.Version})
	return found{answer: answer{v, now}, source: FromStore}, nil
}

// pointsAt reports whether the pointer was there already, whenever it was checked.
func (s *stored) pointsAt(p store.Pointer) bool {
	for _, q := range s.snap.Pointers {
		if q.Key() == p.Key() && q.Version == p.Version {
			return true
		}
	}
	return false
}

// index returns the registry's index. Those who want it at once share one answer,
// unless they insist on one to a question of their own.
func (c *Cache) index(ctx context.Context, alone bool) (*registry.Index, error) {
	return c.catalogue.share(ctx, alone, func() (*registry.Index, error) { return c.askIndex(ctx) })
}

// askIndex asks for the index, by a conditional request if one is stored.
func (c *Cache) askIndex(ctx context.Context) (*registry.Index, error) {
	kept, etag := c.storedIndex(ctx)
	doc, err := c.client.IndexDocument(ctx, etag)
	if err != nil {
		return nil, err
	}
	if doc.Unchanged {
		c.catalogue.learn(kept, true, true, c.opt.Clock.Now())
		return kept, nil
	}
	ix, err := registry.DecodeIndex(doc.Data)
	if err != nil {
		return nil, err
	}
	// A missing note costs a full request the next time, no more.
	err = c.opt.Store.PutDocument(ctx, store.Document{Key: c.indexKey(), Data: doc.Data, ETag: doc.ETag, CheckedAt: c.opt.Clock.Now()})
	c.catalogue.learn(ix, false, err == nil, c.opt.Clock.Now())
	return ix, nil
}

func (c *Cache) indexKey() string { return "index " + c.opt.RegistryID }

// storedIndex returns the index as stored, with its validator, or nil and "".
func (c *Cache) storedIndex(ctx context.Context) (*registry.Index, string) {
	doc, err := c.opt.Store.Document(ctx, c.indexKey())
	if err != nil {
		return nil, ""
	}
	ix, err := registry.DecodeIndex(doc.Data)
	if err != nil {
		return nil, ""
	}
	return ix, doc.ETag
}

// Index returns the registry's index: by a conditional request, or as stored (stale is
// true) when the registry gives no answer.
func (c *Cache) Index(ctx context.Context) (ix *registry.Index, stale bool, err error) {
	if err := c.open("index", "", ""); err != nil {
		return nil, false, err
	}
	kept, _ := c.storedIndex(ctx)
	bounded, cancel := ctx, context.CancelFunc(func() {})
	if kept != nil {
		bounded, cancel = withTimeout(ctx, c.opt.Clock, c.opt.RevalidateTimeout)
	}
	defer cancel()
	err = &Error{Code: Offline, Op: "index", Detail: "there is no registry"}
	if c.client != nil {
		ix, err = c.index(bounded, true)
	}
	switch {
	case err == nil:
		return ix, false, nil
	case kept != nil && ctx.Err() == nil:
		return kept, true, nil
	}
	return nil, false, c.wrap("index", "", "", err)
}
