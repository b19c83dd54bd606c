//go:build js

package idbstore

import (
	"context"
	"sort"
	"strings"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
)

// Commit implements store.Store: one strict transaction that looks for every chunk and
// then writes record and pointer.
func (s *Store) Commit(ctx context.Context, r store.Record, p ...store.Pointer) error {
	if err := store.CheckCommit(&r, p); err != nil {
		return err
	}
	key := store.RecordKey(r.Name, r.Version)
	record, err := encodeRecord(&r)
	if err != nil {
		return typed("commit", key, err)
	}
	values := make([]safejs.Value, len(p))
	for i := range p {
		if values[i], err = encodePointer(p[i]); err != nil {
			return typed("commit", key, err)
		}
	}
	return s.do(ctx, "commit", key, strict, func(t *tx) {
		t.directory(func(dir *directory) error {
			for _, c := range r.Chunks {
				if !dir.has(c.Digest) {
					return store.IncompleteError(&r, c.Digest)
				}
			}
			t.ask(records, func(old safejs.Value) error {
				hits := int64(0)
				if old.Type() == safejs.TypeObject {
					hits = store.BoundHits(numberAt(old, "hits"))
				}
				if err := record.Set("hits", hits); err != nil {
					return err
				}
				t.ask(records, nil, "put", record, key)
				return nil
			}, "get", key)
			for i, v := range values {
				t.ask(pointers, nil, "put", v, p[i].Key())
			}
			return nil
		})
	}, chunks, packs, tables, records, pointers)
}

// Touch implements store.Store.
func (s *Store) Touch(ctx context.Context, name, version string, patch store.Patch) error {
	key := store.RecordKey(name, version)
	return s.do(ctx, "touch", key, writing, func(t *tx) {
		t.ask(records, func(v safejs.Value) error {
			r, err := decodeRecord(v)
			if err != nil { // undefined, or not a record: either way none is stored
				return &store.Error{Code: store.NotFound, Op: "touch", Key: key}
			}
			r = patch.ApplyTo(r)
			if v, err = encodeRecord(&r); err != nil {
				return err
			}
			t.ask(records, nil, "put", v, key)
			return nil
		}, "get", key)
		if patch.Selector == "" || patch.CheckedAt.IsZero() {
			return
		}
		pkey := store.PointerKey(name, patch.Selector)
		t.ask(pointers, func(v safejs.Value) error {
			p, err := decodePointer(v)
			if err != nil || p.Version != version {
				return nil
			}
			p.CheckedAt = patch.CheckedAt
			if v, err = encodePointer(p); err != nil {
				return err
			}
			t.ask(pointers, nil, "put", v, pkey)
			return nil
		}, "get", pkey)
	}, records, pointers)
}

// Snapshot implements store.Store.
func (s *Store) Snapshot(ctx context.Context) (store.Snapshot, error) {
	var out store.Snapshot
	err := s.do(ctx, "snapshot", "", reading, func(t *tx) {
		out = store.Snapshot{}
		t.snapshot(func(all []store.Record) error { out.Records = all; return nil })
		t.ask(pointers, func(all safejs.Value) error {
			return list(all, func(v safejs.Value) error {
				if p, err := decodePointer(v); err == nil {
					out.Pointers = append(out.Pointers, p)
				}
				return nil
			})
		}, "getAll")
	}, records, pointers)
	if err != nil {
		return store.Snapshot{}, err
	}
	out.Sort()
	return out, nil
}

// Remove implements store.Store.
func (s *Store) Remove(ctx context.Context, name, version string) error {
	key := store.RecordKey(name, version)
	return s.do(ctx, "remove", key, strict, func(t *tx) {
		t.ask(records, nil, "delete", key)
		t.ask(pointers, func(all safejs.Value) error {
			return list(all, func(v safejs.Value) error {
				if p, err := decodePointer(v); err == nil && p.Name == name && p.Version == version {
					t.ask(pointers, nil, "delete", p.Key())
				}
				return nil
			})
		}, "getAll")
	}, records, pointers)
}

// Document implements store.Store.
func (s *Store) Document(ctx context.Context, key string) (store.Document, error) {
	var out store.Document
	err := s.do(ctx, "document", key, reading, func(t *tx) {
		t.ask(documents, func(v safejs.Value) error {
			var err error
			if out, err = decodeDocument(v); err != nil {
				return &store.Error{Code: store.NotFound, Op: "document", Key: key}
			}
			return nil
		}, "get", key)
	}, documents)
	return out, err
}

// PutDocument implements store.Store.
func (s *Store) PutDocument(ctx context.Context, d store.Document) error {
	if err := store.CheckDocument(&d); err != nil {
		return err
	}
	v, err := encodeDocument(d)
	if err != nil {
		return typed("put document", d.Key, err)
	}
	return s.do(ctx, "put document", d.Key, writing, func(t *tx) {
		t.ask(documents, nil, "put", v, d.Key)
	}, documents)
}

// Documents implements store.Store.
func (s *Store) Documents(ctx context.Context, prefix string) ([]store.Document, error) {
	var out []store.Document
	err := s.do(ctx, "documents", prefix, reading, func(t *tx) {
		out = nil
		t.ask(documents, func(keys safejs.Value) error {
			return list(keys, func(k safejs.Value) error {
				if key, _ := k.String(); !strings.HasPrefix(key, prefix) {
					return nil
				}
				t.ask(documents, func(v safejs.Value) error {
					if d, err := decodeDocument(v); err == nil {
						out = append(out, d)
					}
					return nil
				}, "get", k)
				return nil
			})
		}, "getAllKeys")
	}, documents)
	sort.Slice(out, func(i, j int) bool { return out[i].Key < out[j].Key })
	return out, err
}

// RemoveDocument implements store.Store.
func (s *Store) RemoveDocument(ctx context.Context, key string) error {
	return s.do(ctx, "remove document", key, writing, func(t *tx) {
		t.ask(documents, nil, "delete", key)
	}, documents)
}
