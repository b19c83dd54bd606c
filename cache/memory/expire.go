package memory

import (
	"time"

	"larder/cache/metrics"
)

// sweepGrain is how many times, within a time to live, the timer may look through all
// entries: an expired value that nobody asks for is let go at most so much later.
const sweepGrain = 32

// over reports whether an entry's time has come. An entry from the future, or used there
// if that counts, means that the clock was set back, and nobody knows how old it is. But
// now may be of before the lock: somebody else was quicker then.
func (t *Tier) over(e *entry, now time.Time) bool {
	end := t.end(e)
	if end.IsZero() {
		return false
	}
	last := e.born
	if t.opt.Idle > 0 {
		last = e.used
	}
	if now.Before(last) {
		now = t.opt.Clock.Now()
	}
	return !now.Before(end) || now.Before(last)
}

// end returns when an entry's time comes if nobody asks for it; zero for never.
func (t *Tier) end(e *entry) time.Time {
	if t.opt.Idle <= 0 {
		return e.until
	}
	idle := e.used.Add(t.opt.Idle)
	if e.until.IsZero() || idle.Before(e.until) {
		return idle
	}
	return e.until
}

// schedule makes the timer come for an entry. It never comes earlier than an entry's
// end, and not for each of many ends that lie close together.
func (t *Tier) schedule(e *entry) {
	end := t.end(e)
	if end.IsZero() || t.closed {
		return
	}
	due := end.Add(end.Sub(e.used) / sweepGrain)
	if t.timer != nil {
		if !due.Before(t.due) {
			return
		}
		t.timer()
	}
	t.due = due
	t.timer = t.opt.Clock.AfterFunc(max(due.Sub(t.opt.Clock.Now()), 0), t.sweep)
}

// sweep lets go of what has expired and waits for what is next. It runs on the timer's
// goroutine.
func (t *Tier) sweep() {
	t.mu.Lock()
	defer t.unlock()
	t.timer = nil
	now := t.opt.Clock.Now()
	var next *entry
	for _, e := range t.entries {
		switch {
		case t.over(e, now):
			t.drop(e, metrics.Expired)
		case !t.end(e).IsZero() && (next == nil || t.end(e).Before(t.end(next))):
			next = e
		}
	}
	if next != nil {
		t.schedule(next)
	}
}
