package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// rebuilder builds the site again when its sources differ from those of the last
// build. The build runs as a program of its own, because the sources that changed
// may be those of the builder itself.
type rebuilder struct {
	ctx      context.Context                 // ends with the server, not with a request
	generate func(ctx context.Context) error // brings generated sources up to date
	state    func() (string, error)          // fingerprint of the sources
	build    func(ctx context.Context) error // builds the site

	mu   sync.Mutex
	last string // fingerprint of the sources of the last build; "" before the first
	err  error  // result of the last build
}

// newRebuilder returns a rebuilder for the module in the working folder.
func newRebuilder(ctx context.Context, std stdio, dir, models string) *rebuilder {
	return &rebuilder{
		ctx:      ctx,
		generate: func(ctx context.Context) error { return generateStale(ctx, std.err) },
		state:    func() (string, error) { return sourceState(os.DirFS(".")) },
		build: func(ctx context.Context) error {
			program := filepath.Join(".build", "larder-build")
			if err := run(ctx, std.err, "go", "build", "-o", program, "."); err != nil {
				return err
			}
			// A site over its size budget is no reason not to look at it.
			return run(ctx, std.err, program, "build", "--budgets=false", "--out", dir, "--models", models)
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
	state, err := b.state()
	if err != nil {
		return fmt.Errorf("look for changed sources: %w", err)
	}
	if state != b.last {
		b.err, b.last = b.build(b.ctx), state
	}
	return b.err
}

// sourceState returns a fingerprint of all that a build reads: the names, sizes
// and times of Go and Vugu sources, the module's files and everything below
// web/static. A file that went away changes it too.
func sourceState(tree fs.FS) (string, error) {
	sum := sha256.New()
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
		fmt.Fprintf(sum, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
		return nil
	})
	return hex.EncodeToString(sum.Sum(nil)), err
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
			return run(ctx, log, "go", "generate", "./web/...")
		}
	}
	return nil
}

// run runs a program; its output goes to log, and into the error.
func run(ctx context.Context, log io.Writer, name string, args ...string) error {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout = io.MultiWriter(log, &output)
	cmd.Stderr = cmd.Stdout
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, output.Bytes())
	}
	return nil
}
