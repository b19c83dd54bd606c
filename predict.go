package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"larder/model"
	"larder/model/onnx"
	"larder/model/pack"
	"larder/model/pre/imagefile"
	"larder/model/pre/token/form"
)

// maxPicture is the longest picture file that is read, in bytes.
const maxPicture = 256 << 20

// maxTextFile is the longest text file that is read, in bytes; the tokenizer has a
// limit of its own, with an error that says it.
const maxTextFile = 1 << 20

// predictFlags are the flags of `larder predict`.
type predictFlags struct {
	registry, version string
	texts, fields     stringList
	asJSON, logits    bool
	npy               string
}

const predictAbout = `predict MODEL [FILE…] [flags]

Says what pictures, texts or rows of a table are: the classes with their
probabilities, or plainly that the model does not know. FILE is a JPEG, PNG, GIF
or WebP picture, or a text, as the model takes it; - is the standard input. A
text may be given by --text instead, a row by one --field NAME=NUMBER for each
column. The exit status is 1 if an input could not be used.`

// runPredict is `larder predict`.
func runPredict(ctx context.Context, std stdio, args []string) error {
	var f predictFlags
	fs := flag.NewFlagSet("predict", flag.ContinueOnError)
	fs.StringVar(&f.registry, "registry", defaultRegistry, "folder or URL of the model registry")
	fs.StringVar(&f.version, "version", "latest", "version, range (^2, ~2.1) or alias")
	fs.BoolVar(&f.asJSON, "json", false, "print one JSON object a line and input")
	fs.BoolVar(&f.logits, "logits", false, "print the model's raw scores too")
	fs.Var(&f.texts, "text", "text to classify; repeat for more")
	fs.Var(&f.fields, "field", "value of a column, as NAME=NUMBER; repeat for each")
	fs.StringVar(&f.npy, "input-npy", "", "write the prepared tensor to this file, in NumPy's format")
	rest, err := arguments(fs, std, predictAbout, args)
	switch {
	case err != nil:
		return err
	case len(rest) == 0:
		return usageError{"MODEL is missing"}
	case len(rest) == 1 && len(f.texts) == 0 && len(f.fields) == 0:
		return usageError{"FILE is missing"}
	case f.npy != "" && len(rest)+len(f.texts) > 2:
		return usageError{"--input-npy takes one picture at a time"}
	}
	p, err := f.open(ctx, rest[0])
	if err != nil {
		return err
	}
	defer p.session.Close()
	if f.npy != "" && p.manifest.Inputs[0].Image == nil {
		return usageError{"--input-npy is for models that take pictures"}
	}
	items, err := p.items(std, rest[1:])
	if err != nil {
		return err
	}
	return p.all(ctx, std, items)
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
	data, err := src.file(ctx, m, m.Model.File)
	if err != nil {
		return nil, err
	}
	s, err := model.Load(data, model.Options{External: func(location string) (onnx.Source, error) {
		b, err := src.file(ctx, m, path.Join(path.Dir(m.Model.File), location))
		return bytes.NewReader(b), err
	}})
	if err != nil {
		return nil, err
	}
	c, err := model.NewClassifier(s, m, model.ClassifierOptions{
		File: func(path string) ([]byte, error) { return src.file(ctx, m, path) },
		Form: form.Normalize,
	})
	if err != nil {
		s.Close()
		return nil, err
	}
	return &predictor{f, s, c, m}, nil
}

// prediction is the answer for one item.
type prediction struct {
	model.Answer
	file   string
	decode time.Duration
}

// item is one input: its name, and how it is read.
type item struct {
	name string
	read func() (model.Input, error)
}

// items lists the inputs of the command line.
func (p *predictor) items(std stdio, names []string) ([]item, error) {
	var list []item
	for _, text := range p.texts {
		list = append(list, item{text, func() (model.Input, error) { return model.Text{text}, nil }})
	}
	if len(p.fields) > 0 {
		row := model.Fields{}
		for _, f := range p.fields {
			name, value, _ := strings.Cut(f, "=")
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return nil, usageError{fmt.Sprintf("--field wants NAME=NUMBER, got %q", f)}
			}
			row[name] = v
		}
		list = append(list, item{p.fields.String(), func() (model.Input, error) { return row, nil }})
	}
	takesText := p.manifest.Inputs[0].Text != nil
	for _, name := range names {
		list = append(list, item{name, func() (model.Input, error) {
			if takesText {
				b, err := readInput(std, name, maxTextFile)
				return model.Text{string(b)}, err
			}
			b, err := readInput(std, name, maxPicture)
			if err != nil {
				return nil, err
			}
			img, err := imagefile.Decode(b)
			return model.Picture{Image: img}, err
		}})
	}
	return list, nil
}

// all answers for every input. One that cannot be used does not stop the others;
// how many there were is the error.
func (p *predictor) all(ctx context.Context, std stdio, items []item) error {
	failed := 0
	var last error
	for i, it := range items {
		if i > 0 && !p.asJSON {
			fmt.Fprintln(std.out)
		}
		a, err := p.one(ctx, it)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			failed++
			last = fmt.Errorf("%s: %w", it.name, err)
			if p.asJSON {
				p.printErrorJSON(std.out, it.name, err)
			} else if len(items) > 1 {
				fmt.Fprintf(std.err, "larder predict: %v\n", last)
			}
		case p.asJSON:
			p.printJSON(std.out, a)
		default:
			p.printText(std.out, a)
		}
	}
	if failed > 0 && len(items) > 1 {
		return fmt.Errorf("%d of %d inputs could not be used", failed, len(items))
	}
	return last
}

// one answers for one input.
func (p *predictor) one(ctx context.Context, it item) (prediction, error) {
	start := time.Now()
	in, err := it.read()
	if err != nil {
		return prediction{}, err
	}
	took := time.Since(start)
	a, err := p.classifier.Classify(ctx, in)
	if err == nil && p.npy != "" {
		err = writeNPY(p.npy, a.Inputs[p.manifest.Inputs[0].Name])
	}
	return prediction{a, it.name, took}, err
}

// readInput reads a file of at most so many bytes, or the standard input for "-".
func readInput(std stdio, name string, most int64) ([]byte, error) {
	if name == "-" {
		b, err := io.ReadAll(io.LimitReader(std.in, most+1))
		if int64(len(b)) > most {
			return nil, fmt.Errorf("has more than %s", byteCount(most))
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
		return nil, errors.New("is a folder, not a file")
	case info.Size() > most:
		return nil, fmt.Errorf("has %s; the limit is %s", byteCount(info.Size()), byteCount(most))
	}
	return os.ReadFile(name)
}
