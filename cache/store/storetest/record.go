package storetest

import (
	"context"
	"math"
	"reflect"
	"sync"
	"testing"
	"time"

	"larder/cache/store"
)

var recordTests = []test{
	{"empty", func(t *testing.T, open func() store.Store) {
		if got := snapshot(t, open()); len(got.Records)+len(got.Pointers) != 0 {
			t.Fatalf("got %+v", got)
		}
	}},
	{"ordered", func(t *testing.T, open func() store.Store) {
		s := open()
		for _, k := range [][2]string{{"river", "1.0.0"}, {"leaf", "2.0.0"}, {"leaf", "1.0.0"}, {"leaf-small", "1.0.0"}} {
			commit(t, s, record(k[0], k[1]), store.Latest)
		}
		var got []string
		for _, r := range snapshot(t, s).Records {
			got = append(got, store.RecordKey(r.Name, r.Version))
		}
		if w := []string{"leaf@1.0.0", "leaf@2.0.0", "leaf-small@1.0.0", "river@1.0.0"}; !reflect.DeepEqual(got, w) {
			t.Fatalf("got %q", got)
		}
	}},
	{"what comes out belongs to the caller", func(t *testing.T, open func() store.Store) {
		s := open()
		a := chunk(1, 10)
		r := record("leaf", "1.0.0", a)
		commit(t, s, r, store.Latest, a)
		got := snapshot(t, s)
		clear(got.Records[0].Manifest)
		clear(got.Records[0].Chunks)
		if again := snapshot(t, s); !reflect.DeepEqual(again.Records[0], r) {
			t.Fatalf("changed to %+v", again.Records[0])
		}
	}},
	{"touch", func(t *testing.T, open func() store.Store) {
		s := open()
		r := record("leaf", "1.0.0")
		commit(t, s, r, store.Latest)
		commit(t, s, r, "^1")
		later, etag, pinned := epoch.Add(24*time.Hour), "", true
		want(t, s.Touch(t.Context(), "leaf", "1.0.0", store.Patch{CheckedAt: later, Selector: "^1"}), "")
		r.CheckedAt = later
		got := snapshot(t, s)
		if !reflect.DeepEqual(got.Records[0], r) {
			t.Fatalf("got %+v", got.Records[0])
		}
		if !got.Pointers[0].CheckedAt.Equal(epoch.Add(time.Minute)) || !got.Pointers[1].CheckedAt.Equal(later) {
			t.Fatalf("pointers %+v: only the selector's may change", got.Pointers)
		}
		want(t, s.Touch(t.Context(), "leaf", "1.0.0", store.Patch{UsedAt: later, ManifestETag: &etag, Pinned: &pinned}), "")
		r.UsedAt, r.ManifestETag, r.Pinned = later, etag, pinned
		if got := snapshot(t, s); !reflect.DeepEqual(got.Records[0], r) {
			t.Fatalf("got %+v", got.Records[0])
		}
	}},
	{"touch leaves the pointer of another version", func(t *testing.T, open func() store.Store) {
		s := open()
		one, two := record("leaf", "1.0.0"), record("leaf", "2.0.0")
		commit(t, s, one, store.Latest)
		commit(t, s, two, store.Latest)
		want(t, s.Touch(t.Context(), "leaf", "1.0.0", store.Patch{CheckedAt: epoch.Add(time.Hour), Selector: store.Latest}), "")
		if p := snapshot(t, s).Pointers; len(p) != 1 || p[0] != pointer(two, store.Latest) {
			t.Fatalf("pointers %+v", p)
		}
	}},
	{"hits are added up", func(t *testing.T, open func() store.Store) {
		s := open()
		r := record("leaf", "1.0.0")
		r.Hits = 99 // only Touch counts
		commit(t, s, r, store.Latest)
		wantHits(t, s, 0, r.UsedAt)
		later := epoch.Add(24 * time.Hour)
		want(t, s.Touch(t.Context(), "leaf", "1.0.0", store.Patch{AddHits: 3, UsedAt: later}), "")
		want(t, s.Touch(t.Context(), "leaf", "1.0.0", store.Patch{AddHits: 4}), "")
		want(t, s.Touch(t.Context(), "leaf", "1.0.0", store.Patch{CheckedAt: later}), "")
		wantHits(t, s, 7, later)
		want(t, s.Close(), "")
		wantHits(t, open(), 7, later)
	}},
	{"hits that several add at once all count", func(t *testing.T, open func() store.Store) {
		openers := []store.Store{open(), open()}
		commit(t, openers[0], record("leaf", "1.0.0"), store.Latest)
		const each = 20
		var all sync.WaitGroup
		for i := range each * len(openers) {
			all.Go(func() {
				if err := openers[i%len(openers)].Touch(t.Context(), "leaf", "1.0.0", store.Patch{AddHits: int64(1 + i%3)}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		sum := int64(0)
		for i := range each * len(openers) {
			sum += int64(1 + i%3)
		}
		wantHits(t, openers[0], sum, epoch.Add(time.Hour))
	}},
	{"hits stay when a record is replaced, and go when it is removed", func(t *testing.T, open func() store.Store) {
		s := open()
		r := record("leaf", "1.0.0")
		commit(t, s, r, store.Latest)
		want(t, s.Touch(t.Context(), "leaf", "1.0.0", store.Patch{AddHits: 5}), "")
		r.Manifest, r.Hits = []byte("republished"), 1
		commit(t, s, r, "^1")
		wantHits(t, s, 5, r.UsedAt)
		want(t, s.Remove(t.Context(), "leaf", "1.0.0"), "")
		commit(t, s, r, store.Latest)
		wantHits(t, s, 0, r.UsedAt)
	}},
	{"hits are never negative and never overflow", func(t *testing.T, open func() store.Store) {
		s := open()
		commit(t, s, record("leaf", "1.0.0"), store.Latest)
		for _, step := range []struct{ add, sum int64 }{
			{-1, 0}, {math.MinInt64, 0}, {2, 2}, {-1, 2}, {store.MaxHits - 3, store.MaxHits - 1}, {1, store.MaxHits}, {1, store.MaxHits},
			{math.MaxInt64, store.MaxHits},
		} {
			want(t, s.Touch(t.Context(), "leaf", "1.0.0", store.Patch{AddHits: step.add}), "")
			wantHits(t, s, step.sum, epoch.Add(time.Hour))
		}
	}},
	{"a use that is written down late does not undo a later one", func(t *testing.T, open func() store.Store) {
		s := open()
		commit(t, s, record("leaf", "1.0.0"), store.Latest) // used at one hour
		for _, step := range []struct{ at, stays time.Duration }{
			{3 * time.Hour, 3 * time.Hour},
			{3*time.Hour - time.Minute, 3 * time.Hour},
			{2 * time.Hour, 3 * time.Hour},
			{1000 * time.Hour, 1000 * time.Hour}, // a clock that was wrong
			{4 * time.Hour, 4 * time.Hour},
		} {
			want(t, s.Touch(t.Context(), "leaf", "1.0.0", store.Patch{UsedAt: epoch.Add(step.at), AddHits: 1}), "")
			if got := snapshot(t, s).Records[0].UsedAt; !got.Equal(epoch.Add(step.stays)) {
				t.Fatalf("after %v: %v", step.at, got)
			}
		}
	}},
	{"what ends early adds nothing", func(t *testing.T, open func() store.Store) {
		s := open()
		commit(t, s, record("leaf", "1.0.0"), store.Latest)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		want(t, s.Touch(ctx, "leaf", "1.0.0", store.Patch{AddHits: 1}), store.Aborted)
		wantHits(t, s, 0, epoch.Add(time.Hour))
	}},
	{"touch of nothing", func(t *testing.T, open func() store.Store) {
		want(t, open().Touch(t.Context(), "leaf", "1.0.0", store.Patch{CheckedAt: epoch}), store.NotFound)
	}},
	{"milliseconds are kept, finer time is not", func(t *testing.T, open func() store.Store) {
		s := open()
		r := record("leaf", "1.0.0")
		r.CheckedAt = epoch.Add(1234567 * time.Nanosecond)
		commit(t, s, r, store.Latest)
		if got, w := snapshot(t, s).Records[0].CheckedAt, epoch.Add(time.Millisecond); !got.Equal(w) {
			t.Fatalf("got %v, want %v", got, w)
		}
	}},
	{"remove", func(t *testing.T, open func() store.Store) {
		s := open()
		a := chunk(1, 10)
		one, two := record("leaf", "1.0.0", a), record("leaf", "2.0.0", a)
		commit(t, s, one, "^1", a)
		commit(t, s, two, store.Latest, a)
		for range 2 {
			want(t, s.Remove(t.Context(), "leaf", "2.0.0"), "")
		}
		got := snapshot(t, s)
		if len(got.Records) != 1 || len(got.Pointers) != 1 || got.Pointers[0] != pointer(one, "^1") {
			t.Fatalf("got %+v", got)
		}
		if read(t, s, a.Digest) == nil {
			t.Fatal("Remove took a chunk")
		}
	}},
}

// wantHits checks what is written down about the use of the only record.
func wantHits(t *testing.T, s store.Store, hits int64, used time.Time) {
	t.Helper()
	if r := snapshot(t, s).Records[0]; r.Hits != hits || !r.UsedAt.Equal(used) {
		t.Fatalf("%d hits, used %v; want %d, %v", r.Hits, r.UsedAt, hits, used)
	}
}
