package filestore

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"larder/cache/store"
)

func (s *Store) chunkPath(d store.Digest) string { return filepath.Join(s.dir, "chunks", d.String()) }

// eachChunk calls f for each chunk file.
func (s *Store) eachChunk(f func(d store.Digest, path string) error) error {
	dir := filepath.Join(s.dir, "chunks")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if d, err := store.ParseDigest(e.Name()); err == nil {
			if err := f(d, filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// PutChunks implements store.Store.
func (s *Store) PutChunks(ctx context.Context, chunks []store.Chunk) error {
	if err := store.CheckChunks(chunks); err != nil {
		return err
	}
	leave, err := s.enter(ctx, "put", "", true)
	if err != nil {
		return err
	}
	defer leave()
	for _, c := range chunks {
		key := c.Digest.String()
		if err := store.CheckContext(ctx, "put", key); err != nil {
			return err
		}
		data, err := c.Data.Bytes()
		if err == nil {
			err = s.place(s.chunkPath(c.Digest), data, func(*os.File) error { return nil }) // Commit flushes it
		}
		if err != nil {
			return typed("put", key, err)
		}
	}
	return nil
}

// Chunks implements store.Store.
func (s *Store) Chunks(ctx context.Context, digests []store.Digest) ([]store.Blob, error) {
	leave, err := s.enter(ctx, "read", "", true)
	if err != nil {
		return nil, err
	}
	defer leave()
	out := make([]store.Blob, len(digests))
	for i, d := range digests {
		if err := store.CheckContext(ctx, "read", d.String()); err != nil {
			return nil, err
		}
		// A file that cannot be read (a bad sector, wrong rights) is as good as missing:
		// the caller fetches the chunk again.
		if data, err := read(s.chunkPath(d), store.MaxChunk); err == nil && data != nil {
			out[i] = store.Bytes(data)
		}
	}
	return out, nil
}

// Missing implements store.Store.
func (s *Store) Missing(ctx context.Context, digests []store.Digest) ([]store.Digest, error) {
	leave, err := s.enter(ctx, "missing", "", true)
	if err != nil {
		return nil, err
	}
	defer leave()
	return slices.DeleteFunc(store.Distinct(digests), func(d store.Digest) bool {
		_, err := os.Stat(s.chunkPath(d))
		return err == nil
	}), nil
}

// DeleteChunks implements store.Store.
func (s *Store) DeleteChunks(ctx context.Context, digests []store.Digest) error {
	leave, err := s.enter(ctx, "delete", "", false)
	if err != nil {
		return err
	}
	defer leave()
	for _, d := range digests {
		if err := remove(s.chunkPath(d)); err != nil {
			return typed("delete", d.String(), err)
		}
	}
	return nil
}

// documentState is the content of a document's file.
type documentState struct {
	Key       string
	Data      []byte
	ETag      string
	CheckedAt int64
}

func (s *Store) documentPath(key string) string {
	return filepath.Join(s.dir, "documents", fmt.Sprintf("%x", sha256.Sum256([]byte(key))))
}

// readDocument returns the document in a file; ok is false if there is none.
func readDocument(path string) (d store.Document, ok bool, err error) {
	data, err := read(path, 2*store.MaxManifest) // base64 takes a third more
	var raw documentState
	if err != nil || data == nil || json.Unmarshal(data, &raw) != nil || raw.Key == "" {
		return d, false, err
	}
	return store.Document{Key: raw.Key, Data: raw.Data, ETag: raw.ETag, CheckedAt: store.FromMilli(raw.CheckedAt)}, true, nil
}

// Document implements store.Store.
func (s *Store) Document(ctx context.Context, key string) (store.Document, error) {
	leave, err := s.enter(ctx, "document", key, true)
	if err != nil {
		return store.Document{}, err
	}
	defer leave()
	d, ok, err := readDocument(s.documentPath(key))
	if err == nil && (!ok || d.Key != key) {
		err = &store.Error{Code: store.NotFound, Op: "document", Key: key}
	}
	return d, typed("document", key, err)
}

// PutDocument implements store.Store.
func (s *Store) PutDocument(ctx context.Context, d store.Document) error {
	if err := store.CheckDocument(&d); err != nil {
		return err
	}
	leave, err := s.enter(ctx, "put document", d.Key, true)
	if err != nil {
		return err
	}
	defer leave()
	data, err := json.Marshal(documentState{d.Key, d.Data, d.ETag, store.Milli(d.CheckedAt)})
	if err == nil {
		err = s.write(s.documentPath(d.Key), data)
	}
	return typed("put document", d.Key, err)
}

// Documents implements store.Store.
func (s *Store) Documents(ctx context.Context, prefix string) ([]store.Document, error) {
	leave, err := s.enter(ctx, "documents", prefix, true)
	if err != nil {
		return nil, err
	}
	defer leave()
	dir := filepath.Join(s.dir, "documents")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, typed("documents", prefix, err)
	}
	var out []store.Document
	for _, e := range entries {
		if d, ok, err := readDocument(filepath.Join(dir, e.Name())); err == nil && ok && strings.HasPrefix(d.Key, prefix) {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b store.Document) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

// RemoveDocument implements store.Store.
func (s *Store) RemoveDocument(ctx context.Context, key string) error {
	leave, err := s.enter(ctx, "remove document", key, true)
	if err != nil {
		return err
	}
	defer leave()
	return typed("remove document", key, remove(s.documentPath(key)))
}
