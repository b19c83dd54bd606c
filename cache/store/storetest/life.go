package storetest

import (
	"context"
	"errors"
	"testing"

	"larder/cache/store"
)

// calls has each method of a Store once.
func calls(s store.Store) map[string]func(context.Context) error {
	c := chunk(1, 10)
	r := record("leaf", "1.0.0", c)
	ds := []store.Digest{c.Digest}
	return map[string]func(context.Context) error{
		"PutChunks":      func(ctx context.Context) error { return s.PutChunks(ctx, []store.Chunk{c}) },
		"Chunks":         func(ctx context.Context) error { _, err := s.Chunks(ctx, ds); return err },
		"Missing":        func(ctx context.Context) error { _, err := s.Missing(ctx, ds); return err },
		"DeleteChunks":   func(ctx context.Context) error { return s.DeleteChunks(ctx, ds) },
		"Commit":         func(ctx context.Context) error { return s.Commit(ctx, r, pointer(r, store.Latest)) },
		"Touch":          func(ctx context.Context) error { return s.Touch(ctx, "leaf", "1.0.0", store.Patch{CheckedAt: epoch}) },
		"Snapshot":       func(ctx context.Context) error { _, err := s.Snapshot(ctx); return err },
		"Remove":         func(ctx context.Context) error { return s.Remove(ctx, "leaf", "1.0.0") },
		"Sweep":          func(ctx context.Context) error { _, err := s.Sweep(ctx, nil); return err },
		"Compact":        func(ctx context.Context) error { _, err := s.Compact(ctx); return err },
		"Document":       func(ctx context.Context) error { _, err := s.Document(ctx, "x"); return err },
		"Documents":      func(ctx context.Context) error { _, err := s.Documents(ctx, ""); return err },
		"RemoveDocument": func(ctx context.Context) error { return s.RemoveDocument(ctx, "x") },
		"PutDocument": func(ctx context.Context) error {
			return s.PutDocument(ctx, store.Document{Key: "x", Data: []byte("y")})
		},
		"Usage": func(ctx context.Context) error { _, err := s.Usage(ctx); return err },
	}
}

var lifeTests = []test{
	{"everything survives reopening", func(t *testing.T, open func() store.Store) {
		s := open()
		a, loose := chunk(1, 10), chunk(2, 20)
		r := record("leaf", "1.0.0", a)
		commit(t, s, r, store.Latest, a, loose)
		want(t, s.PutDocument(t.Context(), store.Document{Key: "k", Data: []byte("v")}), "")
		want(t, s.Close(), "")
		s = open()
		if len(snapshot(t, s).Records) != 1 || read(t, s, a.Digest) == nil || read(t, s, loose.Digest) == nil {
			t.Fatal("lost")
		}
		_, err := s.Document(t.Context(), "k")
		want(t, err, "")
		if u, err := s.Usage(t.Context()); err != nil || u != (store.Usage{Chunks: 2, Bytes: 30, Records: 1}) {
			t.Fatalf("usage %+v, %v", u, err)
		}
	}},
	{"an ended context stops every method and changes nothing", func(t *testing.T, open func() store.Store) {
		s := open()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for name, call := range calls(s) {
			if err := call(ctx); store.CodeOf(err) != store.Aborted || !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if u, err := s.Usage(t.Context()); err != nil || u != (store.Usage{}) {
			t.Fatalf("usage %+v, %v", u, err)
		}
	}},
	{"a closed store answers Closed", func(t *testing.T, open func() store.Store) {
		s, other := open(), open()
		c := chunk(1, 10)
		put(t, s, c)
		blobs, err := s.Chunks(t.Context(), []store.Digest{c.Digest})
		want(t, err, "")
		for range 2 {
			want(t, s.Close(), "")
		}
		for name, call := range calls(s) {
			if err := call(t.Context()); store.CodeOf(err) != store.Closed {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got, err := blobs[0].Bytes(); err != nil || len(got) != 10 {
			t.Errorf("a blob must outlive the store: %v", err)
		}
		if read(t, other, c.Digest) == nil {
			t.Error("closing one closed the other")
		}
	}},
}

// Full checks that a store with room for fewer than n bytes says Quota and stays
// usable. n is at most MaxChunk.
func Full(t *testing.T, s store.Store, n int) {
	t.Helper()
	small, large := chunk(1, 1), chunk(2, n)
	put(t, s, small)
	want(t, s.PutChunks(t.Context(), []store.Chunk{large}), store.Quota)
	if read(t, s, small.Digest) == nil || read(t, s, large.Digest) != nil {
		t.Fatal("a failed put changed the wrong thing")
	}
	want(t, s.DeleteChunks(t.Context(), []store.Digest{small.Digest}), "")
	put(t, s, small)
}
