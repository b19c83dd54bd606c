package cache_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/registry/registrytest"
	"larder/cache/store"
	"larder/cache/store/memstore"
	"larder/cache/store/storetest"
)

// fakeClock moves only when told. Sleeping takes no time and is counted.
type fakeClock struct {
	mu     sync.Mutex
	now    time.Time
	slept  int
	timers map[*fakeTimer]bool
}

type fakeTimer struct {
	at time.Time
	f  func()
}

func newClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), timers: map[*fakeTimer]bool{}}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) AfterFunc(d time.Duration, f func()) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &fakeTimer{c.now.Add(d), f}
	c.timers[t] = true
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.timers, t)
	}
}

func (c *fakeClock) Sleep(ctx context.Context, _ time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slept++
	return ctx.Err()
}

// advance moves the clock, either way, and runs the timers that are due.
func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	var due []*fakeTimer
	for t := range c.timers {
		if !t.at.After(c.now) {
			due = append(due, t)
			delete(c.timers, t)
		}
	}
	c.mu.Unlock()
	for _, t := range due {
		t.f()
	}
}

// world is a registry, a database and a clock; caches come and go.
type world struct {
	t      *testing.T
	server *registrytest.Server
	db     *memstore.Database
	faults *storetest.Faults
	clock  *fakeClock
	locker cache.Locker
	cache  *cache.Cache
	mu     sync.Mutex
	events []cache.Event
	opt    func(*cache.Options)
}

const ttl = 3600 // seconds

// newWorld publishes leaf 1.0.0: 10 chunks of 100 bytes, 130 bytes of labels, a card.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, server: registrytest.New(t, 100), db: memstore.NewDatabase(0), clock: newClock(), locker: cache.NewLocker()}
	w.server.Publish("leaf", "1.0.0", ttl, leafFiles(nil)...)
	w.restart()
	return w
}

// leafFiles are the files of a version; tail replaces the end of the weights.
func leafFiles(tail []byte) []registrytest.File {
	weights := append(random(1, 1000-len(tail)), tail...)
	return []registrytest.File{
		{Path: "model.onnx", Role: "model", Data: weights},
		{Path: "labels.json", Role: "labels", Data: random(2, 130)},
		{Path: "card.md", Role: "card", Data: []byte("# card")},
	}
}

const leafBytes = 1130 // what a prediction needs of it

func random(seed uint32, n int) []byte {
	out := make([]byte, n)
	x := seed*2654435761 + 1
	for i := range out {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		out[i] = byte(x)
	}
	return out
}

// restart drops the Cache as a crash would and makes a new one on the same database.
func (w *world) restart() {
	w.t.Helper()
	if w.cache != nil {
		w.cache.Close()
	}
	w.cache = w.open()
}

// open makes another Cache on the same database, as another tab does.
func (w *world) open() *cache.Cache {
	w.t.Helper()
	w.faults = &storetest.Faults{Store: w.db.Open(), Before: func(string) error { return nil }}
	opt := cache.Options{Store: w.faults, Registry: w.server.Fetcher(w.t), Clock: w.clock, Locker: w.locker}
	if w.opt != nil {
		w.opt(&opt)
	}
	c, err := cache.New(opt)
	if err != nil {
		w.t.Fatal(err)
	}
	c.Subscribe(func(e cache.Event) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events = append(w.events, e)
	})
	w.t.Cleanup(func() { c.Close() })
	return c
}

// took returns the kinds of the events since the last call, "served" left out.
func (w *world) took() []cache.EventKind {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []cache.EventKind
	for _, e := range w.events {
		if e.Kind != cache.EventServed {
			out = append(out, e.Kind)
		}
	}
	w.events = nil
	return out
}

// expect gets a version and checks where it came from and that every byte is right.
func (w *world) expect(selector, version string, from cache.Source, how cache.Freshness) {
	w.t.Helper()
	e, err := w.cache.Get(w.t.Context(), "leaf", selector, nil)
	if err != nil {
		w.t.Fatalf("get %q: %v", selector, err)
	}
	defer e.Release()
	if e.Version != version || e.Source != from || e.Freshness != how {
		w.t.Fatalf("get %q: %s from %s, %s; want %s from %s, %s", selector, e.Version, e.Source, e.Freshness, version, from, how)
	}
	w.check(e)
}

// check compares an entry's files with the registry's.
func (w *world) check(e *cache.Entry) {
	w.t.Helper()
	for _, f := range e.Files() {
		if !f.Needed {
			continue
		}
		file, err := e.File(w.t.Context(), f.Path, nil)
		if err != nil {
			w.t.Fatalf("file %s: %v", f.Path, err)
		}
		data, err := file.Bytes()
		if err != nil || file.Size() != int64(len(data)) || !bytes.Equal(data, w.server.Get("leaf/"+e.Version+"/"+f.Path)) {
			w.t.Fatalf("%s %s is not what was published (%v)", e.Version, f.Path, err)
		}
	}
}

// fails gets a version and checks the error's code.
func (w *world) fails(selector string, code cache.Code) error {
	w.t.Helper()
	e, err := w.cache.Get(w.t.Context(), "leaf", selector, nil)
	if e != nil || cache.CodeOf(err) != code {
		w.t.Fatalf("get %q: %v, want code %s", selector, err, code)
	}
	return err
}

// asked returns the paths of the requests since the last call, with their status.
func (w *world) asked() []registrytest.Request { return w.server.Take() }

// wantAsked checks which paths were asked for.
func (w *world) wantAsked(paths ...string) []registrytest.Request {
	w.t.Helper()
	reqs := w.asked()
	var got []string
	for _, r := range reqs {
		got = append(got, r.Path)
	}
	if !slices.Equal(got, paths) {
		w.t.Fatalf("asked for %q, want %q", got, paths)
	}
	return reqs
}

// chunksOf returns the digests of a version's chunks in the store.
func (w *world) chunksOf(version string) []store.Ref {
	w.t.Helper()
	snap, err := w.db.Open().Snapshot(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range snap.Records {
		if r.Version == version {
			return r.Chunks
		}
	}
	w.t.Fatalf("no record of %s", version)
	return nil
}

// rot changes a stored chunk behind everybody's back.
func (w *world) rot(ref store.Ref) {
	w.t.Helper()
	s := w.db.Open()
	blobs, err := s.Chunks(w.t.Context(), []store.Digest{ref.Digest})
	if err != nil || blobs[0] == nil {
		w.t.Fatal(blobs, err)
	}
	data, _ := blobs[0].Bytes()
	data = bytes.Clone(data)
	data[len(data)/2] ^= 1
	if err := s.PutChunks(w.t.Context(), []store.Chunk{{Digest: ref.Digest, Data: store.Bytes(data)}}); err != nil {
		w.t.Fatal(err)
	}
}
