package policy

// Policy orders the entries of one cache. It is not safe for concurrent use: the tier
// holds its own lock.
//
// Every Item is added once and removed once; between the two it may be used, and change
// its size. An Item belongs to one Policy.
type Policy interface {
	// Budget tells how many bytes there is room for. It comes first and again whenever
	// that changes.
	Budget(bytes int64)
	// Add takes in an item whose key was asked for and not found.
	Add(*Item)
	// Use notes that an item was found.
	Use(*Item)
	// Resize notes that an item's Bytes changed; they were old before.
	Resize(it *Item, old int64)
	// Victim returns the item that should go next, and nil if every item is held. It
	// does not remove it: the tier does that before it asks again. It is asked only while
	// there is more than the budget allows, or the program gives up room.
	Victim() *Item
	// Remove forgets an item. evicted says that it was a Victim, so that a policy may
	// remember that it was there.
	Remove(it *Item, evicted bool)
}

// Item is what a policy knows of an entry.
type Item struct {
	Hash  uint64  // of the key
	Bytes int64   // its size; at least 1 counts
	Cost  float64 // of loading it again, in any unit that is the same for all items; 0 for its size
	Held  int     // by so many leases; while there are any, it is no Victim
	Owner any     // the tier's entry

	// The policy's own notes.
	prev, next *Item
	in         *queue
	rank       float64
	uses       uint32
	place      int
	mark       bool
}

// bytes is what the item weighs.
func (it *Item) bytes() int64 { return max(it.Bytes, 1) }

// cost is what losing it costs.
func (it *Item) cost() float64 {
	if it.Cost > 0 {
		return it.Cost
	}
	return float64(it.bytes())
}
