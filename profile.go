package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"larder/web/profile"
)

// profileFlags are the flags of `larder profile`.
type profileFlags struct {
	registry, version string
	host, dir         string
	threads, runs     int
	shapes            shapeList
	asJSON            bool
}

const profileAbout = `profile MODEL [FILE] [flags]

Says where the time of a run goes: milliseconds, GFLOP/s and share of each step.
MODEL is a model of the registry, or an ONNX file. FILE is a picture for a model
that takes one, or a float32 tensor in NumPy's format (.npy) for the only input;
without FILE the inputs are random.

--host chromium, the default, times the engine of the built site (--dir) in
headless Chromium: the figures that visitors get. --host native times the same
plan on this machine by wazero, in one thread and without fused multiply-add:
that needs neither a browser nor a site, but only shares mean something there.

Steps of "plain Go" have no kernel. GFLOP/s count the direct algorithm, so that
a convolution by Winograd's method may seem faster than the processor. Measured
step by step a run takes longer than at once; both are printed.`

const (
	hostChromium = "chromium"
	hostNative   = "native"
)

// runProfile is `larder profile`.
func runProfile(ctx context.Context, std stdio, args []string) error {
	f := profileFlags{shapes: shapeList{}}
	fs := flag.NewFlagSet("profile", flag.ContinueOnError)
	fs.StringVar(&f.registry, "registry", defaultRegistry, "folder or URL of the model registry")
	fs.StringVar(&f.version, "version", "latest", "version, range (^2, ~2.1) or alias")
	fs.StringVar(&f.host, "host", hostChromium, "where to run: chromium or native")
	fs.StringVar(&f.dir, "dir", "dist", "folder of the built site, for --host chromium")
	fs.IntVar(&f.threads, "threads", 1, "threads, for --host chromium")
	fs.IntVar(&f.runs, "runs", 5, "runs to measure; the shortest is shown")
	fs.Var(f.shapes, "shape", "sizes of an input that vary, such as image=1x3x224x224; may be given for each input")
	fs.BoolVar(&f.asJSON, "json", false, "print a JSON object instead of the table")
	rest, err := arguments(fs, std, profileAbout, args)
	if err != nil {
		return err
	}
	if err := f.check(rest); err != nil {
		return err
	}
	t, err := f.target(ctx, rest)
	if err != nil {
		return err
	}
	var r *profile.Result
	if f.host == hostNative {
		r, err = f.native(ctx, t)
	} else {
		r, err = f.chromium(ctx, t)
	}
	if err != nil {
		return err
	}
	return f.print(std, rest[0], r)
}

func (f *profileFlags) check(rest []string) error {
	switch {
	case len(rest) == 0:
		return usageError{"MODEL is missing"}
	case len(rest) > 2:
		return usageError{fmt.Sprintf("unexpected argument %q", rest[2])}
	case f.host != hostChromium && f.host != hostNative:
		return usageError{fmt.Sprintf("--host %q: want %s or %s", f.host, hostChromium, hostNative)}
	case f.threads < 1 || f.threads > 8:
		return usageError{fmt.Sprintf("--threads %d: want 1 to 8", f.threads)}
	case f.runs < 1 || f.runs > 1000:
		return usageError{fmt.Sprintf("--runs %d: want 1 to 1000", f.runs)}
	}
	return nil
}

// target is a model and the input for it.
type target struct {
	onnx          []byte // of a file; nil for a model of the registry
	source        modelSource
	name, version string
	picture       []byte
	tensor        *profile.Tensor
}

// target finds the model and reads the input.
func (f *profileFlags) target(ctx context.Context, rest []string) (target, error) {
	var t target
	var err error
	if _, e := os.Stat(rest[0]); e == nil || strings.HasSuffix(rest[0], ".onnx") {
		t.onnx, err = readFile(rest[0], maxModel)
	} else if t.source, err = openSource(f.registry); err == nil {
		t.name = rest[0]
		t.version, err = choose(ctx, t.source, t.name, f.version)
	}
	if err != nil || len(rest) == 1 {
		return t, err
	}
	file, err := readFile(rest[1], maxPicture)
	switch {
	case err != nil:
		return t, err
	case strings.HasSuffix(rest[1], ".npy"):
		if t.tensor, err = readNPY(file); err != nil {
			return t, fmt.Errorf("%s: %w", rest[1], err)
		}
	case t.onnx != nil:
		return t, usageError{"a picture needs a model of a registry, which says how to prepare it; give an ONNX file a tensor (.npy)"}
	default:
		t.picture = file
	}
	return t, nil
}

// maxModel is the longest ONNX file that is read, in bytes.
const maxModel = 1 << 30

// chromium measures in the browser.
func (f *profileFlags) chromium(ctx context.Context, t target) (*profile.Result, error) {
	program, err := profile.FindChromium()
	if err != nil {
		return nil, err
	}
	registry, err := registryHandler(f.registry)
	if err != nil {
		return nil, err
	}
	return profile.Run(ctx, profile.Options{Site: f.dir, Registry: registry, Name: t.name, Version: t.version, ONNX: t.onnx,
		Picture: t.picture, Tensor: t.tensor, Shapes: f.shapes, Threads: f.threads, Runs: f.runs, Chromium: program})
}

// registryHandler serves a registry, a folder or what lies behind a URL.
func registryHandler(where string) (http.Handler, error) {
	if !strings.HasPrefix(where, "http://") && !strings.HasPrefix(where, "https://") {
		return http.FileServer(http.Dir(where)), nil
	}
	u, err := url.Parse(where)
	if err != nil {
		return nil, err
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }}, nil
}

// print prints what was found out.
func (f *profileFlags) print(std stdio, name string, r *profile.Result) error {
	if f.asJSON {
		writeLine(std.out, r)
		return nil
	}
	var p struct {
		Total float64 `json:"total"`
	}
	if err := json.Unmarshal(r.Profile, &p); err != nil {
		return fmt.Errorf("the profile cannot be read: %w", err)
	}
	threads := "1 thread"
	if r.Threads > 1 {
		threads = fmt.Sprintf("%d threads", r.Threads)
	} else if r.ThreadsReason != nil && f.threads > 1 {
		threads += " (" + *r.ThreadsReason + ")"
	}
	fmt.Fprintf(std.out, "%s by %s, engine %s, %s: %.2f ms a run, the first one %.2f ms; step by step %.2f ms\n\n%s",
		filepath.Base(name), f.host, r.Engine, threads, r.Run, r.First, p.Total, r.Table)
	return nil
}

// shapeList is the flag --shape.
type shapeList map[string][]int

// String returns the shapes for the help text.
func (l shapeList) String() string { return "" }

// Set adds a shape.
func (l shapeList) Set(s string) error {
	name, sizes, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return errors.New("want NAME=1x3x224x224")
	}
	dims := []int{}
	for _, d := range strings.Split(sizes, "x") {
		n, err := strconv.Atoi(d)
		if err != nil || n < 0 || n > 1<<31-1 {
			return fmt.Errorf("%q is not a size", d)
		}
		dims = append(dims, n)
	}
	l[name] = dims
	return nil
}

// sinceMillis is the time since start in milliseconds.
func sinceMillis(start time.Time) float64 { return inMillis(time.Since(start)) }
