//go:build !js

package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"larder/web/state"
)

// shellOf renders a shell and returns its markup and the data that it carries.
func shellOf(t *testing.T, models fs.FS) (string, state.Shell) {
	t.Helper()
	var out bytes.Buffer
	if err := RenderShell(&out, state.PageLeaf, models); err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`<script type="application/json" id="larder-shell">(.*)</script>`).FindSubmatch(out.Bytes())
	if m == nil {
		t.Fatalf("no data in\n%s", out.String())
	}
	var tree any
	if err := json.Unmarshal(m[1], &tree); err != nil {
		t.Fatal(err)
	}
	shell, err := state.DecodeShell(tree)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), shell
}

func TestShellOfTheDemoRegistry(t *testing.T) {
	markup, shell := shellOf(t, os.DirFS("static/models"))
	for _, want := range []string{`<div id="app" data-page="leaf" data-phase="booting">`, `data-demo="2"`, `value="leaf@"`, "Starting Larder"} {
		if !strings.Contains(markup, want) {
			t.Errorf("lacks %q", want)
		}
	}
	if len(shell.Demos) != 3 || len(shell.Index.Models) == 0 || shell.Index.Models[0].Name != shell.Index.Default {
		t.Fatalf("shell %+v", shell)
	}
	for _, d := range shell.Demos {
		if _, err := os.Stat("static/" + d.URL); err != nil {
			t.Error(err)
		}
	}
}

// TestShellIsWhatTheAppShowsFirst checks that the app, given the shell's data,
// begins with the very same markup.
func TestShellIsWhatTheAppShowsFirst(t *testing.T) {
	markup, shell := shellOf(t, os.DirFS("static/models"))
	app := state.New(state.Options{Shell: shell, Online: true})
	if first := render(t, NewRoot(app.View(), nil)); !strings.HasPrefix(markup, first) {
		t.Error("the app's first view differs from the static page")
	}
}

func TestShellEscapes(t *testing.T) {
	index := `{"default":"x","models":{"x":{"title":"</script><script>alert(1)</script>","versions":["1.0.0"]}}}`
	markup, _ := shellOf(t, fstest.MapFS{"index.json": file(index), "x/1.0.0/manifest.json": file(`{}`)})
	if strings.Contains(markup, "<script>alert") {
		t.Errorf("a title gets out:\n%s", markup)
	}
}

func TestShellWithoutModels(t *testing.T) {
	for name, models := range map[string]fs.FS{"none": nil, "empty": fstest.MapFS{"index.json": file(`{}`)}} {
		if markup, _ := shellOf(t, models); strings.Contains(markup, "<select") || strings.Contains(markup, "data-demo") {
			t.Errorf("%s: the page offers models:\n%s", name, markup)
		}
	}
}

// TestShellByteOrderMark: Windows editors begin a file with one.
func TestShellByteOrderMark(t *testing.T) {
	_, shell := shellOf(t, fstest.MapFS{"index.json": file("\ufeff" + `{"models":{"x":{"versions":["1.0.0"]}}}`), "x/1.0.0/manifest.json": file("\ufeff{}")})
	if len(shell.Index.Models) != 1 {
		t.Errorf("%+v", shell)
	}
}

func TestShellInvalid(t *testing.T) {
	tests := []struct {
		name   string
		models fstest.MapFS
		want   string
	}{
		{"no index", fstest.MapFS{}, "index.json"},
		{"no JSON", fstest.MapFS{"index.json": file("<")}, "index.json"},
		{"no manifest", fstest.MapFS{"index.json": file(`{"models":{"x":{"versions":["1.0.0"]}}}`)}, "x/1.0.0/manifest.json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := RenderShell(&bytes.Buffer{}, state.PageLeaf, tt.models); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one that names %s", err, tt.want)
			}
		})
	}
	if err := RenderShell(broken{}, state.PageLeaf, nil); !errors.Is(err, errBroken) {
		t.Errorf("a writer's error is lost: %v", err)
	}
}

func file(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }
