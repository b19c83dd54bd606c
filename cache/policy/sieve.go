package policy

// Sieve keeps items in the order of their arrival and lets a hand wander from the oldest
// to the newest; it spares what was used since it came by, and takes the first that was
// not.
//
// Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024. It differs in that held items
// are passed over. Sizes and costs do not matter to it.
type Sieve struct {
	queue queue // newest first; mark: used since the hand came by
	hand  *Item // nil: start at the oldest
}

// NewSieve returns a Sieve.
func NewSieve() Policy { return &Sieve{} }

// Budget implements Policy.
func (p *Sieve) Budget(int64) {}

// Add implements Policy. O(1), as Use and Remove.
func (p *Sieve) Add(it *Item) {
	it.mark = false
	p.queue.pushFront(it)
}

// Use implements Policy.
func (p *Sieve) Use(it *Item) { it.mark = true }

// Resize implements Policy.
func (p *Sieve) Resize(it *Item, old int64) { resized(it, old) }

// Victim implements Policy. The hand goes round at most twice: after the first round
// nothing is marked.
func (p *Sieve) Victim() *Item {
	for range 2 * p.queue.n {
		if p.hand == nil {
			p.hand = p.queue.last
		}
		it := p.hand
		if it.Held == 0 && !it.mark {
			return it
		}
		it.mark = false
		p.hand = it.prev
	}
	return nil
}

// Remove implements Policy.
func (p *Sieve) Remove(it *Item, _ bool) {
	if p.hand == it {
		p.hand = it.prev
	}
	it.in.remove(it)
}
