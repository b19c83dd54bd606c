package main

import (
	"maps"
	"time"

	"larder/cache"
	"larder/wasm/message"
)

// repeat is a reply that the host gives again to the same request by itself: what a page asks
// again and again is answered before any Go runs. Until it ends, or is forgotten, Go would
// say the same, but for the number of the request, the model's age and the time it took.
type repeat struct {
	ID      int    // what the host tells how often it gave the reply
	Request string // the message, text alone
	Reply   string // the answer, with holes
	Handle  int    // of the model; a request to dispose it ends this
	Shared  bool   // every reply gives the handle away, and only the last dispose is for Go
	Born    time.Time
	Until   time.Time // not any more
}

// The holes in a reply, for what is true of one request only. Text has no such bytes: they
// are written as escapes.
const (
	holeID   = written("\x00")
	holeAge  = written("\x01") // whole seconds since Born, at least 0
	holeTook = written("\x02") // milliseconds
)

// lasting says for how long the reply of a method is right, and who counts that it was given
// again.
type lasting struct {
	handle int
	shared bool
	until  time.Time
	count  func(n int64, took time.Duration)
}

// repeats are the replies that the host may give, and those whose uses it may still tell.
// The zero value is ready.
type repeats struct {
	round int // a new one begins when what was answered before may be wrong
	swept int // kept holds nothing of a round before this one
	last  int // number of a reply
	kept  map[int]counted
}

type counted struct {
	round int
	count func(n int64, took time.Duration)
}

// repeated says how often the host gave a reply by itself, and how long each took.
type repeated struct {
	id   int
	n    int64
	took time.Duration
}

// round tells which of all states a request meets. What it finds out is kept only if it is
// still that one in the end.
func (s *server) round() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.repeats.round
}

// forget ends all repeats: something has changed.
func (s *server) forget() {
	s.mu.Lock()
	s.repeats.round++
	s.mu.Unlock()
	s.host.Forget()
	go s.absorb() // who counts keeps what was released; the caller may hold what counting needs
}

// repeat makes the host give a reply again to who asks the same.
func (s *server) repeat(c call, tree map[string]any, a *lasting) {
	if c.text == "" || !s.now().Before(a.until) {
		return
	}
	if _, err := s.handles.Get(a.handle); err != nil {
		return // it was disposed meanwhile
	}
	id, full := s.add(c.round, a.count)
	switch {
	case full:
		s.forget()
	case id > 0:
		r := repeat{ID: id, Request: c.text, Handle: a.handle, Shared: a.shared, Until: a.until}
		tree = maps.Clone(tree)
		if a.shared {
			tree["handle"] = a.handle
		}
		r.Reply, r.Born = withHoles(tree)
		s.host.Repeat(r)
	}
}

// maxRepeats bounds the replies of a round.
const maxRepeats = 1 << 12

// add numbers a reply that was found out in a round; 0 if that is over.
func (s *server) add(round int, count func(int64, time.Duration)) (id int, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.repeats
	if r.round != round || len(r.kept) == maxRepeats {
		return 0, r.round == round
	}
	if r.kept == nil {
		r.kept = map[int]counted{}
	}
	r.last++
	r.kept[r.last] = counted{round, count}
	return r.last, false
}

// withHoles writes the reply to a load or a prediction, and returns when its model was made.
// It changes result.
func withHoles(result map[string]any) (string, time.Time) {
	version := maps.Clone(result["model"].(map[string]any))
	result["model"] = version
	text, _ := version["created"].(string)
	born, err := time.Parse(time.RFC3339, text)
	if err == nil {
		version["ageSeconds"] = holeAge
	}
	if timing, ok := result["timing"].(map[string]any); ok {
		timing = maps.Clone(timing)
		timing["decode"], timing["total"] = holeTook, holeTook
		result["timing"] = timing
	}
	reply := message.Reply{Result: result}.Encode()
	reply["id"] = holeID
	return string(write(reply)), born
}

// absorb counts what the host answered by itself. It is called before anything that tells
// counts, and a little after the host answered.
func (s *server) absorb() {
	s.absorbing.Lock()
	defer s.absorbing.Unlock()
	for _, r := range s.host.Repeated() {
		s.mu.Lock()
		c := s.repeats.kept[r.id]
		s.mu.Unlock()
		if c.count != nil {
			c.count(r.n, r.took)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := &s.repeats; r.swept != r.round {
		r.swept = r.round
		maps.DeleteFunc(r.kept, func(_ int, c counted) bool { return c.round != r.round })
	}
}

// shares returns how many have the version of an entry that share a lease with somebody, by
// name and version, and how many these are in all.
func (s *server) shares() (of map[[2]string]int, all int) {
	of = map[[2]string]int{}
	for n, more := range s.host.Shared() {
		if h, err := s.handles.Get(n); err == nil && h.entry != nil {
			of[[2]string{h.entry.Name, h.entry.Version}] += more
			all += more
		}
	}
	return of, all
}

// steady returns until when what a page is told about a version stays true, its age aside.
func (s *server) steady(e *cache.Entry) time.Time {
	soon := s.now().Add(time.Second)
	if e == nil {
		return soon.AddDate(1, 0, 0) // bare ONNX never changes
	}
	if now := e.Now(); now.Freshness == cache.Fresh {
		return now.NextRefresh
	}
	return soon // nobody tells when it changes
}
