//go:build !js

package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/vugu/vugu"
	"github.com/vugu/vugu/staticrender"

	"larder/wasm/message"
	"larder/web/state"
)

// ShellID is the id of the element that holds the shell's data for the app.
const ShellID = "larder-shell"

// RenderShell writes a page's static markup: the components as they are before
// anything has loaded, and the data that they were rendered from. models is the
// model registry that the site is built with; nil means none.
func RenderShell(w io.Writer, page state.Page, models fs.FS) error {
	shell, err := readShell(models)
	if err != nil {
		return fmt.Errorf("web: shell: %w", err)
	}
	env, err := vugu.NewBuildEnv((&staticrender.StaticRenderer{}).EventEnv())
	if err != nil {
		return fmt.Errorf("web: shell: %w", err)
	}
	root := NewRoot(state.Static(shell, page), nil)
	if err := staticrender.New(w).Render(env.RunBuild(root)); err != nil {
		return fmt.Errorf("web: shell: %w", err)
	}
	data, err := json.Marshal(encodeShell(shell)) // Marshal escapes <, > and &: it cannot end the element
	if err != nil {
		return fmt.Errorf("web: shell: %w", err)
	}
	_, err = fmt.Fprintf(w, "\n<script type=\"application/json\" id=%q>%s</script>", ShellID, data)
	return err
}

// encodeShell is the form of a shell that state.DecodeShell reads.
func encodeShell(s state.Shell) map[string]any {
	demos := []any{}
	for _, d := range s.Demos {
		demos = append(demos, map[string]any{"label": d.Label, "display": d.Display, "url": d.URL})
	}
	return map[string]any{"index": s.Index.Encode(), "demos": demos}
}

// maxDocument bounds an index or manifest.
const maxDocument = 4 << 20

// readShell reads what a registry offers and the demo pictures of its default
// model. A registry without an index gives an empty shell.
func readShell(models fs.FS) (state.Shell, error) {
	var shell state.Shell
	if models == nil {
		return shell, nil
	}
	var index struct {
		Default string                `json:"default"`
		Models  map[string]indexModel `json:"models"`
	}
	if err := readJSON(models, "index.json", &index); err != nil {
		return shell, err
	}
	shell.Index = message.Index{Default: index.Default}
	for _, name := range sortedKeys(index.Models, index.Default) {
		m := index.Models[name]
		shell.Index.Models = append(shell.Index.Models,
			message.IndexModel{Name: name, Title: m.Title, Task: m.Task, Versions: m.Versions, Aliases: m.Aliases})
	}
	if len(shell.Index.Models) == 0 {
		return shell, nil
	}
	first := shell.Index.Models[0]
	version := first.Aliases["latest"]
	if version == "" && len(first.Versions) > 0 {
		version = first.Versions[len(first.Versions)-1]
	}
	var err error
	shell.Demos, err = readDemos(models, path.Join(first.Name, version))
	return shell, err
}

type indexModel struct {
	Title    string            `json:"title"`
	Task     string            `json:"task"`
	Versions []string          `json:"versions"`
	Aliases  map[string]string `json:"aliases"`
}

// readDemos reads the demo pictures of the version in folder.
func readDemos(models fs.FS, folder string) ([]state.Demo, error) {
	var manifest map[string]any
	if err := readJSON(models, path.Join(folder, "manifest.json"), &manifest); err != nil {
		return nil, err
	}
	return state.DemosOf(manifest, "models/"+folder+"/"), nil
}

func readJSON(models fs.FS, name string, out any) error {
	f, err := models.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxDocument))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(bytes.TrimPrefix(b, []byte("\ufeff")), out); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// sortedKeys returns the names of the models, the default one first.
func sortedKeys(models map[string]indexModel, first string) []string {
	names := make([]string, 0, len(models))
	for name := range models {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if (a == first) != (b == first) {
			if a == first {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}
