package main

import (
	"context"

	"larder/cache"
	"larder/wasm/message"
)

// cacheFlush writes down what may be lost when the page goes.
func (s *server) cacheFlush(ctx context.Context, _ call) (result, error) {
	l, err := s.opened()
	if err != nil {
		return result{}, err
	}
	return result{}, l.cache.Flush(ctx)
}

// cachePrefetch stores a version and prepares nothing.
func (s *server) cachePrefetch(ctx context.Context, c call) (result, error) {
	p, err := message.DecodeLoad(c.params)
	l, err := s.after(err)
	if err != nil {
		return result{}, err
	}
	_, err = l.cache.Prefetch(ctx, p.Model, p.Version, s.progress(c.id).Cache)
	return result{}, err
}

func (s *server) cachePin(ctx context.Context, c call) (result, error) {
	p, err := message.DecodePin(c.params)
	l, err := s.after(err)
	if err != nil {
		return result{}, err
	}
	return result{}, l.cache.Pin(ctx, p.Model, p.Version, p.Pinned)
}

func (s *server) cacheVerify(ctx context.Context, c call) (result, error) {
	p, err := message.DecodeModel(c.params)
	l, err := s.after(err)
	if err != nil {
		return result{}, err
	}
	v, err := l.cache.Verify(ctx, p.Model, s.progress(c.id).Cache)
	if err != nil {
		return result{}, err
	}
	return result{tree: message.Verified{Chunks: int64(v.Chunks), Bytes: v.Bytes, Corrupt: int64(v.Corrupt),
		Missing: int64(v.Missing), Repaired: int64(v.Repaired)}.Encode()}, nil
}

func (s *server) cacheRollback(ctx context.Context, c call) (result, error) {
	p, err := message.DecodeModel(c.params)
	l, err := s.after(err)
	if err != nil {
		return result{}, err
	}
	_, err = l.cache.Rollback(ctx, p.Model)
	return result{}, err
}

// cacheExport makes a file of a version.
func (s *server) cacheExport(ctx context.Context, c call) (result, error) {
	p, err := message.DecodeLoad(c.params)
	l, err := s.after(err)
	if err != nil {
		return result{}, err
	}
	name := ""
	out := s.host.NewFile()
	err = l.cache.Export(ctx, p.Model, p.Version, func(i cache.Info) { name = i.Name + "-" + i.Version + ".larder" }, out.Write, s.progress(c.id).Cache)
	if err != nil {
		return result{}, err
	}
	file, err := out.End()
	return result{tree: message.Exported{File: file, Name: name}.Encode()}, err
}

// cacheImport stores what a file holds.
func (s *server) cacheImport(ctx context.Context, c call) (result, error) {
	p, err := message.DecodeImport(c.params)
	l, err := s.after(err)
	if err != nil {
		return result{}, err
	}
	from, err := s.host.Body(ctx, p.File)
	if err != nil {
		return result{}, err
	}
	defer from.Close()
	info, err := l.cache.Import(ctx, from, s.progress(c.id).Cache)
	return s.entries([]cache.Info{info}, err)
}
