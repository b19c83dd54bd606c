package memory

import (
	"math/rand/v2"
	"time"

	"larder/cache/metrics"
	"larder/cache/policy"
)

// Options says what a Tier keeps and for how long. The zero value keeps everything for
// ever.
type Options struct {
	// MaxBytes bounds what is held strongly; values in use count and are never dropped
	// for it. Zero: no bound. Negative: nothing is held beyond its use.
	MaxBytes int64
	// MaxEntries bounds how many values are held strongly. Zero: no bound.
	MaxEntries int
	// TTL is how long a value may be used after it was put in. Zero: no limit.
	TTL time.Duration
	// Idle is how long a value may go without being asked for. Zero: no limit. With TTL
	// too, whichever ends first counts.
	Idle time.Duration
	// Jitter shortens each value's TTL by a random part of up to so much, 0 to 1, so that
	// what came together does not end together.
	Jitter float64
	// Policy chooses who goes when the budget is exceeded. Default policy.Default. It
	// belongs to the Tier from now on.
	Policy policy.Policy
	// Clock tells the time. Default: that of the machine.
	Clock Clock
	// Random draws from 0 to 1, for Jitter. Default rand.Float64.
	Random func() float64
	// OnRemove is called once for each value that was put in, after the tier has let go
	// of it and its last lease has ended: on the goroutine that made it go, that of the
	// timer, or that of the garbage collector's cleanups. It must not block; it may use
	// the Tier.
	OnRemove func(Removal)
}

// Clock is where the tier gets the time from. Safe for concurrent use.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f on its own goroutine once d has passed, unless stop is called
	// before.
	AfterFunc(d time.Duration, f func()) (stop func())
}

// Removal tells that a value has left.
type Removal struct {
	Key   string
	Value any // nil if it was Collected
	Bytes int64
	Cause metrics.Cause
}

// Value is what is put into a Tier.
type Value struct {
	Of    any           // the value
	Bytes int64         // its size; at least 1 and at most 1<<48 counts
	Cost  float64       // of loading it again, for the policy; 0 for its size
	Weak  Ref           // a reference to Of, or nil if it cannot be held weakly
	TTL   time.Duration // instead of Options.TTL, if it is not zero
}

type systemClock struct{}

// Now has no monotonic reading, which stands still while a machine sleeps.
func (systemClock) Now() time.Time { return time.Now().Round(0) }

func (systemClock) AfterFunc(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

func (o *Options) setDefaults() {
	if o.Policy == nil {
		o.Policy = policy.Default()
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
}
