package filestore

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
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
func (s *Store) write(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Join(s.dir, "tmp"), "*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync())
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
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
