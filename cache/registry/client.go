package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Options says what a Client is made of.
type Options struct {
	// Fetcher is the transport. Required.
	Fetcher Fetcher
	// Hasher verifies chunks. Default GoHasher.
	Hasher Hasher
	// Sleep waits between attempts. Default: the machine's clock.
	Sleep func(ctx context.Context, d time.Duration) error
	// AfterFunc calls f after d unless stop is called first. Default: the machine's clock.
	AfterFunc func(d time.Duration, f func()) (stop func())
	// Attempts is how often in a row one request may fail. Zero: 4.
	Attempts int
	// Stall is how long a connection may deliver nothing before it counts as broken.
	// Zero: 30 s.
	Stall time.Duration
}

// Client reads one registry. Safe for concurrent use.
type Client struct {
	opt      Options
	requests atomic.Int64
}

// NewClient returns a Client.
func NewClient(opt Options) (*Client, error) {
	if opt.Fetcher == nil {
		return nil, &Error{Code: InvalidInput, Op: "client", Detail: "Options.Fetcher is missing"}
	}
	if opt.Hasher == nil {
		opt.Hasher = GoHasher{}
	}
	if opt.AfterFunc == nil {
		opt.AfterFunc = func(d time.Duration, f func()) func() {
			t := time.AfterFunc(d, f)
			return func() { t.Stop() }
		}
	}
	if opt.Sleep == nil {
		opt.Sleep = func(ctx context.Context, d time.Duration) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(d):
				return nil
			}
		}
	}
	if opt.Attempts <= 0 {
		opt.Attempts = 4
	}
	if opt.Stall <= 0 {
		opt.Stall = 30 * time.Second
	}
	return &Client{opt: opt}, nil
}

// Requests returns how many requests were made, retries included.
func (c *Client) Requests() int64 { return c.requests.Load() }

// Document is an index or manifest as it came.
type Document struct {
	// Data are the bytes; nil if the registry says that they have not changed.
	Data []byte
	ETag string
	// Unchanged: the registry answered 304 to the validator.
	Unchanged bool
}

// IndexDocument fetches index.json, on the condition that it differs from what etag
// stands for; an empty etag makes no condition.
func (c *Client) IndexDocument(ctx context.Context, etag string) (Document, error) {
	return c.document(ctx, "index.json", etag)
}

// ManifestDocument fetches the manifest of a version, likewise.
func (c *Client) ManifestDocument(ctx context.Context, name, version, etag string) (Document, error) {
	return c.document(ctx, name+"/"+version+"/manifest.json", etag)
}

// Manifest fetches and decodes a manifest and checks that it is the one asked for.
// It returns nil for a manifest that is unchanged.
func (c *Client) Manifest(ctx context.Context, name, version, etag string) (*Manifest, Document, error) {
	doc, err := c.ManifestDocument(ctx, name, version, etag)
	if err != nil || doc.Unchanged {
		return nil, doc, err
	}
	m, err := DecodeManifest(doc.Data)
	if err != nil {
		return nil, doc, err
	}
	if m.Name != name || m.Version != version {
		return nil, doc, &Error{Code: Invalid, Op: "manifest", Path: name + "/" + version + "/manifest.json",
			Detail: fmt.Sprintf("the manifest is that of %s %s", quote(m.Name), quote(m.Version))}
	}
	return m, doc, nil
}

func (c *Client) document(ctx context.Context, path, etag string) (doc Document, err error) {
	err = c.retry(ctx, path, func(ctx context.Context) (bool, error) {
		doc, err = c.documentOnce(ctx, Request{Path: path, ETag: etag})
		return false, err
	})
	return doc, err
}

func (c *Client) documentOnce(ctx context.Context, r Request) (Document, error) {
	resp, alive, done, err := c.get(ctx, r)
	if err != nil {
		return Document{}, err
	}
	defer done()
	if resp.Status == 304 && r.ETag != "" {
		return Document{ETag: r.ETag, Unchanged: true}, nil
	}
	if resp.Status != 200 {
		return Document{}, &Error{Code: Offline, Op: "fetch", Path: r.Path, Status: resp.Status, Detail: "this answer makes no sense here"}
	}
	blob, err := resp.Body.Next(ctx, MaxDocument+1, alive)
	if err == nil {
		return Document{}, &Error{Code: Invalid, Op: "fetch", Path: r.Path, Detail: fmt.Sprintf("longer than %d bytes", MaxDocument)}
	}
	if !errors.Is(err, io.EOF) {
		return Document{}, transport(ctx, r.Path, err)
	}
	if resp.Length >= 0 && blob.Size() < resp.Length {
		return Document{}, cut(r.Path, blob.Size(), resp.Length)
	}
	if isHTML(resp) {
		return Document{}, &Error{Code: Invalid, Op: "fetch", Path: r.Path, Detail: "the host answered with an HTML page: there is no registry at this address"}
	}
	data, err := blob.Bytes()
	if err != nil {
		return Document{}, &Error{Code: Internal, Op: "fetch", Path: r.Path, Err: err}
	}
	return Document{Data: data, ETag: resp.ETag}, nil
}

// get makes one request whose connection counts as broken when it stalls. alive must
// be told of bytes that arrive; done frees everything.
func (c *Client) get(ctx context.Context, r Request) (resp *Response, alive func(int64), done func(), err error) {
	c.requests.Add(1)
	watch := c.watch(ctx)
	resp, err = c.opt.Fetcher.Fetch(watch.ctx, r)
	if err == nil {
		err = status(r.Path, resp)
		if err != nil {
			resp.Body.Close()
		}
	} else {
		err = transport(ctx, r.Path, err)
	}
	if err != nil {
		watch.stop()
		return nil, nil, nil, err
	}
	body := resp.Body
	resp.Body = &watchedBody{body, watch}
	return resp, func(int64) { watch.alive() }, func() { body.Close(); watch.stop() }, nil
}

// status turns the statuses that are no answer into errors.
func status(path string, resp *Response) error {
	e := &Error{Op: "fetch", Path: path, Status: resp.Status}
	switch s := resp.Status; {
	case s == 200, s == 206, s == 304:
		return nil
	case s == 408, s == 425, s == 429, s >= 500:
		e.Code, e.Detail = Offline, "the registry's host has trouble; try again later"
		e.wait = retryAfter(resp.RetryAfter)
	case s == 416:
		e.Code, e.Detail = Corrupt, "the file at the registry is shorter than its manifest says"
	case s >= 400:
		e.Code, e.Detail = NotFound, "the registry has no such file"
	default:
		e.Code, e.Detail = Offline, "this answer makes no sense here"
	}
	return e
}

// transport gives an error of a Fetcher or Body its code: the caller's context ended,
// or the connection broke, which includes the end of a watch's context.
func transport(ctx context.Context, path string, err error) error {
	if ctx.Err() != nil {
		return &Error{Code: Aborted, Op: "fetch", Path: path, Err: context.Cause(ctx)}
	}
	var own *Error
	if errors.As(err, &own) && own.Code != Aborted {
		return err
	}
	return &Error{Code: Offline, Op: "fetch", Path: path, Detail: "the connection broke", Err: err}
}

// cut is the error of a body that ended too early.
func cut(path string, got, want int64) error {
	return &Error{Code: Offline, Op: "fetch", Path: path, Detail: fmt.Sprintf("the connection ended after %d of %d bytes", got, want)}
}

func isHTML(r *Response) bool {
	return strings.HasPrefix(strings.ToLower(r.ContentType), "text/html")
}

// retry calls try until it succeeds, fails for good, or has failed Attempts times in a
// row without progress. Between two attempts it waits at least as long as the host asked.
func (c *Client) retry(ctx context.Context, path string, try func(context.Context) (progress bool, err error)) error {
	pause := &backoff.ExponentialBackOff{
		InitialInterval: 250 * time.Millisecond, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: 8 * time.Second,
	}
	pause.Reset()
	for failed := 1; ; failed++ {
		progress, err := try(ctx)
		if err == nil {
			return nil
		}
		if progress {
			failed = 1
			pause.Reset()
		}
		if code := CodeOf(err); failed >= c.opt.Attempts || code != Offline && code != Corrupt {
			return err
		}
		if err := c.opt.Sleep(ctx, max(pause.NextBackOff(), askedWait(err))); err != nil {
			return &Error{Code: Aborted, Op: "fetch", Path: path, Err: err}
		}
	}
}
