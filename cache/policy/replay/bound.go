package main

import (
	"container/heap"
	"math/rand/v2"
	"slices"
)

const never = 1 << 62

// nextUses returns for each request when its key is asked for again.
func nextUses(requests []request) []int {
	next := make([]int, len(requests))
	seen := map[uint64]int{}
	for i := len(requests) - 1; i >= 0; i-- {
		key := requests[i].key
		next[i] = never
		if j, ok := seen[key]; ok {
			next[i] = j
		}
		seen[key] = i
	}
	return next
}

// bound returns shares of hits and of saved cost that no policy can exceed. To answer
// a request from the cache means to have held the entry since the request before, which
// takes bytes × time out of budget × time. The bound fills that area with the intervals
// that are worth most for it, and does not ask whether the budget holds at each moment:
// PFOO's lower bound on misses (Berger, Beckmann, Harchol-Balter, "Practical Bounds on
// Optimal Caching with Variable Object Sizes", 2018).
func bound(requests []request, budget int64) (hits, saved float64) {
	next := nextUses(requests)
	return fill(requests, next, budget, func(request) float64 { return 1 }),
		fill(requests, next, budget, func(r request) float64 { return r.cost })
}

func fill(requests []request, next []int, budget int64, value func(request) float64) float64 {
	type interval struct{ area, value float64 }
	var all []interval
	total := 0.0
	for i, r := range requests {
		total += value(r)
		if next[i] < never && r.bytes <= budget {
			all = append(all, interval{float64(r.bytes) * float64(next[i]-i), value(r)})
		}
	}
	slices.SortFunc(all, func(a, b interval) int {
		switch x, y := a.area*b.value, b.area*a.value; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	area, got := float64(budget)*float64(len(requests)), 0.0
	for _, v := range all {
		part := min(1, area/v.area)
		got += v.value * part
		if area -= v.area; area <= 0 {
			break
		}
	}
	return got / total
}

// sampled is how many entries the clairvoyant compares when sizes differ.
const sampled = 64

// ahead replays with knowledge of the future. Where all entries are of one size and
// cost it lets that go which is asked for last, which is optimal (Belady 1966), also
// the new one. Otherwise it takes, of 64 random entries and the new one, that of the
// greatest bytes × time to the next use / cost: greedy, hence not the optimum.
func ahead(requests []request, budget int64) (hits, saved float64) {
	uniform := true
	for _, r := range requests {
		uniform = uniform && r.bytes == requests[0].bytes && r.cost == requests[0].cost
	}
	c := &seer{next: nextUses(requests), at: map[uint64]int{}, uniform: uniform, rng: rand.New(rand.NewPCG(9, 9))}
	var s score
	for i, r := range requests {
		_, hit := c.at[r.key]
		s.count(r, hit)
		if r.bytes > budget {
			continue
		}
		c.use(i, r, hit)
		for c.bytes > budget {
			c.drop(c.victim(i))
		}
	}
	return s.ratios()
}

// seer is a cache that knows the future.
type seer struct {
	next    []int
	uniform bool
	rng     *rand.Rand
	at      map[uint64]int // place by key
	items   []seen         // a heap by next, if uniform
	bytes   int64
}

type seen struct {
	request
	next int
}

func (c *seer) use(i int, r request, hit bool) {
	if hit {
		p := c.at[r.key]
		c.items[p].next = c.next[i]
		if c.uniform {
			heap.Fix(c, p)
		}
		return
	}
	c.bytes += r.bytes
	heap.Push(c, seen{r, c.next[i]})
}

func (c *seer) victim(now int) int {
	if c.uniform {
		return 0
	}
	best, worst := len(c.items)-1, -1.0
	for k := range sampled {
		p := len(c.items) - 1
		if k > 0 {
			p = c.rng.IntN(len(c.items))
		}
		it := c.items[p]
		if rank := float64(it.next-now) * float64(it.bytes) / it.cost; rank > worst {
			best, worst = p, rank
		}
	}
	return best
}

func (c *seer) drop(p int) {
	c.bytes -= c.items[p].bytes
	if c.uniform {
		heap.Remove(c, p)
		return
	}
	last := len(c.items) - 1
	c.Swap(p, last)
	c.Pop()
}

// The heap's methods, the item that is needed last on top.
func (c *seer) Len() int           { return len(c.items) }
func (c *seer) Less(i, j int) bool { return c.uniform && c.items[i].next > c.items[j].next }
func (c *seer) Swap(i, j int) {
	c.items[i], c.items[j] = c.items[j], c.items[i]
	c.at[c.items[i].key], c.at[c.items[j].key] = i, j
}

// Push implements heap.Interface.
func (c *seer) Push(x any) {
	c.at[x.(seen).key] = len(c.items)
	c.items = append(c.items, x.(seen))
}

// Pop implements heap.Interface.
func (c *seer) Pop() any {
	last := len(c.items) - 1
	it := c.items[last]
	delete(c.at, it.key)
	c.items = c.items[:last]
	return it
}
