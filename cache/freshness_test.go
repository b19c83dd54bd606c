package cache_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/registry/registrytest"
)

func TestFirstAndSecondGet(t *testing.T) {
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.wantAsked("index.json", "leaf/1.0.0/manifest.json", "leaf/1.0.0/model.onnx", "leaf/1.0.0/labels.json")
	w.expect("", "1.0.0", cache.FromMemory, cache.Fresh)
	w.restart()
	w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
	w.expect("latest", "1.0.0", cache.FromMemory, cache.Fresh)
	w.expect("1.0.0", "1.0.0", cache.FromStore, cache.Fresh)
	w.wantAsked()
	w.clock.advance((ttl - 1) * time.Second)
	w.expect("", "1.0.0", cache.FromMemory, cache.Fresh)
	w.wantAsked()
}

func TestExpiredAsksForDocumentsOnly(t *testing.T) {
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.asked()
	for _, restart := range []bool{false, true} {
		w.clock.advance(ttl * time.Second)
		if restart {
			w.restart()
		}
		w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
		for _, r := range w.wantAsked("index.json", "leaf/1.0.0/manifest.json") {
			if r.Status != http.StatusNotModified || r.Bytes != 0 {
				t.Fatalf("%+v", r)
			}
		}
		w.expect("", "1.0.0", cache.FromMemory, cache.Fresh)
		w.restart()
		w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
		w.wantAsked()
	}
}

func TestSameVersionWithoutETag(t *testing.T) {
	// A host without validators sends the documents again, but no model bytes.
	w := newWorld(t)
	w.server.Break(func(rw http.ResponseWriter, r *http.Request) bool {
		rw.Header().Del("ETag")
		r.Header.Del("If-None-Match")
		return false
	})
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.asked()
	w.clock.advance(ttl * time.Second)
	w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
	if reqs := w.wantAsked("index.json", "leaf/1.0.0/manifest.json"); reqs[1].Status != 200 {
		t.Fatalf("%+v", reqs)
	}
}

func TestNewVersionFetchesWhatDiffers(t *testing.T) {
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.server.Publish("leaf", "1.1.0", ttl, leafFiles(random(7, 150))...)
	w.asked()
	w.expect("", "1.0.0", cache.FromMemory, cache.Fresh) // still fresh: nobody asks
	w.clock.advance(ttl * time.Second)
	w.took()
	w.expect("", "1.1.0", cache.FromRegistry, cache.Fresh)
	reqs := w.wantAsked("index.json", "leaf/1.1.0/manifest.json", "leaf/1.1.0/model.onnx")
	if reqs[2].Range != "bytes=800-999" || reqs[2].Bytes != 200 {
		t.Fatalf("%+v", reqs[2])
	}
	if got := w.took(); !slices.Contains(got, cache.EventCommitted) {
		t.Fatal(got)
	}
	s, err := w.cache.Stats(t.Context())
	if err != nil || s.BytesDownloaded != leafBytes+200 || s.BytesReused != leafBytes-200 {
		t.Fatalf("%+v, %v", s, err)
	}
	// The version before stays, for those who ask for it, without any request but to check.
	w.expect("1.0.0", "1.0.0", cache.FromStore, cache.Fresh)
	w.wantAsked("index.json", "leaf/1.0.0/manifest.json")
}

func TestRangesArePointersOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	w.server.Publish("leaf", "2.0.0", ttl, leafFiles(random(8, 500))...)
	w.expect("^1", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.expect("", "2.0.0", cache.FromRegistry, cache.Fresh)
	w.server.Publish("leaf", "1.5.0", ttl, leafFiles(random(9, 100))...)
	w.expect("^1", "1.0.0", cache.FromMemory, cache.Fresh)
	w.clock.advance(ttl * time.Second)
	w.expect("^1", "1.5.0", cache.FromRegistry, cache.Fresh)
	w.expect("~2.0", "2.0.0", cache.FromStore, cache.Fresh)
	list, err := w.cache.List(t.Context())
	if err != nil || len(list) != 3 || list[0].Version != "2.0.0" || !slices.Equal(list[1].Selectors, []string{"^1"}) {
		t.Fatalf("%+v, %v", list, err)
	}
}

func TestRepublishedVersion(t *testing.T) {
	// The same version number with other content: the manifest's digest tells.
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.server = func() *registrytest.Server {
		s := registrytest.New(t, 100)
		s.Publish("leaf", "1.0.0", ttl, leafFiles(random(5, 100))...)
		return s
	}()
	w.restart()
	w.clock.advance(ttl * time.Second)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	if n := registrytest.ModelBytes(w.asked()); n != 100 {
		t.Fatalf("%d bytes", n)
	}
}

func TestNetworkDown(t *testing.T) {
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.server.Close()
	w.expect("", "1.0.0", cache.FromMemory, cache.Fresh)
	w.restart()
	w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
	w.clock.advance(ttl * time.Second)
	for range 2 {
		w.expect("", "1.0.0", cache.FromStore, cache.Stale)
	}
	// A guess, when what was asked for was never resolved, is stale even if it is young.
	w.clock.advance(-1800 * time.Second)
	w.expect("^1", "1.0.0", cache.FromStore, cache.Stale)
	w.expect("^1", "1.0.0", cache.FromStore, cache.Stale)
	w.fails("^2", cache.Offline)
	w.fails("stable", cache.Offline)
	if got := w.took(); !slices.Contains(got, cache.EventStale) || !slices.Contains(got, cache.EventFailed) {
		t.Fatal(got)
	}
	e, err := w.cache.Get(t.Context(), "moss", "", nil)
	if e != nil || cache.CodeOf(err) != cache.Offline || !strings.Contains(err.Error(), "connect to the network once") {
		t.Fatal(err)
	}
}

func TestServerTroubleServesStale(t *testing.T) {
	for _, c := range []struct {
		name  string
		path  string
		serve string // instead of the document; "" answers 500
	}{
		{"index down", "index.json", ""},
		{"index garbage", "index.json", "\x00garbage"},
		{"index of a newer Larder", "index.json", `{"schema":7}`},
		{"index without the model", "index.json", `{"schema":1,"models":{}}`},
		{"manifest down", "leaf/2.0.0/manifest.json", ""},
		{"manifest garbage", "leaf/2.0.0/manifest.json", "{"},
		{"manifest of another model", "leaf/2.0.0/manifest.json", `{"schema":1,"name":"moss","version":"2.0.0","files":[]}`},
		{"file down", "leaf/2.0.0/model.onnx", ""},
		{"file truncated", "leaf/2.0.0/model.onnx", "short"},
		{"file corrupt", "leaf/2.0.0/model.onnx", strings.Repeat("x", 1000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
			w.server.Publish("leaf", "2.0.0", ttl, leafFiles(random(3, 1000))...)
			good := w.server.Get(c.path)
			w.server.Break(func(rw http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/models/"+c.path {
					return false
				}
				if c.serve == "" {
					rw.WriteHeader(500)
				}
				rw.Write([]byte(c.serve))
				return true
			})
			w.clock.advance(ttl * time.Second)
			w.expect("", "1.0.0", cache.FromStore, cache.Stale)
			if _, err := w.cache.Refresh(t.Context(), "leaf", nil); err == nil {
				t.Fatal("Refresh hides the failure")
			}
			w.restart()
			w.expect("", "1.0.0", cache.FromStore, cache.Stale)
			w.server.Break(nil)
			w.server.Put(c.path, good)
			w.expect("", "2.0.0", cache.FromRegistry, cache.Fresh)
		})
	}
}

func TestClockSetBack(t *testing.T) {
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.asked()
	w.clock.advance(-24 * time.Hour)
	w.expect("", "1.0.0", cache.FromStore, cache.Fresh) // asked again, and confirmed now
	w.wantAsked("index.json", "leaf/1.0.0/manifest.json")
	w.restart()
	w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
	w.wantAsked()
	w.server.Close()
	w.clock.advance(-24 * time.Hour)
	w.restart()
	e, err := w.cache.Get(t.Context(), "leaf", "", nil)
	if err != nil || e.Freshness != cache.Stale || e.NextRefresh.After(w.clock.Now()) {
		t.Fatalf("%+v, %v", e, err)
	}
	e.Release()
}

func TestZeroAndMissingTTL(t *testing.T) {
	w := newWorld(t)
	w.server.Publish("leaf", "2.0.0", 0, leafFiles(nil)...)
	w.expect("", "2.0.0", cache.FromRegistry, cache.Stale) // expired the moment it came
	w.asked()
	w.expect("", "2.0.0", cache.FromStore, cache.Stale)
	w.wantAsked("index.json", "leaf/2.0.0/manifest.json")
	w.server.Publish("leaf", "3.0.0", -1, leafFiles(nil)...)
	w.expect("", "3.0.0", cache.FromRegistry, cache.Fresh)
	w.clock.advance(24*time.Hour - time.Second)
	w.expect("", "3.0.0", cache.FromMemory, cache.Fresh)
}

func TestRevalidationIsBounded(t *testing.T) {
	// The registry accepts the connection and says nothing: after RevalidateTimeout the
	// stored version serves.
	w := newWorld(t)
	w.opt = func(o *cache.Options) { o.RevalidateTimeout = 5 * time.Second }
	w.restart()
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	gate, reached := make(chan struct{}), make(chan struct{}, 10)
	defer close(gate)
	w.server.Break(func(http.ResponseWriter, *http.Request) bool { reached <- struct{}{}; <-gate; return true })
	w.clock.advance(ttl * time.Second)
	done := make(chan struct{})
	go func() {
		defer close(done)
		e, err := w.cache.Get(t.Context(), "leaf", "", nil)
		if err != nil || e.Freshness != cache.Stale {
			t.Errorf("%+v, %v", e, err)
		}
	}()
	<-reached
	w.clock.advance(5 * time.Second)
	<-done
}

func TestRefresh(t *testing.T) {
	w := newWorld(t)
	if _, err := w.cache.Refresh(t.Context(), "leaf", nil); cache.CodeOf(err) != cache.NotFound {
		t.Fatal(err)
	}
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.asked()
	w.took()
	before, err := w.cache.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.clock.advance(time.Second)
	infos, err := w.cache.Refresh(t.Context(), "leaf", nil)
	if err != nil || len(infos) != 1 {
		t.Fatal(infos, err)
	}
	// Nobody has used it by that.
	if got := w.took(); infos[0].Hits != before[0].Hits || !infos[0].UsedAt.Equal(before[0].UsedAt) || slices.Contains(got, cache.EventServed) {
		t.Fatal(got, before, infos)
	}
	w.wantAsked("index.json", "leaf/1.0.0/manifest.json")
	w.server.Publish("leaf", "1.1.0", ttl, leafFiles(random(7, 150))...)
	if infos, err = w.cache.Refresh(t.Context(), "leaf", nil); err != nil || len(infos) != 2 || infos[0].Version != "1.1.0" {
		t.Fatal(infos, err)
	}
	w.expect("", "1.1.0", cache.FromMemory, cache.Fresh)
	w.server.Close()
	if _, err := w.cache.Refresh(t.Context(), "leaf", nil); cache.CodeOf(err) != cache.Offline {
		t.Fatal(err)
	}
}

func TestRefreshOfWhatIsGone(t *testing.T) {
	w := newWorld(t)
	if got, err := w.cache.Renew(t.Context(), "leaf", nil); err != nil || len(got) != 0 || len(w.took()) != 0 {
		t.Fatal("heard of a model that is not stored:", got, err)
	}
	w.expect("1.0.0", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
	w.server.Publish("leaf", "2.0.0", ttl, leafFiles(random(7, 150))...)
	w.server.Put("index.json", []byte(`{"schema":1,"models":{"leaf":{"versions":["2.0.0"]}}}`))
	for name, refresh := range map[string]func(context.Context, string, func(cache.Progress)) ([]cache.Info, error){"renew": w.cache.Renew, "refresh": w.cache.Refresh} {
		if infos, err := refresh(t.Context(), "leaf", nil); err != nil || len(infos) != 2 {
			t.Fatal(name, infos, err)
		}
	}
	w.expect("", "2.0.0", cache.FromMemory, cache.Fresh)
	w.expect("1.0.0", "1.0.0", cache.FromMemory, cache.Fresh)
	// With the whole model gone the answer is that it is gone.
	w.server.Put("index.json", []byte(`{"schema":1,"models":{"moss":{"versions":["2.0.0"]}}}`))
	w.took()
	if infos, err := w.cache.Renew(t.Context(), "leaf", nil); err != nil || len(infos) != 2 || len(w.took()) != 0 {
		t.Fatal(infos, err)
	}
	if _, err := w.cache.Refresh(t.Context(), "leaf", nil); cache.CodeOf(err) != cache.NotFound {
		t.Fatal(err)
	}
	w.expect("", "2.0.0", cache.FromMemory, cache.Fresh)
}

func TestInvalidRequests(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, selector string
		code           cache.Code
		text           string
	}{
		{"", "", cache.InvalidInput, "name"},
		{"../leaf", "", cache.InvalidInput, "name"},
		{"leaf", ">=1", cache.InvalidInput, "not understood"},
		{"leef", "", cache.NotFound, "it has leaf"},
		{"leaf", "^9", cache.NotFound, "there are 1.0.0"},
	} {
		e, err := w.cache.Get(t.Context(), c.name, c.selector, nil)
		if e != nil || cache.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%q %q: %v", c.name, c.selector, err)
		}
	}
	if _, err := cache.New(cache.Options{}); cache.CodeOf(err) != cache.InvalidInput {
		t.Error(err)
	}
	w.cache.Close()
	w.fails("", cache.Closed)
}

func TestIndex(t *testing.T) {
	w := newWorld(t)
	ix, stale, err := w.cache.Index(t.Context())
	if err != nil || stale || ix.Model("leaf") == nil {
		t.Fatal(ix, stale, err)
	}
	w.server.Close()
	ix, stale, err = w.cache.Index(t.Context())
	if err != nil || !stale || ix.Model("leaf") == nil {
		t.Fatal(ix, stale, err)
	}
}

// TestSameTimesEverywhere asks several tiers when a version expires, by a clock that does
// not tick in whole milliseconds: memory, the list, and another Cache on the store agree.
func TestSameTimesEverywhere(t *testing.T) {
	w := newWorld(t)
	w.clock.advance(123456789)
	for range 2 { // downloaded, then confirmed
		e, err := w.cache.Get(t.Context(), "leaf", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		e.Release()
		list, err := w.cache.List(t.Context())
		if err != nil || !list[0].NextRefresh.Equal(e.NextRefresh) || !list[0].CheckedAt.Equal(e.CheckedAt) || !list[0].CommittedAt.Equal(e.CommittedAt) {
			t.Errorf("Get says %+v, List %+v, %v", e.State, list, err)
		}
		other, err := w.open().Get(t.Context(), "leaf", "", nil)
		if err != nil || other.State != e.State {
			t.Errorf("here %+v, elsewhere %+v, %v", e.State, other.State, err)
		}
		other.Release()
		w.clock.advance(ttl*time.Second + 987654)
	}
}
