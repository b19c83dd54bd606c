package storetest

import (
	"reflect"
	"testing"
	"time"

	"larder/cache/store"
)

var commitTests = []test{
	{"visible at once, everywhere, for good", func(t *testing.T, open func() store.Store) {
		s, other := open(), open()
		a, b := chunk(1, 10), chunk(2, 20)
		r := record("leaf", "1.0.0", a, b, a)
		r.Pinned = true
		commit(t, s, r, store.Latest, a, b)
		wantSnap := store.Snapshot{Records: []store.Record{r}, Pointers: []store.Pointer{pointer(r, store.Latest)}}
		for name, s := range map[string]store.Store{"same": s, "other": other, "later": open()} {
			if got := snapshot(t, s); !reflect.DeepEqual(got, wantSnap) {
				t.Fatalf("%s: got  %+v\nwant %+v", name, got, wantSnap)
			}
		}
	}},
	{"incomplete changes nothing", func(t *testing.T, open func() store.Store) {
		s := open()
		a, b := chunk(1, 10), chunk(2, 20)
		old := record("leaf", "1.0.0", a)
		commit(t, s, old, store.Latest, a)
		before := snapshot(t, s)
		next := record("leaf", "2.0.0", a, b)
		want(t, s.Commit(t.Context(), next, pointer(next, store.Latest)), store.Incomplete)
		if got := snapshot(t, s); !reflect.DeepEqual(got, before) {
			t.Fatalf("changed to %+v", got)
		}
		put(t, s, b)
		want(t, s.Commit(t.Context(), next, pointer(next, store.Latest)), "")
	}},
	{"flip and roll back", func(t *testing.T, open func() store.Store) {
		s := open()
		a, b := chunk(1, 10), chunk(2, 20)
		one, two := record("leaf", "1.0.0", a), record("leaf", "2.0.0", a, b)
		for _, step := range []struct {
			r        store.Record
			selector string
			records  int
			pointers []store.Pointer
		}{
			{one, store.Latest, 1, []store.Pointer{pointer(one, store.Latest)}},
			{one, "^1", 1, []store.Pointer{pointer(one, store.Latest), pointer(one, "^1")}},
			{two, store.Latest, 2, []store.Pointer{pointer(two, store.Latest), pointer(one, "^1")}},
			{one, store.Latest, 2, []store.Pointer{pointer(one, store.Latest), pointer(one, "^1")}},
		} {
			commit(t, s, step.r, step.selector, a, b)
			got := snapshot(t, s)
			if len(got.Records) != step.records || !reflect.DeepEqual(got.Pointers, step.pointers) {
				t.Fatalf("after %s@%s: %d records, pointers %+v", step.r.Name, step.selector, len(got.Records), got.Pointers)
			}
		}
	}},
	{"several pointers at once, or none", func(t *testing.T, open func() store.Store) {
		s := open()
		r := record("leaf", "1.0.0")
		back := pointer(r, store.Latest)
		back.Skip = "2.0.0"
		want(t, s.Commit(t.Context(), r, back, pointer(r, "^1")), "")
		want(t, s.Commit(t.Context(), record("leaf", "0.9.0")), "")
		got := snapshot(t, open())
		if len(got.Records) != 2 || !reflect.DeepEqual(got.Pointers, []store.Pointer{back, pointer(r, "^1")}) {
			t.Fatalf("got %+v", got)
		}
		want(t, s.Touch(t.Context(), "leaf", "1.0.0", store.Patch{CheckedAt: epoch.Add(time.Hour), Selector: store.Latest}), "")
		if p := snapshot(t, s).Pointers[0]; p.Skip != "2.0.0" || !p.CheckedAt.Equal(epoch.Add(time.Hour)) {
			t.Fatalf("got %+v", p)
		}
	}},
	{"replaces a record", func(t *testing.T, open func() store.Store) {
		s := open()
		a, b := chunk(1, 10), chunk(2, 20)
		commit(t, s, record("leaf", "1.0.0", a), store.Latest, a)
		again := record("leaf", "1.0.0", b)
		again.Manifest = []byte("republished")
		again.CheckedAt = epoch.Add(time.Hour)
		commit(t, s, again, store.Latest, b)
		if got := snapshot(t, s); len(got.Records) != 1 || !reflect.DeepEqual(got.Records[0], again) {
			t.Fatalf("got %+v", got.Records)
		}
	}},
	{"a model without chunks", func(t *testing.T, open func() store.Store) {
		s := open()
		r := record("rules", "1.0.0")
		commit(t, s, r, store.Latest)
		if got := snapshot(t, s); len(got.Records) != 1 || len(got.Records[0].Chunks) != 0 {
			t.Fatalf("got %+v", got)
		}
	}},
	{"many chunks", func(t *testing.T, open func() store.Store) {
		s := open()
		var chunks []store.Chunk
		for i := range 300 {
			chunks = append(chunks, chunk(i, 50+i))
		}
		r := record("large", "1.0.0", chunks...)
		commit(t, s, r, store.Latest, chunks...)
		want(t, s.DeleteChunks(t.Context(), []store.Digest{chunks[299].Digest}), "")
		want(t, s.Commit(t.Context(), r, pointer(r, "^1")), store.Incomplete)
	}},
	{"refuses what the contract excludes", func(t *testing.T, open func() store.Store) {
		s := open()
		a := chunk(1, 10)
		put(t, s, a)
		for name, change := range map[string]func(*store.Record, *store.Pointer){
			"no name":         func(r *store.Record, p *store.Pointer) { r.Name, p.Name = "", "" },
			"at in the name":  func(r *store.Record, p *store.Pointer) { r.Name, p.Name = "a@b", "a@b" },
			"slash":           func(r *store.Record, p *store.Pointer) { r.Version, p.Version = "../x", "../x" },
			"dots":            func(r *store.Record, p *store.Pointer) { r.Name, p.Name = "..", ".." },
			"no manifest":     func(r *store.Record, _ *store.Pointer) { r.Manifest = nil },
			"empty chunk":     func(r *store.Record, _ *store.Pointer) { r.Chunks[0].Size = 0 },
			"huge chunk":      func(r *store.Record, _ *store.Pointer) { r.Chunks[0].Size = store.MaxChunk + 1 },
			"skips a path":    func(_ *store.Record, p *store.Pointer) { p.Skip = "../x" },
			"no selector":     func(_ *store.Record, p *store.Pointer) { p.Selector = "" },
			"other's pointer": func(_ *store.Record, p *store.Pointer) { p.Version = "9.9.9" },
		} {
			r := record("leaf", "1.0.0", a)
			p := pointer(r, store.Latest)
			change(&r, &p)
			if err := s.Commit(t.Context(), r, p); store.CodeOf(err) != store.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := snapshot(t, s); len(got.Records)+len(got.Pointers) != 0 {
			t.Fatalf("stored %+v", got)
		}
	}},
}
