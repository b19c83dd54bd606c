package pack

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"strconv"
)

// The names of the two documents of a registry.
const (
	IndexFile    = "index.json"
	ManifestFile = "manifest.json"
)

// Dir is a registry in a folder, or in anything else that is an fs.FS.
type Dir struct{ fsys fs.FS }

// OpenDir returns the registry whose index.json lies at the root of fsys. It
// reads nothing yet.
func OpenDir(fsys fs.FS) *Dir { return &Dir{fsys} }

// Index reads the index. It returns a NotFound error if there is none.
func (d *Dir) Index() (*Index, error) {
	data, err := d.read(IndexFile, MaxDocument)
	if err != nil {
		return nil, err
	}
	return DecodeIndex(data)
}

// Manifest reads the manifest of exactly this version. It returns a NotFound
// error if the folder has none, and an Invalid one if the manifest is that of
// another model or version.
func (d *Dir) Manifest(name, version string) (*Manifest, error) {
	if reason := CheckName(name); reason != "" {
		return nil, &Error{Code: NotFound, Doc: quote(name), Reason: "no such model: " + reason}
	}
	if _, ok := ParseVersion(version); !ok {
		return nil, &Error{Code: NotFound, Doc: name, Reason: "no such version: " + quote(version)}
	}
	at := path.Join(name, version, ManifestFile)
	data, err := d.read(at, MaxDocument)
	if err != nil {
		return nil, err
	}
	m, err := DecodeManifest(data)
	var e *Error
	switch {
	case errors.As(err, &e):
		e.Doc = at
		return nil, e
	case err != nil:
		return nil, err
	case m.Name != name || m.Version != version:
		return nil, &Error{Code: Invalid, Doc: at, Reason: "is of " + m.Name + " " + m.Version}
	}
	return m, nil
}

// File reads one file of a version and verifies it. It returns a NotFound
// error if the manifest or the folder lacks it, Corrupt if its bytes are
// others than the manifest lists.
func (d *Dir) File(m *Manifest, name string) ([]byte, error) {
	at := path.Join(m.Name, m.Version, name)
	f := m.File(name)
	if f == nil {
		return nil, &Error{Code: NotFound, Doc: at, Reason: "is not listed in the manifest"}
	}
	data, err := d.read(at, f.Bytes)
	if err != nil {
		return nil, err
	}
	if err := f.Verify(data); err != nil {
		var e *Error
		if errors.As(err, &e) {
			e.Doc = at
		}
		return nil, err
	}
	return data, nil
}

// Verify reads every file of every version that the index lists and returns
// all that is wrong, joined.
func (d *Dir) Verify() error {
	x, err := d.Index()
	if err != nil {
		return err
	}
	var all []error
	for _, model := range x.Models {
		for _, version := range model.Versions {
			m, err := d.Manifest(model.Name, version)
			if err != nil {
				all = append(all, err)
				continue
			}
			for i := range m.Files {
				_, err := d.File(m, m.Files[i].Path)
				all = append(all, err)
			}
		}
	}
	return errors.Join(all...)
}

// read reads a file of at most most bytes.
func (d *Dir) read(name string, most int64) ([]byte, error) {
	f, err := d.fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Code: NotFound, Doc: name, Reason: "no such file", Err: err}
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, &Error{Code: Corrupt, Doc: name, Reason: "is longer than " + strconv.FormatInt(most, 10) + " bytes"}
	}
	return data, nil
}
