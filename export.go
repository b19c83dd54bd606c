package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"larder/cache"
	"larder/cache/registry"
	"larder/cache/registry/httpfetch"
	"larder/cache/store"
	"larder/cache/store/filestore"
)

const exportAbout = `export MODEL [flags]

Writes one version of a model as one file, for devices without a network: what
a prediction needs, verified. "Import a file" on the Larder page and
cache.import() of larder.js read it; the demos and the card stay behind.`

// runExport is `larder export`.
func runExport(ctx context.Context, std stdio, args []string) error {
	var where, version, out string
	fs := flag.NewFlagSet("export", flag.ContinueOnError)
	fs.StringVar(&where, "registry", defaultRegistry, "folder or URL of the model registry")
	fs.StringVar(&version, "version", "latest", "version, range (^2, ~2.1) or alias")
	fs.StringVar(&out, "out", "", "file to write (default MODEL-VERSION.larder)")
	name, err := oneArgument(fs, std, exportAbout, "MODEL", args)
	if err != nil {
		return err
	}
	src, err := openSource(where)
	if err != nil {
		return err
	}
	if version, err = choose(ctx, src, name, version); err != nil {
		return err
	}
	out = cmp.Or(out, name+"-"+version+".larder")
	size, err := exportVersion(ctx, where, name, version, out)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "wrote %s: %s %s, %s\n", out, name, version, byteCount(size))
	return nil
}

// exportVersion loads a version of the registry as a device would, into a cache of its
// own, and writes it to out: the whole file or none.
func exportVersion(ctx context.Context, where, name, version, out string) (size int64, err error) {
	from, err := fetcherOf(where)
	if err != nil {
		return 0, err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(out), ".larder-export-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(tmp)
	db, err := filestore.Open(filepath.Join(tmp, "store"))
	if err != nil {
		return 0, err
	}
	defer db.Close()
	c, err := cache.New(cache.Options{Store: db, Registry: from})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if _, err := c.Prefetch(ctx, name, version, nil); err != nil {
		return 0, err
	}
	f, err := os.Create(filepath.Join(tmp, "export"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	err = c.Export(ctx, name, version, nil, func(b store.Blob) error {
		data, err := b.Bytes()
		if err != nil {
			return err
		}
		size += int64(len(data))
		_, err = f.Write(data)
		return err
	}, nil)
	if err != nil {
		return 0, err
	}
	if err := f.Close(); err != nil {
		return 0, err
	}
	return size, os.Rename(f.Name(), out)
}

// fetcherOf returns the transport to the registry at where, a folder or an http(s) URL.
func fetcherOf(where string) (registry.Fetcher, error) {
	if strings.HasPrefix(where, "http://") || strings.HasPrefix(where, "https://") {
		return httpfetch.New(where, nil)
	}
	return httpfetch.New("http://folder/", &http.Client{Transport: http.NewFileTransportFS(os.DirFS(where))})
}
