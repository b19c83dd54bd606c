package pack

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sum is a digest for tests that only need one.
const sum = `"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"`

// full is a manifest with every field of the format.
const full = `{
  "schema": 1,
  "name": "leaf",
  "version": "2.0.0-rc.1",
  "created": "2026-11-01T00:00:00Z",
  "title": "Leaves",
  "task": "image-classification",
  "model": {"format":"onnx","file":"model.onnx"},
  "inputs": [
    {
      "name": "image",
      "type": "float32",
      "dims": ["N",3,24,20],
      "image": {
        "color": "rgb",
        "layout": "nchw",
        "resize": {"mode":"shortest-side","size":30,"filter":"bicubic"},
        "crop": {"width":20,"height":24},
        "normalize": {"divisor":255,"mean":[0.485,0.456,0.406],"std":[0.229,0.224,0.225]}
      }
    },
    {
      "name": "table",
      "type": "float32",
      "dims": [null,2],
      "features": [
        {"name":"age","unit":"years"},
        {"name":"married"}
      ]
    }
  ],
  "outputs": [
    {
      "name": "logits",
      "labels": [
        {"id":"a","display":"A & B"},
        {"id":"b","display":"b"}
      ],
      "activation": "softmax",
      "temperature": 0.581,
      "unknownThreshold": 0.94
    },
    {
      "name": "quantiles",
      "columns": ["p10","p50"],
      "unit": "GBP"
    }
  ],
  "freshness": {"ttlSeconds":86400},
  "licence": {
    "spdx": "MIT",
    "notices": ["licences/MIT.txt"]
  },
  "metrics": {
    "testAccuracy": 0.984375,
    "loss": -1e-9
  },
  "demos": [
    {"file":"demo/a.jpg","label":"a"},
    {"file":"demo/a.jpg"}
  ],
  "files": [
    {
      "path": "model.onnx",
      "role": "model",
      "bytes": 5,
      "sha256": ` + sum + `,
      "chunks": [
        {"bytes":3,"sha256":` + sum + `},
        {"bytes":2,"sha256":` + sum + `}
      ]
    },
    {
      "path": "demo/a.jpg",
      "role": "demo",
      "bytes": 1,
      "sha256": ` + sum + `,
      "chunks": [
        {"bytes":1,"sha256":` + sum + `}
      ]
    },
    {
      "path": "licences/MIT.txt",
      "role": "licence",
      "bytes": 0,
      "sha256": ` + sum + `,
      "chunks": []
    }
  ],
  "signatures": [
    {
      "keyid": "k",
      "sig": "s"
    }
  ]
}
`

// The text of full is the canonical one: it survives a round trip.
func TestManifestRoundTrip(t *testing.T) {
	m, err := DecodeManifest([]byte(full))
	if err != nil {
		t.Fatal(err)
	}
	got, err := EncodeManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != full {
		t.Errorf("got\n%s\nwant\n%s", got, full)
	}
	if m.Created != time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) || m.Freshness.TTL != 24*time.Hour {
		t.Errorf("created %v, ttl %v", m.Created, m.Freshness.TTL)
	}
	if all, needed := m.Size(); all != 6 || needed != 5 {
		t.Errorf("%d bytes, %d needed", all, needed)
	}
	if v, ok := m.Metric("testAccuracy"); !ok || v != 0.984375 {
		t.Errorf("metric %v %v", v, ok)
	}
	if _, ok := m.Metric("speed"); ok {
		t.Error("a metric that is not there")
	}
}

func TestManifestDefaults(t *testing.T) {
	text := `{"schema":1,"name":"m","version":"1.0.0","created":"2026-01-02T03:04:05+01:00","task":"t","future":{"x":[1,{}]},
		"model":{"format":"onnx","file":"m"},"inputs":[{"name":"x","type":"float32","dims":[]}],
		"outputs":[{"name":"y","labels":[{"id":"a"},{"id":"b","display":"B"}]}],
		"files":[{"path":"m","role":"model","bytes":0,"sha256":` + sum + `,"chunks":[]}]}`
	m, err := DecodeManifest([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o := m.Outputs[0]
	if o.Activation != ActivationSoftmax || o.Temperature != 1 || o.UnknownThreshold != 0 || o.Labels[0].Display != "a" {
		t.Errorf("output %+v", o)
	}
	if m.Created.Hour() != 2 || m.Created.Location() != time.UTC {
		t.Errorf("created %v", m.Created)
	}
}

func TestManifestRefuses(t *testing.T) {
	long := strings.Repeat("x", 5000)
	tests := []struct {
		name, old, new string // one replacement in full
		field, want    string
	}{
		{"not json", "{", "[[", "", "not valid JSON"},
		{"cut", `"signatures"`, "", "", "not valid JSON"},
		{"schema missing", `"schema": 1,`, "", "schema", "is missing"},
		{"schema text", `"schema": 1`, `"schema": "1"`, "schema", "want a number, got a string"},
		{"schema zero", `"schema": 1`, `"schema": 0`, "schema", "want 1"},
		{"field twice", `"name": "leaf",`, `"name": "leaf", "name": "leaf",`, "name", "twice"},
		{"unknown field twice", `"name": "leaf",`, `"name": "leaf", "q": 1, "q": 2,`, "q", "twice"},
		{"name missing", `"name": "leaf",`, "", "name", "is missing"},
		{"name null", `"leaf"`, `null`, "name", "want a string, got a null"},
		{"name with slash", `"leaf"`, `"../leaf"`, "name", "lower-case"},
		{"name too long", `"leaf"`, `"` + long[:65] + `"`, "name", "1 to 64"},
		{"version", `"2.0.0-rc.1"`, `"2.0"`, "version", "semantic version"},
		{"created", `"2026-11-01T00:00:00Z"`, `"yesterday"`, "created", "want a time"},
		{"created fraction", `00:00Z"`, `00:00.5Z"`, "created", "whole seconds"},
		{"title too long", `"Leaves"`, `"` + long + `"`, "title", "longer than 4096"},
		{"title not text", `"Leaves"`, "\"\xff\"", "title", "UTF-8"},
		{"task", `"image-classification"`, `""`, "task", "is empty"},
		{"files object", `"files": [`, `"files": {}, "other": [`, "files", "want an array, got an object"},
		{"path up", `"path": "demo/a.jpg"`, `"path": "demo/../../a.jpg"`, "files[1].path", "relative path"},
		{"path absolute", `"path": "demo/a.jpg"`, `"path": "/a.jpg"`, "files[1].path", "relative path"},
		{"path backslash", `"path": "demo/a.jpg"`, `"path": "demo\\a.jpg"`, "files[1].path", "none of"},
		{"path colon", `"path": "demo/a.jpg"`, `"path": "c:a.jpg"`, "files[1].path", "none of"},
		{"path nul", `"path": "demo/a.jpg"`, `"path": "a\u0000"`, "files[1].path", "control"},
		{"path manifest", `"path": "demo/a.jpg"`, `"path": "manifest.json"`, "files[1].path", "manifest itself"},
		{"path twice", `"path": "demo/a.jpg"`, `"path": "model.onnx"`, "files[1].path", "twice"},
		{"role", `"role": "demo"`, `"role": ""`, "files[1].role", "is empty"},
		{"bytes negative", `"bytes": 5`, `"bytes": -5`, "files[0].bytes", "whole number"},
		{"bytes fraction", `"bytes": 5`, `"bytes": 5.0`, "files[0].bytes", "whole number"},
		{"bytes huge", `"bytes": 5`, `"bytes": 99999999999`, "files[0].bytes", "whole number"},
		{"bytes overflow", `"bytes": 5`, `"bytes": 99999999999999999999`, "files[0].bytes", "whole number"},
		{"digest", sum, strings.ToUpper(sum), "files[0].sha256", "lower-case"},
		{"digest short", sum, `"01"`, "files[0].sha256", "64"},
		{"chunk sum", `{"bytes":3,`, `{"bytes":4,`, "files[0].chunks", "add up to 6 bytes, the file has 5"},
		{"chunk empty", `{"bytes":3,`, `{"bytes":0,`, "files[0].chunks[0].bytes", "want 1 to"},
		{"chunk long", `{"bytes":3,`, `{"bytes":4194305,`, "files[0].chunks[0].bytes", "want 1 to 4194304"},
		{"chunk without digest", `{"bytes":3,"sha256":` + sum, `{"bytes":3`, "files[0].chunks[0].sha256", "is missing"},
		{"format", `"onnx"`, `"tflite"`, "model.format", "want onnx"},
		{"model file", `"file":"model.onnx"`, `"file":"demo/a.jpg"`, "model.file", "not a file of role model"},
		{"no inputs", `"inputs": [`, `"inputs": [], "x": [`, "inputs", "is empty"},
		{"input names", `"name": "table"`, `"name": "image"`, "inputs[1].name", "twice"},
		{"dim zero", `["N",3,24,20]`, `["N",0,24,20]`, "inputs[0].dims[1]", "at least 1"},
		{"dim bool", `["N",3,24,20]`, `["N",true,24,20]`, "inputs[0].dims[1]", "want a size"},
		{"dim against crop", `["N",3,24,20]`, `["N",3,24,224]`, "inputs[0].dims[3]", "is 224 but the prepared picture has 20"},
		{"rank", `["N",3,24,20]`, `["N",3]`, "inputs[0].dims", "4 dimensions"},
		{"type", `"type": "float32"`, `"type": "uint8"`, "inputs[0].type", "want float32"},
		{"color", `"rgb"`, `"cmyk"`, "inputs[0].image.color", "want rgb, bgr or gray"},
		{"layout", `"nchw"`, `"hwc"`, "inputs[0].image.layout", "want nchw or nhwc"},
		{"filter", `"bicubic"`, `"magic"`, "inputs[0].image.resize.filter", `unknown value "magic"`},
		{"mode", `"shortest-side"`, `"longest-side"`, "inputs[0].image.resize.mode", "want stretch, fit or shortest-side"},
		{"size", `"size":30`, `"size":0`, "inputs[0].image.resize.size", "1 to 8192"},
		{"size huge", `"size":30`, `"size":9000`, "inputs[0].image.resize.size", "1 to 8192"},
		{"no crop", `"crop": {"width":20,"height":24},`, "", "inputs[0].image.crop", "is missing"},
		{"crop too large", `"size":30`, `"size":22`, "inputs[0].image.crop", "larger than"},
		{"crop with fit", `"mode":"shortest-side",`, `"mode":"fit","width":30,"height":30,`, "inputs[0].image.crop", "no meaning"},
		{"divisor", `"divisor":255`, `"divisor":0`, "inputs[0].image.normalize.divisor", "above 0"},
		{"divisor overflow", `"divisor":255`, `"divisor":1e999`, "inputs[0].image.normalize.divisor", "range of float64"},
		{"means", `[0.485,0.456,0.406]`, `[0.485]`, "inputs[0].image.normalize.mean", "3 channels"},
		{"five means", `[0.485,0.456,0.406]`, `[1,2,3,4,5]`, "inputs[0].image.normalize.mean", "more than 4"},
		{"std", `[0.229,0.224,0.225]`, `[0.229,0,0.225]`, "inputs[0].image.normalize.std[1]", "above 0"},
		{"features and dims", `[null,2]`, `[null,3]`, "inputs[1].features", "2 names for a dimension of 3"},
		{"feature name", `"name":"age"`, `"name":""`, "inputs[1].features[0].name", "is empty"},
		{"feature twice", `"name":"age"`, `"name":"married"`, "inputs[1].features[1].name", "twice"},
		{"no outputs", `"outputs": [`, `"outputs": [], "x": [`, "outputs", "is empty"},
		{"label empty", `"id":"a"`, `"id":""`, "outputs[0].labels[0].id", "is empty"},
		{"label twice", `"id":"a"`, `"id":"b"`, "outputs[0].labels[1].id", "twice"},
		{"activation", `"softmax"`, `"relu"`, "outputs[0].activation", "want softmax, sigmoid or none"},
		{"activation without labels", `"unit": "GBP"`, `"unit": "GBP", "activation": "none"`, "outputs[1].activation", "needs labels"},
		{"threshold without labels", `"unit": "GBP"`, `"unit": "GBP", "unknownThreshold": 1`, "outputs[1].unknownThreshold", "needs labels"},
		{"temperature", `0.581`, `0`, "outputs[0].temperature", "above 0"},
		{"temperature of none", `"softmax"`, `"none"`, "outputs[0].temperature", "no meaning"},
		{"threshold", `0.94`, `1.5`, "outputs[0].unknownThreshold", "0 to 1"},
		{"ttl", `86400`, `-1`, "freshness.ttlSeconds", "whole number"},
		{"ttl huge", `86400`, `9999999999`, "freshness.ttlSeconds", "whole number"},
		{"notice", `["licences/MIT.txt"]`, `["x"]`, "licence.notices[0]", "not among the files"},
		{"metric", `0.984375`, `"good"`, "metrics.testAccuracy", "want a number"},
		{"demo file", `{"file":"demo/a.jpg"}`, `{"file":"model.onnx"}`, "demos[1].file", "not a file of role demo"},
		{"demo label", `"label":"a"`, `"label":"c"`, "demos[0].label", "not a label"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(full, tt.old, tt.new, 1)
			if text == full {
				t.Fatal("the replacement does nothing")
			}
			_, err := DecodeManifest([]byte(text))
			var e *Error
			if !errors.As(err, &e) || e.Code != Invalid || e.Doc != "manifest" {
				t.Fatalf("got %#v", err)
			}
			if e.Field != tt.field || !strings.Contains(e.Reason, tt.want) {
				t.Errorf("got %q %q, want %q %q", e.Field, e.Reason, tt.field, tt.want)
			}
		})
	}
}

// A later schema is recognised whatever else the document says.
func TestManifestOfANewerLarder(t *testing.T) {
	for _, text := range []string{`{"schema":2}`, `{"name":7,"schema":3}`} {
		_, err := DecodeManifest([]byte(text))
		var e *Error
		if !errors.As(err, &e) || e.Code != Newer || !strings.Contains(e.Error(), "newer Larder") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestManifestTooLong(t *testing.T) {
	_, err := DecodeManifest(bytes.Repeat([]byte(" "), MaxDocument+1))
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(e.Reason, "longer than") {
		t.Error(err)
	}
}

func TestEncodeManifestChecks(t *testing.T) {
	_, err := EncodeManifest(&Manifest{Name: "Leaf"})
	var e *Error
	if !errors.As(err, &e) || e.Doc != "manifest" || e.Field != "name" {
		t.Error(err)
	}
}

// The committed packages are complete, and their manifests the canonical text.
func TestCommittedPackages(t *testing.T) {
	root := filepath.Join("..", "..", "web", "static", "models")
	dir := OpenDir(os.DirFS(root))
	if err := dir.Verify(); err != nil {
		t.Fatal(err)
	}
	x, err := dir.Index()
	if err != nil {
		t.Fatal(err)
	}
	same(t, filepath.Join(root, IndexFile), func() ([]byte, error) { return EncodeIndex(x) })
	versions := 0
	for _, model := range x.Models {
		for _, version := range model.Versions {
			versions++
			m, err := dir.Manifest(model.Name, version)
			if err != nil {
				t.Fatal(err)
			}
			same(t, filepath.Join(root, model.Name, version, ManifestFile), func() ([]byte, error) { return EncodeManifest(m) })
			for _, f := range m.Files {
				data, err := dir.File(m, f.Path)
				if err != nil {
					t.Fatal(err)
				}
				if cut, err := Cut(bytes.NewReader(data)); err != nil || !slices.Equal(cut.Chunks, f.Chunks) {
					t.Errorf("%s %s: %s is cut otherwise than a writer cuts today (%v): run \"larder recut\"", m.Name, m.Version, f.Path, err)
				}
			}
		}
	}
	if versions != 5 {
		t.Errorf("%d versions, want 5", versions)
	}
}

func same(t *testing.T, file string, encode func() ([]byte, error)) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := encode()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not the canonical text (%v)", file, err)
	}
}

// FuzzDecodeManifest checks that what is accepted survives a round trip.
func FuzzDecodeManifest(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte("\ufeff" + full))
	f.Add([]byte(`{"schema":2}`))
	f.Add([]byte(strings.Repeat(`{"a":[`, 2000)))
	if b, err := os.ReadFile(filepath.Join("..", "..", "web", "static", "models", "leaf", "2.0.0", ManifestFile)); err == nil {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := DecodeManifest(b)
		var e *Error
		if err != nil {
			if !errors.As(err, &e) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		one, err := EncodeManifest(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeManifest(one)
		if err != nil {
			t.Fatalf("%v\n%s", err, one)
		}
		two, err := EncodeManifest(again)
		if err != nil || !bytes.Equal(one, two) {
			t.Fatalf("%v\n%s\n%s", err, one, two)
		}
	})
}

func BenchmarkDecodeManifest(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeManifest([]byte(full)); err != nil {
			b.Fatal(strconv.Quote(err.Error()))
		}
	}
}

// Deep nesting costs no more than its length: the error names the cause, not
// every level above it.
func TestDeepNestingIsCheap(t *testing.T) {
	for _, text := range []string{strings.Repeat(`{"a":[`, 100000), `{"a":` + strings.Repeat(`[`, 100000) + strings.Repeat(`]`, 100000) + `}`} {
		_, err := DecodeManifest([]byte(text))
		var e *Error
		if !errors.As(err, &e) || len(e.Error()) > 300 {
			t.Errorf("%d bytes of error", len(err.Error()))
		}
	}
}
