// Package httpfetch is a registry.Fetcher over net/http, for programs outside the
// browser. Binaries that run in one must not link it.
package httpfetch

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"larder/cache/registry"
)

// Fetcher fetches below one root. Safe for concurrent use.
type Fetcher struct {
	root   string
	client *http.Client
}

var _ registry.Fetcher = (*Fetcher)(nil)

// New returns a Fetcher for the registry at root, an absolute http or https URL;
// a slash at its end is optional. A nil client means http.DefaultClient.
func New(root string, client *http.Client) (*Fetcher, error) {
	u, err := url.Parse(root)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, &registry.Error{Code: registry.InvalidInput, Op: "client", Detail: fmt.Sprintf("%q is not an absolute http or https URL", root), Err: err}
	}
	u.RawQuery, u.Fragment = "", ""
	if client == nil {
		client = http.DefaultClient
	}
	return &Fetcher{root: strings.TrimSuffix(u.String(), "/") + "/", client: client}, nil
}

// Fetch implements registry.Fetcher.
func (f *Fetcher) Fetch(ctx context.Context, r registry.Request) (*registry.Response, error) {
	url := f.root + r.Path
	if registry.Absolute(r.Path) {
		url = r.Path
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, &registry.Error{Code: registry.Internal, Op: "fetch", Path: r.Path, Err: err}
	}
	// Chunks are addressed by their place in the file, so its bytes must come as they
	// are; without this header net/http would ask for gzip and hide it.
	req.Header.Set("Accept-Encoding", "identity")
	if r.ETag != "" {
		req.Header.Set("If-None-Match", r.ETag)
	}
	if !r.Range.IsZero() {
		req.Header.Set("Range", r.Range.Header())
		if r.IfRange != "" {
			req.Header.Set("If-Range", r.IfRange)
		}
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, failure(ctx, r.Path, err)
	}
	out := &registry.Response{
		Status:      resp.StatusCode,
		ETag:        resp.Header.Get("ETag"),
		ContentType: resp.Header.Get("Content-Type"),
		Length:      resp.ContentLength,
		Total:       -1,
		Body:        &body{path: r.Path, from: resp.Body},
	}
	switch encoding := resp.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip": // from a host that compresses although it was asked not to
		out.Length, out.Encoded = -1, true
		if resp.StatusCode == http.StatusOK {
			out.Body = &body{path: r.Path, from: &unzipper{ReadCloser: resp.Body}}
		}
	default:
		resp.Body.Close()
		return nil, &registry.Error{Code: registry.Offline, Op: "fetch", Path: r.Path, Detail: fmt.Sprintf("the host compresses by %q, which was not asked for", encoding)}
	}
	switch resp.StatusCode {
	case http.StatusPartialContent:
		out.Content, out.Total = registry.ParseContentRange(resp.Header.Get("Content-Range"))
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		out.RetryAfter = resp.Header.Get("Retry-After")
	}
	return out, nil
}

// failure gives an error of net/http its code.
func failure(ctx context.Context, path string, err error) error {
	if ctx.Err() != nil {
		return &registry.Error{Code: registry.Aborted, Op: "fetch", Path: path, Err: context.Cause(ctx)}
	}
	return &registry.Error{Code: registry.Offline, Op: "fetch", Path: path, Err: err}
}

// unzipper decompresses.
type unzipper struct {
	io.ReadCloser
	zip *gzip.Reader
}

func (u *unzipper) Read(p []byte) (n int, err error) {
	if u.zip == nil {
		if u.zip, err = gzip.NewReader(u.ReadCloser); err != nil {
			return 0, err
		}
	}
	return u.zip.Read(p)
}

// body reads pieces of a response.
type body struct {
	path string
	from io.ReadCloser
}

// NewBody makes a Body of a stream that is not a response: a file. path is for errors.
func NewBody(path string, from io.ReadCloser) registry.Body { return &body{path: path, from: from} }

// piece is how much is read at a time; it bounds what is allocated ahead of the bytes.
const piece = 64 << 10

// Next implements registry.Body.
func (b *body) Next(ctx context.Context, n int64, arrived func(int64)) (registry.Blob, error) {
	buf := make([]byte, 0, min(n, piece))
	for int64(len(buf)) < n {
		if err := ctx.Err(); err != nil {
			return nil, failure(ctx, b.path, err)
		}
		buf = slices.Grow(buf, int(min(n-int64(len(buf)), piece)))
		got, err := b.from.Read(buf[len(buf):min(int64(cap(buf)), n)])
		buf = buf[:len(buf)+got]
		if got > 0 && arrived != nil {
			arrived(int64(got))
		}
		switch {
		case errors.Is(err, io.EOF) && int64(len(buf)) < n:
			return blob(buf), io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, failure(ctx, b.path, err)
		}
	}
	return blob(buf), nil
}

// Close implements registry.Body.
func (b *body) Close() error { return b.from.Close() }

// blob is a registry.Blob in Go's heap.
type blob []byte

func (b blob) Size() int64            { return int64(len(b)) }
func (b blob) Bytes() ([]byte, error) { return b, nil }
