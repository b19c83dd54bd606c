package registry_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"larder/cache/registry"
	"larder/cache/registry/registrytest"
)

// large is a model whose weights come in parts: two files, chunks of 100,000 bytes.
type large struct {
	server   *registrytest.Server
	client   *registry.Client
	manifest *registry.Manifest
	files    map[string][]byte

	mu    sync.Mutex
	got   map[registry.Digest]int
	asked []registry.Progress
}

func newLarge(t *testing.T) *large {
	t.Helper()
	l := &large{server: registrytest.New(t, 100_000), got: map[registry.Digest]int{},
		files: map[string][]byte{"model.onnx": random(1, 17_030_000), "weights.bin": random(2, 1_250_000)}}
	raw := l.server.Publish("leaf", "1.0.0", 60, registrytest.File{Path: "model.onnx", Role: "model", Data: l.files["model.onnx"]},
		registrytest.File{Path: "weights.bin", Role: "weights", Data: l.files["weights.bin"]})
	var err error
	if l.manifest, err = registry.DecodeManifest(raw); err != nil {
		t.Fatal(err)
	}
	l.client, err = registry.NewClient(registry.Options{Fetcher: l.server.Fetcher(t), Attempts: 50,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	l.server.Take()
	return l
}

func (l *large) total() (n int64) {
	for _, f := range l.files {
		n += int64(len(f))
	}
	return n
}

// download fetches everything and checks that each chunk came once and that the
// progress is exact.
func (l *large) download(t *testing.T) []registrytest.Request {
	t.Helper()
	err := l.client.Download(t.Context(), registry.Job{
		Manifest: l.manifest,
		Missing:  func(registry.Digest) bool { return true },
		Sink: func(_ context.Context, c registry.Chunk, data registry.Blob) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.got[c.SHA256]++
			return nil
		},
		Progress: func(p registry.Progress) { l.asked = append(l.asked, p) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range l.manifest.Files {
		for _, c := range f.Chunks {
			if l.got[c.SHA256] != 1 {
				t.Fatalf("a chunk came %d times", l.got[c.SHA256])
			}
		}
	}
	last := registry.Progress{}
	for _, p := range l.asked {
		if p.Total != l.total() || p.Loaded <= last.Loaded {
			t.Fatalf("%+v after %+v", p, last)
		}
		last = p
	}
	if last.Loaded != last.Total {
		t.Fatalf("ended at %+v", last)
	}
	return l.server.Take()
}

func TestPartsComeSideBySide(t *testing.T) {
	l := newLarge(t)
	var mu sync.Mutex
	active, most := 0, 0
	four := make(chan struct{})
	l.server.Break(func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		active++
		most = max(most, active)
		if active == 4 && four != nil {
			close(four)
			four = nil
		}
		wait := four
		mu.Unlock()
		if wait != nil && !strings.HasPrefix(r.Header.Get("Range"), "bytes=0-") {
			<-wait // the first answer shows that there are ranges; then four come at a time
		}
		w.Header().Set("ETag", `"x"`)
		last := &ending{ResponseWriter: w, end: func() {
			mu.Lock()
			defer mu.Unlock()
			active--
		}}
		http.ServeContent(last, r, "", time.Time{}, bytes.NewReader(l.files[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]))
		return true
	})
	reqs := l.download(t)
	if n := registrytest.ModelBytes(reqs); n != l.total() || most != 4 {
		t.Fatalf("%d bytes of %d, %d requests at a time", n, l.total(), most)
	}
	for i, r := range reqs {
		if r.Status == 206 && r.IfRange == "" && !strings.HasPrefix(r.Range, "bytes=0-") {
			t.Errorf("request %d for %s has no If-Range", i, r.Range)
		}
	}
}

func TestLargeFromHosts(t *testing.T) {
	whole := func(l *large, w http.ResponseWriter, r *http.Request) []byte {
		data := l.files[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		return data
	}
	var parts atomic.Int32 // of model.onnx that were asked for where connections break from the first on
	tests := []struct {
		name   string
		answer func(l *large, w http.ResponseWriter, r *http.Request) bool
		times  int64 // how often each byte may come
	}{
		{"without ranges", func(l *large, w http.ResponseWriter, r *http.Request) bool {
			w.Write(whole(l, w, r))
			return true
		}, 1},
		{"that compress whatever is asked", func(l *large, w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Encoding", "gzip")
			if r.Header.Get("Range") != "" {
				w.Header().Set("Content-Range", "bytes 0-9/100")
				w.WriteHeader(206)
				w.Write([]byte("0123456789"))
				return true
			}
			data := whole(l, w, r)
			w.Header().Del("Content-Length")
			z, _ := gzip.NewWriterLevel(w, gzip.NoCompression) // the content has nothing to compress
			z.Write(data)
			z.Close()
			return true
		}, 2},
		{"that compress whatever is asked, which browsers tell as a broken connection", func(l *large, w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Range") != "" {
				panic(http.ErrAbortHandler)
			}
			w.Write(whole(l, w, r))
			return true
		}, 1},
		{"whose connections break from the first on", func(l *large, w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Range") != "" && strings.HasSuffix(r.URL.Path, "model.onnx") && parts.Add(1) <= 2 {
				panic(http.ErrAbortHandler) // as if there were no parts, so that all is asked for; that breaks, too
			}
			http.ServeContent(&breaking{w, 1_000_000}, r, "", time.Time{}, bytes.NewReader(whole(l, httpNothing{}, r)))
			return true
		}, 2},
		{"whose connections break", func(l *large, w http.ResponseWriter, r *http.Request) bool {
			if rand.IntN(3) == 0 {
				panic(http.ErrAbortHandler)
			}
			http.ServeContent(&breaking{w, 300_000 + rand.IntN(3_000_000)}, r, "", time.Time{}, bytes.NewReader(whole(l, httpNothing{}, r)))
			return true
		}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLarge(t)
			l.server.Break(func(w http.ResponseWriter, r *http.Request) bool { return tt.answer(l, w, r) })
			if n := registrytest.ModelBytes(l.download(t)); n > tt.times*l.total() {
				t.Errorf("%d bytes for %d", n, l.total())
			}
		})
	}
}

// ending calls end before it writes the last bytes of an answer: who has read them may ask
// for more before the handler has returned.
type ending struct {
	http.ResponseWriter
	left int
	end  func()
}

func (e *ending) WriteHeader(status int) {
	e.left, _ = strconv.Atoi(e.Header().Get("Content-Length"))
	e.ResponseWriter.WriteHeader(status)
}

func (e *ending) Write(p []byte) (int, error) {
	if e.left -= len(p); e.left == 0 {
		e.end()
	}
	return e.ResponseWriter.Write(p)
}

// breaking breaks the connection after some bytes.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		b.ResponseWriter.Write(p[:max(len(p)+b.left, 0)])
		b.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return b.ResponseWriter.Write(p)
}

type httpNothing struct{}

func (httpNothing) Header() http.Header         { return http.Header{} }
func (httpNothing) Write(p []byte) (int, error) { return len(p), nil }
func (httpNothing) WriteHeader(int)             {}

// TestChangedWhileInParts replaces the file after the first part: no chunk of another
// file is ever handed on.
func TestChangedWhileInParts(t *testing.T) {
	l := newLarge(t)
	other := random(9, len(l.files["model.onnx"]))
	var once sync.Once
	l.server.Break(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("If-Range") != "" {
			once.Do(func() { l.server.Put("leaf/1.0.0/model.onnx", other) })
		}
		return false
	})
	err := l.client.Download(t.Context(), registry.Job{Manifest: l.manifest,
		Missing: func(registry.Digest) bool { return true },
		Sink: func(_ context.Context, c registry.Chunk, data registry.Blob) error {
			if sum, err := (registry.GoHasher{}).Sum(t.Context(), data); sum != c.SHA256 || err != nil {
				t.Error("a chunk of something else was handed on")
			}
			return nil
		}})
	if registry.CodeOf(err) != registry.Corrupt {
		t.Fatal(err)
	}
}
