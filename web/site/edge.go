package site

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// BuildEdge builds the edge worker: the folder that is deployed to, or run in,
// Cloudflare's runtime. It holds the Go programs, the loader of the Go runtime and
// the modules in wasm/edge. The platform compresses by itself; gzip's sizes are in the
// report because it limits them. Of the options it uses Root, Out, Work, Assets and Log.
func BuildEdge(ctx context.Context, opt Options) (*Report, error) {
	b := &builder{Options: opt.withDefaults("dist-edge"), programs: edgePrograms, measure: true, site: tree{}, names: map[string]string{}}
	return b.build(ctx, []step{
		{"compile", b.compile},
		{"collect", b.collectEdge},
		{"notices", b.addNotices},
	})
}

// collectEdge gathers the modules of the worker, its configuration and the loader.
func (b *builder) collectEdge(ctx context.Context) error {
	dir := filepath.Join(b.Root, "wasm", "edge")
	modules, err := filepath.Glob(filepath.Join(dir, "*.mjs"))
	if err != nil {
		return err
	}
	for _, file := range append(modules, filepath.Join(dir, "wrangler.toml")) {
		if isTest, _ := filepath.Match("*.test.mjs", filepath.Base(file)); isTest {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		b.site[filepath.Base(file)] = content
	}
	if _, ok := b.site["worker.mjs"]; !ok {
		return fmt.Errorf("%s has no worker.mjs", dir)
	}
	for name, produce := range b.Assets {
		if b.site[name], err = produce(ctx); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	b.site["wasm_exec.js"], err = readLoader(ctx, b.Root)
	return err
}
