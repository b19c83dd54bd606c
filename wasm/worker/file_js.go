//go:build js

package main

import (
	"context"

	"github.com/hack-pad/safejs"

	"larder/cache/registry"
	"larder/cache/store"
	"larder/wasm/bridge"
)

// NewFile implements host.
func (h *jsHost) NewFile() file { return &blobFile{} }

// blobFile is a file in the making. The browser keeps what was written outside of this
// process, or on disk.
type blobFile struct{ parts []any }

// Write implements file.
func (f *blobFile) Write(b store.Blob) error {
	var bytes safejs.Value
	if outside, ok := b.(interface{ JSValue() safejs.Value }); ok {
		bytes = outside.JSValue()
	} else {
		data, err := b.Bytes()
		if err != nil {
			return err
		}
		if bytes, err = bridge.Uint8Array(data); err != nil {
			return err
		}
	}
	part, err := bridge.NewHostBlob(bytes) // which copies them
	f.parts = append(f.parts, part)
	return err
}

// End implements file.
func (f *blobFile) End() (any, error) { return bridge.NewHostBlob(f.parts...) }

// Body implements host.
func (h *jsHost) Body(ctx context.Context, v any) (registry.Body, error) {
	blob, ok := v.(safejs.Value)
	if !ok || !bridge.Is(blob, "Blob") {
		array, err := arrayOf(ctx, v)
		if err != nil {
			return nil, err
		}
		if blob, err = bridge.NewHostBlob(array.JSValue()); err != nil {
			return nil, err
		}
	}
	stream, err := bridge.Stream(blob)
	return body{path: "import", body: stream, ctx: ctx}, err
}

// space is what the browser says about its storage.
type space struct{}

// Estimate implements cache.Space.
func (space) Estimate(ctx context.Context) (used, quota int64, err error) {
	return bridge.Estimate(ctx)
}
