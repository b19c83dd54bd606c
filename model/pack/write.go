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
		f, err := Cut(bytes.NewReader(s.Data), ChunkSize)
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
