package storetest

import (
	"bytes"
	"sync"
	"testing"

	"larder/cache/store"
)

// many makes chunks of sizes around that of a real one, more than a megabyte of them.
func many(seed, n int) []store.Chunk {
	out := make([]store.Chunk, n)
	for i := range out {
		out[i] = chunk(seed+i, 50_000+1000*((seed+i)%30))
	}
	return out
}

// holds checks that a store has exactly these chunks, byte for byte.
func holds(t *testing.T, s store.Store, chunks ...store.Chunk) {
	t.Helper()
	var digests []store.Digest
	var bytesAll int64
	for _, c := range chunks {
		digests = append(digests, c.Digest)
		bytesAll += c.Data.Size()
	}
	missing, err := s.Missing(t.Context(), digests)
	want(t, err, "")
	if len(missing) > 0 {
		t.Fatalf("%d of %d chunks are missing", len(missing), len(chunks))
	}
	blobs, err := s.Chunks(t.Context(), digests)
	want(t, err, "")
	for i, b := range blobs {
		if b == nil {
			t.Fatalf("chunk %d cannot be read", i)
		}
		if got, err := b.Bytes(); err != nil || !bytes.Equal(got, chunks[i].Data.(store.Bytes)) {
			t.Fatalf("chunk %d differs (%v)", i, err)
		}
	}
	if u, err := s.Usage(t.Context()); err != nil || u.Chunks != len(chunks) || u.Bytes != bytesAll {
		t.Fatalf("usage %+v, %v; want %d chunks of %d bytes", u, err, len(chunks), bytesAll)
	}
}

func compact(t *testing.T, s store.Store) int {
	t.Helper()
	n, err := s.Compact(t.Context())
	want(t, err, "")
	return n
}

var compactTests = []test{
	{"nothing is lost, also for others, and once is enough", func(t *testing.T, open func() store.Store) {
		s, other := open(), open()
		all := many(0, 40)
		commit(t, s, record("leaf", "1.0.0", all...), store.Latest, all...)
		holds(t, other, all...)
		compact(t, s)
		if n := compact(t, s); n != 0 {
			t.Errorf("%d chunks moved again", n)
		}
		for _, s := range []store.Store{s, other, open()} {
			holds(t, s, all...)
		}
	}},
	{"put, delete and sweep after it", func(t *testing.T, open func() store.Store) {
		s, other := open(), open()
		all := many(0, 40)
		r := record("leaf", "1.0.0", all...)
		commit(t, s, r, store.Latest, all...)
		compact(t, s)
		holds(t, other, all...)
		put(t, s, store.Chunk{Digest: all[3].Digest, Data: store.Bytes("rotten")})
		if got := read(t, s, all[3].Digest); string(got) != "rotten" {
			t.Fatalf("read %d bytes: a put must replace what was packed", len(got))
		}
		want(t, s.DeleteChunks(t.Context(), []store.Digest{all[3].Digest, all[7].Digest}), "")
		for _, s := range []store.Store{s, open()} {
			if read(t, s, all[3].Digest) != nil || read(t, s, all[7].Digest) != nil || read(t, s, all[8].Digest) == nil {
				t.Fatal("deleted the wrong ones")
			}
		}
		want(t, s.Commit(t.Context(), r, pointer(r, "^1")), store.Incomplete)
		put(t, s, all[3], all[7])
		want(t, s.Commit(t.Context(), r, pointer(r, "^1")), "")
		holds(t, other, all...)
		want(t, s.Remove(t.Context(), "leaf", "1.0.0"), "")
		n, err := s.Sweep(t.Context(), func(d store.Digest) bool { return d == all[20].Digest })
		want(t, err, "")
		if n < len(all)-1 {
			t.Fatalf("swept %d", n)
		}
		holds(t, s, all[20])
		holds(t, other, all[20])
	}},
	{"what an update leaves half empty", func(t *testing.T, open func() store.Store) {
		s := open()
		one, two := many(0, 40), many(100, 15)
		next := append(append([]store.Chunk{}, one[:10]...), two...)
		commit(t, s, record("leaf", "1.0.0", one...), store.Latest, one...)
		compact(t, s)
		commit(t, s, record("leaf", "2.0.0", next...), store.Latest, two...)
		want(t, s.Remove(t.Context(), "leaf", "1.0.0"), "")
		_, err := s.Sweep(t.Context(), nil)
		want(t, err, "")
		holds(t, s, next...)
		compact(t, s)
		holds(t, s, next...)
		holds(t, open(), next...)
		if n := compact(t, s); n != 0 {
			t.Errorf("%d chunks moved again", n)
		}
	}},
	{"while others read", func(t *testing.T, open func() store.Store) {
		s, other := open(), open()
		all := many(0, 40)
		commit(t, s, record("leaf", "1.0.0", all...), store.Latest, all...)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.Compact(t.Context()); err != nil {
				t.Error(err)
			}
		})
		for range 5 {
			for i, c := range all {
				blobs, err := other.Chunks(t.Context(), []store.Digest{c.Digest})
				if err != nil || blobs[0] == nil || blobs[0].Size() != c.Data.Size() {
					t.Errorf("chunk %d: %v %v", i, blobs, err)
				}
			}
		}
		wg.Wait()
		holds(t, other, all...)
	}},
}
