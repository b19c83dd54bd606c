package memstore

import (
	"bytes"
	"context"
	"sort"
	"strings"

	"larder/cache/store"
)

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
	sort.Slice(out, func(i, j int) bool { return out[i].Key < out[j].Key })
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
