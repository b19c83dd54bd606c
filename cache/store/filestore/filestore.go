package filestore

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"larder/cache/store"
)

// Store implements store.Store on a directory.
type Store struct {
	dir    string
	closed atomic.Bool
	mu     sync.RWMutex // what flock is between processes, among goroutines
}

var _ store.Store = (*Store)(nil)

// Open opens the directory, and makes it if it is not there. Errors: Blocked (a newer
// Larder has written it), Quota, Internal.
func Open(dir string) (*Store, error) {
	s := &Store{dir: dir}
	if _, err := s.load(); err != nil {
		return nil, typed("open", dir, err)
	}
	for _, sub := range []string{"chunks", "documents", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, typed("open", dir, err)
		}
	}
	return s, nil
}

// enter begins an operation: alone if it changes records or deletes chunks, else
// shared. The caller calls leave at its end unless there is an error.
func (s *Store) enter(ctx context.Context, op, key string, shared bool) (leave func(), err error) {
	if err := store.CheckContext(ctx, op, key); err != nil {
		return nil, err
	}
	if s.closed.Load() {
		return nil, &store.Error{Code: store.Closed, Op: op, Key: key}
	}
	f, err := os.OpenFile(filepath.Join(s.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, typed(op, key, err)
	}
	unlock := s.mu.Unlock
	if shared {
		s.mu.RLock()
		unlock = s.mu.RUnlock
	} else {
		s.mu.Lock()
	}
	if err := lockFile(f, shared); err != nil {
		unlock()
		f.Close()
		return nil, typed(op, key, err)
	}
	return func() { f.Close(); unlock() }, nil
}

// change loads records and pointers, lets f change them, and saves them.
func (s *Store) change(ctx context.Context, op, key string, f func(*store.Snapshot) error) error {
	leave, err := s.enter(ctx, op, key, false)
	if err != nil {
		return err
	}
	defer leave()
	snap, err := s.load()
	if err == nil {
		err = f(&snap)
	}
	if err == nil {
		err = s.save(snap)
	}
	return typed(op, key, err)
}

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context, r store.Record, p ...store.Pointer) error {
	if err := store.CheckCommit(&r, p); err != nil {
		return err
	}
	return s.change(ctx, "commit", store.RecordKey(r.Name, r.Version), func(snap *store.Snapshot) error {
		digests := r.Digests()
		paths := make([]string, len(digests))
		for i, d := range digests {
			paths[i] = s.chunkPath(d)
			if _, err := os.Stat(paths[i]); err != nil {
				return store.IncompleteError(&r, d)
			}
		}
		if err := syncFiles(paths); err != nil {
			return err
		}
		syncDir(filepath.Join(s.dir, "chunks"))
		r.Hits = 0
		snap.Records = slices.DeleteFunc(snap.Records, func(o store.Record) bool {
			same := o.Name == r.Name && o.Version == r.Version
			if same {
				r.Hits = o.Hits
			}
			return same
		})
		snap.Records = append(snap.Records, r)
		for _, p := range p {
			snap.Pointers = slices.DeleteFunc(snap.Pointers, func(o store.Pointer) bool { return o.Key() == p.Key() })
			snap.Pointers = append(snap.Pointers, p)
		}
		return nil
	})
}

// Touch implements store.Store.
func (s *Store) Touch(ctx context.Context, name, version string, patch store.Patch) error {
	key := store.RecordKey(name, version)
	return s.change(ctx, "touch", key, func(snap *store.Snapshot) error {
		i := slices.IndexFunc(snap.Records, func(r store.Record) bool { return r.Name == name && r.Version == version })
		if i < 0 {
			return &store.Error{Code: store.NotFound, Op: "touch", Key: key}
		}
		snap.Records[i] = patch.ApplyTo(snap.Records[i])
		for i, p := range snap.Pointers {
			if p.Name == name && p.Selector == patch.Selector && p.Version == version && !patch.CheckedAt.IsZero() {
				snap.Pointers[i].CheckedAt = patch.CheckedAt
			}
		}
		return nil
	})
}

// Snapshot implements store.Store.
func (s *Store) Snapshot(ctx context.Context) (store.Snapshot, error) {
	leave, err := s.enter(ctx, "snapshot", "", true)
	if err != nil {
		return store.Snapshot{}, err
	}
	defer leave()
	snap, err := s.load()
	return snap, typed("snapshot", "", err)
}

// Remove implements store.Store.
func (s *Store) Remove(ctx context.Context, name, version string) error {
	return s.change(ctx, "remove", store.RecordKey(name, version), func(snap *store.Snapshot) error {
		snap.Records = slices.DeleteFunc(snap.Records, func(r store.Record) bool { return r.Name == name && r.Version == version })
		snap.Sort() // drops the pointers that led to it
		return nil
	})
}

// staleTemp is the age at which a file in tmp belongs to a process that died.
const staleTemp = time.Hour

// Sweep implements store.Store. It also removes what crashes left in tmp.
func (s *Store) Sweep(ctx context.Context, keep func(store.Digest) bool) (int, error) {
	leave, err := s.enter(ctx, "sweep", "", false)
	if err != nil {
		return 0, err
	}
	defer leave()
	snap, err := s.load()
	if err != nil {
		return 0, typed("sweep", "", err)
	}
	// Whoever writes holds the lock, so everything in tmp is left over. Only where there
	// is no lock between processes may a file be in use, and then it is young.
	if left, err := os.ReadDir(filepath.Join(s.dir, "tmp")); err == nil {
		for _, e := range left {
			if info, err := e.Info(); err == nil && (locks || time.Since(info.ModTime()) > staleTemp) {
				_ = remove(filepath.Join(s.dir, "tmp", e.Name()))
			}
		}
	}
	named := map[store.Digest]bool{}
	for _, r := range snap.Records {
		for _, c := range r.Chunks {
			named[c.Digest] = true
		}
	}
	n := 0
	err = s.eachChunk(func(d store.Digest, path string) error {
		if named[d] || keep != nil && keep(d) {
			return nil
		}
		n++
		return remove(path)
	})
	return n, typed("sweep", "", err)
}

// Compact implements store.Store: a chunk is a file, and there is nothing to do.
func (s *Store) Compact(ctx context.Context) (int, error) {
	leave, err := s.enter(ctx, "compact", "", true)
	if err == nil {
		leave()
	}
	return 0, err
}

// Usage implements store.Store.
func (s *Store) Usage(ctx context.Context) (store.Usage, error) {
	leave, err := s.enter(ctx, "usage", "", true)
	if err != nil {
		return store.Usage{}, err
	}
	defer leave()
	snap, err := s.load()
	if err != nil {
		return store.Usage{}, typed("usage", "", err)
	}
	u := store.Usage{Records: len(snap.Records)}
	err = s.eachChunk(func(_ store.Digest, path string) error {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("chunk: %w", err)
		}
		u.Chunks++
		u.Bytes += info.Size()
		return nil
	})
	return u, typed("usage", "", err)
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.closed.Store(true)
	return nil
}
