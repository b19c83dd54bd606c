package host

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path"
	"strings"
	"time"
)

// Options says how a site is served.
type Options struct {
	// Dir is the folder of the built site. It is opened anew for every request, so
	// that a build may replace it while the server runs.
	Dir string
	// Base is the path that the site is served under. It begins and ends with a
	// slash; the empty string means "/".
	Base string
	// NoIsolation leaves out the COOP, COEP and CORP headers, as a static host that
	// sets no headers would.
	NoIsolation bool
	// Before, when set, runs before a page (an .html file) is served. Its error is
	// shown instead of the page.
	Before func(context.Context) error
	// Push, when set, is offered to pages as the stream of changed models.
	Push *Push
	// Log, when set, receives one call per finished request.
	Log func(Access)
}

// Access describes one finished request.
type Access struct {
	Method   string
	Path     string // as requested, without the query
	Status   int
	Bytes    int64  // bytes of the body that were written
	Encoding string // content coding of the body: "", "br" or "gzip"
	Took     time.Duration
}

// Handler serves one site. It is safe for concurrent use.
type Handler struct {
	opt  Options
	tags tagCache
}

// New returns a handler for the site in opt.Dir. The folder need not exist yet.
func New(opt Options) (*Handler, error) {
	if opt.Base == "" {
		opt.Base = "/"
	}
	clean := path.Clean(opt.Base)
	if clean != "/" {
		clean += "/"
	}
	if opt.Base != clean || clean[0] != '/' {
		return nil, fmt.Errorf("host: base %q: want a clean path that begins and ends with a slash, such as /demo/", opt.Base)
	}
	return &Handler{opt: opt}, nil
}

// ServeHTTP answers one request and reports it to Options.Log.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	rec := &recorder{ResponseWriter: w, length: -1}
	h.serve(rec, r)
	if h.opt.Log != nil {
		h.opt.Log(Access{
			Method: r.Method, Path: r.URL.Path, Status: rec.status, Bytes: rec.bytes,
			Encoding: rec.Header().Get("Content-Encoding"), Took: time.Since(start),
		})
	}
}

// serve is ServeHTTP without the log.
func (h *Handler) serve(w *recorder, r *http.Request) {
	setSecurity(w.Header(), !h.opt.NoIsolation)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		h.refuse(w, r, http.StatusMethodNotAllowed, "invalid-input", "only GET and HEAD are answered here")
		return
	}
	if r.URL.Path+"/" == h.opt.Base {
		http.Redirect(w, r, h.opt.Base, http.StatusMovedPermanently)
		return
	}
	if h.opt.Push != nil && r.URL.Path == h.opt.Base+PushPath {
		h.opt.Push.ServeHTTP(w, r)
		return
	}
	name, ok := h.fileName(r.URL.Path)
	if !ok {
		h.notFound(w, r)
		return
	}
	if h.opt.Before != nil && strings.HasSuffix(name, ".html") {
		if err := h.opt.Before(r.Context()); err != nil {
			h.failed(w, r, err)
			return
		}
	}
	h.serveFile(w, r, name)
}

// fileName maps a request path to a slash-separated name below Dir. It reports
// false for a path outside the base, a path that is not clean, and a hidden file.
func (h *Handler) fileName(p string) (string, bool) {
	name, ok := strings.CutPrefix(p, h.opt.Base)
	if !ok || strings.ContainsAny(name, "\\\x00:") {
		return "", false
	}
	if name == "" || strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.HasPrefix(part, ".") {
			return "", false
		}
	}
	return name, true
}

// serveFile answers with the best representation of the named file.
func (h *Handler) serveFile(w *recorder, r *http.Request, name string) {
	root, err := os.OpenRoot(h.opt.Dir)
	if err != nil {
		h.unreadable(w, r, err)
		return
	}
	defer root.Close()
	rep, err := h.open(root, name, r)
	if err != nil {
		h.unreadable(w, r, err)
		return
	}
	defer rep.file.Close()
	head := w.Header()
	if h.opt.Push != nil && name == "models/index.json" {
		head.Set(PushHeader, pushName)
	}
	head.Set("Content-Type", contentType(name))
	head.Set("Cache-Control", cacheControl(name))
	head.Set("ETag", rep.tag)
	if rep.varies {
		head.Set("Vary", "Accept-Encoding")
	}
	if rep.encoding != "" {
		head.Set("Content-Encoding", rep.encoding)
		w.length = rep.size // http.ServeContent leaves it out for encoded bodies
	}
	// The zero time keeps Last-Modified away: the ETag is the only validator,
	// because a rebuild gives unchanged files a new modification time.
	http.ServeContent(w, r, "", time.Time{}, rep.file)
}

// recorder counts what is written and completes the Content-Length of 200 answers.
type recorder struct {
	http.ResponseWriter
	length int64 // known length of an encoded body, or -1
	status int
	bytes  int64
}

// WriteHeader remembers the status.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	if status == http.StatusOK && w.length >= 0 {
		w.Header().Set("Content-Length", fmt.Sprint(w.length))
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes of the body.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
