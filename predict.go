package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"larder/model"
	"larder/model/pack"
	"larder/model/pre/imagefile"
)

// maxPicture is the longest picture file that is read, in bytes.
const maxPicture = 256 << 20

// predictFlags are the flags of `larder predict`.
type predictFlags struct {
	registry, version string
	asJSON, logits    bool
	npy               string
}

const predictAbout = `predict MODEL FILE… [flags]

Says what pictures show: the classes with their probabilities, or plainly that
the model does not know. FILE is a JPEG, PNG, GIF or WebP picture; - is the
standard input. The exit status is 1 if a picture could not be used.`

// runPredict is `larder predict`.
func runPredict(ctx context.Context, std stdio, args []string) error {
	var f predictFlags
	fs := flag.NewFlagSet("predict", flag.ContinueOnError)
	fs.StringVar(&f.registry, "registry", defaultRegistry, "folder or URL of the model registry")
	fs.StringVar(&f.version, "version", "latest", "version, range (^2, ~2.1) or alias")
	fs.BoolVar(&f.asJSON, "json", false, "print one JSON object a line and picture")
	fs.BoolVar(&f.logits, "logits", false, "print the model's raw scores too")
	fs.StringVar(&f.npy, "input-npy", "", "write the prepared tensor to this file, in NumPy's format")
	rest, err := arguments(fs, std, predictAbout, args)
	switch {
	case err != nil:
		return err
	case len(rest) == 0:
		return usageError{"MODEL is missing"}
	case len(rest) == 1:
		return usageError{"FILE is missing"}
	case f.npy != "" && len(rest) > 2:
		return usageError{"--input-npy takes one picture at a time"}
	}
	p, err := f.open(ctx, rest[0])
	if err != nil {
		return err
	}
	defer p.session.Close()
	return p.files(ctx, std, rest[1:])
}

// predictor is a loaded model and where its answers go.
type predictor struct {
	predictFlags
	session    *model.Session
	classifier *model.Classifier
	manifest   *pack.Manifest
}

// open loads the model.
func (f predictFlags) open(ctx context.Context, name string) (*predictor, error) {
	src, err := openSource(f.registry)
	if err != nil {
		return nil, err
	}
	version, err := choose(ctx, src, name, f.version)
	if err != nil {
		return nil, err
	}
	m, err := src.manifest(ctx, name, version)
	if err != nil {
		return nil, err
	}
	if m.Inputs[0].Image == nil {
		return nil, fmt.Errorf("%s %s does not take pictures; its task is %s", m.Name, m.Version, m.Task)
	}
	data, err := src.file(ctx, m, m.Model.File)
	if err != nil {
		return nil, err
	}
	s, err := model.Load(data, model.Options{})
	if err != nil {
		return nil, err
	}
	c, err := model.NewClassifier(s, m)
	if err != nil {
		s.Close()
		return nil, err
	}
	return &predictor{f, s, c, m}, nil
}

// prediction is the answer for one picture.
type prediction struct {
	model.Answer
	file   string
	decode time.Duration
}

// files answers for every picture. One that cannot be used does not stop the
// others; how many there were is the error.
func (p *predictor) files(ctx context.Context, std stdio, names []string) error {
	failed := 0
	var last error
	for i, name := range names {
		if i > 0 && !p.asJSON {
			fmt.Fprintln(std.out)
		}
		a, err := p.one(ctx, std, name)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			failed++
			last = fmt.Errorf("%s: %w", name, err)
			if p.asJSON {
				p.printErrorJSON(std.out, name, err)
			} else if len(names) > 1 {
				fmt.Fprintf(std.err, "larder predict: %v\n", last)
			}
		case p.asJSON:
			p.printJSON(std.out, a)
		default:
			p.printText(std.out, a)
		}
	}
	if failed > 0 && len(names) > 1 {
		return fmt.Errorf("%d of %d pictures could not be used", failed, len(names))
	}
	return last
}

// one answers for one picture.
func (p *predictor) one(ctx context.Context, std stdio, name string) (prediction, error) {
	b, err := readPicture(std, name)
	if err != nil {
		return prediction{}, err
	}
	start := time.Now()
	img, err := imagefile.Decode(b)
	if err != nil {
		return prediction{}, err
	}
	took := time.Since(start)
	a, err := p.classifier.Classify(ctx, img)
	if err == nil && p.npy != "" {
		err = writeNPY(p.npy, a.Input)
	}
	return prediction{a, name, took}, err
}

// readPicture reads a file, or the standard input for "-".
func readPicture(std stdio, name string) ([]byte, error) {
	if name == "-" {
		b, err := io.ReadAll(io.LimitReader(std.in, maxPicture+1))
		if len(b) > maxPicture {
			return nil, fmt.Errorf("has more than %s", byteCount(maxPicture))
		}
		return b, err
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, errors.New("there is no such file")
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("is a folder, not a picture")
	case info.Size() > maxPicture:
		return nil, fmt.Errorf("has %s; the limit is %s", byteCount(info.Size()), byteCount(maxPicture))
	}
	return os.ReadFile(name)
}
