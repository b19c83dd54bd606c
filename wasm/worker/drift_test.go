//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"larder/cache"
	"larder/cache/registry/registrytest"
	"larder/cache/store/filestore"
	"larder/model"
	"larder/model/engine"
	"larder/model/engine/native"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

var all = flag.Bool("all", false, "run long tests at full size, not a sample")

// drift is how the test of drift is scaled: 50 versions of minBytes to minBytes times
// spread of weights, log-uniform, under a budget that holds about half of them.
type drift struct {
	versions, loads  int
	settled          int // loads after which the memory stays as it is
	minBytes, budget int
	spread           float64
}

// TestMemoryDoesNotDrift loads models: a version comes from the store, verified, becomes
// a session of the kernels, answers once, and is let go when the Resource says so. After
// load 100 the memory of the program, Go's heap and the models' own together, without
// what the budget holds at that moment, must stay the same to within 1 % of the budget;
// and nothing may be left of the models' own memory when all are let go. By default
// it is a sample of a quarter of the size; 10,000 loads of 50 versions of 1 to 32 MB
// under 256 MB are
//
//	go test ./wasm/worker -run TestMemoryDoesNotDrift -all -v -timeout 1h
func TestMemoryDoesNotDrift(t *testing.T) {
	size := drift{versions: 50, loads: 400, settled: 100, minBytes: 256 << 10, budget: 64 << 20, spread: 32}
	if testing.Short() { // the race detector, which is ten times as slow
		size.versions, size.loads, size.settled = 30, 60, 40
	}
	if *all {
		size = drift{versions: 50, loads: 10_000, settled: 100, minBytes: 1 << 20, budget: 256 << 20, spread: 32}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	c := stocked(t, size, rng)
	memories := &countingHost{Host: native.New()}
	besides := besideMemory(t, c, memories)
	released := 0
	r := cache.NewResource(func(ctx context.Context, version int) (*drifting, error) {
		d, err := loadDrifting(ctx, c, version, memories)
		if err == nil {
			d.bytes += besides
		}
		return d, err
	}, cache.ResourceOptions[int, *drifting]{Limits: cache.Limits{MaxBytes: int64(size.budget)},
		Size:      func(d *drifting) int64 { return d.bytes },
		OnRelease: func(d *drifting, _ cache.Cause) { d.session.Close(); released++ }})
	var first, worst int64
	for i := 1; r.Stats().Loads < int64(size.loads); i++ {
		l, err := r.Get(t.Context(), rng.IntN(size.versions))
		if err != nil {
			t.Fatal(err)
		}
		l.Release()
		s := r.Stats()
		if own := memories.total() + s.Entries*besides; own > s.Bytes || s.Bytes > int64(size.budget) {
			t.Fatalf("load %d: the models have %d bytes, the sessions held %d", s.Loads, own, s.Bytes)
		}
		if i%10 != 0 || s.Loads < int64(size.settled) {
			continue
		}
		// What the cache writes down of uses by itself takes memory while it does.
		if err := c.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		rest := heapBytes(s.Bytes+first+int64(size.budget)/200) - s.Bytes // wazero's memories lie in the heap
		if first == 0 {
			first = rest
		}
		worst = max(worst, rest-first, first-rest)
	}
	s := r.Stats()
	t.Logf("%d loads, %d released, %d held; besides %d bytes held: %d bytes, drifted by %d (%.2f %% of the budget)",
		s.Loads, released, s.Entries, s.Bytes, first, worst, 100*float64(worst)/float64(size.budget))
	if worst > int64(size.budget)/100 {
		t.Error("the memory drifts")
	}
	if int64(released)+s.Entries != s.Loads || s.Entries == int64(size.versions) {
		t.Error("not every model that left was released, or none left")
	}
	if r.Close(); memories.total() != 0 {
		t.Errorf("%d bytes are left of models that were released", memories.total())
	}
}

// besideMemory measures what a session has in the heap besides its memory and its file:
// the host's instance of the kernels.
func besideMemory(t *testing.T, c *cache.Cache, host *countingHost) int64 {
	const sessions = 20
	var held []*drifting
	var before int64
	rest := func() int64 {
		n := heapBytes(0)
		for _, d := range held {
			n -= d.bytes
		}
		return n
	}
	for i := range 1 + sessions {
		d, err := loadDrifting(t.Context(), c, i, host)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, d)
		if i == 0 { // by now the kernels are compiled
			before = rest()
		}
	}
	after := rest()
	for _, d := range held {
		d.session.Close()
	}
	return (after - before) / sessions
}

// drifting is a session and the bytes that it has.
type drifting struct {
	session *model.Session
	bytes   int64
}

// loadDrifting makes a session of a version in the cache and runs it once.
func loadDrifting(ctx context.Context, c *cache.Cache, version int, host *countingHost) (*drifting, error) {
	e, err := c.Get(ctx, "leaf", fmt.Sprintf("1.%d.0", version), nil)
	if err != nil {
		return nil, err
	}
	defer e.Release()
	file, err := e.Reader(ctx, "model.onnx", nil)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	before := host.total()
	s, err := model.Open(file, model.Options{Engine: engine.Planned{Host: host}})
	if err != nil {
		return nil, err
	}
	x := make([]float32, driftRows)
	x[0] = 1
	out, err := s.Run(ctx, map[string]*tensor.Tensor{"x": tensor.Must(tensor.Of(x, 1, driftRows))})
	if err != nil {
		return nil, err
	}
	if y := out["y"].Any().([]float32)[0]; y != float32(version) {
		return nil, fmt.Errorf("version %d answers %v", version, y)
	}
	return &drifting{s, host.total() - before + kept(file.Size())}, nil
}

// kept is how much of a file a session that may read it again keeps: one that is read at
// once is kept whole (cache.Entry.Reader), of a larger one nothing.
func kept(size int64) int64 {
	if size <= 4<<20 {
		return size
	}
	return 0
}

// driftRows is how many rows the weights of the models have.
const driftRows = 64

// stocked returns a cache that has the versions, and no registry to ask any more.
func stocked(t *testing.T, size drift, rng *rand.Rand) *cache.Cache {
	server := registrytest.New(t, 512<<10)
	store, err := filestore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	c, err := cache.New(cache.Options{Store: store, Registry: server.Fetcher(t), KeepVersions: size.versions, MemoryBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for v := range size.versions {
		bytes := float64(size.minBytes) * math.Exp(rng.Float64()*math.Log(size.spread))
		version := fmt.Sprintf("1.%d.0", v)
		server.Publish("leaf", version, 86400, registrytest.File{Path: "model.onnx", Role: "model", Data: driftModel(v, int(bytes))})
	}
	for v := range size.versions {
		version := fmt.Sprintf("1.%d.0", v)
		e, err := c.Get(t.Context(), "leaf", version, nil)
		if err != nil {
			t.Fatal(err)
		}
		e.Release()
		server.Put("leaf/"+version+"/model.onnx", nil)
	}
	return c
}

// driftModel is y = x·w, where the first weight tells the version.
func driftModel(version, bytes int) []byte {
	columns := bytes / 4 / driftRows
	w := make([]float32, driftRows*columns)
	for i := range w {
		w[i] = float32(version + i)
	}
	return onnxtest.Model(onnxtest.File(13, &onnx.Graph{Name: "drift",
		Inputs:       []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, 1, driftRows)},
		Outputs:      []*onnx.ValueInfo{onnxtest.Info("y", tensor.Float32, 1, columns)},
		Nodes:        []*onnx.Node{onnxtest.Op("MatMul", []string{"x", "w"}, []string{"y"})},
		Initializers: []*onnx.Tensor{{Name: "w", Data: tensor.Must(tensor.Of(w, driftRows, columns))}}}))
}

// countingHost counts the bytes of the memories that are open.
type countingHost struct {
	engine.Host
	mu    sync.Mutex
	bytes int64
}

func (h *countingHost) total() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bytes
}

func (h *countingHost) add(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bytes += int64(n)
}

func (h *countingHost) Open(bytes int) (engine.Memory, error) {
	m, err := h.Host.Open(bytes)
	if err != nil {
		return nil, err
	}
	h.add(bytes)
	return &countedMemory{m, h, bytes}, nil
}

type countedMemory struct {
	engine.Memory
	host  *countingHost
	bytes int
}

func (m *countedMemory) Grow(bytes int) error {
	err := m.Memory.Grow(bytes)
	if more := bytes - m.bytes; err == nil && more > 0 {
		m.host.add(more)
		m.bytes = bytes
	}
	return err
}

func (m *countedMemory) Close() {
	m.Memory.Close()
	m.host.add(-m.bytes)
}

// heapBytes returns what lives in the heap. What only waits for a finalizer or lies in a
// pool adds to it, and goes in its own time: where there is more than enough, it looks
// again a few times, and returns the least.
func heapBytes(enough int64) int64 {
	least := int64(math.MaxInt64)
	for looks := 0; looks < 10 && least > enough; looks++ {
		runtime.GC()
		runtime.GC() // what finalizers and cleanups let go of
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		least = min(least, int64(m.HeapAlloc))
	}
	return least
}
