package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"larder/model/pack"
)

// watched starts a watcher on a copy of a demo model and returns the folder and what
// the watcher says.
func watched(t *testing.T) (string, <-chan []string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "models")
	if _, stderr, status := larder(t, "", "add", smallModel, "--name", "bean", "--version", "1.0.0", "--registry", dir, "--labels", write(t, "labels.json", objectLabels)); status != 0 {
		t.Fatal(stderr)
	}
	said := make(chan []string, 100)
	w := newModelsWatcher(dir, func(_ context.Context, models []string) { said <- models })
	started := make(chan struct{})
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- w.run(ctx, func() { close(started) }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-started
	return dir, said
}

func addVersion(t *testing.T, dir, name, version string) {
	t.Helper()
	if _, stderr, status := larder(t, "", "add", smallModel, "--name", name, "--version", version, "--registry", dir, "--labels", write(t, "labels.json", objectLabels)); status != 0 {
		t.Fatal(stderr)
	}
}

func TestWatchSaysWhatChanged(t *testing.T) {
	dir, said := watched(t)
	addVersion(t, dir, "bean", "1.1.0")
	if got := <-said; !slices.Equal(got, []string{"bean"}) {
		t.Fatal(got)
	}
	addVersion(t, dir, "moss", "1.0.0")
	if got := <-said; !slices.Equal(got, []string{"moss"}) {
		t.Fatal(got)
	}
	// The whole folder is replaced, as a build does.
	next := dir + ".next"
	if err := os.CopyFS(next, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	addVersion(t, next, "bean", "1.2.0")
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, dir); err != nil {
		t.Fatal(err)
	}
	if got := <-said; !slices.Equal(got, []string{"bean"}) {
		t.Fatal(got)
	}
}

func TestWatchBelievesWholeVersionsOnly(t *testing.T) {
	dir, said := watched(t)
	// Another registry has the new version; it is copied here file by file.
	from := filepath.Join(t.TempDir(), "from")
	if err := os.CopyFS(from, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	addVersion(t, from, "bean", "2.0.0")
	copyFile := func(name string, part int) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data[:len(data)*part/10], 0o666); err != nil {
			t.Fatal(err)
		}
	}
	w := newModelsWatcher(dir, nil)
	if got := w.look(true); !slices.Equal(got, []string{"bean"}) {
		t.Fatal(got)
	}
	for _, step := range []struct {
		name string
		part int
	}{{"index.json", 5}, {"index.json", 10}, {"bean/2.0.0/manifest.json", 5}, {"bean/2.0.0/manifest.json", 10}, {"bean/2.0.0/model.onnx", 0}, {"bean/2.0.0/model.onnx", 9}} {
		copyFile(step.name, step.part)
		if got := w.look(false); len(got) > 0 {
			t.Fatalf("with %d tenths of %s: %v", step.part, step.name, got)
		}
	}
	copyFile("bean/2.0.0/model.onnx", 10)
	if got := w.look(false); !slices.Equal(got, []string{"bean"}) {
		t.Fatal(got)
	}
	if got := w.look(false); len(got) > 0 {
		t.Fatalf("said twice: %v", got)
	}
	// And so says the watcher that was told of each of these changes, once.
	if got := <-said; !slices.Equal(got, []string{"bean"}) {
		t.Fatal(got)
	}
	if m, err := pack.OpenDir(os.DirFS(dir)).Manifest("bean", "2.0.0"); err != nil || m.Version != "2.0.0" {
		t.Fatal(err)
	}
}

func TestServeRefusesPush(t *testing.T) {
	if _, stderr, status := larder(t, "", "serve", "--push", "maybe"); status != 2 || !strings.Contains(stderr, "on, off or auto") {
		t.Fatal(status, stderr)
	}
}
