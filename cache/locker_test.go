package cache_test

import (
	"context"
	"sync"
	"testing"

	"larder/cache"
)

func TestLocker(t *testing.T) {
	l := cache.NewLocker()
	ctx := t.Context()
	a, err := l.Lock(ctx, "x", true)
	if err != nil {
		t.Fatal(err)
	}
	b, ok, err := l.TryLock(ctx, "x", true)
	if !ok || err != nil {
		t.Fatal("shared locks exclude each other")
	}
	if _, ok, _ := l.TryLock(ctx, "x", false); ok {
		t.Fatal("a lock alone beside shared ones")
	}
	alone := make(chan func())
	go func() {
		release, err := l.Lock(ctx, "x", false)
		if err != nil {
			t.Error(err)
		}
		alone <- release
	}()
	a()
	a() // twice is once: b still holds
	b()
	release := <-alone
	if _, ok, _ := l.TryLock(ctx, "x", true); ok {
		t.Fatal("shared beside alone")
	}
	other, ok, _ := l.TryLock(ctx, "y", false)
	if !ok {
		t.Fatal("names share a lock")
	}
	other()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := l.Lock(ended, "x", false); err != context.Canceled {
		t.Fatal(err)
	}
	waiting, stop := context.WithCancel(ctx)
	failed := make(chan error)
	go func() { _, err := l.Lock(waiting, "x", false); failed <- err }()
	stop()
	if err := <-failed; err != context.Canceled {
		t.Fatal(err)
	}
	release()
	if again, ok, _ := l.TryLock(ctx, "x", false); !ok {
		t.Fatal("a waiter that left keeps the lock")
	} else {
		again()
	}
}

func TestLockerExcludes(t *testing.T) {
	l := cache.NewLocker()
	n := 0 // the race detector watches it
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			release, err := l.Lock(t.Context(), "x", false)
			if err != nil {
				t.Error(err)
				return
			}
			n += i
			release()
		})
	}
	wg.Wait()
	if n != 49*50/2 {
		t.Fatal(n)
	}
}
