package site

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"maps"
	"os"
	"path/filepath"
	"slices"
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
	{"assets/worker.js", []string{"more.js", "slots.js", "collect.js", "kernels.js", "team.js", "repeats.js"}},
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

// addShell makes the pages: the frame, index.html, with title, description and static
// shell of each.
func (b *builder) addShell() error {
	frame, ok := b.site["index.html"]
	if !ok {
		return fmt.Errorf("%s has no index.html", b.Static)
	}
	for _, p := range b.Pages {
		var shell bytes.Buffer
		if err := p.Shell(&shell, os.DirFS(b.Models)); err != nil {
			return err
		}
		page, err := fill(frame, []blank{
			{"<title>", "</title>", html.EscapeString(p.Title)},
			{`<meta name="description" content="`, `">`, html.EscapeString(p.Description)},
			{shellMarker, "", shell.String()},
		})
		if err != nil {
			return err
		}
		b.site[p.File] = page
	}
	return nil
}

// blank is a place in a page that is filled in.
type blank struct {
	from, to string // what stands around it; without to, from itself is replaced
	content  string
}

// fill fills in blanks, each of which the page must have once.
func fill(page []byte, blanks []blank) ([]byte, error) {
	for _, k := range blanks {
		if n := bytes.Count(page, []byte(k.from)); n != 1 {
			return nil, fmt.Errorf("index.html has %d times %s, want 1", n, k.from)
		}
		before, after, _ := bytes.Cut(page, []byte(k.from))
		if k.to != "" {
			_, rest, found := bytes.Cut(after, []byte(k.to))
			if !found {
				return nil, fmt.Errorf("index.html lacks %s after %s", k.to, k.from)
			}
			after = append([]byte(k.to), rest...)
			k.content = k.from + k.content
		}
		page = slices.Concat(before, []byte(k.content), after)
	}
	return page, nil
}
