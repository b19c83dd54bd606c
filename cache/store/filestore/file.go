package filestore

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	"larder/cache/store"
)

// typed makes the store's error of anything that went wrong.
func typed(op, key string, err error) error {
	var own *store.Error
	if err == nil || errors.As(err, &own) {
		return err
	}
	code := store.Internal
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		code = store.Quota
	}
	return &store.Error{Code: code, Op: op, Key: key, Err: err}
}

// write puts a file in place: whole, on the disk, or not at all.
func (s *Store) write(path string, data []byte) error { return s.place(path, data, (*os.File).Sync) }

// place puts a file in place. Unless settle flushes it, it is there for every process, but
// after a loss of power it may be another one, or none.
func (s *Store) place(path string, data []byte, settle func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Join(s.dir, "tmp"), "*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, settle(f))
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// syncers is how many files are flushed at a time: one journal entry serves several.
const syncers = 16

// syncFiles flushes files to the disk, whoever wrote them.
func syncFiles(paths []string) error {
	var next atomic.Int64
	errs := make([]error, min(syncers, len(paths)))
	var all sync.WaitGroup
	for w := range errs {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(paths)) && errs[w] == nil; i = next.Add(1) - 1 {
				// Some systems flush only through a file that may be written.
				f, err := os.OpenFile(paths[i], os.O_RDWR, 0)
				if err == nil {
					err = errors.Join(f.Sync(), f.Close())
				}
				errs[w] = err
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// syncDir makes the names in a directory durable. Some systems cannot; there a rename
// is as durable as it gets.
func syncDir(path string) {
	if d, err := os.Open(path); err == nil {
		_ = d.Sync()
		d.Close()
	}
}

// read returns a file of at most limit bytes; nil if there is none.
func read(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if data == nil {
		data = []byte{}
	}
	return data, err
}

// remove deletes a file, which need not be there.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
