package cache

import (
	"slices"
	"sync"
	"time"
)

// Event says that something happened in the cache. What a field means depends on the
// kind; the others are zero.
type Event struct {
	Kind    EventKind
	Time    time.Time
	Name    string
	Version string
	// Bytes is what was transferred, freed or found corrupt.
	Bytes int64
	// Code and Message describe a failure that Get survived (Stale), or that ended it
	// (Failed). Of other kinds, Message is what their constant says.
	Code    Code
	Message string
	// Elsewhere says that another Cache on the same store did it; see [Peers].
	Elsewhere bool
}

// EventKind names what happened.
type EventKind string

// The kinds of events.
const (
	EventServed    EventKind = "served"    // Get answered; Message is the Source
	EventChecked   EventKind = "checked"   // the registry confirmed the stored version
	EventCommitted EventKind = "committed" // a version became visible; Bytes were transferred
	EventStale     EventKind = "stale"     // the registry gave no answer; the stored version serves
	EventUpdated   EventKind = "updated"   // another version answers a selector now; Message is the one before
	EventCorrupt   EventKind = "corrupt"   // a stored chunk was bad; it is fetched again
	EventRepaired  EventKind = "repaired"  // missing or corrupt chunks were fetched again
	EventEvicted   EventKind = "evicted"   // a version was removed from the store; Message is the metrics.Cause
	EventReleased  EventKind = "released"  // a version left the memory; Message is the metrics.Cause
	EventVerified  EventKind = "verified"  // Verify found everything as it should be; Bytes were read
	EventPinned    EventKind = "pinned"    // Pin keeps a version
	EventUnpinned  EventKind = "unpinned"  // Pin let a version go
	EventFailed    EventKind = "failed"    // Get or Refresh returned an error

	EventRolledBack EventKind = "rolled-back" // Rollback made the version the answer again
	EventImported   EventKind = "imported"    // Import stored the version
)

// events passes events on.
type events struct {
	mu   sync.Mutex
	next int
	subs []subscriber
}

type subscriber struct {
	id int
	fn func(Event)
}

func (e *events) subscribe(fn func(Event)) func() {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := e.next
	e.next++
	e.subs = append(slices.Clip(e.subs), subscriber{id, fn})
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.subs = slices.DeleteFunc(slices.Clone(e.subs), func(s subscriber) bool { return s.id == id })
	}
}

func (e *events) send(ev Event) {
	e.mu.Lock()
	subs := e.subs
	e.mu.Unlock()
	for _, s := range subs {
		s.fn(ev)
	}
}
