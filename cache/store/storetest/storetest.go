// Package storetest is the contract of package store in executable form. A backend's
// tests call [Run]; see memstore for the smallest example.
//
// The kit is split by theme: chunk.go, commit.go, record.go, sweep.go, compact.go,
// document.go, life.go. [Faults] wraps a Store for tests of what happens when one fails.
package storetest

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"larder/cache/store"
)

// Opener opens a store on one and the same database every time.
type Opener func() (store.Store, error)

// Harness makes an Opener for a new, empty database.
type Harness func(t *testing.T) Opener

// test is one theme's case: it may open the database as often as it wants.
type test struct {
	name string
	run  func(t *testing.T, open func() store.Store)
}

// Run runs the whole kit.
func Run(t *testing.T, h Harness) {
	themes := []struct {
		name  string
		tests []test
	}{
		{"chunk", chunkTests},
		{"commit", commitTests},
		{"record", recordTests},
		{"sweep", sweepTests},
		{"compact", compactTests},
		{"document", documentTests},
		{"life", lifeTests},
	}
	for _, theme := range themes {
		for _, c := range theme.tests {
			t.Run(theme.name+"/"+c.name, func(t *testing.T) {
				opener := h(t)
				c.run(t, func() store.Store {
					t.Helper()
					s, err := opener()
					if err != nil {
						t.Fatalf("open: %v", err)
					}
					t.Cleanup(func() { s.Close() })
					return s
				})
			})
		}
	}
}

// epoch is when all stories of the kit happen.
var epoch = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// chunk makes a chunk of n bytes whose content depends on seed.
func chunk(seed, n int) store.Chunk {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(seed + i*7 + i>>8)
	}
	return store.Chunk{Digest: sha256.Sum256(data), Data: store.Bytes(data)}
}

// record makes a record that needs the chunks.
func record(name, version string, chunks ...store.Chunk) store.Record {
	manifest := fmt.Appendf(nil, `{"name":%q,"version":%q}`, name, version)
	r := store.Record{Name: name, Version: version, Manifest: manifest, Digest: sha256.Sum256(manifest),
		CommittedAt: epoch, CheckedAt: epoch.Add(time.Minute), UsedAt: epoch.Add(time.Hour), ManifestETag: `"` + version + `"`}
	for _, c := range chunks {
		r.Chunks = append(r.Chunks, store.Ref{Digest: c.Digest, Size: c.Data.Size()})
	}
	return r
}

// pointer makes a pointer to a record.
func pointer(r store.Record, selector string) store.Pointer {
	return store.Pointer{Name: r.Name, Selector: selector, Version: r.Version, CheckedAt: r.CheckedAt}
}

// want fails the test unless err has the code; "" means no error.
func want(t *testing.T, err error, code store.Code) {
	t.Helper()
	if got := store.CodeOf(err); got != code {
		t.Fatalf("error code %q, want %q: %v", got, code, err)
	}
}

// put stores chunks.
func put(t *testing.T, s store.Store, chunks ...store.Chunk) {
	t.Helper()
	want(t, s.PutChunks(t.Context(), chunks), "")
}

// commit stores chunks and a record that needs them.
func commit(t *testing.T, s store.Store, r store.Record, selector string, chunks ...store.Chunk) {
	t.Helper()
	put(t, s, chunks...)
	want(t, s.Commit(t.Context(), r, pointer(r, selector)), "")
}

// read returns one chunk's bytes, or nil if it is missing.
func read(t *testing.T, s store.Store, d store.Digest) []byte {
	t.Helper()
	blobs, err := s.Chunks(t.Context(), []store.Digest{d})
	want(t, err, "")
	if len(blobs) != 1 {
		t.Fatalf("%d blobs for 1 digest", len(blobs))
	}
	if blobs[0] == nil {
		return nil
	}
	data, err := blobs[0].Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(data)) != blobs[0].Size() {
		t.Fatalf("Size %d, but %d bytes", blobs[0].Size(), len(data))
	}
	return data
}

// snapshot reads records and pointers.
func snapshot(t *testing.T, s store.Store) store.Snapshot {
	t.Helper()
	snap, err := s.Snapshot(t.Context())
	want(t, err, "")
	return snap
}
