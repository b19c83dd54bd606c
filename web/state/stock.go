package state

import (
	"context"
	"slices"
	"sync"

	"larder/wasm/message"
)

// Cache is what the Larder page asks of larder.js about what is stored. Every error is
// a *message.Error, or is treated as one with the code internal. The methods are called
// from several goroutines, after Larder.Open has succeeded.
type Cache interface {
	// List describes all stored versions, by name, the newest of each first.
	List(ctx context.Context) ([]message.CacheEntry, error)
	// Stats returns counters and sizes, and what the browser says about its storage.
	Stats(ctx context.Context) (message.CacheStats, message.Room, error)
	// Download stores a model without preparing it.
	Download(ctx context.Context, name string, onProgress func(message.Progress)) error
	// Refresh asks the registry for a newer version and downloads it.
	Refresh(ctx context.Context, name string, onProgress func(message.Progress)) error
	// Pin keeps a version from being removed to make room, or lets it go again.
	Pin(ctx context.Context, name, version string, pinned bool) error
	// Rollback makes the version before the current one the current one.
	Rollback(ctx context.Context, name string) error
	// Verify reads every stored chunk of a model.
	Verify(ctx context.Context, name string, onProgress func(message.Progress)) (message.Verified, error)
	// Evict removes a model.
	Evict(ctx context.Context, name string) error
	// Export hands a version to the browser's downloads as one file, and returns the
	// file's name.
	Export(ctx context.Context, name, version string) (string, error)
	// Import stores what an exported file holds: opaque data that the host made.
	Import(ctx context.Context, file any, onProgress func(message.Progress)) ([]message.CacheEntry, error)
	// Persist asks the browser not to clear what is stored, and returns its answer.
	Persist(ctx context.Context) (bool, error)
	// On calls listener for each event of the cache from now on.
	On(listener func(message.CacheEvent))
}

// Stock is the state machine of the Larder page: what is stored on this device, what
// happened to it, and what a person does to it. Its methods may be called from any
// goroutine and from event handlers: none of them waits.
type Stock struct {
	cache  Cache
	host   Host
	clock  Clock
	notify func()
	hear   func(message.CacheEvent) // told each event of the cache

	mu      sync.Mutex // guards everything below; never held across a call that waits
	opened  bool
	shown   bool          // the page is on show: nothing is read for a page that is not
	index   message.Index // for the models' titles, and for what is not stored
	read    bool          // the list was read at least once
	reading bool
	again   bool // something changed while the list was being read
	entries []message.CacheEntry
	stats   message.CacheStats
	room    message.Room
	events  []message.CacheEvent // the newest last
	jobs    map[string]*job      // by model; allModels for what concerns none
	asking  string               // the model that a person is asked about before it is removed
	outcome outcome              // of the last action
	failure *message.Error       // why the list could not be read
	failed  map[string]*failed   // by model
}

// allModels is the key of what concerns no single model: imports, persistence.
const allModels = ""

// job is an action under way.
type job struct {
	verb     Verb
	version  string
	task     task
	progress message.Progress
}

// outcome is what came of an action, in one sentence.
type outcome struct{ name, text string }

// failed is an action that did not succeed.
type failed struct {
	verb    Verb
	version string
	err     *message.Error
}

// maxEvents bounds the log. Each line is a row of the page.
const maxEvents = 60

func newStock(opt *Options, hear func(message.CacheEvent)) *Stock {
	return &Stock{cache: opt.Cache, host: opt.Host, clock: opt.Clock, notify: opt.Notify, hear: hear, index: opt.Shell.Index,
		shown: opt.Page == PageLarder, jobs: map[string]*job{}, failed: map[string]*failed{}}
}

func (s *Stock) update(f func()) {
	s.mu.Lock()
	f()
	s.mu.Unlock()
	s.notify()
}

// know takes the registry's index.
func (s *Stock) know(index message.Index) { s.update(func() { s.index = index }) }

// title is what a model is called.
func (s *Stock) title(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return titleOf(s.index, name)
}

// open tells that Larder has started.
func (s *Stock) open() {
	first := false
	s.update(func() { first, s.opened = !s.opened, true })
	if first {
		s.cache.On(s.happened)
	}
	s.Read()
}

// happened takes an event of the cache. What is stored may have changed by it.
func (s *Stock) happened(e message.CacheEvent) {
	s.update(func() {
		s.events = append(s.events, e)
		s.events = slices.Clone(s.events[max(0, len(s.events)-maxEvents):])
	})
	s.hear(e)
	s.Read()
}

// show tells whether the page is on show.
func (s *Stock) show(yes bool) {
	s.update(func() { s.shown = yes })
	s.Read()
}

// Read reads what is stored, once more if that is under way already.
func (s *Stock) Read() {
	s.mu.Lock()
	start := s.opened && s.shown && !s.reading
	s.again = s.reading
	s.reading = s.reading || start
	s.mu.Unlock()
	if start {
		go s.readAll()
	}
}

func (s *Stock) readAll() {
	for again := true; again; {
		ctx := context.Background()
		entries, err := s.cache.List(ctx)
		var stats message.CacheStats
		var room message.Room
		if err == nil {
			stats, room, err = s.cache.Stats(ctx)
		}
		s.update(func() {
			again, s.again = s.again, false
			s.reading = again
			if err != nil {
				s.failure = asError(err)
				return
			}
			s.read, s.failure = true, nil
			s.entries, s.stats, s.room = entries, stats, room
		})
	}
}
