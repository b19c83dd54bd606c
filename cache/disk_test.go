package cache_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"larder/cache/store"
	"larder/cache/store/filestore"
	"larder/cache/store/memstore"
)

// disk is what a device of the kill harness keeps its store on.
type disk interface {
	// Open returns a store on it, as a program does that starts.
	Open() store.Store
	// Clone returns a copy.
	Clone() disk
	// Close throws it away.
	Close()
}

// disks makes empty ones, by the kind of store.
var disks = map[string]func(testing.TB) disk{
	"memory": func(testing.TB) disk { return memoryDisk{memstore.NewDatabase(0)} },
	"files":  func(t testing.TB) disk { return newFileDisk(t) },
}

type memoryDisk struct{ db *memstore.Database }

func (d memoryDisk) Open() store.Store { return d.db.Open() }
func (d memoryDisk) Clone() disk       { return memoryDisk{d.db.Clone()} }
func (d memoryDisk) Close()            {}

// fileDisk is a directory of filestore.
type fileDisk struct {
	t    testing.TB
	dir  string
	open []store.Store
}

func newFileDisk(t testing.TB) *fileDisk {
	dir, err := os.MkdirTemp("", "larder-disk-")
	if err != nil {
		t.Fatal(err)
	}
	d := &fileDisk{t: t, dir: dir}
	t.Cleanup(d.Close)
	return d
}

func (d *fileDisk) Open() store.Store {
	s, err := filestore.Open(d.dir)
	if err != nil {
		d.t.Fatal(err)
	}
	d.open = append(d.open, s)
	return s
}

// Clone links the files instead of copying them: the store only ever puts another file in
// a file's place.
func (d *fileDisk) Clone() disk {
	to := newFileDisk(d.t)
	err := filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		rel, err2 := filepath.Rel(d.dir, path)
		if err = errors.Join(err, err2); err != nil || rel == "lock" {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(to.dir, rel), 0o777)
		}
		return os.Link(path, filepath.Join(to.dir, rel))
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return to
}

func (d *fileDisk) Close() {
	for _, s := range d.open {
		s.Close()
	}
	os.RemoveAll(d.dir)
}
