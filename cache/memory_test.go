package cache_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/metrics"
)

// TestFilesAreHeldWeakly checks that a file which the program holds is found again after
// its version had to leave the memory, and is not read twice.
func TestFilesAreHeldWeakly(t *testing.T) {
	w := newWorld(t)
	w.opt = func(o *cache.Options) { o.MemoryBytes = -1 }
	w.restart()
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	get := func() (*cache.File, *cache.Entry) {
		e, err := w.cache.Get(t.Context(), "leaf", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		f, err := e.File(t.Context(), "model.onnx", nil)
		if err != nil {
			t.Fatal(err)
		}
		return f, e
	}
	first, e := get()
	e.Release()
	if s, _ := w.cache.Stats(t.Context()); s.MemoryEntries != 0 {
		t.Fatalf("%+v: nothing is kept beyond its use", s)
	}
	second, e := get()
	if second != first {
		t.Error("the file was read again")
	}
	e.Release()
	runtime.KeepAlive(first)
	if err := w.cache.Evict(t.Context(), "leaf"); err != nil {
		t.Fatal(err)
	}
	if third, e := get(); third == first {
		t.Error("an evicted version's file was found")
	} else {
		e.Release()
	}
}

func TestShrinkAndIdle(t *testing.T) {
	w := newWorld(t)
	w.opt = func(o *cache.Options) { o.MemoryIdle = time.Minute }
	w.restart()
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.expect("", "1.0.0", cache.FromMemory, cache.Fresh)
	if n := w.cache.Shrink(1); n < leafBytes {
		t.Errorf("%d bytes went", n)
	}
	w.expect("", "1.0.0", cache.FromStore, cache.Fresh)
	w.took()
	w.clock.advance(2 * time.Minute)
	if got := w.took(); !slices.Equal(got, []cache.EventKind{cache.EventReleased}) {
		t.Errorf("%v: what nobody asks for is let go", got)
	}
	s, err := w.cache.Stats(t.Context())
	if m := s.Memory; err != nil || m.Hits != 1 || m.Misses != 2 || m.Loads != 2 || m.Entries != 0 ||
		m.Removed[metrics.Size] != 1 || m.Removed[metrics.Expired] != 1 || m.HitTime.Count() != 1 || m.BytesLoaded != 2*leafBytes {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestForgottenEntry checks that a lease which nobody can end any more ends.
func TestForgottenEntry(t *testing.T) {
	w := newWorld(t)
	if _, err := w.cache.Get(t.Context(), "leaf", "", nil); err != nil {
		t.Fatal(err)
	}
	for {
		runtime.GC()
		if s, err := w.cache.Stats(t.Context()); err != nil || s.Leases == 0 {
			return
		}
		runtime.Gosched()
	}
}

// TestEvictInUse checks that an entry in use keeps working, and that the next Get does
// not find what was evicted.
func TestEvictInUse(t *testing.T) {
	w := newWorld(t)
	e, err := w.cache.Get(t.Context(), "leaf", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	w.check(e)
	if err := w.cache.Evict(t.Context(), "leaf"); err != nil {
		t.Fatal(err)
	}
	w.took()
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.check(e)
	if got := w.took(); slices.Contains(got, cache.EventReleased) {
		t.Errorf("%v: it is in use", got)
	}
	e.Release()
	if got := w.took(); !slices.Equal(got, []cache.EventKind{cache.EventReleased}) {
		t.Errorf("%v", got)
	}
}
