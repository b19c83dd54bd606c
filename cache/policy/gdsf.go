package policy

import "math"

// GDSF ranks an item by what it is worth for each byte: how often it was used times
// what it costs to load, divided by its size. The least worthy goes. Its rank becomes
// the base for all that come or are used later, so that what was worth much once does
// not stay for ever.
//
// Cherkasova, "Improving WWW Proxies Performance with Greedy-Dual-Size-Frequency
// Caching Policy", HP Labs 1998. It differs in that an item's frequency ends with its
// stay, and in that an item whose cost is its size (Cost 0) is ranked by frequency and
// age alone.
type GDSF struct {
	heap []*Item // by rank, the lowest first
	base float64
}

// NewGDSF returns a GDSF.
func NewGDSF() Policy { return &GDSF{} }

// Budget implements Policy.
func (p *GDSF) Budget(int64) {}

// Add implements Policy. O(log n), as Use, Resize and Remove.
func (p *GDSF) Add(it *Item) {
	it.uses, it.place = 0, len(p.heap)
	p.heap = append(p.heap, it)
	p.Use(it)
}

// Use implements Policy.
func (p *GDSF) Use(it *Item) {
	if it.uses < math.MaxUint32 {
		it.uses++
	}
	it.rank = p.base + worth(it)
	p.fix(it.place)
}

func worth(it *Item) float64 { return float64(it.uses) * it.cost() / float64(it.bytes()) }

// Resize implements Policy. The base that the rank was made with is kept.
func (p *GDSF) Resize(it *Item, old int64) {
	size := Item{Bytes: old, Cost: it.Cost, uses: it.uses}
	it.rank += worth(it) - worth(&size)
	p.fix(it.place)
}

// Victim implements Policy. O(h log n) with h held items of lower rank.
func (p *GDSF) Victim() *Item {
	var held []*Item
	for len(p.heap) > 0 && p.heap[0].Held > 0 {
		held = append(held, p.heap[0])
		p.take(0)
	}
	var out *Item
	if len(p.heap) > 0 {
		out = p.heap[0]
	}
	for _, it := range held {
		it.place = len(p.heap)
		p.heap = append(p.heap, it)
		p.fix(it.place)
	}
	return out
}

// Remove implements Policy.
func (p *GDSF) Remove(it *Item, evicted bool) {
	if evicted {
		p.base = max(p.base, it.rank)
	}
	p.take(it.place)
}

// take removes the item at a place.
func (p *GDSF) take(i int) {
	last := len(p.heap) - 1
	p.swap(i, last)
	p.heap[last] = nil
	p.heap = p.heap[:last]
	if i < last {
		p.fix(i)
	}
}

func (p *GDSF) swap(i, j int) {
	h := p.heap
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// fix moves an item whose rank changed to where it belongs.
func (p *GDSF) fix(i int) {
	h := p.heap
	for i > 0 && h[i].rank < h[(i-1)/2].rank {
		p.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h[child].rank < h[least].rank {
				least = child
			}
		}
		if least == i {
			return
		}
		p.swap(i, least)
		i = least
	}
}
