//go:build js

package bridge

import (
	"context"
	"errors"
	"sync"

	"github.com/hack-pad/safejs"
)

// ErrNoLocks says that the host has no Web Locks (a page that does not come from
// a secure context): the caller falls back to locks of its own.
var ErrNoLocks = errors.New("bridge: lock: the host has no Web Locks")

// HasLocks reports whether the host has Web Locks.
func HasLocks() bool {
	locks, err := class("navigator").Get("locks")
	return err == nil && kindOf(locks) == safejs.TypeObject
}

// Lock takes the named Web Lock, which all tabs and workers of the origin share,
// for the caller alone or shared with others that want it shared. With wait it
// waits until the lock is free or ctx ends; without, ok says whether the lock
// could be had at once. release gives it back; calling it again does nothing.
// The host releases the locks of a page or worker that dies.
func Lock(ctx context.Context, name string, shared, wait bool) (release func(), ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	locks, err := class("navigator").Get("locks")
	if err != nil || kindOf(locks) != safejs.TypeObject {
		return nil, false, ErrNoLocks
	}
	l := &lock{granted: make(chan bool, 1)}
	options := map[string]any{"mode": "exclusive"}
	if shared {
		options["mode"] = "shared"
	}
	stop := func() {}
	if wait {
		var signal safejs.Value
		if signal, stop, err = abortSignal(ctx); err != nil {
			return nil, false, err
		}
		options["signal"] = signal
	} else {
		options["ifAvailable"] = true // which the host refuses together with a signal
	}
	defer stop()
	return l.request(ctx, locks, name, options)
}

// lock is one request. The host holds a lock until the promise settles that the
// request's callback returned, so the callback hands out a promise whose resolve
// function is release.
type lock struct {
	granted chan bool
	resolve safejs.Value
	once    sync.Once
}

func (l *lock) request(ctx context.Context, locks safejs.Value, name string, options map[string]any) (func(), bool, error) {
	callback, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		if first(args).IsNull() {
			l.granted <- false
			return nil
		}
		return l.hold()
	})
	if err != nil {
		return nil, false, wrap("lock", err)
	}
	p, err := locks.Call("request", name, options, callback)
	if err != nil {
		callback.Release()
		return nil, false, wrap("lock", err)
	}
	failed := make(chan error, 1)
	go func() {
		// The promise settles when the lock is given back, or was never had.
		_, err := Await(context.WithoutCancel(ctx), "lock", p)
		callback.Release()
		if err != nil {
			failed <- err
		}
	}()
	select {
	case ok := <-l.granted:
		if !ok {
			return nil, false, nil
		}
		if ctx.Err() != nil { // granted in the same moment
			l.release()
			return nil, false, ctx.Err()
		}
		return l.release, true, nil
	case err := <-failed:
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, false, err
	}
}

// hold returns the promise that keeps the lock.
func (l *lock) hold() any {
	executor, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		l.resolve = first(args)
		return nil
	})
	if err != nil {
		l.granted <- false
		return nil
	}
	defer executor.Release() // the constructor calls it at once
	p, err := class("Promise").New(executor)
	if err != nil {
		l.granted <- false
		return nil
	}
	l.granted <- true
	return p
}

func (l *lock) release() {
	l.once.Do(func() { _, _ = l.resolve.Invoke() })
}
