//go:build js

package idbstore

import (
	"context"
	"maps"
	"slices"

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
	s.forgetPlaces(list)
	return s.do(ctx, "put", key, writing, func(t *tx) {
		for i, c := range list {
			t.ask(chunks, nil, "put", buffers[i], c.Digest.String())
		}
	}, chunks)
}

// forgetPlaces makes the next reader look for the loose copies of chunks. The map is
// shared with readers and so is replaced, not changed.
func (s *Store) forgetPlaces(list []store.Chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	packed := func(c store.Chunk) bool { _, is := s.known[c.Digest]; return is }
	if slices.ContainsFunc(list, packed) {
		s.known = maps.Clone(s.known)
		for _, c := range list {
			delete(s.known, c.Digest)
		}
	}
}

// Missing implements store.Store.
func (s *Store) Missing(ctx context.Context, digests []store.Digest) ([]store.Digest, error) {
	var out []store.Digest
	err := s.do(ctx, "missing", "", reading, func(t *tx) {
		out = nil
		t.directory(func(d *directory) error {
			for _, digest := range store.Distinct(digests) {
				if !d.has(digest) {
					out = append(out, digest)
				}
			}
			return nil
		})
	}, chunks, tables)
	return out, err
}

// DeleteChunks implements store.Store.
func (s *Store) DeleteChunks(ctx context.Context, digests []store.Digest) error {
	return s.do(ctx, "delete", "", writing, func(t *tx) {
		t.directory(func(d *directory) error {
			gone := make(map[store.Digest]bool, len(digests))
			for _, digest := range digests {
				gone[digest] = true
				t.ask(chunks, nil, "delete", digest.String())
			}
			for i, name := range d.names {
				if slices.ContainsFunc(d.tables[i], func(e entry) bool { return gone[e.digest] }) {
					t.kill(name, func(d store.Digest) bool { return gone[d] })
				}
			}
			return nil
		})
	}, chunks, packs, tables)
}

// Sweep implements store.Store: one transaction over records and chunks, after the files
// of workers that ended in the middle of a download, of which what keep claims is stored.
func (s *Store) Sweep(ctx context.Context, keep func(store.Digest) bool) (int, error) {
	if keep == nil {
		keep = func(store.Digest) bool { return false }
	}
	if spills, err := openSpills(s.name); err == nil && spills != nil {
		_ = s.takeOver(ctx, spills, keep) // what goes wrong goes right the next time
	}
	n := 0
	err := s.do(ctx, "sweep", "", writing, func(t *tx) {
		t.snapshot(func(all []store.Record) error {
			named := sizes(all)
			t.directory(func(d *directory) error {
				n = t.sweep(d, func(digest store.Digest) bool {
					_, used := named[digest]
					return used || keep(digest)
				})
				return nil
			})
			return nil
		})
	}, records, chunks, packs, tables)
	return n, err
}

func (t *tx) sweep(d *directory, used func(store.Digest) bool) int {
	n := len(d.stray)
	for _, k := range d.stray {
		t.ask(chunks, nil, "delete", k)
	}
	for digest := range d.loose {
		if !used(digest) {
			n++
			t.ask(chunks, nil, "delete", digest.String())
		}
	}
	for i, name := range d.names {
		// Of a chunk that is loose too, or in two packs, one is enough.
		dead := func(digest store.Digest) bool { return d.places[digest].pack != name || !used(digest) }
		before := n
		for _, e := range d.tables[i] {
			if e.digest != (store.Digest{}) && dead(e.digest) {
				n++
			}
		}
		if n > before || len(d.tables[i]) == 0 {
			t.kill(name, dead)
		}
	}
	return n
}

// snapshot reads the records.
func (t *tx) snapshot(then func([]store.Record) error) {
	t.ask(records, func(all safejs.Value) error {
		var out []store.Record
		err := list(all, func(v safejs.Value) error {
			if r, err := decodeRecord(v); err == nil {
				out = append(out, r)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return then(out)
	}, "getAll")
}

// sizes returns which chunks the records name, and their sizes.
func sizes(all []store.Record) map[store.Digest]int64 {
	named := map[store.Digest]int64{}
	for _, r := range all {
		for _, c := range r.Chunks {
			named[c.Digest] = c.Size
		}
	}
	return named
}

// Usage implements store.Store. The sizes of loose chunks that a record names are taken
// from there; only the others are read.
func (s *Store) Usage(ctx context.Context) (store.Usage, error) {
	var u store.Usage
	err := s.do(ctx, "usage", "", reading, func(t *tx) {
		u = store.Usage{}
		t.ask(records, func(v safejs.Value) error {
			n, err := v.Int()
			u.Records = n
			return err
		}, "count")
		t.snapshot(func(all []store.Record) error {
			named := sizes(all)
			t.directory(func(d *directory) error {
				u.Chunks = len(d.loose) + len(d.places) + len(d.stray)
				for _, p := range d.places {
					u.Bytes += p.size
				}
				for digest := range d.loose {
					if n := named[digest]; n > 0 {
						u.Bytes += n
						continue
					}
					t.ask(chunks, func(v safejs.Value) error {
						if b, err := newBlob(v); err == nil && b != nil {
							u.Bytes += b.size
						}
						return nil
					}, "get", digest.String())
				}
				return nil
			})
			return nil
		})
	}, records, chunks, tables)
	if err != nil {
		return store.Usage{}, err
	}
	return u, nil
}
