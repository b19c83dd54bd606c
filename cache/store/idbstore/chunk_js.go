//go:build js

package idbstore

import (
	"context"
	"fmt"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
)

// PutChunks implements store.Store: one transaction for the batch.
func (s *Store) PutChunks(ctx context.Context, list []store.Chunk) error {
	if err := store.CheckChunks(list); err != nil {
		return err
	}
	key := ""
	if len(list) > 0 {
		key = list[0].Digest.String()
	}
	// Buffers are made before the transaction starts: it must not wait for them.
	buffers := make([]safejs.Value, len(list))
	for i, c := range list {
		var err error
		if buffers[i], err = arrayBuffer(c.Data); err != nil {
			return typed("put", c.Digest.String(), err)
		}
	}
	return s.do(ctx, "put", key, writing, func(t *tx) {
		for i, c := range list {
			t.ask(chunks, nil, "put", buffers[i], c.Digest.String())
		}
	}, chunks)
}

// Chunks implements store.Store. The blobs are of type *Blob.
func (s *Store) Chunks(ctx context.Context, digests []store.Digest) ([]store.Blob, error) {
	var out []store.Blob
	err := s.do(ctx, "read", "", reading, func(t *tx) {
		out = make([]store.Blob, len(digests))
		for i, d := range digests {
			t.ask(chunks, func(v safejs.Value) error {
				// What is no buffer was written by somebody else: as good as missing.
				b, err := newBlob(v)
				if b != nil && err == nil {
					out[i] = b
				}
				return err
			}, "get", d.String())
		}
	}, chunks)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Missing implements store.Store.
func (s *Store) Missing(ctx context.Context, digests []store.Digest) ([]store.Digest, error) {
	var out []store.Digest
	err := s.do(ctx, "missing", "", reading, func(t *tx) {
		out = nil
		for _, d := range store.Distinct(digests) {
			t.ask(chunks, func(v safejs.Value) error {
				if v.IsUndefined() {
					out = append(out, d)
				}
				return nil
			}, "getKey", d.String())
		}
	}, chunks)
	return out, err
}

// DeleteChunks implements store.Store.
func (s *Store) DeleteChunks(ctx context.Context, digests []store.Digest) error {
	return s.do(ctx, "delete", "", writing, func(t *tx) {
		for _, d := range digests {
			t.ask(chunks, nil, "delete", d.String())
		}
	}, chunks)
}

// Sweep implements store.Store: one transaction over records and chunks.
func (s *Store) Sweep(ctx context.Context, keep func(store.Digest) bool) (int, error) {
	n := 0
	err := s.do(ctx, "sweep", "", writing, func(t *tx) {
		n = 0
		t.named(func(named map[store.Digest]int64) error {
			t.ask(chunks, func(keys safejs.Value) error {
				return list(keys, func(k safejs.Value) error {
					text, _ := k.String()
					d, err := store.ParseDigest(text)
					if err == nil {
						if _, used := named[d]; used || keep != nil && keep(d) {
							return nil
						}
					}
					n++
					t.ask(chunks, nil, "delete", k) // also what has no digest for a key
					return nil
				})
			}, "getAllKeys")
			return nil
		})
	}, records, chunks)
	return n, err
}

// named reads which chunks the records name, and their sizes.
func (t *tx) named(then func(map[store.Digest]int64) error) {
	t.ask(records, func(all safejs.Value) error {
		named := map[store.Digest]int64{}
		err := list(all, func(v safejs.Value) error {
			if r, err := decodeRecord(v); err == nil {
				for _, c := range r.Chunks {
					named[c.Digest] = c.Size
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		return then(named)
	}, "getAll")
}

// Usage implements store.Store. The sizes of chunks that a record names are taken from
// there; only the others are read.
func (s *Store) Usage(ctx context.Context) (store.Usage, error) {
	var u store.Usage
	err := s.do(ctx, "usage", "", reading, func(t *tx) {
		u = store.Usage{}
		t.ask(records, func(v safejs.Value) error {
			n, err := v.Int()
			u.Records = n
			return err
		}, "count")
		t.named(func(named map[store.Digest]int64) error {
			t.ask(chunks, func(keys safejs.Value) error {
				return list(keys, func(k safejs.Value) error {
					u.Chunks++
					text, _ := k.String()
					if d, err := store.ParseDigest(text); err == nil && named[d] > 0 {
						u.Bytes += named[d]
						return nil
					}
					t.ask(chunks, func(v safejs.Value) error {
						if b, err := newBlob(v); err == nil && b != nil {
							u.Bytes += b.size
						}
						return nil
					}, "get", k)
					return nil
				})
			}, "getAllKeys")
			return nil
		})
	}, records, chunks)
	if err != nil {
		return store.Usage{}, err
	}
	if u.Bytes < 0 {
		return u, &store.Error{Code: store.Corrupt, Op: "usage", Err: fmt.Errorf("%d bytes", u.Bytes)}
	}
	return u, nil
}
