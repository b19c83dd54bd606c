package main

import (
	"context"
	"sync/atomic"

	"larder/cache"
	"larder/wasm/message"
)

// larder is what open makes: the cache, and what the page asked for.
type larder struct {
	cache   *cache.Cache
	storage string
	threads int         // asked for
	listens atomic.Bool // whether the page is told what happens in the cache
}

func (s *server) open(ctx context.Context, c call) (result, error) {
	p, err := message.DecodeOpen(c.params)
	if err != nil {
		return result{}, err
	}
	if s.isOpen() {
		return result{}, fault(message.CodeInvalidInput, "the worker is open already")
	}
	parts, err := s.host.Parts(ctx, p.Models)
	if err != nil {
		return result{}, err
	}
	s.host.Heed(p.Bell)
	m, err := s.host.Engine(ctx, p.Threads)
	if err != nil {
		return result{}, err
	}
	contents, err := cache.New(parts.options)
	if err != nil {
		return result{}, err
	}
	contents.Subscribe(func(e cache.Event) {
		if e.Kind != cache.EventServed {
			s.forget()
		}
	})
	s.mu.Lock()
	s.larder = &larder{cache: contents, storage: parts.storage, threads: p.Threads}
	s.mu.Unlock()
	return result{tree: message.Opened{Version: release, Storage: parts.storage, StorageReason: parts.reason,
		Threads: m.threads, ThreadsReason: m.reason, Engine: m.name}.Encode()}, nil
}

func (s *server) isOpen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.larder != nil
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

// after returns what open made, unless there was an error before.
func (s *server) after(err error) (*larder, error) {
	if err != nil {
		return nil, err
	}
	return s.opened()
}
