package cache_test

import (
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"testing/synctest"

	"larder/cache"
	"larder/cache/registry/httpfetch"
	"larder/cache/registry/registrytest"
	"larder/cache/store/memstore"
)

func TestPrefetch(t *testing.T) {
	w := newWorld(t)
	if v, err := w.cache.Prefetch(t.Context(), "leaf", "^1", nil); err != nil || v != "1.0.0" {
		t.Fatal(v, err)
	}
	if s, _ := w.cache.Stats(t.Context()); s.Leases != 0 {
		t.Fatalf("%+v", s)
	}
	w.asked()
	w.expect("^1", "1.0.0", cache.FromStore, cache.Fresh)
	w.wantAsked()
}

// inside hands requests to a server's handler without a network, so that synctest knows
// when everybody waits. Requests for files of one name go on one by one, when gate is
// received from.
type inside struct {
	handler http.Handler
	gated   string
	gate    chan string
}

func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	if path.Base(r.URL.Path) == i.gated {
		i.gate <- r.URL.Path
	}
	w := httptest.NewRecorder()
	i.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// inBubble runs a test with a Cache on a registry of two models, each in three parts, without
// clocks and connections of the outside.
func inBubble(t *testing.T, gated string, test func(t *testing.T, c *cache.Cache, gate <-chan string)) {
	server := registrytest.New(t, 1<<20)
	for i, name := range []string{"leaf", "other"} {
		server.Publish(name, "1.0.0", ttl, registrytest.File{Path: "model.onnx", Role: "model", Data: random(uint32(i+1), 12<<20)})
	}
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan string)
		from, err := httpfetch.New(server.URL+"/models", &http.Client{Transport: inside{server.Config.Handler, gated, gate}})
		if err != nil {
			t.Fatal(err)
		}
		c, err := cache.New(cache.Options{Store: memstore.New(), Registry: from})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		test(t, c, gate)
	})
}

// asks returns the models, or the documents, whose requests wait at the gate, and lets them go on.
func asks(gate <-chan string) (names []string) {
	synctest.Wait()
	for {
		select {
		case at := <-gate:
			names = append(names, strings.Split(at, "/")[2])
		default:
			return names
		}
	}
}

// TestPrefetchWaitsForOthers begins while a model is downloaded that somebody waits for.
func TestPrefetchWaitsForOthers(t *testing.T) {
	inBubble(t, "model.onnx", func(t *testing.T, c *cache.Cache, gate <-chan string) {
		go func() {
			e, err := c.Get(t.Context(), "leaf", "", nil)
			if err != nil {
				t.Error(err)
				return
			}
			e.Release()
		}()
		synctest.Wait()
		done := make(chan struct{})
		go func() {
			defer close(done)
			if _, err := c.Prefetch(t.Context(), "other", "", nil); err != nil {
				t.Error(err)
			}
		}()
		var order []string
		for now := asks(gate); len(now) > 0; now = asks(gate) {
			order = append(order, now...)
		}
		<-done
		if got := strings.Join(order, " "); got != "leaf leaf leaf other other other" {
			t.Errorf("asked for parts of %s", got)
		}
	})
}

// TestPrefetchTakesOneConnection compares it with a download that somebody waits for.
func TestPrefetchTakesOneConnection(t *testing.T) {
	for _, tt := range []struct {
		name string
		load func(*testing.T, *cache.Cache) error
		side int // parts that are asked for side by side; the first one shows whether the host has ranges
	}{
		{"get", func(t *testing.T, c *cache.Cache) error {
			e, err := c.Get(t.Context(), "leaf", "", nil)
			if err == nil {
				e.Release()
			}
			return err
		}, 2},
		{"prefetch", func(t *testing.T, c *cache.Cache) error {
			_, err := c.Prefetch(t.Context(), "leaf", "", nil)
			return err
		}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, "model.onnx", func(t *testing.T, c *cache.Cache, gate <-chan string) {
				done := make(chan error)
				go func() { done <- tt.load(t, c) }()
				side := 0
				for now := asks(gate); len(now) > 0; now = asks(gate) {
					side = max(side, len(now))
				}
				if side != tt.side {
					t.Errorf("%d parts at once, want %d", side, tt.side)
				}
				if err := <-done; err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}
