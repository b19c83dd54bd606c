package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// rebuilder builds the site again when a source is newer than the last build. The
// build runs as a program of its own (`go run . build`), because the sources that
// changed may be those of the builder itself.
type rebuilder struct {
	generate func(ctx context.Context) error // brings generated sources up to date
	newest   func() (time.Time, error)       // newest modification among the sources
	build    func(ctx context.Context) error // builds the site
	ctx      context.Context                 // ends with the server, not with a request

	mu     sync.Mutex
	done   bool      // a build has been tried
	source time.Time // newest source of the last build
	err    error     // its result
}

// newRebuilder returns a rebuilder for the module in the working folder.
func newRebuilder(ctx context.Context, std stdio, dir, models string) *rebuilder {
	return &rebuilder{
		ctx:      ctx,
		generate: func(ctx context.Context) error { return generateStale(ctx, std.err) },
		newest:   func() (time.Time, error) { return newestSource(os.DirFS(".")) },
		build: func(ctx context.Context) error {
			args := []string{"run", ".", "build", "--out", dir}
			if models != "" {
				args = append(args, "--models", models)
			}
			return runGo(ctx, std.err, args...)
		},
	}
}

// ensure returns when the site is as new as its sources. Requests that come while
// a build runs wait for it and share its result; a failed build is tried again
// only after a source has changed.
func (b *rebuilder) ensure(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.generate(b.ctx); err != nil {
		return err
	}
	newest, err := b.newest()
	if err != nil {
		return fmt.Errorf("look for changed sources: %w", err)
	}
	if b.done && newest.Equal(b.source) {
		return b.err
	}
	b.err = b.build(b.ctx)
	b.done, b.source = true, newest
	return b.err
}

// newestSource returns the newest modification time of all that a build reads:
// Go and Vugu sources, the module's files and everything below web/static.
func newestSource(tree fs.FS) (time.Time, error) {
	var newest time.Time
	err := fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != "." && skipFolder(d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !isSource(path) {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.ModTime().After(newest) {
			newest = info.ModTime()
		}
		return nil
	})
	return newest, err
}

// skipFolder reports folders that hold no sources of the site.
func skipFolder(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "dist") || name == "node_modules" || name == "testdata"
}

// isSource reports whether a build reads the file.
func isSource(path string) bool {
	switch {
	case strings.HasPrefix(path, "web/static/"):
		return true
	case strings.HasSuffix(path, "_test.go"):
		return false
	}
	switch filepath.Ext(path) {
	case ".go", ".vugu", ".mod", ".sum":
		return true
	}
	return false
}

// generateStale runs `go generate` for the components when a template is newer
// than the code that was generated from it.
func generateStale(ctx context.Context, log io.Writer) error {
	templates, err := filepath.Glob("web/*.vugu")
	if err != nil {
		return err
	}
	for _, template := range templates {
		source, err := os.Stat(template)
		if err != nil {
			return err
		}
		generated, err := os.Stat(strings.TrimSuffix(template, ".vugu") + "_gen.go")
		if err != nil || generated.ModTime().Before(source.ModTime()) {
			return runGo(ctx, log, "generate", "./web/...")
		}
	}
	return nil
}

// runGo runs the go command; its output goes to log, and into the error.
func runGo(ctx context.Context, log io.Writer, args ...string) error {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Stdout = io.MultiWriter(log, &output)
	cmd.Stderr = cmd.Stdout
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, output.Bytes())
	}
	return nil
}
