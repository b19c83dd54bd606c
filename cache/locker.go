package cache

import (
	"context"
	"slices"
	"sync"
)

// Locker is a set of named locks that everybody who uses one store shares: the tabs
// of an origin (Web Locks), the processes of a machine, or the goroutines of one
// program ([NewLocker]). A holder that dies must lose its locks. Safe for concurrent
// use; locks are not re-entrant.
//
// The cache takes "larder:model:<name>" alone to download a model, and
// "larder:chunks" shared while a download is under way, alone to collect garbage.
type Locker interface {
	// Lock waits until the lock is free, for anybody (shared) or for the caller alone,
	// and takes it. It fails only with ctx's error. release gives the lock back; calling
	// it more than once is no error.
	Lock(ctx context.Context, name string, shared bool) (release func(), err error)
	// TryLock takes the lock if that is possible at once; ok says whether it did.
	TryLock(ctx context.Context, name string, shared bool) (release func(), ok bool, err error)
}

// NewLocker returns a Locker for the goroutines of one program.
func NewLocker() Locker { return &localLocker{locks: map[string]*localLock{}} }

type localLocker struct {
	mu    sync.Mutex
	locks map[string]*localLock
}

// localLock counts its holders, -1 for one that holds it alone. It exists as long as
// somebody holds or awaits it.
type localLock struct {
	holders int
	waiting []*localWaiter // first come, first served, so that nobody starves
}

type localWaiter struct {
	shared  bool
	granted chan struct{}
}

func (l *localLocker) Lock(ctx context.Context, name string, shared bool) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	if l.take(name, shared) {
		l.mu.Unlock()
		return l.releaser(name), nil
	}
	w := &localWaiter{shared: shared, granted: make(chan struct{})}
	lock := l.locks[name]
	lock.waiting = append(lock.waiting, w)
	l.mu.Unlock()
	select {
	case <-w.granted:
		return l.releaser(name), nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	i := slices.Index(lock.waiting, w)
	if i >= 0 {
		lock.waiting = slices.Delete(lock.waiting, i, i+1)
		l.serve(name) // those behind may have waited for this one only
	}
	l.mu.Unlock()
	if i < 0 { // it was granted at the same moment
		l.releaser(name)()
	}
	return nil, ctx.Err()
}

func (l *localLocker) TryLock(ctx context.Context, name string, shared bool) (func(), bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.take(name, shared) {
		return nil, false, nil
	}
	return l.releaser(name), true, nil
}

// take takes the lock if nobody is in the way, nor waits for it.
func (l *localLocker) take(name string, shared bool) bool {
	lock := l.locks[name]
	if lock == nil {
		lock = &localLock{}
		l.locks[name] = lock
	}
	if len(lock.waiting) > 0 || !lock.admit(shared) {
		return false
	}
	return true
}

func (l *localLock) admit(shared bool) bool {
	switch {
	case l.holders == 0 && !shared:
		l.holders = -1
	case l.holders >= 0 && shared:
		l.holders++
	default:
		return false
	}
	return true
}

// serve grants the lock to those in front who can have it.
func (l *localLocker) serve(name string) {
	lock := l.locks[name]
	for len(lock.waiting) > 0 && lock.admit(lock.waiting[0].shared) {
		close(lock.waiting[0].granted)
		lock.waiting = lock.waiting[1:]
	}
	if lock.holders == 0 {
		delete(l.locks, name)
	}
}

func (l *localLocker) releaser(name string) func() {
	return sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if lock := l.locks[name]; lock.holders > 0 {
			lock.holders--
		} else {
			lock.holders = 0
		}
		l.serve(name)
	})
}
