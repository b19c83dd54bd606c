package cache

import (
	"context"
	"slices"
	"strconv"
	"sync"
)

// A load may ask for other keys, in the same Resource or Data or in another one. Two that
// want what the other one makes would wait for ever, and so would one that wants its own
// result: the last to ask gets an error instead. A load is known by its context; one that
// asks with another context than its own is not, and waits.

// flightKey finds the flight whose work has a context.
type flightKey struct{}

// flightContext is the context of a flight's work. It is context.WithValue without the
// reflection.
type flightContext struct {
	context.Context
	flight *flight
}

// Value implements context.Context.
func (c *flightContext) Value(key any) any {
	if _, is := key.(flightKey); is {
		return c.flight
	}
	return c.Context.Value(key)
}

// awaiting guards flight.awaits of all flights, which may belong to different owners.
var awaiting sync.Mutex

// await notes that whoever has ctx waits for a flight, until over is called, or returns an
// error if that flight waits for them.
func await(ctx context.Context, f *flight) (over func(), err error) {
	if own, _ := ctx.Value(flightKey{}).(*flight); own != nil && !own.ended() {
		return own.await(f)
	}
	return func() {}, nil
}

// await is that for the work of a flight.
func (f *flight) await(next *flight) (over func(), err error) {
	awaiting.Lock()
	defer awaiting.Unlock()
	if next.leadsTo(f, map[*flight]bool{}) {
		return nil, &Error{Code: Internal, Op: "load", Detail: "the load of " + strconv.Quote(f.key) + " waits for itself: it asks for " + strconv.Quote(next.key)}
	}
	f.awaits = append(f.awaits, next)
	return func() {
		awaiting.Lock()
		defer awaiting.Unlock()
		i := slices.Index(f.awaits, next)
		f.awaits = slices.Delete(f.awaits, i, i+1)
	}, nil
}

// leadsTo reports whether a flight is the other one, or waits for it. Many may wait for the
// same, so each is looked at once.
func (f *flight) leadsTo(other *flight, seen map[*flight]bool) bool {
	if f == other || seen[f] {
		return f == other
	}
	seen[f] = true
	return slices.ContainsFunc(f.awaits, func(next *flight) bool { return next.leadsTo(other, seen) })
}

// ended reports whether there is nothing to wait for any more.
func (f *flight) ended() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}
