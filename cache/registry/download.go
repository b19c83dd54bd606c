package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Progress is how far a Download has come.
type Progress struct {
	// Loaded and Total count the bytes of the chunks to transfer. Loaded never falls,
	// whatever is tried again, and ends at Total.
	Loaded, Total int64
	File          string
}

// Job is what Download is to fetch.
type Job struct {
	Manifest *Manifest
	// Missing says which chunks to fetch; it is asked once for each chunk of each file
	// that a prediction needs.
	Missing func(Digest) bool
	// Sink takes each chunk once it is verified. An error of Sink ends the download and
	// is returned unchanged. One call at a time.
	Sink func(ctx context.Context, c Chunk, data Blob) error
	// Progress may be nil. One call at a time; it must not block.
	Progress func(Progress)
}

// Download fetches the missing chunks of a version, each once however often it occurs,
// and hands them to the sink as they are verified. Neighbours share one request. What
// the sink has taken is not fetched again when a connection breaks.
//
// Errors: NotFound (a file is not there), Offline, Corrupt (after some attempts),
// Aborted, and those of the sink.
func (c *Client) Download(ctx context.Context, job Job) error {
	d := &download{client: c, job: job, todo: map[Digest]bool{}}
	for _, f := range job.Manifest.Files {
		if !f.Needed() {
			continue
		}
		for _, k := range f.Chunks {
			if _, asked := d.todo[k.SHA256]; asked {
				continue
			}
			missing := job.Missing(k.SHA256)
			d.todo[k.SHA256] = missing
			if missing {
				d.progress.Total += k.Bytes
			}
		}
	}
	for i := range job.Manifest.Files {
		if f := &job.Manifest.Files[i]; f.Needed() {
			if err := d.file(ctx, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// download is one Download under way.
type download struct {
	client   *Client
	job      Job
	todo     map[Digest]bool // by chunk: still to be fetched
	verified int64           // bytes that the sink took
	progress Progress
}

// file fetches what is missing of one file.
func (d *download) file(ctx context.Context, f *File) error {
	m := d.job.Manifest
	path := m.Name + "/" + m.Version + "/" + escape(f.Path)
	etag := ""
	for {
		first, _ := d.next(f, 0)
		if first == len(f.Chunks) {
			return nil
		}
		err := d.client.retry(ctx, path, func(ctx context.Context) (bool, error) {
			before := d.verified
			err := d.once(ctx, f, path, &etag)
			return d.verified > before, err
		})
		if err != nil {
			return err
		}
	}
}

// next returns the first chunk at or after i that is to be fetched, and its offset in
// the file; len(f.Chunks) if there is none.
func (d *download) next(f *File, i int) (int, int64) {
	var offset int64
	for j, c := range f.Chunks {
		if j >= i && d.todo[c.SHA256] {
			return j, offset
		}
		offset += c.Bytes
	}
	return len(f.Chunks), offset
}

// run returns the range of the first run of neighbours that are to be fetched, and
// the number of its first chunk. The zero Range stands for the whole file.
func (d *download) run(f *File) (Range, int) {
	first, start := d.next(f, 0)
	end := start
	for _, c := range f.Chunks[first:] {
		if !d.todo[c.SHA256] {
			break
		}
		end += c.Bytes
	}
	if start == 0 && end == f.Bytes {
		return Range{}, 0
	}
	return Range{start, end}, first
}

// once makes one request and takes from its answer what is missing.
func (d *download) once(ctx context.Context, f *File, path string, etag *string) error {
	want, first := d.run(f)
	req := Request{Path: path, Range: want}
	if !want.IsZero() && strongETag(*etag) {
		req.IfRange = *etag
	}
	resp, alive, done, err := d.client.get(ctx, req)
	if err != nil {
		return err
	}
	defer done()
	if err := checkAnswer(path, f, want, resp); err != nil {
		return err
	}
	*etag = resp.ETag
	if resp.Status != 206 {
		first, want = 0, Range{0, f.Bytes} // the host knows no ranges, or the file has changed
	}
	offset := want.Start
	for i := first; i < len(f.Chunks) && offset < want.End; i++ {
		last, _ := d.next(f, i)
		if last == len(f.Chunks) {
			return nil
		}
		c := f.Chunks[i]
		if err := d.chunk(ctx, f, path, c, resp, alive); err != nil {
			return err
		}
		offset += c.Bytes
	}
	return nil
}

// chunk reads the next chunk of a body and, if it is missing, verifies it and passes
// it on.
func (d *download) chunk(ctx context.Context, f *File, path string, c Chunk, resp *Response, alive func(int64)) error {
	missing := d.todo[c.SHA256]
	arrived := alive
	if missing {
		part := d.verified
		arrived = func(n int64) {
			alive(n)
			part = min(part+n, d.verified+c.Bytes)
			d.report(f, part)
		}
	}
	blob, err := resp.Body.Next(ctx, c.Bytes, arrived)
	switch {
	case errors.Is(err, io.EOF):
		return cut(path, blob.Size(), c.Bytes)
	case err != nil:
		return transport(ctx, path, err)
	case !missing:
		return nil
	}
	sum, err := d.client.opt.Hasher.Sum(ctx, blob)
	if err != nil {
		return err
	}
	if blob.Size() != c.Bytes || sum != c.SHA256 {
		detail := "the bytes that arrived are not those of the manifest"
		if isHTML(resp) {
			detail = "the host answered with an HTML page instead of the file"
		}
		return &Error{Code: Corrupt, Op: "verify", Path: path, Detail: detail + fmt.Sprintf(": SHA-256 is %x, not %x", sum, c.SHA256)}
	}
	if err := d.job.Sink(ctx, c, blob); err != nil {
		return err
	}
	d.todo[c.SHA256] = false
	d.verified += c.Bytes
	d.report(f, d.verified)
	return nil
}

// report tells the progress, which never falls: bytes that are fetched a second time
// count when they pass the point that was reached.
func (d *download) report(f *File, loaded int64) {
	if d.job.Progress == nil || loaded < d.progress.Loaded || loaded == d.progress.Loaded && d.progress.File == f.Path {
		return
	}
	d.progress.Loaded, d.progress.File = loaded, f.Path
	d.job.Progress(d.progress)
}

// checkAnswer compares what a response says about itself with the manifest, so that a
// wrong file is noticed before its bytes are read. Headers that a browser hides from
// pages of another origin are not there, and are not needed: hashes decide.
func checkAnswer(path string, f *File, want Range, r *Response) error {
	bad := func(format string, args ...any) error {
		detail := fmt.Sprintf(format, args...)
		if isHTML(r) {
			detail = "the host answered with an HTML page instead of the file"
		}
		return &Error{Code: Corrupt, Op: "fetch", Path: path, Status: r.Status, Detail: detail}
	}
	length, total := f.Bytes, int64(-1)
	switch {
	case r.Status == 304 || r.Status == 206 && want.IsZero():
		return bad("the host answers a question that was not asked")
	case r.Status == 206:
		length, total = want.Len(), r.Total
		if !r.Content.IsZero() && r.Content != want {
			return bad("the host sent bytes %d to %d, asked were %d to %d", r.Content.Start, r.Content.End, want.Start, want.End)
		}
	}
	if r.Length >= 0 && r.Length != length || total >= 0 && total != f.Bytes {
		return bad("the registry's file has another size (%d) than its manifest says (%d)", max(r.Length, total), length)
	}
	return nil
}

// strongETag reports whether a validator promises that the bytes are the same.
func strongETag(etag string) bool { return etag != "" && !strings.HasPrefix(etag, "W/") }
