package cache_test

import (
	"bytes"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/registry/registrytest"
)

// offer publishes leaf with another freshness than a time to live alone.
func (w *world) offer(version, freshness string, files ...registrytest.File) {
	w.t.Helper()
	w.server.Publish("leaf", version, 77, files...)
	path := "leaf/" + version + "/manifest.json"
	manifest := w.server.Get(path)
	edited := bytes.Replace(manifest, []byte(`{"ttlSeconds":77}`), []byte(freshness), 1)
	if bytes.Equal(edited, manifest) {
		w.t.Fatalf("no freshness in %s", manifest)
	}
	w.server.Put(path, edited)
}

// hear returns a channel of the events of a kind from now on, of all these Caches or of
// the world's own.
func (w *world) hear(kind cache.EventKind, of ...*cache.Cache) <-chan cache.Event {
	if len(of) == 0 {
		of = append(of, w.cache)
	}
	out := make(chan cache.Event, 100)
	for _, c := range of {
		c.Subscribe(func(e cache.Event) {
			if e.Kind == kind {
				out <- e
			}
		})
	}
	return out
}

// settled waits until what was found behind is the answer of a Cache.
func (w *world) settled(c *cache.Cache) {
	w.t.Helper()
	for {
		e, err := c.Get(w.t.Context(), "leaf", "", nil)
		if err != nil {
			w.t.Fatal(err)
		}
		e.Release()
		if e.Freshness == cache.Fresh {
			return
		}
		runtime.Gosched()
	}
}

const swr = `{"ttlSeconds":100,"staleWhileRevalidateSeconds":50,"staleIfErrorSeconds":1000}`

func TestStaleWhileRevalidate(t *testing.T) {
	for _, tier := range []cache.Source{cache.FromMemory, cache.FromStore} {
		t.Run(string(tier), func(t *testing.T) {
			w := newWorld(t)
			w.offer("2.0.0", swr, leafFiles(nil)...)
			w.expect("", "2.0.0", cache.FromRegistry, cache.Fresh)
			w.clock.advance(99 * time.Second)
			w.expect("", "2.0.0", cache.FromMemory, cache.Fresh)
			w.asked()
			w.clock.advance(time.Second)
			if tier == cache.FromStore {
				w.restart()
			}

			// Unchanged: served at once, confirmed behind.
			checked, updated := w.hear(cache.EventChecked), w.hear(cache.EventUpdated)
			w.expect("", "2.0.0", tier, cache.Revalidating)
			<-checked
			w.settled(w.cache)
			w.wantAsked("index.json", "leaf/2.0.0/manifest.json")

			// A new version: the old one at once, then the new one and an event.
			w.offer("2.1.0", swr, leafFiles(random(4, 100))...)
			w.clock.advance(149 * time.Second)
			if tier == cache.FromStore {
				w.restart()
				updated = w.hear(cache.EventUpdated)
			}
			w.expect("", "2.0.0", tier, cache.Revalidating)
			if e := <-updated; e.Name != "leaf" || e.Version != "2.1.0" || e.Message != "2.0.0" {
				t.Fatalf("%+v", e)
			}
			w.asked()
			e, err := w.cache.Get(t.Context(), "leaf", "", nil)
			if err != nil || e.Version != "2.1.0" || e.Freshness != cache.Fresh {
				t.Fatalf("%+v, %v", e, err)
			}
			e.Release()
			w.wantAsked()
		})
	}
}

func TestStaleWhileRevalidateAsksOnce(t *testing.T) {
	w := newWorld(t)
	w.offer("2.0.0", swr, leafFiles(nil)...)
	w.expect("", "2.0.0", cache.FromRegistry, cache.Fresh)
	w.asked()
	gate := make(chan struct{})
	w.server.Break(func(http.ResponseWriter, *http.Request) bool { <-gate; return false })
	w.clock.advance(120 * time.Second)
	other := w.open() // another tab
	checked := w.hear(cache.EventChecked, w.cache, other)
	for range 50 {
		w.expect("", "2.0.0", cache.FromMemory, cache.Revalidating)
	}
	if e, err := other.Get(t.Context(), "leaf", "", nil); err != nil || e.Freshness != cache.Revalidating || e.Source != cache.FromStore {
		t.Fatalf("%+v, %v", e, err)
	}
	close(gate)
	// Either comes first. The other one finds under the lock that the work is done.
	<-checked
	w.settled(w.cache)
	w.settled(other)
	w.wantAsked("index.json", "leaf/2.0.0/manifest.json")
	if len(checked) > 0 {
		t.Errorf("checked again: %+v", <-checked)
	}
}

func TestStaleWhileRevalidateOffline(t *testing.T) {
	w := newWorld(t)
	w.offer("2.0.0", swr, leafFiles(nil)...)
	w.expect("", "2.0.0", cache.FromRegistry, cache.Fresh)
	w.server.Close()
	w.clock.advance(120 * time.Second)
	stale := w.hear(cache.EventStale)
	w.expect("", "2.0.0", cache.FromMemory, cache.Revalidating)
	if e := <-stale; e.Code != cache.Offline {
		t.Fatalf("%+v", e)
	}
	w.expect("", "2.0.0", cache.FromMemory, cache.Revalidating)
}

func TestStaleIfErrorEnds(t *testing.T) {
	w := newWorld(t)
	w.offer("2.0.0", swr, leafFiles(nil)...)
	w.expect("", "2.0.0", cache.FromRegistry, cache.Fresh)
	w.server.Close()
	w.clock.advance(1099 * time.Second)
	w.expect("", "2.0.0", cache.FromStore, cache.Stale)
	w.clock.advance(time.Second)
	err := w.fails("", cache.TooOld)
	if !strings.Contains(err.Error(), "connect to the network") {
		t.Fatal(err)
	}
	e, err := w.cache.Get(t.Context(), "leaf", "", nil, cache.AllowStale)
	if err != nil || e.Freshness != cache.Expired || e.Version != "2.0.0" {
		t.Fatalf("%+v, %v", e, err)
	}
	e.Release()
	w.restart()
	w.fails("", cache.TooOld)
	list, err := w.cache.List(t.Context())
	if err != nil || list[0].Freshness != cache.Expired || !list[0].UsableUntil.Equal(w.clock.Now()) {
		t.Fatalf("%+v, %v", list, err)
	}
	// A clock that was set back says nothing about age: stale, not refused.
	w.clock.advance(-48 * time.Hour)
	w.expect("", "2.0.0", cache.FromStore, cache.Stale)
	// And one that jumps far ahead refuses, until the registry answers.
	w.clock.advance(50 * 365 * 24 * time.Hour)
	w.fails("", cache.TooOld)
}

func TestExpiredIsConfirmed(t *testing.T) {
	w := newWorld(t)
	w.offer("2.0.0", swr, leafFiles(nil)...)
	w.expect("", "2.0.0", cache.FromRegistry, cache.Fresh)
	w.clock.advance(365 * 24 * time.Hour)
	w.expect("", "2.0.0", cache.FromStore, cache.Fresh)
}

func TestSchedule(t *testing.T) {
	// The clock starts on 21 November 2026, 12:00 UTC.
	for _, tt := range []struct{ name, freshness, next string }{
		{"the 10th in Berlin", `{"schedule":{"day":10,"time":"07:00","zone":"Europe/Berlin"}}`, "2026-12-10T06:00:00Z"},
		{"cron in UTC", `{"schedule":{"cron":"0 7 22 * *"}}`, "2026-11-22T07:00:00Z"},
		{"the earlier one, ttl", `{"ttlSeconds":3600,"schedule":{"time":"07:00"}}`, "2026-11-21T13:00:00Z"},
		{"the earlier one, schedule", `{"ttlSeconds":360000,"schedule":{"time":"13:00","zone":"Europe/London"}}`, "2026-11-21T13:00:00Z"},
		{"a zone that nobody knows", `{"schedule":{"time":"13:00","zone":"Mars/Olympus"}}`, "2026-11-21T13:00:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if runtime.GOOS == "js" && strings.Contains(tt.freshness, "Europe/") {
				t.Skip("a program in a browser asks its host for zones, which the tests of wasm/bridge do")
			}
			w := newWorld(t)
			w.offer("2.0.0", tt.freshness, leafFiles(nil)...)
			w.expect("", "2.0.0", cache.FromRegistry, cache.Fresh)
			list, err := w.cache.List(t.Context())
			next, _ := time.Parse(time.RFC3339, tt.next)
			if err != nil || !list[0].NextRefresh.Equal(next) {
				t.Fatalf("%+v, %v", list, err)
			}
			w.asked()
			w.clock.advance(next.Sub(w.clock.Now()) - time.Second)
			w.expect("", "2.0.0", cache.FromMemory, cache.Fresh)
			w.wantAsked()
			w.clock.advance(time.Second)
			w.expect("", "2.0.0", cache.FromStore, cache.Fresh) // asked and confirmed
			w.wantAsked("index.json", "leaf/2.0.0/manifest.json")
		})
	}
}

func TestSystemClockHasNoMonotonicReading(t *testing.T) {
	if now := cache.SystemClock().Now(); strings.Contains(now.String(), "m=") {
		t.Errorf("%s: a machine that sleeps would take what is old for fresh", now)
	}
}
