package state

import "context"

// task is at most one piece of work under way. Starting another supersedes it:
// the older context is cancelled, and is reports false for its number.
type task struct {
	number int
	cancel context.CancelFunc
}

// start begins a piece of work and returns its context and number.
func (t *task) start() (context.Context, int) {
	t.stop()
	ctx, cancel := context.WithCancel(context.Background())
	t.cancel = cancel
	return ctx, t.number
}

// stop cancels what is under way, if anything.
func (t *task) stop() {
	t.number++
	if t.cancel != nil {
		t.cancel()
		t.cancel = nil
	}
}

// is reports whether the work with that number is still the current one.
func (t *task) is(number int) bool { return t.number == number }

// running reports whether work is under way.
func (t *task) running() bool { return t.cancel != nil }
