package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"larder/model"
	"larder/model/engine"
	"larder/model/engine/native"
	"larder/model/pre/imagefile"
)

const evaluateAbout = `evaluate MODEL --data DIR [flags]

Says how many pictures of a folder a model of the registry gets right. Every
folder in DIR is named after a class and holds pictures of it. With --onnx
another ONNX file takes the model's place, such as one that larder quantize has
made: it must have the same inputs and outputs.`

// runEvaluate is `larder evaluate`.
func runEvaluate(ctx context.Context, std stdio, args []string) error {
	var f predictFlags
	var data, file string
	flags := flag.NewFlagSet("evaluate", flag.ContinueOnError)
	flags.StringVar(&f.registry, "registry", defaultRegistry, "folder or URL of the model registry")
	flags.StringVar(&f.version, "version", "latest", "version, range (^2, ~2.1) or alias")
	flags.StringVar(&data, "data", "", "folder of folders of pictures")
	flags.StringVar(&file, "onnx", "", "ONNX file to take instead of the model's own")
	name, err := oneArgument(flags, std, evaluateAbout, "MODEL", args)
	if err != nil {
		return err
	}
	if data == "" {
		return usageError{"--data is missing"}
	}
	host := native.New()
	defer host.Close()
	p, own, err := f.packageOf(ctx, name)
	if err != nil {
		return err
	}
	if file != "" {
		if own, err = readFile(file, maxModel); err != nil {
			return err
		}
	}
	files, err := picturesIn(data)
	if err != nil {
		return err
	}
	right, err := p.accuracy(ctx, own, files, engine.Planned{Host: host})
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%d of %d right: %s\n", right, len(files), percent(float64(right)/float64(len(files))))
	return nil
}

// accuracy counts the pictures in folders named after classes that a model, with
// the preparation and the labels of p's, gets right.
func (p *preparation) accuracy(ctx context.Context, onnx []byte, files []string, e engine.Engine) (right int, err error) {
	c, err := p.classifier(onnx, e)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	for _, file := range files {
		in, err := readPicture(file)
		if err != nil {
			return 0, err
		}
		answer, err := c.Classify(ctx, in)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		if answer.Classes[0].Label == filepath.Base(filepath.Dir(file)) {
			right++
		}
	}
	return right, nil
}

// picturesIn lists the pictures of a folder and of those in it, in order.
func picturesIn(folder string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains([]string{".jpg", ".jpeg", ".png", ".gif", ".webp", ".npy"}, strings.ToLower(filepath.Ext(name))) {
			files = append(files, name)
		}
		return err
	})
	switch {
	case os.IsNotExist(err):
		return nil, fmt.Errorf("%s: there is no such folder", folder)
	case err != nil:
		return nil, err
	case len(files) == 0:
		return nil, fmt.Errorf("%s: has no pictures", folder)
	}
	return files, nil
}

func readPicture(name string) (model.Picture, error) {
	b, err := readFile(name, maxPicture)
	if err != nil {
		return model.Picture{}, err
	}
	img, err := imagefile.Decode(b)
	if err != nil {
		return model.Picture{}, fmt.Errorf("%s: %w", name, err)
	}
	return model.Picture{Image: img}, nil
}
