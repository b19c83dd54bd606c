package cache_test

import (
	"slices"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/store"
)

// publish adds a version whose last 300 bytes of weights are its own, and lets the
// stored one expire.
func (w *world) publish(version string) {
	w.t.Helper()
	w.server.Publish("leaf", version, ttl, leafFiles(random(uint32(version[0])*256+uint32(version[2]), 300))...)
	w.clock.advance(ttl * time.Second)
}

func TestRollback(t *testing.T) {
	w := newWorld(t)
	if _, err := w.cache.Rollback(t.Context(), "leaf"); cache.CodeOf(err) != cache.NotFound {
		t.Fatal(err)
	}
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	if _, err := w.cache.Rollback(t.Context(), "leaf"); cache.CodeOf(err) != cache.NotFound {
		t.Fatal(err)
	}
	w.publish("2.0.0")
	w.expect("", "2.0.0", cache.FromRegistry, cache.Fresh)
	w.expect("^2", "2.0.0", cache.FromStore, cache.Fresh)
	w.expect("2.0.0", "2.0.0", cache.FromStore, cache.Fresh)
	held, err := w.cache.Get(t.Context(), "leaf", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	w.took()
	v, err := w.cache.Rollback(t.Context(), "leaf")
	if err != nil || v != "1.0.0" {
		t.Fatal(v, err)
	}
	if got := w.took(); !slices.Contains(got, cache.EventRolledBack) {
		t.Fatal(got)
	}
	w.check(held) // who uses the other one goes on with it
	held.Release()
	w.asked()
	w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
	w.expect("^2", "2.0.0", cache.FromStore, cache.Fresh)    // 1.0.0 is none of these
	w.expect("2.0.0", "2.0.0", cache.FromStore, cache.Fresh) // nor this
	w.wantAsked("index.json")                                // 1.0.0 was confirmed long ago

	// The registry still says 2.0.0: nobody is moved, also after a restart.
	for range 2 {
		w.clock.advance(ttl * time.Second)
		w.restart()
		w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
		for _, r := range w.asked() {
			if r.Path != "index.json" {
				t.Fatalf("asked for %s", r.Path)
			}
		}
	}
	// A newer one is taken.
	w.publish("3.0.0")
	w.expect("", "3.0.0", cache.FromRegistry, cache.Fresh)
	// And undone again, until the user asks.
	if v, err := w.cache.Rollback(t.Context(), "leaf"); err != nil || v != "2.0.0" {
		t.Fatal(v, err)
	}
	w.clock.advance(ttl * time.Second)
	w.expect("", "2.0.0", cache.FromStore, cache.Fresh)
	if _, err := w.cache.Renew(t.Context(), "leaf", nil); err != nil { // nobody asked
		t.Fatal(err)
	}
	w.expect("", "2.0.0", cache.FromMemory, cache.Fresh)
	if _, err := w.cache.Refresh(t.Context(), "leaf", nil); err != nil {
		t.Fatal(err)
	}
	w.expect("", "3.0.0", cache.FromMemory, cache.Fresh)
}

func TestRollbackOfADamagedVersion(t *testing.T) {
	// What was rolled back to loses a chunk: it is mended, not replaced by the other.
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	ref := w.chunksOf("1.0.0")[9]
	w.publish("2.0.0")
	w.expect("", "2.0.0", cache.FromRegistry, cache.Fresh)
	if _, err := w.cache.Rollback(t.Context(), "leaf"); err != nil {
		t.Fatal(err)
	}
	if err := w.db.Open().DeleteChunks(t.Context(), []store.Digest{ref.Digest}); err != nil {
		t.Fatal(err)
	}
	w.restart()
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.clock.advance(ttl * time.Second)
	w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
	// And if it cannot go back, it does not.
	if err := w.db.Open().Remove(t.Context(), "leaf", "1.0.0"); err != nil {
		t.Fatal(err)
	}
	w.restart()
	if _, err := w.cache.Rollback(t.Context(), "leaf"); cache.CodeOf(err) != cache.NotFound {
		t.Fatal(err)
	}
}

func TestPinnedStaysTheAnswer(t *testing.T) {
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	if err := w.cache.Pin(t.Context(), "leaf", "", true); err != nil {
		t.Fatal(err)
	}
	w.publish("2.0.0")
	w.asked()
	w.expect("", "1.0.0", cache.FromStore, cache.Stale)
	w.restart()
	w.expect("", "1.0.0", cache.FromStore, cache.Stale)
	w.wantAsked()
	if _, err := w.cache.Renew(t.Context(), "leaf", nil); err != nil {
		t.Fatal(err)
	}
	w.wantAsked()
	w.expect("", "1.0.0", cache.FromStore, cache.Stale)
	// Who asks for it gets the new one, and that is pinned.
	if _, err := w.cache.Refresh(t.Context(), "leaf", nil); err != nil {
		t.Fatal(err)
	}
	w.publish("3.0.0")
	w.expect("", "2.0.0", cache.FromStore, cache.Stale)
	list, err := w.cache.List(t.Context())
	if err != nil || len(list) != 2 || !list[0].Pinned || list[1].Pinned {
		t.Fatal(list, err)
	}
	if err := w.cache.Pin(t.Context(), "leaf", "", false); err != nil {
		t.Fatal(err)
	}
	w.expect("", "3.0.0", cache.FromRegistry, cache.Fresh)
}
