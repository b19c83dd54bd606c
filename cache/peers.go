package cache

import "larder/cache/store"

// Peers connects the Caches that share one store, such as those of the tabs of an origin.
// What one of them does to what is stored, the others hear at once: they forget what they
// took for the answer, and look into the store when they are asked again. Who hears nothing
// finds out when the version's time to live has ended. Safe for concurrent use.
type Peers interface {
	// Tell passes an event on to all others. It does not wait for them.
	Tell(Event)
	// Hear calls fn for each event that another one tells from now on. stop ends it.
	Hear(fn func(Event)) (stop func())
}

// Shared reports whether an event is about what is stored, which everybody shares who has
// the store, and not about one Cache and what it has in memory.
func (k EventKind) Shared() bool {
	switch k {
	case EventServed, EventStale, EventReleased, EventFailed:
		return false
	}
	return true
}

// heard takes an event of another Cache on the same store.
func (c *Cache) heard(e Event) {
	if c.alive.Err() != nil || !e.Kind.Shared() {
		return
	}
	e.Elsewhere = true
	switch e.Kind {
	case EventChecked, EventVerified, EventCorrupt, EventRepaired: // what answers is the same
	case EventEvicted:
		c.memory.doubt(e.Name)
		c.memory.forget(e.Name, e.Version)
		c.uses.forget(store.RecordKey(e.Name, e.Version))
	default:
		c.memory.doubt(e.Name)
	}
	c.events.send(e)
}

// doubt forgets which versions of a model answer. What is on its way does not become the
// answer in memory either: it may have looked into the store before the change.
func (m *versions) doubt(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.doubts++
	for selector, a := range m.answers {
		if a.version.record.Name == name {
			delete(m.answers, selector)
		}
	}
}

// doubted counts the changes that were heard of.
func (m *versions) doubted() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.doubts
}
