package site

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// write replaces the output folder: everything is written to a new folder beside
// it, which then takes its place. A server that reads the folder meanwhile sees
// the old site or the new one, never a mixture (for an instant between two renames,
// none), and a build that is stopped leaves the old one.
func (b *builder) write(compressed map[string]encodings, report *Report) error {
	out, err := filepath.Abs(b.Out)
	if err != nil {
		return err
	}
	if err := replaceable(out); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(out), ".dist-new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh) // gone already when all went well
	if err := os.Chmod(fresh, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(report, "", " ")
	if err != nil {
		return err
	}
	if err := writeFile(fresh, reportFile, append(text, '\n')); err != nil {
		return err
	}
	for name, content := range b.site {
		forms := compressed[name]
		if b.measure {
			forms = encodings{}
		}
		if err := writeForms(fresh, name, content, forms); err != nil {
			return err
		}
	}
	return swap(fresh, out)
}

// replaceable refuses a folder that was not made by a build: --out must never
// delete somebody's files.
func replaceable(out string) error {
	entries, err := os.ReadDir(out)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(out, reportFile)); err != nil {
		return fmt.Errorf("%s holds files that no build made (it has no %s): empty it or choose another folder with --out", out, reportFile)
	}
	return nil
}

// writeForms writes a file and its compressed forms.
func writeForms(dir, name string, content []byte, forms encodings) error {
	err := writeFile(dir, name, content)
	if forms.gzip != nil {
		err = errors.Join(err, writeFile(dir, name+".gz", forms.gzip))
	}
	if forms.brotli != nil {
		err = errors.Join(err, writeFile(dir, name+".br", forms.brotli))
	}
	return err
}

// writeFile writes one file below dir.
func writeFile(dir, name string, content []byte) error {
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o666)
}

// swap puts the folder fresh in the place of out.
func swap(fresh, out string) error {
	old := fresh + "-old"
	err := os.Rename(out, old)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(fresh, out); err != nil {
		return errors.Join(err, os.Rename(old, out))
	}
	return os.RemoveAll(old)
}
