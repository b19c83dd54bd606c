package cache_test

import (
	"net/http"
	"slices"
	"testing"

	"larder/cache"
	"larder/cache/store"
)

func TestVerify(t *testing.T) {
	tests := []struct {
		name   string
		damage func(w *world, chunks []store.Ref)
		down   bool // the registry does not answer
		want   cache.Verified
		events []cache.EventKind
		asked  int // requests; negative: as many as it takes to give up
	}{
		{"whole", func(*world, []store.Ref) {}, false, cache.Verified{}, []cache.EventKind{cache.EventVerified}, 0},
		{"one bit", func(w *world, k []store.Ref) { w.rot(k[3]) }, false, cache.Verified{Corrupt: 1, Repaired: 1},
			[]cache.EventKind{cache.EventCorrupt, cache.EventRepaired}, 1},
		{"gone", func(w *world, k []store.Ref) { w.lose(k[0]) }, false, cache.Verified{Missing: 1, Repaired: 1},
			[]cache.EventKind{cache.EventCorrupt, cache.EventRepaired}, 1},
		{"both, and no network", func(w *world, k []store.Ref) { w.rot(k[1]); w.rot(k[2]); w.lose(k[0]) }, true,
			cache.Verified{Corrupt: 2, Missing: 1}, []cache.EventKind{cache.EventCorrupt}, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
			// A second version that shares most chunks: those are read once.
			w.server.Publish("leaf", "2.0.0", ttl, leafFiles(random(9, 100))...)
			w.expect("2.0.0", "2.0.0", cache.FromRegistry, cache.Fresh)
			chunks := w.chunksOf("1.0.0")
			tt.damage(w, chunks)
			if tt.down {
				w.server.Break(broken)
			}
			w.took()
			w.asked()
			var last cache.Progress
			got, err := w.cache.Verify(t.Context(), "leaf", func(p cache.Progress) { last = p })
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			want.Chunks, want.Bytes = len(chunks)+1, leafBytes+100
			if got != want {
				t.Errorf("found %+v, want %+v", got, want)
			}
			if events := w.took(); !slices.Equal(events, tt.events) {
				t.Errorf("events %v, want %v", events, tt.events)
			}
			if n := len(w.asked()); n != tt.asked && tt.asked >= 0 {
				t.Errorf("%d requests, want %d", n, tt.asked)
			}
			if tt.asked == 0 && (last.Phase != cache.PhaseVerify || last.Loaded != last.Total || last.Total != want.Bytes) {
				t.Errorf("progress ends with %+v", last)
			}
			if tt.down {
				return
			}
			w.restart() // memory knows nothing any more
			w.expect("1.0.0", "1.0.0", cache.FromStore, cache.Fresh)
			w.expect("2.0.0", "2.0.0", cache.FromStore, cache.Fresh)
			if got, err := w.cache.Verify(t.Context(), "leaf", nil); err != nil || got.Corrupt+got.Missing != 0 {
				t.Errorf("afterwards %+v, %v", got, err)
			}
		})
	}
}

// lose deletes a stored chunk behind everybody's back.
func (w *world) lose(ref store.Ref) {
	w.t.Helper()
	if err := w.db.Open().DeleteChunks(w.t.Context(), []store.Digest{ref.Digest}); err != nil {
		w.t.Fatal(err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	w := newWorld(t)
	for name, code := range map[string]cache.Code{"leaf": cache.NotFound, "no/name": cache.InvalidInput, "": cache.InvalidInput} {
		if _, err := w.cache.Verify(t.Context(), name, nil); cache.CodeOf(err) != code {
			t.Errorf("%q: %v, want %s", name, err, code)
		}
	}
	w.cache.Close()
	if _, err := w.cache.Verify(t.Context(), "leaf", nil); cache.CodeOf(err) != cache.Closed {
		t.Errorf("closed: %v", err)
	}
}

func TestPin(t *testing.T) {
	w := newWorld(t)
	if err := w.cache.Pin(t.Context(), "leaf", "", true); cache.CodeOf(err) != cache.NotFound {
		t.Errorf("nothing stored: %v", err)
	}
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.took()
	pinned := func(want bool) {
		t.Helper()
		list, err := w.cache.List(t.Context())
		if err != nil || len(list) != 1 || list[0].Pinned != want {
			t.Errorf("list %+v, %v; want pinned %v", list, err, want)
		}
	}
	for _, version := range []string{"", "1.0.0"} {
		for _, on := range []bool{true, false} {
			if err := w.cache.Pin(t.Context(), "leaf", version, on); err != nil {
				t.Fatal(err)
			}
			pinned(on)
		}
	}
	if got, want := w.took(), []cache.EventKind{cache.EventPinned, cache.EventUnpinned, cache.EventPinned, cache.EventUnpinned}; !slices.Equal(got, want) {
		t.Errorf("events %v", got)
	}
	for version, code := range map[string]cache.Code{"3.0.0": cache.NotFound, "?": cache.InvalidInput} {
		if err := w.cache.Pin(t.Context(), "leaf", version, true); cache.CodeOf(err) != code {
			t.Errorf("%q: %v, want %s", version, err, code)
		}
	}
}

// broken answers every request with an error.
func broken(w http.ResponseWriter, _ *http.Request) bool {
	w.WriteHeader(http.StatusServiceUnavailable)
	return true
}
