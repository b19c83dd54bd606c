package cache_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"larder/cache"
)

// company connects Caches as the tabs of an origin are.
type company struct {
	mu      sync.Mutex
	hearers []*peer
}

type peer struct {
	*company
	fn func(cache.Event)
}

func (c *company) join() *peer {
	p := &peer{company: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hearers = append(c.hearers, p)
	return p
}

func (p *peer) Tell(e cache.Event) {
	p.mu.Lock()
	hearers := slices.Clone(p.hearers)
	p.mu.Unlock()
	for _, h := range hearers {
		if h != p && h.fn != nil {
			h.fn(e)
		}
	}
}

func (p *peer) Hear(fn func(cache.Event)) func() {
	p.fn = fn
	return func() { p.fn = nil }
}

// inCompany makes a world of two Caches, the world's own and another one, and somebody
// who says what a third one would.
func inCompany(t *testing.T) (w *world, other *cache.Cache, third *peer) {
	w = newWorld(t)
	all := &company{}
	w.opt = func(o *cache.Options) { o.Peers = all.join() }
	w.restart()
	return w, w.open(), all.join()
}

func TestPeers(t *testing.T) {
	for _, tt := range []struct {
		name string
		// does is what the other Cache does once both have 1.1.0 in memory and 1.0.0 is stored.
		does    func(*world, *cache.Cache) error
		version string // that answers then
		from    cache.Source
		heard   cache.EventKind
	}{
		{"rollback", func(w *world, other *cache.Cache) error {
			_, err := other.Rollback(w.t.Context(), "leaf")
			return err
		}, "1.0.0", cache.FromStore, cache.EventRolledBack},
		{"refresh", func(w *world, other *cache.Cache) error {
			w.server.Publish("leaf", "1.2.0", ttl, leafFiles([]byte("new"))...)
			_, err := other.Refresh(w.t.Context(), "leaf", nil)
			return err
		}, "1.2.0", cache.FromStore, cache.EventUpdated},
		{"evict", func(w *world, other *cache.Cache) error { return other.Evict(w.t.Context(), "leaf") }, "1.1.0", cache.FromRegistry, cache.EventEvicted},
		{"pin", func(w *world, other *cache.Cache) error { return other.Pin(w.t.Context(), "leaf", "", true) }, "1.1.0", cache.FromStore, cache.EventPinned},
		{"verify", func(w *world, other *cache.Cache) error {
			_, err := other.Verify(w.t.Context(), "leaf", nil)
			return err
		}, "1.1.0", cache.FromMemory, cache.EventVerified},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, other, _ := inCompany(t)
			w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
			w.server.Publish("leaf", "1.1.0", ttl, leafFiles([]byte("1.1"))...)
			w.clock.advance(2 * ttl * time.Second)
			w.expect("", "1.1.0", cache.FromRegistry, cache.Fresh)
			w.expect("", "1.1.0", cache.FromMemory, cache.Fresh)
			w.took()
			if err := tt.does(w, other); err != nil {
				t.Fatal(err)
			}
			w.mu.Lock()
			heard := slices.ContainsFunc(w.events, func(e cache.Event) bool { return e.Kind == tt.heard && e.Elsewhere && e.Name == "leaf" })
			w.mu.Unlock()
			if !heard {
				t.Errorf("nothing was heard: %v", w.events)
			}
			if st, err := w.cache.Stats(t.Context()); err != nil || tt.name == "evict" && st.MemoryEntries != 0 {
				t.Errorf("what was evicted is in memory yet: %d entries, %v", st.MemoryEntries, err)
			}
			w.expect("", tt.version, tt.from, cache.Fresh)
		})
	}
}

// TestPeersDuringGet has something change elsewhere while a Get is on its way: what it has
// found may be the old answer, and is not kept as the answer in memory.
func TestPeersDuringGet(t *testing.T) {
	w, _, third := inCompany(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.clock.advance(2 * ttl * time.Second)
	w.server.Break(func(http.ResponseWriter, *http.Request) bool {
		third.Tell(cache.Event{Kind: cache.EventRolledBack, Name: "leaf"})
		return false
	})
	w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
	w.server.Break(nil)
	w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
	w.expect("", "1.0.0", cache.FromMemory, cache.Fresh)
}

// TestPeersAreNotEchoed sees that what was heard is not told again, nor what others cannot
// use.
func TestPeersAreNotEchoed(t *testing.T) {
	w, _, third := inCompany(t)
	told := 0
	third.Hear(func(e cache.Event) {
		if !e.Kind.Shared() || e.Elsewhere {
			t.Errorf("told %v", e)
		}
		told++
	})
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	if told != 1 {
		t.Errorf("told of %d events, want one: the commit", told)
	}
	third.Tell(cache.Event{Kind: cache.EventPinned, Name: "leaf"})
	w.cache.Close()
	third.Tell(cache.Event{Kind: cache.EventPinned, Name: "leaf"})
	if told != 1 {
		t.Errorf("told of %d events", told)
	}
}
