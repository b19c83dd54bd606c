package main

import (
	"context"

	"github.com/hack-pad/safejs"

	"larder/wasm/bridge"
	"larder/wasm/message"
	"larder/web/state"
)

var _ state.Cache = (*larder)(nil)

// ask calls a method of larder.cache with arguments and the options that all of them
// take, and decodes the result.
func ask[T any](ctx context.Context, l *larder, method string, decode func(any) (T, error), options map[string]any, args ...any) (T, error) {
	var none T
	sig, stop := signal(ctx)
	defer stop()
	if options == nil {
		options = map[string]any{}
	}
	options["signal"] = sig
	value, err := await(method, l.opened.Get("cache").Call(method, append(args, options)...))
	if err != nil {
		return none, err
	}
	tree, err := bridge.ToGo(safejs.Safe(value))
	if err != nil {
		return none, err
	}
	return decode(tree)
}

// watched is ask with progress.
func watched[T any](ctx context.Context, l *larder, method string, decode func(any) (T, error), onProgress func(message.Progress), args ...any) (T, error) {
	progress := listener(message.DecodeProgress, onProgress)
	defer progress.Release()
	return ask(ctx, l, method, decode, map[string]any{"onProgress": progress}, args...)
}

// entries decodes the list of versions that larder.js returns.
func entries(tree any) ([]message.CacheEntry, error) {
	list, err := message.DecodeCacheList(map[string]any{"entries": tree})
	return list.Entries, err
}

// nothing decodes a result that says nothing.
func nothing(any) (struct{}, error) { return struct{}{}, nil }

// List describes what is stored.
func (l *larder) List(ctx context.Context) ([]message.CacheEntry, error) {
	return ask(ctx, l, "list", entries, nil)
}

// Stats returns the counters, and what the browser says about its storage.
func (l *larder) Stats(ctx context.Context) (message.CacheStats, message.Room, error) {
	var room message.Room
	stats, err := ask(ctx, l, "stats", func(tree any) (message.CacheStats, error) {
		var err error
		if room, err = message.DecodeRoom(tree); err != nil {
			return message.CacheStats{}, err
		}
		return message.DecodeCacheStats(tree)
	}, nil)
	return stats, room, err
}

// Download stores a model.
func (l *larder) Download(ctx context.Context, name string, onProgress func(message.Progress)) error {
	_, err := watched(ctx, l, "prefetch", nothing, onProgress, name)
	return err
}

// Refresh asks the registry for a newer version now.
func (l *larder) Refresh(ctx context.Context, name string, onProgress func(message.Progress)) error {
	_, err := watched(ctx, l, "refresh", nothing, onProgress, name)
	return err
}

// Pin keeps a version, or lets it go.
func (l *larder) Pin(ctx context.Context, name, version string, pinned bool) error {
	method := "pin"
	if !pinned {
		method = "unpin"
	}
	_, err := ask(ctx, l, method, nothing, map[string]any{"version": version}, name)
	return err
}

// Rollback goes back to the version before.
func (l *larder) Rollback(ctx context.Context, name string) error {
	_, err := ask(ctx, l, "rollback", nothing, nil, name)
	return err
}

// Verify reads every chunk of a model.
func (l *larder) Verify(ctx context.Context, name string, onProgress func(message.Progress)) (message.Verified, error) {
	return watched(ctx, l, "verify", message.DecodeVerified, onProgress, name)
}

// Evict removes a model.
func (l *larder) Evict(ctx context.Context, name string) error {
	_, err := ask(ctx, l, "evict", nothing, nil, name)
	return err
}

// Export saves a version as a file.
func (l *larder) Export(ctx context.Context, name, version string) (string, error) {
	sig, stop := signal(ctx)
	defer stop()
	options := map[string]any{"signal": sig, "version": version}
	file, err := await("export", l.opened.Get("cache").Call("export", name, options))
	if err != nil {
		return "", err
	}
	saved := file.Get("name").String()
	l.host.save(file, saved)
	return saved, nil
}

// Import stores what a file holds.
func (l *larder) Import(ctx context.Context, file any, onProgress func(message.Progress)) ([]message.CacheEntry, error) {
	return watched(ctx, l, "import", entries, onProgress, file)
}

// Persist asks the browser not to clear what is stored.
func (l *larder) Persist(context.Context) (bool, error) {
	granted, err := await("persist", l.opened.Get("cache").Call("persist"))
	return err == nil && granted.Truthy(), err
}

// On listens to the cache's events, for as long as the page lives.
func (l *larder) On(f func(message.CacheEvent)) {
	l.opened.Get("cache").Call("on", "*", listener(message.DecodeCacheEvent, f))
}
