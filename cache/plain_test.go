package cache_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/store"
)

// host is a web host with one file and no registry.
type host struct {
	*httptest.Server
	mu     sync.Mutex
	data   []byte
	etag   string // none: ""
	short  int    // bytes that the answer lacks to a Range, which does not say how long it is
	cut    int    // bytes after which the connection breaks; 0: never
	status int    // instead of the file
	bytes  int64
	asked  []string // Range, If-None-Match and status of each request
}

func newHost(t *testing.T, w *world, data []byte) *host {
	h := &host{data: data, etag: `"one"`}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.Close)
	w.asked()
	return h
}

func (h *host) url() string { return h.URL + "/some/model.onnx?download=1" }

func (h *host) serve(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := &limited{ResponseWriter: w, h: h, left: h.cut}
	defer func() {
		h.bytes += out.wrote
		h.asked = append(h.asked, fmt.Sprintf("%s|%s|%d", r.Header.Get("Range"), r.Header.Get("If-None-Match"), out.status))
	}()
	if h.status != 0 {
		out.WriteHeader(h.status)
		return
	}
	if h.etag != "" {
		w.Header().Set("ETag", h.etag)
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if from := 0; h.short > 0 && r.Header.Get("Range") != "" {
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(h.data)-1, len(h.data)))
		out.WriteHeader(206)
		w.(http.Flusher).Flush()
		out.Write(h.data[from : len(h.data)-h.short])
		return
	}
	http.ServeContent(out, r, "", time.Time{}, bytes.NewReader(h.data))
}

type limited struct {
	http.ResponseWriter
	h      *host
	left   int
	wrote  int64
	status int
}

func (l *limited) WriteHeader(s int) { l.status = s; l.ResponseWriter.WriteHeader(s) }

func (l *limited) Write(p []byte) (int, error) {
	if l.h.cut > 0 && len(p) > l.left {
		l.ResponseWriter.Write(p[:l.left])
		l.wrote += int64(l.left)
		l.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	l.left -= len(p)
	l.wrote += int64(len(p))
	return l.ResponseWriter.Write(p)
}

// took returns the requests and bytes since the last call.
func (h *host) took() ([]string, int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a, b := h.asked, h.bytes
	h.asked, h.bytes = nil, 0
	return a, b
}

func (h *host) set(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

// plain gets the file and checks it.
func (w *world) plain(h *host, version string, from cache.Source, how cache.Freshness) {
	w.t.Helper()
	e, err := w.cache.Get(w.t.Context(), h.url(), "", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	defer e.Release()
	if e.Version != version || e.Source != from || e.Freshness != how || !e.Plain() {
		w.t.Fatalf("%s from %s, %s; want %s from %s, %s", e.Version, e.Source, e.Freshness, version, from, how)
	}
	f, err := e.File(w.t.Context(), cache.PlainFile, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if data, err := f.Bytes(); err != nil || !bytes.Equal(data, h.data) && how == cache.Fresh {
		w.t.Fatalf("not the file (%v)", err)
	}
}

func TestFileWithoutManifest(t *testing.T) {
	w := newWorld(t)
	h := newHost(t, w, random(7, 1_000_000))
	day := func() { w.clock.advance(24 * time.Hour) }
	w.plain(h, "0.0.1", cache.FromRegistry, cache.Fresh)
	w.plain(h, "0.0.1", cache.FromMemory, cache.Fresh)
	w.restart()
	w.plain(h, "0.0.1", cache.FromStore, cache.Fresh)
	if got, n := h.took(); len(got) != 1 || n != 1_000_000 {
		t.Fatal(got, n)
	}
	day()
	w.plain(h, "0.0.1", cache.FromStore, cache.Fresh)
	if got, n := h.took(); n != 0 || !slices.Equal(got, []string{`|"one"|304`}) {
		t.Fatal(got, n)
	}
	h.set(func() { h.data, h.etag = random(8, 800_000), `"two"` })
	day()
	w.plain(h, "0.0.2", cache.FromRegistry, cache.Fresh)
	if v, err := w.cache.Rollback(t.Context(), h.url()); err != nil || v != "0.0.1" {
		t.Fatal(v, err)
	}
	if _, err := w.cache.Refresh(t.Context(), h.url(), nil); err != nil {
		t.Fatal(err)
	}
	list, err := w.cache.List(t.Context())
	if err != nil || len(list) == 0 || list[0].URL != h.url() {
		t.Fatal(list, err)
	}
	// The host is gone; then it has no ETag any more.
	h.set(func() { h.status = 503 })
	day()
	w.plain(h, list[0].Version, cache.FromStore, cache.Stale)
	h.set(func() { h.status, h.etag = 0, "" })
	h.took()
	w.plain(h, list[0].Version, cache.FromStore, cache.Fresh) // the same bytes are the same version
	if _, n := h.took(); n != 800_000 {
		t.Fatal(n)
	}
	if w.wantAsked(); w.cache.Evict(t.Context(), h.url()) != nil {
		t.Fatal("evict")
	}
	if u, _ := w.db.Open().Usage(t.Context()); u.Chunks != 0 {
		t.Fatalf("%+v", u)
	}
}

func TestFileWithoutManifestIsResumed(t *testing.T) {
	for _, tt := range []struct {
		name, etag string
		change     bool
		most       int64 // bytes of the second download
	}{
		{"strong ETag", `"one"`, false, 1_000_000 - 3*256<<10},
		{"weak ETag", `W/"one"`, false, 1_000_000},
		{"no ETag", "", false, 1_000_000},
		{"the file changes", `"one"`, true, 1_000_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.opt = func(o *cache.Options) { o.Attempts = 1 }
			w.restart()
			h := newHost(t, w, random(7, 1_000_000))
			h.set(func() { h.etag, h.cut = tt.etag, 900_000 })
			if _, err := w.cache.Get(t.Context(), h.url(), "", nil); cache.CodeOf(err) != cache.Offline {
				t.Fatal(err)
			}
			h.set(func() {
				h.cut = 0
				if tt.change {
					h.data, h.etag = random(8, 1_000_000), `"two"`
				}
			})
			h.took()
			w.restart() // collects, but not this
			w.plain(h, "0.0.1", cache.FromRegistry, cache.Fresh)
			if got, n := h.took(); n != tt.most {
				t.Fatal(got, n)
			}
		})
	}
}

// TestResumedFileEndsEarly has a proxy end the rest of a file as if nothing were missing.
func TestResumedFileEndsEarly(t *testing.T) {
	w := newWorld(t)
	w.opt = func(o *cache.Options) { o.Attempts = 1 }
	w.restart()
	h := newHost(t, w, random(7, 1_000_000))
	h.set(func() { h.cut = 900_000 })
	if _, err := w.cache.Get(t.Context(), h.url(), "", nil); cache.CodeOf(err) != cache.Offline {
		t.Fatal(err)
	}
	h.set(func() { h.cut, h.short = 0, 1000 })
	total := int64(0)
	if _, err := w.cache.Get(t.Context(), h.url(), "", func(p cache.Progress) { total = p.Total }); cache.CodeOf(err) != cache.Offline {
		t.Fatalf("a file without its end: %v", err)
	}
	if total != 1_000_000 {
		t.Errorf("the progress is of %d bytes", total)
	}
	h.set(func() { h.short = 0 })
	w.plain(h, "0.0.1", cache.FromRegistry, cache.Fresh)
}

func TestFileWithoutManifestIsRepaired(t *testing.T) {
	w := newWorld(t)
	h := newHost(t, w, random(7, 1_000_000))
	w.plain(h, "0.0.1", cache.FromRegistry, cache.Fresh)
	w.rot(w.chunksOf("0.0.1")[1])
	w.restart()
	h.took()
	w.plain(h, "0.0.1", cache.FromStore, cache.Fresh)
	if got, n := h.took(); n != 256<<10 || len(got) != 1 {
		t.Fatal(got, n)
	}
	if err := w.db.Open().DeleteChunks(t.Context(), []store.Digest{w.chunksOf("0.0.1")[2].Digest}); err != nil {
		t.Fatal(err)
	}
	w.restart()
	w.plain(h, "0.0.2", cache.FromRegistry, cache.Fresh)
}

func TestAddressesThatAreNoModel(t *testing.T) {
	w := newWorld(t)
	h := newHost(t, w, []byte("<!doctype html><title>Not found</title>"))
	for url, code := range map[string]cache.Code{
		h.URL + "/a b":  cache.InvalidInput,
		h.URL + `/a"b`:  cache.InvalidInput,
		"ftp://host/x":  cache.InvalidInput,
		h.URL + "/page": cache.InvalidModel,
	} {
		h.set(func() { h.data = nil })
		if _, err := w.cache.Get(t.Context(), url, "", nil); cache.CodeOf(err) != code {
			t.Errorf("%s: %v", url, err)
		}
	}
	h.set(func() { h.status = 404 })
	if _, err := w.cache.Get(t.Context(), h.url(), "", nil); cache.CodeOf(err) != cache.NotFound {
		t.Error(err)
	}
}
