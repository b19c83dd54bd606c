package service

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"time"
)

// host provides objects from a folder, as the Worker does from a bucket, and
// counts what it was asked for.
type host struct {
	root  fs.FS // holds models/
	asked map[string]int
}

func newHost(root string) *host { return &host{root: os.DirFS(root), asked: map[string]int{}} }

const static = "../../../web/static"

func (h *host) fetch(n Need) Object {
	h.asked[n.Key]++
	b, err := fs.ReadFile(h.root, n.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return Object{Key: n.Key, State: Missing}
	}
	sum := sha256.Sum256(b)
	etag := hex.EncodeToString(sum[:8])
	if n.ETag == etag {
		return Object{Key: n.Key, State: Unchanged}
	}
	return Object{Key: n.Key, State: Found, ETag: etag, Bytes: b, SHA256: hex.EncodeToString(sum[:])}
}

// do handles a request with as many rounds as the Worker allows.
func (h *host) do(t *testing.T, s *Service, r Request) Reply {
	t.Helper()
	for range 6 {
		reply := s.Handle(r)
		if len(reply.Need) == 0 {
			return reply
		}
		for _, n := range reply.Need {
			s.Provide(h.fetch(n))
		}
	}
	t.Fatalf("%s %s still needs objects after 6 rounds", r.Method, r.Path)
	return Reply{}
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func demo(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(path.Join(static, "models/leaf/2.0.0/demo", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func classifySmall(t testing.TB, now time.Time) Request {
	return Request{Method: "POST", Path: "/v2/models/leaf-small/classify", Now: now, Body: demo(t, "healthy.jpg")}
}

func TestObjectsAreFetchedOnce(t *testing.T) {
	h, s := newHost(static), New(Options{})
	for range 3 {
		if r := h.do(t, s, classifySmall(t, noon)); r.Status != 200 || !strings.Contains(string(r.Body), `"label":"healthy"`) {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
	}
	for key, n := range h.asked {
		if n != 1 {
			t.Errorf("%s was fetched %d times", key, n)
		}
	}
	if len(h.asked) != 3 {
		t.Errorf("fetched %v, want index, manifest and model", h.asked)
	}
	if n := len(s.shelf.arrived) + len(s.shelf.wanted); n != 0 {
		t.Errorf("%d objects are left over", n)
	}
}

func TestIndexExpires(t *testing.T) {
	for _, test := range []struct {
		name  string
		ttl   time.Duration
		later time.Duration
		want  int
	}{
		{"fresh", time.Minute, 59 * time.Second, 1},
		{"expired", time.Minute, time.Minute, 2},
		{"clock went back", time.Minute, -time.Second, 2},
		{"ask always", AskAlways, time.Millisecond, 2},
	} {
		h, s := newHost(static), New(Options{IndexTTL: test.ttl})
		h.do(t, s, classifySmall(t, noon))
		if r := h.do(t, s, classifySmall(t, noon.Add(test.later))); r.Status != 200 {
			t.Fatalf("%s: %d %s", test.name, r.Status, r.Body)
		}
		if got := h.asked[indexKey]; got != test.want {
			t.Errorf("%s: the index was fetched %d times, want %d", test.name, got, test.want)
		}
	}
}

// Requests interleave between their rounds; both fetch the same model.
func TestOverlappingRequests(t *testing.T) {
	h, s := newHost(static), New(Options{})
	a, b := classifySmall(t, noon), classifySmall(t, noon)
	for _, key := range []string{indexKey, "models/leaf-small/1.0.0/manifest.json", "models/leaf-small/1.0.0/model.onnx"} {
		for _, r := range []Request{a, b} {
			if reply := s.Handle(r); len(reply.Need) != 1 || reply.Need[0].Key != key {
				t.Fatalf("needs %v, want %s", reply.Need, key)
			}
		}
		s.Provide(h.fetch(Need{Key: key}))
	}
	if r := s.Handle(a); r.Status != 200 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	s.Provide(h.fetch(Need{Key: "models/leaf-small/1.0.0/model.onnx"})) // the second copy comes late
	if r := s.Handle(b); r.Status != 200 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	if len(s.shelf.arrived) != 0 {
		t.Error("the second copy of the model is still held")
	}
}

func TestLeastRecentlyUsedModelGoes(t *testing.T) {
	h, s := newHost(static), New(Options{WeightBytes: 5 << 20})
	ready := func(name string) Request {
		return Request{Method: "GET", Path: "/v2/models/" + name + "/ready", Now: noon}
	}
	for _, name := range []string{"leaf-small", "leaf", "leaf-small"} {
		h.do(t, s, ready(name))
	}
	h.do(t, s, ready("leaf/versions/1.0.0"))
	if s.shelf.models["leaf@2.0.0"] != nil || s.shelf.models["leaf@1.0.0"] == nil {
		t.Errorf("ready: %v", s.shelf.models)
	}
	if r := h.do(t, s, ready("leaf")); r.Status != 200 {
		t.Errorf("an evicted model does not come back: %d %s", r.Status, r.Body)
	}
}

// tamper is a registry in which one file has another content.
type tamper struct {
	fs.FS
	key  string
	data []byte
}

func (f tamper) ReadFile(name string) ([]byte, error) {
	if name == f.key {
		return f.data, nil
	}
	return fs.ReadFile(f.FS, name)
}

func TestBrokenRegistry(t *testing.T) {
	const dir = "models/leaf-small/1.0.0/"
	model, err := os.ReadFile(path.Join(static, dir, "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	model[len(model)/2] ^= 1
	for _, test := range []struct {
		name, key string
		data      []byte
	}{
		{"index is HTML", indexKey, []byte("<!doctype html>")},
		{"manifest is empty", dir + "manifest.json", nil},
		{"one bit of the model is flipped", dir + "model.onnx", model},
		{"model is cut off", dir + "model.onnx", model[:1000]},
	} {
		h := newHost(static)
		whole := h.root
		h.root = tamper{whole, test.key, test.data}
		s := New(Options{})
		if r := h.do(t, s, classifySmall(t, noon)); r.Status != 502 {
			t.Errorf("%s: %d %s, want 502", test.name, r.Status, r.Body)
		}
		h.root = whole
		if r := h.do(t, s, classifySmall(t, noon)); r.Status != 200 {
			t.Errorf("%s: after the repair: %d %s", test.name, r.Status, r.Body)
		}
	}
}

func TestErrorsAreJSON(t *testing.T) {
	h, s := newHost(static), New(Options{})
	for _, test := range []struct {
		name, method, path, include, body string
		want                              int
	}{
		{"no such path", "GET", "/v3", "", "", 404},
		{"method", "DELETE", "/v2", "", "", 405},
		{"escape", "GET", "/v2/models/%zz", "", "", 400},
		{"model", "GET", "/v2/models/nothing", "", "", 404},
		{"version", "GET", "/v2/models/leaf-small/versions/7.0.0", "", "", 404},
		{"selector", "GET", "/v2/models/leaf-small/versions/%5E%5E1", "", "", 400},
		{"include", "POST", "/v2/models/leaf-small/classify", "weights", string(demo(t, "healthy.jpg")), 400},
		{"infer without data", "POST", "/v2/models/leaf-small/infer", "", `{"inputs":[{"name":"image","shape":[1],"datatype":"FP32"}]}`, 400},
		{"input twice", "POST", "/v2/models/leaf-small/infer", "", `{"inputs":[{"name":"image","shape":[1],"datatype":"FP32","data":[1]},{"name":"image","shape":[1],"datatype":"FP32","data":[1]}]}`, 400},
		{"huge shape", "POST", "/v2/models/leaf-small/infer", "", `{"inputs":[{"name":"image","shape":[99999999,99999999],"datatype":"FP32","data":[1]}]}`, 400},
		{"output", "POST", "/v2/models/leaf-small/infer", "", inferBody(`"outputs":[{"name":"nothing"}],`), 400},
	} {
		r := h.do(t, s, Request{Method: test.method, Path: test.path, Include: test.include, Now: noon, Body: []byte(test.body)})
		var body struct{ Error string }
		if err := json.Unmarshal(r.Body, &body); err != nil || body.Error == "" || r.Status != test.want {
			t.Errorf("%s: %d %s (%v), want %d", test.name, r.Status, r.Body, err, test.want)
		}
	}
}

// inferBody is a request for leaf-small with a grey picture.
func inferBody(more string) string {
	return `{` + more + `"inputs":[{"name":"image","datatype":"FP32","shape":[1,3,160,160],"data":[` +
		strings.TrimSuffix(strings.Repeat("0,", 3*160*160), ",") + `]}]}`
}

func TestInferAllOutputs(t *testing.T) {
	h, s := newHost(static), New(Options{})
	r := h.do(t, s, Request{Method: "POST", Path: "/v2/models/leaf-small/infer", Now: noon, Body: []byte(inferBody(`"id":"a",`))})
	var body struct {
		ID      string
		Outputs []struct {
			Name, Datatype string
			Shape          []int
			Data           []float32
		}
	}
	if err := json.Unmarshal(r.Body, &body); err != nil || r.Status != 200 {
		t.Fatalf("%d %v", r.Status, err)
	}
	if body.ID != "a" || len(body.Outputs) != 2 || len(body.Outputs[0].Data) != 3 || len(body.Outputs[1].Data) != 256*25 {
		t.Errorf("id %q, %d outputs", body.ID, len(body.Outputs))
	}
}

func FuzzReadInfer(f *testing.F) {
	f.Add([]byte(`{"inputs":[{"name":"x","shape":[2,1],"datatype":"FP32","data":[[1],[2.5e3]]}],"outputs":[{"name":"y"}],"id":"1"}`))
	f.Add([]byte(`{"inputs":[{"data":["a","b"],"datatype":"BYTES","shape":[2],"name":"x"}]}`))
	f.Add([]byte(`{"inputs":[{"name":"x","shape":[-1],"datatype":"INT64","data":[9223372036854775808]}]}`))
	f.Add([]byte(`{"inputs":[{"name":"x","shape":[],"datatype":"BOOL","data":[true]}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := readInfer(body)
		if err == nil && len(req.inputs) == 0 {
			t.Error("no inputs and no error")
		}
		var elements int
		for _, x := range req.inputs {
			elements += x.Len()
		}
		if elements > len(body) {
			t.Errorf("%d elements from %d bytes", elements, len(body))
		}
	})
}
