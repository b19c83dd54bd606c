package optest

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/ulikunitz/xz"
)

// envFolder names the folder of cases that goes before the archive.
const envFolder = "LARDER_ONNX_TESTS"

// archive lies beside the checkout, if there is one.
const archive = "../../../../shared/conformance/onnx-backend-tests.tar.xz"

// maxArchive bounds what unpacking the archive may take; it has 22 MB.
const maxArchive = 256 << 20

// directories are the parts of the suite whose cases have data.
var directories = []string{"node", "simple", "pytorch-operator", "pytorch-converted"}

// errNoCases says that neither the folder nor the archive is there.
var errNoCases = errors.New("no ONNX test cases: set " + envFolder + " or put the archive at " + archive)

// source is where cases come from.
type source struct {
	files fs.FS
	// whole says that this is the archive for which pass.txt is the full list.
	whole bool
}

func openSource() (source, error) {
	if dir := os.Getenv(envFolder); dir != "" {
		return source{files: os.DirFS(dir)}, nil
	}
	f, err := os.Open(filepath.FromSlash(archive))
	if errors.Is(err, fs.ErrNotExist) {
		return source{}, errNoCases
	}
	if err != nil {
		return source{}, err
	}
	defer f.Close()
	files, err := unpack(f)
	return source{files: files, whole: true}, err
}

// unpack reads a tar.xz archive into memory.
func unpack(r io.Reader) (fs.FS, error) {
	x, err := xz.NewReader(r)
	if err != nil {
		return nil, err
	}
	files := fstest.MapFS{}
	t := tar.NewReader(io.LimitReader(x, maxArchive))
	for {
		h, err := t.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(t)
		if err != nil {
			return nil, err
		}
		files[path.Clean(h.Name)] = &fstest.MapFile{Data: data}
	}
}

// cases lists the cases of one directory as "node/test_abs", sorted.
func cases(files fs.FS, dir string) ([]string, error) {
	entries, err := fs.ReadDir(files, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, path.Join(dir, e.Name()))
		}
	}
	slices.Sort(names)
	return names, err
}

// list is a committed list of names: pass.txt or skip.txt. The text behind a
// name is its reason.
func list(file string) (map[string]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, reason, _ := strings.Cut(line, " ")
		names[name] = strings.TrimSpace(reason)
	}
	return names, nil
}
