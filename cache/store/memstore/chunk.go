package memstore

import (
	"bytes"
	"context"
	"slices"

	"larder/cache/store"
)

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

// Keeps implements store.Keeper.
func (s *Store) Keeps() {}

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

// Compact implements store.Store: there is nothing to do.
func (s *Store) Compact(ctx context.Context) (int, error) {
	leave, err := s.enter(ctx, "compact", "")
	if err == nil {
		leave()
	}
	return 0, err
}
