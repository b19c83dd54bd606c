// Package memstore is a store in Go's heap: for programs without a disk, and for
// tests. Nothing survives the process; what Commit promises holds among the
// goroutines that share a [Database].
package memstore

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"larder/cache/store"
)

// Database is the data. Several Stores may be open on one, as tabs are on one
// browser database.
type Database struct {
	mu        sync.Mutex
	limit     int64 // bytes of chunks, manifests and documents; 0: none
	chunks    map[store.Digest]store.Blob
	records   map[string]store.Record
	pointers  map[string]store.Pointer
	documents map[string]store.Document
}

// NewDatabase returns an empty database that holds at most limit bytes; 0 means
// without a limit.
func NewDatabase(limit int64) *Database {
	return &Database{
		limit:     limit,
		chunks:    map[store.Digest]store.Blob{},
		records:   map[string]store.Record{},
		pointers:  map[string]store.Pointer{},
		documents: map[string]store.Document{},
	}
}

// Open returns a Store on the database.
func (db *Database) Open() *Store { return &Store{db: db} }

// New returns a Store on a database of its own, without a limit.
func New() *Store { return NewDatabase(0).Open() }

// used sums up what counts against the limit. The caller holds the lock.
func (db *Database) used() int64 {
	var n int64
	for _, b := range db.chunks {
		n += b.Size()
	}
	for _, r := range db.records {
		n += int64(len(r.Manifest))
	}
	for _, d := range db.documents {
		n += int64(len(d.Data))
	}
	return n
}

// room reports whether more bytes fit. The caller holds the lock.
func (db *Database) room(op, key string, more int64) error {
	if db.limit == 0 {
		return nil
	}
	if used := db.used(); used+more > db.limit {
		return &store.Error{Code: store.Quota, Op: op, Key: key,
			Err: fmt.Errorf("%d bytes more than the limit of %d", used+more-db.limit, db.limit)}
	}
	return nil
}

// Store implements store.Store.
type Store struct {
	db     *Database
	closed atomic.Bool
}

var _ store.Store = (*Store)(nil)

// enter locks the database for one operation. leave is nil if there is an error.
func (s *Store) enter(ctx context.Context, op, key string) (leave func(), err error) {
	if err := store.CheckContext(ctx, op, key); err != nil {
		return nil, err
	}
	if s.closed.Load() {
		return nil, &store.Error{Code: store.Closed, Op: op, Key: key}
	}
	s.db.mu.Lock()
	return s.db.mu.Unlock, nil
}

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context, r store.Record, p ...store.Pointer) error {
	if err := store.CheckCommit(&r, p); err != nil {
		return err
	}
	key := store.RecordKey(r.Name, r.Version)
	leave, err := s.enter(ctx, "commit", key)
	if err != nil {
		return err
	}
	defer leave()
	for _, d := range r.Digests() {
		if s.db.chunks[d] == nil {
			return store.IncompleteError(&r, d)
		}
	}
	if err := s.db.room("commit", key, int64(len(r.Manifest)-len(s.db.records[key].Manifest))); err != nil {
		return err
	}
	r.Hits = s.db.records[key].Hits
	s.db.records[key] = clone(r)
	for _, p := range p {
		p.CheckedAt = trim(p.CheckedAt)
		s.db.pointers[p.Key()] = p
	}
	return nil
}

// Touch implements store.Store.
func (s *Store) Touch(ctx context.Context, name, version string, patch store.Patch) error {
	key := store.RecordKey(name, version)
	leave, err := s.enter(ctx, "touch", key)
	if err != nil {
		return err
	}
	defer leave()
	r, ok := s.db.records[key]
	if !ok {
		return &store.Error{Code: store.NotFound, Op: "touch", Key: key}
	}
	s.db.records[key] = patch.ApplyTo(r).Trim()
	pkey := store.PointerKey(name, patch.Selector)
	if p, ok := s.db.pointers[pkey]; ok && p.Version == version && !patch.CheckedAt.IsZero() {
		p.CheckedAt = trim(patch.CheckedAt)
		s.db.pointers[pkey] = p
	}
	return nil
}

// Snapshot implements store.Store.
func (s *Store) Snapshot(ctx context.Context) (store.Snapshot, error) {
	leave, err := s.enter(ctx, "snapshot", "")
	if err != nil {
		return store.Snapshot{}, err
	}
	defer leave()
	var out store.Snapshot
	for _, r := range s.db.records {
		out.Records = append(out.Records, clone(r))
	}
	for _, p := range s.db.pointers {
		out.Pointers = append(out.Pointers, p)
	}
	out.Sort()
	return out, nil
}

// Remove implements store.Store.
func (s *Store) Remove(ctx context.Context, name, version string) error {
	key := store.RecordKey(name, version)
	leave, err := s.enter(ctx, "remove", key)
	if err != nil {
		return err
	}
	defer leave()
	delete(s.db.records, key)
	for k, p := range s.db.pointers {
		if p.Name == name && p.Version == version {
			delete(s.db.pointers, k)
		}
	}
	return nil
}

// Usage implements store.Store.
func (s *Store) Usage(ctx context.Context) (store.Usage, error) {
	leave, err := s.enter(ctx, "usage", "")
	if err != nil {
		return store.Usage{}, err
	}
	defer leave()
	u := store.Usage{Chunks: len(s.db.chunks), Records: len(s.db.records)}
	for _, b := range s.db.chunks {
		u.Bytes += b.Size()
	}
	return u, nil
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.closed.Store(true)
	return nil
}

// clone copies the slices of a record, so that no two owners share them.
func clone(r store.Record) store.Record {
	r = r.Trim()
	r.Manifest = bytes.Clone(r.Manifest)
	r.Chunks = slices.Clone(r.Chunks)
	return r
}

func trim(t time.Time) time.Time { return store.FromMilli(store.Milli(t)) }

// Clone returns a copy of the database, as a disk is copied. Chunks are shared, because
// they never change.
func (db *Database) Clone() *Database {
	db.mu.Lock()
	defer db.mu.Unlock()
	return &Database{limit: db.limit, chunks: maps.Clone(db.chunks), records: maps.Clone(db.records),
		pointers: maps.Clone(db.pointers), documents: maps.Clone(db.documents)}
}
