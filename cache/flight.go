package cache

import (
	"context"
	"fmt"
	"sync"

	"larder/cache/memory"
)

// flights are pieces of work that any number of callers await, by key. Safe for
// concurrent use.
type flights struct {
	alive context.Context // ends all of them
	mu    sync.Mutex
	m     map[string]*flight
}

// flight is one of them. It ends early when the last who waits for it has left.
type flight struct {
	key    string
	cancel context.CancelFunc
	done   chan struct{}
	result any // valid once done is closed
	err    error

	// The fields below belong to flights.mu.
	waiting int
	landed  bool

	awaits []*flight // what its work waits for; belongs to awaiting

	mu        sync.Mutex
	listeners map[int]func(Progress)
	next      int
	last      Progress
}

func newFlights(alive context.Context) *flights {
	return &flights{alive: alive, m: map[string]*flight{}}
}

// fly joins the flight of this key, or starts it with work, and awaits it. work that
// panics ends in an error. If its result is a lease, everybody who waited gets one of
// their own.
func (s *flights) fly(ctx context.Context, key string, progress func(Progress), work func(context.Context, func(Progress)) (any, error)) (any, error) {
	s.mu.Lock()
	f := s.m[key]
	if f == nil {
		f = &flight{key: key, done: make(chan struct{}), listeners: map[int]func(Progress){}}
		var own context.Context
		own, f.cancel = context.WithCancel(s.alive)
		own = &flightContext{own, f}
		s.m[key] = f
		go s.run(own, key, f, work)
	}
	f.waiting++
	s.mu.Unlock()
	over, err := await(ctx, f)
	if err != nil {
		s.leave(key, f)
		return nil, err
	}
	defer over()
	leave := f.listen(progress)
	defer leave()
	select {
	case <-f.done:
		out := f.result
		if l, ok := out.(*memory.Lease); ok {
			out = l.Share()
		}
		s.leave(key, f)
		return out, f.err
	case <-ctx.Done():
		s.leave(key, f)
		return nil, ctx.Err()
	}
}

// run does the work of a flight, and lands even if that ends the goroutine, as a test's
// Fatal does.
func (s *flights) run(ctx context.Context, key string, f *flight, work func(context.Context, func(Progress)) (any, error)) {
	f.err = &Error{Code: Internal, Op: "load", Detail: "the loader ended its goroutine"}
	defer s.land(key, f)
	f.result, f.err = guarded(ctx, f.tell, work)
}

// land tells everybody who waits that a flight is over.
func (s *flights) land(key string, f *flight) {
	s.mu.Lock()
	f.landed = true
	s.forget(key, f)
	nobody := f.waiting == 0
	s.mu.Unlock()
	f.cancel()
	close(f.done)
	if nobody {
		f.clean()
	}
}

// guarded turns a panic into an error: one loader's defect must not end a program that
// others use as well.
func guarded(ctx context.Context, tell func(Progress), work func(context.Context, func(Progress)) (any, error)) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, &Error{Code: Internal, Op: "load", Detail: fmt.Sprintf("the loader panicked: %v", p)}
		}
	}()
	return work(ctx, tell)
}

// leave ends a caller's wait. The last one ends the flight, or what it left.
func (s *flights) leave(key string, f *flight) {
	s.mu.Lock()
	f.waiting--
	last, landed := f.waiting == 0, f.landed
	if last && !landed {
		s.forget(key, f) // who comes now starts anew instead of sharing the end
	}
	s.mu.Unlock()
	switch {
	case last && landed:
		f.clean()
	case last:
		f.cancel()
	}
}

// clean ends the flight's own lease on its result.
func (f *flight) clean() {
	if l, ok := f.result.(*memory.Lease); ok {
		l.Release()
	}
}

// has reports whether a flight is under way.
func (s *flights) has(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m[key] != nil
}

// forget takes a flight off the list. The caller holds the lock.
func (s *flights) forget(key string, f *flight) {
	if s.m[key] == f {
		delete(s.m, key)
	}
}

// renew makes whoever comes now start anew, for a key.
func (s *flights) renew(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.m, key)
}

// renewAll makes everybody who comes now start anew.
func (s *flights) renewAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.m)
}

// listen adds a listener, and tells it at once where the flight is.
func (f *flight) listen(fn func(Progress)) (leave func()) {
	if fn == nil {
		return func() {}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	id := f.next
	f.next++
	f.listeners[id] = fn
	if f.last.Phase != "" {
		fn(f.last)
	}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.listeners, id)
	}
}

// tell passes progress on to everybody who listens.
func (f *flight) tell(p Progress) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = p
	for _, fn := range f.listeners {
		fn(p)
	}
}

// fly finds a version, once for all who ask for it at the same time.
func (c *Cache) fly(ctx context.Context, key string, progress func(Progress), work func(context.Context, func(Progress)) (found, error)) (found, error) {
	f, err := c.flights.fly(ctx, key, progress, func(ctx context.Context, tell func(Progress)) (any, error) {
		return work(ctx, tell)
	})
	if err != nil {
		return found{}, err
	}
	return f.(found), nil
}
