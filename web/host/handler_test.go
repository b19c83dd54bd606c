package host

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// files is a small site. The compressed forms are not what they claim to be, so
// that a test sees which one was sent.
var files = map[string]string{
	"index.html":                      "<!doctype html><title>page</title>",
	"larder.js":                       "export const answer = 42; // plain",
	"larder.js.br":                    "brotli form",
	"larder.js.gz":                    "gzip form",
	"larder.d.ts":                     "export const answer: number;",
	"manifest.webmanifest":            "{}",
	"assets/app.0123abcd.wasm":        "\x00asm",
	"assets/app.wasm":                 "\x00asm without a hash",
	"docs/index.html":                 "docs",
	"models/index.json":               `{"models":{}}`,
	"models/leaf/1.0.0/model.onnx":    "0123456789",
	"models/leaf/1.0.0/model.onnx.br": "shorter",
	".secret":                         "hidden",
	"../outside.txt":                  "outside",
}

// newSite writes the files and returns the site's folder.
func newSite(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "dist")
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../outside.txt", filepath.Join(dir, "link.txt")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// start serves a site over a real connection, as the answers of net/http differ
// from those of a recorder.
func start(t *testing.T, opt Options) *httptest.Server {
	t.Helper()
	h, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

// ask sends a request without following redirects or decoding bodies.
func ask(t *testing.T, method, url string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := &http.Transport{DisableCompression: true}
	defer client.CloseIdleConnections()
	response, err := client.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestServeFiles(t *testing.T) {
	server := start(t, Options{Dir: newSite(t)})
	const forever, revalidate = "public, max-age=31536000, immutable", "no-cache"
	for _, tt := range []struct {
		name, path, accept          string
		body, contentType, encoding string
		cache                       string
	}{
		{"page", "/", "br", files["index.html"], "text/html; charset=utf-8", "", revalidate},
		{"page by name", "/index.html", "", files["index.html"], "text/html; charset=utf-8", "", revalidate},
		{"folder with a page", "/docs/", "", "docs", "text/html; charset=utf-8", "", revalidate},
		{"script", "/larder.js", "", files["larder.js"], "text/javascript; charset=utf-8", "", revalidate},
		{"script, brotli", "/larder.js", "gzip, br", "brotli form", "text/javascript; charset=utf-8", "br", revalidate},
		{"script, gzip", "/larder.js", "gzip", "gzip form", "text/javascript; charset=utf-8", "gzip", revalidate},
		{"script, gzip by weight", "/larder.js", "br;q=0.1, gzip", "gzip form", "text/javascript; charset=utf-8", "gzip", revalidate},
		{"types", "/larder.d.ts", "", files["larder.d.ts"], "text/plain; charset=utf-8", "", revalidate},
		{"manifest", "/manifest.webmanifest", "", "{}", "application/manifest+json", "", revalidate},
		{"hashed asset", "/assets/app.0123abcd.wasm", "br", "\x00asm", "application/wasm", "", forever},
		{"asset without a hash", "/assets/app.wasm", "", files["assets/app.wasm"], "application/wasm", "", revalidate},
		{"registry", "/models/index.json", "", files["models/index.json"], "application/json", "", revalidate},
		{"model", "/models/leaf/1.0.0/model.onnx", "", "0123456789", "application/octet-stream", "", revalidate},
		{"model, brotli", "/models/leaf/1.0.0/model.onnx", "br", "shorter", "application/octet-stream", "br", revalidate},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, method := range []string{"GET", "HEAD"} {
				response, body := ask(t, method, server.URL+tt.path, "Accept-Encoding", tt.accept)
				want := tt.body
				if method == "HEAD" {
					want = ""
				}
				head := response.Header
				if response.StatusCode != 200 || body != want {
					t.Errorf("%s: %d %q, want %q", method, response.StatusCode, body, want)
				}
				if head.Get("Content-Type") != tt.contentType || head.Get("Content-Encoding") != tt.encoding || head.Get("Cache-Control") != tt.cache {
					t.Errorf("%s: headers %v", method, head)
				}
				if response.ContentLength != int64(len(tt.body)) {
					t.Errorf("%s: Content-Length %d, want %d", method, response.ContentLength, len(tt.body))
				}
				varies := strings.HasPrefix(tt.path, "/larder.js") || strings.HasSuffix(tt.path, ".onnx")
				if (head.Get("Vary") == "Accept-Encoding") != varies {
					t.Errorf("%s: Vary %q", method, head.Get("Vary"))
				}
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	server := start(t, Options{Dir: newSite(t), Base: "/demo/"})
	for _, tt := range []struct {
		name, method, path, accept string
		status                     int
		contentType                string
	}{
		{"absent", "GET", "/demo/absent", "", 404, "text/html; charset=utf-8"},
		{"absent, for a program", "GET", "/demo/absent", "application/json", 404, "application/json"},
		{"absent model", "GET", "/demo/models/none/manifest.json", "text/html", 404, "application/json"},
		{"absent, HEAD", "HEAD", "/demo/absent", "", 404, "text/html; charset=utf-8"},
		{"folder without a page", "GET", "/demo/models/", "", 404, "application/json"},
		{"folder as a file", "GET", "/demo/assets", "", 404, "text/html; charset=utf-8"},
		{"outside the base", "GET", "/larder.js", "", 404, "text/html; charset=utf-8"},
		{"base as a prefix", "GET", "/demolition", "", 404, "text/html; charset=utf-8"},
		{"hidden file", "GET", "/demo/.secret", "", 404, "text/html; charset=utf-8"},
		{"parent folder", "GET", "/demo/../outside.txt", "", 404, "text/html; charset=utf-8"},
		{"parent folder, escaped", "GET", "/demo/%2e%2e/outside.txt", "", 404, "text/html; charset=utf-8"},
		{"parent folder, escaped slash", "GET", "/demo/assets%2f..%2f..%2foutside.txt", "", 404, "text/html; charset=utf-8"},
		{"backslash", "GET", "/demo/..%5coutside.txt", "", 404, "text/html; charset=utf-8"},
		{"zero byte", "GET", "/demo/larder.js%00.html", "", 404, "text/html; charset=utf-8"},
		{"empty segment", "GET", "/demo//larder.js", "", 404, "text/html; charset=utf-8"},
		{"file as a folder", "GET", "/demo/larder.js/x", "", 404, "text/html; charset=utf-8"},
		{"name that is too long", "GET", "/demo/" + strings.Repeat("x", 300), "", 404, "text/html; charset=utf-8"},
		{"link out of the site", "GET", "/demo/link.txt", "", 404, "text/html; charset=utf-8"},
		{"post", "POST", "/demo/", "", 405, "text/html; charset=utf-8"},
		{"options, for a program", "OPTIONS", "/demo/", "application/json", 405, "application/json"},
		{"base without its slash", "GET", "/demo", "", 301, "text/html; charset=utf-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			response, body := ask(t, tt.method, server.URL+tt.path, "Accept", tt.accept)
			if response.StatusCode != tt.status || response.Header.Get("Content-Type") != tt.contentType {
				t.Errorf("%d %s, want %d %s", response.StatusCode, response.Header.Get("Content-Type"), tt.status, tt.contentType)
			}
			if strings.Contains(body, "outside") && !strings.Contains(body, "nothing at") {
				t.Errorf("the answer has a file from outside: %q", body)
			}
			if tt.status == 404 && response.Header.Get("Content-Security-Policy") == "" {
				t.Error("an error page without a Content-Security-Policy")
			}
		})
	}
}

func TestUnreadable(t *testing.T) {
	h, err := New(Options{Dir: newSite(t)})
	if err != nil {
		t.Fatal(err)
	}
	opening := func(err error) error { return &fs.PathError{Op: "openat", Path: "secret", Err: err} }
	for _, tt := range []struct {
		name   string
		err    error
		status int
	}{
		{"absent", opening(fs.ErrNotExist), 404},
		{"absent, as the system says it", opening(syscall.ENOENT), 404},
		{"below a file", opening(syscall.ENOTDIR), 404},
		{"a folder", errNotFile, 404},
		{"outside", opening(errors.New("path escapes from parent")), 404},
		{"rights", opening(syscall.EACCES), 403},
		{"too many open files", opening(syscall.EMFILE), 503},
		{"too many in the system", opening(syscall.ENFILE), 503},
		{"a broken disk", opening(syscall.EIO), 503},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := httptest.NewRecorder()
			h.unreadable(&recorder{ResponseWriter: out, length: -1}, httptest.NewRequest("GET", "/models/index.json", nil), tt.err)
			if out.Code != tt.status || out.Header().Get("Cache-Control") != "no-store" || strings.Contains(out.Body.String(), "secret") {
				t.Errorf("%d, want %d: %v %s", out.Code, tt.status, out.Header(), out.Body)
			}
		})
	}
}

func TestRefusalIsEscaped(t *testing.T) {
	server := start(t, Options{Dir: newSite(t)})
	if _, body := ask(t, "GET", server.URL+"/%3Cscript%3E"); strings.Contains(body, "<script>") {
		t.Errorf("the path is markup on the page: %q", body)
	}
}

func TestTagsAndConditions(t *testing.T) {
	server := start(t, Options{Dir: newSite(t)})
	url := server.URL + "/larder.js"
	tags := map[string]string{}
	for _, accept := range []string{"", "gzip", "br"} {
		response, _ := ask(t, "GET", url, "Accept-Encoding", accept)
		tag := response.Header.Get("ETag")
		if len(tag) < 10 || tag[0] != '"' {
			t.Fatalf("ETag %q is not a strong tag", tag)
		}
		for other, known := range tags {
			if known == tag {
				t.Errorf("encodings %q and %q share the tag %s", accept, other, tag)
			}
		}
		tags[accept] = tag
	}
	for _, tt := range []struct {
		name, accept, condition, value string
		status                         int
	}{
		{"known", "br", "If-None-Match", tags["br"], 304},
		{"known among others", "br", "If-None-Match", `"a", W/` + tags["br"], 304},
		{"any", "br", "If-None-Match", "*", 304},
		{"known in another encoding", "br", "If-None-Match", tags["gzip"], 200},
		{"changed", "br", "If-None-Match", `"other"`, 200},
		{"still the same", "br", "If-Match", tags["br"], 200},
		{"no longer the same", "br", "If-Match", `"other"`, 412},
	} {
		t.Run(tt.name, func(t *testing.T) {
			response, body := ask(t, "GET", url, "Accept-Encoding", tt.accept, tt.condition, tt.value)
			if response.StatusCode != tt.status {
				t.Errorf("status %d, want %d", response.StatusCode, tt.status)
			}
			if tt.status == 304 {
				head := response.Header
				if body != "" || head.Get("ETag") != tags[tt.accept] || head.Get("Cache-Control") == "" || head.Get("Vary") == "" {
					t.Errorf("304 with body %q and headers %v", body, head)
				}
			}
		})
	}
}

func TestRange(t *testing.T) {
	server := start(t, Options{Dir: newSite(t)})
	url := server.URL + "/models/leaf/1.0.0/model.onnx"
	whole, _ := ask(t, "GET", url)
	tag := whole.Header.Get("ETag")
	compressed, _ := ask(t, "GET", url, "Accept-Encoding", "br")
	for _, tt := range []struct {
		name, rng, ifRange string
		status             int
		body, contentRange string
	}{
		{"middle", "bytes=2-4", "", 206, "234", "bytes 2-4/10"},
		{"to the end", "bytes=8-", "", 206, "89", "bytes 8-9/10"},
		{"last bytes", "bytes=-3", "", 206, "789", "bytes 7-9/10"},
		{"beyond the end", "bytes=10-", "", 416, "", "bytes */10"},
		{"same file", "bytes=2-4", tag, 206, "234", "bytes 2-4/10"},
		{"another file", "bytes=2-4", `"other"`, 200, "0123456789", ""},
		{"the compressed form's tag", "bytes=2-4", compressed.Header.Get("ETag"), 200, "0123456789", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header := []string{"Accept-Encoding", "br, gzip", "Range", tt.rng}
			if tt.ifRange != "" {
				header = append(header, "If-Range", tt.ifRange)
			}
			response, body := ask(t, "GET", url, header...)
			if response.StatusCode != tt.status || response.Header.Get("Content-Range") != tt.contentRange || tt.status != 416 && body != tt.body {
				t.Errorf("%d %q %q", response.StatusCode, response.Header.Get("Content-Range"), body)
			}
			if coding := response.Header.Get("Content-Encoding"); coding != "" {
				t.Errorf("a range of the %s form", coding)
			}
		})
	}
}

func TestSecurityHeaders(t *testing.T) {
	dir := newSite(t)
	isolation := []string{"Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy", "Cross-Origin-Resource-Policy"}
	always := []string{"Content-Security-Policy", "Permissions-Policy", "Referrer-Policy", "X-Content-Type-Options"}
	for _, bare := range []bool{false, true} {
		response, _ := ask(t, "GET", start(t, Options{Dir: dir, NoIsolation: bare}).URL+"/")
		for _, name := range always {
			if response.Header.Get(name) == "" {
				t.Errorf("no %s", name)
			}
		}
		for _, name := range isolation {
			if (response.Header.Get(name) == "") != bare {
				t.Errorf("NoIsolation %v: %s is %q", bare, name, response.Header.Get(name))
			}
		}
		if csp := response.Header.Get("Content-Security-Policy"); strings.Contains(csp, "'unsafe-eval'") || strings.Contains(csp, "'unsafe-inline'") {
			t.Errorf("the policy is not strict: %s", csp)
		}
	}
}

// TestChangedFile checks that the tag follows the content even when size and time
// stay the same, as they may within the clock's grain.
func TestChangedFile(t *testing.T) {
	dir := newSite(t)
	server := start(t, Options{Dir: dir})
	file := filepath.Join(dir, "larder.d.ts")
	now := time.Now()
	tags := map[string]bool{}
	for _, content := range []string{"aaaa", "bbbb", "cccc"} {
		if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, now, now); err != nil {
			t.Fatal(err)
		}
		response, body := ask(t, "GET", server.URL+"/larder.d.ts")
		if body != content || tags[response.Header.Get("ETag")] {
			t.Errorf("%q with tag %s", body, response.Header.Get("ETag"))
		}
		tags[response.Header.Get("ETag")] = true
	}
}

func TestRememberedTagFollowsChange(t *testing.T) {
	dir := newSite(t)
	server := start(t, Options{Dir: dir})
	file := filepath.Join(dir, "larder.d.ts")
	old := time.Now().Add(-time.Hour) // long settled: the tag is remembered
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	before, _ := ask(t, "GET", server.URL+"/larder.d.ts")
	again, _ := ask(t, "GET", server.URL+"/larder.d.ts")
	if before.Header.Get("ETag") != again.Header.Get("ETag") {
		t.Error("the tag of an unchanged file changed")
	}
	if err := os.WriteFile(file, []byte("another"), 0o666); err != nil {
		t.Fatal(err)
	}
	after, _ := ask(t, "GET", server.URL+"/larder.d.ts")
	if before.Header.Get("ETag") == after.Header.Get("ETag") {
		t.Error("the tag of a changed file stayed")
	}
}

func TestBeforeRunsForPagesAndShowsItsError(t *testing.T) {
	calls := 0
	var fail error
	server := start(t, Options{Dir: newSite(t), Before: func(context.Context) error { calls++; return fail }})
	ask(t, "GET", server.URL+"/larder.js")
	if calls != 0 {
		t.Error("a script waited for a build")
	}
	if response, _ := ask(t, "GET", server.URL+"/"); calls != 1 || response.StatusCode != 200 {
		t.Errorf("page: %d calls, status %d", calls, response.StatusCode)
	}
	fail = errors.New("x.go:1: <syntax error>")
	response, body := ask(t, "GET", server.URL+"/")
	if response.StatusCode != 500 || !strings.Contains(body, "x.go:1: &lt;syntax error&gt;") {
		t.Errorf("failed build: %d %q", response.StatusCode, body)
	}
}

func TestLog(t *testing.T) {
	done := make(chan Access, 1)
	server := start(t, Options{Dir: newSite(t), Log: func(a Access) { done <- a }})
	ask(t, "GET", server.URL+"/larder.js?q=1", "Accept-Encoding", "br")
	a := <-done
	if a.Method != "GET" || a.Path != "/larder.js" || a.Status != 200 || a.Bytes != int64(len("brotli form")) || a.Encoding != "br" {
		t.Errorf("logged %+v", a)
	}
}

func TestNewRefusesBases(t *testing.T) {
	for _, base := range []string{"demo", "/demo", "demo/", "//", "/a//b/", "/../", "/a/./"} {
		if _, err := New(Options{Base: base}); err == nil {
			t.Errorf("base %q was accepted", base)
		}
	}
	for _, base := range []string{"", "/", "/demo/", "/a/b/"} {
		if _, err := New(Options{Base: base}); err != nil {
			t.Errorf("base %q: %v", base, err)
		}
	}
}

func TestMissingFolder(t *testing.T) {
	server := start(t, Options{Dir: filepath.Join(t.TempDir(), "none")})
	if response, _ := ask(t, "GET", server.URL+"/"); response.StatusCode != 404 {
		t.Errorf("status %d, want 404", response.StatusCode)
	}
}
