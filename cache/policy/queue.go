package policy

// queue is a doubly linked list of items with the sum of their bytes. Its zero value is
// empty. All operations take constant time, last free ones for the held items there.
type queue struct {
	first, last *Item
	bytes       int64
	n           int
}

func (q *queue) pushFront(it *Item) {
	it.in, it.prev, it.next = q, nil, q.first
	if q.first != nil {
		q.first.prev = it
	} else {
		q.last = it
	}
	q.first = it
	q.bytes += it.bytes()
	q.n++
}

func (q *queue) remove(it *Item) {
	if it.prev != nil {
		it.prev.next = it.next
	} else {
		q.first = it.next
	}
	if it.next != nil {
		it.next.prev = it.prev
	} else {
		q.last = it.prev
	}
	it.in, it.prev, it.next = nil, nil, nil
	q.bytes -= it.bytes()
	q.n--
}

// moveFront takes an item out of whatever queue it is in.
func (q *queue) moveFront(it *Item) {
	it.in.remove(it)
	q.pushFront(it)
}

// resized corrects the sum after an item's Bytes changed.
func resized(it *Item, old int64) {
	if it.in != nil {
		it.in.bytes += it.bytes() - max(old, 1)
	}
}

// lastFree returns the last item that nobody holds.
func (q *queue) lastFree() *Item {
	it := q.last
	for it != nil && it.Held > 0 {
		it = it.prev
	}
	return it
}
