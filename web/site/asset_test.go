package site

import (
	"slices"
	"strings"
	"testing"
)

// newBuilder returns a builder for a site in memory.
func newBuilder(files tree) *builder {
	return &builder{site: files, names: map[string]string{}}
}

func TestHashAssets(t *testing.T) {
	b := newBuilder(tree{
		"index.html":           []byte(`<link href="assets/style.css"><script src=assets/boot.js>`),
		"larder.js":            []byte(`new Worker(new URL("./assets/worker.js", import.meta.url))`),
		"assets/boot.js":       []byte("import(`assets/app.wasm`); // myassets/app.wasm stays"),
		"assets/style.css":     []byte(`a { background: url(assets/leaf.png) }`),
		"assets/worker.js":     []byte(`new URL("../assets/worker.wasm", import.meta.url)`),
		"icons/icon.svg":       []byte(`<image href="assets/leaf.png"/><image href="../assets/leaf.png"/>`),
		"assets/app.wasm":      []byte("app"),
		"assets/worker.wasm":   []byte("worker"),
		"assets/leaf.png":      []byte("assets/none.js inside a picture is no reference"),
		"models/leaf/card.md":  []byte("assets/none.js"),
		"models/leaf/extra.js": []byte("assets/none.js"),
	})
	if err := b.hashAssets(t.Context()); err != nil {
		t.Fatal(err)
	}
	name := func(source string) string { return strings.TrimPrefix(b.names["assets/"+source], "assets/") }
	for _, tt := range []struct{ file, want string }{
		{"index.html", `<link href="assets/` + name("style.css") + `"><script src=assets/` + name("boot.js") + `>`},
		{"larder.js", `new Worker(new URL("./assets/` + name("worker.js") + `", import.meta.url))`},
		{b.names["assets/boot.js"], "import(`" + name("app.wasm") + "`); // myassets/app.wasm stays"},
		{b.names["assets/style.css"], `a { background: url(` + name("leaf.png") + `) }`},
		{b.names["assets/worker.js"], `new URL("` + name("worker.wasm") + `", import.meta.url)`},
		{"icons/icon.svg", `<image href="../assets/` + name("leaf.png") + `"/><image href="../assets/` + name("leaf.png") + `"/>`},
		{"models/leaf/extra.js", "assets/none.js"},
	} {
		if got := string(b.site[tt.file]); got != tt.want {
			t.Errorf("%s is %s, want %s", tt.file, got, tt.want)
		}
	}
	if got := b.names["assets/app.wasm"]; got != "assets/app.a172cedc.wasm" { // sha256("app")
		t.Errorf("app.wasm became %s", got)
	}
	for path := range b.site {
		if slices.Contains([]string{"assets/app.wasm", "assets/boot.js"}, path) {
			t.Errorf("%s is there without its hash", path)
		}
	}
}

// TestHashFollowsLeaves checks that a change in a leaf renames all that leads to it.
func TestHashFollowsLeaves(t *testing.T) {
	names := func(leaf string) map[string]string {
		b := newBuilder(tree{
			"assets/a.js":     []byte(`"assets/b.js"`),
			"assets/b.js":     []byte(`"assets/c.wasm"`),
			"assets/c.wasm":   []byte(leaf),
			"assets/other.js": []byte(`1`),
		})
		if err := b.hashAssets(t.Context()); err != nil {
			t.Fatal(err)
		}
		return b.names
	}
	one, two := names("one"), names("two")
	for _, asset := range []string{"assets/a.js", "assets/b.js", "assets/c.wasm"} {
		if one[asset] == two[asset] {
			t.Errorf("%s kept the name %s", asset, one[asset])
		}
	}
	if one["assets/other.js"] != two["assets/other.js"] {
		t.Error("an asset that does not lead to the leaf was renamed")
	}
}

func TestHashAssetsRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files tree
		want  string
	}{
		{"unknown", tree{"index.html": []byte("\n\nassets/none.js")}, `index.html line 3 refers to "assets/none.js"`},
		{"unknown in an asset", tree{"assets/a.css": []byte("url(assets/none.png)")}, `assets/a.css line 1 refers to "assets/none.png"`},
		{"itself", tree{"assets/a.js": []byte("assets/a.js")}, "assets/a.js → assets/a.js"},
		{"circle", tree{"assets/a.js": []byte("assets/b.js"), "assets/b.js": []byte("assets/c.js"), "assets/c.js": []byte("assets/a.js")},
			"assets/a.js → assets/b.js → assets/c.js → assets/a.js"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := newBuilder(tt.files).hashAssets(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestPrecache(t *testing.T) {
	b := newBuilder(tree{
		"index.html":                   []byte(`<img src="models/leaf/2.0.0/demo/a.jpg">`),
		"sw.js":                        []byte("const PRECACHE = /*precache*/[];"),
		"larder.js":                    []byte("larder"),
		"larder.d.ts":                  []byte("types"),
		"NOTICE.txt":                   []byte("terms"),
		"assets/app.0123abcd.wasm":     []byte("app"),
		"models/index.json":            []byte("{}"),
		"models/leaf/2.0.0/model.onnx": []byte("model"),
		"models/leaf/2.0.0/demo/a.jpg": []byte("picture"),
		"models/leaf/2.0.0/demo/b.jpg": []byte("picture that the page does not show"),
	})
	b.names["assets/app.wasm"] = "assets/app.0123abcd.wasm"
	if err := b.addPrecache(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := `const PRECACHE = [["assets/app.0123abcd.wasm",""],["./","165e0fc60d470ca5"],` +
		`["larder.js","c20fbb7794f4e4f8"],["models/leaf/2.0.0/demo/a.jpg","2cea274d0bedc39e"]];` // starts of the SHA-256
	if got := string(b.site["sw.js"]); got != want {
		t.Errorf("sw.js is\n%s, want\n%s", got, want)
	}
	if err := newBuilder(tree{"sw.js": []byte("no marker")}).addPrecache(t.Context()); err == nil {
		t.Error("a service worker without the marker was accepted")
	}
}

func TestCheckRelative(t *testing.T) {
	for _, tt := range []struct {
		name, file, content string
		ok                  bool
	}{
		{"relative", "index.html", `<script src="assets/a.js"></script><a href="./">`, true},
		{"elsewhere", "index.html", `<a href="https://example.com/models/">`, true},
		{"same scheme", "index.html", `<a href="//example.com/">`, true},
		{"rooted script", "index.html", `<script src="/assets/a.js">`, false},
		{"rooted link", "index.html", `<a href='/about'>`, false},
		{"rooted home", "index.html", `<a href="/">`, false},
		{"unquoted", "index.html", `<a href=/about>`, false},
		{"manifest", "manifest.webmanifest", `{"start_url": "/"}`, false},
		{"relative manifest", "manifest.webmanifest", `{"start_url": "./"}`, true},
		{"fetch", "larder.js", `fetch("/models/index.json")`, false},
		{"template", "larder.js", "fetch(`/models/${name}`)", false},
		{"another path", "larder.js", `x === "/somewhere"`, true},
		{"division", "larder.js", `a = b /models; c = "a/models"`, true},
		{"css", "assets/a.css", `url(/models/x.png)`, false},
		{"inside the registry", "models/card.html", `<a href="/">`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := newBuilder(tree{tt.file: []byte(tt.content), "models/index.json": nil}).checkRelative(t.Context())
			if (err == nil) != tt.ok {
				t.Errorf("%s: %v", tt.content, err)
			}
		})
	}
}
