package cache

import (
	"context"
	"sort"
	"sync"
	"time"
)

// unwritten are the changes that have not reached the backing yet. Several changes of one
// key are one, the last. Safe for concurrent use.
type unwritten struct {
	backing  Backing
	clock    Clock
	attempts int
	delay    time.Duration   // before changes are written by themselves; negative: never
	writing  chan struct{}   // holds one token; whoever has it may write
	alive    context.Context // of writes by themselves; ends with close
	kill     context.CancelFunc

	mu    sync.Mutex
	byKey map[string]*change
	bytes int64
	last  int
	wait  time.Duration // of the timer at hand; grows while writing fails
	stop  func()        // of the timer; nil if none runs
}

// change is what a key shall be.
type change struct {
	key     string
	data    []byte // nil: deleted
	written time.Time
	number  int
}

func newUnwritten(b Backing, clock Clock, attempts int, delay time.Duration) *unwritten {
	u := &unwritten{backing: b, clock: clock, attempts: attempts, delay: delay, writing: make(chan struct{}, 1),
		byKey: map[string]*change{}}
	u.alive, u.kill = context.WithCancel(context.Background())
	u.writing <- struct{}{}
	return u
}

// find returns what a key shall be, if that is not written yet.
func (u *unwritten) find(key string) (change, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if c := u.byKey[key]; c != nil {
		return *c, true
	}
	return change{}, false
}

// add takes in a change.
func (u *unwritten) add(key string, data []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	c := u.byKey[key]
	if c == nil {
		c = &change{key: key}
		u.byKey[key] = c
	}
	u.last++
	u.bytes += int64(len(data) - len(c.data))
	c.data, c.written, c.number = data, u.clock.Now(), u.last
	u.arm(u.delay)
}

// inOrder returns copies of all changes, the oldest first.
func (u *unwritten) inOrder() []change {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := make([]change, 0, len(u.byKey))
	for _, c := range u.byKey {
		all = append(all, *c)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].number < all[j].number })
	return all
}

// written removes a change, unless the key changed again meanwhile.
func (u *unwritten) written(c *change) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.byKey[c.key].number == c.number {
		delete(u.byKey, c.key)
		u.bytes -= int64(len(c.data))
	}
}

// size returns how many changes there are, and their bytes.
func (u *unwritten) size() (n int, bytes int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.byKey), u.bytes
}

// flush writes what was changed before it began, or what that has become meanwhile, in the
// order of the last change of each key when it began. After an error the rest waits for the
// next time, in the same order.
func (u *unwritten) flush(ctx context.Context, attempts int) error {
	if err := u.enter(ctx); err != nil {
		return err
	}
	defer u.leave()
	for _, c := range u.inOrder() {
		c, _ = u.find(c.key) // nobody else takes it away
		if err := u.write(ctx, &c, attempts); err != nil {
			return err
		}
		u.written(&c)
	}
	return nil
}

// write writes one change, several times if need be. The caller has the token.
func (u *unwritten) write(ctx context.Context, c *change, attempts int) error {
	pause := 100 * time.Millisecond
	for attempt := 1; ; attempt++ {
		var err error
		if c.data == nil {
			err = u.backing.Delete(ctx, c.key)
		} else {
			err = u.backing.Write(ctx, c.key, c.data, c.written)
		}
		if err == nil || attempt >= attempts || ctx.Err() != nil {
			return err
		}
		if err := u.clock.Sleep(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// enter waits for the token.
func (u *unwritten) enter(ctx context.Context) error {
	select {
	case <-u.writing:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (u *unwritten) leave() { u.writing <- struct{}{} }

// arm starts the timer, unless it runs. The caller holds the lock.
func (u *unwritten) arm(wait time.Duration) {
	if u.stop == nil && wait >= 0 {
		u.wait = wait
		u.stop = u.clock.AfterFunc(wait, u.tick)
	}
}

// maxFlushPause bounds the time between two attempts to write.
const maxFlushPause = time.Minute

// tick writes by itself. While that fails it comes less and less often.
func (u *unwritten) tick() {
	err := u.flush(u.alive, u.attempts)
	u.mu.Lock()
	defer u.mu.Unlock()
	wait := u.delay
	if err != nil {
		wait = min(max(u.wait, 100*time.Millisecond)*2, max(maxFlushPause, u.delay))
	}
	u.stop = nil
	if len(u.byKey) > 0 && u.delay >= 0 {
		u.arm(wait)
	}
}

// close stops the timer, and ends the writes that it began.
func (u *unwritten) close() {
	u.kill()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stop != nil {
		u.stop()
	}
	u.delay = -1
}
