package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"larder/model/pack"
)

// quiet is how long a folder of models must have been left alone before it is looked
// at: a copy or a build makes many changes in a row.
const quiet = 150 * time.Millisecond

// modelsWatcher says which models of a registry's folder have changed. It believes
// nothing that is half copied: a model counts as changed when the index names other
// versions or aliases of it, or a manifest differs, and every file of its new versions
// has the bytes that its manifest lists. What is not whole yet is looked at again at the
// next change.
type modelsWatcher struct {
	dir     string
	changed func(ctx context.Context, models []string)
	known   map[string]pack.IndexModel        // by name, as last announced
	whole   map[string]map[string]pack.Digest // manifests of verified versions, by model and version
}

func newModelsWatcher(dir string, changed func(context.Context, []string)) *modelsWatcher {
	w := &modelsWatcher{dir: dir, changed: changed}
	w.known, w.whole = map[string]pack.IndexModel{}, map[string]map[string]pack.Digest{}
	return w
}

// run watches until ctx ends. started, which may be nil, is called when changes from
// then on are noticed.
func (w *modelsWatcher) run(ctx context.Context, started func()) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer watcher.Close()
	w.attend(watcher)
	w.look(true)
	if started != nil {
		started()
	}
	var pause <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case err, ok := <-watcher.Errors:
			// Changes were lost: look at everything.
			if !ok || !errors.Is(err, fsnotify.ErrEventOverflow) {
				return err
			}
			pause = time.After(quiet)
		case _, ok := <-watcher.Events:
			if !ok {
				return nil
			}
			pause = time.After(quiet)
		case <-pause:
			pause = nil
			w.attend(watcher) // folders may be new, or the whole tree may have been replaced
			if models := w.look(false); len(models) > 0 {
				w.changed(ctx, models)
			}
		}
	}
}

// attend watches the folder, those in it, and the one that it lies in. What cannot be
// watched, because it went away in this moment, is found at the next change.
func (w *modelsWatcher) attend(watcher *fsnotify.Watcher) {
	_ = watcher.Add(filepath.Dir(w.dir))
	_ = filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = watcher.Add(path)
		}
		return nil
	})
}

// look compares the folder with what was announced and returns the names of models that
// changed and are whole. With trust it only takes note.
func (w *modelsWatcher) look(trust bool) []string {
	dir := pack.OpenDir(os.DirFS(w.dir))
	index, err := dir.Index()
	if err != nil {
		return nil // half written, or replaced in this moment
	}
	var out []string
	names := map[string]bool{}
	for _, m := range index.Models {
		names[m.Name] = true
		before, had := w.known[m.Name]
		same := had && slices.Equal(before.Versions, m.Versions) && slices.Equal(before.Aliases, m.Aliases)
		now := w.manifests(m)
		if now == nil || same && maps.Equal(now, w.whole[m.Name]) || !trust && !w.verify(dir, m, now) {
			continue
		}
		w.known[m.Name], w.whole[m.Name] = m, now
		out = append(out, m.Name)
	}
	for name := range w.known {
		if !names[name] {
			delete(w.known, name)
			delete(w.whole, name)
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// manifests returns the digests of a model's manifests, or nil if one is missing.
func (w *modelsWatcher) manifests(m pack.IndexModel) map[string]pack.Digest {
	out := map[string]pack.Digest{}
	for _, v := range m.Versions {
		data, err := os.ReadFile(filepath.Join(w.dir, m.Name, v, "manifest.json"))
		if err != nil {
			return nil
		}
		out[v] = sha256.Sum256(data)
	}
	return out
}

// verify reads the files of the versions that are new or other than before.
func (w *modelsWatcher) verify(dir *pack.Dir, m pack.IndexModel, now map[string]pack.Digest) bool {
	for _, v := range m.Versions {
		if before, ok := w.whole[m.Name][v]; ok && before == now[v] {
			continue
		}
		manifest, err := dir.Manifest(m.Name, v)
		if err != nil {
			return false
		}
		for i := range manifest.Files {
			if _, err := dir.File(manifest, manifest.Files[i].Path); err != nil {
				return false
			}
		}
	}
	return true
}
