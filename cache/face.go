package cache

import (
	"context"
	"slices"
	"sync"
	"time"

	"larder/cache/memory"
	"larder/cache/metrics"
	"larder/cache/policy"
)

// Limits say how much a [Resource] or [Data] keeps in memory, and for how long. The zero
// value keeps everything for ever.
type Limits struct {
	// TTL is how long a value may be used after it was loaded. Zero: no limit.
	TTL time.Duration
	// Idle is how long a value may go without being asked for. Zero: no limit. With TTL
	// too, whichever ends first counts.
	Idle time.Duration
	// Jitter shortens each value's TTL by a random part of up to so much, 0 to 1, so that
	// what was loaded together is not loaded anew together.
	Jitter float64
	// MaxEntries bounds how many values are kept. Zero: no bound.
	MaxEntries int
	// MaxBytes bounds their bytes. Values in use count, and are never dropped for it. Zero:
	// no bound. Negative: nothing is kept beyond its use.
	MaxBytes int64
	// ErrorTTL is how long the error of a load is the answer for those who ask again. Errors
	// take no room of values; at most 1,024 are kept. Zero: none, the next to ask loads again.
	ErrorTTL time.Duration
	// Policy chooses who has to make room. Default: policy.Default for a Resource,
	// policy.Sized for a Data.
	Policy policy.Policy
	// Clock tells the time. Default SystemClock.
	Clock Clock
}

// Cause says why a value left; the constants are in package metrics.
type Cause = metrics.Cause

// face is what Resource and Data have in common, without their types, so that it is
// compiled once.
type face struct {
	op       string
	limits   Limits
	tier     *memory.Tier
	errors   *memory.Tier // of loads; nil if none are kept
	flights  *flights
	alive    context.Context
	kill     context.CancelFunc
	validate func(context.Context, any) bool // nil: everything is valid

	mu      sync.Mutex
	loading []*loading
}

// loading is a load under way. What it loads is not kept if the key was written or
// forgotten since it began.
type loading struct {
	key       string
	overtaken bool // belongs to face.mu
}

// maxErrors bounds how many errors of loads are kept: of many keys that do not exist, say.
const maxErrors = 1024

func newFace(op string, l Limits, released func(memory.Removal)) *face {
	if l.Clock == nil {
		l.Clock = SystemClock()
	}
	f := &face{op: op, limits: l}
	f.alive, f.kill = context.WithCancel(context.Background())
	f.flights = newFlights(f.alive)
	opt := memory.Options{MaxBytes: l.MaxBytes, MaxEntries: l.MaxEntries, TTL: l.TTL, Idle: l.Idle, Jitter: l.Jitter,
		Policy: l.Policy, Clock: l.Clock}
	opt.OnRemove = released
	f.tier = memory.New(opt)
	if l.ErrorTTL > 0 {
		f.errors = memory.New(memory.Options{MaxEntries: maxErrors, TTL: l.ErrorTTL, Jitter: l.Jitter, Clock: l.Clock})
	}
	return f
}

// get returns a lease on the value of a key: what is kept, or else what load brings,
// once for all who ask at the same time.
func (f *face) get(ctx context.Context, key string, load func(context.Context, *loading) (memory.Value, error)) (*memory.Lease, error) {
	if err := f.open(ctx); err != nil {
		return nil, err
	}
	if l := f.take(ctx, key); l != nil {
		return l, nil
	}
	if err := f.open(ctx); err != nil { // validating may have taken long
		return nil, err
	}
	l, err := f.load(ctx, key, load)
	if err != nil {
		return nil, f.ended(ctx, err)
	}
	return l, nil
}

// take returns a lease on what is kept, if it is valid, and counts a hit or a miss.
func (f *face) take(ctx context.Context, key string) *memory.Lease {
	if f.validate == nil {
		return f.tier.Take(key)
	}
	start := f.limits.Clock.Now()
	l := f.tier.Peek(key)
	if l != nil && f.validate(ctx, l.Value()) {
		f.tier.Counters().Hit(f.limits.Clock.Now().Sub(start))
		return l
	}
	f.tier.Counters().Miss()
	if l != nil {
		l.Remove()
		l.Release()
	}
	return nil
}

// load returns the error that is kept, or flies: whoever comes meanwhile waits for the
// same load, which lives as long as one of them waits.
func (f *face) load(ctx context.Context, key string, load func(context.Context, *loading) (memory.Value, error)) (*memory.Lease, error) {
	l, err := f.flights.fly(ctx, key, nil, func(ctx context.Context, _ func(Progress)) (any, error) {
		if l := f.tier.Peek(key); l != nil {
			return l, nil // it landed after this caller had looked
		}
		if err := f.keptError(key); err != nil {
			return nil, err
		}
		return f.bring(ctx, key, load)
	})
	if err != nil {
		return nil, err
	}
	return l.(*memory.Lease), nil
}

// bring loads a value and puts it into the tier, unless it was overtaken.
func (f *face) bring(ctx context.Context, key string, load func(context.Context, *loading) (memory.Value, error)) (any, error) {
	now := &loading{key: key}
	f.mu.Lock()
	f.loading = append(f.loading, now)
	f.mu.Unlock()
	defer f.done(now)
	start := f.limits.Clock.Now()
	v, err := guardedLoad(ctx, now, load)
	took := f.limits.Clock.Now().Sub(start)
	if err != nil {
		f.tier.Counters().Failure(took)
		if ctx.Err() == nil {
			f.keepError(now, err)
		}
		return nil, err
	}
	f.tier.Counters().Load(v.Bytes, took)
	if v.Cost == 0 {
		v.Cost = max(took.Seconds()*1000, 0.001)
	}
	l := f.tier.Land(key, v)
	if f.overtaken(now) {
		l.Remove()
	}
	return l, nil
}

// keptError returns the error of a load that is still the answer, or nil.
func (f *face) keptError(key string) error {
	if f.errors == nil {
		return nil
	}
	err, _ := f.errors.Get(key)
	out, _ := err.(error)
	return out
}

// keepError keeps the error of a load, unless that was overtaken.
func (f *face) keepError(now *loading, err error) {
	if f.errors == nil {
		return
	}
	f.errors.Put(now.key, memory.Value{Of: err})
	if f.overtaken(now) {
		f.errors.Remove(now.key)
	}
}

// guardedLoad is a load whose panic is an error, so that it is counted and kept as one.
func guardedLoad(ctx context.Context, now *loading, load func(context.Context, *loading) (memory.Value, error)) (memory.Value, error) {
	v, err := guarded(ctx, nil, func(ctx context.Context, _ func(Progress)) (any, error) {
		return load(ctx, now)
	})
	if err != nil {
		return memory.Value{}, err
	}
	return v.(memory.Value), nil
}

func (f *face) done(now *loading) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loading = slices.DeleteFunc(f.loading, func(l *loading) bool { return l == now })
}

func (f *face) overtaken(now *loading) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return now.overtaken
}

// overtake makes what is being loaded for a key not to be kept, and forgets its error.
func (f *face) overtake(key string) {
	f.mark(func(l *loading) bool { return l.key == key })
	f.flights.renew(key)
	if f.errors != nil {
		f.errors.Remove(key)
	}
}

// mark makes loads under way not to be kept.
func (f *face) mark(which func(*loading) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.loading {
		l.overtaken = l.overtaken || which(l)
	}
}

// forget lets go of a key, and of what is being loaded for it.
func (f *face) forget(key string) bool {
	f.overtake(key)
	return f.tier.Remove(key)
}

// clear lets go of everything.
func (f *face) clear() {
	all := func(string) bool { return true }
	f.mark(func(*loading) bool { return true })
	f.flights.renewAll()
	f.tier.RemoveAll(all)
	if f.errors != nil {
		f.errors.RemoveAll(all)
	}
}

func (f *face) close() {
	f.kill()
	f.tier.Close()
	if f.errors != nil {
		f.errors.Close()
	}
}

// open reports whether the face still serves, and the caller still waits.
func (f *face) open(ctx context.Context) error {
	if f.alive.Err() != nil {
		return &Error{Code: Closed, Op: f.op, Detail: "it was closed"}
	}
	if err := ctx.Err(); err != nil {
		return f.ended(ctx, err)
	}
	return nil
}

// ended turns the end of a context into an error of this package; a loader's own errors
// stay as they are.
func (f *face) ended(ctx context.Context, err error) error {
	switch {
	case f.alive.Err() != nil:
		return &Error{Code: Closed, Op: f.op, Detail: "it was closed", Err: err}
	case err != nil && err == ctx.Err():
		return &Error{Code: Aborted, Op: f.op, Err: err}
	}
	return err
}
