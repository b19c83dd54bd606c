package memory

import (
	"runtime"
	"sync/atomic"
	"time"

	"larder/cache/metrics"
	"larder/cache/policy"
)

// entry is one value in its life: strong, perhaps weak and strong again, doomed (out of
// the tier, but leased), gone. Its fields belong to Tier.mu.
type entry struct {
	item  policy.Item // Bytes and Held are the entry's
	key   string
	value any // nil while it is held weakly, and when it is gone
	state state
	weak  Ref
	watch func() // stops watching a weak value
	cause metrics.Cause
	born  time.Time
	until time.Time // of the time to live; zero: none
	used  time.Time
}

type state uint8

const (
	strong state = iota // in the map and the policy
	weakly              // in the map only
	doomed              // in neither; goes with its last lease
	gone
)

// Lease holds a value in the tier and out of reach of its limits. Safe for concurrent
// use. A Lease that is forgotten without Release ends when the garbage collector finds
// it, so that a mistake costs memory for a while and not for ever.
type Lease struct {
	claim *claim
	guard runtime.Cleanup
}

// claim is the lease without the handle, so that it can outlive it.
type claim struct {
	tier  *Tier
	entry *entry
	value any
	over  atomic.Bool
}

// lease makes a lease. The caller holds the lock.
func (t *Tier) lease(e *entry) *Lease {
	e.item.Held++
	t.leases++
	l := &Lease{claim: &claim{tier: t, entry: e, value: e.value}}
	l.guard = runtime.AddCleanup(l, (*claim).release, l.claim)
	return l
}

// Value returns the value.
func (l *Lease) Value() any { return l.claim.value }

// Share takes another lease on the same value, whether or not the tier still has it.
// It must come before Release.
func (l *Lease) Share() *Lease {
	t := l.claim.tier
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lease(l.claim.entry)
}

// Remove takes the value out of the tier, unless that has let go of it already or holds
// another one under its key. The lease goes on.
func (l *Lease) Remove() {
	t, e := l.claim.tier, l.claim.entry
	t.mu.Lock()
	defer t.unlock()
	if e.state == strong || e.state == weakly {
		t.drop(e, metrics.Explicit)
	}
}

// Release ends the lease. Calling it more than once is no error.
func (l *Lease) Release() {
	l.guard.Stop()
	l.claim.release()
	runtime.KeepAlive(l)
}

func (c *claim) release() {
	if c.over.Swap(true) {
		return
	}
	t, e := c.tier, c.entry
	t.mu.Lock()
	e.item.Held--
	t.leases--
	if e.item.Held == 0 {
		switch e.state {
		case doomed:
			t.bury(e)
		case strong:
			t.settle(e)
		}
	}
	t.unlock()
}
