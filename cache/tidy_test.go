package cache_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"larder/cache"
)

// lateLocker is the Web Locks of WebKit: a lock that was given back is free a little
// later, not at once.
type lateLocker struct {
	cache.Locker
	clock *fakeClock

	mu    sync.Mutex
	freed map[string]time.Time
}

func (l *lateLocker) TryLock(ctx context.Context, name string, shared bool) (func(), bool, error) {
	l.mu.Lock()
	late := l.freed[name].Equal(l.clock.Now())
	l.mu.Unlock()
	if late {
		return nil, false, nil
	}
	release, ok, err := l.Locker.TryLock(ctx, name, shared)
	return func() {
		l.mu.Lock()
		l.freed[name] = l.clock.Now()
		l.mu.Unlock()
		release()
	}, ok, err
}

func TestTidyWhereLocksAreFreeLate(t *testing.T) {
	w := newWorld(t)
	w.opt = func(opt *cache.Options) {
		opt.Locker = &lateLocker{Locker: w.locker, clock: w.clock, freed: map[string]time.Time{}}
	}
	w.restart()
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	var mu sync.Mutex
	var ops []string
	w.faults.Before = func(op string) error {
		mu.Lock()
		defer mu.Unlock()
		ops = append(ops, op)
		return nil
	}
	w.clock.advance(10 * time.Second)
	mu.Lock()
	defer mu.Unlock()
	if !slices.Contains(ops, "sweep") || !slices.Contains(ops, "compact") {
		t.Fatalf("after a download the store is not put in order, only %q", ops)
	}
}
