//go:build js

package idbstore

import (
	"context"
	"errors"
	"sync"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
)

// The object stores.
const (
	chunks    = "chunks"
	packs     = "packs"
	tables    = "tables"
	records   = "records"
	pointers  = "pointers"
	documents = "documents"
)

// upgrades brings a database from version i to i+1. A published step never changes; a
// new layout is a new step.
var upgrades = []func(db safejs.Value) error{
	func(db safejs.Value) error {
		return create(db, chunks, records, pointers, documents)
	},
	// What version 1 stored stays where it is: a chunk that arrives is one record still.
	func(db safejs.Value) error {
		return create(db, packs, tables)
	},
}

func create(db safejs.Value, names ...string) error {
	for _, name := range names {
		if _, err := db.Call("createObjectStore", name); err != nil {
			return err
		}
	}
	return nil
}

// Store implements store.Store on IndexedDB.
type Store struct {
	name   string
	events *events

	mu      sync.Mutex
	db      safejs.Value // null while there is no connection
	closed  bool
	known   map[store.Digest]place // where chunks lay when a directory was last read
	running map[*tx]bool           // transactions under way
	opening chan struct{}          // holds one token; whoever has it may open a connection
}

var _ store.Store = (*Store)(nil)

// Open opens the database and creates it if need be. Errors: Blocked (an old page keeps
// it from being upgraded, or a newer one has upgraded it: reload), Quota, Internal
// (there is no IndexedDB, or the browser refuses it).
func Open(ctx context.Context, opt Options) (*Store, error) {
	if opt.Name == "" {
		opt.Name = DefaultName
	}
	e, err := newEvents()
	if err != nil {
		return nil, typed("open", opt.Name, err)
	}
	s := &Store{name: opt.Name, events: e, db: safejs.Null(), known: map[store.Digest]place{}, running: map[*tx]bool{}, opening: make(chan struct{}, 1)}
	s.opening <- struct{}{}
	if _, err := s.connection(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// connection returns the open connection, or opens one.
func (s *Store) connection(ctx context.Context) (safejs.Value, error) {
	select {
	case <-s.opening:
		defer func() { s.opening <- struct{}{} }()
	case <-ctx.Done():
		return safejs.Null(), store.CheckContext(ctx, "open", s.name)
	}
	s.mu.Lock()
	db, closed := s.db, s.closed
	s.mu.Unlock()
	if closed {
		return db, &store.Error{Code: store.Closed, Op: "open", Key: s.name}
	}
	if !db.IsNull() {
		return db, nil
	}
	db, err := s.connect(ctx)
	if err != nil {
		return db, typed("open", s.name, err)
	}
	return db, s.adopt(db)
}

// adopt makes db the connection and watches for its end.
func (s *Store) adopt(db safejs.Value) error {
	off, err := s.events.on(db, func(kind string, db, _ safejs.Value) {
		// Another tab upgrades or deletes the database, or the browser took it: let go.
		// The next call opens it again.
		s.drop(db)
		if kind == "close" {
			s.forced(db)
		}
	}, "versionchange", "close")
	if err != nil {
		return typed("open", s.name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		off()
		_, _ = db.Call("close")
		return &store.Error{Code: store.Closed, Op: "open", Key: s.name}
	}
	s.db = db
	return nil
}

// drop closes a connection.
func (s *Store) drop(db safejs.Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db.IsNull() || !s.db.Equal(db) {
		return
	}
	s.db = safejs.Null()
	_, _ = db.Call("close")
}

// opening is a request for a connection. Only its first outcome is told: a connection
// that comes after that is closed.
type opening struct {
	once sync.Once
	done chan outcome
	off  func()
}

type outcome struct {
	db  safejs.Value
	err error
}

// end tells an outcome and reports whether it was the first.
func (o *opening) end(result outcome) (first bool) {
	o.once.Do(func() { first = true; o.done <- result })
	return first
}

// connect asks the browser for a connection.
func (s *Store) connect(ctx context.Context) (safejs.Value, error) {
	factory, err := global("indexedDB")
	if err != nil {
		return factory, err
	}
	req, err := factory.Call("open", s.name, len(upgrades))
	if err != nil {
		return req, err
	}
	o := &opening{done: make(chan outcome, 1)}
	if o.off, err = s.events.on(req, o.handle, "upgradeneeded", "blocked", "error", "success"); err != nil {
		return req, err
	}
	select {
	case result := <-o.done:
		return result.db, result.err
	case <-ctx.Done():
		o.end(outcome{})
		return safejs.Null(), store.CheckContext(ctx, "open", s.name)
	}
}

// handle is told what becomes of the request.
func (o *opening) handle(kind string, req, event safejs.Value) {
	switch kind {
	case "upgradeneeded":
		if err := upgrade(req, numberAt(event, "oldVersion")); err != nil {
			abort(req)
			o.end(outcome{err: err})
		}
	case "blocked":
		o.end(outcome{err: &store.Error{Code: store.Blocked, Op: "open",
			Err: errors.New("another tab uses an older version of the database: close the other tabs of this site")}})
	case "error":
		o.off()
		e, _ := req.Get("error")
		o.end(outcome{err: exceptionOf(e)})
	case "success":
		o.off()
		if db, err := req.Get("result"); !o.end(outcome{db, err}) {
			_, _ = db.Call("close")
		}
	}
}

// upgrade runs the steps that the database has not seen.
func upgrade(req safejs.Value, from int64) error {
	db, err := req.Get("result")
	if err != nil {
		return err
	}
	for _, step := range upgrades[min(max(int(from), 0), len(upgrades)):] {
		if err := step(db); err != nil {
			return err
		}
	}
	return nil
}

// abort rolls an upgrade back.
func abort(req safejs.Value) {
	if tx, err := req.Get("transaction"); err == nil && tx.Type() == safejs.TypeObject {
		_, _ = tx.Call("abort")
	}
}

// Close closes the connection. What is under way ends first.
func (s *Store) Close() error {
	s.mu.Lock()
	db, was := s.db, s.closed
	s.closed = true
	s.mu.Unlock()
	if !was && !db.IsNull() {
		s.drop(db)
	}
	return nil
}
