//go:build js

package idbstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
)

// packed stores and packs a version of n chunks and returns them.
func packed(t *testing.T, s *Store, n int) (store.Record, []store.Chunk) {
	t.Helper()
	r := store.Record{Name: "leaf", Version: "1.0.0", Manifest: []byte("manifest"), Digest: sha256.Sum256([]byte("manifest"))}
	var list []store.Chunk
	for i := range n {
		data := bytes.Repeat(binary.LittleEndian.AppendUint32(nil, uint32(i)), 15_000+i)
		c := store.Chunk{Digest: sha256.Sum256(data), Data: store.Bytes(data)}
		list = append(list, c)
		r.Chunks = append(r.Chunks, store.Ref{Digest: c.Digest, Size: c.Data.Size()})
	}
	if err := s.PutChunks(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), r, store.Pointer{Name: r.Name, Selector: store.Latest, Version: r.Version}); err != nil {
		t.Fatal(err)
	}
	if moved, err := s.Compact(t.Context()); err != nil || moved != n {
		t.Fatalf("%d of %d chunks moved, %v", moved, n, err)
	}
	return r, list
}

func count(t *testing.T, s *Store, name string) int64 {
	t.Helper()
	n, err := request(t, objectStore(t, s, name), "count").Int()
	if err != nil {
		t.Fatal(err)
	}
	return int64(n)
}

func TestPacks(t *testing.T) {
	s := mustOpen(t, fresh(t))
	r, list := packed(t, s, 160)
	if loose, packs, tables := count(t, s, "chunks"), count(t, s, "packs"), count(t, s, "tables"); loose != 0 || packs != 3 || tables != 3 {
		t.Fatalf("%d loose chunks, %d packs, %d tables", loose, packs, tables)
	}
	digests := r.Digests()
	blobs, err := s.Chunks(t.Context(), digests)
	if err != nil {
		t.Fatal(err)
	}
	// Chunks of one pack share a buffer: giving one back leaves the others.
	for i, b := range blobs {
		if data, err := b.Bytes(); err != nil || !bytes.Equal(data, list[i].Data.(store.Bytes)) {
			t.Fatalf("chunk %d: %v", i, err)
		}
		store.Free(b)
	}
	if _, err := blobs[0].Bytes(); err == nil {
		t.Error("the pack's memory was not given back")
	}
	if err := s.Remove(t.Context(), r.Name, r.Version); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(t.Context(), nil); n != len(list) || err != nil {
		t.Fatal(n, err)
	}
	if packs, tables := count(t, s, "packs"), count(t, s, "tables"); packs+tables != 0 {
		t.Fatalf("%d packs and %d tables are left", packs, tables)
	}
}

func TestForeignTables(t *testing.T) {
	wrong := func(change func([]byte) []byte) func(*testing.T, []byte) any {
		return func(t *testing.T, table []byte) any {
			v, err := jsBytes(change(bytes.Clone(table)))
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	for _, c := range []struct {
		name  string
		table func(*testing.T, []byte) any
	}{
		{"no bytes", func(*testing.T, []byte) any { return "x" }},
		{"empty", wrong(func(b []byte) []byte { return nil })},
		{"cut", wrong(func(b []byte) []byte { return b[:len(b)-1] })},
		{"sizes beyond the pack", wrong(func(b []byte) []byte { binary.LittleEndian.PutUint32(b[32:], 1<<31); return b })},
		{"endless", wrong(func(b []byte) []byte { return make([]byte, (maxEntries+1)*entryBytes) })},
		{"other digests", wrong(func(b []byte) []byte { b[0] ^= 1; return b })},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := fresh(t)
			s := mustOpen(t, name)
			r, list := packed(t, s, 5)
			keys := request(t, objectStore(t, s, "tables"), "getAllKeys")
			key, _ := keys.Index(0)
			table, err := newBlob(request(t, objectStore(t, s, "tables"), "get", key))
			if err != nil {
				t.Fatal(err)
			}
			data, _ := table.Bytes()
			request(t, objectStore(t, s, "tables"), "put", c.table(t, data), key)
			s = mustOpen(t, name)
			if _, err := s.Chunks(t.Context(), r.Digests()); err != nil {
				t.Fatal(err)
			}
			// Whatever was there, what is put now can be read.
			if err := s.DeleteChunks(t.Context(), r.Digests()); err != nil {
				t.Fatal(err)
			}
			if err := s.PutChunks(t.Context(), list); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Sweep(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			blobs, err := s.Chunks(t.Context(), r.Digests())
			for i, b := range blobs {
				if b == nil {
					t.Fatalf("chunk %d is missing (%v)", i, err)
				}
				if data, err := b.Bytes(); err != nil || !bytes.Equal(data, list[i].Data.(store.Bytes)) {
					t.Fatalf("chunk %d: %v", i, err)
				}
			}
		})
	}
}

// TestVersion1 opens a database that the first layout wrote.
func TestVersion1(t *testing.T) {
	name := fresh(t)
	all := upgrades
	upgrades = all[:1]
	old := mustOpen(t, name)
	data := bytes.Repeat([]byte("old"), 100)
	c := store.Chunk{Digest: sha256.Sum256(data), Data: store.Bytes(data)}
	r := store.Record{Name: "leaf", Version: "1.0.0", Manifest: []byte("m"), Digest: sha256.Sum256([]byte("m")),
		Chunks: []store.Ref{{Digest: c.Digest, Size: 300}}}
	err := old.PutChunks(t.Context(), []store.Chunk{c})
	v, err2 := encodeRecord(&r)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	request(t, objectStore(t, old, "records"), "put", v, "leaf@1.0.0")
	request(t, objectStore(t, old, "pointers"), "put", oldPointer(t), "leaf")
	if _, err := old.Snapshot(t.Context()); err != nil { // comes after what was written
		t.Fatal(err)
	}
	old.Close()
	upgrades = all
	s := mustOpen(t, name)
	snap, err := s.Snapshot(t.Context())
	if err != nil || len(snap.Records) != 1 || len(snap.Pointers) != 1 {
		t.Fatalf("%+v, %v", snap, err)
	}
	if missing, err := s.Missing(t.Context(), r.Digests()); err != nil || len(missing) != 0 {
		t.Fatal(missing, err)
	}
	blobs, err := s.Chunks(t.Context(), r.Digests())
	if err != nil || blobs[0] == nil {
		t.Fatal(blobs, err)
	}
	if got, _ := blobs[0].Bytes(); !bytes.Equal(got, data) {
		t.Fatal(fmt.Sprintf("%q", got))
	}
}

// oldPointer is a pointer as version 1 wrote it: without a field for what to skip.
func oldPointer(t *testing.T) safejs.Value {
	t.Helper()
	v, err := object(map[string]any{"name": "leaf", "selector": "latest", "version": "1.0.0", "checkedAt": 1000})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// On a page there are files and no handles of them; nor are there any in workers of WebKitGTK.
func TestNoHandleNoFile(t *testing.T) {
	navigator, err := global("navigator")
	if err != nil {
		t.Fatal(err)
	}
	storage, err := navigator.Get("storage")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := await(storage.Call("getDirectory"))
	if err != nil {
		t.Fatal(err)
	}
	s := &spills{dir, "larder-test-"}
	if _, err := s.create(); err == nil {
		t.Fatal("a page has a synchronous handle")
	}
	if names, err := s.left(); err != nil || len(names) > 0 {
		t.Fatalf("%q are left, %v", names, err)
	}
}
