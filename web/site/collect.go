package site

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
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

// partsFolder holds pieces of scripts. They are not shipped as such.
const partsFolder = "parts/"

// scripts lists the assets that are put together of parts: one file starts with
// fewer requests than several. The script itself comes last.
var scripts = []struct {
	name  string
	parts []string
}{
	{"assets/worker.js", []string{"more.js", "slots.js", "collect.js", "kernels.js", "team.js"}},
	{"assets/thread.js", []string{"slots.js", "collect.js"}},
}

// addLoader adds wasm_exec.js, which has to match the toolchain exactly, as an
// asset for the page; the worker gets it in front of its own script.
func (b *builder) addLoader(ctx context.Context) error {
	loader, err := readLoader(ctx, b.Root)
	if err != nil {
		return err
	}
	if err := b.joinParts(); err != nil {
		return err
	}
	b.site["assets/wasm_exec.js"] = loader
	b.site["assets/worker.js"] = bytes.Join([][]byte{loader, b.site["assets/worker.js"]}, []byte("\n"))
	return nil
}

// joinParts puts the parts in front of their scripts and takes them off the site.
func (b *builder) joinParts() error {
	for _, script := range scripts {
		var whole [][]byte
		for _, part := range script.parts {
			content, ok := b.site[partsFolder+part]
			if !ok {
				return fmt.Errorf("%s has no %s%s, a part of %s", b.Static, partsFolder, part, script.name)
			}
			whole = append(whole, content)
		}
		content, ok := b.site[script.name]
		if !ok {
			return fmt.Errorf("%s has no %s", b.Static, script.name)
		}
		b.site[script.name] = bytes.Join(append(whole, content), []byte("\n"))
	}
	maps.DeleteFunc(b.site, func(name string, _ []byte) bool { return strings.HasPrefix(name, partsFolder) })
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
