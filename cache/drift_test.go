package cache_test

import (
	"context"
	"flag"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"larder/cache"
)

var all = flag.Bool("all", false, "run long tests at full size, not a sample")

// TestMemoryDoesNotDrift loads models 10,000 times, 50 versions of 1 to 500 MB under a
// budget of 256 MB: after load 100 the memory of the program, without what the budget
// holds at that moment, must stay the same to within 1 % of the budget, and the budget
// must be kept. By default everything is 1/64 of that size; run it in full with
//
//	go test ./cache -run TestMemoryDoesNotDrift -all -v
func TestMemoryDoesNotDrift(t *testing.T) {
	const versions = 50
	scale, loads := int64(16), int64(2000)
	if testing.Short() { // the race detector, and Node
		loads = 400
	}
	if *all {
		scale, loads = 1, 10_000
	}
	budget := 256 << 20 / scale
	rng := rand.New(rand.NewPCG(1, 1))
	sizes := make([]int64, versions)
	for i := range sizes {
		sizes[i] = int64(math.Exp(rng.Float64()*math.Log(500))*(1<<20)) / scale
	}
	released := 0
	r := cache.NewResource(func(_ context.Context, v int) (*engine, error) {
		return &engine{weight: touched(int(sizes[v]))}, nil
	}, cache.ResourceOptions[int, *engine]{Limits: cache.Limits{MaxBytes: budget},
		Size: func(e *engine) int64 { return int64(len(e.weight)) }, OnRelease: func(*engine, cache.Cause) { released++ }})
	var first, worst int64
	for i := 0; r.Stats().Loads < loads; i++ {
		l, err := r.Get(t.Context(), rng.IntN(versions))
		if err != nil {
			t.Fatal(err)
		}
		l.Release()
		if i%100 != 0 || i == 0 {
			continue
		}
		rest := liveBytes() - r.Stats().Bytes
		if first == 0 {
			first = rest
		}
		worst = max(worst, rest-first, first-rest)
		if s := r.Stats(); s.Bytes > budget || s.Leases != 0 {
			t.Fatalf("%d bytes in %d entries, %d leases", s.Bytes, s.Entries, s.Leases)
		}
	}
	s := r.Stats()
	t.Logf("%d loads, %d released, %d held; besides %d bytes held: %d bytes, drifted by %d (%.2f %% of the budget)",
		s.Loads, released, s.Entries, s.Bytes, first, worst, 100*float64(worst)/float64(budget))
	if worst > budget/100 {
		t.Error("the memory drifts")
	}
	if int64(released)+s.Entries != s.Loads {
		t.Error("not every model that left was released")
	}
}

// touched returns memory that is really there.
func touched(n int) []byte {
	b := make([]byte, n)
	for i := 0; i < n; i += 4096 {
		b[i] = 1
	}
	return b
}

func liveBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
