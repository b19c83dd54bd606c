//go:build js

package main

import (
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/hack-pad/safejs"

	"larder/cache"
	"larder/cache/registry"
	"larder/wasm/bridge"
)

// fetcher is the transport of the registry at an absolute address.
type fetcher struct {
	root string
	push func(url string) // told the address of the host's event stream, if it has one
}

// eventsHeader is what a host that tells of changes sends with index.json: the address
// of its event stream, relative to the registry's root. Others have none, and are not
// asked.
const eventsHeader = "larder-events"

var _ registry.Fetcher = fetcher{}

// Fetch implements registry.Fetcher.
func (f fetcher) Fetch(ctx context.Context, r registry.Request) (*registry.Response, error) {
	headers := map[string]string{}
	if r.ETag != "" {
		headers["if-none-match"] = r.ETag
	}
	if !r.Range.IsZero() {
		headers["range"] = r.Range.Header()
		if r.IfRange != "" {
			headers["if-range"] = r.IfRange
		}
	}
	url := f.root + r.Path
	if registry.Absolute(r.Path) {
		url = r.Path
	}
	res, err := bridge.Fetch(ctx, url, headers)
	if errors.Is(err, bridge.ErrNetwork) && conditional(headers) && bridge.Foreign(url) {
		// A host of another origin has to allow conditions, and many show their ETag and do
		// not: then the browser asks nothing. Without them the answer is longer, not wrong.
		delete(headers, "if-none-match")
		delete(headers, "if-range")
		res, err = bridge.Fetch(ctx, url, headers)
	}
	if err != nil {
		return nil, transportError(ctx, r.Path, err)
	}
	if events := res.Header(eventsHeader); events != "" && f.push != nil && r.Path == "index.json" {
		f.push(f.root + events)
	}
	out := &registry.Response{
		Status:      res.Status,
		ETag:        res.Header("etag"),
		ContentType: res.Header("content-type"),
		Length:      -1,
		Total:       -1,
		Body:        body{path: r.Path, body: res.Body, ctx: ctx},
	}
	encoding := res.Header("content-encoding")
	out.Encoded = encoding != "" && encoding != "identity"
	if n, err := strconv.ParseInt(res.Header("content-length"), 10, 64); err == nil && n >= 0 && !out.Encoded {
		out.Length = n
	}
	switch res.Status {
	case 206:
		out.Content, out.Total = registry.ParseContentRange(res.Header("content-range"))
	case 429, 503:
		out.RetryAfter = res.Header("retry-after")
	}
	return out, nil
}

// conditional reports whether a request has headers that a host has to allow.
func conditional(headers map[string]string) bool {
	return headers["if-none-match"] != "" || headers["if-range"] != ""
}

// body adapts a stream of the host.
type body struct {
	path string
	body *bridge.Body
	ctx  context.Context // of Fetch
}

// Next implements registry.Body.
func (b body) Next(ctx context.Context, n int64, arrived func(int64)) (registry.Blob, error) {
	blob, err := b.body.Next(ctx, n, arrived)
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return blob, err
	case b.ctx.Err() != nil:
		err = b.ctx.Err()
	}
	return nil, transportError(ctx, b.path, err)
}

// Close implements registry.Body.
func (b body) Close() error { return b.body.Close() }

func transportError(ctx context.Context, path string, err error) error {
	e := &registry.Error{Code: registry.Internal, Op: "fetch", Path: path, Err: err}
	switch {
	case ctx.Err() != nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.Code = registry.Aborted
	case errors.Is(err, bridge.ErrNetwork):
		e.Code, e.Detail = registry.Offline, "no answer from the network"
	}
	return e
}

// hasher hashes by WebCrypto.
type hasher struct{}

// Sum implements registry.Hasher.
func (hasher) Sum(ctx context.Context, b registry.Blob) (registry.Digest, error) {
	if outside, ok := b.(interface{ JSValue() safejs.Value }); ok {
		return bridge.SHA256(ctx, outside.JSValue())
	}
	return registry.GoHasher{}.Sum(ctx, b)
}

// SumAll implements registry.BatchHasher.
func (h hasher) SumAll(ctx context.Context, blobs []registry.Blob) ([]registry.Digest, error) {
	arrays := make([]safejs.Value, len(blobs))
	for i, b := range blobs {
		outside, ok := b.(interface{ JSValue() safejs.Value })
		if !ok {
			return nil, errors.New("worker: a blob in Go's heap")
		}
		arrays[i] = outside.JSValue()
	}
	return bridge.SHA256All(ctx, arrays)
}

// newLocker returns Web Locks where the host has them, else locks that only this
// worker knows: two tabs may then download the same bytes, and both are right.
func newLocker(models string) cache.Locker {
	if bridge.HasLocks() {
		return webLocks{" " + models}
	}
	return cache.NewLocker()
}

// webLocks are shared by all tabs and workers of the origin; suffix makes them those of one registry.
type webLocks struct{ suffix string }

// Lock implements cache.Locker.
func (l webLocks) Lock(ctx context.Context, name string, shared bool) (func(), error) {
	release, _, err := bridge.Lock(ctx, name+l.suffix, shared, true)
	return release, err
}

// TryLock implements cache.Locker.
func (l webLocks) TryLock(ctx context.Context, name string, shared bool) (func(), bool, error) {
	return bridge.Lock(ctx, name+l.suffix, shared, false)
}
