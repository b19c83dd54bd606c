package cache

import (
	"context"
	"errors"
	"slices"
	"time"

	"larder/cache/registry"
	"larder/cache/store"
)

// found is a version that answers a request.
type found struct {
	answer
	source Source
	stale  bool // the registry gave no answer
	doubts int  // changes that had been heard of when the search began
}

// request is one Get or Refresh on its way.
type request struct {
	name     string
	url      string // of a file without a manifest, or ""
	selector registry.Selector
	force    bool   // ask the registry, fresh or not, and fail if it does not answer
	chosen   bool   // nobody asked for something else than a pin or a rollback left
	behind   bool   // somebody was served what is not fresh; nobody waits
	expired  bool   // the caller takes what is older than stale-if-error allows
	skip     string // the version that was rolled back from and stays so
	lines    int    // connections of a download; 0: the default
	progress func(Progress)
}

func (r request) key() string { return store.PointerKey(r.name, r.selector.String()) }

// GetOption changes what [Cache.Get] accepts.
type GetOption int

// AllowStale accepts a stored version that is older than its manifest's stale-if-error
// allows, as [Expired], when the registry gives no answer.
const AllowStale GetOption = 1

// Get returns a version of the model that satisfies selector: an exact version, an
// alias, "" or "latest", or a range ("^1", "~1.1", "2", "1.1").
//
// What is stored and fresh is returned without any request. Within stale-while-revalidate
// after that it is returned at once, as Revalidating, while the registry is asked behind;
// a newer version is told by EventUpdated. Later it is revalidated first, and returned as
// Stale if the registry gives no usable answer; where stale-if-error has ended, that is
// an error with the code TooOld. What is not stored is downloaded, verified and committed,
// unless the registry's index said just now that there is no such thing. progress, which may be nil,
// is called on arbitrary goroutines, never concurrently, and must not block or call the
// Cache.
//
// Concurrent calls for the same share one download; it ends early only when the
// contexts of all of them have ended, and what it verified by then is kept.
//
// The caller must Release the Entry.
//
// A name that is an absolute URL ("https://example.org/model.onnx") stands for a file
// that has no manifest; see plain.go.
func (c *Cache) Get(ctx context.Context, name, selector string, progress func(Progress), opts ...GetOption) (*Entry, error) {
	r, err := c.request("get", name, selector)
	if err != nil {
		return nil, c.failed("get", name, selector, err)
	}
	start, counters := c.opt.Clock.Now(), c.memory.tier.Counters()
	if a, ok := c.memory.find(r.key()); ok {
		if how := c.grade(a); how == Fresh || how == Revalidating {
			if how == Revalidating {
				c.behind(r)
			}
			c.count(func(s *Stats) { s.MemoryHits++ })
			e := c.entry(r, found{answer: a, source: FromMemory})
			counters.Hit(c.opt.Clock.Now().Sub(start))
			return e, nil
		}
	}
	counters.Miss()
	flight := r.key()
	if r.expired = slices.Contains(opts, AllowStale); r.expired {
		flight = "expired " + flight // no name has a blank
	}
	f, err := c.fly(ctx, flight, progress, func(ctx context.Context, tell func(Progress)) (found, error) {
		r.progress = tell
		f, err := c.find(ctx, r)
		if took := c.opt.Clock.Now().Sub(start); err != nil {
			counters.Failure(took)
		} else {
			counters.Load(f.version.record.Bytes(), took)
		}
		return f, err
	})
	if err != nil {
		return nil, c.failed("get", name, selector, err)
	}
	return c.entry(r, f), nil
}

// request checks what a caller asks for.
func (c *Cache) request(op, name, selector string) (request, error) {
	if err := c.open(op, name, selector); err != nil {
		return request{}, err
	}
	r := request{name: name}
	if registry.Absolute(name) {
		r.url, r.name = name, plainName(name)
		if !plainURL(name) {
			return r, &Error{Code: InvalidInput, Op: op, Name: name, Detail: "the address has characters that must be percent-encoded, or is too long"}
		}
	}
	if err := registry.CheckName(r.name); err != nil {
		return request{}, &Error{Code: InvalidInput, Op: op, Name: name, Version: selector, Err: err}
	}
	var err error
	r.selector, err = registry.ParseSelector(selector)
	return r, err
}

// failed counts and reports the end of a request that found nothing.
func (c *Cache) failed(op, name, selector string, err error) error {
	err = c.wrap(op, name, selector, err)
	c.count(func(s *Stats) { s.Failures++ })
	c.emit(Event{Kind: EventFailed, Name: name, Version: selector, Code: CodeOf(err), Message: err.Error()})
	return err
}

// entry takes a lease on what was found.
func (c *Cache) entry(r request, f found) *Entry {
	selector := r.key()
	if f.stale || f.source != FromMemory && f.doubts != c.memory.doubted() {
		selector = "" // ask again next time, however old the answer is
	} else if known, ok := c.memory.find(selector); ok && !f.checkedAt.After(known.checkedAt) && !known.checkedAt.After(c.opt.Clock.Now()) {
		selector = "" // it is there already, or a newer one that came meanwhile
	}
	v, lease := c.memory.lease(selector, f.answer)
	e := &Entry{Name: v.record.Name, Version: v.record.Version, Digest: v.record.Digest,
		Source: f.source, State: c.state(v, f.checkedAt), cache: c, version: v, lease: lease}
	if f.stale && e.Freshness != Expired {
		e.Freshness = Stale
	}
	if f.source != FromRegistry {
		c.uses.add(store.RecordKey(e.Name, e.Version), 1, c.opt.Clock.Now())
	}
	c.emit(Event{Kind: EventServed, Name: e.Name, Version: e.Version, Message: string(f.source)})
	return e
}

// stored is what the store has for a request.
type stored struct {
	snap store.Snapshot
	*version
	checkedAt time.Time
	confirmed bool  // the registry once said that this is the answer to the selector
	damage    error // why the version cannot be served, nil if it can
}

// usable reports whether there is something that could be served.
func (s *stored) usable() bool { return s.version != nil && s.damage == nil }

// find answers a request from store or registry, and counts it.
func (c *Cache) find(ctx context.Context, r request) (found, error) {
	start, doubts := c.opt.Clock.Now(), c.memory.doubted()
	f, err := c.search(ctx, r)
	f.doubts = max(f.doubts, doubts)
	c.answered(f, err, start)
	return f, err
}

// search answers a request from store or registry.
func (c *Cache) search(ctx context.Context, r request) (found, error) {
	local, err := c.look(ctx, r)
	if err != nil {
		return found{}, err
	}
	if f, ok := c.serve(r, local); ok {
		return f, nil
	}
	if c.client == nil {
		return c.settle(ctx, r, local, &Error{Code: Offline, Op: "get", Name: r.name, Version: r.selector.String(), Detail: "there is no registry"})
	}
	if err := c.refuses(ctx, &r, local); err != nil {
		return c.settle(ctx, r, local, err)
	}
	f, err := c.ask(ctx, r, local)
	if err != nil {
		return c.settle(ctx, r, local, err)
	}
	return f, nil
}

// serve returns what is stored if it is fresh and the request does not insist; also what
// is a little older, of which the registry is asked behind.
func (c *Cache) serve(r request, local *stored) (found, bool) {
	pinned := local.usable() && local.record.Pinned
	if !local.usable() || r.force && !(pinned && r.chosen) || !pinned && !local.confirmed {
		return found{}, false
	}
	switch how := c.grade(answer{local.version, local.checkedAt}); {
	case pinned:
	case how == Revalidating && !r.behind && c.client != nil:
		c.behind(r)
	case how != Fresh:
		return found{}, false
	}
	c.count(func(s *Stats) { s.StoreHits++ })
	return found{answer: answer{local.version, local.checkedAt}, source: FromStore}, true
}

// ask asks the registry, one at a time among all who share the store.
func (c *Cache) ask(ctx context.Context, r request, local *stored) (found, error) {
	brief := func() (context.Context, context.CancelFunc) { return ctx, func() {} }
	if local.usable() && !r.force {
		brief = func() (context.Context, context.CancelFunc) {
			return withTimeout(ctx, c.opt.Clock, c.opt.RevalidateTimeout)
		}
	}
	bounded, cancel := brief()
	defer cancel()
	release, err := c.opt.Locker.Lock(bounded, modelLock(r.name), false)
	if err != nil {
		return found{}, err
	}
	defer release()
	// Whoever held the lock before may have done all the work.
	doubts := c.memory.doubted()
	again, err := c.look(ctx, r)
	if err != nil {
		return found{}, err
	}
	before := *local
	*local = *again
	f, ok := c.serve(r, local)
	if !ok {
		if err = c.refuses(ctx, &r, local); err == nil {
			f, err = c.revalidate(ctx, bounded, r, local)
		}
		if CodeOf(err) == NotFound && r.deniable(local) {
			c.catalogue.deny(&r, err)
		}
	}
	f.doubts = doubts
	if err == nil && before.confirmed && before.version != nil && before.record.Digest != f.version.record.Digest {
		c.remember(r, f) // whoever hears of it and asks gets it
		c.emit(Event{Kind: EventUpdated, Name: r.name, Version: f.version.record.Version, Message: before.record.Version})
	}
	return f, err
}

// behind asks the registry about what was just served, once for all who were served,
// and remembers the answer for the next time.
func (c *Cache) behind(r request) {
	flight := "behind " + r.key()
	if c.client == nil || c.flights.has(flight) {
		return
	}
	r.behind = true
	go func() {
		// A failure was told as an event, and what is stored goes on serving.
		_, _ = c.fly(c.alive, flight, nil, func(ctx context.Context, tell func(Progress)) (found, error) {
			r.progress = tell
			f, err := c.find(ctx, r)
			if err == nil && !f.stale {
				c.remember(r, f) // before it lands: who asks then begins no other one
			}
			return f, err
		})
	}()
}

// remember makes what was found the answer in memory, without a lease on it.
func (c *Cache) remember(r request, f found) {
	if f.doubts == c.memory.doubted() {
		_, lease := c.memory.lease(r.key(), f.answer)
		lease.Release()
	}
}

// settle decides what becomes of a request that the registry did not answer: what is
// stored serves, if the caller is still there and anything is usable.
func (c *Cache) settle(ctx context.Context, r request, local *stored, err error) (found, error) {
	if ctx.Err() != nil {
		return found{}, context.Cause(ctx)
	}
	code := CodeOf(err)
	if code == Aborted || errors.Is(err, context.DeadlineExceeded) {
		code = Offline // our own time limit: the caller has not given up
	}
	switch {
	case r.force:
	case local.usable() && !r.expired && !local.record.Pinned && c.grade(answer{local.version, local.checkedAt}) == Expired:
		return found{}, &Error{Code: TooOld, Op: "get", Name: r.name, Version: local.record.Version, Err: err,
			Detail: "the stored version is older than its publisher allows and the registry gives no answer: connect to the network, or allow a stale one"}
	case local.usable():
		if !r.behind {
			c.count(func(s *Stats) { s.StaleServed++; s.StoreHits++ })
		}
		c.emit(Event{Kind: EventStale, Name: r.name, Version: local.record.Version, Code: code, Message: err.Error()})
		return found{answer: answer{local.version, local.checkedAt}, source: FromStore, stale: true}, nil
	case local.damage != nil:
		return found{}, &Error{Code: Corrupt, Op: "get", Name: r.name, Version: local.record.Version, Err: errors.Join(local.damage, err),
			Detail: "the stored copy is damaged and the registry could not replace it: connect to the network and load the model again"}
	}
	e := &Error{Code: code, Op: "get", Name: r.name, Version: r.selector.String(), Err: err, Near: near(err)}
	if code == Offline && !r.force {
		e.Detail = "the registry cannot be reached and the model is not stored on this device: connect to the network once to load it"
	}
	if code == Offline && r.force {
		e.Detail = "the registry cannot be reached"
	}
	if code == Quota || code == Closed {
		return found{}, c.wrap("get", r.name, r.selector.String(), err)
	}
	return found{}, e
}

// look finds out what the store has for a request.
func (c *Cache) look(ctx context.Context, r request) (*stored, error) {
	snap, err := c.opt.Store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	out := &stored{snap: snap}
	rec := out.pick(r, c.opt.Clock.Now())
	if rec == nil {
		return out, nil
	}
	m, err := registry.DecodeManifest(rec.Manifest)
	if err != nil || m.Name != rec.Name || m.Version != rec.Version || digest(rec.Manifest) != rec.Digest {
		// Not worth a word: what cannot be read was not stored.
		return out, nil
	}
	out.version = newVersion(*rec, m)
	missing, err := c.opt.Store.Missing(ctx, rec.Digests())
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		out.damage = &Error{Code: Corrupt, Op: "read", Name: rec.Name, Version: rec.Version, Detail: chunksText(len(missing)) + " of the stored copy are gone"}
	}
	return out, nil
}

// pick chooses the record for a request and sets checkedAt and confirmed. Without a
// pointer it takes the best guess, which serves only if the registry gives no answer;
// a version that is named exactly needs no guess.
func (s *stored) pick(r request, now time.Time) *store.Record {
	for _, p := range s.snap.Pointers {
		rec := s.find(p.Name, p.Version)
		if p.Key() != r.key() || rec == nil {
			continue
		}
		s.checkedAt, s.confirmed = doubtful(rec.CheckedAt, p.CheckedAt, now), true
		if r.selector.IsVersion() {
			s.checkedAt = rec.CheckedAt
		}
		return rec
	}
	versions := s.versions(r.name)
	v := r.selector.Best(versions)
	if r.selector.IsLatest() && len(versions) > 0 {
		v = slices.MaxFunc(versions, registry.CompareVersions)
	}
	rec := s.find(r.name, v)
	if rec != nil {
		s.checkedAt, s.confirmed = rec.CheckedAt, r.selector.IsVersion()
	}
	return rec
}

// doubtful returns that of two times which speaks more against freshness: one in the
// future, else the earlier.
func doubtful(a, b, now time.Time) time.Time {
	if a.Before(b) == b.After(now) {
		return b
	}
	return a
}

// find returns the record of a version, or nil.
func (s *stored) find(name, version string) *store.Record {
	for i := range s.snap.Records {
		if r := &s.snap.Records[i]; r.Name == name && r.Version == version {
			return r
		}
	}
	return nil
}

func (s *stored) versions(name string) []string {
	var out []string
	for _, r := range s.snap.Records {
		if r.Name == name {
			out = append(out, r.Version)
		}
	}
	return out
}
