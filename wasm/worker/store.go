package main

import (
	"context"

	"larder/cache"
	"larder/wasm/message"
)

// cacheListen tells the page from now on what happens in the cache.
func (s *server) cacheListen(context.Context, call) (result, error) {
	l, err := s.opened()
	if err != nil {
		return result{}, err
	}
	if l.listens.Swap(true) {
		return result{}, nil
	}
	s.forget() // from now on every load is told
	// The subscription lasts as long as the program.
	l.cache.Subscribe(func(e cache.Event) {
		s.host.Post(message.Event{Name: message.EventCache, Data: describeEvent(e).Encode()}.Encode(), nil)
	})
	return result{}, nil
}

func (s *server) cacheList(ctx context.Context, _ call) (result, error) {
	l, err := s.opened()
	if err != nil {
		return result{}, err
	}
	list, err := l.cache.List(ctx)
	return s.entries(list, err)
}

// refreshing makes a method of one of the cache's two ways to refresh a model.
func refreshing(do func(*cache.Cache, context.Context, string, func(cache.Progress)) ([]cache.Info, error)) method {
	return func(s *server, ctx context.Context, c call) (result, error) {
		p, err := message.DecodeModel(c.params)
		l, err := s.after(err)
		if err != nil {
			return result{}, err
		}
		list, err := do(l.cache, ctx, p.Model, s.progress(c.id).Cache)
		return s.entries(list, err)
	}
}

func (s *server) entries(list []cache.Info, err error) (result, error) {
	if err != nil {
		return result{}, err
	}
	out := message.CacheList{}
	shares, _ := s.shares()
	for i := range list {
		list[i].InUse += shares[[2]string{list[i].Name, list[i].Version}]
		out.Entries = append(out.Entries, s.describeInfo(&list[i]))
	}
	return result{tree: out.Encode()}, nil
}

func (s *server) cacheEvict(ctx context.Context, c call) (result, error) {
	p, err := message.DecodeModel(c.params)
	l, err := s.after(err)
	if err != nil {
		return result{}, err
	}
	return result{}, l.cache.Evict(ctx, p.Model)
}

func (s *server) cacheStats(ctx context.Context, _ call) (result, error) {
	l, err := s.opened()
	if err != nil {
		return result{}, err
	}
	st, err := l.cache.Stats(ctx)
	if err != nil {
		return result{}, err
	}
	_, more := s.shares()
	st.Leases += more
	st.Memory.Leases += int64(more)
	return result{tree: message.CacheStats{
		Storage:    l.storage,
		MemoryHits: st.MemoryHits, StoreHits: st.StoreHits, RegistryLoads: st.RegistryLoads,
		Revalidations: st.Revalidations, NotModified: st.NotModified, StaleServed: st.StaleServed,
		CorruptChunks: st.CorruptChunks, Failures: st.Failures, Requests: st.Requests,
		BytesDownloaded: st.BytesDownloaded, BytesReused: st.BytesReused,
		MemoryBytes: st.MemoryBytes, MemoryBudget: st.MemoryBudget,
		MemoryEntries: int64(st.MemoryEntries), Leases: int64(st.Leases),
		StoreBytes: st.Store.Bytes, StoreChunks: int64(st.Store.Chunks), StoreVersions: int64(st.Store.Records),
		Tiers: describeTiers(&st, s.memo.Stats()),
	}.Encode()}, nil
}

func (s *server) index(ctx context.Context, _ call) (result, error) {
	l, err := s.opened()
	if err != nil {
		return result{}, err
	}
	ix, stale, err := l.cache.Index(ctx)
	if err != nil {
		return result{}, err
	}
	out := message.Index{Default: ix.Default, Stale: stale}
	for _, m := range ix.Models {
		out.Models = append(out.Models, message.IndexModel{Name: m.Name, Title: m.Title, Task: m.Task, Versions: m.Versions, Aliases: m.Aliases})
	}
	return result{tree: out.Encode()}, nil
}
