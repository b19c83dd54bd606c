package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// PlainChunk is how a file that no manifest describes is cut, in bytes: by its length
// alone, because only what is here can be compared, and nothing is here that could be
// left out of the next download.
const PlainChunk = 256 << 10

// Plain is a file at an address of its own, without a manifest, as far as it has
// arrived.
type Plain struct {
	// Path is its absolute URL.
	Path string
	// ETag is its validator, or "".
	ETag   string
	Chunks []Chunk
	// Total is its size in bytes, -1 as long as it is unknown.
	Total int64
	// Unchanged: it is still what the validator stands for; there are no Chunks.
	Unchanged bool
}

// Bytes returns how much of it has arrived.
func (p *Plain) Bytes() (n int64) {
	for _, c := range p.Chunks {
		n += c.Bytes
	}
	return n
}

// PlainJob is what FetchPlain is to fetch.
type PlainJob struct {
	// File is what is there of it already; Path is required. If there are chunks, the
	// download goes on behind them, on the condition that the file still has the ETag,
	// which must be a strong one.
	File Plain
	// ETag makes the request conditional when nothing is there of the file.
	ETag string
	// Sink takes each chunk, with what there is of the file once it has it.
	Sink func(ctx context.Context, c Chunk, data Blob, file Plain) error
	// Progress may be nil. Total is Loaded for as long as nobody knows better.
	Progress func(Progress)
}

// FetchPlain fetches a file that has no manifest, over one connection. It takes up an
// interrupted download only with a strong ETag, because nothing else could tell that
// the rest belongs to the beginning. Errors: as Download.
func (c *Client) FetchPlain(ctx context.Context, job PlainJob) (Plain, error) {
	d := &plain{client: c, job: job, file: job.File, told: Progress{Loaded: -1, File: job.File.Path}}
	if !strongETag(d.file.ETag) {
		d.restart()
	}
	err := c.retry(ctx, d.file.Path, func(ctx context.Context) (bool, error) {
		before := len(d.file.Chunks)
		err := d.once(ctx)
		return len(d.file.Chunks) > before, err
	})
	return d.file, err
}

// plain is one FetchPlain under way.
type plain struct {
	client *Client
	job    PlainJob
	file   Plain
	told   Progress
}

func (d *plain) restart() {
	d.file = Plain{Path: d.file.Path, Total: -1}
}

// once makes one request and takes its answer to the end.
func (d *plain) once(ctx context.Context) error {
	have := d.file.Bytes()
	req := Request{Path: d.file.Path}
	if have > 0 {
		req.Range, req.IfRange = Range{Start: have}, d.file.ETag
	} else {
		req.ETag = d.job.ETag
	}
	resp, alive, done, err := d.client.get(ctx, req)
	if CodeOf(err) == Corrupt && have > 0 {
		d.restart() // 416: it has become shorter
		return err
	}
	if err != nil {
		return err
	}
	defer done()
	switch {
	case resp.Status == 304 && req.ETag != "":
		d.file.Unchanged, d.file.ETag = true, req.ETag
		return nil
	case isHTML(resp):
		return &Error{Code: NotFound, Op: "fetch", Path: req.Path, Detail: "the address is that of an HTML page, not of a model"}
	case resp.Status == 206 && have > 0 && resp.Content.Start == have && resp.ETag == d.file.ETag && !resp.Encoded:
		// Else nobody would see that the rest ends too early.
		if d.file.Total = resp.Total; resp.Total < 0 && resp.Length >= 0 {
			d.file.Total = have + resp.Length
		}
	case resp.Status == 200:
		d.restart()
		d.file.ETag, d.file.Total, have = resp.ETag, resp.Length, 0
	default:
		d.restart()
		return &Error{Code: Offline, Op: "fetch", Path: req.Path, Status: resp.Status, Detail: "this answer makes no sense here"}
	}
	return d.read(ctx, resp, have, alive)
}

// read takes a body in chunks until its end.
func (d *plain) read(ctx context.Context, resp *Response, have int64, alive func(int64)) error {
	path := d.file.Path
	for {
		arrived := have
		blob, err := resp.Body.Next(ctx, PlainChunk, func(n int64) {
			alive(n)
			arrived = min(arrived+n, have+PlainChunk)
			d.report(arrived)
		})
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return transport(ctx, path, err)
		}
		size := blob.Size()
		if end && d.file.Total >= 0 && have+size < d.file.Total {
			return cut(path, have+size, d.file.Total)
		}
		if have += size; have > MaxFile {
			return &Error{Code: Invalid, Op: "fetch", Path: path, Detail: fmt.Sprintf("longer than %d bytes", int64(MaxFile))}
		}
		if size > 0 {
			sum, err := d.client.opt.Hasher.Sum(ctx, blob)
			if err != nil {
				return err
			}
			k := Chunk{Bytes: size, SHA256: sum}
			d.file.Chunks = append(d.file.Chunks, k)
			if err := d.job.Sink(ctx, k, blob, d.file); err != nil {
				return err
			}
		}
		if end {
			d.file.Total = have
			d.report(have)
			return nil
		}
	}
}

// report tells the progress, which never falls.
func (d *plain) report(loaded int64) {
	p := Progress{Loaded: loaded, Total: max(d.file.Total, loaded), File: d.file.Path}
	if d.job.Progress == nil || p.Loaded <= d.told.Loaded {
		return
	}
	d.told = p
	d.job.Progress(p)
}
