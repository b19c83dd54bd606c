package cache

import (
	"context"
	"fmt"
	"sync"

	"larder/cache/metrics"
	"larder/cache/registry"
	"larder/cache/store"
	"larder/sha256"
)

// Cache answers requests for models from memory, store and registry. Safe for
// concurrent use.
type Cache struct {
	opt    Options
	client *registry.Client // nil if there is no registry
	memory *versions
	events events
	// catalogue belongs to the registry.
	catalogue *catalogue
	alive     context.Context // ends with Close
	kill      context.CancelFunc
	deaf      func() // ends hearing of the peers

	flights *flights
	uses    *uses

	mu     sync.Mutex
	stats  Stats
	untidy func() // ends the wait of tidyLater
	tiers  tiers
}

// New makes a Cache. It reads nothing, so that it answers at once: what is wrong with the
// store shows when it is first used, and the garbage that old versions left is collected
// some seconds later, when a page has its answer.
func New(opt Options) (*Cache, error) {
	if opt.Store == nil {
		return nil, &Error{Code: InvalidInput, Op: "new", Detail: "Options.Store is missing"}
	}
	opt.setDefaults()
	c := &Cache{opt: opt, uses: newUses(opt.Store, opt.Clock), catalogue: newCatalogue(), deaf: func() {}, untidy: func() {}}
	if opt.Registry != nil {
		var err error
		c.client, err = registry.NewClient(registry.Options{Fetcher: opt.Registry, Hasher: opt.Hasher,
			Sleep: opt.Clock.Sleep, AfterFunc: opt.Clock.AfterFunc, Attempts: opt.Attempts})
		if err != nil {
			return nil, c.wrap("new", "", "", err)
		}
	}
	c.alive, c.kill = context.WithCancel(context.Background())
	c.flights = newFlights(c.alive)
	c.memory = newVersions(&opt, func(v *version, bytes int64, cause metrics.Cause) {
		if c.alive.Err() == nil {
			c.emit(Event{Kind: EventReleased, Name: v.record.Name, Version: v.record.Version, Bytes: bytes, Message: cause.String()})
		}
	})
	if opt.Peers != nil {
		c.deaf = opt.Peers.Hear(c.heard)
	}
	c.tidyLater()
	return c, nil
}

// Close ends downloads, writes down the uses of versions as Flush does, and forgets
// everything in memory. The store stays open, files stay valid. An error says that the
// last uses are lost; the Cache is closed all the same. Closing twice is no error.
func (c *Cache) Close() error {
	if c.alive.Err() != nil {
		return nil
	}
	c.kill()
	c.deaf()
	c.mu.Lock()
	c.untidy()
	c.mu.Unlock()
	c.memory.close()
	if err := c.uses.close(); err != nil {
		return c.wrap("close", "", "", err)
	}
	return nil
}

// Subscribe calls fn for each event from now on, in order, on the goroutine where it
// happens; fn must not block or call the Cache. cancel ends it.
func (c *Cache) Subscribe(fn func(Event)) (cancel func()) { return c.events.subscribe(fn) }

// emit stamps an event and sends it.
func (c *Cache) emit(e Event) {
	e.Time = c.opt.Clock.Now()
	c.events.send(e)
	if c.opt.Peers != nil && e.Kind.Shared() {
		c.opt.Peers.Tell(e)
	}
}

// count changes the counters.
func (c *Cache) count(change func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.stats)
}

// open reports whether the Cache still serves.
func (c *Cache) open(op, name, version string) error {
	if c.alive.Err() != nil {
		return &Error{Code: Closed, Op: op, Name: name, Version: version, Detail: "the cache was closed"}
	}
	return nil
}

// wrap turns any error into this package's, with words for a person.
func (c *Cache) wrap(op, name, version string, err error) error {
	if own, ok := err.(*Error); ok {
		return own
	}
	e := &Error{Code: CodeOf(err), Op: op, Name: name, Version: version, Err: err, Near: near(err)}
	switch e.Code {
	case Aborted:
		if c.alive.Err() != nil {
			e.Code, e.Detail = Closed, "the cache was closed"
		}
	case Quota:
		e.Detail = "this device gives no more room: remove models that are not needed, or free disk space"
	}
	return e
}

// near returns the suggestions of a registry's error.
func near(err error) []string {
	if e, ok := asRegistry(err); ok {
		return e.Near
	}
	return nil
}

// digest is the identity of a manifest. Manifests are small: Go hashes them itself.
func digest(manifest []byte) store.Digest { return sha256.Sum256(manifest) }

// chunksText counts chunks in words.
func chunksText(n int) string {
	if n == 1 {
		return "1 chunk"
	}
	return fmt.Sprintf("%d chunks", n)
}
