package registry_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"larder/cache/registry"
)

const hexA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
const hexB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

const goodIndex = `{"schema":1,"default":"leaf","unknown":[{}],"models":{
	"leaf":{"title":"Bean leaf","versions":["2.0.0","1.0.0","1.10.0","1.2.0","2.1.0-rc.1"],"aliases":{"latest":"2.0.0","stable":"1.10.0"}},
	"ant":{"versions":["0.1.0"]}}}`

const goodFile = `{"path":"model.onnx","role":"model","bytes":3,"sha256":"` + hexA + `","chunks":[{"bytes":1,"sha256":"` + hexA + `"},{"bytes":2,"sha256":"` + hexB + `"}]}`

const goodManifest = `{"x":{"y":[1,null]},"schema":1,"name":"leaf","version":"2.0.0","created":"2026-11-01T00:00:00Z",
	"files":[` + goodFile + `,{"path":"demo/ä b.jpg","role":"demo","bytes":0,"sha256":"` + hexA + `","chunks":[]}],"freshness":{"ttlSeconds":86400}}`

const mark = "\ufeff"

func TestDecodeIndex(t *testing.T) {
	ix, err := registry.DecodeIndex([]byte(goodIndex))
	if err != nil {
		t.Fatal(err)
	}
	want := &registry.Index{Default: "leaf", Models: []registry.Model{
		{Name: "ant", Versions: []string{"0.1.0"}},
		{Name: "leaf", Title: "Bean leaf", Versions: []string{"1.0.0", "1.2.0", "1.10.0", "2.0.0", "2.1.0-rc.1"},
			Aliases: map[string]string{"latest": "2.0.0", "stable": "1.10.0"}},
	}}
	if !reflect.DeepEqual(ix, want) {
		t.Fatalf("got  %+v\nwant %+v", ix, want)
	}
}

// TestByteOrderMark: Windows editors begin a file with one.
func TestByteOrderMark(t *testing.T) {
	if ix, err := registry.DecodeIndex([]byte(mark + goodIndex)); err != nil || ix.Default != "leaf" {
		t.Errorf("%+v, %v", ix, err)
	}
	// The digest is that of the file as it is.
	if m, err := registry.DecodeManifest([]byte(mark + goodManifest)); err != nil || m.Name != "leaf" || string(m.Raw) != mark+goodManifest {
		t.Errorf("%+v, %v", m, err)
	}
	for _, text := range []string{mark, mark + mark + goodIndex, mark[:2] + goodIndex} {
		if _, err := registry.DecodeIndex([]byte(text)); registry.CodeOf(err) != registry.Invalid {
			t.Errorf("%.10q: %v", text, err)
		}
	}
}

func TestDecodeIndexInvalid(t *testing.T) {
	for _, c := range []struct {
		name, data string
		code       registry.Code
		text       string
	}{
		{"empty", ``, registry.Invalid, ""},
		{"html", `<!doctype html><title>Not found</title>`, registry.Invalid, ""},
		{"cut", goodIndex[:100], registry.Invalid, ""},
		{"trailing", goodIndex + `{}`, registry.Invalid, "follows"},
		{"array", `[]`, registry.Invalid, ""},
		{"no schema", `{"models":{}}`, registry.Invalid, "schema: is missing"},
		{"schema 0", `{"schema":0,"models":{}}`, registry.Invalid, "schema"},
		{"newer", `{"models":7,"schema":2}`, registry.Newer, "newer Larder"},
		{"no models", `{"schema":1}`, registry.Invalid, "models: is missing"},
		{"twice", `{"schema":1,"models":{},"models":{}}`, registry.Invalid, "twice"},
		{"model twice", `{"schema":1,"models":{"a":{"versions":["1.0.0"]},"a":{"versions":["1.0.0"]}}}`, registry.Invalid, "twice"},
		{"bad name", `{"schema":1,"models":{"../a":{"versions":["1.0.0"]}}}`, registry.Invalid, "name"},
		{"no versions", `{"schema":1,"models":{"a":{"versions":[]}}}`, registry.Invalid, "empty"},
		{"bad version", `{"schema":1,"models":{"a":{"versions":["1.0"]}}}`, registry.Invalid, "three numbers"},
		{"build metadata", `{"schema":1,"models":{"a":{"versions":["1.0.0+x"]}}}`, registry.Invalid, "three numbers"},
		{"version twice", `{"schema":1,"models":{"a":{"versions":["1.0.0","1.0.0"]}}}`, registry.Invalid, "twice"},
		{"alias to nowhere", `{"schema":1,"models":{"a":{"versions":["1.0.0"],"aliases":{"latest":"2.0.0"}}}}`, registry.Invalid, "not listed"},
		{"alias like a range", `{"schema":1,"models":{"a":{"versions":["1.0.0"],"aliases":{"^1":"1.0.0"}}}}`, registry.Invalid, "alias"},
		{"default unknown", `{"schema":1,"default":"b","models":{}}`, registry.Invalid, "default"},
		{"deep", `{"schema":1,"x":` + strings.Repeat("[", 100_000), registry.Invalid, ""},
		{"huge", strings.Repeat(" ", registry.MaxDocument) + goodIndex, registry.Invalid, "longer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := registry.DecodeIndex([]byte(c.data))
			if registry.CodeOf(err) != c.code || !strings.Contains(fmt.Sprint(err), c.text) {
				t.Fatalf("%v", err)
			}
		})
	}
}

func TestDecodeManifest(t *testing.T) {
	data := []byte(goodManifest)
	m, err := registry.DecodeManifest(data)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "leaf" || m.Version != "2.0.0" || m.Created != "2026-11-01T00:00:00Z" || m.TTL != 24*time.Hour || !m.HasTTL || len(m.Files) != 2 {
		t.Fatalf("got %+v", m)
	}
	f := m.File("model.onnx")
	if f == nil || !f.Needed() || f.Bytes != 3 || len(f.Chunks) != 2 || f.Chunks[1].Bytes != 2 || f.Chunks[1].SHA256[31] != 0xbb {
		t.Fatalf("got %+v", f)
	}
	if f := m.File("demo/ä b.jpg"); f == nil || f.Needed() {
		t.Fatalf("got %+v", f)
	}
	clear(data)
	if string(m.Raw) != goodManifest {
		t.Fatal("Raw is not a copy of what was decoded")
	}
}

func TestDecodeManifestInvalid(t *testing.T) {
	edit := func(old, new string) string {
		if !strings.Contains(goodManifest, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(goodManifest, old, new, 1)
	}
	path := func(p string) string { return edit(`"model.onnx"`, `"`+p+`"`) }
	for _, c := range []struct {
		name, data string
		code       registry.Code
	}{
		{"empty", ``, registry.Invalid},
		{"newer", edit(`"schema":1`, `"schema":9`), registry.Newer},
		{"bad name", edit(`"leaf"`, `"Leaf"`), registry.Invalid},
		{"bad version", edit(`"2.0.0"`, `"2"`), registry.Invalid},
		{"no files", edit(`"files"`, `"fils"`), registry.Invalid},
		{"absolute path", path("/etc/passwd"), registry.Invalid},
		{"parent", path("a/../../b"), registry.Invalid},
		{"dot", path("./a"), registry.Invalid},
		{"empty part", path("a//b"), registry.Invalid},
		{"backslash", path(`a\\b`), registry.Invalid},
		{"drive", path(`c:b`), registry.Invalid},
		{"query", path(`a?b`), registry.Invalid},
		{"percent", path(`a%2e%2e`), registry.Invalid},
		{"control", path("a\\u0000b"), registry.Invalid},
		{"empty path", path(""), registry.Invalid},
		{"path twice", path("demo/ä b.jpg"), registry.Invalid},
		{"sum", edit(`"bytes":3`, `"bytes":4`), registry.Invalid},
		{"negative", edit(`"bytes":3`, `"bytes":-3`), registry.Invalid},
		{"fraction", edit(`"bytes":3`, `"bytes":3.5`), registry.Invalid},
		{"overflow", edit(`"bytes":3`, `"bytes":99999999999999999999`), registry.Invalid},
		{"chunk of nothing", edit(`{"bytes":1,`, `{"bytes":0,`), registry.Invalid},
		{"chunk too large", edit(`{"bytes":1,`, `{"bytes":4194305,`), registry.Invalid},
		{"one hash, two sizes", edit(`"sha256":"`+hexB, `"sha256":"`+hexA), registry.Invalid},
		{"upper-case hash", edit(hexB, strings.ToUpper(hexB)), registry.Invalid},
		{"short hash", edit(hexB, hexB[1:]), registry.Invalid},
		{"ttl", edit(`86400`, `-1`), registry.Invalid},
		{"ttl of ages", edit(`86400`, `99999999999`), registry.Invalid},
		{"ttl text", edit(`86400`, `"1d"`), registry.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := registry.DecodeManifest([]byte(c.data)); registry.CodeOf(err) != c.code {
				t.Fatalf("%v", err)
			}
		})
	}
}

func TestDecodePublishedModels(t *testing.T) {
	// The demo models of this repository are read by this package and by model/pack alike.
	root := filepath.Join("..", "..", "web", "static", "models")
	data, err := os.ReadFile(filepath.Join(root, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	ix, err := registry.DecodeIndex(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ix.Models {
		for _, v := range m.Versions {
			data, err := os.ReadFile(filepath.Join(root, m.Name, v, "manifest.json"))
			if err != nil {
				t.Fatal(err)
			}
			man, err := registry.DecodeManifest(data)
			if err != nil || man.Name != m.Name || man.Version != v {
				t.Errorf("%s %s: %v", m.Name, v, err)
			}
		}
	}
}

func FuzzDecodeIndex(f *testing.F) {
	f.Add([]byte(goodIndex))
	f.Add([]byte(mark + goodIndex))
	f.Add([]byte(`{"schema":1,"models":{"a":{"versions":["1.0.0-0"],"aliases":{"x":"1.0.0-0"}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ix, err := registry.DecodeIndex(data)
		if err != nil {
			if c := registry.CodeOf(err); c != registry.Invalid && c != registry.Newer {
				t.Fatal(err)
			}
			return
		}
		for _, m := range ix.Models {
			s, _ := registry.ParseSelector("")
			if _, err := ix.Resolve(m.Name, s); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzDecodeManifest(f *testing.F) {
	f.Add([]byte(goodManifest))
	f.Add([]byte(mark + goodManifest))
	f.Add([]byte(`{"schema":1,"name":"a","version":"1.0.0","files":[],"freshness":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := registry.DecodeManifest(data)
		if err != nil {
			return
		}
		if !bytes.Equal(m.Raw, data) {
			t.Fatal("Raw differs")
		}
		for _, file := range m.Files {
			var sum int64
			for _, c := range file.Chunks {
				if c.Bytes <= 0 || c.Bytes > registry.MaxChunk {
					t.Fatalf("chunk of %d bytes", c.Bytes)
				}
				sum += c.Bytes
			}
			if p := filepath.Clean("/v/" + file.Path); sum != file.Bytes || !strings.HasPrefix(p, "/v/") || strings.HasPrefix(file.Path, "/") {
				t.Fatalf("file %+v", file)
			}
		}
	})
}

// Deep nesting costs no more than its length: the error names the cause, not every
// level above it.
func TestDeepNestingIsCheap(t *testing.T) {
	for _, text := range []string{
		strings.Repeat(`{"a":[`, 100000),
		`{"schema":1,"a":` + strings.Repeat(`[`, 100000) + strings.Repeat(`]`, 100000) + `}`,
	} {
		if _, err := registry.DecodeManifest([]byte(text)); err == nil || len(err.Error()) > 300 {
			t.Errorf("%v", err)
		}
	}
}
