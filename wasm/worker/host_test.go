//go:build !js

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/registry"
	"larder/cache/registry/httpfetch"
	"larder/cache/store"
	"larder/cache/store/memstore"
	"larder/model/engine"
	"larder/model/pre"
	"larder/model/pre/imagefile"
	"larder/model/pre/token/form"
	"larder/model/tensor"
	"larder/wasm/message"
)

// models is the registry that Larder ships.
const models = "../../web/static/models"

// testHost stands in for JavaScript: pictures and tensors are Go values.
type testHost struct {
	clock   cache.Clock
	store   store.Store
	picture func(ctx context.Context, input any) (*pre.Image, error) // nil: decode bytes

	mu      sync.Mutex
	posted  []map[string]any
	replies map[int]chan message.Reply
	repeats map[string]repeat // by request
	given   []repeated        // what the test says was repeated
	shared  map[int]int       // as well
}

func (h *testHost) Post(given map[string]any, _ []any) {
	text, things := writeFlat(nil, given)
	read, err := readFlat(string(text), func(i int) (any, error) { return things[i-1], nil })
	if err != nil {
		panic(err)
	}
	tree := read.(map[string]any)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.posted = append(h.posted, tree)
	if _, ok := tree["ok"]; !ok {
		return
	}
	r, err := message.DecodeReply(tree)
	if err != nil {
		panic(err)
	}
	if r.Err == nil {
		r.Result = tree["result"]
	}
	if c := h.replies[r.ID]; c != nil {
		c <- r
	}
}

// Repeat implements host.
func (h *testHost) Repeat(r repeat) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.repeats == nil {
		h.repeats = map[string]repeat{}
	}
	_, question, _ := strings.Cut(r.Request, ",") // less its number
	h.repeats[question] = r
}

// Forget implements host.
func (h *testHost) Forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.repeats)
}

// Repeated implements host.
func (h *testHost) Repeated() []repeated {
	h.mu.Lock()
	defer h.mu.Unlock()
	given := h.given
	h.given = nil
	return given
}

// Shared implements host.
func (h *testHost) Shared() map[int]int { return h.shared }

func (h *testHost) Parts(_ context.Context, root string) (parts, error) {
	f, err := httpfetch.New(root, nil)
	if err != nil {
		return parts{}, fault(message.CodeInvalidInput, "%v", err)
	}
	return parts{storage: message.StorageMemory, reason: "a test",
		options: cache.Options{Store: h.store, Registry: f, RegistryID: root, Clock: h.clock}}, nil
}

func (h *testHost) Picture(ctx context.Context, input any) (*pre.Image, error) {
	if h.picture != nil {
		return h.picture(ctx, input)
	}
	b, ok := input.([]byte)
	if !ok {
		return nil, fault(message.CodeUnsupportedInput, "%T is no picture", input)
	}
	return imagefile.Decode(b)
}

// Digest is like the browser's; input that is no bytes has none.
func (h *testHost) Digest(_ context.Context, input any) (string, any, bool, error) {
	b, ok := input.([]byte)
	sum := sha256.Sum256(b)
	return "p" + hex.EncodeToString(sum[:]), input, ok, nil
}

func (h *testHost) Form(name, text string) string { return form.Normalize(name, text) }

func (h *testHost) Source(_ context.Context, v any) (source, string, error) {
	b, ok := v.([]byte)
	if !ok {
		return nil, "", fault(message.CodeInvalidInput, "%T has no bytes", v)
	}
	sum := sha256.Sum256(b)
	return heldBytes{bytes.NewReader(b)}, hex.EncodeToString(sum[:]), nil
}

// heldBytes is a source in Go's heap.
type heldBytes struct{ *bytes.Reader }

func (heldBytes) Attend(context.Context) {}
func (heldBytes) Close()                 {}

func (h *testHost) Tensor(t message.Tensor) (*tensor.Tensor, error) {
	data, ok := t.Data.([]float32)
	if !ok {
		return nil, fault(message.CodeInvalidInput, "%T has no elements", t.Data)
	}
	return tensor.Of(data, t.Dims...)
}

func (h *testHost) Data(t *tensor.Tensor) (any, error) { return t.Any(), nil }

func (h *testHost) Free(any) {}

func (h *testHost) Stir() {}

// Engine gives plain Go, which has one thread.
func (h *testHost) Engine(_ context.Context, asked int) (machine, error) {
	m := machine{engine: engine.Reference{}, name: message.EngineReference, threads: 1}
	if asked > 1 {
		m.reason = fmt.Sprintf("%d threads are more than a test has", asked)
	}
	return m, nil
}

func (h *testHost) Heed(any) {}

func (h *testHost) NewFile() file { return &memoryFile{} }

type memoryFile struct{ data []byte }

func (f *memoryFile) Write(b store.Blob) error {
	data, err := b.Bytes()
	f.data = append(f.data, data...)
	return err
}

func (f *memoryFile) End() (any, error) { return f.data, nil }

func (h *testHost) Body(_ context.Context, v any) (registry.Body, error) {
	b, ok := v.([]byte)
	if !ok {
		return nil, fault(message.CodeInvalidInput, "%T has no bytes", v)
	}
	return httpfetch.NewBody("import", io.NopCloser(bytes.NewReader(b))), nil
}

func (h *testHost) Breathe(ctx context.Context) context.Context { return ctx }

// testClock is set by hand.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) AfterFunc(time.Duration, func()) func() { return func() {} }

func (c *testClock) Sleep(context.Context, time.Duration) error { return nil }

func (c *testClock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a server with its host and registry.
type bench struct {
	*server
	t     *testing.T
	host  *testHost
	clock *testClock
	root  string
	last  int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	clock := &testClock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	host := &testHost{clock: clock, store: memstore.New(), replies: map[int]chan message.Reply{}}
	web := httptest.NewServer(http.FileServer(http.Dir(models)))
	t.Cleanup(web.Close)
	return &bench{server: newServer(host, clock.Now), t: t, host: host, clock: clock, root: web.URL + "/"}
}

// send starts a request and returns its number and where its reply comes.
func (b *bench) send(method string, params map[string]any) (int, chan message.Reply) {
	b.last++
	c := make(chan message.Reply, 2)
	b.host.mu.Lock()
	b.host.replies[b.last] = c
	b.host.mu.Unlock()
	b.Receive(requestOf(b.last, method, params))
	return b.last, c
}

// requestOf returns a request as it arrives, and as the text that it arrives as.
func requestOf(id int, method string, params map[string]any) (tree any, text string) {
	r := message.Request{ID: id, Method: method, Params: params}.Encode()
	if _, things := writeFlat(nil, r); things == nil {
		b, err := json.Marshal(params) // sorted, as larder.js asks the same with the same text
		if err != nil {
			panic(err)
		}
		text = fmt.Sprintf(`{"id":%d,"method":%q,"params":%s}`, id, method, b)
	}
	return r, text
}

// ask sends a request and waits for its result.
func (b *bench) ask(method string, params map[string]any) any {
	b.t.Helper()
	_, c := b.send(method, params)
	r := <-c
	if r.Err != nil {
		b.t.Fatalf("%s: %s: %s", method, r.Err.Code, r.Err.Message)
	}
	return r.Result
}

// refused sends a request that must fail.
func (b *bench) refused(code, method string, params map[string]any) *message.Error {
	b.t.Helper()
	_, c := b.send(method, params)
	r := <-c
	if r.Err == nil || r.Err.Code != code {
		b.t.Fatalf("%s: reply %+v, want the code %s", method, r, code)
	}
	return r.Err
}

func (b *bench) open() {
	b.t.Helper()
	b.ask(message.MethodOpen, message.Open{Models: b.root, Threads: 2}.Encode())
	b.ask(message.MethodCacheListen, nil)
}

func (b *bench) load(model, version string) message.Info {
	b.t.Helper()
	info, err := message.DecodeInfo(b.ask(message.MethodLoad, message.Load{Model: model, Version: version}.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	return info
}

func (b *bench) dispose(handle int) {
	b.t.Helper()
	b.ask(message.MethodDispose, message.Handle{Handle: handle}.Encode())
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
