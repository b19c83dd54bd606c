package cache

import (
	"context"
	"sync"
)

// flight is one piece of work that any number of callers await. It ends early when
// the last of them has left.
type flight struct {
	cancel  context.CancelFunc
	done    chan struct{}
	found   found // valid once done is closed
	err     error
	waiting int // belongs to Cache.mu

	mu        sync.Mutex
	listeners map[int]func(Progress)
	next      int
	last      Progress
}

// fly joins the flight of this key, or starts it with work, and awaits it.
func (c *Cache) fly(ctx context.Context, key string, progress func(Progress), work func(context.Context, func(Progress)) (found, error)) (found, error) {
	c.mu.Lock()
	f := c.flights[key]
	if f == nil {
		f = &flight{done: make(chan struct{}), listeners: map[int]func(Progress){}}
		var own context.Context
		own, f.cancel = context.WithCancel(c.alive)
		c.flights[key] = f
		go func() {
			f.found, f.err = work(own, f.tell)
			c.mu.Lock()
			c.land(key, f)
			c.mu.Unlock()
			f.cancel()
			close(f.done)
		}()
	}
	f.waiting++
	c.mu.Unlock()
	leave := f.listen(progress)
	defer leave()
	select {
	case <-f.done:
		return f.found, f.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	if f.waiting--; f.waiting == 0 {
		f.cancel()
		c.land(key, f) // who comes now starts anew instead of sharing the end
	}
	c.mu.Unlock()
	return found{}, ctx.Err()
}

// land takes a flight off the list. The caller holds the lock.
func (c *Cache) land(key string, f *flight) {
	if c.flights[key] == f {
		delete(c.flights, key)
	}
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
