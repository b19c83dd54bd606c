package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"larder/cache/registry"
	"larder/cache/registry/httpfetch"
	"larder/model/pack"
)

// modelSource is a model registry that a command reads: a folder or a URL.
type modelSource interface {
	// index returns index.json.
	index(ctx context.Context) ([]byte, error)
	manifest(ctx context.Context, name, version string) (*pack.Manifest, error)
	// file returns a verified file of a version. It may fetch only files that a
	// prediction needs.
	file(ctx context.Context, m *pack.Manifest, path string) ([]byte, error)
}

// openSource returns the registry at where, a folder or an http(s) URL.
func openSource(where string) (modelSource, error) {
	if strings.HasPrefix(where, "http://") || strings.HasPrefix(where, "https://") {
		f, err := httpfetch.New(where, nil)
		if err != nil {
			return nil, err
		}
		client, err := registry.NewClient(registry.Options{Fetcher: f})
		return webSource{client}, err
	}
	if _, err := os.Stat(filepath.Join(where, pack.IndexFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no model registry: it has no %s; name its folder or URL with --registry", where, pack.IndexFile)
	}
	return dirSource{where, pack.OpenDir(os.DirFS(where))}, nil
}

// choose returns the version of a model that a range such as "^2" stands for.
func choose(ctx context.Context, s modelSource, name, selector string) (string, error) {
	data, err := s.index(ctx)
	if err != nil {
		return "", err
	}
	ix, err := registry.DecodeIndex(data)
	if err != nil {
		return "", err
	}
	want, err := registry.ParseSelector(selector)
	if err != nil {
		return "", usageError{fmt.Sprintf("--version %q: want a version such as 2.0.0, ^2, ~2.1 or latest", selector)}
	}
	version, err := ix.Resolve(name, want)
	var e *registry.Error
	if !errors.As(err, &e) || e.Code != registry.NotFound {
		return version, err
	}
	what := fmt.Sprintf("there is no model %q", name)
	if m := ix.Model(name); m != nil {
		what = fmt.Sprintf("%s has no version %s; it has %s", name, selector, strings.Join(m.Versions, ", "))
	} else if len(e.Near) > 0 {
		what += "; did you mean " + strings.Join(e.Near, " or ") + "?"
	}
	return "", fmt.Errorf("%s (`larder models` lists all)", what)
}

// dirSource is a registry in a folder.
type dirSource struct {
	root string
	dir  *pack.Dir
}

func (d dirSource) index(context.Context) ([]byte, error) {
	return readFile(filepath.Join(d.root, pack.IndexFile), pack.MaxDocument)
}

func (d dirSource) manifest(_ context.Context, name, version string) (*pack.Manifest, error) {
	return d.dir.Manifest(name, version)
}

func (d dirSource) file(_ context.Context, m *pack.Manifest, path string) ([]byte, error) {
	return d.dir.File(m, path)
}

// webSource is a registry behind a URL. It keeps nothing: every use downloads.
type webSource struct{ client *registry.Client }

func (w webSource) index(ctx context.Context) ([]byte, error) {
	doc, err := w.client.IndexDocument(ctx, "")
	return doc.Data, err
}

func (w webSource) manifest(ctx context.Context, name, version string) (*pack.Manifest, error) {
	doc, err := w.client.ManifestDocument(ctx, name, version, "")
	if err != nil {
		return nil, err
	}
	return pack.DecodeManifest(doc.Data)
}

func (w webSource) file(ctx context.Context, m *pack.Manifest, path string) ([]byte, error) {
	want := m.File(path)
	if want == nil {
		return nil, fmt.Errorf("%s %s has no file %s", m.Name, m.Version, path)
	}
	// The client works on its own reading of the manifest; one file of it is
	// enough here.
	f := registry.File{Path: want.Path, Role: want.Role, Bytes: want.Bytes, SHA256: registry.Digest(want.SHA256)}
	for _, c := range want.Chunks {
		f.Chunks = append(f.Chunks, registry.Chunk{Bytes: int64(c.Bytes), SHA256: registry.Digest(c.SHA256)})
	}
	chunks := map[registry.Digest][]byte{}
	err := w.client.Download(ctx, registry.Job{
		Manifest: &registry.Manifest{Name: m.Name, Version: m.Version, Files: []registry.File{f}},
		Missing:  func(registry.Digest) bool { return true },
		Sink: func(_ context.Context, c registry.Chunk, data registry.Blob) error {
			b, err := data.Bytes()
			chunks[c.SHA256] = bytes.Clone(b)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	data := make([]byte, 0, want.Bytes)
	for _, c := range f.Chunks {
		data = append(data, chunks[c.SHA256]...)
	}
	return data, want.Verify(data)
}
