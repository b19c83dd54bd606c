package registry

import (
	"context"
	"fmt"
	"strings"
)

// Blob is a run of bytes that never changes and may live outside Go's heap: what a
// Fetcher delivers and a Hasher reads. It is an alias of an unnamed interface so
// that any package, store.Blob included, has it without importing this one.
type Blob = interface {
	// Size returns the number of bytes, without reading them.
	Size() int64
	// Bytes returns the bytes, which the caller must not change. Outside Go's heap
	// every call copies.
	Bytes() ([]byte, error)
}

// Digest is a SHA-256.
type Digest = [32]byte

// Hasher computes SHA-256. A browser passes one over WebCrypto, which hashes a
// buffer outside Go's heap ten times as fast as Go compiled to WebAssembly can;
// [GoHasher] serves everywhere else. Safe for concurrent use.
type Hasher interface {
	// Sum returns the SHA-256 of the blob's bytes. It fails only if the context ends
	// or the bytes cannot be read, never because of their value.
	Sum(ctx context.Context, b Blob) (Digest, error)
}

// BatchHasher is a Hasher that takes several blobs at a time: where each answer comes by
// a detour, the detour is made once.
type BatchHasher interface {
	Hasher
	// SumAll returns the SHA-256 of each blob. Errors: as of Sum.
	SumAll(ctx context.Context, blobs []Blob) ([]Digest, error)
}

// Fetcher is the transport: one HTTP GET per call. Safe for concurrent use.
//
// Fetch returns an error only if no response arrived: an *[Error] with the code
// [Offline] when the network, DNS, TLS or the browser's policy failed, [Aborted]
// (wrapping ctx.Err()) when the context ended. Every HTTP status, 404 and 500
// included, is a Response. It makes no retry and keeps no cache of its own: a
// browser's must pass cache: "no-store", so that a 304 reaches the caller. Redirects
// are followed.
//
// Header by header: Request.ETag becomes If-None-Match, Request.Range becomes Range
// (Range.Header), Request.IfRange becomes If-Range. With a Range the
// response must not be content-encoded (Accept-Encoding: identity, which fetch sends
// by itself).
type Fetcher interface {
	Fetch(ctx context.Context, r Request) (*Response, error)
}

// Request is one GET.
type Request struct {
	// Path is relative to the registry's root, slash-separated, each segment already
	// percent-encoded: "leaf/2.0.0/model.onnx". The Fetcher only joins it to its root; an
	// absolute URL (Absolute) it takes as it is.
	Path string
	// ETag makes the request conditional (If-None-Match). Empty: unconditional.
	ETag string
	// Range asks for a part. The zero Range asks for everything.
	Range Range
	// IfRange is a strong ETag that makes the server send the whole file instead of a
	// part of another version of it. Only with Range. Empty: none.
	IfRange string
}

// Absolute reports whether a path is a URL of its own.
func Absolute(path string) bool {
	return strings.HasPrefix(path, "https://") || strings.HasPrefix(path, "http://")
}

// Range is the bytes from Start up to, not including, End; an End of 0 stands for the
// end of the file.
type Range struct{ Start, End int64 }

// Header returns the range as the header of a request has it.
func (r Range) Header() string {
	if r.End == 0 {
		return fmt.Sprintf("bytes=%d-", r.Start)
	}
	return fmt.Sprintf("bytes=%d-%d", r.Start, r.End-1)
}

// Len returns the number of bytes.
func (r Range) Len() int64 { return r.End - r.Start }

// IsZero reports whether r asks for everything.
func (r Range) IsZero() bool { return r == Range{} }

// Response is what came back. Body must be closed.
type Response struct {
	Status int
	// ETag is the header's value with quotes and W/ prefix, or "". A browser shows it
	// to a page of another origin only if the host exposes it.
	ETag string
	// ContentType is the header's value, or "".
	ContentType string
	// Length is the number of bytes that Body will deliver if the server said so and
	// the body is not content-encoded, else -1.
	Length int64
	// Encoded: the server sent the body compressed (Content-Encoding). Body delivers it
	// decompressed, which for a 206 is of no use.
	Encoded bool
	// Content is the range of a 206 (Content-Range), zero otherwise or if unreadable.
	Content Range
	// Total is the size of the whole file as a 206 gives it, or -1.
	Total int64
	// RetryAfter is the header's value of a 429 or 503, or "".
	RetryAfter string
	// Body is never nil; it is empty for a 304.
	Body Body
}

// Body delivers a response's bytes in blobs of the size that the caller wants, so
// that a chunk is assembled once, where it lives, and never copied again. One
// goroutine at a time may use it.
type Body interface {
	// Next returns the next n bytes as one Blob (n > 0). If the body ends before, it
	// returns what was left, possibly an empty Blob, with io.EOF. Every other error is
	// an *Error, Offline for a broken connection, Aborted for an ended context (of Next
	// or of Fetch), and the body is of no further use. arrived, which may be nil, is
	// called on the same goroutine with the number of bytes since the last call, as
	// they come in.
	Next(ctx context.Context, n int64, arrived func(int64)) (Blob, error)
	// Close ends the transfer, also in the middle, and frees what it holds. Closing
	// twice is no error.
	Close() error
}
