package cache_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/registry/registrytest"
	"larder/cache/store"
)

// TestUnknownNames asks for many names that no registry has; with -all for a million.
func TestUnknownNames(t *testing.T) {
	names, step := 200_000, 4
	switch {
	case *all:
		names, step = 1_000_000, 1
	case testing.Short():
		names, step = 20_000, 20
	}
	w := newWorld(t)
	var index strings.Builder
	index.WriteString(`{"schema":1,"models":{"leaf":{"versions":["1.0.0"]}`)
	for i := range 2_000 {
		fmt.Fprintf(&index, `,"known-%d":{"versions":["1.0.0"]}`, i)
	}
	index.WriteString("}}")
	w.server.Put("index.json", []byte(index.String()))
	var wg sync.WaitGroup
	workers := 4 * runtime.GOMAXPROCS(0)
	for k := range workers {
		wg.Go(func() {
			for i := k; i < names; i += workers {
				_, err := w.cache.Get(t.Context(), fmt.Sprintf("unknown-%d", i), "", nil)
				if cache.CodeOf(err) != cache.NotFound {
					t.Errorf("%v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	reached := len(w.asked())
	t.Logf("%d unknown names, %d requests to the registry", names, reached)
	if reached > names*12/1000 {
		t.Errorf("%d of %d requests reached the registry", reached, names)
	}
	// No known name is refused: each that is tried is asked for.
	for i := 0; i < 2_000; i += step {
		_, err := w.cache.Get(t.Context(), fmt.Sprintf("known-%d", i), "", nil)
		if reqs := w.asked(); len(reqs) == 0 || reqs[len(reqs)-1].Path != fmt.Sprintf("known-%d/1.0.0/manifest.json", i) {
			t.Fatalf("known-%d: %v, after %v", i, err, reqs)
		}
	}
	w.expect("", "1.0.0", cache.FromRegistry, cache.Fresh)
}

func TestUnknownNameSaysWhatThereIs(t *testing.T) {
	w := newWorld(t)
	for range 3 { // by the registry's index, then by the stored one
		_, err := w.cache.Get(t.Context(), "laef", "", nil)
		var e *cache.Error
		if !errors.As(err, &e) || e.Code != cache.NotFound || len(e.Near) != 1 || e.Near[0] != "leaf" {
			t.Fatalf("%+v", err)
		}
	}
	w.wantAsked("index.json")
	for range 3 {
		_, err := w.cache.Get(t.Context(), "leaf", "^9", nil)
		var e *cache.Error
		if !errors.As(err, &e) || e.Code != cache.NotFound || len(e.Near) != 1 {
			t.Fatalf("%+v", err)
		}
	}
	w.wantAsked("index.json") // leaf is known, ^9 was not
}

func TestNewlyPublished(t *testing.T) {
	w := newWorld(t)
	file := registrytest.File{Path: "model.onnx", Role: "model", Data: random(3, 10)}
	get := func() error {
		e, err := w.cache.Get(t.Context(), "moss", "", nil)
		if err == nil {
			e.Release()
		}
		return err
	}
	refused := func() {
		t.Helper()
		if err := get(); cache.CodeOf(err) != cache.NotFound {
			t.Fatal(err)
		}
	}
	// The pause between two looks grows while nothing changes.
	refused()
	looks := 0
	w.asked()
	for range 600 {
		w.clock.advance(time.Second)
		refused()
		looks += len(w.asked())
	}
	if looks < 10 || looks > 14 { // after 5, 10, 20, 40, 60, 60 … seconds
		t.Errorf("%d looks in 10 minutes", looks)
	}
	w.server.Publish("moss", "1.0.0", ttl, file)
	waited := 0
	for ; get() != nil; waited++ {
		w.clock.advance(time.Second)
	}
	if waited > 60 {
		t.Errorf("refused for %d s after it was published", waited)
	}
	// Whoever looks at the index itself learns of it at once.
	if _, err := w.cache.Get(t.Context(), "fern", "", nil); cache.CodeOf(err) != cache.NotFound {
		t.Fatal(err)
	}
	w.server.Publish("fern", "1.0.0", ttl, file)
	if _, _, err := w.cache.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	e, err := w.cache.Get(t.Context(), "fern", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	e.Release()
	// A name that the registry took back serves as long as it is stored.
	w.server.Put("index.json", []byte(`{"schema":1,"models":{}}`))
	if _, _, err := w.cache.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := get(); err != nil {
		t.Fatal(err)
	}
}

// TestUnknownVersions asks for many versions that a listed model does not have.
func TestUnknownVersions(t *testing.T) {
	w := newWorld(t)
	n := 0
	refused := func() {
		t.Helper()
		var e *cache.Error
		n++
		err := w.fails(fmt.Sprintf("9.0.%d", n), cache.NotFound)
		if !errors.As(err, &e) || len(e.Near) == 0 {
			t.Fatalf("%+v", err)
		}
	}
	refused()
	w.wantAsked("index.json")
	for range 2_000 {
		refused()
	}
	w.wantAsked()
	looks := 0
	for range 600 {
		w.clock.advance(time.Second)
		refused()
		looks += len(w.asked())
	}
	if looks < 10 || looks > 14 { // after 5, 10, 20, 40, 60, 60 … seconds
		t.Errorf("%d looks in 10 minutes", looks)
	}
	// What is listed is served, and what is published meanwhile some time later.
	w.expect("1.0.0", "1.0.0", cache.FromRegistry, cache.Fresh)
	refused()
	w.server.Publish("leaf", "2.0.0", ttl, leafFiles(random(3, 10))...)
	w.fails("^2", cache.NotFound)
	w.clock.advance(time.Minute)
	w.expect("^2", "2.0.0", cache.FromRegistry, cache.Fresh)
	// Whoever refreshes, or looks at the index itself, learns of it at once.
	refused()
	w.server.Publish("leaf", "3.0.0", ttl, leafFiles(random(4, 10))...)
	w.fails("3.0.0", cache.NotFound)
	if _, err := w.cache.Refresh(t.Context(), "leaf", nil); err != nil {
		t.Fatal(err)
	}
	w.expect("3.0.0", "3.0.0", cache.FromRegistry, cache.Fresh)
	refused()
	w.server.Publish("leaf", "4.0.0", ttl, leafFiles(random(5, 10))...)
	w.fails("4.0.0", cache.NotFound)
	if _, _, err := w.cache.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.expect("4.0.0", "4.0.0", cache.FromRegistry, cache.Fresh)
}

// forgetful stores no index any more.
type forgetful struct{ store.Store }

func (s forgetful) PutDocument(ctx context.Context, d store.Document) error {
	if strings.HasPrefix(d.Key, "index") {
		return &store.Error{Code: store.Quota, Op: "put document"}
	}
	return s.Store.PutDocument(ctx, d)
}

// TestOldIndexRefusesNothing: the store's index is older than the one that was seen last.
func TestOldIndexRefusesNothing(t *testing.T) {
	w := newWorld(t)
	w.fails("^9", cache.NotFound)
	w.server.Publish("leaf", "2.0.0", ttl, leafFiles(random(3, 10))...)
	w.opt = func(opt *cache.Options) { opt.Store = forgetful{opt.Store} }
	w.restart()
	w.fails("^9", cache.NotFound)
	w.expect("2.0.0", "2.0.0", cache.FromRegistry, cache.Fresh)
}

func TestClockJumpDoesNotHoldRefusals(t *testing.T) {
	w := newWorld(t)
	if _, err := w.cache.Get(t.Context(), "moss", "", nil); cache.CodeOf(err) != cache.NotFound {
		t.Fatal(err)
	}
	w.server.Publish("moss", "1.0.0", ttl, registrytest.File{Path: "model.onnx", Role: "model", Data: random(3, 10)})
	w.clock.advance(-24 * time.Hour)
	e, err := w.cache.Get(t.Context(), "moss", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	e.Release()
}

// TestStampede: 10,000 goroutines on a cold key.
func TestStampede(t *testing.T) {
	w := newWorld(t)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 10_000 {
		wg.Go(func() {
			<-start
			e, err := w.cache.Get(t.Context(), "leaf", []string{"", "latest"}[i%2], nil)
			if err != nil {
				t.Error(err)
				return
			}
			e.Release()
		})
	}
	close(start)
	wg.Wait()
	w.wantAsked("index.json", "leaf/1.0.0/manifest.json", "leaf/1.0.0/model.onnx", "leaf/1.0.0/labels.json")
	s, err := w.cache.Stats(t.Context())
	if err != nil || s.RegistryLoads != 1 || s.BytesDownloaded != leafBytes {
		t.Fatalf("%+v, %v", s, err)
	}
}

// unknownAtOnce asks for n things that do not exist while nobody knows the index yet, and
// it takes its time.
func unknownAtOnce(t *testing.T, n int, thing func(i int) (name, version string)) {
	inBubble(t, "index.json", func(t *testing.T, c *cache.Cache, gate <-chan string) {
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				name, version := thing(i)
				if _, err := c.Get(t.Context(), name, version, nil); cache.CodeOf(err) != cache.NotFound {
					t.Error(err)
				}
			})
		}
		requests := 0
		for now := asks(gate); len(now) > 0; now = asks(gate) {
			requests += len(now)
		}
		wg.Wait()
		if requests != 1 {
			t.Errorf("%d requests for the index", requests)
		}
	})
}

func TestUnknownNamesAtOnce(t *testing.T) {
	unknownAtOnce(t, 500, func(i int) (string, string) { return fmt.Sprintf("unknown-%d", i), "" })
}

func TestUnknownVersionsAtOnce(t *testing.T) {
	unknownAtOnce(t, 100, func(i int) (string, string) { return "leaf", fmt.Sprintf("9.0.%d", i) })
}
