package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"

	"larder/model/kernel/zkernels"
	"larder/web"
	"larder/web/site"
	"larder/web/state"
	"larder/web/vugudom"
)

// runBuild is `larder build`, which ./build.sh build calls.
func runBuild(ctx context.Context, std stdio, args []string) error {
	opt := site.Options{
		Log: std.err,
		Assets: map[string]func(context.Context) ([]byte, error){
			"vugu-dom.js":                 func(ctx context.Context) ([]byte, error) { return vugudom.Extract(ctx, ".") },
			"kernels-simd.wasm":           given(zkernels.SIMD),
			"kernels-relaxed.wasm":        given(zkernels.Relaxed),
			"kernels-simd-shared.wasm":    given(zkernels.SIMDShared),
			"kernels-relaxed-shared.wasm": given(zkernels.RelaxedShared),
		},
	}
	for _, p := range state.Pages {
		opt.Pages = append(opt.Pages, site.Page{File: p.File, Title: p.Title, Description: p.Description,
			Shell: func(w io.Writer, models fs.FS) error { return web.RenderShell(w, p.Page, models) }})
	}
	flags := flag.NewFlagSet("build", flag.ContinueOnError)
	flags.StringVar(&opt.Out, "out", "dist", "folder to write the site to; it is replaced")
	flags.StringVar(&opt.Models, "models", "", "folder of the model registry (default web/static/models)")
	budgets := flags.Bool("budgets", true, "fail when an artefact is over its size budget")
	if err := parse(flags, std, "build [flags]", args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return usageError{fmt.Sprintf("unexpected argument %q", flags.Arg(0))}
	}
	report, err := site.Build(ctx, opt)
	if err != nil {
		return err
	}
	report.Print(std.out)
	if err := report.CheckBudgets(); err != nil && *budgets {
		return err
	}
	return nil
}

// given makes an asset of bytes.
func given(content []byte) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return content, nil }
}

// runEdge is `larder edge`, which ./build.sh edge calls: it builds the edge worker.
func runEdge(ctx context.Context, std stdio, args []string) error {
	opt := site.Options{
		Log: std.err,
		Assets: map[string]func(context.Context) ([]byte, error){
			"kernels-simd.wasm":    given(zkernels.SIMD),
			"kernels-relaxed.wasm": given(zkernels.Relaxed),
		},
	}
	fs := flag.NewFlagSet("edge", flag.ContinueOnError)
	fs.StringVar(&opt.Out, "out", "dist-edge", "folder to write the worker to; it is replaced")
	if err := parse(fs, std, "edge [flags]", args); err != nil {
		return err
	}
	report, err := site.BuildEdge(ctx, opt)
	if err != nil {
		return err
	}
	report.Print(std.out)
	return report.CheckBudgets()
}

// runSize is `larder size`: the sizes of the site that was built last, against
// their budgets.
func runSize(_ context.Context, std stdio, args []string) error {
	fs := flag.NewFlagSet("size", flag.ContinueOnError)
	dir := fs.String("dir", "dist", "folder of the built site")
	if err := parse(fs, std, "size [flags]", args); err != nil {
		return err
	}
	report, err := site.ReadReport(*dir)
	if err != nil {
		return err
	}
	report.Print(std.out)
	return report.CheckBudgets()
}
