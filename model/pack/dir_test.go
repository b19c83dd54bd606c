package pack

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestVerifyFindsEveryChange(t *testing.T) {
	data := []byte("abcdefgh")
	f := File{Path: "x", Bytes: 8, SHA256: Sum(data), Chunks: []Chunk{{3, Sum(data[:3])}, {3, Sum(data[3:6])}, {2, Sum(data[6:])}}}
	if err := f.Verify(data); err != nil {
		t.Fatal(err)
	}
	corrupt := func(what string, f File, data []byte) {
		t.Helper()
		var e *Error
		if err := f.Verify(data); !errors.As(err, &e) || e.Code != Corrupt || e.Doc != "x" {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range data {
		b := bytes.Clone(data)
		b[i] ^= 1
		corrupt("a flipped bit", f, b)
	}
	corrupt("a byte less", f, data[:7])
	corrupt("a byte more", f, append(bytes.Clone(data), 'i'))
	other := f
	other.SHA256[0] ^= 1
	corrupt("another whole", other, data)
	other = f
	other.Chunks = slices.Clone(f.Chunks)
	other.Chunks[1].SHA256[0] ^= 1
	corrupt("another chunk", other, data)
}

// sample is a small package.
func sample(version string) (*Manifest, []Source) {
	m := &Manifest{
		Name: "leaf", Version: version, Created: time.Unix(1e9, 0), Task: "t", Model: Model{Format: "onnx", File: "model.onnx"},
		Inputs:  []Input{{Name: "x", Type: "float32"}},
		Outputs: []Output{{Name: "y"}},
		Demos:   []Demo{{File: "demo/a.jpg"}},
	}
	return m, []Source{
		{"model.onnx", RoleModel, bytes.Repeat([]byte("m"), MaxCut+1)},
		{"demo/a.jpg", RoleDemo, []byte("picture")},
	}
}

func TestWriteThenRead(t *testing.T) {
	root := t.TempDir()
	for _, v := range []string{"1.0.0", "1.1.0"} {
		m, sources := sample(v)
		if err := Write(root, m, sources, false, "latest"); err != nil {
			t.Fatal(err)
		}
	}
	d := OpenDir(os.DirFS(root))
	if err := d.Verify(); err != nil {
		t.Fatal(err)
	}
	x, err := d.Index()
	if err != nil || x.Model("leaf").Alias("latest") != "1.1.0" || len(x.Model("leaf").Versions) != 2 {
		t.Fatalf("%+v %v", x, err)
	}
	m, err := d.Manifest("leaf", "1.1.0")
	if err != nil || len(m.Files) != 2 || len(m.File("model.onnx").Chunks) != 2 {
		t.Fatalf("%+v %v", m, err)
	}
	if b, err := d.File(m, "demo/a.jpg"); err != nil || string(b) != "picture" {
		t.Errorf("%q %v", b, err)
	}
	left, err := filepath.Glob(filepath.Join(root, "leaf", ".new-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestWriteKeepsWhatIsThere(t *testing.T) {
	root := t.TempDir()
	m, sources := sample("1.0.0")
	if err := Write(root, m, sources, false); err != nil {
		t.Fatal(err)
	}
	m, sources = sample("1.0.0")
	sources[1].Data = []byte("other")
	var e *Error
	if err := Write(root, m, sources, false); !errors.As(err, &e) || e.Code != Exists {
		t.Fatal(err)
	}
	d := OpenDir(os.DirFS(root))
	if err := d.Verify(); err != nil {
		t.Fatal(err)
	}
	if err := Write(root, m, sources, true); err != nil {
		t.Fatal(err)
	}
	if b, err := d.File(m, "demo/a.jpg"); err != nil || string(b) != "other" {
		t.Errorf("%q %v", b, err)
	}
	m, sources = sample("2.0.0")
	sources[0].Path = "../model.onnx"
	if err := Write(root, m, sources, false); !errors.As(err, &e) || e.Field != "files[0].path" {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(root, IndexFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	m, sources = sample("3.0.0")
	if err := Write(root, m, sources, false); !errors.As(err, &e) || e.Doc != "index" {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(root, "leaf", "3.0.0")); err == nil {
		t.Error("a package was written beside a broken index")
	}
}

func TestDirFindsDamage(t *testing.T) {
	root := t.TempDir()
	m, sources := sample("1.0.0")
	if err := Write(root, m, sources, false); err != nil {
		t.Fatal(err)
	}
	at := func(elem ...string) string { return filepath.Join(append([]string{root, "leaf", "1.0.0"}, elem...)...) }
	d := OpenDir(os.DirFS(root))
	expect := func(what string, err error, code Code, doc string) {
		t.Helper()
		var e *Error
		if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Doc, doc) {
			t.Errorf("%s: got %v, want %s about %s", what, err, code, doc)
		}
	}
	_, err := d.Manifest("bean", "1.0.0")
	expect("another model", err, NotFound, "bean/1.0.0/manifest.json")
	_, err = d.Manifest("../leaf", "1.0.0")
	expect("a path for a name", err, NotFound, "")
	_, err = d.Manifest("leaf", "../1.0.0")
	expect("a path for a version", err, NotFound, "leaf")
	_, err = d.File(m, "nothing")
	expect("a file that is not listed", err, NotFound, "leaf/1.0.0/nothing")
	_, err = OpenDir(os.DirFS(t.TempDir())).Index()
	expect("an empty folder", err, NotFound, IndexFile)

	write := func(b []byte, elem ...string) {
		t.Helper()
		if err := os.WriteFile(at(elem...), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write([]byte("picturf"), "demo", "a.jpg")
	expect("a changed byte", d.Verify(), Corrupt, "leaf/1.0.0/demo/a.jpg")
	write([]byte("picture and more"), "demo", "a.jpg")
	expect("a longer file", d.Verify(), Corrupt, "leaf/1.0.0/demo/a.jpg")
	if err := os.Remove(at("demo", "a.jpg")); err != nil {
		t.Fatal(err)
	}
	expect("a missing file", d.Verify(), NotFound, "leaf/1.0.0/demo/a.jpg")
	text, err := os.ReadFile(at(ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	write(bytes.Replace(text, []byte(`"1.0.0"`), []byte(`"1.0.1"`), 1), ManifestFile)
	expect("another version's manifest", d.Verify(), Invalid, "leaf/1.0.0/manifest.json")
	write([]byte("{}"), ManifestFile)
	expect("a broken manifest", d.Verify(), Invalid, "leaf/1.0.0/manifest.json")
}
