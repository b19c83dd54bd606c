//go:build js

package idbstore

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
	"larder/cache/store/storetest"
)

// These tests need a browser; wasm/browsertest/README.md says how to run them. Without
// IndexedDB they fail rather than skip: a green run means that a browser was there.

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		name := fresh(t)
		return func() (store.Store, error) { return Open(t.Context(), Options{Name: name}) }
	})
}

// fresh returns the name of a database that is deleted after the test.
func fresh(t *testing.T) string {
	t.Helper()
	name := "test " + t.Name()
	t.Cleanup(func() { deleteDatabase(t, name) })
	return name
}

func mustOpen(t *testing.T, name string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// request makes an IndexedDB request as another program would, and waits for it.
func request(t *testing.T, target safejs.Value, method string, args ...any) safejs.Value {
	t.Helper()
	req, err := target.Call(method, args...)
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	return settle(t, req)
}

func settle(t *testing.T, req safejs.Value) safejs.Value {
	t.Helper()
	done := make(chan string, 1)
	fn, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		done <- stringAt(args[0], "type")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer fn.Release()
	for _, kind := range []string{"onsuccess", "onerror"} {
		if err := req.Set(kind, fn.Value()); err != nil {
			t.Fatal(err)
		}
	}
	if kind := <-done; kind != "success" {
		e, _ := req.Get("error")
		t.Fatalf("%s: %v", kind, exceptionOf(e))
	}
	v, err := req.Get("result")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func deleteDatabase(t *testing.T, name string) {
	t.Helper()
	factory, err := global("indexedDB")
	if err != nil {
		t.Fatal(err)
	}
	request(t, factory, "deleteDatabase", name)
}

// object opens an object store of the database for writing, beside the Store.
func objectStore(t *testing.T, s *Store, name string) safejs.Value {
	t.Helper()
	db, err := s.connection(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Call("transaction", name, "readwrite")
	if err != nil {
		t.Fatal(err)
	}
	os, err := tx.Call("objectStore", name)
	if err != nil {
		t.Fatal(err)
	}
	return os
}

func testRecord(version string, data []byte) (store.Record, store.Pointer, store.Chunk) {
	c := store.Chunk{Digest: sha256.Sum256(data), Data: store.Bytes(data)}
	m := []byte("manifest " + version)
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	r := store.Record{Name: "leaf", Version: version, Manifest: m, Digest: sha256.Sum256(m),
		Chunks: []store.Ref{{Digest: c.Digest, Size: int64(len(data))}}, CommittedAt: now, CheckedAt: now}
	return r, store.Pointer{Name: "leaf", Selector: store.Latest, Version: version, CheckedAt: now}, c
}

func commitOne(t *testing.T, s *Store, version string, data []byte) store.Chunk {
	t.Helper()
	r, p, c := testRecord(version, data)
	if err := s.PutChunks(t.Context(), []store.Chunk{c}); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), r, p); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLayout(t *testing.T) {
	// Other tools, and the end-to-end tests, edit the database by this layout.
	s := mustOpen(t, fresh(t))
	c := commitOne(t, s, "1.0.0", []byte("weights"))
	chunk := request(t, objectStore(t, s, "chunks"), "get", c.Digest.String())
	if class, _ := global("ArrayBuffer"); chunk.Type() != safejs.TypeObject {
		t.Fatal("no chunk under its digest")
	} else if is, err := chunk.InstanceOf(class); err != nil || !is {
		t.Fatal("the chunk is no ArrayBuffer")
	}
	os := objectStore(t, s, "records")
	rec := request(t, os, "get", "leaf@1.0.0")
	if got := numberAt(rec, "checkedAt"); got != time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC).UnixMilli() {
		t.Fatalf("checkedAt is %d", got)
	}
	if err := rec.Set("checkedAt", 1000); err != nil {
		t.Fatal(err)
	}
	request(t, os, "put", rec, "leaf@1.0.0")
	snap, err := s.Snapshot(t.Context())
	if err != nil || len(snap.Records) != 1 || !snap.Records[0].CheckedAt.Equal(time.UnixMilli(1000)) {
		t.Fatalf("%+v, %v", snap, err)
	}
	if p := request(t, objectStore(t, s, "pointers"), "get", "leaf"); stringAt(p, "version") != "1.0.0" {
		t.Fatal("no pointer under the bare name")
	}
}

// TestForeignHits checks numbers of hits that this program did not write: of an older
// release, which kept none, or of another program.
func TestForeignHits(t *testing.T) {
	undefined := safejs.Undefined()
	for _, c := range []struct {
		name  string
		value any
		want  int64
	}{
		{"none", undefined, 0},
		{"some", 12, 12},
		{"negative", -12, 0},
		{"too many", 1e300, 0},
		{"the most", float64(store.MaxHits), store.MaxHits},
		{"no number", "12", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, fresh(t))
			commitOne(t, s, "1.0.0", []byte("weights"))
			os := objectStore(t, s, "records")
			rec := request(t, os, "get", "leaf@1.0.0")
			if err := rec.Set("hits", c.value); err != nil {
				t.Fatal(err)
			}
			request(t, os, "put", rec, "leaf@1.0.0")
			for _, want := range []int64{c.want, min(c.want+1, store.MaxHits)} {
				snap, err := s.Snapshot(t.Context())
				if err != nil || len(snap.Records) != 1 || snap.Records[0].Hits != want {
					t.Fatalf("%+v, %v", snap, err)
				}
				if err := s.Touch(t.Context(), "leaf", "1.0.0", store.Patch{AddHits: 1}); err != nil {
					t.Fatal(err)
				}
			}
			commitOne(t, s, "1.0.0", []byte("weights"))
			if snap, err := s.Snapshot(t.Context()); err != nil || snap.Records[0].Hits != min(c.want+2, store.MaxHits) {
				t.Fatalf("after a commit: %+v, %v", snap, err)
			}
		})
	}
}

func TestForeignRecords(t *testing.T) {
	eval := func(code string) safejs.Value {
		f, err := global("Function")
		if err != nil {
			t.Fatal(err)
		}
		fn, err := f.New("return " + code)
		if err != nil {
			t.Fatal(err)
		}
		v, err := fn.Invoke()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ name, record string }{
		{"null", "null"},
		{"number", "7"},
		{"string", "'x'"},
		{"array", "[1,2]"},
		{"empty", "{}"},
		{"wrong types", "{name: 1, version: [], manifest: 'x', digest: {}, chunks: 3}"},
		{"no chunks", "{name:'leaf', version:'2.0.0', manifest: new Uint8Array(3), digest: 'a'.repeat(64)}"},
		{"bad chunk", "{name:'leaf', version:'2.0.0', manifest: new Uint8Array(3), digest: 'a'.repeat(64), chunks: [null]}"},
		{"bad size", "{name:'leaf', version:'2.0.0', manifest: new Uint8Array(3), digest: 'a'.repeat(64), chunks: [{digest:'a'.repeat(64), size: 1e300}]}"},
		{"no manifest", "{name:'leaf', version:'2.0.0', manifest: new Uint8Array(0), digest: 'a'.repeat(64), chunks: []}"},
		{"endless", "{name:'leaf', version:'2.0.0', manifest: new Uint8Array(3), digest: 'a'.repeat(64), chunks: new Array(2e6).fill(null)}"},
		{"name", "{name:'a/b', version:'2.0.0', manifest: new Uint8Array(3), digest: 'a'.repeat(64), chunks: []}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustOpen(t, fresh(t))
			commitOne(t, s, "1.0.0", []byte("weights"))
			request(t, objectStore(t, s, "records"), "put", eval("("+c.record+")"), "leaf@2.0.0")
			request(t, objectStore(t, s, "pointers"), "put", eval("("+c.record+")"), "leaf@^2")
			request(t, objectStore(t, s, "documents"), "put", eval("("+c.record+")"), "index x")
			snap, err := s.Snapshot(t.Context())
			if err != nil || len(snap.Records) != 1 || len(snap.Pointers) != 1 {
				t.Fatalf("%+v, %v", snap, err)
			}
			if _, err := s.Document(t.Context(), "index x"); store.CodeOf(err) != store.NotFound {
				t.Fatal(err)
			}
			if err := s.Touch(t.Context(), "leaf", "2.0.0", store.Patch{CheckedAt: time.Now()}); store.CodeOf(err) != store.NotFound {
				t.Fatal(err)
			}
			if _, err := s.Sweep(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestForeignChunks(t *testing.T) {
	s := mustOpen(t, fresh(t))
	d := store.Digest{1}
	for name, v := range map[string]any{"number": 7, "string": "x", "null": safejs.Null(), "object": map[string]any{"size": 3}} {
		request(t, objectStore(t, s, "chunks"), "put", v, d.String())
		blobs, err := s.Chunks(t.Context(), []store.Digest{d})
		if err != nil || blobs[0] != nil {
			t.Errorf("%s: %v, %v", name, blobs, err)
		}
	}
}

func TestBlobsStayOutsideGo(t *testing.T) {
	s := mustOpen(t, fresh(t))
	// A view of the middle of a larger buffer: only the view may be stored.
	all, err := jsBytes([]byte("xxweightsxx"))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := all.Get("buffer")
	if err != nil {
		t.Fatal(err)
	}
	class, _ := global("Uint8Array")
	view, err := class.New(whole, 2, 7)
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBlob(view)
	if err != nil {
		t.Fatal(err)
	}
	d := store.Digest(sha256.Sum256([]byte("weights")))
	if err := s.PutChunks(t.Context(), []store.Chunk{{Digest: d, Data: b}}); err != nil {
		t.Fatal(err)
	}
	blobs, err := s.Chunks(t.Context(), []store.Digest{d})
	if err != nil {
		t.Fatal(err)
	}
	if f, ok := blobs[0].(foreign); !ok || f.JSValue().Type() != safejs.TypeObject {
		t.Fatal("no JSValue")
	}
	if got, err := blobs[0].Bytes(); err != nil || string(got) != "weights" {
		t.Fatalf("%q, %v", got, err)
	}
	// The store took a copy: the caller's buffer is still there.
	if got, err := b.Bytes(); err != nil || string(got) != "weights" {
		t.Fatalf("%q, %v", got, err)
	}
	// A buffer that somebody transferred away is an error, not a crash.
	clone, _ := global("structuredClone")
	buffer, _ := view.Get("buffer")
	if _, err := clone.Invoke(buffer, map[string]any{"transfer": []any{buffer}}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Bytes(); store.CodeOf(err) != store.Internal {
		t.Fatal(err)
	}
	if err := s.PutChunks(t.Context(), []store.Chunk{{Digest: d, Data: b}}); err == nil {
		t.Fatal("stored a buffer that is gone")
	}
}

func TestDatabaseDeletedUnderneath(t *testing.T) {
	name := fresh(t)
	s := mustOpen(t, name)
	c := commitOne(t, s, "1.0.0", []byte("weights"))
	deleteDatabase(t, name) // waits until our connection has let go
	snap, err := s.Snapshot(t.Context())
	if err != nil || len(snap.Records) != 0 {
		t.Fatalf("%+v, %v", snap, err)
	}
	r, p, _ := testRecord("1.0.0", []byte("weights"))
	if err := s.Commit(t.Context(), r, p); store.CodeOf(err) != store.Incomplete {
		t.Fatal(err)
	}
	if missing, err := s.Missing(t.Context(), []store.Digest{c.Digest}); err != nil || len(missing) != 1 {
		t.Fatal(missing, err)
	}
	commitOne(t, s, "1.0.0", []byte("weights"))
}

func TestConnectionClosedByForce(t *testing.T) {
	s := mustOpen(t, fresh(t))
	commitOne(t, s, "1.0.0", []byte("weights"))
	if _, err := s.db.Call("close"); err != nil { // behind the Store's back
		t.Fatal(err)
	}
	snap, err := s.Snapshot(t.Context())
	if err != nil || len(snap.Records) != 1 {
		t.Fatalf("%+v, %v", snap, err)
	}
}

// openRaw opens the database as another page's code would: it ignores requests to let go.
func openRaw(t *testing.T, name string, version int) safejs.Value {
	t.Helper()
	factory, err := global("indexedDB")
	if err != nil {
		t.Fatal(err)
	}
	db := request(t, factory, "open", name, version)
	t.Cleanup(func() { db.Call("close") })
	return db
}

func TestUpgradeByNewerPage(t *testing.T) {
	name := fresh(t)
	s := mustOpen(t, name)
	commitOne(t, s, "1.0.0", []byte("weights"))
	db := openRaw(t, name, len(upgrades)+1) // comes through only if s lets go
	if _, err := s.Snapshot(t.Context()); store.CodeOf(err) != store.Blocked {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Name: name}); store.CodeOf(err) != store.Blocked {
		t.Fatal(err)
	}
	db.Call("close")
}

func TestBlockedByOlderPage(t *testing.T) {
	name := fresh(t)
	old := openRaw(t, name, 1)
	upgrades = append(upgrades, func(safejs.Value) error { return nil })
	defer func() { upgrades = upgrades[:len(upgrades)-1] }()
	_, err := Open(t.Context(), Options{Name: name})
	if store.CodeOf(err) != store.Blocked {
		t.Fatal(err)
	}
	if _, err := old.Call("close"); err != nil {
		t.Fatal(err)
	}
}

func TestUpgradeKeepsData(t *testing.T) {
	name := fresh(t)
	s := mustOpen(t, name)
	commitOne(t, s, "1.0.0", []byte("weights"))
	s.Close()
	steps := 0
	upgrades = append(upgrades, func(db safejs.Value) error {
		steps++
		_, err := db.Call("createObjectStore", "extra")
		return err
	})
	defer func() { upgrades = upgrades[:len(upgrades)-1] }()
	s = mustOpen(t, name)
	if snap, err := s.Snapshot(t.Context()); err != nil || len(snap.Records) != 1 || steps != 1 {
		t.Fatalf("%+v, %v, %d steps", snap, err, steps)
	}
}

func TestCancelDuringOperation(t *testing.T) {
	s := mustOpen(t, fresh(t))
	ctx, cancel := context.WithCancel(t.Context())
	err := s.do(ctx, "test", "", writing, func(tx *tx) {
		tx.ask(documents, func(safejs.Value) error { cancel(); return nil }, "put", "x", "k")
		// Requests follow each other for as long as the transaction lives, so that only
		// the end of the context can end it.
		var more func(safejs.Value) error
		more = func(safejs.Value) error { tx.ask(documents, more, "get", "k"); return nil }
		tx.ask(documents, more, "get", "k")
	}, documents)
	if store.CodeOf(err) != store.Aborted {
		t.Fatal(err)
	}
	if docs := request(t, objectStore(t, s, documents), "count"); docs.Type() != safejs.TypeNumber {
		t.Fatal("no count")
	} else if n, _ := docs.Int(); n != 0 {
		t.Fatal("an aborted write is there")
	}
}

func TestExceptions(t *testing.T) {
	class, err := global("DOMException")
	if err != nil {
		t.Fatal(err)
	}
	for name, code := range map[string]store.Code{
		"QuotaExceededError": store.Quota,
		"VersionError":       store.Blocked,
		"UnknownError":       store.Internal,
		"DataError":          store.Invalid,
	} {
		v, err := class.New("says the browser", name)
		if err != nil {
			t.Fatal(err)
		}
		got := typed("put", "k", exceptionOf(v))
		if store.CodeOf(got) != code {
			t.Errorf("%s: %v", name, got)
		}
	}
	f, _ := global("Function")
	fn, err := f.New("throw new DOMException('full', 'QuotaExceededError')")
	if err != nil {
		t.Fatal(err)
	}
	_, err = fn.Invoke()
	if got := typed("put", "k", err); store.CodeOf(got) != store.Quota {
		t.Error(got)
	}
}
