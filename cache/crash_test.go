package cache_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/registry/registrytest"
	"larder/cache/store"
	"larder/cache/store/memstore"
)

func TestFlippedByte(t *testing.T) {
	// For every chunk: one bit changes in the store, only that chunk is fetched again.
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	for _, ref := range w.chunksOf("1.0.0") {
		w.rot(ref)
		w.restart()
		w.asked()
		w.took()
		w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
		reqs := w.asked()
		if len(reqs) != 1 || reqs[0].Bytes != ref.Size || reqs[0].Range == "" {
			t.Fatalf("%+v", reqs)
		}
		if got := w.took(); !slices.Equal(got, []cache.EventKind{cache.EventCorrupt, cache.EventRepaired}) {
			t.Fatal(got)
		}
		w.restart()
		w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
		w.wantAsked()
	}
}

func TestFlippedByteOffline(t *testing.T) {
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.rot(w.chunksOf("1.0.0")[3])
	w.restart()
	w.server.Break(func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) })
	e, err := w.cache.Get(t.Context(), "leaf", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Release()
	if _, err := e.File(t.Context(), "model.onnx", nil); cache.CodeOf(err) != cache.Corrupt || !strings.Contains(err.Error(), "connect to the network") {
		t.Fatal(err)
	}
	if _, err := e.File(t.Context(), "labels.json", nil); err != nil {
		t.Fatal("the other file is whole:", err)
	}
	// The chunk was thrown away, so from now on the version counts as damaged.
	w.restart()
	if err := w.fails("", cache.Corrupt); !strings.Contains(err.Error(), "connect to the network") {
		t.Fatal(err)
	}
	w.server.Break(nil)
	w.asked()
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	if n := registrytest.ModelBytes(w.asked()); n != 100 {
		t.Fatalf("%d bytes for one chunk", n)
	}
}

func TestMissingChunks(t *testing.T) {
	// What a loss of power can do to relaxed writes.
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	refs := w.chunksOf("1.0.0")
	if err := w.db.Open().DeleteChunks(t.Context(), []store.Digest{refs[1].Digest, refs[2].Digest}); err != nil {
		t.Fatal(err)
	}
	w.restart()
	w.asked()
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	if n := registrytest.ModelBytes(w.asked()); n != 200 {
		t.Fatalf("%d bytes", n)
	}
}

func TestCancelAndResume(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	gate := make(chan struct{})
	weights := w.server.Get("leaf/1.0.0/model.onnx")
	w.server.Break(func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, ".onnx") {
			return false
		}
		rw.Header().Set("Content-Length", "1000")
		rw.Write(weights[:450])
		rw.(http.Flusher).Flush()
		<-gate
		return true
	})
	_, err := w.cache.Get(ctx, "leaf", "", func(p cache.Progress) {
		if p.Loaded == 450 {
			cancel()
		}
	})
	close(gate)
	if cache.CodeOf(err) != cache.Aborted || !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	w.server.Break(nil)
	w.restart() // collects garbage, but not this
	list, err := w.cache.List(t.Context())
	if err != nil || len(list) != 0 {
		t.Fatal(list, err)
	}
	w.asked()
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	if n := registrytest.ModelBytes(w.asked()); n != leafBytes-400 {
		t.Fatalf("%d bytes after a resume, want %d", n, leafBytes-400)
	}
}

// writes counts the store's writes of a first download, or fails write k.
func failWrite(w *world, k int, err error) *int {
	n := 0
	w.faults.Before = func(string) error {
		if n++; n == k {
			return err
		}
		return nil
	}
	return &n
}

func TestKilledAtEveryWrite(t *testing.T) {
	// The process dies at write k, of a first download and of an update: afterwards the old
	// version is whole, or the new one, and what was stored is not fetched again.
	for _, update := range []bool{false, true} {
		for k := 1; ; k++ {
			w := newWorld(t)
			if update {
				w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
				w.server.Publish("leaf", "2.0.0", ttl, leafFiles(random(3, 600))...)
				w.clock.advance(ttl * time.Second)
			}
			w.asked()
			killed, dead := errors.New("killed"), false
			n := 0
			w.faults.Before = func(string) error {
				if n++; n >= k {
					dead = true
					return killed
				}
				return nil
			}
			e, err := w.cache.Get(t.Context(), "leaf", "", nil)
			if err == nil {
				w.faults.Before = func(string) error { return nil }
				w.check(e)
				e.Release()
			}
			before := registrytest.ModelBytes(w.asked())
			stored, _ := w.db.Open().Usage(t.Context())
			w.restart()
			w.asked()
			version, total := "1.0.0", int64(leafBytes)
			if update {
				version, total = "2.0.0", 600
			}
			e, err = w.cache.Get(t.Context(), "leaf", "", nil)
			if err != nil || e.Version != version {
				t.Fatalf("update %v, killed at %d: %v", update, k, err)
			}
			w.check(e)
			e.Release()
			after := registrytest.ModelBytes(w.asked())
			// At most the chunk that was on its way is fetched twice, with the rest of its
			// connection's buffer.
			if kept := stored.Bytes; !update && after != total-kept {
				t.Fatalf("killed at %d: %d bytes stored, then %d fetched of %d (%d before)", k, kept, after, total, before)
			}
			if after > total {
				t.Fatalf("killed at %d: fetched %d of %d", k, after, total)
			}
			if !dead {
				if k < 10 {
					t.Fatalf("only %d writes", k)
				}
				break
			}
		}
	}
}

func TestQuotaAtEveryWrite(t *testing.T) {
	for k := 1; ; k++ {
		w := newWorld(t)
		w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
		w.server.Publish("leaf", "2.0.0", ttl, leafFiles(random(3, 600))...)
		w.clock.advance(ttl * time.Second)
		n := failWrite(w, k, &store.Error{Code: store.Quota, Op: "put"})
		e, err := w.cache.Get(t.Context(), "leaf", "", nil)
		if err != nil {
			t.Fatalf("write %d: %v", k, err)
		}
		w.check(e)
		if e.Version == "1.0.0" && e.Freshness != cache.Stale {
			t.Fatalf("write %d: the old version is not stale", k)
		}
		e.Release()
		if *n < k {
			if k < 8 {
				t.Fatalf("only %d writes", k)
			}
			return
		}
		w.restart()
		w.expect("", "2.0.0", map[bool]cache.Source{true: cache.FromStore, false: cache.FromRegistry}[e.Version == "2.0.0"], cache.Fresh)
	}
}

func TestQuotaOnFirstLoad(t *testing.T) {
	w := newWorld(t)
	documents := len(w.server.Get("index.json")) + len(w.server.Get("leaf/1.0.0/manifest.json"))
	w.db = memstore.NewDatabase(int64(documents + 550)) // and room for five chunks
	w.restart()
	w.fails("", cache.Quota)
	s, err := w.cache.Stats(t.Context())
	if err != nil || s.BytesDownloaded != 600 {
		t.Fatalf("%+v, %v", s, err)
	}
	u, err := w.db.Open().Usage(t.Context())
	if err != nil || u.Chunks != 0 {
		t.Fatalf("%+v: half a model takes room (%v)", u, err)
	}
}

func TestManyGoroutinesOneDownload(t *testing.T) {
	w := newWorld(t)
	other := w.open() // another tab
	var wg sync.WaitGroup
	for i := range 60 {
		c := w.cache
		if i%2 == 0 {
			c = other
		}
		wg.Go(func() {
			var last cache.Progress
			e, err := c.Get(t.Context(), "leaf", []string{"", "1.0.0", "^1"}[i%3], func(p cache.Progress) {
				if p.Loaded < last.Loaded || p.Phase != cache.PhaseDownload {
					t.Errorf("progress %+v after %+v", p, last)
				}
				last = p
			})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := e.File(t.Context(), "model.onnx", nil); err != nil {
				t.Error(err)
			}
			e.Release()
			e.Release()
		})
	}
	wg.Wait()
	reqs := w.asked()
	if n := registrytest.ModelBytes(reqs); n != leafBytes {
		t.Fatalf("%d model bytes, want %d", n, leafBytes)
	}
	// Whoever waited for the other tab's lock looks again before asking: one question for
	// each of the three selectors at most.
	if n := len(reqs); n > 3*2+2 {
		t.Fatalf("%d requests: %+v", n, reqs)
	}
	if s, err := w.cache.Stats(t.Context()); err != nil || s.Leases != 0 {
		t.Fatalf("%+v, %v", s, err)
	}
}

func TestOneCallerLeaves(t *testing.T) {
	// Two share a download; one gives up, the other gets its model.
	w := newWorld(t)
	gate, reached := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w.server.Break(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, ".onnx") {
			once.Do(func() { close(reached) })
			<-gate
		}
		return false
	})
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan error), make(chan error)
	go func() { _, err := w.cache.Get(ctx, "leaf", "", nil); first <- err }()
	<-reached
	joined := make(chan struct{})
	go func() {
		close(joined)
		e, err := w.cache.Get(t.Context(), "leaf", "", nil)
		if err == nil {
			e.Release()
		}
		second <- err
	}()
	<-joined
	cancel()
	if err := <-first; cache.CodeOf(err) != cache.Aborted {
		t.Fatal(err)
	}
	close(gate)
	if err := <-second; err != nil {
		t.Fatal(err)
	}
}

func TestCloseDuringDownload(t *testing.T) {
	w := newWorld(t)
	gate, reached := make(chan struct{}), make(chan struct{})
	w.server.Break(func(http.ResponseWriter, *http.Request) bool { close(reached); <-gate; return true })
	done := make(chan error)
	go func() { _, err := w.cache.Get(t.Context(), "leaf", "", nil); done <- err }()
	<-reached
	w.cache.Close()
	if err := <-done; cache.CodeOf(err) != cache.Closed {
		t.Fatal(err)
	}
	close(gate)
}

func TestGarbageIsCollectedLater(t *testing.T) {
	// A program that ended before it pruned leaves chunks that nobody needs. Opening does not
	// wait for their collection; it comes a while after.
	w := newWorld(t)
	left := random(9, 100)
	chunk := store.Chunk{Digest: sha256.Sum256(left), Data: store.Bytes(left)}
	if err := w.db.Open().PutChunks(t.Context(), []store.Chunk{chunk}); err != nil {
		t.Fatal(err)
	}
	w.restart()
	missing := func() int {
		list, err := w.db.Open().Missing(t.Context(), []store.Digest{chunk.Digest})
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if missing() != 0 {
		t.Error("collected while the cache was opened")
	}
	w.clock.advance(time.Minute)
	if missing() != 1 {
		t.Error("not collected afterwards")
	}
}
