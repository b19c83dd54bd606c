package message

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// codec is one type of message: a value that uses every field, and its decoder.
type codec struct {
	name   string
	value  interface{ Encode() map[string]any }
	decode func(any) (any, error)
}

// of hides the type of a decoder's result.
func of[T any](decode func(any) (T, error)) func(any) (any, error) {
	return func(v any) (any, error) { return decode(v) }
}

var version = Version{Name: "leaf", Version: "2.0.0", Digest: "ab12", Created: "2026-11-01T00:00:00Z", AgeSeconds: 86400,
	Freshness: Stale, CheckedAt: "2026-11-02T00:00:00Z", NextRefresh: "2026-11-03T00:00:00Z"}

var ports = []Port{{Name: "image", Type: "float32", Dims: []Dim{{Size: -1, Name: "N"}, {Size: 3}, {Size: -1}}},
	{Name: "any", Optional: true}}

var profile = Profile{Steps: []ProfileStep{{Node: "graph.node[3]", Op: "Conv", Kernel: "conv", Value: "y", Time: 1.5, GFlops: 40, Share: 0.75},
	{Kernel: "Sinh", Host: true, Time: 0.5, Share: 0.25}}, Total: 2, Table: "step ms\n"}

var tier = Tier{Hits: 1, WeakHits: 2, Misses: 3, Loads: 4, Failures: 5, BytesLoaded: 6, Evictions: map[string]int64{"size": 7},
	HitTime: Latency{Count: 8, Mean: 0.5, P50: 0.25, P99: 1.5}, LoadTime: Latency{Count: 1}, Entries: 9, Weak: 10, Bytes: 11, Leases: 12}

var codecs = []codec{
	{"request", Request{ID: 7, Method: MethodLoad, Params: map[string]any{"model": "leaf"}}, of(DecodeRequest)},
	{"request without params", Request{ID: 1, Method: MethodIndex}, of(DecodeRequest)},
	{"reply", Reply{ID: 7, Result: "yes"}, of(DecodeReply)},
	{"reply with error", Reply{ID: 7, Err: &Error{Code: CodeOffline, Message: "no network"}}, of(DecodeReply)},
	{"error", &Error{Code: CodeUnsupportedOperator, Message: "no", Detail: map[string]any{"op": "Foo"}}, of(DecodeError)},
	{"progress", Progress{Phase: PhaseDownload, Loaded: 5, Total: 10, File: "model.onnx"}, of(DecodeProgress)},
	{"open", Open{Models: "https://example.org/models/", Threads: 8, Bell: "opaque"}, of(DecodeOpen)},
	{"load", Load{Model: "leaf", Version: "^2", AllowStale: true}, of(DecodeLoad)},
	{"input", Input{Handle: 3, Fresh: true, Input: 1 + 2i, Known: "ab12", Profile: true}, of(DecodeInput)},
	{"run", Run{Handle: 3, Inputs: map[string]Tensor{"image": {Dims: []int{1, 0, 2}, Type: "int64", Data: "opaque"}}, Profile: true}, of(DecodeRun)},
	{"computed", Computed{Outputs: map[string]Tensor{"y": {Dims: []int{2}, Type: "float32", Data: "opaque"}}, Profile: &profile}, of(DecodeComputed)},
	{"computed without profile", Computed{Outputs: map[string]Tensor{}}, of(DecodeComputed)},
	{"profile", profile, of(DecodeProfile)},
	{"fromONNX", FromONNX{Bytes: "opaque", Threads: 2}, of(DecodeFromONNX)},
	{"handle", Handle{Handle: 9}, of(DecodeHandle)},
	{"model", Model{Model: "leaf"}, of(DecodeModel)},
	{"shrink", Shrink{Part: 0.5}, of(DecodeShrink)},
	{"shrunk", Shrunk{Bytes: 1 << 33}, of(DecodeShrunk)},
	{"sequence", Tensor{Type: "sequence", Items: []Tensor{{Dims: []int{1}, Type: "bool", Data: "opaque"}, {Type: "optional", Items: []Tensor{}}}}, of(DecodeTensor)},
	{"tensor", Tensor{Dims: []int{}, Type: "float32", Data: 1.5}, of(DecodeTensor)},
	{"prediction", Prediction{Classes: []Class{{"a", "A", 0.75}, {"b", "B", 0.25}}, Label: "a", Unknown: true, Source: SourceMemo, Model: version,
		Timing: Timing{1, 2, 3, 4, 10.5}, Profile: &profile, Known: "ab12"}, of(DecodePrediction)},
	{"info", Info{Handle: 1, Model: version, Title: "Leaf", Task: "image-classification", Inputs: ports, Outputs: ports,
		Labels: []Label{{"a", "A"}}, UnknownThreshold: 0.9, Source: SourceRegistry, Bytes: 1 << 40, Threads: 1, Engine: EngineRelaxed,
		ThreadsReason: "why", Manifest: "{}"}, of(DecodeInfo)},
	{"opened", Opened{Version: "0.1.0", Storage: StorageMemory, StorageReason: "blocked", Threads: 1, ThreadsReason: "why", Engine: EngineSIMD}, of(DecodeOpened)},
	{"cache list", CacheList{Entries: []CacheEntry{{Model: version, Bytes: 5, Committed: "2026-11-02T00:00:00Z", Used: "2026-11-03T00:00:00Z",
		Pinned: true, Selectors: []string{"latest"}, InUse: 1, Hits: 9}}}, of(DecodeCacheList)},
	{"cache stats", CacheStats{Storage: StorageIndexedDB, MemoryHits: 1, StoreHits: 2, RegistryLoads: 3, Revalidations: 4, NotModified: 5,
		StaleServed: 6, CorruptChunks: 7, Failures: 8, Requests: 9, BytesDownloaded: 10, BytesReused: 11, MemoryBytes: 12,
		MemoryBudget: 13, MemoryEntries: 14, Leases: 15, StoreBytes: 16, StoreChunks: 17, StoreVersions: 18, Tiers: map[string]Tier{TierMemory: tier}}, of(DecodeCacheStats)},
	{"tier", tier, of(DecodeTier)},
	{"pin", Pin{Model: "leaf", Version: "1.0.0", Pinned: true}, of(DecodePin)},
	{"import", Import{File: "opaque"}, of(DecodeImport)},
	{"exported", Exported{File: "opaque", Name: "leaf-1.0.0.larder"}, of(DecodeExported)},
	{"verified", Verified{Chunks: 9, Bytes: 1 << 40, Corrupt: 2, Missing: 1, Repaired: 3}, of(DecodeVerified)},
	{"room", Room{Usage: 5, Quota: 1 << 40, Persisted: new(bool)}, of(DecodeRoom)},
	{"room that is not known", Room{Usage: -1, Quota: -1}, of(DecodeRoom)},
	{"cache event", CacheEvent{Kind: "stale", Time: "2026-11-02T00:00:00Z", Name: "leaf", Version: "1.0.0", Bytes: 3, Code: CodeOffline,
		Message: "no network", Elsewhere: true}, of(DecodeCacheEvent)},
	{"index", Index{Default: "leaf", Stale: true, Models: []IndexModel{{Name: "leaf", Title: "Leaf", Versions: []string{"1.0.0", "2.0.0"},
		Aliases: map[string]string{"latest": "2.0.0"}}}}, of(DecodeIndex)},
}

func TestRoundTrip(t *testing.T) {
	for _, c := range codecs {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.decode(c.value.Encode())
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.value) {
				t.Errorf("got  %+v\nwant %+v", got, c.value)
			}
		})
	}
}

// TestWrongTypes replaces each field of each message by a value of every other
// type: the decoder answers or refuses, and names the field when it refuses.
func TestWrongTypes(t *testing.T) {
	junk := []any{nil, true, -1.0, 0.5, 1e300, "", "text", []any{}, []any{nil}, []any{-1.0, "x", 1e99}, map[string]any{}, map[string]any{"x": nil}}
	for _, c := range codecs {
		for field := range c.value.Encode() {
			for _, j := range junk {
				m := c.value.Encode()
				m[field] = j
				if _, err := c.decode(m); err != nil {
					checkError(t, c.name, err)
				}
			}
		}
	}
}

func checkError(t *testing.T, name string, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeInvalidInput || !strings.HasPrefix(e.Message, "message: ") {
		t.Errorf("%s: error %#v has not the code %s", name, err, CodeInvalidInput)
	}
}

func TestRefused(t *testing.T) {
	long := strings.Repeat("x", maxDoc+1)
	many := make([]any, maxList+1)
	tests := []struct {
		name   string
		decode func(any) (any, error)
		v      any
		want   string // in the message
	}{
		{"nil", of(DecodeRequest), nil, "request is not an object"},
		{"string", of(DecodeRequest), "x", "request is not an object"},
		{"nil map", of(DecodeOpen), map[string]any(nil), "open is not an object"},
		{"no id", of(DecodeRequest), map[string]any{"method": "x"}, "request.id is 0"},
		{"fractional id", of(DecodeRequest), map[string]any{"id": 1.5, "method": "x"}, "request.id is 1.5"},
		{"no method", of(DecodeRequest), map[string]any{"id": 1}, "request.method is missing"},
		{"params not an object", of(DecodeRequest), map[string]any{"id": 1, "method": "x", "params": 3.0}, "request.params is not an object"},
		{"threads 0", of(DecodeOpen), map[string]any{"models": "x", "threads": 0.0}, "open.threads is 0, not a whole number from 1 to 8"},
		{"threads 9", of(DecodeOpen), map[string]any{"models": "x", "threads": 9.0}, "open.threads is 9"},
		{"no models", of(DecodeOpen), map[string]any{"threads": 1.0}, "open.models is missing"},
		{"long url", of(DecodeOpen), map[string]any{"models": long, "threads": 1.0}, "open.models has"},
		{"long name", of(DecodeLoad), map[string]any{"model": long}, "load.model has"},
		{"no input", of(DecodeInput), map[string]any{"handle": 1.0}, "predict.input is missing"},
		{"handle 0", of(DecodeInput), map[string]any{"handle": 0.0, "input": 1}, "predict.handle is 0"},
		{"run without inputs", of(DecodeRun), map[string]any{"handle": 1.0}, "inputs is not an object"},
		{"profile not an object", of(DecodeComputed), map[string]any{"profile": 1.0, "outputs": map[string]any{}}, "profile is not an object"},
		{"step without kernel", of(DecodeProfile), map[string]any{"steps": []any{map[string]any{}}}, "steps[0].kernel is missing"},
		{"tensor not an object", of(DecodeRun), map[string]any{"handle": 1.0, "inputs": map[string]any{"a b": nil}}, `inputs["a b"] is not an object`},
		{"tensor without dims", of(DecodeTensor), map[string]any{"type": "bool", "data": 1}, "tensor.dims is missing"},
		{"tensor without data", of(DecodeTensor), map[string]any{"type": "bool", "dims": []any{}}, "tensor.data is missing"},
		{"tensor without type", of(DecodeTensor), map[string]any{"data": 1, "dims": []any{}}, "tensor.type is missing"},
		{"sequence without items", of(DecodeTensor), map[string]any{"type": "sequence", "items": 1}, "items is"},
		{"optional of two", of(DecodeTensor), map[string]any{"type": "optional", "items": []any{nil, nil}}, "which no optional has"},
		{"map without values", of(DecodeTensor), map[string]any{"type": "map", "items": []any{nil}}, "which no map has"},
		{"item that is nothing", of(DecodeTensor), map[string]any{"type": "sequence", "items": []any{nil}}, "tensor.items"},
		{"nested", of(DecodeTensor), nestedSequence(6), "nested deeper"},
		{"negative dim", of(DecodeTensor), map[string]any{"type": "bool", "data": 1, "dims": []any{-1.0}}, "tensor.dims [0] is not a size"},
		{"huge dim", of(DecodeTensor), map[string]any{"type": "bool", "data": 1, "dims": []any{1.0, 1e300}}, "tensor.dims [1] is not a size"},
		{"rank", of(DecodeTensor), map[string]any{"type": "bool", "data": 1, "dims": make([]any, 33)}, "tensor.dims has 33 entries"},
		{"no bytes", of(DecodeFromONNX), map[string]any{}, "fromONNX.bytes is missing"},
		{"too many classes", of(DecodePrediction), map[string]any{"classes": many}, "prediction.classes has"},
		{"probability", of(DecodePrediction), map[string]any{"classes": []any{map[string]any{"label": "a", "probability": 1.5}}},
			"prediction.classes[0].probability is 1.5"},
		{"pin without model", of(DecodePin), map[string]any{"pinned": true}, "pin.model is missing"},
		{"pinned not a boolean", of(DecodePin), map[string]any{"model": "x", "pinned": 1.0}, "pin.pinned is not a boolean"},
		{"import of nothing", of(DecodeImport), map[string]any{}, "import.file is missing"},
		{"export without a name", of(DecodeExported), map[string]any{"file": 1}, "export.name is missing"},
		{"negative damage", of(DecodeVerified), map[string]any{"corrupt": -1.0}, "verified.corrupt is -1"},
		{"negative usage", of(DecodeRoom), map[string]any{"usage": -1.0}, "stats.usage is -1"},
		{"too many tiers", of(DecodeCacheStats), map[string]any{"tiers": named(maxTiers + 1)}, "stats.tiers has 17 entries"},
		{"a tier's long name", of(DecodeCacheStats), map[string]any{"tiers": map[string]any{long: map[string]any{}}}, "stats.tiers has a name of"},
		{"tier that is none", of(DecodeCacheStats), map[string]any{"tiers": map[string]any{"memory": 1.0}}, "stats.tiers.memory is not an object"},
		{"tier without latencies", of(DecodeTier), map[string]any{}, "tier.hitTime is not an object"},
		{"error without code", of(DecodeError), map[string]any{"message": "x"}, "error.code is missing"},
		{"reply without error", of(DecodeReply), map[string]any{"id": 1.0, "ok": false}, "error is not an object"},
		{"negative progress", of(DecodeProgress), map[string]any{"phase": "download", "loaded": -1.0}, "progress.loaded is -1"},
		{"alias of a wrong type", of(DecodeIndex), map[string]any{"models": []any{map[string]any{"name": "a", "aliases": map[string]any{"x": 1.0}}}},
			"index.models[0].aliases.x is not a string"},
		{"version of a wrong type", of(DecodeIndex), map[string]any{"models": []any{map[string]any{"name": "a", "versions": []any{1.0}}}},
			"index.models[0].versions [0] is not a string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.decode(tt.v)
			if err == nil {
				t.Fatalf("accepted as %+v", got)
			}
			checkError(t, tt.name, err)
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
		})
	}
}

func TestEnvelopes(t *testing.T) {
	tests := []struct {
		name string
		got  map[string]any
		want map[string]any
	}{
		{"failed", Failed{Code: "c", Message: "m"}.Encode(), map[string]any{"failed": map[string]any{"code": "c", "message": "m"}}},
		{"event", Event{Name: "cache", Data: map[string]any{"a": 1}}.Encode(), map[string]any{"event": "cache", "data": map[string]any{"a": 1}}},
		{"progress", Progress{Phase: "p"}.Message(4), map[string]any{"id": 4,
			"progress": map[string]any{"phase": "p", "loaded": int64(0), "total": int64(0), "file": ""}}},
	}
	for _, tt := range tests {
		if !reflect.DeepEqual(tt.got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}

// nestedSequence is a sequence in a sequence …
func nestedSequence(depth int) map[string]any {
	v := map[string]any{"type": "sequence", "items": []any{}}
	for range depth {
		v = map[string]any{"type": "sequence", "items": []any{v}}
	}
	return v
}

// named returns an object of n fields.
func named(n int) map[string]any {
	m := map[string]any{}
	for i := range n {
		m[strings.Repeat("x", i+1)] = map[string]any{}
	}
	return m
}
