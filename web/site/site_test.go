package site

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"

	"larder/model/pack"
)

// newModule writes a module with two small programs, static sources and a registry
// with one model, and returns options that build it.
func newModule(t *testing.T) Options {
	t.Helper()
	root := t.TempDir()
	program := "package main\n\nfunc main() {}\n"
	for name, content := range map[string]string{
		"go.mod":                          "module tiny\n\ngo 1.26\n",
		"LICENSE":                         "the terms of tiny",
		"wasm/app/main.go":                program,
		"wasm/worker/main.go":             program,
		"wasm/edge/main.go":               program,
		"wasm/edge/control/main.go":       program,
		"wasm/edge/worker.mjs":            `import program from "./edge.wasm";`,
		"wasm/edge/worker.test.mjs":       "a test is not deployed",
		"wasm/edge/wrangler.toml":         "name = \"tiny\"\n",
		"web/static/index.html":           "<!doctype html>\n<title>x</title><meta name=\"description\" content=\"x\">\n<script src=\"assets/boot.js\"></script>\n<!--shell-->\n",
		"web/static/larder.js":            `new Worker(new URL("assets/worker.js", import.meta.url));`,
		"web/static/sw.js":                "const PRECACHE = /*precache*/[];\n",
		"web/static/assets/boot.js":       strings.Repeat(`fetch(new URL("assets/app.wasm", import.meta.url)); `, 20),
		"web/static/assets/worker.js":     `fetch(new URL("assets/worker.wasm", import.meta.url));`,
		"web/static/assets/thread.js":     `onmessage = () => SLOT;`,
		"web/static/parts/more.js":        `const rest = new URL("../assets/worker-more.wasm", import.meta.url);`,
		"web/static/parts/slots.js":       `const SLOT = 16;`,
		"web/static/parts/collect.js":     `function collect() {}`,
		"web/static/parts/kernels.js":     `const kernels = new URL("../assets/kernels-simd.wasm", import.meta.url);`,
		"web/static/parts/repeats.js":     `class Repeats {}`,
		"web/static/parts/team.js":        `new Worker(new URL("../assets/thread.js", import.meta.url));`,
		"web/static/assets/.hidden":       "not shipped",
		"web/static/models/stray.txt":     "not listed, not shipped",
		"web/static/models/leaf/note.txt": "not listed, not shipped",
	} {
		put(t, root, name, content)
	}
	writeModel(t, filepath.Join(root, "web", "static", "models"))
	kernels := func(context.Context) ([]byte, error) { return noise(500), nil }
	return Options{Root: root, Assets: map[string]func(context.Context) ([]byte, error){"kernels-simd.wasm": kernels}, Pages: []Page{
		{"index.html", "First & last", "what \"it\" is", shell(`<main>the shell</main><img src="models/leaf/1.0.0/demo/a.jpg">`)},
		{"other.html", "Other", "another", shell("<main>another shell</main>")},
	}}
}

// shell returns a page's shell, which needs a registry.
func shell(text string) func(io.Writer, fs.FS) error {
	return func(w io.Writer, models fs.FS) error {
		if _, err := fs.Stat(models, "index.json"); err != nil {
			return err
		}
		_, err := io.WriteString(w, text)
		return err
	}
}

// writeModel adds leaf 1.0.0 to a registry.
func writeModel(t *testing.T, dir string) {
	t.Helper()
	m := &pack.Manifest{
		Name: "leaf", Version: "1.0.0", Title: "Leaf", Task: "image-classification",
		Created: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		Inputs:  []pack.Input{{Name: "image", Type: "float32"}},
		Outputs: []pack.Output{{Name: "logits"}},
		Demos:   []pack.Demo{{File: "demo/a.jpg"}},
	}
	m.Model.Format, m.Model.File = "onnx", "model.onnx"
	err := pack.Write(dir, m, []pack.Source{
		{Path: "model.onnx", Role: pack.RoleModel, Data: noise(5000)},
		{Path: "demo/a.jpg", Role: pack.RoleDemo, Data: noise(300)},
		{Path: "card.md", Role: pack.RoleCard, Data: bytes.Repeat([]byte("words "), 100)},
	}, false, "latest")
	if err != nil {
		t.Fatal(err)
	}
}

// noise returns bytes that do not compress.
func noise(n int) []byte {
	out := make([]byte, n)
	state := uint64(1)
	for i := range out {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		out[i] = byte(state >> 32)
	}
	return out
}

// put writes a file below root.
func put(t *testing.T, root, name, content string) {
	t.Helper()
	if err := writeFile(root, name, []byte(content)); err != nil {
		t.Fatal(err)
	}
}

// TestBuild builds the small module twice and looks at the result.
func TestBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for js/wasm and compresses at the highest level")
	}
	opt := newModule(t)
	report, err := Build(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	dist := filepath.Join(opt.Root, "dist")
	first := readAll(t, dist)
	checkBuilt(t, first)
	checkForms(t, first, report)

	opt.Out = filepath.Join(opt.Root, "elsewhere", "site")
	opt.Work = filepath.Join(opt.Root, "no-cache")
	if _, err := Build(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	second := readAll(t, opt.Out)
	for name := range second {
		if !bytes.Equal(first[name], second[name]) {
			t.Errorf("%s differs between two builds of the same sources", name)
		}
	}
	if len(first) != len(second) {
		t.Errorf("%d files, then %d", len(first), len(second))
	}
}

// checkBuilt checks what was put together.
func checkBuilt(t *testing.T, site tree) {
	t.Helper()
	worker := find(t, site, "assets/worker.", ".js")
	for _, tt := range []struct{ file, part string }{
		{"index.html", "<main>the shell</main>"},
		{"index.html", "<title>First &amp; last</title><meta name=\"description\" content=\"what &#34;it&#34; is\">"},
		{"other.html", "<title>Other</title>"},
		{"other.html", "<main>another shell</main>"},
		{"other.html", find(t, site, "assets/boot.", ".js")},
		{"sw.js", `["other.html","`},
		{"index.html", find(t, site, "assets/boot.", ".js")},
		{"larder.js", worker},
		{worker, "globalThis.Go = class"},
		{worker, strings.TrimPrefix(find(t, site, "assets/worker.", ".wasm"), "assets/")},
		{worker, strings.TrimPrefix(find(t, site, "assets/kernels-simd.", ".wasm"), "assets/")},
		{worker, strings.TrimPrefix(find(t, site, "assets/thread.", ".js"), "assets/")},
		{worker, "const SLOT = 16;"},
		{find(t, site, "assets/thread.", ".js"), "const SLOT = 16;\nfunction collect() {}\nonmessage"},
		{find(t, site, "assets/wasm_exec.", ".js"), "globalThis.Go = class"},
		{"sw.js", `["./","`},
		{"sw.js", "models/leaf/1.0.0/demo/a.jpg"},
		{"NOTICE.txt", "the terms of tiny"},
		{"NOTICE.txt", "The Go Authors"},
		{"models/leaf/1.0.0/manifest.json", `"name": "leaf"`},
		{"build.json", `"source": "assets/app.wasm"`},
	} {
		if !bytes.Contains(site[tt.file], []byte(tt.part)) {
			t.Errorf("%s has no %q", tt.file, tt.part)
		}
	}
	for name := range site {
		if strings.Contains(name, "stray") || strings.Contains(name, "note.txt") || strings.Contains(name, ".hidden") || strings.Contains(name, "parts") {
			t.Errorf("%s was shipped", name)
		}
	}
	if bytes.Contains(site["sw.js"], []byte("model.onnx")) {
		t.Error("the service worker keeps a model")
	}
}

// checkForms checks that each compressed file decodes to the file beside it, is
// smaller, and is in the report.
func checkForms(t *testing.T, site tree, report *Report) {
	t.Helper()
	for _, a := range report.Files {
		content := site[a.Path]
		for suffix, size := range map[string]int{".gz": a.Gzip, ".br": a.Brotli} {
			form, there := site[a.Path+suffix]
			if there != (size > 0) || len(form) != size || there && len(form) >= len(content) {
				t.Errorf("%s%s has %d bytes, the report says %d, the file has %d", a.Path, suffix, len(form), size, len(content))
			}
			if there && !bytes.Equal(decode(t, suffix, form), content) {
				t.Errorf("%s%s decodes to something else", a.Path, suffix)
			}
		}
	}
	for name, want := range map[string]bool{
		"models/leaf/1.0.0/card.md.br":    true,
		"models/leaf/1.0.0/model.onnx.br": false, // noise
		"models/leaf/1.0.0/demo/a.jpg.gz": false,
	} {
		if _, there := site[name]; there != want {
			t.Errorf("%s: there %v, want %v", name, there, want)
		}
	}
}

func decode(t *testing.T, suffix string, form []byte) []byte {
	t.Helper()
	var r io.Reader = brotli.NewReader(bytes.NewReader(form))
	if suffix == ".gz" {
		var err error
		if r, err = gzip.NewReader(bytes.NewReader(form)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// find returns the one file with this prefix and suffix.
func find(t *testing.T, site tree, prefix, suffix string) string {
	t.Helper()
	for name := range site {
		if strings.HasPrefix(name, prefix) && strings.HasSuffix(name, suffix) {
			return name
		}
	}
	t.Fatalf("no file %s*%s", prefix, suffix)
	return ""
}

// readAll reads a folder.
func readAll(t *testing.T, dir string) tree {
	t.Helper()
	out, err := readTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBuildEdge(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for js/wasm")
	}
	opt := newModule(t)
	report, err := BuildEdge(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	got := readAll(t, filepath.Join(opt.Root, "dist-edge"))
	want := []string{"NOTICE.txt", "build.json", "control.wasm", "edge.wasm", "kernels-simd.wasm", "wasm_exec.js", "worker.mjs", "wrangler.toml"}
	for _, name := range want {
		if len(got[name]) == 0 {
			t.Errorf("no %s", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
	if sum := report.sum([]string{"edge.wasm"}); sum.Gzip == sum.Bytes {
		t.Error("the size after gzip is not measured")
	}
}

func TestBuildRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		damage func(t *testing.T, opt *Options)
		step   func(*builder) error
		want   string
	}{
		{"no registry", func(_ *testing.T, o *Options) { o.Models = filepath.Join(o.Root, "none") },
			func(b *builder) error { return b.addRegistry(context.Background()) }, "--models names its folder"},
		{"damaged model", func(t *testing.T, o *Options) {
			put(t, o.Root, "web/static/models/leaf/1.0.0/model.onnx", strings.Repeat("x", 5000))
		}, func(b *builder) error { return b.addRegistry(context.Background()) }, "leaf/1.0.0/model.onnx"},
		{"missing file", func(t *testing.T, o *Options) {
			if err := os.Remove(filepath.Join(o.Root, "web/static/models/leaf/1.0.0/card.md")); err != nil {
				t.Fatal(err)
			}
		}, func(b *builder) error { return b.addRegistry(context.Background()) }, "card.md"},
		{"no part", func(t *testing.T, o *Options) {
			if err := os.Remove(filepath.Join(o.Root, "web/static/parts/slots.js")); err != nil {
				t.Fatal(err)
			}
		}, func(b *builder) error { return b.collect(context.Background()) }, "has no parts/slots.js, a part of assets/worker.js"},
		{"no marker", func(_ *testing.T, o *Options) {}, func(b *builder) error {
			b.site["index.html"] = []byte("<title></title><meta name=\"description\" content=\"\">")
			return b.addShell()
		}, "0 times <!--shell-->"},
		{"two titles", func(_ *testing.T, o *Options) {}, func(b *builder) error {
			b.site["index.html"] = []byte("<title></title><title></title>")
			return b.addShell()
		}, "2 times <title>"},
		{"open title", func(_ *testing.T, o *Options) {}, func(b *builder) error {
			b.site["index.html"] = []byte("<title>")
			return b.addShell()
		}, "lacks </title>"},
		{"files of somebody", func(t *testing.T, o *Options) {
			o.Out = filepath.Join(o.Root, "web")
		}, func(b *builder) error { return b.write(nil, &Report{}) }, "holds files that no build made"},
		{"no licence", func(t *testing.T, o *Options) {}, func(b *builder) error {
			_, err := licenceTexts(filepath.Join(b.Root, "wasm"))
			return err
		}, "no licence file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opt := newModule(t)
			tt.damage(t, &opt)
			b := newBuilder(tree{})
			b.Options = opt.withDefaults("dist")
			err := tt.step(b)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestBudgets(t *testing.T) {
	r := &Report{Files: []Artefact{
		{Path: "assets/app.1a2b3c4d.wasm", Source: "assets/app.wasm", Bytes: 900, Gzip: 500, Brotli: 400},
		{Path: "larder.js", Bytes: 100},
	}}
	limit := budget{"app", []string{"assets/app.wasm", "larder.js"}, 500}
	if err := r.checkBudgets([]budget{limit}); err != nil {
		t.Errorf("exactly the budget: %v", err)
	}
	limit.brotli--
	if err := r.checkBudgets([]budget{limit}); err == nil || !strings.Contains(err.Error(), "app is 500 bytes") {
		t.Errorf("one byte over: %v", err)
	}
}

func TestDecodeModules(t *testing.T) {
	got, err := decodeModules(strings.NewReader(`
		{"Module": {"Path": "tiny", "Main": true}} {}
		{"Module": {"Path": "example.com/b", "Version": "v1.0.0"}} {"Module": {"Path": "example.com/a"}} {"Module": {"Path": "example.com/b", "Version": "v1.0.0"}}`))
	if err != nil || len(got) != 2 || got[0].Path != "example.com/a" || got[1].Version != "v1.0.0" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := decodeModules(strings.NewReader(`{"Module": `)); err == nil {
		t.Error("a truncated list was accepted")
	}
}

func TestGroup(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := group(n); got != want {
			t.Errorf("group(%d) = %s, want %s", n, got, want)
		}
	}
}
