package memory

import (
	"time"

	"larder/cache/metrics"
)

// The functions of this file are called with the lock held.

// hold makes an entry strong.
func (t *Tier) hold(e *entry) {
	e.state = strong
	t.n++
	t.bytes += e.item.Bytes
	t.opt.Policy.Add(&e.item)
}

// letGo makes a strong entry no longer so.
func (t *Tier) letGo(e *entry, evicted bool) {
	t.opt.Policy.Remove(&e.item, evicted)
	t.n--
	t.bytes -= e.item.Bytes
}

// full reports whether there is more than the limits allow.
func (t *Tier) full() bool {
	return t.opt.MaxBytes != 0 && t.bytes > max(t.opt.MaxBytes, 0) ||
		t.opt.MaxEntries > 0 && t.n > t.opt.MaxEntries
}

// settle finds out whether an entry that is not in use may stay, then makes room.
func (t *Tier) settle(e *entry) {
	if e.state == strong && e.item.Held == 0 && t.opt.MaxBytes != 0 && e.item.Bytes > max(t.opt.MaxBytes, 0) {
		t.demote(e) // rather than all others, and then it as well
	}
	if e.state == doomed && e.item.Held == 0 {
		t.bury(e)
	}
	t.trim()
}

// trim makes room until the limits are kept, or all that is left is in use.
func (t *Tier) trim() {
	for t.full() && t.evict() {
	}
}

// evict lets the policy's choice go and reports whether there was one.
func (t *Tier) evict() bool {
	it := t.opt.Policy.Victim()
	if it == nil {
		return false
	}
	t.demote(it.Owner.(*entry))
	return true
}

// demote holds an entry weakly from now on, or drops it if that is not possible.
func (t *Tier) demote(e *entry) {
	if e.weak == nil {
		t.remove(e, metrics.Size, true)
		return
	}
	t.letGo(e, true)
	e.state, e.value = weakly, nil
	e.watch = e.weak.Watch(t.collected, e)
}

// collected ends an entry whose value is gone. It runs without the lock.
func (t *Tier) collected(arg any) {
	e := arg.(*entry)
	t.mu.Lock()
	if e.state == weakly && e.weak.Value() == nil {
		t.drop(e, metrics.Collected)
	}
	t.unlock()
}

// drop takes an entry out of the tier, for a reason other than room.
func (t *Tier) drop(e *entry, cause metrics.Cause) { t.remove(e, cause, false) }

func (t *Tier) remove(e *entry, cause metrics.Cause, evicted bool) {
	if t.entries[e.key] == e {
		delete(t.entries, e.key)
	}
	e.cause = cause
	if e.state == weakly {
		e.watch()
		if e.value = e.weak.Value(); e.value == nil {
			e.cause = metrics.Collected // which nobody was told yet
		}
		t.tell(e)
		return
	}
	t.letGo(e, evicted)
	e.state = doomed
	t.bytes += e.item.Bytes // until it is buried
	if e.item.Held == 0 {
		t.bury(e)
	}
}

// bury ends a doomed entry that nobody uses.
func (t *Tier) bury(e *entry) {
	t.bytes -= e.item.Bytes
	t.tell(e)
}

// tell notes that an entry is gone.
func (t *Tier) tell(e *entry) {
	t.count.Remove(e.cause, e.item.Bytes)
	if t.opt.OnRemove != nil {
		t.removed = append(t.removed, Removal{e.key, e.value, e.item.Bytes, e.cause})
	}
	e.state, e.value = gone, nil
}

// unlock gives the lock back and tells of what went meanwhile.
func (t *Tier) unlock() {
	removed := t.removed
	t.removed = nil
	t.mu.Unlock()
	for _, r := range removed {
		t.opt.OnRemove(r)
	}
}

// ttl returns the time to live of a new value.
func (t *Tier) ttl(own time.Duration) time.Duration {
	if own == 0 {
		own = t.opt.TTL
	}
	if t.opt.Jitter > 0 && own > 0 { // what is left is a limit still
		own = max(own-time.Duration(min(t.opt.Jitter, 1)*t.opt.Random()*float64(own)), 1)
	}
	return own
}
