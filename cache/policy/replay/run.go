package main

import "larder/cache/policy"

// score adds up what a cache answered.
type score struct {
	hits, asked int
	saved, cost float64
}

func (s *score) count(r request, hit bool) {
	s.asked++
	s.cost += r.cost
	if hit {
		s.hits++
		s.saved += r.cost
	}
}

// ratios returns the share of requests that were hits, and the share of all cost that
// they saved.
func (s *score) ratios() (hits, saved float64) {
	return float64(s.hits) / float64(s.asked), s.saved / s.cost
}

// replay runs a trace through a policy. What is larger than the budget is not kept, as
// in the tier.
func replay(p policy.Policy, requests []request, budget int64) (hits, saved float64) {
	p.Budget(budget)
	items := map[uint64]*policy.Item{}
	bytes := int64(0)
	var s score
	for _, r := range requests {
		it := items[r.key]
		s.count(r, it != nil)
		switch {
		case it != nil:
			p.Use(it)
			continue
		case r.bytes > budget:
			continue
		}
		it = &policy.Item{Hash: mix(r.key), Bytes: r.bytes, Cost: r.cost, Owner: r.key}
		items[r.key] = it
		bytes += r.bytes
		p.Add(it)
		for bytes > budget {
			v := p.Victim()
			p.Remove(v, true)
			delete(items, v.Owner.(uint64))
			bytes -= v.Bytes
		}
	}
	return s.ratios()
}

// mix spreads keys as a hash does (splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
