package memory

import (
	"hash/maphash"
	"sync"
	"time"

	"larder/cache/metrics"
	"larder/cache/policy"
)

// Tier keeps values by key. Safe for concurrent use.
type Tier struct {
	opt   Options
	seed  maphash.Seed
	count metrics.Tier

	mu      sync.Mutex
	entries map[string]*entry
	n       int   // strong entries
	bytes   int64 // of strong and doomed ones
	leases  int
	removed []Removal // to be told when the lock is free
	closed  bool

	timer func() // stops it; nil if it does not run
	due   time.Time
}

// New makes a Tier.
func New(opt Options) *Tier {
	opt.setDefaults()
	opt.Policy.Budget(max(opt.MaxBytes, 0))
	return &Tier{opt: opt, seed: maphash.MakeSeed(), entries: map[string]*entry{}}
}

// Take returns a lease on the value under a key, or nil. It counts as a hit or a miss.
func (t *Tier) Take(key string) *Lease {
	start := t.opt.Clock.Now()
	t.mu.Lock()
	defer t.unlock()
	e := t.find(key, start)
	if e == nil {
		t.count.Miss()
		return nil
	}
	l := t.lease(e)
	t.trim()
	t.count.Hit(t.opt.Clock.Now().Sub(start))
	return l
}

// Get returns the value under a key, without a lease. It counts as a hit or a miss.
func (t *Tier) Get(key string) (any, bool) {
	start := t.opt.Clock.Now()
	t.mu.Lock()
	defer t.unlock()
	e := t.find(key, start)
	if e == nil {
		t.count.Miss()
		return nil, false
	}
	v := e.value
	t.settle(e)
	t.count.Hit(t.opt.Clock.Now().Sub(start))
	return v, true
}

// Again counts n hits of a key by somebody who has its value at hand, and how long each
// took. The policy learns of every one.
func (t *Tier) Again(key string, n int64, took time.Duration) {
	t.mu.Lock()
	defer t.unlock()
	t.count.Hits(n, took)
	e := t.find(key, t.opt.Clock.Now())
	if e == nil {
		return // it left meanwhile
	}
	for range n - 1 {
		t.opt.Policy.Use(&e.item)
	}
	t.settle(e)
}

// find returns the entry of a key for use, strong again if it was weak. The caller
// holds the lock.
func (t *Tier) find(key string, now time.Time) *entry {
	e := t.entries[key]
	if e == nil {
		return nil
	}
	if t.over(e, now) {
		t.drop(e, metrics.Expired)
		return nil
	}
	e.used = now
	if e.state == strong {
		t.opt.Policy.Use(&e.item)
		return e
	}
	v := e.weak.Value()
	if v == nil {
		t.drop(e, metrics.Collected)
		return nil
	}
	e.watch()
	e.value = v
	t.hold(e)
	t.count.WeakHit()
	return e
}

// Put puts a value under a key, in place of what is there.
func (t *Tier) Put(key string, v Value) {
	t.mu.Lock()
	defer t.unlock()
	t.settle(t.put(key, v))
}

// PutTake puts a value under a key, in place of what is there, and returns a lease on it.
func (t *Tier) PutTake(key string, v Value) *Lease {
	t.mu.Lock()
	defer t.unlock()
	e := t.put(key, v)
	l := t.lease(e)
	t.trim()
	return l
}

// Peek returns a lease on the value under a key, or nil, and counts neither a hit nor a
// miss.
func (t *Tier) Peek(key string) *Lease {
	t.mu.Lock()
	defer t.unlock()
	e := t.find(key, t.opt.Clock.Now())
	if e == nil {
		return nil
	}
	l := t.lease(e)
	t.trim()
	return l
}

// TakeOrPut returns a lease on the value under a key, which is put there unless there is
// one; had says whether there was. It counts neither a hit nor a miss.
func (t *Tier) TakeOrPut(key string, v Value) (l *Lease, had bool) {
	t.mu.Lock()
	defer t.unlock()
	e := t.find(key, t.opt.Clock.Now())
	if had = e != nil; !had {
		e = t.put(key, v)
	}
	l = t.lease(e)
	t.trim()
	return l, had
}

// Land returns a lease on a value that was loaded. It is put under a key, unless there is
// another one by now: then it goes with the lease, as replaced, because whoever loaded it
// waits for this one, and it has to be released like any other.
func (t *Tier) Land(key string, v Value) *Lease {
	t.mu.Lock()
	defer t.unlock()
	var e *entry
	if t.find(key, t.opt.Clock.Now()) != nil {
		e = t.aside(key, v, metrics.Replaced)
	} else {
		e = t.put(key, v)
	}
	l := t.lease(e)
	t.trim()
	return l
}

// Holds reports whether the tier holds that very value strongly under a key. That is no
// use of it.
func (t *Tier) Holds(key string, value any) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[key]
	return e != nil && e.state == strong && e.value == value
}

// size is what a value of so many bytes counts: something, and not so much that sums of
// sizes wrap around.
func size(bytes int64) int64 { return min(max(bytes, 1), 1<<48) }

func (t *Tier) put(key string, v Value) *entry {
	now := t.opt.Clock.Now()
	if old := t.entries[key]; old != nil {
		t.drop(old, metrics.Replaced)
	}
	if t.closed { // somebody was loading when the tier was closed
		return t.aside(key, v, metrics.Explicit)
	}
	e := t.newEntry(key, v)
	e.born, e.used = now, now
	if ttl := t.ttl(v.TTL); ttl > 0 {
		e.until = now.Add(ttl)
	}
	t.entries[key] = e
	t.hold(e)
	t.schedule(e)
	return e
}

func (t *Tier) newEntry(key string, v Value) *entry {
	e := &entry{key: key, value: v.Of, weak: v.Weak}
	e.item = policy.Item{Hash: maphash.String(t.seed, key), Bytes: size(v.Bytes), Cost: v.Cost, Owner: e}
	return e
}

// aside makes an entry that is not in the tier, for one lease.
func (t *Tier) aside(key string, v Value, cause metrics.Cause) *entry {
	e := t.newEntry(key, v)
	e.state, e.cause = doomed, cause
	t.bytes += e.item.Bytes
	return e
}

// Resize says that the value under a key has another size now. It reports whether the
// tier holds that very value; a value that left, or was replaced, it does not.
func (t *Tier) Resize(key string, value any, bytes int64) bool {
	t.mu.Lock()
	defer t.unlock()
	e := t.entries[key]
	if e == nil || e.state != strong || e.value != value {
		return false
	}
	old := e.item.Bytes
	e.item.Bytes = size(bytes)
	t.bytes += e.item.Bytes - old
	t.opt.Policy.Resize(&e.item, old)
	t.settle(e)
	return true
}

// Remove lets go of a key, in use or not, and reports whether it was there.
func (t *Tier) Remove(key string) bool {
	t.mu.Lock()
	defer t.unlock()
	e := t.entries[key]
	if e != nil {
		t.drop(e, metrics.Explicit)
	}
	return e != nil
}

// RemoveAll lets go of all keys that match, in use or not, and returns how many.
func (t *Tier) RemoveAll(match func(key string) bool) int {
	t.mu.Lock()
	defer t.unlock()
	n := 0
	for key, e := range t.entries {
		if match(key) {
			t.drop(e, metrics.Explicit)
			n++
		}
	}
	return n
}

// Shrink gives up room because memory is short: a part of what is held beyond its use,
// 0 to 1 for nothing to all of it, as the policy chooses. It returns how many bytes
// went. Call it when the system complains, a page is hidden, or an allocation failed.
func (t *Tier) Shrink(part float64) int64 {
	t.mu.Lock()
	defer t.unlock()
	before, idle := t.bytes, int64(0)
	for _, e := range t.entries {
		if e.state == strong && e.item.Held == 0 {
			idle += e.item.Bytes
		}
	}
	for t.bytes > before-int64(min(max(part, 0), 1)*float64(idle)) {
		if !t.evict() {
			break
		}
	}
	return before - t.bytes
}

// Close lets go of everything; what is in use goes with its last lease. What is put in
// later is not kept. Closing twice is no error.
func (t *Tier) Close() {
	t.mu.Lock()
	defer t.unlock()
	t.closed = true
	for _, e := range t.entries {
		t.drop(e, metrics.Explicit)
	}
	if t.timer != nil {
		t.timer()
		t.timer = nil
	}
}

// Each calls see for every key that is held, strongly or not, with its leases, until it
// returns false. see must not use the Tier.
func (t *Tier) Each(see func(key string, leases int) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, e := range t.entries {
		if !see(key, e.item.Held) {
			return
		}
	}
}

// Counters returns what the tier counts by; a program that loads values counts its
// loads there.
func (t *Tier) Counters() *metrics.Tier { return &t.count }

// Stats returns the counters so far, and the sizes now.
func (t *Tier) Stats() metrics.Snapshot {
	s := t.count.Snapshot()
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Entries, s.Weak, s.Bytes, s.Leases = int64(t.n), int64(len(t.entries)-t.n), t.bytes, int64(t.leases)
	return s
}
