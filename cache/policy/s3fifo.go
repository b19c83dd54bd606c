package policy

// S3FIFO has a small queue that everything enters, a main queue for what was used
// there, and a memory of what left the small one. Queues are first in, first out: an
// item that was used goes round once more.
//
// Yang et al., "FIFO Queues are All You Need for Cache Eviction", SOSP 2023. It differs
// in that the queues' shares are bytes, in that one use is enough to get out of the small
// queue, and in that held items are passed over. Costs do not matter to it.
type S3FIFO struct {
	small, main queue // newest first
	budget      int64
	ghosts      ghosts
}

// smallShare is the part of the budget for the small queue: a tenth, as in the paper.
const smallShare = 10

// NewS3FIFO returns an S3FIFO.
func NewS3FIFO() Policy { return &S3FIFO{} }

// Budget implements Policy.
func (p *S3FIFO) Budget(bytes int64) { p.budget = bytes }

// Add implements Policy. O(1), as Use and Remove.
func (p *S3FIFO) Add(it *Item) {
	it.uses = 0
	if p.ghosts.take(it.Hash) {
		p.main.pushFront(it)
	} else {
		p.small.pushFront(it)
	}
}

// Use implements Policy.
func (p *S3FIFO) Use(it *Item) { it.uses = min(it.uses+1, 3) }

// Resize implements Policy.
func (p *S3FIFO) Resize(it *Item, old int64) { resized(it, old) }

// Victim implements Policy. Each step takes a use from an item or moves it on, so it
// ends; on average it takes constant time.
func (p *S3FIFO) Victim() *Item {
	for {
		it := p.small.lastFree()
		if it == nil || p.small.bytes*smallShare <= p.budget {
			if m := p.main.lastFree(); m != nil {
				it = m
			}
		}
		switch {
		case it == nil:
			return nil
		case it.uses == 0:
			return it
		case it.in == &p.small:
			it.uses = 0
		default:
			it.uses--
		}
		p.main.moveFront(it)
	}
}

// Remove implements Policy.
func (p *S3FIFO) Remove(it *Item, evicted bool) {
	if evicted && it.in == &p.small {
		p.ghosts.put(it.Hash, p.main.n+p.small.n)
	}
	it.in.remove(it)
}

// ghosts remembers hashes of keys, first in, first out. The zero value is empty.
type ghosts struct {
	order []ghost
	known map[uint64]int // the number of the entry in order that counts
	last  int
}

type ghost struct {
	hash   uint64
	number int
}

// put remembers a hash, and about limit in all.
func (g *ghosts) put(hash uint64, limit int) {
	if g.known == nil {
		g.known = map[uint64]int{}
	}
	g.last++
	g.known[hash] = g.last
	g.order = append(g.order, ghost{hash, g.last})
	for len(g.order) > max(limit, 1) {
		if old := g.order[0]; g.known[old.hash] == old.number {
			delete(g.known, old.hash)
		}
		g.order = g.order[1:]
	}
}

// take forgets a hash and says whether it was known.
func (g *ghosts) take(hash uint64) bool {
	_, ok := g.known[hash]
	delete(g.known, hash)
	return ok
}
