//go:build js

package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hack-pad/safejs"

	"larder/cache"
	"larder/cache/schedule"
	"larder/cache/store"
	"larder/cache/store/idbstore"
	"larder/cache/store/memstore"
	"larder/wasm/bridge"
	"larder/wasm/message"
)

// breath is how long a computation may keep the host from delivering messages,
// a cancellation among them.
const breath = 30 * time.Millisecond

// jsHost is the host in a browser's Web Worker.
type jsHost struct {
	page bridge.Port
	bell safejs.Value // undefined until the page gives one
	team safejs.Value // see parts/team.js; undefined until there are kernels

	repeats safejs.Value // see parts/repeats.js; undefined without a page
}

// Post implements host.
func (h *jsHost) Post(tree map[string]any, give []any) {
	buffers := make([]safejs.Value, 0, len(give))
	for _, v := range give {
		if b, err := v.(safejs.Value).Get("buffer"); err == nil {
			buffers = append(buffers, b)
		}
	}
	if err := postFlat(h.page, tree, buffers...); err != nil {
		// A result that cannot be cloned is a defect; the page must not wait for it.
		id, _ := tree["id"].(int)
		h.Post(message.Reply{ID: id, Err: fault(message.CodeInternal, "the reply cannot be sent: %v", err)}.Encode(), nil)
	}
}

func (h *jsHost) Breathe(ctx context.Context) context.Context {
	return bridge.Breathe(ctx, breath, h.bell)
}

// Heed implements host.
func (h *jsHost) Heed(bell any) {
	if v, ok := bell.(safejs.Value); ok {
		h.bell = v
	}
}

// Parts chooses the store. A private window, a blocked cookie setting or a broken
// profile has no IndexedDB: then models live in memory, and the page says so.
func (h *jsHost) Parts(ctx context.Context, models string) (parts, error) {
	p := parts{storage: message.StorageIndexedDB}
	p.options = cache.Options{
		Registry: fetcher{root: models, push: h.push()}, RegistryID: models, Hasher: hasher{}, Locker: newLocker(models), Space: space{}, Zones: loadZone,
	}
	var err error
	p.options.Store, err = openStore(ctx, models)
	if err != nil {
		if ctx.Err() != nil {
			return p, ctx.Err()
		}
		p.storage, p.reason = message.StorageMemory, err.Error()
		p.options.Store, p.options.Locker, p.options.Space = memstore.New(), cache.NewLocker(), nil
	} else {
		p.options.Peers = newPeers(models)
	}
	return p, nil
}

// loadZone is for schedules.
func loadZone(name string) (schedule.Zone, error) { return bridge.LoadZone(name) }

// push returns a function that tells the page, once, that the host has an event stream.
func (h *jsHost) push() func(url string) {
	var once sync.Once
	return func(url string) {
		once.Do(func() { h.Post(message.Event{Name: message.EventPush, Data: map[string]any{"url": url}}.Encode(), nil) })
	}
}

// openStore opens the store of a registry. Each has one of its own, as it has locks and a
// channel: the sites of an origin may call different models by one name.
func openStore(ctx context.Context, models string) (store.Store, error) {
	s, err := idbstore.Open(ctx, idbstore.Options{Name: idbstore.DefaultName + " " + models})
	if err != nil {
		return nil, err
	}
	// A database that opens may still refuse to be read.
	if _, err := s.Snapshot(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// maxHashed bounds the Blobs that are read as a whole.
const maxHashed = 4 << 20

// Source implements host.
func (h *jsHost) Source(ctx context.Context, v any) (source, string, error) {
	if blob, ok := v.(safejs.Value); ok && bridge.Is(blob, "Blob") && bridge.ByteLength(blob) > maxHashed {
		return files{bridge.NewSlices(ctx, blob)}, "", nil
	}
	array, err := arrayOf(ctx, v)
	if err != nil {
		return nil, "", err
	}
	sum, err := bridge.SHA256(ctx, array.JSValue())
	return held{array}, hex.EncodeToString(sum[:]), err
}

// Digest implements host. Pictures that the browser holds decoded (ImageBitmap, VideoFrame)
// have no bytes to be had without reading all pixels back.
func (h *jsHost) Digest(ctx context.Context, input any) (name string, again any, ok bool, err error) {
	v, is := input.(safejs.Value)
	switch {
	case is && bridge.Is(v, "ImageData"):
		pixels, err := v.Get("data")
		if err != nil {
			return "", input, false, nil
		}
		w, h := bridge.PictureSize(v)
		name, ok = hashKind(ctx, pixels, fmt.Sprintf("i%d,%d,%s,", w, h, bridge.Text(v, "colorSpace")))
		return name, input, ok, ctx.Err()
	case !is || bridge.ByteLength(v) > maxPictureFile:
		return "", input, false, nil
	}
	var array *bridge.Blob
	if bridge.Is(v, "Blob") {
		if array, err = arrayOf(ctx, v); err != nil {
			return "", input, false, err
		}
	} else if array, err = bridge.NewBlob(v); err != nil {
		return "", input, false, nil // it has no bytes
	}
	name, ok = hashKind(ctx, array.JSValue(), "p")
	return name, array.JSValue(), ok, ctx.Err()
}

// hashKind names bytes by what kind of thing they are and their SHA-256. Bytes that cannot be
// hashed are no reason to fail.
func hashKind(ctx context.Context, bytes safejs.Value, kind string) (name string, ok bool) {
	sum, err := bridge.SHA256(ctx, bytes)
	if err != nil {
		return "", false
	}
	return kind + hex.EncodeToString(sum[:]), true
}

// held is a source in the memory of the host.
type held struct{ *bridge.Blob }

func (held) Attend(context.Context) {}
func (held) Close()                 {}

// files is a Blob that is read piece by piece, with errors that a page can use.
type files struct{ *bridge.Slices }

func (f files) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.Slices.ReadAt(p, at)
	if err != nil {
		err = unreadable(context.Background(), err)
	}
	return n, err
}

// arrayOf returns the bytes of an ArrayBuffer, a view or a Blob where they are.
func arrayOf(ctx context.Context, v any) (*bridge.Blob, error) {
	value, ok := v.(safejs.Value)
	switch {
	case ok && bridge.Is(value, "Blob"):
		buffer, err := bridge.ReadBlob(ctx, value)
		if err != nil {
			return nil, unreadable(ctx, err)
		}
		return buffer, nil
	case ok && bridge.IsBytes(value):
		return bridge.NewBlob(value)
	}
	return nil, fault(message.CodeInvalidInput, "%s is no ArrayBuffer, typed array or Blob", kind(v))
}

// unreadable explains a Blob that the browser cannot read: a file that was
// removed, or changed since it was chosen.
func unreadable(ctx context.Context, err error) error {
	var e *bridge.Error
	if ctx.Err() != nil || !errors.As(err, &e) {
		return err
	}
	return fault(message.CodeInvalidInput, "the file cannot be read: %s; choose it again", e.Message)
}

// kind names a value for an error text.
func kind(v any) string {
	switch v := v.(type) {
	case safejs.Value:
		return bridge.ClassName(v)
	case string:
		return "a string"
	case map[string]any:
		return "an object"
	case []any:
		return "an array"
	}
	return "the value"
}
