package cache

import (
	"container/list"
	"sync"
	"time"

	"larder/cache/registry"
	"larder/cache/store"
)

// version is a ready version in memory, shared by all Entries on it.
type version struct {
	record   store.Record // Manifest, Digest, Chunks: constant; times as of when it was read
	manifest *registry.Manifest
	reading  chan struct{} // holds one token; whoever has it reads and verifies a file

	// The fields below belong to memory.mu.
	files  map[string]*File
	bytes  int64
	leases int
	place  *list.Element // nil if the memory has dropped it
}

func newVersion(r store.Record, m *registry.Manifest) *version {
	v := &version{record: r, manifest: m, reading: make(chan struct{}, 1), files: map[string]*File{}, bytes: int64(len(r.Manifest))}
	v.reading <- struct{}{}
	return v
}

func (v *version) key() string {
	return store.RecordKey(v.record.Name, v.record.Version) + " " + v.record.Digest.String()
}

// answer is what was last found out about a selector.
type answer struct {
	version   *version
	checkedAt time.Time
}

// memory is the tier of verified files in memory. Versions in use are held by their
// leases; the others stay within a budget of bytes, the least recently used going
// first. A weaker tier, for values that only somebody else still holds, can be put
// behind drop.
type memory struct {
	mu       sync.Mutex
	budget   int64
	bytes    int64
	leases   int
	versions map[string]*version
	order    *list.List // of *version, most recently used first
	answers  map[string]answer
}

func newMemory(budget int64) *memory {
	return &memory{budget: budget, versions: map[string]*version{}, order: list.New(), answers: map[string]answer{}}
}

// lease takes a lease on a version and remembers it as the answer to a selector ("" for
// none). It
// returns the version that is in memory already if the content is the same, and what
// had to go to make room.
func (m *memory) lease(selector string, a answer) (*version, []*version) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := a.version
	if known := m.versions[v.key()]; known != nil {
		v = known
	} else {
		m.versions[v.key()] = v
		v.place = m.order.PushFront(v)
		m.bytes += v.bytes
	}
	m.order.MoveToFront(v.place)
	if selector != "" {
		m.answers[selector] = answer{v, a.checkedAt}
	}
	v.leases++
	m.leases++
	return v, m.trim()
}

// find returns the answer to a selector.
func (m *memory) find(selector string) (answer, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.answers[selector]
	return a, ok
}

// release ends a lease and returns what had to go.
func (m *memory) release(v *version) []*version {
	m.mu.Lock()
	defer m.mu.Unlock()
	v.leases--
	m.leases--
	return m.trim()
}

// file returns a file that is in memory, or nil.
func (m *memory) file(v *version, path string) *File {
	m.mu.Lock()
	defer m.mu.Unlock()
	return v.files[path]
}

// keep adds a verified file to a version.
func (m *memory) keep(v *version, f *File) []*version {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v.place == nil || v.files[f.Path] != nil {
		return nil
	}
	v.files[f.Path] = f
	v.bytes += f.size
	m.bytes += f.size
	return m.trim()
}

// trim drops unused versions until the rest is within the budget.
func (m *memory) trim() []*version {
	var gone []*version
	for e := m.order.Back(); e != nil && m.bytes > m.budget; {
		v := e.Value.(*version)
		e = e.Prev()
		if v.leases == 0 {
			m.drop(v)
			gone = append(gone, v)
		}
	}
	return gone
}

// drop forgets a version. The caller holds the lock.
func (m *memory) drop(v *version) {
	m.order.Remove(v.place)
	v.place = nil
	delete(m.versions, v.key())
	m.bytes -= v.bytes
	for selector, a := range m.answers {
		if a.version == v {
			delete(m.answers, selector)
		}
	}
}

// forget drops the versions that match, in use or not, and returns them.
func (m *memory) forget(match func(*store.Record) bool) []*version {
	m.mu.Lock()
	defer m.mu.Unlock()
	var gone []*version
	for _, v := range m.versions {
		if match(&v.record) {
			m.drop(v)
			gone = append(gone, v)
		}
	}
	return gone
}

func (m *memory) clear() { m.forget(func(*store.Record) bool { return true }) }

// inUse returns the number of leases by record key.
func (m *memory) inUse() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]int{}
	for _, v := range m.versions {
		if v.leases > 0 {
			out[store.RecordKey(v.record.Name, v.record.Version)] += v.leases
		}
	}
	return out
}

// released reports versions that left the memory.
func (c *Cache) released(gone []*version) {
	for _, v := range gone {
		c.emit(Event{Kind: EventReleased, Name: v.record.Name, Version: v.record.Version, Bytes: v.bytes})
	}
}
