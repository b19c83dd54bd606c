package cache

import (
	"strings"
	"sync"
	"time"

	"larder/cache/memory"
	"larder/cache/metrics"
	"larder/cache/registry"
	"larder/cache/store"
)

// version is a ready version in memory, shared by all Entries on it.
type version struct {
	record   store.Record // Manifest, Digest, Chunks: constant; times as of when it was read
	manifest *registry.Manifest
	reading  chan struct{} // holds one token; whoever has it reads and verifies a file

	// The fields below belong to versions.mu.
	files map[string]*File
	bytes int64
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

// versions is the tier of verified files in memory. Versions in use are held by their
// leases, others within a budget. A file of a version that had to go is still found as
// long as the program holds it.
type versions struct {
	tier  *memory.Tier // of *version
	files *memory.Tier // of *File that left with their versions, held weakly

	mu      sync.Mutex
	answers map[string]answer
	doubts  int // changes by others that were heard of
}

// newVersions makes the tier; released is told of versions that leave.
func newVersions(opt *Options, released func(*version, int64, metrics.Cause)) *versions {
	m := &versions{answers: map[string]answer{}, files: memory.New(memory.Options{MaxBytes: -1, Clock: opt.Clock})}
	m.tier = memory.New(memory.Options{MaxBytes: opt.MemoryBytes, Idle: opt.MemoryIdle, Policy: opt.MemoryPolicy, Clock: opt.Clock,
		OnRemove: func(r memory.Removal) {
			v := r.Value.(*version)
			m.left(v, r.Cause)
			released(v, r.Bytes, r.Cause)
		}})
	return m
}

// lease takes a lease on a version and remembers it as the answer to a selector ("" for
// none). It returns the version that is in memory already if the content is the same.
func (m *versions) lease(selector string, a answer) (*version, *memory.Lease) {
	m.mu.Lock()
	bytes := a.version.bytes
	m.mu.Unlock()
	l, _ := m.tier.TakeOrPut(a.version.key(), memory.Value{Of: a.version, Bytes: bytes})
	v := l.Value().(*version)
	if selector != "" {
		m.mu.Lock()
		m.answers[selector] = answer{v, a.checkedAt}
		m.mu.Unlock()
	}
	return v, l
}

// find returns the answer to a selector, if its version is still in memory.
func (m *versions) find(selector string) (answer, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.answers[selector]
	if ok && !m.tier.Holds(a.version.key(), a.version) {
		delete(m.answers, selector)
		return answer{}, false
	}
	return a, ok
}

// file returns a file that is in memory, or nil.
func (m *versions) file(v *version, path string) *File {
	m.mu.Lock()
	f := v.files[path]
	m.mu.Unlock()
	if f != nil {
		return f
	}
	if weak, ok := m.files.Get(v.key() + "/" + path); ok {
		f = weak.(*File)
		m.keep(v, f)
	}
	return f
}

// keep adds a verified file to a version.
func (m *versions) keep(v *version, f *File) {
	m.mu.Lock()
	bytes := v.bytes + f.size
	known := v.files[f.Path] != nil
	m.mu.Unlock()
	// Making room may call left, which needs the lock. Nobody else adds to v meanwhile:
	// the caller has its token.
	if known || !m.tier.Resize(v.key(), v, bytes) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	v.bytes, v.files[f.Path] = bytes, f
}

// left forgets what leads to a version that is no longer in memory.
func (m *versions) left(v *version, cause metrics.Cause) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for selector, a := range m.answers {
		if a.version == v {
			delete(m.answers, selector)
		}
	}
	if cause != metrics.Size && cause != metrics.Expired {
		return
	}
	for path, f := range v.files {
		m.files.Put(v.key()+"/"+path, memory.Value{Of: f, Bytes: f.size, Weak: memory.Weak(f)})
	}
}

// forget drops a version, in use or not.
func (m *versions) forget(name, version string) {
	prefix := store.RecordKey(name, version) + " "
	match := func(key string) bool { return strings.HasPrefix(key, prefix) }
	m.tier.RemoveAll(match)
	m.files.RemoveAll(match)
}

func (m *versions) close() {
	m.tier.Close()
	m.files.Close()
}

// inUse returns the number of leases by record key.
func (m *versions) inUse() map[string]int {
	out := map[string]int{}
	m.tier.Each(func(key string, leases int) bool {
		if leases > 0 {
			out[key[:strings.LastIndexByte(key, ' ')]] += leases
		}
		return true
	})
	return out
}

// Shrink gives up memory because it is short: a part (0 to 1) of the files that nobody
// uses. They are read from the store when they are needed again. It returns how many
// bytes went. A program calls it when an allocation fails, or when nobody looks at it.
func (c *Cache) Shrink(part float64) int64 { return c.memory.tier.Shrink(part) }
