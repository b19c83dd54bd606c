package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

// startServe runs `larder serve` with args and returns the address it prints, and
// a function that stops it and returns its exit status.
func startServe(t *testing.T, args ...string) (url string, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, w := io.Pipe()
	var stderr bytes.Buffer
	status := make(chan int, 1)
	go func() {
		status <- dispatch(ctx, stdio{out: w, err: &stderr}, append([]string{"serve"}, args...))
		w.Close()
	}()
	lines := bufio.NewReader(r)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("serve ended with status %d: %s", <-status, &stderr)
	}
	go io.Copy(io.Discard, lines)
	url = regexp.MustCompile(`http://\S+`).FindString(line)
	return url, func() int { cancel(); return <-status }
}

// newDist writes the smallest site.
func newDist(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.html"), []byte("the page"), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

// get returns the status and body of a GET request.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestServeUnderBase(t *testing.T) {
	url, stop := startServe(t, "--addr", "127.0.0.1:0", "--dir", newDist(t), "--base", "/demo/")
	if !strings.HasSuffix(url, "/demo/") {
		t.Fatalf("serving at %q", url)
	}
	if status, body := get(t, url); status != 200 || body != "the page" {
		t.Errorf("%d %q", status, body)
	}
	if status, _ := get(t, strings.TrimSuffix(url, "demo/")+"index.html"); status != 404 {
		t.Errorf("outside the base: status %d", status)
	}
	if status := stop(); status != 0 {
		t.Errorf("exit status %d after an interrupt", status)
	}
}

func TestServeExplains(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	dist := newDist(t)
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"port taken", []string{"--addr", addr, "--dir", dist}, 1, addr + " is taken by another program"},
		{"port taken, way out", []string{"--addr", addr, "--dir", dist}, 1, "--addr 127.0.0.1:0"},
		{"no address", []string{"--addr", "nonsense", "--dir", dist}, 1, "--addr wants HOST:PORT"},
		{"no site", []string{"--addr", "127.0.0.1:0", "--dir", t.TempDir()}, 1, "run ./build.sh build first"},
		{"bad base", []string{"--addr", "127.0.0.1:0", "--dir", dist, "--base", "demo"}, 1, "/demo/"},
		{"unknown flag", []string{"--port", "80"}, 2, "larder serve -h"},
		{"argument", []string{"dist"}, 2, `unexpected argument "dist"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := dispatch(t.Context(), stdio{out: &stdout, err: &stderr}, append([]string{"serve"}, tt.args...))
			if status != tt.status || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("status %d, %q; want %d, %q", status, &stderr, tt.status, tt.want)
			}
		})
	}
}

func TestServeHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := dispatch(t.Context(), stdio{out: &stdout, err: &stderr}, []string{"serve", "-h"}); status != 0 {
		t.Errorf("status %d", status)
	}
	for _, flag := range []string{"-addr", "-base", "-no-isolation", "-rebuild"} {
		if !strings.Contains(stdout.String(), flag) {
			t.Errorf("the help does not name %s", flag)
		}
	}
}

// counter is a rebuilder's surroundings: a state that a test changes, and builds
// that are counted.
type counter struct {
	mu     sync.Mutex
	state  string
	fail   error
	builds int
}

func (c *counter) rebuilder() *rebuilder {
	return &rebuilder{
		ctx:      context.Background(),
		generate: func(context.Context) error { return nil },
		state:    func() (string, error) { c.mu.Lock(); defer c.mu.Unlock(); return c.state, nil },
		build:    func(context.Context) error { c.mu.Lock(); defer c.mu.Unlock(); c.builds++; return c.fail },
	}
}

func TestRebuild(t *testing.T) {
	c := &counter{state: "one"}
	b := c.rebuilder()
	broken := errors.New("x.go:1: syntax error")
	for _, tt := range []struct {
		name   string
		state  string
		fail   error
		builds int // in all
		want   error
	}{
		{"first request", "one", nil, 1, nil},
		{"nothing changed", "one", nil, 1, nil},
		{"changed, broken", "two", broken, 2, broken},
		{"still broken: not tried again", "two", nil, 2, broken},
		{"mended", "three", nil, 3, nil},
	} {
		c.state, c.fail = tt.state, tt.fail
		if err := b.ensure(t.Context()); err != tt.want || c.builds != tt.builds {
			t.Errorf("%s: error %v after %d builds, want %v after %d", tt.name, err, c.builds, tt.want, tt.builds)
		}
	}
}

func TestRebuildOnceForManyRequests(t *testing.T) {
	c := &counter{state: "one"}
	b := c.rebuilder()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { b.ensure(t.Context()) })
	}
	group.Wait()
	if c.builds != 1 {
		t.Errorf("%d builds, want 1", c.builds)
	}
}

func TestRebuildReportsGenerator(t *testing.T) {
	c := &counter{state: "one"}
	b := c.rebuilder()
	broken := errors.New("root.vugu: unclosed tag")
	b.generate = func(context.Context) error { return broken }
	if err := b.ensure(t.Context()); err != broken || c.builds != 0 {
		t.Errorf("error %v after %d builds", err, c.builds)
	}
}

func TestSourceState(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	base := func() fstest.MapFS {
		out := fstest.MapFS{}
		for _, name := range []string{"main.go", "go.mod", "web/root.vugu", "web/static/icons/icon.svg", "main_test.go", "dist/larder.js", "web/e2e/node_modules/x.go", ".git/x.go", "README.md"} {
			out[name] = &fstest.MapFile{Data: []byte("1"), ModTime: at}
		}
		return out
	}
	state := func(tree fs.FS) string {
		s, err := sourceState(tree)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := state(base())
	for name, seen := range map[string]bool{
		"main.go": true, "go.mod": true, "web/root.vugu": true, "web/static/icons/icon.svg": true,
		"main_test.go": false, "dist/larder.js": false, "web/e2e/node_modules/x.go": false, ".git/x.go": false, "README.md": false,
	} {
		touched, removed := base(), base()
		touched[name].ModTime = at.Add(time.Nanosecond)
		delete(removed, name)
		if (state(touched) != before) != seen || (state(removed) != before) != seen {
			t.Errorf("%s: a change is seen: %v, a removal: %v, want %v", name, state(touched) != before, state(removed) != before, seen)
		}
	}
}

func TestDispatch(t *testing.T) {
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		out    string // part of the output
		err    string // part of the error output
	}{
		{"nothing", nil, 2, "", "usage: larder"},
		{"help", []string{"help"}, 0, "usage: larder", ""},
		{"unknown", []string{"fly"}, 2, "", `unknown command "fly"`},
		{"failure", []string{"size", "--dir", "none"}, 1, "", "none is not a built site"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := dispatch(t.Context(), stdio{out: &stdout, err: &stderr}, tt.args)
			if status != tt.status || !strings.Contains(stdout.String(), tt.out) || !strings.Contains(stderr.String(), tt.err) {
				t.Errorf("status %d, out %q, err %q", status, &stdout, &stderr)
			}
		})
	}
}
