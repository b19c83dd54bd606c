package site

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Options says what is built from what.
type Options struct {
	Root   string // the module's folder
	Out    string // output folder, replaced as a whole; default Root/dist, or Root/dist-edge
	Static string // static sources; default Root/web/static
	Models string // model registry; default Static/models
	Work   string // intermediate files and the compression cache; default Root/.build
	// Pages are the pages that the app shows. index.html is the frame of all of them.
	Pages []Page
	// Assets are assets that are made and not kept in Static: functions by name, such
	// as "vugu-dom.js". Of the edge worker they are modules.
	Assets map[string]func(context.Context) ([]byte, error)
	// Log receives a line per step.
	Log io.Writer
}

// Page is one of the pages that the app shows: a file of its own, so that its address
// works everywhere and its markup is there before the app arrives.
type Page struct {
	File        string // in the site
	Title       string // replaces the frame's title
	Description string // replaces the frame's description
	// Shell writes the markup that stands in the page before the app arrives, for the
	// registry that the site is built with. It replaces the marker in the frame.
	Shell func(w io.Writer, models fs.FS) error
}

// tree is a site in memory: content by slash-separated path.
type tree map[string][]byte

// builder is one run of Build or BuildEdge.
type builder struct {
	Options
	programs []program
	folder   string // where compiled programs go in the tree: "assets/" or ""
	measure  bool   // compress only to learn the size after gzip
	site     tree
	names    map[string]string // hashed path by source path: assets/app.wasm → assets/app.1a2b3c4d.wasm
}

// step is one entry of a builder's list.
type step struct {
	name string
	run  func(context.Context) error
}

// Build builds the site and returns its sizes, which the caller holds against the
// budgets. The output folder is only touched once every step has succeeded.
func Build(ctx context.Context, opt Options) (*Report, error) {
	b := &builder{Options: opt.withDefaults("dist"), programs: programs, folder: "assets/", site: tree{}, names: map[string]string{}}
	return b.build(ctx, []step{
		{"compile", b.compile},
		{"collect", b.collect},
		{"registry", b.addRegistry},
		{"notices", b.addNotices},
		{"assets", b.hashAssets},
		{"precache", b.addPrecache},
		{"relative URLs", b.checkRelative},
	})
}

// build runs the steps, then writes and measures what they made.
func (b *builder) build(ctx context.Context, steps []step) (*Report, error) {
	for _, step := range steps {
		fmt.Fprintf(b.Log, "site: %s\n", step.name)
		if err := step.run(ctx); err != nil {
			return nil, fmt.Errorf("site: %s: %w", step.name, err)
		}
	}
	fmt.Fprintf(b.Log, "site: compress\n")
	compressed, err := b.compress(ctx)
	if err != nil {
		return nil, fmt.Errorf("site: compress: %w", err)
	}
	report := b.report(compressed)
	if err := b.write(compressed, report); err != nil {
		return nil, fmt.Errorf("site: write: %w", err)
	}
	return report, nil
}

// withDefaults fills in what was left empty. out is the output folder's name.
func (o Options) withDefaults(out string) Options {
	setDefault(&o.Root, ".")
	setDefault(&o.Out, filepath.Join(o.Root, out))
	setDefault(&o.Static, filepath.Join(o.Root, "web", "static"))
	setDefault(&o.Models, filepath.Join(o.Static, "models"))
	setDefault(&o.Work, filepath.Join(o.Root, ".build"))
	if o.Log == nil {
		o.Log = io.Discard
	}
	return o
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// readTree reads every file below dir. skip names folders and files, relative to
// dir, that are left out; so are hidden ones.
func readTree(dir string, skip ...string) (tree, error) {
	out := tree{}
	left := map[string]bool{}
	for _, s := range skip {
		left[s] = true
	}
	err := filepath.WalkDir(dir, func(file string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if name != "." && (left[name] || d.Name()[0] == '.') {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		content, err := os.ReadFile(file)
		out[name] = content
		return err
	})
	return out, err
}
