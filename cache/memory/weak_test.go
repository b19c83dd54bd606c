package memory

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"larder/cache/metrics"
)

// thing is a value with an identity that outlives it.
type thing struct {
	number int
	bytes  []byte
}

func newThing(n int) *thing { return &thing{n, make([]byte, 64)} }

// ledger counts removals.
type ledger struct {
	mu    sync.Mutex
	went  map[string]int
	cause map[string]metrics.Cause
	some  chan struct{} // gets a token with each removal, unless it is full
}

func newLedger() *ledger {
	return &ledger{went: map[string]int{}, cause: map[string]metrics.Cause{}, some: make(chan struct{}, 1)}
}

func (l *ledger) add(r Removal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.went[r.Key]++
	l.cause[r.Key] = r.Cause
	select {
	case l.some <- struct{}{}:
	default:
	}
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.went)
}

// await collects garbage until so many have gone. The test's time limit ends it.
func (l *ledger) await(n int) {
	for l.count() < n {
		runtime.GC()
		if l.count() < n {
			<-l.some
		}
	}
}

// TestWeak makes 10,000 trials: a value that leaves the budget is held by nobody, by a
// lease, or by the program itself; every dead one must be collected and told of exactly
// once, and no live one be touched.
func TestWeak(t *testing.T) {
	const trials = 10_000
	l := newLedger()
	tier := New(Options{MaxBytes: 64 << 10, OnRemove: l.add})
	rng := rand.New(rand.NewPCG(1, 1))
	leases := map[int]*Lease{}
	own := map[int]*thing{}
	for i := range trials {
		v := newThing(i)
		key := fmt.Sprint(i)
		lease := tier.PutTake(key, Value{Of: v, Bytes: 64, Weak: Weak(v)})
		switch rng.IntN(10) {
		case 0:
			leases[i] = lease
			continue
		case 1:
			own[i] = v
		}
		lease.Release()
	}
	// All within the budget is held: 1,024 entries, the leased ones among them.
	l.await(trials - max(1024, len(leases)) - len(own))
	tier.Shrink(1)
	l.await(trials - len(leases) - len(own))
	runtime.GC()
	runtime.GC()
	for i, lease := range leases {
		check(t, l, i, lease.Value().(*thing))
	}
	for i, v := range own {
		check(t, l, i, v)
		found, ok := tier.Get(fmt.Sprint(i))
		if !ok || found != v {
			t.Fatalf("value %d lives, and the tier finds %v", i, found)
		}
	}
	for i, v := range own {
		runtime.KeepAlive(v)
		delete(own, i)
	}
	for i, lease := range leases {
		lease.Release()
		delete(leases, i)
	}
	tier.Shrink(1)
	l.await(trials)
	for key, n := range l.went {
		if n != 1 || l.cause[key] != metrics.Collected {
			t.Fatalf("value %s went %d times: %s", key, n, l.cause[key])
		}
	}
	if s := tier.Stats(); s.Entries != 0 || s.Weak != 0 || s.Bytes != 0 || s.Leases != 0 || s.WeakHits == 0 {
		t.Errorf("%+v", s)
	}
}

func check(t *testing.T, l *ledger, i int, v *thing) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.went[fmt.Sprint(i)] != 0 || v.number != i || len(v.bytes) != 64 {
		t.Fatalf("value %d is in use and went", i)
	}
}

// TestWeakAgain checks that a value that is found again is strong again.
func TestWeakAgain(t *testing.T) {
	l := newLedger()
	tier := New(Options{MaxEntries: 1, OnRemove: l.add})
	a := newThing(1)
	tier.Put("a", Value{Of: a, Weak: Weak(a)})
	b := newThing(2)
	tier.Put("b", Value{Of: b, Weak: Weak(b)})
	if s := tier.Stats(); s.Entries != 1 || s.Weak != 1 {
		t.Fatalf("%+v", s)
	}
	if v, ok := tier.Get("a"); !ok || v != a {
		t.Fatal(v, ok)
	}
	runtime.KeepAlive(b)
	l.await(1) // now b is the weak one
	if _, ok := tier.Get("a"); !ok || l.went["b"] != 1 {
		t.Errorf("went %v", l.went)
	}
	runtime.KeepAlive(a)
}

// TestWeakIsReplaced checks the other ways for a weak value to end: they still have it.
func TestWeakIsReplaced(t *testing.T) {
	var went []string
	tier := New(Options{MaxBytes: -1, OnRemove: func(r Removal) {
		went = append(went, fmt.Sprint(r.Key, r.Value.(*thing).number, r.Cause))
	}})
	keep := []*thing{newThing(1), newThing(2), newThing(3), newThing(4)}
	for i, key := range []string{"a", "b", "c", "a"} {
		tier.Put(key, Value{Of: keep[i], Weak: Weak(keep[i])})
	}
	tier.Remove("b")
	tier.RemoveAll(func(key string) bool { return key == "c" })
	tier.Close()
	if want := []string{"a1 replaced", "b2 explicit", "c3 explicit", "a4 explicit"}; !slices.Equal(went, want) {
		t.Errorf("went %q, want %q", went, want)
	}
	runtime.KeepAlive(keep)
	keep = nil
	runtime.GC()
	runtime.GC()
	if len(went) != 4 {
		t.Errorf("went %q", went)
	}
}

// TestForgottenLease checks that a lease nobody can release any more ends.
func TestForgottenLease(t *testing.T) {
	l := newLedger()
	tier := New(Options{MaxBytes: -1, OnRemove: l.add})
	for i := range 100 {
		tier.PutTake(fmt.Sprint(i), val(i, 1))
	}
	l.await(100)
	if s := tier.Stats(); s.Leases != 0 || s.Bytes != 0 {
		t.Errorf("%+v", s)
	}
}

func TestWatchOfTheDead(t *testing.T) {
	r := Weak(newThing(1))
	for r.Value() != nil {
		runtime.GC()
	}
	told := make(chan any)
	stop := r.Watch(func(arg any) { told <- arg }, 7)
	if got := <-told; got != 7 {
		t.Error(got)
	}
	stop()
}

// deadRef refers to a value that is gone, and of which nobody was told yet.
type deadRef struct{ dead bool }

func (r *deadRef) Value() any {
	if r.dead {
		return nil
	}
	return r
}

func (*deadRef) Watch(func(any), any) func() { return func() {} }

// TestDeadBeforeItWasTold checks that a value which was collected, and leaves for another
// reason before the collector says so, leaves as collected: there is none to be closed.
func TestDeadBeforeItWasTold(t *testing.T) {
	var went []string
	tier := New(Options{MaxBytes: -1, OnRemove: func(r Removal) { went = append(went, fmt.Sprint(r.Key, r.Value, r.Cause)) }})
	for _, key := range []string{"a", "b", "a"} {
		r := &deadRef{}
		tier.Put(key, Value{Of: r, Weak: r})
		r.dead = true
	}
	tier.Remove("b")
	tier.Close()
	if want := []string{"a<nil> collected", "b<nil> collected", "a<nil> collected"}; !slices.Equal(went, want) {
		t.Errorf("went %q, want %q", went, want)
	}
}
