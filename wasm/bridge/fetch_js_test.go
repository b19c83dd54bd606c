//go:build js

package bridge

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/hack-pad/safejs"
)

// stream makes a Response whose body delivers the given pieces and then does what
// end says: "close", "error", or nothing.
func stream(t *testing.T, end string) *Response {
	t.Helper()
	v, err := eval(t, `(end) => new Response(new ReadableStream({
		start(c) {
			for (const p of [[1, 2, 3], [4], [], [5, 6, 7, 8, 9]]) c.enqueue(new Uint8Array(p));
			if (end === "close") c.close();
			if (end === "error") globalThis.breakStream = () => c.error(new TypeError("network error"));
		}
	}), {headers: {etag: '"v1"'}})`).Invoke(end)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newResponse(v, func() {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Body.Close() })
	return r
}

func next(t *testing.T, b *Body, n int64, want string, wantErr error) {
	t.Helper()
	blob, err := b.Next(t.Context(), n, nil)
	if !errors.Is(err, wantErr) || (err != nil && wantErr == nil) {
		t.Fatalf("Next(%d): error %v, want %v", n, err, wantErr)
	}
	if got, err := blob.Bytes(); err != nil || string(got) != want {
		t.Fatalf("Next(%d) = %v, %v; want %v", n, got, err, []byte(want))
	}
}

func TestBodyNext(t *testing.T) {
	r := stream(t, "close")
	if r.Status != 200 || r.Header("ETag") != `"v1"` || r.Header("missing") != "" {
		t.Errorf("status %d, etag %q", r.Status, r.Header("ETag"))
	}
	next(t, r.Body, 2, "\x01\x02", nil)
	next(t, r.Body, 4, "\x03\x04\x05\x06", nil)
	next(t, r.Body, 3, "\x07\x08\x09", nil)
	next(t, r.Body, 1, "", io.EOF)
	next(t, r.Body, 1, "", io.EOF)
	r = stream(t, "close")
	var arrived []int64
	blob, err := r.Body.Next(t.Context(), 100, func(n int64) { arrived = append(arrived, n) })
	if err != io.EOF || blob.Size() != 9 {
		t.Errorf("all at once: %d bytes, %v", blob.Size(), err)
	}
	if len(arrived) != 3 || arrived[0] != 3 || arrived[1] != 1 || arrived[2] != 5 {
		t.Errorf("arrived %v", arrived)
	}
	if err := errors.Join(r.Body.Close(), r.Body.Close()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if _, err := r.Body.Next(t.Context(), 1, nil); err == nil {
		t.Error("a closed body was read")
	}
}

func TestBodyBreaks(t *testing.T) {
	r := stream(t, "error")
	next(t, r.Body, 9, "\x01\x02\x03\x04\x05\x06\x07\x08\x09", nil)
	if _, err := safejs.Global().Call("breakStream"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Body.Next(t.Context(), 1, nil); !errors.Is(err, ErrNetwork) {
		t.Errorf("error %v, want ErrNetwork", err)
	}
}

func TestBodyEndsWithContext(t *testing.T) {
	r := stream(t, "hang")
	next(t, r.Body, 9, "\x01\x02\x03\x04\x05\x06\x07\x08\x09", nil)
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if _, err := r.Body.Next(ctx, 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

// TestFetchAborts replaces the host's fetch by one that answers only to its
// signal, and looks at what Fetch asked for.
func TestFetchAborts(t *testing.T) {
	fake := eval(t, `(url, init) => new Promise((_, reject) => {
		globalThis.asked = {url, cache: init.cache, range: init.headers.range};
		init.signal.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
		globalThis.fetchStarted();
	})`)
	ctx, cancel := context.WithCancel(t.Context())
	started, err := safejs.FuncOf(func(safejs.Value, []safejs.Value) any { go cancel(); return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer started.Release()
	_ = safejs.Global().Set("fetchStarted", started)
	real := class("fetch")
	classes.m["fetch"] = fake
	defer func() { classes.m["fetch"] = real }()

	_, err = Fetch(ctx, "https://example.org/x", map[string]string{"range": "bytes=0-1"})
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrNetwork) {
		t.Errorf("error %v, want that of the context", err)
	}
	asked, _ := safejs.Global().Get("asked")
	equalTree(t, asked, map[string]any{"url": "https://example.org/x", "cache": "no-store", "range": "bytes=0-1"})
	if _, err := Fetch(ctx, "https://example.org/x", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v for an ended context", err)
	}
}

func TestFetch(t *testing.T) {
	r, err := Fetch(t.Context(), "data:text/plain,hello", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	next(t, r.Body, 10, "hello", io.EOF)
	// Port 1 is closed, and browsers refuse to try it.
	if _, err := Fetch(t.Context(), "http://127.0.0.1:1/", nil); !errors.Is(err, ErrNetwork) {
		t.Errorf("error %v, want ErrNetwork", err)
	}
}
