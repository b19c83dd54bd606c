package pack

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Source is a file that goes into a package.
type Source struct {
	Path, Role string
	Data       []byte
}

// Write adds a package to the registry in the folder dir, which it makes if
// need be. It fills in m.Files from sources, in their order, and lets each
// alias stand for the new version.
//
// The files come first, under a temporary name that is renamed once complete;
// the index comes last. A reader therefore never meets half a package. A
// version that is there already is an Exists error unless replace is true.
func Write(dir string, m *Manifest, sources []Source, replace bool, aliases ...string) error {
	m.Files = nil
	for _, s := range sources {
		f, err := Cut(bytes.NewReader(s.Data))
		if err != nil {
			return err
		}
		f.Path, f.Role = s.Path, s.Role
		m.Files = append(m.Files, f)
	}
	manifest, err := EncodeManifest(m)
	if err != nil {
		return err
	}
	x, err := OpenDir(os.DirFS(dir)).Index()
	var e *Error
	if errors.As(err, &e) && e.Code == NotFound {
		x, err = &Index{}, nil
	}
	if err != nil {
		return err
	}
	x.Add(m.Name, m.Title, m.Task, m.Version, aliases...)
	index, err := EncodeIndex(x)
	if err != nil {
		return err
	}
	if err := writePackage(dir, m, manifest, sources, replace); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, IndexFile), index)
}

// writePackage writes the version's folder beside its place, then moves it.
func writePackage(dir string, m *Manifest, manifest []byte, sources []Source, replace bool) error {
	final := filepath.Join(dir, m.Name, m.Version)
	if _, err := os.Stat(final); err == nil && !replace {
		return &Error{Code: Exists, Doc: m.Name + " " + m.Version, Reason: "is in the registry already", Err: fs.ErrExist}
	}
	if err := os.MkdirAll(filepath.Join(dir, m.Name), 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Join(dir, m.Name), ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	for _, s := range slices.Concat(sources, []Source{{Path: ManifestFile, Data: manifest}}) {
		name := filepath.Join(tmp, filepath.FromSlash(s.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, s.Data, 0o644); err != nil {
			return err
		}
	}
	if replace {
		if err := os.RemoveAll(final); err != nil {
			return err
		}
	}
	return os.Rename(tmp, final)
}

// writeFile replaces a file in one step.
func writeFile(name string, data []byte) error {
	tmp := name + ".new"
	if err := os.WriteFile(tmp, data, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, name)
}

// Recut brings the manifests of a registry in a folder to the places where Cut cuts
// today. The files stay as they are; each is verified first. It returns how many
// manifests changed. A browser that has a version keeps its chunks until it next asks
// for that version, and then fetches it anew, once.
func Recut(dir string) (int, error) {
	d := OpenDir(os.DirFS(dir))
	x, err := d.Index()
	if err != nil {
		return 0, err
	}
	changed := 0
	for i := range x.Models {
		for _, version := range x.Models[i].Versions {
			is, err := d.recut(dir, x.Models[i].Name, version)
			if err != nil {
				return changed, err
			}
			if is {
				changed++
			}
		}
	}
	return changed, nil
}

// recut does one version and reports whether it was cut otherwise.
func (d *Dir) recut(dir, name, version string) (bool, error) {
	m, err := d.Manifest(name, version)
	if err != nil {
		return false, err
	}
	changed := false
	for i := range m.Files {
		data, err := d.File(m, m.Files[i].Path)
		if err != nil {
			return false, err
		}
		f, err := Cut(bytes.NewReader(data))
		if err != nil {
			return false, err
		}
		changed = changed || !slices.Equal(f.Chunks, m.Files[i].Chunks)
		m.Files[i].Chunks = f.Chunks
	}
	if !changed {
		return false, nil
	}
	text, err := EncodeManifest(m)
	if err != nil {
		return false, err
	}
	return true, writeFile(filepath.Join(dir, name, version, ManifestFile), text)
}
