package cache_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"larder/cache"
)

type texts = cache.Resource[string, string]

// chains makes a Resource whose load asks for what next says, in any Resource.
func chains(next func(key string) (*texts, string)) *texts {
	return cache.NewResource(func(ctx context.Context, key string) (string, error) {
		from, more := next(key)
		if from == nil {
			return key, nil
		}
		l, err := from.Get(ctx, more)
		if err != nil {
			return "", err
		}
		defer l.Release()
		return key + l.Value, nil
	}, cache.ResourceOptions[string, string]{})
}

// TestLoadThatAsksForItself checks that loads which wait for each other end in an error,
// and those which only ask for others do not.
func TestLoadThatAsksForItself(t *testing.T) {
	var first, second *texts
	first = chains(func(key string) (*texts, string) {
		switch key {
		case "self":
			return first, "self"
		case "a":
			return first, "b"
		case "b":
			return second, "c"
		case "x":
			return second, "y"
		}
		return nil, ""
	})
	second = chains(func(key string) (*texts, string) {
		if key == "c" {
			return first, "a"
		}
		return nil, ""
	})
	for _, key := range []string{"self", "a", "b"} {
		_, err := first.Get(t.Context(), key)
		if cache.CodeOf(err) != cache.Internal || !strings.Contains(err.Error(), "waits for itself") {
			t.Errorf("%s: %v", key, err)
		}
	}
	l, err := first.Get(t.Context(), "x")
	if err != nil || l.Value != "xy" {
		t.Fatal(l, err)
	}
	l.Release()
	if s := first.Stats(); s.Leases != 0 {
		t.Errorf("%d leases", s.Leases)
	}
}

// TestLoadsThatAskForEachOther begins two loads at the same time, each of which wants
// what the other one makes.
func TestLoadsThatAskForEachOther(t *testing.T) {
	var r *texts
	var both sync.WaitGroup
	both.Add(2)
	var once [2]sync.Once
	r = chains(func(key string) (*texts, string) {
		i := strings.Index("ab", key)
		once[i].Do(both.Done)
		both.Wait()
		return r, "ba"[i : i+1]
	})
	errs := make(chan error, 2)
	for _, key := range []string{"a", "b"} {
		go func() {
			_, err := r.Get(t.Context(), key)
			errs <- err
		}()
	}
	for range 2 {
		if err := <-errs; cache.CodeOf(err) != cache.Internal {
			t.Error(err)
		}
	}
}

// TestLoadsThatShareOthers computes Fibonacci's numbers from those before, all at the same
// time: thousands of millions of ways lead from the last load to the first.
func TestLoadsThatShareOthers(t *testing.T) {
	var r *cache.Resource[int, int]
	r = cache.NewResource(func(ctx context.Context, n int) (int, error) {
		if n < 2 {
			return n, nil
		}
		parts := make(chan int, 2)
		for _, m := range []int{n - 1, n - 2} {
			go func() {
				l, err := r.Get(ctx, m)
				if err != nil {
					t.Error(err)
					parts <- 0
					return
				}
				defer l.Release()
				parts <- l.Value
			}()
		}
		return <-parts + <-parts, nil
	}, cache.ResourceOptions[int, int]{})
	l, err := r.Get(t.Context(), 60)
	if err != nil || l.Value != 1548008755920 {
		t.Error(l, err)
	}
	if s := r.Stats(); s.Loads != 61 {
		t.Errorf("%d loads", s.Loads)
	}
}

// TestLoadThatEndsItsGoroutine checks that nobody waits for ever for a load that a test's
// Fatal has ended.
func TestLoadThatEndsItsGoroutine(t *testing.T) {
	r := cache.NewResource(func(context.Context, int) (int, error) { runtime.Goexit(); return 0, nil },
		cache.ResourceOptions[int, int]{})
	if _, err := r.Get(t.Context(), 1); cache.CodeOf(err) != cache.Internal {
		t.Error(err)
	}
}

// TestEmptyKey checks that a key which a program's own hash leaves empty is a key like any
// other: it does not concern the loads of others.
func TestEmptyKey(t *testing.T) {
	started, goOn := make(chan struct{}, 9), make(chan struct{})
	loads := 0
	d := cache.NewData(func(_ context.Context, key string) (string, error) {
		loads++
		started <- struct{}{}
		<-goOn
		return "loaded", nil
	}, cache.DataOptions[string, string]{Codec: cache.TextCodec(), Hash: func(s string) (string, error) { return s, nil }})
	got := make(chan string)
	go func() { v, _ := d.Get(t.Context(), "a"); got <- v }()
	<-started
	if err := d.Set(t.Context(), "", "nothing"); err != nil {
		t.Error(err)
	}
	close(goOn)
	<-got
	if v, err := d.Get(t.Context(), "a"); err != nil || v != "loaded" || loads != 1 {
		t.Errorf("%q, %v after %d loads", v, err, loads)
	}
	if v, err := d.Get(t.Context(), ""); err != nil || v != "nothing" {
		t.Errorf("%q, %v", v, err)
	}
}

// TestErrorsTakeNoRoom checks that errors which are kept push no instance out, and are
// none.
func TestErrorsTakeNoRoom(t *testing.T) {
	own := errors.New("no such engine")
	for _, limits := range []cache.Limits{{MaxEntries: 2}, {MaxBytes: 2}, {MaxBytes: -1}} {
		limits.ErrorTTL, limits.Clock = time.Minute, newClock()
		loads := 0
		r := cache.NewResource(func(_ context.Context, n int) (int, error) {
			if loads++; n > 2 {
				return 0, own
			}
			return n, nil
		}, cache.ResourceOptions[int, int]{Limits: limits})
		for n := range 3 {
			if l, err := r.Get(t.Context(), n); err == nil {
				l.Release()
			}
		}
		loads = 0
		for range 2 {
			for n := 3; n < 10; n++ {
				if _, err := r.Get(t.Context(), n); err != own {
					t.Error(err)
				}
			}
		}
		for n := 1; n < 3 && limits.MaxBytes >= 0; n++ {
			l, err := r.Get(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			l.Release()
		}
		if loads != 7 {
			t.Errorf("%+v: %d loads, want one for each error and none for what was kept", limits, loads)
		}
		if s := r.Stats(); limits.MaxBytes >= 0 && s.Entries != 2 || limits.MaxBytes < 0 && s.Entries != 0 {
			t.Errorf("%+v: %d instances are left", limits, s.Entries)
		}
		if r.Forget(3) {
			t.Error("an error is no instance")
		}
		_, _ = r.Get(t.Context(), 3)
		r.Clear()
		_, _ = r.Get(t.Context(), 4)
		if loads != 9 {
			t.Errorf("%+v: %d loads, want 9: what was forgotten is loaded again", limits, loads)
		}
	}
}

// TestRefusedIsNoHit checks that every request counts as what it was for the caller.
func TestRefusedIsNoHit(t *testing.T) {
	good := true
	g := newGarage(func(o *cache.ResourceOptions[string, *engine]) {
		o.Validate = func(context.Context, *engine) bool { return good }
	})
	for _, good = range []bool{true, true, false, false} {
		g.get(t, "a").Release()
	}
	if s := g.Stats(); s.Hits != 1 || s.Misses != 3 || s.Loads != 3 || s.HitTime.Count() != 1 {
		t.Errorf("%d hits, %d misses, %d loads", s.Hits, s.Misses, s.Loads)
	}
}

// TestEveryInstanceIsReleased has two loads of one key under way: because the first was
// forgotten, or because nobody waits for it any more. Whoever waits gets what they waited
// for, and what is not kept is released all the same.
func TestEveryInstanceIsReleased(t *testing.T) {
	for _, forgotten := range []bool{false, true} {
		started, first := make(chan struct{}, 2), make(chan struct{})
		released := make(chan string, 2)
		n := 0
		r := cache.NewResource(func(context.Context, string) (string, error) {
			n++
			number := n
			started <- struct{}{}
			if number == 1 {
				<-first // it does not care for its context
				return "first", nil
			}
			return "second", nil
		}, cache.ResourceOptions[string, string]{OnRelease: func(v string, c cache.Cause) { released <- v + " " + c.String() }})
		ctx, leave := context.WithCancel(t.Context())
		got := make(chan *cache.Lease[string])
		go func() { l, _ := r.Get(ctx, "a"); got <- l }()
		<-started
		if forgotten {
			r.Forget("a")
		} else {
			leave()
			<-got
		}
		second, err := r.Get(t.Context(), "a")
		if err != nil || second.Value != "second" {
			t.Fatal(second, err)
		}
		close(first)
		if forgotten {
			l := <-got
			if l.Value != "first" {
				t.Errorf("who waited for the first got the %s", l.Value)
			}
			l.Release()
		}
		if v := <-released; v != "first replaced" {
			t.Error(v)
		}
		second.Release()
		if again, err := r.Get(t.Context(), "a"); err != nil || again.Value != "second" {
			t.Error(again, err)
		} else {
			again.Release()
		}
		r.Close()
		if v := <-released; v != "second explicit" {
			t.Error(v)
		}
		if s := r.Stats(); s.Loads != 2 || s.Bytes != 0 || s.Leases != 0 {
			t.Errorf("%+v", s)
		}
		leave()
	}
}
