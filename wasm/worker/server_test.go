//go:build !js

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"larder/cache"
	"larder/model"
	"larder/model/pack"
	"larder/model/pre"
	"larder/wasm/message"
)

func TestPredict(t *testing.T) {
	b := newBench(t)
	b.open()
	info := b.load("leaf-small", "")
	if info.Source != message.SourceRegistry || info.Threads != 1 || !strings.Contains(info.ThreadsReason, "2 threads") || len(info.Labels) != 3 {
		t.Errorf("info %+v", info)
	}
	if _, err := pack.DecodeManifest([]byte(info.Manifest)); err != nil {
		t.Errorf("manifest: %v", err)
	}
	if want := []message.Dim{{Size: -1, Name: "N"}, {Size: 3}, {Size: 160}, {Size: 160}}; !reflect.DeepEqual(info.Inputs[0].Dims, want) {
		t.Errorf("input %+v, want dims %+v", info.Inputs[0], want)
	}
	photo := readFile(t, models+"/leaf-small/1.0.0/demo/bean_rust.jpg")
	p, err := message.DecodePrediction(b.ask(message.MethodPredict, message.Input{Handle: info.Handle, Input: photo}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if p.Label != "bean_rust" || p.Classes[0].Label != "bean_rust" || p.Classes[0].Display != "Bean rust" || p.Classes[0].Probability < 0.9 || p.Unknown {
		t.Errorf("prediction %+v", p)
	}
	if p.Model.Name != "leaf-small" || p.Model.Version != "1.0.0" || p.Model.Freshness != message.Fresh || len(p.Model.Digest) != 64 {
		t.Errorf("model %+v", p.Model)
	}
}

// TestByteOrderMark: an editor has put one before index and manifest. The page parses the
// manifest without it; the digest is that of the file.
func TestByteOrderMark(t *testing.T) {
	b := newBench(t)
	const mark = "\ufeff"
	marked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := os.ReadFile(filepath.Join(models, r.URL.Path))
		if err != nil {
			t.Error(err)
		}
		if path.Ext(r.URL.Path) == ".json" {
			data = append([]byte(mark), data...)
		}
		w.Write(data)
	}))
	t.Cleanup(marked.Close)
	b.root = marked.URL + "/"
	b.open()
	info := b.load("leaf-small", "")
	if want := fmt.Sprintf("%x", sha256.Sum256([]byte(mark+info.Manifest))); !json.Valid([]byte(info.Manifest)) || info.Model.Digest != want {
		t.Errorf("%.20q…, digest %s, want %s", info.Manifest, info.Model.Digest, want)
	}
}

// TestPreprocessRun checks that the two halves of predict give its result.
func TestPreprocessRun(t *testing.T) {
	b := newBench(t)
	b.open()
	info := b.load("leaf-small", "1.0.0")
	photo := readFile(t, models+"/leaf-small/1.0.0/demo/healthy.jpg")
	in, err := message.DecodeTensors(b.ask(message.MethodPreprocess, message.Input{Handle: info.Handle, Input: photo}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if image := in["image"]; !reflect.DeepEqual(image.Dims, []int{1, 3, 160, 160}) || image.Type != "float32" {
		t.Fatalf("preprocess gave %v %s", image.Dims, image.Type)
	}
	out, err := message.DecodeComputed(b.ask(message.MethodRun, message.Run{Handle: info.Handle, Inputs: in, Profile: true}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if p := out.Profile; p == nil || len(p.Steps) < 20 || !p.Steps[0].Host || !strings.Contains(p.Table, "Conv") {
		t.Errorf("profile %+v", p)
	}
	scores := out.Outputs["logits"].Data.([]float32)
	if len(scores) != 3 || scores[2] <= scores[0] || scores[2] <= scores[1] {
		t.Errorf("scores %v, want the third highest", scores)
	}
	b.refused(message.CodeInvalidInput, message.MethodRun, message.Run{Handle: info.Handle, Inputs: map[string]message.Tensor{"other": in["image"]}}.Encode())
	b.refused(message.CodeInvalidInput, message.MethodRun, message.Run{Handle: info.Handle, Inputs: map[string]message.Tensor{"image": {Dims: []int{1}, Type: "float32", Data: 1}}}.Encode())
}

func TestHandlesShareAModel(t *testing.T) {
	b := newBench(t)
	b.open()
	first, second := b.load("leaf-small", ""), b.load("leaf-small", "^1")
	if first.Handle == second.Handle || second.Source != message.SourceMemory || len(b.shelf.models) != 1 {
		t.Errorf("handles %d and %d, source %s, %d models", first.Handle, second.Handle, second.Source, len(b.shelf.models))
	}
	photo := readFile(t, models+"/leaf-small/1.0.0/demo/healthy.jpg")
	b.dispose(first.Handle)
	b.dispose(first.Handle)
	b.refused(message.CodeClosed, message.MethodPredict, message.Input{Handle: first.Handle, Input: photo}.Encode())
	b.ask(message.MethodPredict, message.Input{Handle: second.Handle, Input: photo}.Encode())
	stats, err := message.DecodeCacheStats(b.ask(message.MethodCacheStats, nil))
	if err != nil || stats.Leases != 1 {
		t.Errorf("%d leases, %v; want 1", stats.Leases, err)
	}
	b.dispose(second.Handle)
	if len(b.shelf.models) != 0 {
		t.Error("a model that nobody holds is still there")
	}
	if stats, _ := message.DecodeCacheStats(b.ask(message.MethodCacheStats, nil)); stats.Leases != 0 {
		t.Errorf("%d leases are left", stats.Leases)
	}
}

func TestFromONNX(t *testing.T) {
	b := newBench(t)
	file := readFile(t, models+"/leaf-small/1.0.0/model.onnx")
	var infos []message.Info
	for range 2 {
		info, err := message.DecodeInfo(b.ask(message.MethodFromONNX, message.FromONNX{Bytes: file}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		infos = append(infos, info)
	}
	if i := infos[0]; i.Source != message.SourceBytes || i.Model.Freshness != message.Unknown || i.Bytes != int64(len(file)) || i.Manifest != "" {
		t.Errorf("info %+v", i)
	}
	if len(b.shelf.models) != 1 {
		t.Errorf("%d models for the same bytes", len(b.shelf.models))
	}
	b.refused(message.CodeUnsupportedInput, message.MethodPredict, message.Input{Handle: infos[0].Handle, Input: []byte{1}}.Encode())
	in := message.Tensor{Dims: []int{1, 3, 160, 160}, Type: "float32", Data: make([]float32, 3*160*160)}
	b.ask(message.MethodRun, message.Run{Handle: infos[1].Handle, Inputs: map[string]message.Tensor{"image": in}}.Encode())
	b.refused(message.CodeInvalidModel, message.MethodFromONNX, message.FromONNX{Bytes: []byte("no model")}.Encode())
	b.refused(message.CodeInvalidInput, message.MethodFromONNX, message.FromONNX{Bytes: 3.0}.Encode())
}

func TestCacheMethods(t *testing.T) {
	b := newBench(t)
	b.open()
	index, err := message.DecodeIndex(b.ask(message.MethodIndex, nil))
	if err != nil || index.Default != "leaf" || len(index.Models) != 3 || index.Stale {
		t.Errorf("index %+v, %v", index, err)
	}
	b.dispose(b.load("leaf-small", "").Handle)
	list, err := message.DecodeCacheList(b.ask(message.MethodCacheList, nil))
	if err != nil || len(list.Entries) != 1 || list.Entries[0].Model.Name != "leaf-small" || list.Entries[0].Bytes == 0 {
		t.Errorf("list %+v, %v", list, err)
	}
	list, err = message.DecodeCacheList(b.ask(message.MethodCacheRefresh, message.Model{Model: "leaf-small"}.Encode()))
	if err != nil || len(list.Entries) != 1 {
		t.Errorf("refresh %+v, %v", list, err)
	}
	out, err := message.DecodeExported(b.ask(message.MethodCacheExport, message.Load{Model: "leaf-small"}.Encode()))
	if err != nil || out.Name != "leaf-small-1.0.0.larder" {
		t.Fatalf("export %+v, %v", out.Name, err)
	}
	b.ask(message.MethodCacheEvict, message.Model{Model: "leaf-small"}.Encode())
	list, err = message.DecodeCacheList(b.ask(message.MethodCacheImport, message.Import{File: out.File}.Encode()))
	if err != nil || len(list.Entries) != 1 || list.Entries[0].Model.Version != "1.0.0" {
		t.Errorf("import %+v, %v", list, err)
	}
	b.ask(message.MethodCacheEvict, message.Model{Model: "leaf-small"}.Encode())
	if list, _ := message.DecodeCacheList(b.ask(message.MethodCacheList, nil)); len(list.Entries) != 0 {
		t.Errorf("after evict: %+v", list)
	}
	kinds := map[string]bool{}
	for _, m := range b.host.posted {
		if m["event"] == message.EventCache {
			e, err := message.DecodeCacheEvent(m["data"])
			if err != nil {
				t.Fatal(err)
			}
			kinds[e.Kind] = true
		}
	}
	if !kinds["committed"] || !kinds["served"] || !kinds["evicted"] {
		t.Errorf("events %v", kinds)
	}
}

func TestRefusals(t *testing.T) {
	b := newBench(t)
	for _, method := range []string{message.MethodLoad, message.MethodIndex, message.MethodCacheList, message.MethodCacheStats} {
		b.refused(message.CodeClosed, method, message.Load{Model: "leaf"}.Encode())
	}
	b.open()
	tests := []struct {
		name, code, method string
		params             map[string]any
	}{
		{"open twice", message.CodeInvalidInput, message.MethodOpen, message.Open{Models: b.root, Threads: 1}.Encode()},
		{"unknown method", message.CodeInvalidInput, "explode", nil},
		{"no params", message.CodeInvalidInput, message.MethodLoad, nil},
		{"unknown model", message.CodeNotFound, message.MethodLoad, message.Load{Model: "nothing"}.Encode()},
		{"unknown version", message.CodeNotFound, message.MethodLoad, message.Load{Model: "leaf", Version: "9"}.Encode()},
		{"bad version", message.CodeInvalidInput, message.MethodLoad, message.Load{Model: "leaf", Version: "?"}.Encode()},
		{"no handle", message.CodeClosed, message.MethodRun, message.Run{Handle: 77}.Encode()},
		{"dispose without handle", message.CodeInvalidInput, message.MethodDispose, map[string]any{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { b.refused(tt.code, tt.method, tt.params) })
	}
}

func TestPanicIsAnswered(t *testing.T) {
	b := newBench(t)
	b.open()
	info := b.load("leaf-small", "")
	b.host.picture = func(context.Context, any) (*pre.Image, error) { panic("planted") }
	e := b.refused(message.CodeInternal, message.MethodPredict, message.Input{Handle: info.Handle, Input: 1}.Encode())
	if !strings.Contains(e.Message, "planted") || !strings.Contains(e.Detail["stack"].(string), "host_test.go") && !strings.Contains(e.Detail["stack"].(string), "TestPanicIsAnswered") {
		t.Errorf("error %q, detail %v", e.Message, e.Detail)
	}
	b.ask(message.MethodIndex, nil)
}

func TestCancelWhileWaiting(t *testing.T) {
	b := newBench(t)
	b.open()
	info := b.load("leaf-small", "")
	leave, err := b.turn.Enter(t.Context()) // somebody computes
	if err != nil {
		t.Fatal(err)
	}
	id, reply := b.send(message.MethodPredict, message.Input{Handle: info.Handle, Input: readFile(t, models+"/leaf-small/1.0.0/demo/healthy.jpg")}.Encode())
	b.Receive(requestOf(id, message.MethodCancel, nil))
	if r := <-reply; r.Err == nil || r.Err.Code != message.CodeAborted {
		t.Errorf("reply %+v, want aborted", r)
	}
	leave()
	b.Receive(requestOf(id, message.MethodCancel, nil)) // of what has ended: nothing happens
	b.ask(message.MethodIndex, nil)
}

func TestCancelDownload(t *testing.T) {
	started, stopped := make(chan struct{}), make(chan struct{})
	files := http.FileServer(http.Dir(models))
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "model.onnx") {
			files.ServeHTTP(w, r)
			return
		}
		close(started)
		<-r.Context().Done()
		close(stopped)
	}))
	defer web.Close()
	b := newBench(t)
	b.root = web.URL
	b.open()
	id, reply := b.send(message.MethodLoad, message.Load{Model: "leaf-small"}.Encode())
	<-started
	b.Receive(requestOf(id, message.MethodCancel, nil))
	if r := <-reply; r.Err == nil || r.Err.Code != message.CodeAborted {
		t.Errorf("reply %+v, want aborted", r)
	}
	<-stopped
}

func TestBusyNumber(t *testing.T) {
	b := newBench(t)
	wait := make(chan struct{})
	b.host.picture = func(context.Context, any) (*pre.Image, error) { <-wait; return nil, errors.New("x") }
	b.open()
	info := b.load("leaf-small", "")
	id, reply := b.send(message.MethodPredict, message.Input{Handle: info.Handle, Input: 1}.Encode())
	b.Receive(requestOf(id, message.MethodIndex, nil))
	if r := <-reply; r.Err == nil || r.Err.Code != message.CodeInvalidInput {
		t.Errorf("reply %+v, want invalid-input", r)
	}
	close(wait)
	if r := <-reply; r.Err == nil || r.Err.Code != message.CodeInternal {
		t.Errorf("reply %+v, want that of the first request", r)
	}
}

func TestAge(t *testing.T) {
	b := newBench(t)
	b.open()
	info := b.load("leaf-small", "")
	h := b.handles.m[info.Handle]
	before := b.current(h)
	b.clock.Add(24*time.Hour + time.Second)
	after := b.current(h)
	if before.Freshness != message.Fresh || after.Freshness != message.Stale || after.AgeSeconds-before.AgeSeconds != 24*3600+1 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	b.clock.Add(-10 * 365 * 24 * time.Hour) // a clock that is wrong
	if a := b.current(h); a.AgeSeconds != 0 {
		t.Errorf("age %v before its time", a.AgeSeconds)
	}
}

func TestProgressIsBounded(t *testing.T) {
	var got []message.Progress
	p := &progress{post: func(m message.Progress) { got = append(got, m) }}
	for i := range int64(100_001) {
		p.Cache(cache.Progress{Phase: cache.PhaseDownload, Loaded: i, Total: 100_000, File: "model.onnx"})
	}
	p.Prepare("model.onnx", 0, 5)
	p.Prepare("model.onnx", 5, 5)
	p.Prepare("model.onnx", 5, 5)
	if n := len(got); n < 50 || n > 110 {
		t.Errorf("%d messages", n)
	}
	last := got[len(got)-3]
	if last.Phase != message.PhaseDownload || last.Loaded != 100_000 || got[len(got)-1].Loaded != 5 {
		t.Errorf("the phase ends with %+v", last)
	}
}

func TestToMessage(t *testing.T) {
	tests := []struct {
		name string
		err  error
		code string
	}{
		{"own", fault(message.CodeQuota, "x"), message.CodeQuota},
		{"cancelled", context.Canceled, message.CodeAborted},
		{"model", &model.Error{Code: model.UnsupportedOperator, Op: "Foo", Opset: 3, Node: "n"}, message.CodeUnsupportedOperator},
		{"cache", &cache.Error{Code: cache.Offline, Op: "get", Near: []string{"a"}}, message.CodeOffline},
		{"a stalled connection", &cache.Error{Code: cache.Offline, Err: context.Canceled}, message.CodeOffline},
		{"a cancelled load", &cache.Error{Code: cache.Aborted, Err: context.Canceled}, message.CodeAborted},
		{"a cancelled cause of no code", &cache.Error{Code: cache.Internal, Err: context.Canceled}, message.CodeAborted},
		{"cache inside model", &model.Error{Code: model.InvalidModel, Err: &cache.Error{Code: cache.Corrupt}}, message.CodeCorrupt},
		{"no picture", &pre.ImageError{Code: pre.NotImage}, message.CodeInvalidInput},
		{"truncated", &pre.ImageError{Code: pre.Truncated}, message.CodeInvalidInput},
		{"too large", &pre.ImageError{Code: pre.TooLarge}, message.CodeUnsupportedInput},
		{"format", &pre.ImageError{Code: pre.Unsupported}, message.CodeUnsupportedInput},
		{"spec", &pre.SpecError{}, message.CodeInvalidModel},
		{"manifest", &pack.Error{Code: pack.Newer}, message.CodeInvalidModel},
		{"corrupt file", &pack.Error{Code: pack.Corrupt}, message.CodeCorrupt},
		{"anything", errors.New("x"), message.CodeInternal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := toMessage(tt.err)
			if got.Code != tt.code {
				t.Errorf("code %s, want %s", got.Code, tt.code)
			}
			if _, err := message.DecodeError(got.Encode()); err != nil {
				t.Errorf("does not cross: %v", err)
			}
		})
	}
}

// FuzzReceive sends any tree: the server does not panic, and answers each message
// that has a number exactly once.
func FuzzReceive(f *testing.F) {
	for method := range methods {
		f.Add([]byte(`{"id":1,"method":"` + method + `","params":{"model":"leaf","handle":1,"input":1,"inputs":{},"bytes":1}}`))
	}
	f.Add([]byte(`{"id":1e300}`))
	f.Add([]byte(`[{"id":1}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var tree any
		if json.Unmarshal(data, &tree) != nil {
			return
		}
		host := &testHost{replies: map[int]chan message.Reply{}}
		req, _ := message.DecodeRequest(tree)
		reply := make(chan message.Reply, 2)
		host.replies[req.ID] = reply
		s := newServer(host, time.Now)
		if req.Method == message.MethodOpen {
			return // goes to the network
		}
		s.Receive(tree, string(data))
		if req.ID > 0 && req.Method != message.MethodCancel {
			<-reply
		}
		if len(reply) > 0 {
			t.Error("answered twice")
		}
	})
}

// TestPredictOtherKind gives a model of pictures what it does not take.
func TestPredictOtherKind(t *testing.T) {
	b := newBench(t)
	b.open()
	info := b.load("leaf-small", "")
	for _, tt := range []struct {
		name  string
		input any
		code  string
	}{
		{"a text", "leaf", message.CodeUnsupportedInput},
		{"a pair of texts", map[string]any{"text": "a", "pair": "b"}, message.CodeUnsupportedInput},
		{"a row", map[string]any{"length": 1.0}, message.CodeUnsupportedInput},
		{"a text that is no string", map[string]any{"text": 1.0}, message.CodeInvalidInput},
		{"a text and more", map[string]any{"text": "a", "length": 1.0}, message.CodeInvalidInput},
		{"a row with a string", map[string]any{"length": "1"}, message.CodeInvalidInput},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.refused(tt.code, message.MethodPredict, message.Input{Handle: info.Handle, Input: tt.input}.Encode())
		})
	}
}
