package registry

import (
	"context"
	"errors"
	"sync"
	"time"
)

var errStalled = errors.New("nothing arrived for too long")

// watch is a context that ends when nothing happens for a while.
type watch struct {
	ctx       context.Context
	cancel    context.CancelCauseFunc
	afterFunc func(time.Duration, func()) func()
	limit     time.Duration

	mu      sync.Mutex
	stopped bool
	timer   func() // stops the pending timer
	seen    bool   // something happened since the timer was set
}

func (c *Client) watch(ctx context.Context) *watch {
	w := &watch{afterFunc: c.opt.AfterFunc, limit: c.opt.Stall}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = w.afterFunc(w.limit, w.tick)
	return w
}

// alive notes that something happened. It is called for every packet and so sets no
// timer: the pending one looks at the note and gives another term, which makes the
// limit one to two times what it says.
func (w *watch) alive() {
	w.mu.Lock()
	w.seen = true
	w.mu.Unlock()
}

func (w *watch) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.stopped:
	case w.seen:
		w.seen = false
		w.timer = w.afterFunc(w.limit, w.tick)
	default:
		w.cancel(errStalled)
	}
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.timer()
	w.cancel(nil)
}

// watchedBody reads under the watch's context, whatever context it is given: that one
// is its parent's.
type watchedBody struct {
	Body
	w *watch
}

func (b *watchedBody) Next(_ context.Context, n int64, arrived func(int64)) (Blob, error) {
	return b.Body.Next(b.w.ctx, n, arrived)
}
