// Package registrytest is a registry on a local HTTP server, for tests: it publishes
// versions, counts what is asked of it, and breaks on demand.
package registrytest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"larder/cache/registry/httpfetch"
)

// File is a file to publish.
type File struct {
	Path, Role string
	Data       []byte
}

// Request is what somebody asked for.
type Request struct {
	Path, Range, IfRange, IfNoneMatch string
	Status                            int
	Bytes                             int64 // of the body
}

// Server is a registry. Its methods may be called while it serves.
type Server struct {
	*httptest.Server

	mu       sync.Mutex
	idle     *sync.Cond // active has become 0
	active   int        // requests under way
	chunk    int
	files    map[string]content
	index    map[string]map[string]any
	requests []Request
	broken   func(http.ResponseWriter, *http.Request) bool
}

// content is a file and its ETag, which is worked out once: a large file is asked for in
// many parts.
type content struct {
	data []byte
	tag  string
}

func newContent(data []byte) content { return content{data, `"` + hash(data)[:16] + `"`} }

// New starts an empty registry whose files are cut into chunks of this many bytes.
func New(t testing.TB, chunk int) *Server {
	s := &Server{chunk: chunk, files: map[string]content{}, index: map[string]map[string]any{}}
	s.idle = sync.NewCond(&s.mu)
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// Fetcher returns a transport to the registry with connections of its own.
func (s *Server) Fetcher(t testing.TB) *httpfetch.Fetcher {
	t.Helper()
	f, err := httpfetch.New(s.URL+"/models", &http.Client{Transport: &http.Transport{}})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Publish adds a version, makes it the latest, and returns its manifest. ttl is in
// seconds; below 0 the manifest has none.
func (s *Server) Publish(name, version string, ttl int, files ...File) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []any
	for _, f := range files {
		chunks := []any{}
		for from := 0; from < len(f.Data); from += s.chunk {
			part := f.Data[from:min(len(f.Data), from+s.chunk)]
			chunks = append(chunks, map[string]any{"bytes": len(part), "sha256": hash(part)})
		}
		list = append(list, map[string]any{"path": f.Path, "role": f.Role, "bytes": len(f.Data), "sha256": hash(f.Data), "chunks": chunks})
		s.files[path.Join(name, version, f.Path)] = newContent(f.Data)
	}
	m := map[string]any{"schema": 1, "name": name, "version": version, "files": list}
	if ttl >= 0 {
		m["freshness"] = map[string]any{"ttlSeconds": ttl}
	}
	data := encode(m)
	s.files[path.Join(name, version, "manifest.json")] = newContent(data)
	if s.index[name] == nil {
		s.index[name] = map[string]any{"versions": []string{}}
	}
	s.index[name]["versions"] = append(s.index[name]["versions"].([]string), version)
	s.index[name]["aliases"] = map[string]string{"latest": version}
	s.files["index.json"] = newContent(encode(map[string]any{"schema": 1, "models": s.index}))
	return data
}

// Put replaces a file, manifest.json and index.json included, as it is; nil removes it.
func (s *Server) Put(path string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if data == nil {
		delete(s.files, path)
		return
	}
	s.files[path] = newContent(data)
}

// Get returns a file.
func (s *Server) Get(path string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.files[path].data)
}

// Break makes f see each request first; f returns whether it has answered it. nil heals.
func (s *Server) Break(f func(http.ResponseWriter, *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = f
}

// Take returns the requests since the last Take. It waits for those under way: a client
// has the last byte a moment before the server has counted it.
func (s *Server) Take() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.active > 0 {
		s.idle.Wait()
	}
	out := s.requests
	s.requests = nil
	return out
}

// ModelBytes sums the bytes of bodies that are neither index nor manifest.
func ModelBytes(requests []Request) int64 {
	var n int64
	for _, r := range requests {
		if r.Path != "index.json" && path.Base(r.Path) != "manifest.json" {
			n += r.Bytes
		}
	}
	return n
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/models/")
	s.mu.Lock()
	file, ok := s.files[name]
	broken := s.broken
	s.active++
	s.mu.Unlock()
	counted := &counter{ResponseWriter: w, status: 200}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests = append(s.requests, Request{Path: name, Range: r.Header.Get("Range"), IfRange: r.Header.Get("If-Range"),
			IfNoneMatch: r.Header.Get("If-None-Match"), Status: counted.status, Bytes: counted.bytes})
		s.active--
		s.idle.Broadcast()
	}()
	if broken != nil && broken(counted, r) {
		return
	}
	if !ok {
		http.NotFound(counted, r)
		return
	}
	w.Header().Set("ETag", file.tag)
	http.ServeContent(counted, r, name, time.Time{}, bytes.NewReader(file.data))
}

// counter counts what is written.
type counter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (c *counter) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.bytes += int64(n)
	return n, err
}

// Flush passes on, so that a test can cut a body where it wants.
func (c *counter) Flush() { c.ResponseWriter.(http.Flusher).Flush() }

func hash(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings and numbers always encode
	}
	return data
}
