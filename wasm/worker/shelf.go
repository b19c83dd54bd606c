package main

import (
	"context"
	"runtime"
	"sync"
	"time"

	"larder/cache"
	"larder/model"
	"larder/model/pack"
	"larder/wasm/message"
)

// loaded is a model that is ready to run. Handles share it: the same bytes are
// decoded once, however often they are loaded.
type loaded struct {
	digest     string
	number     int // no other model of this program has it
	session    *model.Session
	machine    machine           // what runs it
	manifest   *pack.Manifest    // nil for bare ONNX
	classifier *model.Classifier // nil if the model has no labels
	bytes      int64             // of the files that were read
	handles    int               // guarded by the shelf

	described sync.Once
	info      message.Info       // what a page may know of it, less what is told
	told      map[string]written // by field of that
}

// tidyAfter is how long after a load its garbage is collected: the first run must not wait
// for that.
const tidyAfter = time.Second

// shelf holds the loaded models by digest.
type shelf struct {
	loading gate // decoding takes all of the only thread, so it takes turns

	mu     sync.Mutex
	models map[string]*loaded
	last   int // number
}

func newShelf() *shelf { return &shelf{loading: newGate(), models: map[string]*loaded{}} }

// Take returns the model with a digest, loading it if it is not there, and counts
// one more handle on it. had says whether it was there.
func (s *shelf) Take(ctx context.Context, digest string, load func() (*loaded, error)) (m *loaded, had bool, err error) {
	if m := s.find(digest); m != nil {
		return m, true, nil
	}
	leave, err := s.loading.Enter(ctx)
	if err != nil {
		return nil, false, err
	}
	defer leave()
	if m := s.find(digest); m != nil { // while this call waited
		return m, true, nil
	}
	m, err = load()
	time.AfterFunc(tidyAfter, runtime.GC) // JavaScript keeps what Go's values refer to until they are finalized
	if err != nil {
		return nil, false, err
	}
	m.digest, m.handles = digest, 1
	s.mu.Lock()
	s.models[digest] = m
	s.last++
	m.number = s.last
	s.mu.Unlock()
	return m, false, nil
}

func (s *shelf) find(digest string) *loaded {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.models[digest]
	if m != nil {
		m.handles++
	}
	return m
}

// Give takes back one handle; the last one frees the model's memory, as soon as
// the runs in progress have ended. It reports whether it was the last.
func (s *shelf) Give(m *loaded) bool {
	s.mu.Lock()
	m.handles--
	last := m.handles == 0
	if last {
		delete(s.models, m.digest)
	}
	s.mu.Unlock()
	if last {
		m.session.Close()
	}
	return last
}

// handle is what a page holds of a model: its own lease of the version, and how
// fresh that was when it asked.
type handle struct {
	model   *loaded
	entry   *cache.Entry // nil for bare ONNX
	version message.Version
}

// handles numbers the handles. The zero value is ready.
type handles struct {
	mu   sync.Mutex
	last int
	m    map[int]*handle
}

func (h *handles) Add(x *handle) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.m == nil {
		h.m = map[int]*handle{}
	}
	h.last++
	h.m[h.last] = x
	return h.last
}

// Get returns a handle, or an error that says that it was disposed.
func (h *handles) Get(n int) (*handle, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if x := h.m[n]; x != nil {
		return x, nil
	}
	return nil, fault(message.CodeClosed, "handle %d is not in use: the model was disposed", n)
}

// Oldest returns the first handle in use that holds and tells the same as handle n.
func (h *handles) Oldest(n int) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	x := h.m[n]
	for other, y := range h.m {
		if other < n && y.model == x.model && y.version == x.version {
			n = other
		}
	}
	return n
}

// Remove forgets a handle and returns it, or nil.
func (h *handles) Remove(n int) *handle {
	h.mu.Lock()
	defer h.mu.Unlock()
	x := h.m[n]
	delete(h.m, n)
	return x
}

// dispose ends a handle. Disposing twice is no error.
func (s *server) dispose(_ context.Context, c call) (result, error) {
	p, err := message.DecodeHandle(c.params)
	if err != nil {
		return result{}, err
	}
	if h := s.handles.Remove(p.Handle); h != nil {
		if s.shelf.Give(h.model) {
			s.memo.Forget(h.model.name())
		}
		if h.entry != nil {
			h.entry.Release()
		}
	}
	return result{}, nil
}
