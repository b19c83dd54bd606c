package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"larder/cache"
	"larder/cache/registry/httpfetch"
	"larder/cache/store/memstore"
)

func TestExport(t *testing.T) {
	host := httptest.NewServer(http.FileServer(http.Dir(defaultRegistry)))
	defer host.Close()
	for name, where := range map[string]string{"folder": defaultRegistry, "URL": host.URL} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "leaf.larder")
			stdout, stderr, status := larder(t, "", "export", "leaf-small", "--registry", where, "--out", out)
			if status != 0 || !strings.Contains(stdout, "leaf-small") {
				t.Fatal(stdout, stderr)
			}
			if left, _ := os.ReadDir(filepath.Dir(out)); len(left) != 1 {
				t.Errorf("debris: %v", left)
			}
			// A device that has never had a network answers from it.
			c, err := cache.New(cache.Options{Store: memstore.New()})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			f, err := os.Open(out)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := c.Import(t.Context(), httpfetch.NewBody(out, f), nil); err != nil {
				t.Fatal(err)
			}
			e, err := c.Get(t.Context(), "leaf-small", "", nil)
			if err != nil || e.Source != cache.FromStore {
				t.Fatal(e, err)
			}
			e.Release()
		})
	}
}

func TestExportRefuses(t *testing.T) {
	out := filepath.Join(t.TempDir(), "x.larder")
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"no model", nil, "MODEL"},
		{"unknown model", []string{"leav"}, "did you mean"},
		{"unknown version", []string{"leaf", "--version", "9.0.0"}, "has no version 9.0.0"},
		{"no registry", []string{"leaf", "--registry", t.TempDir()}, "no model registry"},
		{"no such folder", []string{"leaf", "--out", filepath.Join(out, "y")}, "no such file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, stderr, status := larder(t, "", append([]string{"export", "--out", out}, tt.args...)...)
			if status == 0 || !strings.Contains(stderr, tt.want) {
				t.Fatal(status, stderr)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("a file was written")
			}
		})
	}
}
