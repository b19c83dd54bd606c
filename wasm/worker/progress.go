package main

import (
	"sync"

	"larder/cache"
	"larder/wasm/message"
)

// progress tells the page how far one request is, at most about a hundred times
// in each phase.
type progress struct {
	post func(message.Progress)

	mu   sync.Mutex
	last message.Progress
}

func (s *server) progress(id int) *progress {
	return &progress{post: func(p message.Progress) { s.host.Post(p.Message(id), nil) }}
}

// Cache passes on what the cache reports.
func (p *progress) Cache(c cache.Progress) {
	p.tell(message.Progress{Phase: string(c.Phase), Loaded: c.Loaded, Total: c.Total, File: c.File})
}

// Prepare reports the work on a model's file.
func (p *progress) Prepare(file string, loaded, total int64) {
	p.tell(message.Progress{Phase: message.PhasePrepare, Loaded: loaded, Total: total, File: file})
}

func (p *progress) tell(now message.Progress) {
	p.mu.Lock()
	last := p.last
	small := now.Phase == last.Phase && now.Total == last.Total && now.Loaded < now.Total && now.Loaded-last.Loaded < now.Total/100
	if !small && now != last {
		p.last = now
	}
	p.mu.Unlock()
	if !small && now != last {
		p.post(now)
	}
}
