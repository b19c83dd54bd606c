package main

import (
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// importRule says what a package may import besides the standard library. The most
// specific rule counts; "x/..." stands for x and everything below it. Anything not
// listed is forbidden, and so is a package without a rule.
type importRule struct {
	pkg   string
	allow string // packages of this module and of others, separated by spaces
}

// importRules is the direction of dependencies.
var importRules = []importRule{
	{".", "model/... cache/... web web/state web/host web/profile web/site web/vugudom golang.org/x/... github.com/fsnotify/fsnotify"},

	// What both halves stand on.
	{"sha256", ""},

	// The classifier: each layer sees those below it.
	{"model/tensor", ""},
	{"model/onnx", "model/tensor"},
	{"model/onnx/encode", "model/onnx model/tensor"},
	{"model/onnx/onnxtest", "model/onnx model/onnx/encode model/tensor"},
	{"model/op", "model/tensor"},
	{"model/op/optest", "model model/..."},
	{"model/graph", "model/op model/onnx model/tensor"},
	{"model/pass", "model/graph model/op model/tensor"},
	{"model/kernel/wasm", ""},
	{"model/kernel/zkernels", ""},
	{"model/kernel/zkernels/generate", "model/kernel"},
	{"model/kernel", "model/kernel/wasm"},
	{"model/plan", "model/kernel model/pass model/graph model/op model/tensor"},
	{"model/compile", "model/plan model/pass model/graph model/op model/onnx model/onnx/encode model/tensor"},
	{"model/engine", "model/plan model/pass model/graph model/op model/tensor"},
	{"model/engine/native", "model/engine model/kernel github.com/tetratelabs/wazero/..."},
	{"model", "model/engine model/plan model/pass model/graph model/op model/onnx model/tensor model/pre model/pre/token model/post model/pack"},
	{"model/quantize", "model/engine model/pass model/graph model/op model/onnx model/onnx/onnxtest model/tensor"},
	{"model/pre", "model/tensor"},
	{"model/pre/token", "github.com/go-faster/jx"},
	{"model/pre/token/form", "golang.org/x/text/unicode/norm"},
	{"model/pre/imagefile", "model/pre golang.org/x/image/..."},
	{"model/post", "model/tensor"},
	{"model/pack", "github.com/go-faster/jx sha256"},

	// The cache: it sees contracts and never names a backend.
	{"cache", "cache/memory cache/metrics cache/policy cache/store cache/registry cache/schedule sha256"},
	{"cache/codec", "cache"},
	{"cache/memory", "cache/metrics cache/policy"},
	{"cache/metrics", ""},
	{"cache/policy", ""},
	{"cache/policy/replay", "cache/policy github.com/ulikunitz/xz"},
	{"cache/schedule", ""},
	{"cache/schedule/scheduletest", "cache/schedule"},
	{"cache/store", ""},
	{"cache/store/storetest", "cache/store"},
	{"cache/store/memstore", "cache/store"},
	{"cache/store/filestore", "cache/store github.com/go-faster/jx"},
	{"cache/store/idbstore", "cache/store github.com/hack-pad/safejs sha256"},
	{"cache/registry", "cache/schedule github.com/go-faster/jx github.com/cenkalti/backoff/v5 golang.org/x/mod/semver sha256"},
	{"cache/registry/httpfetch", "cache/registry"},
	{"cache/registry/registrytest", "cache/registry cache/registry/httpfetch"},

	// What knows that it runs in a JavaScript host.
	{"wasm/message", ""},
	{"wasm/bridge", "github.com/hack-pad/safejs sha256"},
	{"wasm/app", "web web/state wasm/bridge wasm/message github.com/hack-pad/safejs github.com/vugu/vugu/..."},
	{"wasm/worker/...", "model/... cache/... wasm/worker/... wasm/bridge wasm/message github.com/hack-pad/safejs github.com/go-faster/jx sha256"},
	{"wasm/edge/...", "model/... cache/... wasm/edge/... wasm/message github.com/go-faster/jx github.com/syumai/workers/..."},

	// The page.
	{"web", "web/state wasm/message github.com/vugu/..."},
	{"web/state", "wasm/message"},
	{"web/vugudom", ""},
	{"web/host", ""},
	{"web/profile", "web/host"},
	{"web/slim", ""},
	{"web/slim/record", "web/slim"},
	{"web/bench/gen", "model model/engine model/engine/native model/quantize model/onnx model/onnx/onnxtest model/tensor"},
	{"web/bench/serve", "web/host"},
	{"web/site", "web/slim model/pack github.com/andybalholm/brotli"},
}

// jsPackages are the only ones that may reach the JavaScript host.
const jsPackages = "wasm/... cache/store/idbstore model/engine"

// jsTests are packages whose tests may, so that they run in a browser too.
const jsTests = "model/kernel model/engine/native"

// jsImports are the ways to reach it.
const jsImports = "syscall/js github.com/hack-pad/safejs"

// browserPrograms are downloaded by every visitor. Nothing that is linked into them
// from this module may import what follows: each costs hundreds of kilobytes, or, as
// crypto/sha256 with all of FIPS 140, tens of them.
const (
	browserPrograms = "wasm/app wasm/worker"
	tooHeavy        = "net/http/... encoding/json image/... html/template text/template database/... crypto/..."
)

// source is what the rules need to know of one Go file.
type source struct {
	file    string // relative to the module
	test    bool
	browser bool // part of a build for js/wasm
	imports []string
}

func TestImportRules(t *testing.T) {
	packages, err := readSources(".", "larder")
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range checkImports(packages) {
		t.Error(broken)
	}
}

func TestImportRulesCatchViolations(t *testing.T) {
	for _, tt := range []struct {
		name, file, content string
		want                string // part of the one complaint; "" for none
	}{
		{"allowed", "model/onnx/x.go", `import "larder/model/tensor"`, ""},
		{"upwards", "model/tensor/x.go", `import "larder/model/onnx"`, "model/tensor/x.go: model/tensor may not import larder/model/onnx"},
		{"model to cache", "model/x.go", `import "larder/cache"`, "model may not import larder/cache"},
		{"cache to backend", "cache/x.go", `import "larder/cache/store/memstore"`, "cache may not import"},
		{"backend in a js file", "cache/x_js.go", `import "larder/cache/store/idbstore"`, "cache/x_js.go: cache may not import"},
		{"unlisted module", "cache/x.go", `import "example.com/lru"`, "cache may not import example.com/lru"},
		{"no rule", "model/novel/x.go", `import "fmt"`, "model/novel has no rule"},
		{"js outside", "model/op/x_js.go", `import "syscall/js"`, "model/op may not import syscall/js"},
		{"js in a test outside", "cache/x_js_test.go", `import "syscall/js"`, "cache may not import syscall/js"},
		{"js inside", "wasm/edge/x_js.go", `import "syscall/js"`, ""},
		{"app to model", "wasm/app/x.go", `import "larder/model"`, "wasm/app may not import larder/model"},
		{"heavy in a program", "wasm/app/x_js.go", `import "net/http"`, "wasm/app links net/http"},
		{"heavy below a program", "web/state/x.go", `import "encoding/json"`, "wasm/app links encoding/json through web/state"},
		{"heavy by tag", "web/state/x.go", "//go:build js\n\n" + `import "image/png"`, "wasm/app links image/png"},
		{"heavy, but native only", "web/state/x.go", "//go:build !js\n\n" + `import "encoding/json"`, ""},
		{"heavy in a test", "web/state/x_test.go", `import "encoding/json"`, ""},
		{"tests may look around", "cache/x_test.go", `import "larder/cache/store/memstore"`, ""},
		{"nested module", "cache/tool/go.mod", "module x", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			plant(t, root, "wasm/app/main.go", `import "larder/web/state"`)
			plant(t, root, tt.file, tt.content)
			plant(t, root, "cache/tool/x.go", ifNested(tt.name, `import "example.com/anything"`))
			packages, err := readSources(root, "larder")
			if err != nil {
				t.Fatal(err)
			}
			broken := checkImports(packages)
			if tt.want == "" && len(broken) > 0 || tt.want != "" && (len(broken) != 1 || !strings.Contains(broken[0], tt.want)) {
				t.Errorf("got %q, want %q", broken, tt.want)
			}
		})
	}
}

// ifNested returns the content for the file inside the nested module, and nothing
// for the other cases.
func ifNested(name, content string) string {
	if name == "nested module" {
		return content
	}
	return ""
}

// plant writes a Go file whose package clause comes before its imports; a build
// constraint at the start stays in front.
func plant(t *testing.T, root, file, content string) {
	t.Helper()
	if content == "" {
		return
	}
	if strings.HasSuffix(file, ".go") {
		tag := ""
		if strings.HasPrefix(content, "//go:build") {
			tag, content, _ = strings.Cut(content, "\n\n")
		}
		content = tag + "\n\npackage x\n\n" + content + "\n"
	}
	full := filepath.Join(root, filepath.FromSlash(file))
	if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// readSources parses the imports of every Go file of the module in root, for all
// platforms, by package path relative to the module.
func readSources(root, module string) (map[string][]source, error) {
	browser := build.Default
	browser.GOOS, browser.GOARCH, browser.CgoEnabled = "js", "wasm", false
	packages := map[string][]source{}
	err := fs.WalkDir(os.DirFS(root), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipImports(root, file, d.Name())
		}
		if path.Ext(file) != ".go" {
			return nil
		}
		full := filepath.Join(root, file)
		syntax, err := parser.ParseFile(token.NewFileSet(), full, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		matches, err := browser.MatchFile(filepath.Dir(full), d.Name())
		if err != nil {
			return err
		}
		s := source{file: file, test: strings.HasSuffix(file, "_test.go"), browser: matches}
		for _, spec := range syntax.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, name)
		}
		packages[path.Dir(file)] = append(packages[path.Dir(file)], s)
		return nil
	})
	return packages, err
}

// skipImports skips folders that are not part of the module.
func skipImports(root, dir, name string) error {
	if dir == "." {
		return nil
	}
	_, err := os.Stat(filepath.Join(root, dir, "go.mod"))
	if err == nil || name[0] == '.' || name[0] == '_' || name == "testdata" || name == "node_modules" {
		return fs.SkipDir
	}
	return nil
}

// checkImports returns every violation, sorted.
func checkImports(packages map[string][]source) []string {
	var broken []string
	for pkg, files := range packages {
		rule, ok := ruleFor(pkg)
		if !ok {
			broken = append(broken, fmt.Sprintf("%s has no rule in deps_test.go: say there what it may import", pkg))
			continue
		}
		for _, f := range files {
			for _, name := range f.imports {
				if reason := forbidden(pkg, rule, f, name); reason != "" {
					broken = append(broken, f.file+": "+reason)
				}
			}
		}
	}
	for program := range strings.FieldsSeq(browserPrograms) {
		broken = append(broken, heavyImports(packages, program)...)
	}
	slices.Sort(broken)
	return broken
}

// ruleFor returns the most specific rule for a package.
func ruleFor(pkg string) (importRule, bool) {
	best, found := importRule{}, false
	for _, rule := range importRules {
		if matchesAny(rule.pkg, pkg) && (!found || len(rule.pkg) > len(best.pkg)) {
			best, found = rule, true
		}
	}
	return best, found
}

// forbidden returns why a file may not import name, or "". Tests may use other
// packages of this module and modules that the rule does not list, but reach the
// JavaScript host only where the package may.
func forbidden(pkg string, rule importRule, f source, name string) string {
	if matchesAny(jsImports, name) && !matchesAny(jsPackages, pkg) && !(f.test && matchesAny(jsTests, pkg)) {
		return pkg + " may not import " + name + ": only " + jsPackages + " reach the JavaScript host"
	}
	inside, ours := strings.CutPrefix(name, "larder/")
	theirs := strings.Contains(strings.Split(name, "/")[0], ".")
	if f.test || !ours && !theirs || matchesAny(rule.allow, inside) {
		return ""
	}
	return fmt.Sprintf("%s may not import %s (allowed: %s)", pkg, name, rule.allow)
}

// heavyImports follows the imports of a program through this module and returns
// those that no visitor should download.
func heavyImports(packages map[string][]source, program string) []string {
	var broken []string
	seen := map[string]bool{program: true}
	for queue := []string{program}; len(queue) > 0; queue = queue[1:] {
		pkg := queue[0]
		for _, f := range packages[pkg] {
			if f.test || !f.browser {
				continue
			}
			for _, name := range f.imports {
				if matchesAny(tooHeavy, name) {
					broken = append(broken, fmt.Sprintf("%s: %s links %s through %s, which is too large for a browser", f.file, program, name, pkg))
				}
				if inside, ours := strings.CutPrefix(name, "larder/"); ours && !seen[inside] {
					seen[inside] = true
					queue = append(queue, inside)
				}
			}
		}
	}
	return broken
}

// matchesAny reports whether a package is one of the patterns.
func matchesAny(patterns, pkg string) bool {
	for pattern := range strings.FieldsSeq(patterns) {
		below, wide := strings.CutSuffix(pattern, "/...")
		if pkg == below || wide && strings.HasPrefix(pkg, below+"/") {
			return true
		}
	}
	return false
}
