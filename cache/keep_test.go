package cache_test

import (
	"slices"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/registry/registrytest"
	"larder/cache/store"
)

func (w *world) versions() []string {
	w.t.Helper()
	list, err := w.cache.List(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, i := range list {
		out = append(out, i.Version)
	}
	return out
}

func TestOldVersionsGo(t *testing.T) {
	w := newWorld(t)
	var held *cache.Entry
	for i, v := range []string{"1.0.0", "1.1.0", "1.2.0", "1.3.0"} {
		if i > 0 {
			w.server.Publish("leaf", v, ttl, leafFiles(random(uint32(i+20), 300))...)
			w.clock.advance(ttl * time.Second)
		}
		e, err := w.cache.Get(t.Context(), "leaf", "", nil)
		if err != nil || e.Version != v {
			t.Fatal(e, err)
		}
		if i == 0 {
			held = e // in use: it stays however old it is
		} else {
			e.Release()
		}
	}
	if got := w.versions(); !slices.Equal(got, []string{"1.3.0", "1.2.0", "1.0.0"}) {
		t.Fatal(got)
	}
	w.check(held)
	held.Release()
	u, _ := w.db.Open().Usage(t.Context())
	// 7 shared chunks and 2 of labels, and 3 of their own for each of the three versions.
	if u.Chunks != 7+2+9 {
		t.Fatalf("%+v", u)
	}
	w.server.Publish("leaf", "1.4.0", ttl, leafFiles(random(40, 300))...)
	w.clock.advance(ttl * time.Second)
	w.expect("", "1.4.0", cache.FromRegistry, cache.Fresh)
	if got := w.versions(); !slices.Equal(got, []string{"1.4.0", "1.3.0"}) {
		t.Fatal(got)
	}
}

func TestPinnedAndPointedVersionsStay(t *testing.T) {
	w := newWorld(t)
	w.opt = func(o *cache.Options) { o.KeepVersions = 1 }
	w.restart()
	w.expect("^1", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.server.Publish("leaf", "2.0.0", ttl, leafFiles(random(3, 300))...)
	w.expect("", "2.0.0", cache.FromRegistry, cache.Fresh)
	pin := func(on bool) {
		if err := w.db.Open().Touch(t.Context(), "leaf", "2.0.0", store.Patch{Pinned: &on}); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range []string{"3.0.0", "4.0.0"} {
		w.server.Publish("leaf", v, ttl, leafFiles(random(uint32(v[0]), 300))...)
		w.clock.advance(ttl * time.Second)
		pin(false) // a pinned version would answer
		held, err := w.cache.Get(t.Context(), "leaf", "2.0.0", nil)
		if err != nil {
			t.Fatal(err)
		}
		w.expect("", v, cache.FromRegistry, cache.Fresh)
		pin(true)
		held.Release()
	}
	if got := w.versions(); !slices.Equal(got, []string{"4.0.0", "2.0.0", "1.0.0"}) {
		t.Fatal(got)
	}
}

func TestEvict(t *testing.T) {
	w := newWorld(t)
	w.server.Publish("moss", "1.0.0", ttl, registrytest.File{Path: "m", Role: "model", Data: leafFiles(nil)[0].Data[:300]})
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	e, err := w.cache.Get(t.Context(), "moss", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	e.Release()
	w.took()
	w.asked()
	if err := w.cache.Evict(t.Context(), "leaf"); err != nil {
		t.Fatal(err)
	}
	if got := w.took(); !slices.Contains(got, cache.EventEvicted) || !slices.Contains(got, cache.EventReleased) {
		t.Fatal(got)
	}
	if u, _ := w.db.Open().Usage(t.Context()); u.Chunks != 3 || u.Records != 1 {
		t.Fatalf("%+v: what moss shares must stay", u)
	}
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	if n := registrytest.ModelBytes(w.asked()); n != leafBytes-300 {
		t.Fatalf("%d bytes", n)
	}
	if err := w.cache.Evict(t.Context(), "nothing"); err != nil {
		t.Fatal(err)
	}
}

func TestMemoryBudget(t *testing.T) {
	w := newWorld(t)
	w.server.Publish("leaf", "2.0.0", ttl, leafFiles(random(3, 500))...)
	w.opt = func(o *cache.Options) { o.MemoryBytes = 3500 } // one version with its files, not two
	w.restart()
	w.expect("1.0.0", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.expect("1.0.0", "1.0.0", cache.FromMemory, cache.Fresh)
	held, err := w.cache.Get(t.Context(), "leaf", "1.0.0", nil)
	if err != nil {
		t.Fatal(err)
	}
	w.took()
	w.expect("2.0.0", "2.0.0", cache.FromRegistry, cache.Fresh)
	w.expect("1.0.0", "1.0.0", cache.FromMemory, cache.Fresh) // in use: never dropped
	if got := w.took(); !slices.Contains(got, cache.EventReleased) {
		t.Fatal(got)
	}
	s, err := w.cache.Stats(t.Context())
	if err != nil || s.MemoryBytes > s.MemoryBudget || s.MemoryEntries != 1 || s.Leases != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	held.Release()
	w.expect("2.0.0", "2.0.0", cache.FromStore, cache.Fresh)
	w.expect("1.0.0", "1.0.0", cache.FromStore, cache.Fresh)
}

func TestNothingKeptWithoutUse(t *testing.T) {
	w := newWorld(t)
	w.opt = func(o *cache.Options) { o.MemoryBytes = -1 }
	w.restart()
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
	if s, err := w.cache.Stats(t.Context()); err != nil || s.MemoryEntries != 0 || s.MemoryBytes != 0 {
		t.Fatalf("%+v, %v", s, err)
	}
}

func TestAbandonedDownloadIsCollected(t *testing.T) {
	w := newWorld(t)
	failWrite(w, 6, &store.Error{Code: store.Internal, Op: "put"}) // after the index, the note and three chunks
	w.fails("", cache.Internal)
	w.restart()
	if u, _ := w.db.Open().Usage(t.Context()); u.Chunks != 3 {
		t.Fatalf("%+v: an interrupted download is kept", u)
	}
	w.clock.advance(8 * 24 * time.Hour)
	w.restart()
	if u, _ := w.db.Open().Usage(t.Context()); u.Chunks != 0 {
		t.Fatalf("%+v: but not forever", u)
	}
}

func TestNoGarbageCollectionDuringDownload(t *testing.T) {
	w := newWorld(t)
	var opened bool
	e, err := w.cache.Get(t.Context(), "leaf", "", func(p cache.Progress) {
		if p.Loaded >= 500 && !opened {
			opened = true
			w.open() // another tab starts, and would collect
		}
	})
	if err != nil || !opened {
		t.Fatal(err, opened)
	}
	w.check(e)
	e.Release()
	if n := registrytest.ModelBytes(w.asked()); n != leafBytes {
		t.Fatalf("%d bytes", n)
	}
}

func TestNoRegistry(t *testing.T) {
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.opt = func(o *cache.Options) { o.Registry = nil }
	w.restart()
	w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
	w.clock.advance(ttl * time.Second)
	w.expect("", "1.0.0", cache.FromStore, cache.Stale)
	w.fails("^7", cache.Offline)
}

func TestFileErrors(t *testing.T) {
	w := newWorld(t)
	e, err := w.cache.Get(t.Context(), "leaf", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"card.md", "nothing", "", "../x"} {
		if _, err := e.File(t.Context(), path, nil); cache.CodeOf(err) != cache.NotFound {
			t.Errorf("%q: %v", path, err)
		}
	}
	var last cache.Progress
	if _, err := e.File(t.Context(), "model.onnx", func(p cache.Progress) { last = p }); err != nil || last != (cache.Progress{Phase: cache.PhaseVerify, Loaded: 1000, Total: 1000, File: "model.onnx"}) {
		t.Errorf("%+v, %v", last, err)
	}
	if string(e.Manifest()) != string(w.server.Get("leaf/1.0.0/manifest.json")) {
		t.Error("the manifest is not what the registry sent")
	}
}

// TestTidiesOnce downloads several models in a row: the store is put in order once, when
// the last is a while ago, and not at all after Close.
func TestTidiesOnce(t *testing.T) {
	w := newWorld(t)
	tidied := 0
	w.faults.Before = func(op string) error {
		if op == "compact" {
			tidied++
		}
		return nil
	}
	for i := range 5 {
		name := []string{"moss", "fern", "reed", "sage", "oak"}[i]
		w.server.Publish(name, "1.0.0", ttl, leafFiles(random(uint32(i), 100))...)
		e, err := w.cache.Get(t.Context(), name, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		e.Release()
		w.clock.advance(9 * time.Second)
	}
	if tidied != 0 {
		t.Errorf("tidied %d times between downloads", tidied)
	}
	for range 2 {
		if w.clock.advance(time.Second); tidied != 1 {
			t.Errorf("tidied %d times, want once", tidied)
		}
	}
	w.restart() // which closes the one before
	w.cache.Close()
	w.clock.mu.Lock()
	defer w.clock.mu.Unlock()
	if n := len(w.clock.timers); n != 0 {
		t.Errorf("%d timers are left of closed caches", n)
	}
}
