package cache_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/registry"
	"larder/cache/registry/registrytest"
	"larder/cache/store"
	"larder/cache/store/memstore"
)

// reader is a registry.Body over bytes, as a file is one.
type reader struct{ r io.Reader }

func (b reader) Next(_ context.Context, n int64, _ func(int64)) (registry.Blob, error) {
	buf := make([]byte, min(n, 1<<23))
	got, err := io.ReadFull(b.r, buf)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return store.Bytes(buf[:got]), err
}

func (reader) Close() error { return nil }

func (w *world) export(selector string) []byte {
	w.t.Helper()
	var out bytes.Buffer
	err := w.cache.Export(w.t.Context(), "leaf", selector, nil, func(b store.Blob) error {
		data, err := b.Bytes()
		out.Write(data)
		return err
	}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Bytes()
}

// elsewhere is a device that has never had a network.
func (w *world) elsewhere() *world {
	w.t.Helper()
	o := &world{t: w.t, server: w.server, db: memstore.NewDatabase(0), clock: w.clock, locker: cache.NewLocker()}
	o.opt = func(opt *cache.Options) { opt.Registry = nil }
	o.restart()
	return o
}

func (w *world) imports(data []byte) (cache.Info, error) {
	return w.cache.Import(w.t.Context(), reader{bytes.NewReader(data)}, nil)
}

func TestExportAndImport(t *testing.T) {
	w := newWorld(t)
	err := w.cache.Export(t.Context(), "leaf", "", nil, func(store.Blob) error { return nil }, nil)
	if cache.CodeOf(err) != cache.NotFound {
		t.Fatal(err)
	}
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	one := w.export("")
	w.publish("2.0.0")
	w.expect("", "2.0.0", cache.FromRegistry, cache.Fresh)
	w.rot(w.chunksOf("2.0.0")[10]) // mended on the way out
	two := w.export("")
	if !bytes.Equal(one, w.export("1.0.0")) {
		t.Fatal("the same version gives another file")
	}

	o := w.elsewhere()
	info, err := o.imports(one)
	if err != nil || info.Name != "leaf" || info.Version != "1.0.0" || info.Bytes != leafBytes || !slices.Equal(info.Selectors, []string{"1.0.0", "latest"}) {
		t.Fatalf("%+v, %v", info, err)
	}
	o.expect("", "1.0.0", cache.FromStore, cache.Stale) // as old as it was where it came from
	if info, err = o.imports(two); err != nil {
		t.Fatal(err)
	}
	o.restart()
	o.expect("", "2.0.0", cache.FromStore, cache.Fresh)
	o.expect("1.0.0", "1.0.0", cache.FromStore, cache.Stale)
	if _, err = o.imports(one); err != nil {
		t.Fatal(err)
	}
	o.expect("", "2.0.0", cache.FromStore, cache.Fresh) // an older one does not take its place
	// With a network again it goes on as if it had come from there.
	o.opt = nil
	o.restart()
	o.publish("3.0.0")
	o.expect("", "3.0.0", cache.FromRegistry, cache.Fresh)
}

// TestImportOfDamagedFiles flips every byte and cuts at every length: nothing but when
// it was confirmed can change without being noticed, and what failed leaves nothing
// visible.
func TestImportOfDamagedFiles(t *testing.T) {
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	file := w.export("")
	const timeAt = 8 + 12
	for i := range file {
		o := w.elsewhere()
		if _, err := o.imports(file[:i]); cache.CodeOf(err) != cache.Corrupt && (i >= 8 || cache.CodeOf(err) != cache.InvalidInput) {
			t.Fatalf("cut at %d: %v", i, err)
		}
		bad := bytes.Clone(file)
		bad[i] ^= 0x11
		_, err := o.imports(bad)
		list, _ := o.cache.List(t.Context())
		switch {
		case i >= timeAt && i < timeAt+8, i >= 8 && i < 12: // it, or that it is there
			if err != nil {
				t.Fatalf("byte %d: %v", i, err)
			}
		case err == nil || len(list) > 0:
			t.Fatalf("byte %d: %v, %d versions", i, err, len(list))
		default:
			if _, err := o.imports(file); err != nil {
				t.Fatalf("after byte %d: %v", i, err)
			}
		}
	}
	o := w.elsewhere()
	if _, err := o.imports(append(bytes.Clone(file), 0)); cache.CodeOf(err) != cache.Corrupt {
		t.Fatal(err)
	}
}

// section makes a section of an export.
func section(name string, data []byte) []byte {
	return append(binary.LittleEndian.AppendUint64([]byte(name), uint64(len(data))), data...)
}

func TestImportSkipsWhatItDoesNotKnow(t *testing.T) {
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	file := w.export("")
	with := func(more []byte) []byte { return slices.Concat(file[:8], more, file[8:]) }
	if _, err := w.elsewhere().imports(with(section("SIGN", make([]byte, 3000)))); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"long section":  with(section("SIGN", make([]byte, 1<<20+1))),
		"huge section":  with(append([]byte("SIGN"), 255, 255, 255, 255, 255, 255, 255, 255)),
		"many sections": with(bytes.Repeat(section("NOTE", nil), 40)),
		"two times":     with(section("TIME", make([]byte, 8))),
		"newer":         append([]byte("LARDER\x00\x02"), file[8:]...),
	} {
		if _, err := w.elsewhere().imports(data); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestImportWithoutRoom(t *testing.T) {
	w := newWorld(t)
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	file := w.export("")
	o := w.elsewhere()
	o.opt = func(opt *cache.Options) { opt.Registry = nil; opt.Space = &space{quota: 1 << 20} }
	o.restart()
	_, err := o.imports(file)
	var e *cache.Error
	if !errors.As(err, &e) || e.Code != cache.Quota || e.Need <= leafBytes || e.Free != 1<<20 {
		t.Fatalf("%+v", err)
	}
}

func FuzzImport(f *testing.F) {
	manifest := []byte(`{"schema":1,"name":"leaf","version":"1.0.0","files":[]}`)
	file := slices.Concat([]byte("LARDER\x00\x01"), section("TIME", make([]byte, 8)), section("MANI", append(make([]byte, 32), manifest...)), section("DATA", nil))
	f.Add(file)
	f.Add(file[:30])
	f.Add([]byte("LARDER\x00\x01DATA\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := cache.New(cache.Options{Store: memstore.New(), Clock: newClock()})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		info, err := c.Import(t.Context(), reader{bytes.NewReader(data)}, nil)
		list, err2 := c.List(t.Context())
		if err2 != nil || (err == nil) != (len(list) == 1) {
			t.Fatalf("%+v %v: %d versions, %v", info, err, len(list), err2)
		}
	})
}

// space is a device with little room.
type space struct {
	used, quota int64
	store       *memstore.Database
}

func (s *space) Estimate(ctx context.Context) (int64, int64, error) {
	used := s.used
	if s.store != nil {
		u, err := s.store.Open().Usage(ctx)
		if err != nil {
			return 0, 0, err
		}
		used += u.Bytes
	}
	return used, s.quota, nil
}

func TestRoomIsPlanned(t *testing.T) {
	const mega = 1 << 20
	w := newWorld(t)
	s := &space{store: w.db}
	w.opt = func(o *cache.Options) { o.Space = s }
	w.restart()

	// Not a byte is fetched for what cannot fit, and the error has the numbers.
	s.quota = mega
	w.asked()
	err := w.fails("", cache.Quota)
	var e *cache.Error
	if !errors.As(err, &e) || e.Need < leafBytes+mega || e.Free != mega {
		t.Fatalf("%+v", e)
	}
	w.wantAsked("index.json", "leaf/1.0.0/manifest.json")

	// What nobody has used for longest goes, and no more of it than must.
	s.quota = 100 * mega
	for _, v := range []string{"", "1.0.0"} {
		w.expect(v, "1.0.0", map[string]cache.Source{"": cache.FromRegistry, "1.0.0": cache.FromStore}[v], cache.Fresh)
	}
	load := func(name string) {
		t.Helper()
		w.clock.advance(time.Minute)
		e, err := w.cache.Get(t.Context(), name, "", nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e.Release()
	}
	for i, name := range []string{"moss", "fern", "reed", "sage"} {
		w.server.Publish(name, "1.0.0", ttl, leafFiles(random(uint32(50+i), 900))...)
	}
	load("moss")
	load("fern")
	if err := w.cache.Pin(t.Context(), "leaf", "", true); err != nil {
		t.Fatal(err)
	}
	u, _ := w.db.Open().Usage(t.Context())
	s.quota = u.Bytes + mega + 100 // room for 100 bytes: leaf is older, but pinned; moss must go
	load("reed")
	names := func() (out []string) {
		list, err := w.cache.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range list {
			out = append(out, i.Name)
		}
		return out
	}
	if got := names(); !slices.Equal(got, []string{"fern", "leaf", "reed"}) {
		t.Fatal(got)
	}
	held, err := w.cache.Get(t.Context(), "fern", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	u, _ = w.db.Open().Usage(t.Context())
	s.quota = u.Bytes + mega + 300
	load("sage")
	if got := names(); !slices.Equal(got, []string{"fern", "leaf", "sage"}) {
		t.Fatal(got)
	}
	held.Release()

	// What could not fit even alone costs nobody their room.
	w.server.Publish("oak", "1.0.0", ttl, registrytest.File{Path: "model.onnx", Role: "model", Data: random(60, 9000)})
	w.clock.advance(time.Minute)
	if _, err := w.cache.Get(t.Context(), "oak", "", nil); cache.CodeOf(err) != cache.Quota {
		t.Fatal(err)
	}
	if got := names(); !slices.Equal(got, []string{"fern", "leaf", "sage"}) {
		t.Fatal(got)
	}
}

// TestGarbageGoesFirst has chunks that no version needs, and room for a download only
// without them: no version goes for it.
func TestGarbageGoesFirst(t *testing.T) {
	w := newWorld(t)
	w.server.Publish("moss", "1.0.0", ttl, leafFiles(random(50, 900))...)
	w.opt = func(o *cache.Options) { o.Space = &space{store: w.db, quota: 5000 + 1<<20} }
	w.restart()
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	w.clock.advance(time.Minute) // what tidies up after a download has run
	var left []store.Chunk
	for i := range 3 {
		data := random(uint32(70+i), 1000)
		left = append(left, store.Chunk{Digest: sha256.Sum256(data), Data: store.Bytes(data)})
	}
	if err := w.db.Open().PutChunks(t.Context(), left); err != nil {
		t.Fatal(err)
	}
	e, err := w.cache.Get(t.Context(), "moss", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	e.Release()
	if list, err := w.cache.List(t.Context()); err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
}

func TestFullStoreEvicts(t *testing.T) {
	// Nobody knows how much room there is until a write fails: then others go.
	w := newWorld(t)
	w.server.Publish("moss", "1.0.0", ttl, leafFiles(random(50, 900))...)
	w.db = memstore.NewDatabase(6000)
	w.restart()
	e, err := w.cache.Get(t.Context(), "moss", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	e.Release()
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
	if list, err := w.cache.List(t.Context()); err != nil || len(list) != 1 || list[0].Name != "leaf" {
		t.Fatal(list, err)
	}
}
