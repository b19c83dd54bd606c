package storetest

import (
	"sync"
	"testing"

	"larder/cache/store"
)

var sweepTests = []test{
	{"only what nobody names or claims", func(t *testing.T, open func() store.Store) {
		s := open()
		named, claimed, orphan := chunk(1, 10), chunk(2, 10), chunk(3, 10)
		r := record("leaf", "1.0.0", named)
		commit(t, s, r, store.Latest, named, claimed, orphan)
		n, err := s.Sweep(t.Context(), func(d store.Digest) bool { return d == claimed.Digest })
		want(t, err, "")
		if n != 1 || read(t, s, named.Digest) == nil || read(t, s, claimed.Digest) == nil || read(t, s, orphan.Digest) != nil {
			t.Fatalf("swept %d", n)
		}
		want(t, s.Remove(t.Context(), "leaf", "1.0.0"), "")
		n, err = s.Sweep(t.Context(), nil)
		want(t, err, "")
		if u, _ := s.Usage(t.Context()); n != 2 || u.Chunks != 0 || u.Bytes != 0 || u.Records != 0 {
			t.Fatalf("swept %d, usage %+v", n, u)
		}
	}},
	{"a chunk that another version shares stays", func(t *testing.T, open func() store.Store) {
		s := open()
		shared, tail := chunk(1, 10), chunk(2, 10)
		commit(t, s, record("leaf", "1.0.0", shared, tail), store.Latest, shared, tail)
		commit(t, s, record("leaf", "1.1.0", shared), store.Latest)
		want(t, s.Remove(t.Context(), "leaf", "1.0.0"), "")
		n, err := s.Sweep(t.Context(), nil)
		want(t, err, "")
		if n != 1 || read(t, s, shared.Digest) == nil {
			t.Fatalf("swept %d", n)
		}
	}},
	{"against commits", func(t *testing.T, open func() store.Store) {
		// Whatever the order, a version that is visible in the end has all its chunks.
		one, two := open(), open()
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 20 {
				if _, err := two.Sweep(t.Context(), nil); err != nil {
					t.Error(err)
				}
			}
		})
		for i := range 20 {
			c := chunk(i, 100)
			put(t, one, c)
			r := record("leaf", "1.0."+string(rune('a'+i)), c)
			if err := one.Commit(t.Context(), r, pointer(r, store.Latest)); err != nil && store.CodeOf(err) != store.Incomplete {
				t.Error(err)
			}
		}
		wg.Wait()
		for _, r := range snapshot(t, one).Records {
			missing, err := one.Missing(t.Context(), r.Digests())
			want(t, err, "")
			if len(missing) > 0 {
				t.Fatalf("%s is visible without its chunk", r.Version)
			}
		}
	}},
}
