package main

import (
	"context"
	"fmt"

	"larder/cache"
	"larder/wasm/message"
)

// larder is what open makes: the cache, and what the page asked for.
type larder struct {
	cache   *cache.Cache
	storage string
	threads int // asked for
}

// threads is how many threads run a model. The engine of this release is plain
// Go, which has one.
const threads = 1

// threadsReason says why a model does not run on as many threads as asked for.
func threadsReason(asked int) string {
	if asked <= threads {
		return ""
	}
	return fmt.Sprintf("%d threads were asked for; this release computes on one", asked)
}

func (s *server) open(ctx context.Context, c call) (result, error) {
	p, err := message.DecodeOpen(c.params)
	if err != nil {
		return result{}, err
	}
	if _, err := s.opened(); err == nil {
		return result{}, fault(message.CodeInvalidInput, "the worker is open already")
	}
	parts, err := s.host.Parts(ctx, p.Models)
	if err != nil {
		return result{}, err
	}
	contents, err := cache.New(ctx, parts.options)
	if err != nil {
		return result{}, err
	}
	// The subscription lasts as long as the program.
	contents.Subscribe(func(e cache.Event) {
		s.host.Post(message.Event{Name: message.EventCache, Data: describeEvent(e).Encode()}.Encode(), nil)
	})
	s.mu.Lock()
	s.larder = &larder{cache: contents, storage: parts.storage, threads: p.Threads}
	s.mu.Unlock()
	return result{tree: message.Opened{Version: release, Storage: parts.storage, StorageReason: parts.reason,
		Threads: threads, ThreadsReason: threadsReason(p.Threads)}.Encode()}, nil
}

// opened returns what open made.
func (s *server) opened() (*larder, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.larder == nil {
		return nil, fault(message.CodeClosed, "open was not called, or failed")
	}
	return s.larder, nil
}
