package main

import (
	"math"
	"math/rand/v2"
)

// request is one question for a key.
type request struct {
	key   uint64
	bytes int64
	cost  float64 // of loading it
}

// trace is a sequence of requests, and the budgets to replay it with.
type trace struct {
	name     string
	requests []request
	budgets  []int64
	unit     string // of the budgets, for people
	scale    int64  // bytes of one unit
}

const (
	mb = 1 << 20
	kb = 1 << 10
)

// synthetic makes the traces that need no file.
func synthetic() []trace {
	return []trace{
		zipfTrace(), scanTrace(), loopTrace(), shiftTrace(),
		modelTrace("models, one user", 1, 40), modelTrace("models, new ones often", 1, 6), modelTrace("models, 12 users at once", 12, 40),
		inputTrace(),
	}
}

// fetchCost is how many milliseconds a load takes: a round trip, then 6 MB a second.
func fetchCost(bytes int64) float64 { return 80 + float64(bytes)/(6*mb)*1000 }

// zipf draws ranks from 0 to n-1 with a probability of 1/(rank+1)^s.
type zipf struct {
	sums []float64
	rng  *rand.Rand
}

func newZipf(rng *rand.Rand, n int, s float64) *zipf {
	z := &zipf{rng: rng}
	sum := 0.0
	for i := range n {
		sum += math.Pow(float64(i+1), -s)
		z.sums = append(z.sums, sum)
	}
	return z
}

func (z *zipf) draw() int {
	x := z.rng.Float64() * z.sums[len(z.sums)-1]
	low, high := 0, len(z.sums)-1
	for low < high {
		if mid := (low + high) / 2; z.sums[mid] < x {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// spread returns sizes whose logarithms are evenly distributed.
func spread(rng *rand.Rand, n int, low, high float64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(low * math.Pow(high/low, rng.Float64()))
	}
	return out
}

// zipfTrace: popular things are asked for often, sizes from 1 KB to 4 MB.
func zipfTrace() trace {
	rng := rand.New(rand.NewPCG(1, 1))
	sizes := spread(rng, 10_000, kb, 4*mb)
	z := newZipf(rng, len(sizes), 0.9)
	t := trace{name: "zipf with sizes", budgets: []int64{64 * mb, 512 * mb}, unit: "MB", scale: mb}
	for range 100_000 {
		t.add(uint64(z.draw()), sizes)
	}
	return t
}

func (t *trace) add(key uint64, sizes []int64) {
	n := sizes[key%uint64(len(sizes))]
	t.requests = append(t.requests, request{key, n, fetchCost(n)})
}

// scanTrace: the same, and now and then somebody walks through things that are never
// asked for again.
func scanTrace() trace {
	rng := rand.New(rand.NewPCG(2, 2))
	sizes := spread(rng, 5000, kb, 4*mb)
	z := newZipf(rng, len(sizes), 0.9)
	t := trace{name: "zipf and scans", budgets: []int64{64 * mb, 512 * mb}, unit: "MB", scale: mb}
	next := uint64(1 << 32)
	for i := range 60_000 {
		t.add(uint64(z.draw()), sizes)
		if i%6000 > 4500 {
			t.add(next, sizes)
			next++
		}
	}
	return t
}

// loopTrace: everything in turn, again and again.
func loopTrace() trace {
	t := trace{name: "loop of 1,000", budgets: []int64{500, 900}, unit: "entries", scale: 1}
	for i := range 100_000 {
		t.requests = append(t.requests, request{uint64(i % 1000), 1, 1})
	}
	return t
}

// shiftTrace: what is popular changes all the time; only the recent past counts.
func shiftTrace() trace {
	rng := rand.New(rand.NewPCG(3, 3))
	sizes := spread(rng, 5000, 16*kb, mb)
	z := newZipf(rng, 400, 0.7)
	t := trace{name: "recency shift", budgets: []int64{16 * mb, 64 * mb}, unit: "MB", scale: mb}
	for i := range 100_000 {
		t.add(uint64(i/50+z.draw()), sizes)
	}
	return t
}

// modelTrace: 50 versions of 1 to 500 MB. Ten models, some far more popular than
// others, are used in sessions of a few loads each, by so many users at once; every so
// many sessions one model gets a new version, and a tenth of its users asks for the one
// before.
func modelTrace(name string, users, every int) trace {
	const models, versions, sessions = 10, 5, 2000
	rng := rand.New(rand.NewPCG(4, uint64(every)))
	sizes := spread(rng, models, mb, 500*mb)
	z := newZipf(rng, models, 0.8)
	rank := rng.Perm(models)
	newest := make([]int, models)
	t := trace{name: name, budgets: []int64{256 * mb, 1024 * mb}, unit: "MB", scale: mb}
	type session struct {
		key  uint64
		left int
	}
	running := make([]session, users)
	for i := 0; i < sessions; {
		s := &running[rng.IntN(users)]
		if s.left == 0 {
			if i++; i%every == 0 {
				newest[rng.IntN(models)]++
			}
			m := rank[z.draw()]
			v := newest[m]
			if rng.IntN(10) == 0 {
				v = max(0, v-1)
			}
			*s = session{uint64(m + models*(v%versions)), 1 + rng.IntN(4)}
		}
		s.left--
		t.add(s.key, sizes)
	}
	return t
}

// inputTrace: predictions of one page. A person comes back to a picture that was asked
// about a little while ago; a camera sends pictures that never come again.
func inputTrace() trace {
	rng := rand.New(rand.NewPCG(5, 5))
	t := trace{name: "inputs of a page", budgets: []int64{64 * kb, 512 * kb}, unit: "KB", scale: kb}
	for i := range 40_000 {
		key := uint64(i)
		if rng.IntN(3) > 0 {
			key = uint64(max(0, i-int(rng.ExpFloat64()*60)-1))
			if i > 0 {
				key = t.requests[key].key
			}
		}
		t.requests = append(t.requests, request{key, 300 + int64(key%5)*400, 60})
	}
	return t
}
