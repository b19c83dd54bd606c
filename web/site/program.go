package site

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"larder/web/slim"
)

// program is one WebAssembly binary of the site.
type program struct {
	asset string // its name among the assets
	pkg   string // the package it is built from, relative to the module
	flags []string
	// stays says which functions a visit needs; the rest goes into a second module,
	// NAME-more.wasm. Without it nothing is taken apart.
	stays func(function string) bool
	// never says which functions never run.
	never func(function string) bool
}

// programs are the binaries of the site: the page and the worker.
var programs = []program{
	{"app.wasm", "./wasm/app", smallCode, nil, nil},
	{"worker.wasm", "./wasm/worker", smallCode, staysInWorker, neverInWorker},
}

// edgePrograms are those of the edge worker.
var edgePrograms = []program{
	{"edge.wasm", "./wasm/edge", nil, nil, nil},
	{"control.wasm", "./wasm/edge/control", nil, nil, nil},
}

// smallCode has the compiler inline calls only where loops run long: in the runtime,
// in tensors and in what prepares pictures. Elsewhere it saves a call of
// nanoseconds and costs a download: 8 % of the worker.
var smallCode = []string{
	"-gcflags=all=-l", "-gcflags=runtime=", "-gcflags=runtime/...=", "-gcflags=internal/...=", "-gcflags=math/...=",
	"-gcflags=larder/model/tensor=", "-gcflags=larder/model/pre=",
}

// compile builds the programs for the browser.
func (b *builder) compile(ctx context.Context) error {
	for _, p := range b.programs {
		file := filepath.Join(b.Work, "wasm", p.asset)
		if err := compileProgram(ctx, b.Root, p, file); err != nil {
			return err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if content, err = slim.Module(content); err != nil {
			return fmt.Errorf("%s: %w", p.asset, err)
		}
		if err := b.addProgram(p, content); err != nil {
			return fmt.Errorf("%s: %w", p.asset, err)
		}
	}
	return nil
}

// addProgram adds a program's module, or the two that it is cut into. At the edge,
// where the module is no download, it stays as it is.
func (b *builder) addProgram(p program, content []byte) error {
	if p.stays != nil {
		used, err := slim.Trap(content, p.never)
		if err != nil {
			return err
		}
		parts, err := slim.Cut(used, func(function string) bool { return !p.stays(function) && !p.never(function) })
		if err == nil && !b.measure {
			parts, err = parts.Fold()
		}
		b.site[b.folder+strings.TrimSuffix(p.asset, ".wasm")+"-more.wasm"] = parts.More
		b.site[b.folder+p.asset] = parts.Main
		return err
	}
	var err error
	if !b.measure {
		content, err = slim.Fold(content)
	}
	b.site[b.folder+p.asset] = content
	return err
}

// compileProgram compiles one package of the module in root for js/wasm, small and
// reproducible: no symbol table, no paths of this machine, no state of the
// checkout.
func compileProgram(ctx context.Context, root string, p program, file string) error {
	out, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	args := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"}, p.flags...)
	_, err = runGo(ctx, root, []string{"GOOS=js", "GOARCH=wasm"}, append(args, "-o", out, p.pkg)...)
	return err
}

// goRoot returns the root of the Go toolchain that builds the module.
func goRoot(ctx context.Context, root string) (string, error) {
	out, err := runGo(ctx, root, nil, "env", "GOROOT")
	return strings.TrimSpace(out), err
}

// runGo runs the go command in dir and returns what it printed.
func runGo(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return stdout.String(), nil
}
