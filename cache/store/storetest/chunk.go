package storetest

import (
	"bytes"
	"sync"
	"testing"

	"larder/cache/store"
)

var chunkTests = []test{
	{"put and read", func(t *testing.T, open func() store.Store) {
		s := open()
		a, b, c := chunk(1, 1), chunk(2, 70_000), chunk(3, 5)
		put(t, s, a, b)
		blobs, err := s.Chunks(t.Context(), []store.Digest{b.Digest, c.Digest, a.Digest, b.Digest})
		want(t, err, "")
		if len(blobs) != 4 || blobs[1] != nil {
			t.Fatalf("blobs %v: want four, the second nil", blobs)
		}
		for i, w := range map[int]store.Chunk{0: b, 2: a, 3: b} {
			got, err := blobs[i].Bytes()
			if err != nil || !bytes.Equal(got, w.Data.(store.Bytes)) {
				t.Fatalf("blob %d differs (%v)", i, err)
			}
		}
	}},
	{"largest chunk", func(t *testing.T, open func() store.Store) {
		s := open()
		c := chunk(1, store.MaxChunk)
		put(t, s, c)
		if !bytes.Equal(read(t, s, c.Digest), c.Data.(store.Bytes)) {
			t.Fatal("differs")
		}
	}},
	{"refuses empty, missing and too large", func(t *testing.T, open func() store.Store) {
		s := open()
		good := chunk(1, 10)
		for name, bad := range map[string]store.Blob{"nil": nil, "empty": store.Bytes{}, "large": store.Bytes(make([]byte, store.MaxChunk+1))} {
			err := s.PutChunks(t.Context(), []store.Chunk{good, {Digest: store.Digest{1}, Data: bad}})
			if store.CodeOf(err) != store.Invalid {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}},
	{"put replaces", func(t *testing.T, open func() store.Store) {
		s := open()
		c := chunk(1, 100)
		put(t, s, store.Chunk{Digest: c.Digest, Data: store.Bytes("rotten")})
		if got := read(t, s, c.Digest); string(got) != "rotten" {
			t.Fatalf("%q: a store must not hash", got)
		}
		put(t, s, c)
		put(t, s, c)
		if !bytes.Equal(read(t, s, c.Digest), c.Data.(store.Bytes)) {
			t.Fatal("not replaced")
		}
		u, err := s.Usage(t.Context())
		want(t, err, "")
		if u.Chunks != 1 || u.Bytes != 100 {
			t.Fatalf("usage %+v", u)
		}
	}},
	{"copies what goes in", func(t *testing.T, open func() store.Store) {
		s := open()
		c := chunk(1, 100)
		buf := bytes.Clone(c.Data.(store.Bytes))
		list := []store.Chunk{{Digest: c.Digest, Data: store.Bytes(buf)}}
		want(t, s.PutChunks(t.Context(), list), "")
		list[0] = store.Chunk{}
		clear(buf)
		if !bytes.Equal(read(t, s, c.Digest), c.Data.(store.Bytes)) {
			t.Fatal("the store shares the caller's bytes")
		}
	}},
	{"missing", func(t *testing.T, open func() store.Store) {
		s := open()
		a, b, c := chunk(1, 10), chunk(2, 10), chunk(3, 10)
		put(t, s, b)
		got, err := s.Missing(t.Context(), []store.Digest{c.Digest, b.Digest, a.Digest, c.Digest})
		want(t, err, "")
		if len(got) != 2 || got[0] != c.Digest || got[1] != a.Digest {
			t.Fatalf("missing %v", got)
		}
		got, err = s.Missing(t.Context(), nil)
		want(t, err, "")
		if len(got) != 0 {
			t.Fatalf("missing of nothing: %v", got)
		}
	}},
	{"delete", func(t *testing.T, open func() store.Store) {
		s := open()
		a, b := chunk(1, 10), chunk(2, 10)
		put(t, s, a, b)
		want(t, s.DeleteChunks(t.Context(), []store.Digest{a.Digest, {9}, a.Digest}), "")
		if read(t, s, a.Digest) != nil || read(t, s, b.Digest) == nil {
			t.Fatal("deleted the wrong one")
		}
	}},
	{"concurrent", func(t *testing.T, open func() store.Store) {
		one, two := open(), open()
		shared := chunk(0, 3000)
		var wg sync.WaitGroup
		for i := range 8 {
			s := one
			if i%2 == 1 {
				s = two
			}
			wg.Go(func() {
				own := chunk(i+1, 1000+i)
				if err := s.PutChunks(t.Context(), []store.Chunk{shared, own}); err != nil {
					t.Error(err)
				}
				blobs, err := s.Chunks(t.Context(), []store.Digest{own.Digest, shared.Digest})
				if err != nil || blobs[0] == nil || blobs[1] == nil || blobs[1].Size() != 3000 {
					t.Errorf("%v %v", blobs, err)
				}
			})
		}
		wg.Wait()
		u, err := one.Usage(t.Context())
		want(t, err, "")
		if u.Chunks != 9 {
			t.Fatalf("%d chunks, want 9", u.Chunks)
		}
	}},
}
