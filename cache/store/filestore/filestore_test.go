package filestore_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"larder/cache/store"
	"larder/cache/store/filestore"
	"larder/cache/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		dir := filepath.Join(t.TempDir(), "a", "b")
		return func() (store.Store, error) { return filestore.Open(dir) }
	})
}

// committed opens a store in dir with one version.
func committed(t *testing.T, dir string) (store.Store, store.Record, store.Chunk) {
	t.Helper()
	s, err := filestore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	data := []byte("weights")
	c := store.Chunk{Digest: sha256.Sum256(data), Data: store.Bytes(data)}
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	m := []byte("manifest")
	r := store.Record{Name: "leaf", Version: "1.0.0", Manifest: m, Digest: sha256.Sum256(m), CommittedAt: now, CheckedAt: now,
		Chunks: []store.Ref{{Digest: c.Digest, Size: int64(len(data))}}}
	if err := s.PutChunks(t.Context(), []store.Chunk{c}); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), r, store.Pointer{Name: "leaf", Selector: store.Latest, Version: "1.0.0", CheckedAt: now}); err != nil {
		t.Fatal(err)
	}
	return s, r, c
}

func TestBrokenState(t *testing.T) {
	good := func(dir string) string {
		data, err := os.ReadFile(filepath.Join(dir, "state.json"))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for _, c := range []struct {
		name    string
		change  func(old string) string
		records int
	}{
		{"as it was", func(s string) string { return s }, 1},
		{"empty", func(string) string { return "" }, 0},
		{"cut", func(s string) string { return s[:len(s)/2] }, 0},
		{"garbage", func(string) string { return "\x00\xff{" }, 0},
		{"an impossible schema", func(s string) string { return strings.Replace(s, `"schema":1`, `"schema":0`, 1) }, 0},
		{"bad digest", func(s string) string { return strings.Replace(s, `"Digest":"`, `"Digest":"x`, 1) }, 0},
		{"bad name", func(s string) string { return strings.ReplaceAll(s, `"leaf"`, `"../leaf"`) }, 0},
		{"hits of another program", func(s string) string {
			return strings.Replace(s, `"UsedAt":`, `"Hits":-9000000000000000000,"UsedAt":`, 1)
		}, 1},
		{"hits that are no number", func(s string) string { return strings.Replace(s, `"UsedAt":`, `"Hits":"many","UsedAt":`, 1) }, 0},
		{"negative size", func(s string) string { return strings.Replace(s, `"Size":7`, `"Size":-7`, 1) }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s, r, _ := committed(t, dir)
			if err := os.WriteFile(filepath.Join(dir, "state.json"), []byte(c.change(good(dir))), 0o644); err != nil {
				t.Fatal(err)
			}
			snap, err := s.Snapshot(t.Context())
			if err != nil || len(snap.Records) != c.records {
				t.Fatalf("%+v, %v", snap, err)
			}
			for _, r := range snap.Records { // "as it was" has no Hits, as files of before them
				if r.Hits != 0 {
					t.Fatalf("%d hits", r.Hits)
				}
			}
			// And it heals.
			if err := s.Commit(t.Context(), r, store.Pointer{Name: "leaf", Selector: store.Latest, Version: "1.0.0"}); err != nil {
				t.Fatal(err)
			}
			if snap, err := s.Snapshot(t.Context()); err != nil || len(snap.Records) != 1 {
				t.Fatalf("%+v, %v", snap, err)
			}
		})
	}
}

// TestNewerState: another program has given the store a form that this one cannot read.
func TestNewerState(t *testing.T) {
	for _, c := range []struct{ name, old, new string }{
		{"a higher number", `"schema":1`, `"schema":2`},
		{"and other types", `"schema":1,"records":[`, `"schema":3,"records":7,"more":[`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s, r, _ := committed(t, dir)
			left := filepath.Join(dir, "tmp", "123")
			path := filepath.Join(dir, "state.json")
			old, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			newer := strings.Replace(string(old), c.old, c.new, 1)
			if err := errors.Join(os.WriteFile(path, []byte(newer), 0o644), os.WriteFile(left, nil, 0o644)); err != nil {
				t.Fatal(err)
			}
			// It was open when the other program came, and is opened after that.
			_, snapshot := s.Snapshot(t.Context())
			_, sweep := s.Sweep(t.Context(), nil)
			_, usage := s.Usage(t.Context())
			_, open := filestore.Open(dir)
			for op, err := range map[string]error{"snapshot": snapshot, "sweep": sweep, "usage": usage, "open": open,
				"commit": s.Commit(t.Context(), r), "remove": s.Remove(t.Context(), r.Name, r.Version),
				"touch": s.Touch(t.Context(), r.Name, r.Version, store.Patch{})} {
				if store.CodeOf(err) != store.Blocked {
					t.Errorf("%s: %v", op, err)
				}
			}
			if data, err := os.ReadFile(path); err != nil || string(data) != newer {
				t.Errorf("%s, %v", data, err)
			}
			for _, d := range r.Digests() {
				if _, err := os.Stat(filepath.Join(dir, "chunks", d.String())); err != nil {
					t.Error(err)
				}
			}
			if _, err := os.Stat(left); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLeftoversOfACrash(t *testing.T) {
	dir := t.TempDir()
	s, _, c := committed(t, dir)
	left := filepath.Join(dir, "tmp", "123")
	if err := os.WriteFile(left, []byte("half a ch"), 0o644); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(t.Context(), nil); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Fatal("tmp was not swept")
	}
	// A chunk that the disk cut short is returned as it is: the caller verifies.
	if err := os.Truncate(filepath.Join(dir, "chunks", c.Digest.String()), 3); err != nil {
		t.Fatal(err)
	}
	blobs, err := s.Chunks(t.Context(), []store.Digest{c.Digest})
	if err != nil || blobs[0] == nil || blobs[0].Size() != 3 {
		t.Fatal(blobs, err)
	}
}

func TestDirectoryGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "x")
	s, _, c := committed(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.PutChunks(t.Context(), []store.Chunk{c}); store.CodeOf(err) != store.Internal {
		t.Fatal(err)
	}
	if _, err := filestore.Open(filepath.Join(os.DevNull, "x")); store.CodeOf(err) != store.Internal {
		t.Fatal(err)
	}
}

// BenchmarkFirstLoad stores 100 MB in chunks of 64 KiB, one by one, and commits them.
func BenchmarkFirstLoad(b *testing.B) {
	const size, count = 64 << 10, 1600
	b.SetBytes(size * count)
	for b.Loop() {
		s, err := filestore.Open(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		r := store.Record{Name: "big", Version: "1.0.0", Manifest: []byte("{}"), Digest: sha256.Sum256([]byte("{}"))}
		data := make([]byte, size)
		for i := range count {
			binary.LittleEndian.PutUint32(data, uint32(i))
			c := store.Chunk{Digest: sha256.Sum256(data), Data: store.Bytes(data)}
			r.Chunks = append(r.Chunks, store.Ref{Digest: c.Digest, Size: size})
			if err := s.PutChunks(b.Context(), []store.Chunk{c}); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Commit(b.Context(), r); err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}
