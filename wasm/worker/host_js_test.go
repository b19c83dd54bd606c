//go:build js

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"testing"

	"github.com/hack-pad/safejs"

	"larder/cache/registry"
	"larder/cache/store"
	"larder/model/pre"
	"larder/wasm/bridge"
	"larder/wasm/message"
)

// serveFetch replaces the host's fetch: it answers as a server with one file of
// five bytes would, and writes down what it was asked for.
const serveFetch = `(globalThis.fetch = async (url, init) => {
	globalThis.asked = {url, headers: init.headers};
	if (url.endsWith("/gone")) throw new TypeError("Failed to fetch");
	if (init.headers["if-none-match"] === '"v1"') return new Response(null, {status: 304, headers: {etag: '"v1"'}});
	const headers = {etag: '"v1"', "content-type": "text/plain", "content-length": "5"};
	if (url.endsWith("/packed")) headers["content-encoding"] = "gzip";
	headers["retry-after"] = "7";
	if (url.endsWith("/busy")) return new Response("later", {status: 503, headers});
	if (!init.headers.range) return new Response("hello", {headers});
	return new Response("el", {status: 206, headers: {...headers, "content-length": "2", "content-range": "bytes 1-2/5"}});
}, 1)`

func TestFetcher(t *testing.T) {
	eval(t, serveFetch)
	f := fetcher{root: "https://example.org/models/"}
	tests := []struct {
		name    string
		request registry.Request
		want    registry.Response // Body aside
		body    string
		headers map[string]any
	}{
		{"all", registry.Request{Path: "leaf/a"}, registry.Response{Status: 200, Length: 5, Total: -1}, "hello", map[string]any{}},
		{"encoded", registry.Request{Path: "packed"}, registry.Response{Status: 200, Length: -1, Total: -1}, "hello", map[string]any{}},
		{"busy", registry.Request{Path: "busy"}, registry.Response{Status: 503, Length: 5, Total: -1, RetryAfter: "7"}, "later", map[string]any{}},
		{"part", registry.Request{Path: "a", Range: registry.Range{Start: 1, End: 3}, IfRange: `"v1"`},
			registry.Response{Status: 206, Length: 2, Content: registry.Range{Start: 1, End: 3}, Total: 5}, "el",
			map[string]any{"range": "bytes=1-2", "if-range": `"v1"`}},
		{"unchanged", registry.Request{Path: "a", ETag: `"v1"`}, registry.Response{Status: 304, Length: -1, Total: -1}, "",
			map[string]any{"if-none-match": `"v1"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := f.Fetch(t.Context(), tt.request)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			blob, err := r.Body.Next(t.Context(), 10, nil)
			if err != io.EOF {
				t.Fatalf("Next: %v, want io.EOF", err)
			}
			if b, _ := blob.Bytes(); string(b) != tt.body {
				t.Errorf("body %q, want %q", b, tt.body)
			}
			if r.Status != tt.want.Status || r.Length != tt.want.Length || r.Content != tt.want.Content || r.Total != tt.want.Total || r.RetryAfter != tt.want.RetryAfter || r.ETag != `"v1"` {
				t.Errorf("response %+v, want %+v", r, tt.want)
			}
			asked := eval(t, `globalThis.asked`).(map[string]any)
			if asked["url"] != "https://example.org/models/"+tt.request.Path || len(asked["headers"].(map[string]any)) != len(tt.headers) {
				t.Errorf("asked for %v, want headers %v", asked, tt.headers)
			}
			for k, v := range tt.headers {
				if asked["headers"].(map[string]any)[k] != v {
					t.Errorf("asked for %v, want headers %v", asked, tt.headers)
				}
			}
		})
	}
	if _, err := f.Fetch(t.Context(), registry.Request{Path: "gone"}); registry.CodeOf(err) != registry.Offline {
		t.Errorf("error %v, want offline", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Fetch(ctx, registry.Request{Path: "a"}); registry.CodeOf(err) != registry.Aborted || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want aborted", err)
	}
}

func TestHasher(t *testing.T) {
	want := sha256.Sum256([]byte("chunk"))
	outside, err := bridge.NewBlob(eval(t, `new TextEncoder().encode("chunk")`).(safejs.Value))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []registry.Blob{outside, store.Bytes("chunk")} {
		if got, err := (hasher{}).Sum(t.Context(), b); err != nil || got != want {
			t.Errorf("%T: %x, %v", b, got, err)
		}
	}
}

// TestPictureRefuses looks at what never gets as far as a decoder, and so needs
// no browser.
func TestPictureRefuses(t *testing.T) {
	tests := []struct {
		name, source string
		image        pre.Code // or
		code         string
	}{
		{"nothing", `new Blob([])`, pre.Empty, ""},
		{"text", `new Blob(["some text that is no picture"])`, pre.NotImage, ""},
		{"cut off", `new Uint8Array([137,80,78,71,13,10,26,10, 0,0])`, pre.Truncated, ""},
		{"a number", `7`, "", message.CodeUnsupportedInput},
		{"a map", `new Map()`, "", message.CodeUnsupportedInput},
		{"an object", `({width: 1})`, "", message.CodeUnsupportedInput},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := (&jsHost{}).Picture(t.Context(), eval(t, tt.source))
			var image *pre.ImageError
			var own *message.Error
			switch {
			case errors.As(err, &image) && image.Code == tt.image:
			case errors.As(err, &own) && own.Code == tt.code:
			default:
				t.Errorf("error %#v", err)
			}
		})
	}
}

func TestSource(t *testing.T) {
	for _, source := range []string{`new Uint8Array([1, 2]).buffer`, `new Uint8Array([1, 2])`, `new Blob([new Uint8Array([1, 2])])`} {
		data := make([]byte, 2)
		src, digest, err := (&jsHost{}).Source(t.Context(), eval(t, source))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := src.ReadAt(data, 0); n != 2 || err != nil || string(data) != "\x01\x02" || src.Size() != 2 {
			t.Errorf("%s: %v, %v", source, data, err)
		}
		if sum := sha256.Sum256(data); digest != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: digest %s", source, digest)
		}
	}
	var own *message.Error
	if _, _, err := (&jsHost{}).Source(t.Context(), "text"); !errors.As(err, &own) || own.Code != message.CodeInvalidInput {
		t.Errorf("error %v for a string", err)
	}
}

// TestSourceOfLargeBlob reads a Blob of several windows, back and forth.
func TestSourceOfLargeBlob(t *testing.T) {
	src, digest, err := (&jsHost{}).Source(t.Context(), eval(t, `new Blob([Uint8Array.from({length: 9 << 20}, (_, i) => i >> 10)])`))
	if err != nil || digest != "" || src.Size() != 9<<20 {
		t.Fatalf("%d bytes, digest %q, %v", src.Size(), digest, err)
	}
	for _, at := range []int64{0, 4<<20 - 3, 8 << 20, 5, 9<<20 - 6} {
		b := make([]byte, 6)
		if n, err := src.ReadAt(b, at); n != len(b) || err != nil {
			t.Fatalf("at %d: %d, %v", at, n, err)
		}
		for i, v := range b {
			if v != byte((at+int64(i))>>10) {
				t.Errorf("byte %d is %d", at+int64(i), v)
			}
		}
	}
	if n, err := src.ReadAt(make([]byte, 6), 9<<20-2); n != 2 || err != io.EOF {
		t.Errorf("beyond the end: %d, %v", n, err)
	}
}
