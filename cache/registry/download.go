package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
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
	// URL is where the only file of the manifest is, if it is not in the registry.
	URL string
	// Missing says which chunks to fetch; it is asked once for each chunk of each file
	// that a prediction needs.
	Missing func(Digest) bool
	// Sink takes each chunk once it is verified, and the connection that brought it waits
	// for Sink: so no more than one chunk for each connection is in memory, or lost when
	// the process dies. An error of Sink ends the download and is returned unchanged.
	// Calls overlap.
	Sink func(ctx context.Context, c Chunk, data Blob) error
	// Progress may be nil. One call at a time; it must not block.
	Progress func(Progress)
	// Connections bounds the requests at a time. Zero: 4.
	Connections int
}

const (
	// partBytes is about what one request of a large download brings. A file below twice
	// of it is one request.
	partBytes = 4 << 20
	// connections are few: browsers give a host of HTTP/1 six, and the page needs some.
	connections = 4
	// connectionBytes is how much there must be to fetch for each further connection.
	connectionBytes = 1 << 20
)

// Download fetches the missing chunks of a version, each once however often it occurs,
// and hands them to the sink as they are verified. Neighbours share one request; large
// runs of them are cut into parts that come side by side, where the host knows ranges.
// What the sink has taken is not fetched again when a connection breaks.
//
// Errors: NotFound (a file is not there), Offline, Corrupt (after some attempts),
// Aborted, and those of the sink.
func (c *Client) Download(ctx context.Context, job Job) error {
	d := &download{client: c, job: job, state: map[Digest]state{}, files: make([]file, len(job.Manifest.Files))}
	if d.job.Connections <= 0 {
		d.job.Connections = connections
	}
	m := job.Manifest
	for i := range m.Files {
		f := &m.Files[i]
		d.files[i] = file{File: f, path: cmp.Or(job.URL, m.Name+"/"+m.Version+"/"+escape(f.Path))}
		for _, k := range f.Chunks {
			if _, asked := d.state[k.SHA256]; asked || !f.Needed() {
				continue
			}
			d.state[k.SHA256] = has
			if job.Missing(k.SHA256) {
				d.state[k.SHA256] = wanted
				d.progress.Total += k.Bytes
			}
		}
	}
	for {
		// A second round is for what a connection took over from another and lost.
		parts, bytes := d.parts()
		if len(parts) == 0 {
			return nil
		}
		if err := d.run(ctx, parts, min(len(parts), d.job.Connections, 1+int(bytes/connectionBytes))); err != nil {
			return err
		}
	}
}

// download is one Download under way.
type download struct {
	client *Client
	job    Job
	files  []file

	mu       sync.Mutex
	state    map[Digest]state
	verified int64 // bytes that the sink took
	flying   int64 // bytes of chunks that are not whole yet
	progress Progress
}

// state is what became of a chunk.
type state uint8

const (
	has    state = iota // or not asked for
	wanted              // and nobody brings it
	flying              // some connection brings it
)

// file is a file that is being fetched.
type file struct {
	*File
	path string
	// open is closed when further requests may start: when the host has shown that it
	// knows ranges, or the answer to the first request has been used up.
	open func()
	wait <-chan struct{}

	mu    sync.Mutex
	etag  string
	parts bool // the host has sent a part
	vain  int  // how often a part was asked for in vain, when it has sent none
	trial bool // ask for all, once: maybe the host sends no parts
	whole bool // ask for all: the host compresses parts, which then are parts of something else
}

// part is a run of chunks of one file that one request brings.
type part struct {
	*file
	first, end int   // chunks
	start      int64 // offset of the first
	taken      int   // chunks that this part's requests brought
}

// parts cuts what is wanted into parts, and sums it up.
func (d *download) parts() (out []*part, bytes int64) {
	planned := map[Digest]bool{}
	for i := range d.files {
		f := &d.files[i]
		opened := make(chan struct{})
		f.wait, f.open = opened, sync.OnceFunc(func() { close(opened) })
		at := int64(0)
		var run *part
		from := len(out)
		for j, c := range f.Chunks {
			if f.Needed() && d.state[c.SHA256] == wanted && !planned[c.SHA256] {
				planned[c.SHA256] = true
				if run == nil || run.end != j {
					run = &part{file: f, first: j, start: at}
					out = append(out, run)
				}
				run.end = j + 1
				bytes += c.Bytes
			}
			at += c.Bytes
		}
		out = append(out[:from], split(out[from:])...)
	}
	return out, bytes
}

// split cuts long runs.
func split(runs []*part) []*part {
	var out []*part
	for _, r := range runs {
		left := int64(0)
		for _, c := range r.Chunks[r.first:r.end] {
			left += c.Bytes
		}
		at, size := r.start, int64(0)
		for i := r.first; i < r.end; i++ {
			n := r.Chunks[i].Bytes
			if size >= partBytes && left >= partBytes {
				out = append(out, &part{file: r.file, first: r.first, end: i, start: r.start})
				r.first, r.start, size = i, at, 0
			}
			at, size, left = at+n, size+n, left-n
		}
		out = append(out, r)
	}
	return out
}

// run fetches parts over some connections. The first error ends all.
func (d *download) run(ctx context.Context, parts []*part, n int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan *part, len(parts))
	started := map[*file]bool{}
	for _, p := range parts {
		queue <- p
	}
	close(queue)
	var mu sync.Mutex
	var failed error
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for p := range queue {
				mu.Lock()
				first := !started[p.file]
				started[p.file] = true
				mu.Unlock()
				if err := d.part(ctx, p, first); err != nil {
					mu.Lock()
					if failed == nil {
						failed = err
					}
					mu.Unlock()
					cancel(err)
					return
				}
			}
		})
	}
	all.Wait()
	return failed
}

// part fetches what is still wanted of a part.
func (d *download) part(ctx context.Context, p *part, first bool) error {
	if first {
		defer p.open()
	} else {
		select {
		case <-p.wait:
		case <-ctx.Done():
			return &Error{Code: Aborted, Op: "fetch", Path: p.path, Err: context.Cause(ctx)}
		}
	}
	for {
		if want, _ := d.rest(p); want.Len() == 0 {
			return nil
		}
		err := d.client.retry(ctx, p.path, func(ctx context.Context) (bool, error) {
			before := p.taken
			err := d.once(ctx, p)
			return p.taken > before, err
		})
		if err != nil {
			return err
		}
	}
}

// rest returns the range of the first run of chunks of a part that are wanted, and the
// number of its first chunk.
func (d *download) rest(p *part) (Range, int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, first := p.start, p.first
	for ; first < p.end && d.state[p.Chunks[first].SHA256] != wanted; first++ {
		at += p.Chunks[first].Bytes
	}
	want := Range{at, at}
	for _, c := range p.Chunks[first:p.end] {
		if d.state[c.SHA256] != wanted {
			break
		}
		want.End += c.Bytes
	}
	return want, first
}

// once makes one request and takes from its answer what is wanted.
func (d *download) once(ctx context.Context, p *part) error {
	want, first := d.rest(p)
	if want.Len() == 0 {
		return nil
	}
	p.mu.Lock()
	if want.Len() == p.Bytes || p.whole || p.trial {
		want, p.trial = Range{}, false
	}
	req := Request{Path: p.path, Range: want}
	if !want.IsZero() && strongETag(p.etag) {
		req.IfRange = p.etag
	}
	p.mu.Unlock()
	resp, alive, done, err := d.client.get(ctx, req)
	if err != nil {
		d.refused(p.file, want, err)
		return err
	}
	defer done()
	p.mu.Lock()
	if p.etag = resp.ETag; resp.Encoded {
		p.etag = "" // of the compressed form: no part of the file itself has it
	}
	p.parts = p.parts || resp.Status == 206 && !resp.Encoded
	p.whole = p.whole || resp.Status == 206 && resp.Encoded
	p.mu.Unlock()
	if resp.Status == 206 && resp.Encoded {
		return &Error{Code: Offline, Op: "fetch", Path: p.path, Status: 206, Detail: "the host compresses parts of files"}
	}
	if err := checkAnswer(p.path, p.File, want, resp); err != nil {
		return err
	}
	at, end := want.Start, want.End
	if resp.Status == 206 {
		p.open()
	} else {
		first, at, end = 0, 0, p.Bytes // the host knows no ranges, or the file has changed
	}
	for i := first; i < len(p.Chunks) && at < end && d.wants(p.File, i); i++ {
		if err := d.chunk(ctx, p, p.Chunks[i], resp, alive); err != nil {
			return err
		}
		at += p.Chunks[i].Bytes
	}
	return nil
}

// maxVain is how often a host may give no answer to a question for a part before it is
// asked for the whole file once: browsers take no compressed answer to such a question, and
// tell it as a broken connection. If it is the line that breaks, only parts bring an end.
const maxVain = 2

// refused notes that a question for a part got no answer. A file of which most is there
// already is not asked for as a whole: the line may just be down.
func (d *download) refused(f *file, want Range, err error) {
	d.mu.Lock()
	missing := int64(0)
	for _, c := range f.Chunks {
		if d.state[c.SHA256] != has {
			missing += c.Bytes
		}
	}
	d.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if want.IsZero() || f.parts || CodeOf(err) != Offline || 2*missing < f.Bytes {
		return
	}
	if f.vain++; f.vain == maxVain {
		f.vain, f.trial = 0, true
	}
}

// wants reports whether a chunk of a file from number i on is wanted.
func (d *download) wants(f *File, i int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range f.Chunks[i:] {
		if d.state[c.SHA256] == wanted {
			return true
		}
	}
	return false
}

// claim takes a chunk that is wanted.
func (d *download) claim(c Chunk) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state[c.SHA256] != wanted {
		return false
	}
	d.state[c.SHA256] = flying
	return true
}

// chunk reads the next chunk of a body and, if it is wanted, verifies it and passes
// it on.
func (d *download) chunk(ctx context.Context, p *part, c Chunk, resp *Response, alive func(int64)) error {
	if !d.claim(c) {
		blob, err := resp.Body.Next(ctx, c.Bytes, alive)
		return ended(ctx, p.path, c, resp, blob, err)
	}
	arrived := int64(0)
	blob, err := resp.Body.Next(ctx, c.Bytes, func(n int64) {
		alive(n)
		n = min(n, c.Bytes-arrived)
		arrived += n
		d.report(p.File, n, 0)
	})
	if err = ended(ctx, p.path, c, resp, blob, err); err == nil {
		err = d.take(ctx, p, c, resp, blob)
	}
	d.mu.Lock()
	d.state[c.SHA256] = has
	if err != nil {
		d.state[c.SHA256] = wanted
	}
	d.mu.Unlock()
	if err != nil {
		d.report(p.File, -arrived, 0)
		return err
	}
	p.taken++
	d.report(p.File, -arrived, c.Bytes)
	return nil
}

// ended gives the end of a body inside of a chunk its code.
func ended(ctx context.Context, path string, c Chunk, resp *Response, blob Blob, err error) error {
	switch {
	case errors.Is(err, io.EOF) && isHTML(resp):
		return &Error{Code: Corrupt, Op: "fetch", Path: path, Detail: htmlInstead}
	case errors.Is(err, io.EOF):
		return cut(path, blob.Size(), c.Bytes)
	case err != nil:
		return transport(ctx, path, err)
	}
	return nil
}

const htmlInstead = "the host answered with an HTML page instead of the file"

// take verifies a chunk and passes it on.
func (d *download) take(ctx context.Context, p *part, c Chunk, resp *Response, blob Blob) error {
	sum, err := d.client.opt.Hasher.Sum(ctx, blob)
	if err != nil {
		return err
	}
	if blob.Size() != c.Bytes || sum != c.SHA256 {
		detail := "the bytes that arrived are not those of the manifest"
		if isHTML(resp) {
			detail = htmlInstead
		}
		return &Error{Code: Corrupt, Op: "verify", Path: p.path, Detail: detail + fmt.Sprintf(": SHA-256 is %x, not %x", sum, c.SHA256)}
	}
	return d.job.Sink(ctx, c, blob)
}

// report tells the progress, which never falls: bytes that are fetched a second time
// count when they pass the point that was reached.
func (d *download) report(f *File, flying, verified int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flying += flying
	d.verified += verified
	loaded := d.verified + d.flying
	if d.job.Progress == nil || loaded <= d.progress.Loaded {
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
			detail = htmlInstead
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
