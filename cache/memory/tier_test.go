package memory

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"larder/cache/metrics"
	"larder/cache/policy"
)

// fakeClock moves only when told.
type fakeClock struct {
	mu     sync.Mutex
	now    time.Time
	timers map[int]fakeTimer
	last   int
	fired  int
}

type fakeTimer struct {
	at time.Time
	f  func()
}

func newClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), timers: map[int]fakeTimer{}}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) AfterFunc(d time.Duration, f func()) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	id := c.last
	c.timers[id] = fakeTimer{c.now.Add(d), f}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.timers, id)
	}
}

// advance moves the clock, either way, and runs the timers that are due.
func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	var due []fakeTimer
	for id, t := range c.timers {
		if !t.at.After(c.now) {
			due = append(due, t)
			delete(c.timers, id)
			c.fired++
		}
	}
	c.mu.Unlock()
	for _, t := range due {
		t.f()
	}
}

// log remembers what left a tier.
type log struct {
	mu   sync.Mutex
	went []string
}

func (l *log) add(r Removal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.went = append(l.went, fmt.Sprintf("%s=%v %s", r.Key, r.Value, r.Cause))
}

// take returns what left since the last call.
func (l *log) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.went
	l.went = nil
	return out
}

func (l *log) want(t *testing.T, want ...string) {
	t.Helper()
	if got := l.take(); !slices.Equal(got, want) {
		t.Errorf("went %q, want %q", got, want)
	}
}

func testTier(opt Options) (*Tier, *log, *fakeClock) {
	l, c := &log{}, newClock()
	opt.OnRemove, opt.Clock = l.add, c
	return New(opt), l, c
}

func val(v any, bytes int64) Value { return Value{Of: v, Bytes: bytes} }

func has(t *Tier, key string) bool {
	_, ok := t.Get(key)
	return ok
}

func TestBudget(t *testing.T) {
	tier, log, _ := testTier(Options{MaxBytes: 10})
	tier.Put("a", val(1, 4))
	tier.Put("b", val(2, 4))
	has(tier, "a")
	tier.Put("c", val(3, 4))
	log.want(t, "b=2 size")
	tier.Put("d", val(4, 11)) // larger than everything: nobody else has to go for it
	log.want(t, "d=4 size")
	tier.Put("a", val(5, 1))
	log.want(t, "a=1 replaced")
	if v, ok := tier.Get("a"); !ok || v != 5 {
		t.Error(v, ok)
	}
	tier.Remove("c")
	if tier.Remove("c") {
		t.Error("removed twice")
	}
	log.want(t, "c=3 explicit")
	if s := tier.Stats(); s.Entries != 1 || s.Bytes != 1 || s.Removed[metrics.Size] != 2 || s.BytesRemoved[metrics.Size] != 15 || s.Hits != 2 {
		t.Errorf("%+v", s)
	}
}

func TestEntries(t *testing.T) {
	tier, log, _ := testTier(Options{MaxEntries: 2})
	for i := range 4 {
		tier.Put(fmt.Sprint(i), val(i, 1000))
	}
	log.want(t, "0=0 size", "1=1 size")
}

func TestLeases(t *testing.T) {
	tier, log, _ := testTier(Options{MaxBytes: 10})
	a := tier.PutTake("a", val(1, 8))
	b := tier.PutTake("b", val(2, 8))
	log.want(t)
	again := b.Share()
	b.Release()
	b.Release()
	log.want(t)
	if s := tier.Stats(); s.Leases != 2 || s.Bytes != 16 {
		t.Errorf("%+v", s)
	}
	again.Release()
	log.want(t, "b=2 size")
	tier.Put("a", val(3, 1)) // replaced, but in use: it is released later
	log.want(t)
	if a.Value() != 1 {
		t.Error(a.Value())
	}
	if s := tier.Stats(); s.Bytes != 9 {
		t.Errorf("%d bytes: what is in use counts until it is released", s.Bytes)
	}
	second := a.Share()
	a.Release()
	log.want(t)
	second.Release()
	log.want(t, "a=1 replaced")
	if l := tier.Take("a"); l == nil || l.Value() != 3 {
		t.Error("the new value is not there")
	}
	if tier.Take("x") != nil {
		t.Error("something was found under x")
	}
}

func TestNothingBeyondItsUse(t *testing.T) {
	tier, log, _ := testTier(Options{MaxBytes: -1})
	tier.Put("a", val(1, 1))
	log.want(t, "a=1 size")
	l := tier.PutTake("b", val(2, 1))
	m := tier.Take("b")
	l.Release()
	log.want(t)
	m.Release()
	log.want(t, "b=2 size")
}

func TestResize(t *testing.T) {
	tier, log, _ := testTier(Options{MaxBytes: 10})
	tier.Put("a", val(1, 2))
	tier.Put("b", val(2, 2))
	if !tier.Resize("b", 2, 7) || tier.Stats().Bytes != 9 {
		t.Error(tier.Stats().Bytes)
	}
	if tier.Resize("b", 3, 7) || tier.Resize("x", 1, 1) {
		t.Error("what is not there was resized")
	}
	tier.Resize("b", 2, 9)
	log.want(t, "a=1 size")
	tier.Resize("b", 2, 11)
	log.want(t, "b=2 size")
}

func TestShrink(t *testing.T) {
	tier, log, _ := testTier(Options{})
	for i := range 4 {
		tier.Put(fmt.Sprint(i), val(i, 10))
	}
	l := tier.Take("0")
	if n := tier.Shrink(0.5); n != 20 {
		t.Errorf("%d bytes went", n)
	}
	log.want(t, "1=1 size", "2=2 size")
	if n := tier.Shrink(1); n != 10 {
		t.Errorf("%d bytes went", n)
	}
	log.want(t, "3=3 size")
	if tier.Shrink(1) != 0 || tier.Shrink(-4) != 0 {
		t.Error("what is in use went")
	}
	l.Release()
}

func TestExpiry(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name  string
		opt   Options
		own   time.Duration
		use   []time.Duration // pauses, after each of which the value is asked for
		found []bool
	}{
		{"no limit", Options{}, 0, []time.Duration{1000 * time.Hour}, []bool{true}},
		{"ttl", Options{TTL: 10 * s}, 0, []time.Duration{9 * s, s}, []bool{true, false}},
		{"its own ttl", Options{TTL: 10 * s}, 2 * s, []time.Duration{s, s}, []bool{true, false}},
		{"sliding", Options{Idle: 10 * s}, 0, []time.Duration{9 * s, 9 * s, 9 * s, 10 * s}, []bool{true, true, true, false}},
		{"both", Options{TTL: 20 * s, Idle: 10 * s}, 0, []time.Duration{9 * s, 9 * s, 2 * s}, []bool{true, true, false}},
		{"jitter", Options{TTL: 10 * s, Jitter: 0.2, Random: func() float64 { return 0.5 }}, 0, []time.Duration{8 * s, s}, []bool{true, false}},
		{"all of it jitter", Options{TTL: 10 * s, Jitter: 1, Random: func() float64 { return 1 }}, 0, []time.Duration{s}, []bool{false}},
		{"the clock was set back", Options{TTL: 10 * s}, 0, []time.Duration{5 * s, -6 * s}, []bool{true, false}},
		{"set back to before its last use", Options{Idle: 10 * s}, 0, []time.Duration{9 * s, -2 * s}, []bool{true, false}},
		{"that does not matter to a ttl", Options{TTL: 10 * s}, 0, []time.Duration{9 * s, -2 * s}, []bool{true, true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tier, log, clock := testTier(tt.opt)
			clock.advance(time.Hour)
			tier.Put("a", Value{Of: 1, TTL: tt.own})
			for i, pause := range tt.use {
				clock.mu.Lock()
				clock.now = clock.now.Add(pause) // the timer is late
				clock.mu.Unlock()
				if has(tier, "a") != tt.found[i] {
					t.Fatalf("after pause %d: %v", i, !tt.found[i])
				}
			}
			if !tt.found[len(tt.found)-1] {
				log.want(t, "a=1 expired")
			}
		})
	}
}

// TestExpiredIsReleased checks that values go when nobody asks for them any more, and
// that the timer comes only when there is something to wait for.
func TestExpiredIsReleased(t *testing.T) {
	tier, log, clock := testTier(Options{TTL: 32 * time.Minute})
	for i := range 1000 {
		tier.Put(fmt.Sprint(i), val(i, 1))
		clock.advance(time.Second)
	}
	if len(clock.timers) != 1 {
		t.Errorf("%d timers", len(clock.timers))
	}
	l := tier.Take("999")
	for range 60 {
		clock.advance(time.Minute)
	}
	if n := len(log.take()); n != 999 {
		t.Errorf("%d values went, want all but that in use", n)
	}
	l.Release()
	log.want(t, "999=999 expired")
	if clock.fired > 2*sweepGrain || len(clock.timers) != 0 {
		t.Errorf("the timer came %d times, %d are left", clock.fired, len(clock.timers))
	}
	tier, log, clock = testTier(Options{TTL: 32 * time.Minute})
	tier.Put("late", val(1, 1))
	clock.advance(32*time.Minute - 1)
	log.want(t)
	clock.advance(time.Minute + 1)
	log.want(t, "late=1 expired")
}

// TestAskedBeforeItCame asks for a key, and while the caller waits for its turn somebody
// puts a value there: that one is younger than the question, and not from the future.
func TestAskedBeforeItCame(t *testing.T) {
	for _, opt := range []Options{{TTL: time.Hour}, {Idle: time.Hour}} {
		tier, log, clock := testTier(opt)
		tier.opt.Clock = &lateClock{fakeClock: clock, then: func() {
			clock.advance(time.Millisecond)
			tier.Put("a", val(1, 1))
		}}
		if l := tier.Take("a"); l == nil || l.Value() != 1 {
			t.Errorf("%+v: the new value is not there", opt)
		}
		log.want(t)
	}
}

// lateClock does something after it has told the time for the first time.
type lateClock struct {
	*fakeClock
	then func()
}

func (c *lateClock) Now() time.Time {
	now, then := c.fakeClock.Now(), c.then
	c.then = nil
	if then != nil {
		then()
	}
	return now
}

// TestHugeSizes checks that sums of sizes do not wrap around.
func TestHugeSizes(t *testing.T) {
	for _, p := range policy.All {
		tier, log, _ := testTier(Options{MaxBytes: 10, Policy: p.New()})
		a, b := tier.PutTake("a", val(1, math.MaxInt64)), tier.PutTake("b", val(2, math.MaxInt64))
		if s := tier.Stats(); s.Bytes <= 0 {
			t.Errorf("%s: %d bytes", p.Name, s.Bytes)
		}
		a.Release()
		b.Release()
		log.want(t, "a=1 size", "b=2 size")
		tier.Put("c", val(3, 1))
		tier.Resize("c", 3, math.MaxInt64)
		log.want(t, "c=3 size")
	}
}

func TestSlidingTimer(t *testing.T) {
	tier, log, clock := testTier(Options{Idle: 32 * time.Minute})
	tier.Put("a", val(1, 1))
	for range 100 {
		clock.advance(20 * time.Minute)
		if !has(tier, "a") {
			t.Fatal("gone while it was used")
		}
	}
	clock.advance(33 * time.Minute)
	clock.advance(33 * time.Minute)
	log.want(t, "a=1 expired")
}

func TestClose(t *testing.T) {
	tier, log, clock := testTier(Options{TTL: time.Hour})
	l := tier.PutTake("a", val(1, 1))
	tier.Put("b", val(2, 1))
	tier.Close()
	tier.Close()
	log.want(t, "b=2 explicit")
	late := tier.PutTake("c", val(3, 1))
	tier.Put("d", val(4, 1))
	log.want(t, "d=4 explicit")
	l.Release()
	late.Release()
	log.want(t, "a=1 explicit", "c=3 explicit")
	if s := tier.Stats(); s.Bytes != 0 || s.Leases != 0 || len(clock.timers) != 0 {
		t.Errorf("%+v, %d timers", s, len(clock.timers))
	}
}

func TestRemoveAllAndEach(t *testing.T) {
	tier, log, _ := testTier(Options{})
	for _, key := range []string{"a1", "a2", "b1"} {
		tier.Put(key, val(key, 1))
	}
	l := tier.Take("a2")
	leases := map[string]int{}
	tier.Each(func(key string, n int) bool { leases[key] = n; return true })
	if len(leases) != 3 || leases["a2"] != 1 {
		t.Error(leases)
	}
	tier.Each(func(string, int) bool { return false })
	if n := tier.RemoveAll(func(key string) bool { return key[0] == 'a' }); n != 2 {
		t.Error(n)
	}
	log.want(t, "a1=a1 explicit")
	l.Release()
	log.want(t, "a2=a2 explicit")
}

// TestCallbackMayUseTheTier puts what went back under another name.
func TestCallbackMayUseTheTier(t *testing.T) {
	var tier *Tier
	tier = New(Options{MaxEntries: 1, OnRemove: func(r Removal) {
		if r.Key == "a" {
			tier.Remove("b")
			tier.Put("again", val(r.Value, 1))
		}
	}})
	tier.Put("a", val(1, 1))
	tier.Put("b", val(2, 1))
	if v, _ := tier.Get("again"); v != 1 {
		t.Error(v)
	}
}

// TestConcurrent uses a small tier from many goroutines: with the race detector, and
// with the sums at the end.
func TestConcurrent(t *testing.T) {
	for _, p := range policy.All {
		t.Run(p.Name, func(t *testing.T) {
			var mu sync.Mutex
			went := map[any]int{}
			const workers, rounds = 8, 2000
			var all sync.WaitGroup // the timer's goroutine may still be telling when the others are done
			all.Add(workers * rounds)
			tier := New(Options{MaxBytes: 50, MaxEntries: 20, TTL: 50 * time.Microsecond, Policy: p.New(), OnRemove: func(r Removal) {
				mu.Lock()
				defer mu.Unlock()
				went[r.Value]++
				all.Done()
			}})
			var wg sync.WaitGroup
			for w := range workers {
				wg.Go(func() {
					for i := range rounds {
						hammer(tier, w*rounds+i)
					}
				})
			}
			wg.Wait()
			tier.Close()
			all.Wait()
			mu.Lock()
			defer mu.Unlock()
			if s := tier.Stats(); s.Leases != 0 || s.Bytes != 0 || s.Entries != 0 {
				t.Errorf("left over: %d leases, %d bytes, %d entries", s.Leases, s.Bytes, s.Entries)
			}
			if len(went) != workers*rounds {
				t.Errorf("%d values went of %d", len(went), workers*rounds)
			}
			for v, n := range went {
				if n != 1 {
					t.Fatalf("%v went %d times", v, n)
				}
			}
		})
	}
}

// hammer puts value i and does something else.
func hammer(tier *Tier, i int) {
	key := fmt.Sprint(i * 7919 % 37)
	l := tier.PutTake(key, val(i, int64(i%11)))
	switch i % 6 {
	case 0:
		tier.Remove(key)
	case 1:
		tier.Shrink(0.3)
	case 2:
		if m := tier.Take(fmt.Sprint(i % 37)); m != nil {
			m.Release()
		}
	case 3:
		tier.Resize(key, i, int64(i%13))
	case 4:
		tier.RemoveAll(func(k string) bool { return k == key })
	}
	l.Release()
}

func BenchmarkGet(b *testing.B) {
	tier := New(Options{MaxBytes: 1 << 20, TTL: time.Hour})
	tier.Put("key", val(1, 1))
	b.Run("get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tier.Get("key")
		}
	})
	b.Run("lease", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tier.Take("key").Release()
		}
	})
	b.Run("put", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tier.Put("key", val(1, 1))
		}
	})
}

// TestAgain counts hits of who had the value at hand.
func TestAgain(t *testing.T) {
	clock := newClock()
	tier := New(Options{MaxBytes: 20, TTL: time.Hour, Policy: policy.NewLRU(), Clock: clock})
	tier.Put("a", Value{Of: 1, Bytes: 10})
	tier.Put("b", Value{Of: 2, Bytes: 10})
	tier.Again("a", 3, time.Millisecond)
	tier.Again("never", 2, time.Millisecond)
	tier.Put("c", Value{Of: 3, Bytes: 10})
	if _, ok := tier.Get("b"); ok {
		t.Error("b stays, though a was used after it")
	}
	if s := tier.Stats(); s.Hits != 5 || s.HitTime.Count() != 5 || s.HitTime.Sum != 5*time.Millisecond || s.Misses != 1 {
		t.Errorf("%+v", s)
	}
	clock.advance(time.Hour)
	tier.Again("a", 1, 0)
	if s := tier.Stats(); s.Hits != 6 || s.Removed[metrics.Expired] == 0 {
		t.Errorf("%+v", s)
	}
}
