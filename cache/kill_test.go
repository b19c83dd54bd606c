package cache_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/registry"
	"larder/cache/registry/registrytest"
	"larder/cache/store"
	"larder/cache/store/storetest"
)

// The kill harness: a device with version 1 (or nothing) fetches version 2 and something
// breaks at point k: the origin cuts its answer at byte k; the process dies at write k;
// the disk is full at write k; or a bit flips on the way. Whatever breaks, afterwards,
// without anybody doing anything, the device has version 1 whole, or version 2 whole, or
// nothing, and asking again gives version 2 with at most one chunk for each connection
// fetched twice.
//
// `go test ./cache` takes a sample of the points. All of them are
//
//	go test ./cache -run 'Kill|Flips' -kill.step 1 -kill 1000 -kill.bytes 100000000 -flips 10000 -timeout 3h
//
// and with the files of the command line's store, for the large model, -kill.store files.
var (
	killStep   = flag.Int64("kill.step", 29, "every which byte of the small model of the kill harness")
	killPoints = flag.Int("kill", 4, "random points of the large model, for each way to break")
	killBytes  = flag.Int("kill.bytes", 8_000_000, "size of the large model")
	killStore  = flag.String("kill.store", "memory", "where the large model is stored: memory or files")
	flips      = flag.Int("flips", 60, "positions of a stored model at which a bit flips")
)

// subject is a model in two versions on a registry, and a device.
type subject struct {
	server   *registrytest.Server
	chunk    int
	versions map[string][]registrytest.File
	disk     func(testing.TB) disk
	db       disk // of a device with version 1
	clock    *fakeClock
	hasher   knowing
	worst    int64 // of all tries, the most bytes that came twice
}

// knowing is SHA-256 that recognises the chunks that were published by comparing their
// bytes, which takes a tenth of the time. Bytes that are like none of them it hashes.
type knowing struct {
	registry.GoHasher
	chunks map[[16]byte]known // by their first bytes
}

type known struct {
	data   []byte
	digest registry.Digest
}

func (h knowing) learn(data []byte, chunk int) {
	for part := range slices.Chunk(data, chunk) {
		if len(part) >= 16 {
			h.chunks[[16]byte(part)] = known{part, sha256.Sum256(part)}
		}
	}
}

func (h knowing) Sum(ctx context.Context, b registry.Blob) (registry.Digest, error) {
	if data, err := b.Bytes(); err == nil && len(data) >= 16 {
		if k := h.chunks[[16]byte(data)]; bytes.Equal(k.data, data) {
			return k.digest, nil
		}
	}
	return h.GoHasher.Sum(ctx, b)
}

func newSubject(t *testing.T, disk string, size, chunk int) *subject {
	t.Helper()
	s := &subject{disk: disks[disk], server: registrytest.New(t, chunk), chunk: chunk, clock: newClock(), versions: map[string][]registrytest.File{},
		hasher: knowing{chunks: map[[16]byte]known{}}}
	old := noise(1, size)
	next := bytes.Clone(old)
	copy(next[size/2:], noise(2, size/2))
	labels := noise(3, 3*chunk+chunk/2)
	for _, data := range [][]byte{old, next, labels} {
		s.hasher.learn(data, chunk)
	}
	s.versions["1.0.0"] = []registrytest.File{{Path: "model.onnx", Role: "model", Data: old}, {Path: "labels.json", Role: "labels", Data: labels}}
	s.versions["2.0.0"] = []registrytest.File{{Path: "model.onnx", Role: "model", Data: next}, {Path: "labels.json", Role: "labels", Data: labels}}
	s.server.Publish("leaf", "1.0.0", ttl, s.versions["1.0.0"]...)
	return s
}

func noise(seed byte, n int) []byte {
	out := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(out)
	return out
}

// device makes a device with version 1, or with nothing, whose store can be made to
// fail. Its chunks are shared with other devices, not copied.
func (s *subject) device(t *testing.T, with string) disk {
	t.Helper()
	if with == "" {
		return s.disk(t)
	}
	if s.db == nil {
		s.db = s.disk(t)
		c := s.open(t, s.db.Open(), s.server.Fetcher(t))
		e, err := c.Get(t.Context(), "leaf", "1.0.0", nil)
		if err == nil {
			e.Release()
			e, err = c.Get(t.Context(), "leaf", "", nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		e.Release()
		c.Close()
		s.server.Publish("leaf", "2.0.0", ttl, s.versions["2.0.0"]...)
	}
	return s.db.Clone()
}

func (s *subject) open(t *testing.T, on store.Store, f registry.Fetcher) *cache.Cache {
	t.Helper()
	c, err := cache.New(cache.Options{Store: on, Registry: f, Clock: s.clock, Hasher: s.hasher, Attempts: 2})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// attempt asks for the latest version and reports which it is, or "" for a clean miss.
// A version that is served must be whole.
func (s *subject) attempt(t *testing.T, c *cache.Cache, what string) string {
	t.Helper()
	e, err := c.Get(t.Context(), "leaf", "", nil)
	if err != nil {
		switch cache.CodeOf(err) {
		case cache.Offline, cache.Quota, cache.Internal, cache.Corrupt:
			return ""
		}
		t.Fatalf("%s: %v", what, err)
	}
	defer e.Release()
	for _, f := range s.versions[e.Version] {
		file, err := e.File(t.Context(), f.Path, nil)
		if err != nil {
			return "" // the store or the network is gone in the middle
		}
		data, err := file.Bytes()
		if err != nil || !bytes.Equal(data, f.Data) {
			t.Fatalf("%s: %s of %s is not what was published (%v)", what, f.Path, e.Version, err)
		}
	}
	return e.Version
}

// dying is a store that fails for good from write k on, with an error.
type dying struct {
	mu      sync.Mutex
	k, made int
	err     error
	once    bool // only write k fails
	dead    bool
}

func (d *dying) before(string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.made++
	if d.made == d.k || d.made > d.k && !d.once {
		d.dead = true
		return d.err
	}
	return nil
}

// line is a transport that breaks, or flips a bit, at byte k of all bodies of models.
type line struct {
	registry.Fetcher
	mu    sync.Mutex
	k     int64 // the byte; negative: never
	flip  bool
	at    int64 // bytes so far
	model int64 // of models
	done  bool
}

func (l *line) Fetch(ctx context.Context, r registry.Request) (*registry.Response, error) {
	l.mu.Lock()
	broken := l.done && !l.flip
	l.mu.Unlock()
	if broken {
		return nil, &registry.Error{Code: registry.Offline, Op: "fetch", Path: r.Path, Detail: "the line is dead"}
	}
	resp, err := l.Fetcher.Fetch(ctx, r)
	if err == nil {
		resp.Body = &lineBody{Body: resp.Body, line: l, model: !strings.HasSuffix(r.Path, ".json") || strings.HasSuffix(r.Path, "labels.json")}
	}
	return resp, err
}

type lineBody struct {
	registry.Body
	line  *line
	model bool
}

func (b *lineBody) Next(ctx context.Context, n int64, arrived func(int64)) (registry.Blob, error) {
	blob, err := b.Body.Next(ctx, n, arrived)
	if blob == nil {
		return blob, err
	}
	l := b.line
	l.mu.Lock()
	defer l.mu.Unlock()
	if b.model {
		l.model += blob.Size()
	} else if l.flip {
		return blob, err // documents have no digest that somebody else has written down
	}
	from := l.at
	l.at += blob.Size()
	switch {
	case l.k < 0 || l.done && l.flip || !l.done && l.at <= l.k:
		return blob, err
	case l.flip:
		l.done = true
		data, _ := blob.Bytes()
		data = bytes.Clone(data)
		data[max(l.k-from, 0)] ^= 4
		return store.Bytes(data), err
	}
	l.done = true
	return nil, &registry.Error{Code: registry.Offline, Op: "fetch", Detail: fmt.Sprintf("cut at byte %d", l.k)}
}

// way is a way to break.
type way struct {
	name string
	// make returns a store and a line that break at point k.
	make func(db disk, f registry.Fetcher, k int64) (store.Store, *line, func() bool)
}

func ways() []way {
	writes := func(err error, once bool) func(disk, registry.Fetcher, int64) (store.Store, *line, func() bool) {
		return func(db disk, f registry.Fetcher, k int64) (store.Store, *line, func() bool) {
			d := &dying{k: int(k), err: err, once: once}
			return &storetest.Faults{Store: db.Open(), Before: d.before}, &line{Fetcher: f, k: -1}, func() bool { d.mu.Lock(); defer d.mu.Unlock(); return d.dead }
		}
	}
	bytesAt := func(flip bool) func(disk, registry.Fetcher, int64) (store.Store, *line, func() bool) {
		return func(db disk, f registry.Fetcher, k int64) (store.Store, *line, func() bool) {
			l := &line{Fetcher: f, k: k, flip: flip}
			return db.Open(), l, func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.done }
		}
	}
	return []way{
		{"the origin cuts at byte", bytesAt(false)},
		{"a bit flips on the way at byte", bytesAt(true)},
		{"the process dies at write", writes(errors.New("killed"), false)},
		{"the disk is full from write", writes(&store.Error{Code: store.Quota, Op: "put"}, false)},
		{"one write finds no room, number", writes(&store.Error{Code: store.Quota, Op: "put"}, true)},
	}
}

// lines is how many connections a download has.
const lines = 4

// try breaks one download at point k and reports whether the point was reached.
func (s *subject) try(t *testing.T, w way, with string, k int64) bool {
	t.Helper()
	what := fmt.Sprintf("%q, %s %d", with, w.name, k)
	db := s.device(t, with)
	defer db.Close()
	s.clock.advance(2 * ttl * time.Second)
	on, l, reached := w.make(db, s.server.Fetcher(t), k)
	c, err := cache.New(cache.Options{Store: on, Registry: l, Clock: s.clock, Hasher: s.hasher, Attempts: 2})
	first := ""
	if err == nil {
		first = s.attempt(t, c, what)
		c.Close()
	}
	l.mu.Lock()
	moved := l.model
	l.mu.Unlock()
	if was := reached(); !was {
		if first != "2.0.0" {
			t.Fatalf("%s: nothing broke, and the answer is %q", what, first)
		}
		return false
	}
	// The next start: no network first. What is there serves, whole, or nothing does.
	s.clock.advance(2 * ttl * time.Second)
	off := s.open(t, db.Open(), &line{Fetcher: l.Fetcher, done: true})
	if got := s.attempt(t, off, what+", offline"); got == "" && with != "" || got != "" && got != with && got != "2.0.0" {
		t.Fatalf("%s: offline the answer is %q", what, got)
	}
	off.Close()
	// With the network back it is version 2, and little comes twice.
	again := &line{Fetcher: l.Fetcher, k: -1}
	c = s.open(t, db.Open(), again)
	if got := s.attempt(t, c, what+", afterwards"); got != "2.0.0" {
		t.Fatalf("%s: afterwards the answer is %q", what, got)
	}
	c.Close()
	full := strings.HasPrefix(w.name, "the disk is full") || strings.HasPrefix(w.name, "one write")
	if full {
		return true // what came and found no room comes again
	}
	twice := moved + again.model - s.new(with)
	if s.worst = max(s.worst, twice); twice > int64(lines*s.chunk) {
		t.Fatalf("%s: %d bytes came twice, a chunk has %d", what, twice, s.chunk)
	}
	return true
}

// new returns how many bytes of version 2 a device does not have.
func (s *subject) new(with string) int64 {
	n := int64(0)
	for _, f := range s.versions["2.0.0"] {
		n += int64(len(f.Data))
	}
	if with != "" {
		n -= int64(len(s.versions["2.0.0"][1].Data))
		data, old := s.versions["2.0.0"][0].Data, s.versions["1.0.0"][0].Data
		for from := 0; from < len(data); from += s.chunk {
			to := min(from+s.chunk, len(data))
			if bytes.Equal(data[from:to], old[from:to]) {
				n -= int64(to - from)
			}
		}
	}
	return n
}

func TestKillAtEveryPoint(t *testing.T) {
	for name := range disks {
		t.Run(name, func(t *testing.T) {
			bytes, writes := *killStep, int64(1)
			if testing.Short() { // the race detector, and Node
				bytes *= 3
			}
			if name == "files" && bytes > 1 { // which wait for the machine's disk
				bytes, writes = 20*bytes, 9
			}
			killAtEveryPoint(t, newSubject(t, name, 1024, 64), bytes, writes)
		})
	}
}

func killAtEveryPoint(t *testing.T, s *subject, bytes, writes int64) {
	s.device(t, "1.0.0")
	for _, w := range ways() {
		for _, with := range []string{"", "1.0.0"} {
			step, points := writes, 0
			if strings.Contains(w.name, "byte") {
				step = bytes
			}
			for k := int64(1); s.try(t, w, with, k); k += step {
				points++
			}
			t.Logf("%q, %s: %d points", with, w.name, points)
			if points == 0 {
				t.Errorf("only %d points", points)
			}
		}
	}
}

func TestKillAtRandomPoints(t *testing.T) {
	s := newSubject(t, *killStore, *killBytes, 64<<10)
	s.device(t, "1.0.0")
	source := rand.New(rand.NewPCG(1, 2))
	for _, w := range ways() {
		reached := 0
		s.worst = 0
		for i := range *killPoints {
			with := []string{"1.0.0", ""}[i%2]
			most := s.new(with) // bytes, or
			if !strings.Contains(w.name, "byte") {
				most /= int64(s.chunk) // writes: one for each chunk
			}
			if s.try(t, w, with, 1+source.Int64N(most)) {
				reached++
			}
		}
		t.Logf("%s: %d points, %d reached; at most %d bytes came twice, of %d", w.name, *killPoints, reached, s.worst, *killBytes)
		if reached < *killPoints*9/10 {
			t.Error("too many points were not reached")
		}
	}
}

// TestFlips flips bits of stored chunks: each is found, and only its chunk is fetched.
func TestFlips(t *testing.T) {
	s := newSubject(t, "memory", 2_000_000, 16<<10)
	s.device(t, "1.0.0")
	source := rand.New(rand.NewPCG(3, 4))
	f := s.server.Fetcher(t)
	files := s.versions["1.0.0"]
	db := s.device(t, "1.0.0")
	snap, err := db.Open().Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	refs := snap.Records[0].Chunks
	for i := range *flips {
		// Position i of the model's bytes.
		at := source.Int64N(int64(len(files[0].Data) + len(files[1].Data)))
		n := 0
		for ; at >= refs[n].Size; n++ {
			at -= refs[n].Size
		}
		blobs, err := db.Open().Chunks(t.Context(), []store.Digest{refs[n].Digest})
		if err != nil {
			t.Fatal(err)
		}
		data, _ := blobs[0].Bytes()
		data = bytes.Clone(data)
		data[at] ^= 1 << source.IntN(8)
		if err := db.Open().PutChunks(t.Context(), []store.Chunk{{Digest: refs[n].Digest, Data: store.Bytes(data)}}); err != nil {
			t.Fatal(err)
		}
		l := &line{Fetcher: f, k: -1}
		c := s.open(t, db.Open(), l)
		e, err := c.Get(t.Context(), "leaf", "1.0.0", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range files {
			file, err := e.File(t.Context(), want.Path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := file.Bytes(); err != nil || !bytes.Equal(got, want.Data) {
				t.Fatalf("flip %d was not found", i)
			}
		}
		st, err := c.Stats(t.Context())
		if err != nil || st.CorruptChunks != 1 || l.model != refs[n].Size {
			t.Fatalf("flip %d: %d corrupt chunks, %d bytes fetched for a chunk of %d (%v)", i, st.CorruptChunks, l.model, refs[n].Size, err)
		}
		e.Release()
		c.Close()
	}
}
