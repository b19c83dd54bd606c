package host

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// site writes a folder with an index of models and serves it.
func pushSite(t *testing.T, push *Push) *httptest.Server {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "models"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "models", "index.json"), []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	h, err := New(Options{Dir: dir, Base: "/demo/", Push: push})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestPush(t *testing.T) {
	push := NewPush()
	s := pushSite(t, push)
	t.Cleanup(push.Close) // before the server waits for its connections
	index, err := http.Get(s.URL + "/demo/models/index.json")
	if err != nil || index.Header.Get(PushHeader) != "events" {
		t.Fatalf("%v, %v", index.Header, err)
	}
	index.Body.Close()
	stream, err := http.Get(s.URL + "/demo/models/events")
	if err != nil || stream.StatusCode != 200 || stream.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%+v, %v", stream, err)
	}
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	next := func() string {
		for lines.Scan() {
			if text := lines.Text(); text != "" {
				return text
			}
		}
		return "the end"
	}
	if got := next(); got != "retry: 1000" {
		t.Fatal(got)
	}
	if n := push.Listeners(); n != 1 {
		t.Fatalf("%d listeners", n)
	}
	push.Send([]string{"leaf", "moss"})
	if a, b := next(), next(); a != "event: changed" || b != `data: ["leaf","moss"]` {
		t.Fatalf("%q, %q", a, b)
	}
	push.Close()
	push.Close()
	if got := next(); got != "the end" {
		t.Fatal(got)
	}
	if head, err := http.Head(s.URL + "/demo/models/events"); err != nil || head.StatusCode != 200 {
		t.Fatalf("%+v, %v", head, err)
	}
}

func TestPushDropsTheSlow(t *testing.T) {
	push := NewPush()
	slow := make(chan []string) // nobody takes anything
	push.streams[slow] = true
	push.Send([]string{"leaf"})
	if _, open := <-slow; open || push.Listeners() != 0 {
		t.Error("a page that takes nothing holds the others up")
	}
}

func TestWithoutPush(t *testing.T) {
	s := pushSite(t, nil)
	for path, status := range map[string]int{"/demo/models/index.json": 200, "/demo/models/events": 404} {
		r, err := http.Get(s.URL + path)
		if err != nil || r.StatusCode != status || strings.Contains(strings.ToLower(strings.Join(r.Header["Larder-Events"], "")), "events") {
			t.Errorf("%s: %+v, %v", path, r, err)
		}
		r.Body.Close()
	}
}
