package cache

import (
	"context"
	"time"
)

// Clock is where the cache gets the time from. Safe for concurrent use.
type Clock interface {
	// Now returns the wall clock's time, without a monotonic reading: that one stands
	// still while a machine sleeps, and a model would stay fresh over night. It may jump
	// either way.
	Now() time.Time
	// AfterFunc calls f on its own goroutine once d has passed, unless stop is called
	// before. Calling stop more than once is no error.
	AfterFunc(d time.Duration, f func()) (stop func())
	// Sleep waits for d between two attempts, or until ctx ends, whose error it returns.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock returns the clock of the machine.
func SystemClock() Clock { return systemClock{} }

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now().Round(0) }

func (systemClock) AfterFunc(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

func (systemClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// withTimeout is context.WithTimeout on an injected clock.
func withTimeout(ctx context.Context, c Clock, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := c.AfterFunc(d, func() { cancel(context.DeadlineExceeded) })
	return ctx, func() { stop(); cancel(context.Canceled) }
}
