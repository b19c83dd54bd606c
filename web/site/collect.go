package site

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
)

// shellMarker is the comment in index.html that the static shell replaces.
const shellMarker = "<!--shell-->"

// collect gathers everything that is not compiled: the static sources, the given
// assets, the loader of the Go runtime, and the static shell.
func (b *builder) collect(ctx context.Context) error {
	static, err := readTree(b.Static, "models")
	if err != nil {
		return err
	}
	maps.Copy(b.site, static)
	for name, produce := range b.Assets {
		content, err := produce(ctx)
		if err != nil {
			return fmt.Errorf("assets/%s: %w", name, err)
		}
		b.site["assets/"+name] = content
	}
	if err := b.addLoader(ctx); err != nil {
		return err
	}
	return b.addShell()
}

// addLoader adds wasm_exec.js, which has to match the toolchain exactly, as an
// asset for the page; the worker gets it in front of its own script, so that it
// starts with one request less.
func (b *builder) addLoader(ctx context.Context) error {
	loader, err := readLoader(ctx, b.Root)
	if err != nil {
		return err
	}
	worker, ok := b.site["assets/worker.js"]
	if !ok {
		return fmt.Errorf("%s has no assets/worker.js", b.Static)
	}
	b.site["assets/wasm_exec.js"] = loader
	b.site["assets/worker.js"] = bytes.Join([][]byte{loader, worker}, []byte("\n"))
	return nil
}

// readLoader returns wasm_exec.js of the toolchain that builds the module.
func readLoader(ctx context.Context, root string) ([]byte, error) {
	goroot, err := goRoot(ctx, root)
	if err != nil {
		return nil, err
	}
	loader, err := os.ReadFile(filepath.Join(goroot, "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return nil, fmt.Errorf("the Go toolchain lacks its JavaScript loader: %w", err)
	}
	return loader, nil
}

// addShell puts the static shell into index.html.
func (b *builder) addShell() error {
	page, ok := b.site["index.html"]
	if !ok {
		return fmt.Errorf("%s has no index.html", b.Static)
	}
	if n := bytes.Count(page, []byte(shellMarker)); n != 1 {
		return fmt.Errorf("index.html has %d times the marker %s, want 1", n, shellMarker)
	}
	var shell bytes.Buffer
	if err := b.Shell(&shell, os.DirFS(b.Models)); err != nil {
		return err
	}
	b.site["index.html"] = bytes.Replace(page, []byte(shellMarker), shell.Bytes(), 1)
	return nil
}
