//go:build js

package bridge

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/hack-pad/safejs"
)

// ErrNetwork is in the chain of an error of Fetch or Body.Next when no answer
// came or the connection broke. The host does not say why.
var ErrNetwork = errors.New("bridge: fetch: no connection")

// Response is the answer to a GET. Its Body must be closed.
type Response struct {
	Status int
	Body   *Body

	headers safejs.Value
}

// Header returns a response header, or "". A host shows a page of another origin
// only those headers that the server exposes.
func (r *Response) Header(name string) string {
	v, err := r.headers.Call("get", name)
	if err != nil || kindOf(v) != safejs.TypeString {
		return ""
	}
	return text(v)
}

// Fetch makes one GET without the host's HTTP cache, and follows redirects. Every
// status is a Response; an error is that of ctx, or has ErrNetwork in its chain.
// If ctx ends before the body is read or closed, the body is of no further use.
func Fetch(ctx context.Context, url string, headers map[string]string) (*Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	signal, stop, err := abortSignal(ctx)
	if err != nil {
		return nil, err
	}
	h := make(map[string]any, len(headers))
	for k, v := range headers {
		h[k] = v
	}
	init := map[string]any{"cache": "no-store", "signal": signal, "headers": h}
	// The wait is not bound to ctx: the signal ends the promise, and only then
	// is it certain that no response comes that nobody would close.
	p, err := class("fetch").Invoke(url, init)
	if err == nil {
		p, err = Await(context.WithoutCancel(ctx), "fetch", p)
	}
	if err != nil {
		stop()
		return nil, networkError(ctx, err)
	}
	return newResponse(p, stop)
}

func newResponse(v safejs.Value, stop func()) (*Response, error) {
	headers, err := v.Get("headers")
	if err != nil {
		stop()
		return nil, wrap("fetch", err)
	}
	r := &Response{Status: integer(v, "status"), headers: headers, Body: &Body{stop: stop}}
	stream, err := v.Get("body")
	if err != nil {
		stop()
		return nil, wrap("fetch", err)
	}
	if kindOf(stream) != safejs.TypeObject {
		r.Body.ended = true // a 304 has no body
		return r, nil
	}
	if r.Body.reader, err = stream.Call("getReader"); err != nil {
		stop()
		return nil, wrap("fetch", err)
	}
	return r, nil
}

// Body is the stream of a response's bytes. One goroutine at a time may use it.
type Body struct {
	reader safejs.Value
	rest   safejs.Value // of the last piece: a Uint8Array with restSize bytes
	left   int
	ended  bool
	closed bool
	stop   func()
}

// Next returns the next n bytes in one Blob outside Go's heap, assembled there
// once. At the end of the body it returns what is left, possibly nothing, with
// io.EOF. Other errors are ctx's, or have ErrNetwork in their chain. arrived, if
// not nil, is told how many bytes came in since its last call.
func (b *Body) Next(ctx context.Context, n int64, arrived func(int64)) (*Blob, error) {
	if b.closed {
		return nil, &Error{Op: "fetch", Message: "the body is closed"}
	}
	out, err := newArray(n)
	if err != nil {
		return nil, wrap("fetch", err)
	}
	var have int64
	for have < n {
		if b.left == 0 {
			if err := b.read(ctx); err != nil {
				return nil, err
			}
			if b.ended {
				break
			}
			if arrived != nil {
				arrived(int64(b.left))
			}
		}
		moved, err := b.move(out.array, have, n-have)
		if err != nil {
			return nil, err
		}
		have += moved
	}
	if have == n {
		return out, nil
	}
	// A copy, so that a short tail does not keep the whole buffer alive.
	short, err := out.array.Call("slice", 0, have)
	if err != nil {
		return nil, wrap("fetch", err)
	}
	return &Blob{array: short, size: have}, io.EOF
}

// read waits for the next piece of the stream.
func (b *Body) read(ctx context.Context) error {
	for b.left == 0 && !b.ended {
		result, err := call(ctx, "fetch", b.reader, "read")
		if err != nil {
			return networkError(ctx, err)
		}
		done, err := result.Get("done")
		if err != nil {
			return wrap("fetch", err)
		}
		if is, err := done.Bool(); err != nil || is {
			b.ended = true
			return wrap("fetch", err)
		}
		if b.rest, err = result.Get("value"); err != nil {
			return wrap("fetch", err)
		}
		b.left = integer(b.rest, "length")
	}
	return nil
}

// move copies at most want bytes of the last piece to target at offset at.
func (b *Body) move(target safejs.Value, at, want int64) (int64, error) {
	n := min(int64(b.left), want)
	part := b.rest
	var err error
	if n < int64(b.left) {
		if part, err = b.rest.Call("subarray", 0, n); err != nil {
			return 0, wrap("fetch", err)
		}
		if b.rest, err = b.rest.Call("subarray", n); err != nil {
			return 0, wrap("fetch", err)
		}
	}
	b.left -= int(n)
	_, err = target.Call("set", part, at)
	if b.left == 0 {
		Free(part)
	}
	return n, wrap("fetch", err)
}

// Close ends the transfer, also in the middle. Closing twice is no error.
func (b *Body) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	b.stop()
	if kindOf(b.reader) != safejs.TypeObject {
		return nil
	}
	p, err := b.reader.Call("cancel")
	if err != nil {
		return wrap("fetch", err)
	}
	// The outcome does not matter, but a rejection that nobody takes is logged
	// by the host.
	go func() { _, _ = Await(context.Background(), "fetch", p) }()
	return nil
}

// networkError tells an ended context from a broken connection.
func networkError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var e *Error
	if errors.As(err, &e) && (e.Name == "AbortError" || e.Op != "fetch") {
		return err
	}
	if e != nil {
		return fmt.Errorf("%w: %s", ErrNetwork, e.Message)
	}
	return fmt.Errorf("%w: %w", ErrNetwork, err)
}
