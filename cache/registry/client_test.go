package registry_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"larder/cache/registry"
	"larder/cache/registry/httpfetch"
	"larder/cache/registry/registrytest"
)

// random makes bytes that no two chunks share.
func random(seed uint32, n int) []byte {
	out := make([]byte, n)
	x := seed*2654435761 + 1
	for i := range out {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		out[i] = byte(x)
	}
	return out
}

// noSleep makes pauses take no time and counts them.
func noSleep(pauses *[]time.Duration) func(context.Context, time.Duration) error {
	return func(ctx context.Context, d time.Duration) error {
		*pauses = append(*pauses, d)
		return ctx.Err()
	}
}

type fixture struct {
	server   *registrytest.Server
	client   *registry.Client
	manifest *registry.Manifest
	weights  []byte
	pauses   []time.Duration
	got      map[registry.Digest][]byte
	order    []registry.Progress
}

// newFixture publishes a model of 10 chunks of 100 bytes and a short one.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{server: registrytest.New(t, 100), weights: random(1, 1030), got: map[registry.Digest][]byte{}}
	raw := f.server.Publish("leaf", "1.0.0", 60, registrytest.File{Path: "model.onnx", Role: "model", Data: f.weights},
		registrytest.File{Path: "card.md", Role: "card", Data: []byte("# card")},
		registrytest.File{Path: "sub dir/lä.bels", Role: "labels", Data: random(2, 150)})
	var err error
	if f.manifest, err = registry.DecodeManifest(raw); err != nil {
		t.Fatal(err)
	}
	if f.client, err = registry.NewClient(registry.Options{Fetcher: f.server.Fetcher(t), Sleep: noSleep(&f.pauses)}); err != nil {
		t.Fatal(err)
	}
	return f
}

// download fetches what is not there yet.
func (f *fixture) download(ctx context.Context) error {
	return f.client.Download(ctx, registry.Job{
		Manifest: f.manifest,
		Missing:  func(d registry.Digest) bool { return f.got[d] == nil },
		Sink: func(_ context.Context, c registry.Chunk, b registry.Blob) error {
			data, err := b.Bytes()
			f.got[c.SHA256] = bytes.Clone(data)
			return err
		},
		Progress: func(p registry.Progress) { f.order = append(f.order, p) },
	})
}

// whole joins the chunks of the model.
func (f *fixture) whole() []byte {
	var out []byte
	for _, c := range f.manifest.File("model.onnx").Chunks {
		out = append(out, f.got[c.SHA256]...)
	}
	return out
}

// drop forgets chunks of the model, as if they had never been fetched.
func (f *fixture) drop(chunks ...int) {
	for _, i := range chunks {
		delete(f.got, f.manifest.File("model.onnx").Chunks[i].SHA256)
	}
}

func ranges(requests []registrytest.Request) []string {
	var out []string
	for _, r := range requests {
		out = append(out, r.Range)
	}
	return out
}

func TestDownload(t *testing.T) {
	f := newFixture(t)
	if err := f.download(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(f.whole(), f.weights) || len(f.got) != 13 {
		t.Fatalf("wrong bytes, %d chunks", len(f.got))
	}
	reqs := f.server.Take()
	if len(reqs) != 2 || reqs[0].Range != "" || reqs[1].Path != "leaf/1.0.0/sub dir/lä.bels" {
		t.Fatalf("%+v", reqs)
	}
	checkProgress(t, f.order, 1180)
}

// checkProgress holds the promises of Progress.
func checkProgress(t *testing.T, order []registry.Progress, total int64) {
	t.Helper()
	last := int64(-1)
	for _, p := range order {
		if p.Loaded < last || p.Total != total || p.Loaded > total {
			t.Fatalf("progress %+v after %d", p, last)
		}
		last = p.Loaded
	}
	if last != total {
		t.Fatalf("progress ends at %d of %d", last, total)
	}
}

func TestDownloadOnlyWhatIsMissing(t *testing.T) {
	f := newFixture(t)
	if err := f.download(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.server.Take()
	f.drop(1, 2, 3, 7, 10)
	f.order = nil
	if err := f.download(t.Context()); err != nil {
		t.Fatal(err)
	}
	reqs := f.server.Take()
	if got := ranges(reqs); !slices.Equal(got, []string{"bytes=100-399", "bytes=700-799", "bytes=1000-1029"}) {
		t.Fatalf("ranges %q", got)
	}
	if reqs[0].IfRange != "" || reqs[1].IfRange == "" || registrytest.ModelBytes(reqs) != 430 {
		t.Fatalf("%+v", reqs)
	}
	if !bytes.Equal(f.whole(), f.weights) {
		t.Fatal("wrong bytes")
	}
	checkProgress(t, f.order, 430)
}

func TestDownloadRepeatedChunk(t *testing.T) {
	f := newFixture(t)
	part := random(9, 100)
	raw := f.server.Publish("twice", "1.0.0", 60, registrytest.File{Path: "m", Role: "model", Data: slices.Concat(part, random(8, 100), part, part)})
	f.manifest, _ = registry.DecodeManifest(raw)
	if err := f.download(t.Context()); err != nil || len(f.got) != 2 {
		t.Fatal(err, len(f.got))
	}
	checkProgress(t, f.order, 200)
}

// serveAll ignores Range, as some hosts do.
func serveAll(f *fixture) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		r.Header.Del("Range")
		return false
	}
}

func TestHostWithoutRanges(t *testing.T) {
	f := newFixture(t)
	if err := f.download(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.server.Take()
	f.server.Break(serveAll(f))
	f.drop(2, 5, 9)
	f.order = nil
	if err := f.download(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reqs := f.server.Take(); len(reqs) != 1 || !bytes.Equal(f.whole(), f.weights) {
		t.Fatalf("%+v: one answer has all that is missing", reqs)
	}
	checkProgress(t, f.order, 300)
}

func TestCutConnection(t *testing.T) {
	// The connection breaks after 250 bytes of each answer: the download goes on from the
	// last verified chunk and fetches at most the broken one twice.
	f := newFixture(t)
	f.server.Break(cutAfter(f.server, 250, 10, 250))
	if err := f.download(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(f.whole(), f.weights) {
		t.Fatal("wrong bytes")
	}
	reqs := f.server.Take()
	if n := registrytest.ModelBytes(reqs); n > 1180+int64(len(reqs))*50 {
		t.Fatalf("%d bytes for 1180 in %d requests", n, len(reqs))
	}
	if len(f.pauses) == 0 || reqs[1].IfRange == "" {
		t.Fatalf("%v, %+v", f.pauses, reqs[1])
	}
	checkProgress(t, f.order, 1180)
}

// cutAfter breaks the first connection after lengths[0] bytes of its body, and so on; the
// last length holds for all that follow.
func cutAfter(s *registrytest.Server, lengths ...int) func(http.ResponseWriter, *http.Request) bool {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		n := lengths[0]
		if len(lengths) > 1 {
			lengths = lengths[1:]
		}
		mu.Unlock()
		w.Header().Set("ETag", `"e"`)
		data := s.Get(strings.TrimPrefix(r.URL.Path, "/models/"))
		http.ServeContent(&cutter{w, n}, r, "", time.Time{}, bytes.NewReader(data))
		return true
	}
}

type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(b []byte) (int, error) {
	if len(b) <= c.left {
		c.left -= len(b)
		return c.ResponseWriter.Write(b)
	}
	c.ResponseWriter.Write(b[:c.left])
	c.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// TestCutWhileCompressed has a host that compresses whole files, each form with its own
// ETag, and a connection that breaks: the rest is asked for by the file's own bytes, of
// which that ETag knows nothing.
func TestCutWhileCompressed(t *testing.T) {
	f := newFixture(t)
	f.server.Break(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "model.onnx") {
			return false
		}
		if r.Header.Get("Range") != "" {
			http.ServeContent(w, withETag(w, r, `"plain"`), "", time.Time{}, bytes.NewReader(f.weights))
			return true
		}
		w.Header().Set("ETag", `"zipped"`)
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		zip.Write(f.weights[:450])
		zip.Flush()
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	if err := f.download(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(f.whole(), f.weights) {
		t.Error("wrong bytes")
	}
	for _, r := range f.server.Take() {
		if r.Range != "" && (r.Status != 206 || r.Bytes != 630) {
			t.Errorf("%+v: want the 630 bytes from 400 on", r)
		}
	}
}

func TestFailures(t *testing.T) {
	answer := func(status int, contentType, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return true
		}
	}
	for _, c := range []struct {
		name     string
		broken   func(http.ResponseWriter, *http.Request) bool
		code     registry.Code
		text     string
		requests int
	}{
		{"not found", answer(404, "text/html", "gone"), registry.NotFound, "no such file", 1},
		{"gone", answer(410, "", ""), registry.NotFound, "no such file", 1},
		{"forbidden", answer(403, "", ""), registry.NotFound, "403", 1},
		{"server error", answer(500, "", ""), registry.Offline, "500", 4},
		{"overload", answer(503, "", ""), registry.Offline, "503", 4},
		{"too many", answer(429, "", ""), registry.Offline, "429", 4},
		{"error page", answer(200, "text/html; charset=utf-8", "<html>hello</html>"), registry.Corrupt, "HTML page", 4},
		{"error page of the right size", answer(200, "text/html", strings.Repeat("x", 1030)), registry.Corrupt, "HTML page", 4},
		{"short", answer(200, "", "short"), registry.Corrupt, "another size", 4},
		{"long", answer(200, "", strings.Repeat("x", 5000)), registry.Corrupt, "SHA-256", 4},
		{"other bytes", answer(200, "", strings.Repeat("x", 1030)), registry.Corrupt, "SHA-256", 4},
		{"part without being asked", answer(206, "", strings.Repeat("x", 1030)), registry.Corrupt, "not asked", 4},
		{"not modified", answer(304, "", ""), registry.Corrupt, "not asked", 4},
		{"beyond the end", answer(416, "", ""), registry.Corrupt, "shorter", 4},
		{"teapot redirect", answer(399, "", ""), registry.Offline, "399", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.server.Break(c.broken)
			err := f.download(t.Context())
			if registry.CodeOf(err) != c.code || !strings.Contains(fmt.Sprint(err), c.text) {
				t.Fatalf("%v", err)
			}
			if n := len(f.server.Take()); n != c.requests || len(f.pauses) != c.requests-1 {
				t.Fatalf("%d requests, %d pauses", n, len(f.pauses))
			}
			if len(f.got) != 0 {
				t.Fatal("a bad chunk reached the sink")
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		name, header string
		status       int
		least, most  time.Duration
	}{
		{"none", "", 503, 0, time.Second},
		{"seconds", "7", 503, 7 * time.Second, 7 * time.Second},
		{"too many requests", "60", 429, time.Minute, time.Minute},
		{"at once", "0", 503, 100 * time.Millisecond, time.Second},
		{"too long", "61", 503, 0, time.Second},
		{"far too long", "99999999999999999999", 503, 0, time.Second},
		{"negative", "-5", 503, 0, time.Second},
		{"date", "Fri, 31 Dec 2027 23:59:59 GMT", 503, 0, time.Second},
		{"another status", "7", 500, 0, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			broken := true
			f.server.Break(func(w http.ResponseWriter, _ *http.Request) bool {
				defer func() { broken = false }()
				if broken {
					w.Header().Set("Retry-After", c.header)
					w.WriteHeader(c.status)
				}
				return broken
			})
			if _, err := f.client.IndexDocument(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			if len(f.pauses) != 1 || f.pauses[0] < c.least || f.pauses[0] > c.most {
				t.Fatalf("waited %v, want %v to %v", f.pauses, c.least, c.most)
			}
		})
	}
}

// TestRetryAfterCancelled: who no longer wants the answer does not wait for it.
func TestRetryAfterCancelled(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	client, err := registry.NewClient(registry.Options{Fetcher: f.server.Fetcher(t), Sleep: func(ctx context.Context, d time.Duration) error {
		f.pauses = append(f.pauses, d)
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}})
	if err != nil {
		t.Fatal(err)
	}
	f.server.Break(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(429)
		return true
	})
	_, err = client.IndexDocument(ctx, "")
	if registry.CodeOf(err) != registry.Aborted || client.Requests() != 1 || len(f.pauses) != 1 || f.pauses[0] != 30*time.Second {
		t.Fatal(err, client.Requests(), f.pauses)
	}
}

func TestWrongRange(t *testing.T) {
	f := newFixture(t)
	if err := f.download(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.drop(4)
	f.server.Break(func(w http.ResponseWriter, r *http.Request) bool {
		r.Header.Set("Range", "bytes=300-399")
		return false
	})
	if err := f.download(t.Context()); registry.CodeOf(err) != registry.Corrupt || !strings.Contains(err.Error(), "asked were 400") {
		t.Fatal(err)
	}
}

func TestChangedFileUnderneath(t *testing.T) {
	// Between two requests the file is replaced: If-Range brings all of it, and the hash
	// refuses it.
	f := newFixture(t)
	n := 0
	f.server.Break(func(w http.ResponseWriter, r *http.Request) bool {
		if n++; n == 1 {
			http.ServeContent(&cutter{w, 250}, withETag(w, r, `"one"`), "", time.Time{}, bytes.NewReader(f.weights))
			return true
		}
		w.Header().Set("ETag", `"two"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(random(77, 1030)))
		return true
	})
	if err := f.download(t.Context()); registry.CodeOf(err) != registry.Corrupt {
		t.Fatal(err)
	}
	if len(f.got) != 2 {
		t.Fatalf("%d chunks", len(f.got))
	}
	if reqs := f.server.Take(); reqs[1].IfRange != `"one"` || reqs[1].Status != 200 {
		t.Fatalf("%+v", reqs[1])
	}
}

func withETag(w http.ResponseWriter, r *http.Request, etag string) *http.Request {
	w.Header().Set("ETag", etag)
	return r
}

func TestCancel(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	gate := make(chan struct{})
	f.server.Break(func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Length", "1030")
		w.Write(f.weights[:350])
		w.(http.Flusher).Flush()
		<-gate
		return true
	})
	err := f.client.Download(ctx, registry.Job{Manifest: f.manifest, Missing: func(registry.Digest) bool { return true },
		Sink: func(_ context.Context, c registry.Chunk, b registry.Blob) error {
			if f.got[c.SHA256], _ = b.Bytes(); len(f.got) == 3 {
				cancel()
			}
			return nil
		}})
	close(gate)
	if registry.CodeOf(err) != registry.Aborted || !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	f.server.Break(nil)
	f.server.Take()
	if err := f.download(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ranges(f.server.Take()); !slices.Contains(got, "bytes=300-1029") {
		t.Fatalf("resumed with %q", got)
	}
}

func TestStall(t *testing.T) {
	// A connection that delivers nothing counts as broken when the injected timer says so.
	f := newFixture(t)
	ticks := make(chan func(), 100)
	client, err := registry.NewClient(registry.Options{Fetcher: f.server.Fetcher(t), Sleep: noSleep(&f.pauses), Attempts: 2,
		AfterFunc: func(_ time.Duration, fn func()) func() { ticks <- fn; return func() {} }})
	if err != nil {
		t.Fatal(err)
	}
	gate := make(chan struct{})
	defer close(gate)
	f.server.Break(func(http.ResponseWriter, *http.Request) bool { <-gate; return true })
	done := make(chan error)
	go func() {
		_, err := client.IndexDocument(t.Context(), "")
		done <- err
	}()
	for {
		select {
		case tick := <-ticks:
			tick()
		case err := <-done:
			if registry.CodeOf(err) != registry.Offline || client.Requests() != 2 {
				t.Fatal(err, client.Requests())
			}
			return
		}
	}
}

func TestSinkError(t *testing.T) {
	f := newFixture(t)
	full := errors.New("full")
	err := f.client.Download(t.Context(), registry.Job{Manifest: f.manifest, Missing: func(registry.Digest) bool { return true },
		Sink: func(context.Context, registry.Chunk, registry.Blob) error { return full }})
	if !errors.Is(err, full) || len(f.pauses) != 0 {
		t.Fatal(err, f.pauses)
	}
}

func TestDocuments(t *testing.T) {
	f := newFixture(t)
	doc, err := f.client.IndexDocument(t.Context(), "")
	if err != nil || doc.ETag == "" {
		t.Fatal(err)
	}
	again, err := f.client.IndexDocument(t.Context(), doc.ETag)
	if err != nil || !again.Unchanged || again.Data != nil || again.ETag != doc.ETag {
		t.Fatalf("%+v, %v", again, err)
	}
	m, mdoc, err := f.client.Manifest(t.Context(), "leaf", "1.0.0", "")
	if err != nil || m.Version != "1.0.0" {
		t.Fatal(err)
	}
	if m, _, err := f.client.Manifest(t.Context(), "leaf", "1.0.0", mdoc.ETag); m != nil || err != nil {
		t.Fatal(m, err)
	}
	f.server.Put("leaf/2.0.0/manifest.json", f.server.Get("leaf/1.0.0/manifest.json"))
	if _, _, err := f.client.Manifest(t.Context(), "leaf", "2.0.0", ""); registry.CodeOf(err) != registry.Invalid {
		t.Fatal("took the manifest of another version:", err)
	}
	f.server.Put("index.json", bytes.Repeat([]byte(" "), registry.MaxDocument+1))
	if _, err := f.client.IndexDocument(t.Context(), ""); registry.CodeOf(err) != registry.Invalid {
		t.Fatal("took a document without end:", err)
	}
	f.server.Break(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>")
		return true
	})
	if _, err := f.client.IndexDocument(t.Context(), ""); registry.CodeOf(err) != registry.Invalid || !strings.Contains(err.Error(), "no registry") {
		t.Fatal(err)
	}
	f.server.Close()
	if _, err := f.client.IndexDocument(t.Context(), ""); registry.CodeOf(err) != registry.Offline {
		t.Fatal(err)
	}
}

func TestNewInvalid(t *testing.T) {
	if _, err := registry.NewClient(registry.Options{}); registry.CodeOf(err) != registry.InvalidInput {
		t.Error(err)
	}
	for _, root := range []string{"", "models", "/models", "ftp://x/y", "http://", "http://a b/", "://"} {
		if _, err := httpfetch.New(root, nil); registry.CodeOf(err) != registry.InvalidInput {
			t.Errorf("%q: %v", root, err)
		}
	}
}
