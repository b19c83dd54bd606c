package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"larder/model/compile"
	"larder/model/onnx"
	"larder/model/pack"
)

const packAbout = `pack MODEL.onnx [flags]

Compiles a model: writes its graph after all rewrites (model.plan) and its weights
in the order in which kernels read them (weights.bin), so that who loads it neither
rewrites nor packs. "larder add --compile" makes a package of the two.`

// runPack is `larder pack`.
func runPack(_ context.Context, std stdio, args []string) error {
	fs := flag.NewFlagSet("pack", flag.ContinueOnError)
	half := fs.Bool("f16", false, "store weights as 16-bit floats, which are widened when they are loaded")
	out := fs.String("o", ".", "folder for the two files")
	file, err := oneArgument(fs, std, packAbout, "MODEL.onnx", args)
	if err != nil {
		return err
	}
	data, err := readFile(file, pack.MaxFile)
	if err != nil {
		return err
	}
	plan, weights, err := compileModel(file, data, *half)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return err
	}
	for name, b := range map[string][]byte{compile.PlanFile: plan, compile.WeightsFile: weights} {
		if err := os.WriteFile(filepath.Join(*out, name), b, 0o644); err != nil {
			return err
		}
	}
	fmt.Fprintf(std.out, "%s: %s of %s, %s of %s (the model: %s)\n", *out,
		byteCount(int64(len(plan))), compile.PlanFile, byteCount(int64(len(weights))), compile.WeightsFile, byteCount(int64(len(data))))
	return nil
}

// compileModel compiles the bytes of a file.
func compileModel(file string, data []byte, half bool) (plan, weights []byte, err error) {
	var w bytes.Buffer
	plan, err = compile.Compile(bytes.NewReader(data), &w, compile.Options{Half: half, External: beside(filepath.Dir(file))})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	return plan, w.Bytes(), nil
}

// beside opens weights in a folder, and nothing outside of it.
func beside(dir string) func(string) (onnx.Source, error) {
	return func(location string) (onnx.Source, error) {
		if !filepath.IsLocal(location) {
			return nil, fmt.Errorf("%q is not in the folder of the model", location)
		}
		b, err := readFile(filepath.Join(dir, location), pack.MaxFile)
		return bytes.NewReader(b), err
	}
}
