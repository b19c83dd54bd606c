package cache_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/registry/registrytest"
	"larder/cache/store"
)

// touches counts writes of uses and makes them fail.
type touches struct {
	mu   sync.Mutex
	n    int
	fail error
}

func (f *touches) before(op string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if op != "touch" {
		return nil
	}
	f.n++
	return f.fail
}

func (f *touches) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n, f.fail = 0, err
}

// took returns how many writes there were since the last call.
func (f *touches) took() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.n
	f.n = 0
	return n
}

// stocked is a world with leaf 1.0.0 stored, whose writes of uses are counted. Nothing but
// uses is due on its clock.
func stocked(t *testing.T) (*world, *touches) {
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.clock.advance(time.Minute)
	f := &touches{}
	w.faults.Before = f.before
	return w, f
}

// ask gets a version so many times.
func ask(t *testing.T, c *cache.Cache, name string, times int) {
	t.Helper()
	for range times {
		e, err := c.Get(t.Context(), name, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		e.Release()
	}
}

// wantUses checks what a Cache tells about the first version in its list.
func wantUses(t *testing.T, c *cache.Cache, hits int64, used time.Time) {
	t.Helper()
	list, err := c.List(t.Context())
	if err != nil || len(list) == 0 || list[0].Hits != hits || !list[0].UsedAt.Equal(used) {
		t.Fatalf("%+v, %v; want %d hits, the last at %v", list, err, hits, used)
	}
}

// wantWritten checks what the store has of the only version.
func (w *world) wantWritten(hits int64, used time.Time) {
	w.t.Helper()
	snap, err := w.db.Open().Snapshot(w.t.Context())
	if err != nil || len(snap.Records) != 1 || snap.Records[0].Hits != hits || !snap.Records[0].UsedAt.Equal(used) {
		w.t.Fatalf("%+v, %v; want %d hits, the last at %v", snap.Records, err, hits, used)
	}
}

func flush(t *testing.T, c *cache.Cache) {
	t.Helper()
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestManyUsesAreOneWrite(t *testing.T) {
	w, f := stocked(t)
	stored, last := w.clock.Now().Add(-time.Minute), time.Time{}
	for range 10 {
		w.clock.advance(100 * time.Millisecond)
		ask(t, w.cache, "leaf", 50)
		last = w.clock.Now()
	}
	wantUses(t, w.cache, 500, last)
	w.wantWritten(0, stored)
	if n := f.took(); n != 0 {
		t.Fatalf("%d writes", n)
	}
	w.clock.advance(1100 * time.Millisecond) // two seconds after the first
	wantUses(t, w.cache, 500, last)
	w.wantWritten(500, last)
	w.clock.advance(time.Hour / 2)
	if n := f.took(); n != 1 {
		t.Fatalf("%d writes", n)
	}
	// From the store it is a use too, and a flush writes it at once, and once.
	w.cache.Shrink(1)
	w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
	if n := f.took(); n != 0 {
		t.Fatalf("%d writes while somebody waits", n)
	}
	for range 2 {
		flush(t, w.cache)
	}
	w.wantWritten(501, w.clock.Now())
	if n := f.took(); n != 1 {
		t.Fatalf("%d writes", n)
	}
	w.restart()
	wantUses(t, w.cache, 501, w.clock.Now())
}

func TestUsesThatCannotBeWrittenWait(t *testing.T) {
	w, f := stocked(t)
	full := &store.Error{Code: store.Quota, Op: "touch"}
	f.set(full)
	ask(t, w.cache, "leaf", 3)
	if err := w.cache.Flush(t.Context()); cache.CodeOf(err) != cache.Quota || !errors.Is(err, full) {
		t.Fatal(err)
	}
	ask(t, w.cache, "leaf", 4)
	for range 5 {
		w.clock.advance(2 * time.Minute) // by themselves, which fails as well
	}
	if n := f.took(); n < 5 {
		t.Fatalf("tried %d times", n)
	}
	used := w.clock.Now()
	ask(t, w.cache, "leaf", 1)
	wantUses(t, w.cache, 8, used)
	f.set(nil)
	w.clock.advance(2 * time.Minute)
	w.wantWritten(8, used)
	wantUses(t, w.cache, 8, used)
	w.clock.advance(time.Minute)
	if n := f.took(); n != 1 {
		t.Fatalf("%d writes", n)
	}
}

// TestUsesOfWhatIsGone evicts a version whose uses are not written yet.
func TestUsesOfWhatIsGone(t *testing.T) {
	elsewhere := func(w *world) { // which this Cache does not hear of
		if err := w.db.Open().Remove(t.Context(), "leaf", "1.0.0"); err != nil {
			t.Fatal(err)
		}
	}
	here := func(w *world) {
		if err := w.cache.Evict(t.Context(), "leaf"); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		evict  func(*world)
		writes int
	}{{"here", here, 0}, {"elsewhere", elsewhere, 1}} {
		t.Run(c.name, func(t *testing.T) {
			w, f := stocked(t)
			ask(t, w.cache, "leaf", 3)
			c.evict(w)
			flush(t, w.cache)
			w.clock.advance(time.Hour)
			if n := f.took(); n != c.writes {
				t.Fatalf("%d writes", n)
			}
			if list, err := w.cache.List(t.Context()); err != nil || len(list) != 0 {
				t.Fatalf("%+v, %v", list, err)
			}
			// When it comes again it begins anew.
			w.restart()
			w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
			ask(t, w.cache, "leaf", 1)
			flush(t, w.cache)
			w.wantWritten(1, w.clock.Now())
		})
	}
	t.Run("and comes again at once", func(t *testing.T) {
		w, _ := stocked(t)
		ask(t, w.cache, "leaf", 3)
		here(w)
		w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
		ask(t, w.cache, "leaf", 1)
		flush(t, w.cache)
		w.wantWritten(1, w.clock.Now())
	})
	t.Run("and comes again while they are written", func(t *testing.T) {
		w, f := stocked(t)
		ask(t, w.cache, "leaf", 3)
		w.faults.Before = func(op string) error {
			if op != "touch" {
				return nil
			}
			w.faults.Before = f.before
			here(w)
			ask(t, w.cache, "leaf", 2) // a download, and a hit
			return &store.Error{Code: store.Internal, Op: op}
		}
		for range 2 {
			flush(t, w.cache)
		}
		w.wantWritten(1, w.clock.Now())
	})
	t.Run("and its content is another", func(t *testing.T) {
		w, _ := stocked(t)
		ask(t, w.cache, "leaf", 3)
		w.server = registrytest.New(t, 100)
		w.server.Publish("leaf", "1.0.0", ttl, leafFiles(random(9, 300))...)
		other := w.open()
		if _, err := other.Refresh(t.Context(), "leaf", nil); err != nil {
			t.Fatal(err)
		}
		ask(t, other, "leaf", 1)
		flush(t, other)
		flush(t, w.cache)
		w.wantWritten(4, w.clock.Now()) // it is the same version
	})
}

// TestUsesOfAllAddUp uses a version in several Caches at once, which write as they like.
func TestUsesOfAllAddUp(t *testing.T) {
	w, _ := stocked(t)
	caches := []*cache.Cache{w.cache, w.open(), w.open()}
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			c := caches[i%len(caches)]
			for range 10 {
				e, err := c.Get(context.Background(), "leaf", "", nil)
				if err != nil {
					t.Error(err)
					return
				}
				e.Release()
			}
			if err := c.Flush(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, c := range caches {
		flush(t, c)
	}
	w.wantWritten(300, w.clock.Now())
	for _, c := range caches {
		wantUses(t, c, 300, w.clock.Now())
	}
}

func TestCloseWritesUses(t *testing.T) {
	w, f := stocked(t)
	other := w.open()
	ask(t, w.cache, "leaf", 3)
	if err := w.cache.Close(); err != nil {
		t.Fatal(err)
	}
	w.wantWritten(3, w.clock.Now())
	if err := w.cache.Flush(t.Context()); cache.CodeOf(err) != cache.Closed {
		t.Fatal(err)
	}
	w.faults.Before = f.before
	f.set(&store.Error{Code: store.Internal, Op: "touch"})
	ask(t, other, "leaf", 2)
	if err := other.Close(); cache.CodeOf(err) != cache.Internal {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	f.set(nil)
	w.clock.advance(time.Hour)
	if n := f.took(); n != 0 {
		t.Fatalf("%d writes of a Cache that is closed", n)
	}
	w.wantWritten(3, w.clock.Now().Add(-time.Hour))
}

// TestRoomKnowsTheLastUses makes room while the uses that speak for a version are not
// written yet.
func TestRoomKnowsTheLastUses(t *testing.T) {
	for _, c := range []struct{ used, goes string }{{"alder", "birch"}, {"birch", "alder"}} {
		w := newWorld(t)
		room := &space{store: w.db, quota: 100 << 20}
		w.opt = func(o *cache.Options) { o.Space = room }
		w.restart()
		for i, name := range []string{"alder", "birch"} {
			w.server.Publish(name, "1.0.0", ttl, leafFiles(random(uint32(50+i), 900))...)
			ask(t, w.cache, name, 1)
			w.clock.advance(time.Minute)
		}
		ask(t, w.cache, c.used, 1)
		u, err := w.db.Open().Usage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		room.quota = u.Bytes + 1<<20 + 300
		w.took()
		ask(t, w.cache, "leaf", 1)
		var gone []string
		for _, e := range w.events {
			if e.Kind == cache.EventEvicted {
				gone = append(gone, e.Name)
			}
		}
		if !slices.Equal(gone, []string{c.goes}) {
			t.Errorf("%s was used last, and %q went", c.used, gone)
		}
	}
}

// TestPruneKnowsTheLastUses spares the version that was used last, though that is not
// written yet.
func TestPruneKnowsTheLastUses(t *testing.T) {
	w := newWorld(t)
	w.opt = func(o *cache.Options) { o.KeepVersions = 2 }
	w.restart()
	for i, v := range []string{"1.0.0", "1.1.0"} {
		if i > 0 {
			w.server.Publish("leaf", v, ttl, leafFiles(random(uint32(60+i), 300))...)
		}
		w.expect(v, v, cache.FromRegistry, cache.Fresh)
		w.clock.advance(time.Minute)
	}
	w.expect("1.0.0", "1.0.0", cache.FromMemory, cache.Fresh)
	w.server.Publish("leaf", "1.2.0", ttl, leafFiles(random(70, 300))...)
	w.expect("", "1.2.0", cache.FromRegistry, cache.Fresh)
	if got := w.versions(); !slices.Equal(got, []string{"1.2.0", "1.0.0"}) {
		t.Error(got)
	}
}

// TestAgain counts uses of a lease by who passes it on.
func TestAgain(t *testing.T) {
	w, _ := stocked(t)
	e, err := w.cache.Get(t.Context(), "leaf", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	before, err := w.cache.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.clock.advance(time.Millisecond)
	e.Again(40, time.Microsecond)
	e.Release()
	e.Again(2, time.Microsecond) // what was passed on before
	after, err := w.cache.Stats(t.Context())
	if err != nil || after.MemoryHits-before.MemoryHits != 42 || after.Memory.Hits-before.Memory.Hits != 42 {
		t.Errorf("%d and %d hits, %v", after.MemoryHits-before.MemoryHits, after.Memory.Hits-before.Memory.Hits, err)
	}
	wantUses(t, w.cache, 43, w.clock.Now())
	flush(t, w.cache)
	w.wantWritten(43, w.clock.Now())
}
