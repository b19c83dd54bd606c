package policy

// LRU lets the least recently used item go. It knows nothing of sizes, costs or
// frequencies; a scan of things that are never asked for again empties it. It is the
// yardstick, and the best where what was just used is used again.
type LRU struct {
	queue queue // most recently used first
}

// NewLRU returns an LRU.
func NewLRU() Policy { return &LRU{} }

// Budget implements Policy.
func (p *LRU) Budget(int64) {}

// Add implements Policy. O(1), as all of them.
func (p *LRU) Add(it *Item) { p.queue.pushFront(it) }

// Use implements Policy.
func (p *LRU) Use(it *Item) { p.queue.moveFront(it) }

// Resize implements Policy.
func (p *LRU) Resize(it *Item, old int64) { resized(it, old) }

// Victim implements Policy.
func (p *LRU) Victim() *Item { return p.queue.lastFree() }

// Remove implements Policy.
func (p *LRU) Remove(it *Item, _ bool) { it.in.remove(it) }
