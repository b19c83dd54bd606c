// Package memstore is a store in Go's heap: for programs without a disk, and for
// tests. Nothing survives the process; what Commit promises holds among the
// goroutines that share a [Database].
package memstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
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

// PutChunks implements store.Store.
func (s *Store) PutChunks(ctx context.Context, chunks []store.Chunk) error {
	if err := store.CheckChunks(chunks); err != nil {
		return err
	}
	leave, err := s.enter(ctx, "put", "")
	if err != nil {
		return err
	}
	defer leave()
	for _, c := range chunks {
		more := c.Data.Size()
		if old, ok := s.db.chunks[c.Digest]; ok {
			more -= old.Size()
		}
		if err := s.db.room("put", c.Digest.String(), more); err != nil {
			return err
		}
		kept := c.Data
		if b, ok := kept.(store.Bytes); ok {
			kept = store.Bytes(bytes.Clone(b))
		}
		s.db.chunks[c.Digest] = kept
	}
	return nil
}

// Chunks implements store.Store.
func (s *Store) Chunks(ctx context.Context, digests []store.Digest) ([]store.Blob, error) {
	leave, err := s.enter(ctx, "read", "")
	if err != nil {
		return nil, err
	}
	defer leave()
	out := make([]store.Blob, len(digests))
	for i, d := range digests {
		out[i] = s.db.chunks[d]
	}
	return out, nil
}

// Missing implements store.Store.
func (s *Store) Missing(ctx context.Context, digests []store.Digest) ([]store.Digest, error) {
	leave, err := s.enter(ctx, "missing", "")
	if err != nil {
		return nil, err
	}
	defer leave()
	return slices.DeleteFunc(store.Distinct(digests), func(d store.Digest) bool { return s.db.chunks[d] != nil }), nil
}

// DeleteChunks implements store.Store.
func (s *Store) DeleteChunks(ctx context.Context, digests []store.Digest) error {
	leave, err := s.enter(ctx, "delete", "")
	if err != nil {
		return err
	}
	defer leave()
	for _, d := range digests {
		delete(s.db.chunks, d)
	}
	return nil
}

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context, r store.Record, p store.Pointer) error {
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
	p.CheckedAt = trim(p.CheckedAt)
	s.db.records[key] = clone(r)
	s.db.pointers[p.Key()] = p
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

// Sweep implements store.Store.
func (s *Store) Sweep(ctx context.Context, keep func(store.Digest) bool) (int, error) {
	leave, err := s.enter(ctx, "sweep", "")
	if err != nil {
		return 0, err
	}
	defer leave()
	named := map[store.Digest]bool{}
	for _, r := range s.db.records {
		for _, c := range r.Chunks {
			named[c.Digest] = true
		}
	}
	n := 0
	for d := range s.db.chunks {
		if !named[d] && (keep == nil || !keep(d)) {
			delete(s.db.chunks, d)
			n++
		}
	}
	return n, nil
}

// Document implements store.Store.
func (s *Store) Document(ctx context.Context, key string) (store.Document, error) {
	leave, err := s.enter(ctx, "document", key)
	if err != nil {
		return store.Document{}, err
	}
	defer leave()
	d, ok := s.db.documents[key]
	if !ok {
		return store.Document{}, &store.Error{Code: store.NotFound, Op: "document", Key: key}
	}
	d.Data = bytes.Clone(d.Data)
	return d, nil
}

// PutDocument implements store.Store.
func (s *Store) PutDocument(ctx context.Context, d store.Document) error {
	if err := store.CheckDocument(&d); err != nil {
		return err
	}
	leave, err := s.enter(ctx, "put document", d.Key)
	if err != nil {
		return err
	}
	defer leave()
	if err := s.db.room("put document", d.Key, int64(len(d.Data)-len(s.db.documents[d.Key].Data))); err != nil {
		return err
	}
	d.Data, d.CheckedAt = bytes.Clone(d.Data), trim(d.CheckedAt)
	s.db.documents[d.Key] = d
	return nil
}

// Documents implements store.Store.
func (s *Store) Documents(ctx context.Context, prefix string) ([]store.Document, error) {
	leave, err := s.enter(ctx, "documents", prefix)
	if err != nil {
		return nil, err
	}
	defer leave()
	var out []store.Document
	for key, d := range s.db.documents {
		if strings.HasPrefix(key, prefix) {
			d.Data = bytes.Clone(d.Data)
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b store.Document) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

// RemoveDocument implements store.Store.
func (s *Store) RemoveDocument(ctx context.Context, key string) error {
	leave, err := s.enter(ctx, "remove document", key)
	if err != nil {
		return err
	}
	defer leave()
	delete(s.db.documents, key)
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
