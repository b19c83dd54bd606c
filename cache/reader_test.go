package cache_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"testing"

	"larder/cache"
	"larder/cache/registry/registrytest"
	"larder/cache/store"
)

// newLargeWorld publishes leaf 3.0.0, whose weights are three batches of chunks.
func newLargeWorld(t *testing.T) (*world, *cache.Entry, []byte) {
	t.Helper()
	w := newWorld(t)
	w.server = registrytest.New(t, 1<<20)
	weights := random(3, 9<<20+5)
	w.server.Publish("leaf", "3.0.0", ttl, registrytest.File{Path: "weights.bin", Role: "weights", Data: weights},
		registrytest.File{Path: "labels.json", Role: "labels", Data: random(2, 130)})
	w.restart()
	e, err := w.cache.Get(t.Context(), "leaf", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return w, e, weights
}

func TestReader(t *testing.T) {
	w, e, weights := newLargeWorld(t)
	before := stats(t, w).MemoryBytes
	var last cache.Progress
	r, err := e.Reader(t.Context(), "weights.bin", func(p cache.Progress) { last = p })
	if err != nil || r.Size() != int64(len(weights)) {
		t.Fatal(r, err)
	}
	for _, tt := range []struct {
		name   string
		at, n  int
		atEnd  int64 // of the progress
		failed error
	}{
		{"the beginning", 0, 10, 4 << 20, nil},
		{"over a batch", 4<<20 - 5, 10, 8 << 20, nil},
		{"back", 3, 1 << 20, 8 << 20, nil},
		{"the end", len(weights) - 4, 4, int64(len(weights)), nil},
		{"beyond the end", len(weights) - 4, 8, int64(len(weights)), io.EOF},
		{"all of it", 0, len(weights), int64(len(weights)), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := make([]byte, tt.n)
			n, err := r.ReadAt(b, int64(tt.at))
			if err != tt.failed || !bytes.Equal(b[:n], weights[tt.at:min(tt.at+tt.n, len(weights))]) {
				t.Errorf("%d bytes, %v", n, err)
			}
			if last.Loaded != tt.atEnd || last.Total != r.Size() || last.Phase != cache.PhaseVerify {
				t.Errorf("progress %+v, want %d", last, tt.atEnd)
			}
		})
	}
	if now := stats(t, w).MemoryBytes; now != before {
		t.Errorf("%d bytes are kept", now-before)
	}
	if _, err := e.Reader(t.Context(), "card.md", nil); cache.CodeOf(err) != cache.NotFound {
		t.Errorf("a file that is not stored: %v", err)
	}
}

func stats(t *testing.T, w *world) cache.Stats {
	t.Helper()
	s, err := w.cache.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestReaderRepairs has a chunk that rots between two reads of it.
func TestReaderRepairs(t *testing.T) {
	w, e, weights := newLargeWorld(t)
	r, err := e.Reader(t.Context(), "weights.bin", nil)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, len(weights))
	for range 2 {
		w.rot(w.chunksOf("3.0.0")[1])
		if _, err := r.ReadAt(b, 0); err != nil || !bytes.Equal(b, weights) {
			t.Fatalf("not what was published, %v", err)
		}
	}
	if n := stats(t, w).CorruptChunks; n != 2 {
		t.Errorf("%d corrupt chunks, want 2", n)
	}
}

func TestReaderEnds(t *testing.T) {
	_, e, weights := newLargeWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := e.Reader(ctx, "weights.bin", nil)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4)
	cancel()
	if _, err := r.ReadAt(b, 0); cache.CodeOf(err) != cache.Aborted {
		t.Errorf("after the load was cancelled: %v", err)
	}
	r.Attend(t.Context())
	if _, err := r.ReadAt(b, 0); err != nil || !bytes.Equal(b, weights[:4]) {
		t.Errorf("in a run: %v", err)
	}
}

// freeable is a Blob whose bytes are wrong after it was freed.
type freeable struct{ data store.Bytes }

func (f *freeable) Size() int64            { return f.data.Size() }
func (f *freeable) Bytes() ([]byte, error) { return f.data, nil }
func (f *freeable) Free()                  { f.data = make(store.Bytes, len(f.data)) }

// TestStoreKeepsItsBlobs has a store that hands out what it holds, and looks whether it still
// does after whatever reads chunks.
func TestStoreKeepsItsBlobs(t *testing.T) {
	for _, c := range []struct {
		name string
		read func(*testing.T, *cache.Cache) error
	}{
		{"reader", func(t *testing.T, c *cache.Cache) error {
			e, err := c.Get(t.Context(), "leaf", "", nil)
			if err != nil {
				return err
			}
			defer e.Release()
			r, err := e.Reader(t.Context(), "weights.bin", nil)
			if err != nil {
				return err
			}
			defer r.Close()
			_, err = r.ReadAt(make([]byte, r.Size()), 0)
			return err
		}},
		{"verify", func(t *testing.T, c *cache.Cache) error {
			_, err := c.Verify(t.Context(), "leaf", nil)
			return err
		}},
		{"export", func(t *testing.T, c *cache.Cache) error {
			return c.Export(t.Context(), "leaf", "", nil, func(store.Blob) error { return nil }, nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, e, weights := newLargeWorld(t)
			e.Release()
			kept := w.db.Open()
			w.opt = func(o *cache.Options) { o.Store = kept }
			for at := 0; at < len(weights); at += 1 << 20 {
				data := weights[at:min(at+1<<20, len(weights))]
				if err := kept.PutChunks(t.Context(), []store.Chunk{{Digest: sha256.Sum256(data), Data: &freeable{data}}}); err != nil {
					t.Fatal(err)
				}
			}
			w.restart()
			if err := c.read(t, w.cache); err != nil {
				t.Fatal(err)
			}
			if v, err := w.cache.Verify(t.Context(), "leaf", nil); err != nil || v.Chunks == 0 || v.Corrupt != 0 {
				t.Errorf("%+v, %v: chunks were freed in the store", v, err)
			}
		})
	}
}
