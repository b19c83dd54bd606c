package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"larder/model"
	"larder/model/engine"
	"larder/model/engine/native"
	"larder/model/pack"
	"larder/model/pre/token/form"
	"larder/model/quantize"
	"larder/model/tensor"
)

const quantizeAbout = `quantize MODEL --data DIR --out FILE [flags]

Makes an ONNX file of integers of a model: a quarter of the bytes, and less work
for each prediction. DIR holds samples of what the model will see, some dozens
at best: pictures for a model of the registry, which says how to prepare them,
or for an ONNX file tensors of its only input (.npy). Samples must not be those
that the model's accuracy is measured by; larder evaluate measures it.

With --dynamic, and without --data, only weights are quantised beforehand, and
activations in each run by what they are then: easier to have, and slower.`

// quantizeFlags are the flags of `larder quantize`.
type quantizeFlags struct {
	predictFlags
	data, out  string
	percentile float64
	samples    int
	dynamic    bool
}

// runQuantize is `larder quantize`.
func runQuantize(ctx context.Context, std stdio, args []string) error {
	var f quantizeFlags
	flags := flag.NewFlagSet("quantize", flag.ContinueOnError)
	flags.StringVar(&f.registry, "registry", defaultRegistry, "folder or URL of the model registry")
	flags.StringVar(&f.version, "version", "latest", "version, range (^2, ~2.1) or alias")
	flags.StringVar(&f.data, "data", "", "folder of samples")
	flags.StringVar(&f.out, "out", "", "file to write")
	flags.Float64Var(&f.percentile, "percentile", 100, "share of a value's elements that its range has to hold, in percent")
	flags.IntVar(&f.samples, "samples", 64, "most samples to use, taken evenly from the folder")
	flags.BoolVar(&f.dynamic, "dynamic", false, "find the ranges of activations in each run")
	name, err := oneArgument(flags, std, quantizeAbout, "MODEL", args)
	switch {
	case err != nil:
		return err
	case f.data == "" && !f.dynamic:
		return usageError{"--data is missing"}
	case f.data != "" && f.dynamic:
		return usageError{"--dynamic needs no --data"}
	case f.out == "":
		return usageError{"--out is missing"}
	case f.samples < 1:
		return usageError{fmt.Sprintf("--samples %d: want at least 1", f.samples)}
	}
	host := native.New()
	defer host.Close()
	return f.quantize(ctx, std, name, engine.Planned{Host: host})
}

func (f *quantizeFlags) quantize(ctx context.Context, std stdio, name string, e engine.Engine) error {
	var p *preparation
	var data []byte
	var err error
	if strings.HasSuffix(name, ".onnx") {
		data, err = readFile(name, maxModel)
	} else {
		p, data, err = f.packageOf(ctx, name)
	}
	if err != nil {
		return err
	}
	if f.dynamic {
		out, err := quantize.Dynamic(data)
		if err != nil {
			return err
		}
		return f.write(std, out, data, "ranges of each run")
	}
	files, err := picturesIn(f.data)
	if err != nil {
		return err
	}
	q, err := quantize.New(data, quantize.Options{Engine: e, Percentile: f.percentile})
	if err != nil {
		return err
	}
	defer q.Close()
	read, done, err := f.reader(p, data, e)
	if err != nil {
		return err
	}
	defer done()
	n := min(f.samples, len(files))
	for i := range n {
		sample, err := read(files[i*len(files)/n])
		if err != nil {
			return err
		}
		if err := q.Observe(ctx, sample); err != nil {
			return fmt.Errorf("%s: %w", files[i*len(files)/n], err)
		}
	}
	out, err := q.Model()
	if err != nil {
		return err
	}
	return f.write(std, out, data, fmt.Sprintf("ranges of %d samples", n))
}

func (f *quantizeFlags) write(std stdio, out, data []byte, how string) error {
	if err := os.WriteFile(f.out, out, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s: %s of %s, %s\n", f.out, byteCount(int64(len(out))), byteCount(int64(len(data))), how)
	return nil
}

// reader returns the function that makes the model's inputs of a file.
func (f *quantizeFlags) reader(p *preparation, data []byte, e engine.Engine) (read func(file string) (map[string]*tensor.Tensor, error), done func(), err error) {
	if p == nil {
		s, err := model.Load(data, model.Options{})
		if err != nil {
			return nil, nil, err
		}
		defer s.Close()
		in := s.Inputs()
		if len(in) != 1 {
			return nil, nil, fmt.Errorf("the model has %d inputs; add it to a registry, which says how to prepare them", len(in))
		}
		return func(file string) (map[string]*tensor.Tensor, error) { return npySample(in[0].Name, file) }, func() {}, nil
	}
	c, err := p.classifier(data, e)
	if err != nil {
		return nil, nil, err
	}
	return func(file string) (map[string]*tensor.Tensor, error) {
		in, err := readPicture(file)
		if err != nil {
			return nil, err
		}
		return c.Preprocess(in)
	}, c.Close, nil
}

// npySample reads a tensor of floats.
func npySample(input, file string) (map[string]*tensor.Tensor, error) {
	if filepath.Ext(file) != ".npy" {
		return nil, usageError{"a picture needs a model of a registry, which says how to prepare it; give an ONNX file tensors (.npy)"}
	}
	b, err := readFile(file, maxPicture)
	if err != nil {
		return nil, err
	}
	npy, err := readNPY(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	t, err := tensor.New(tensor.Float32, npy.Dims...)
	if err == nil {
		err = binary.Read(bytes.NewReader(npy.Data), binary.LittleEndian, tensor.Data[float32](t))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return map[string]*tensor.Tensor{input: t}, nil
}

// preparation is a package of the registry without its model running: how inputs
// are prepared and what outputs mean.
type preparation struct {
	manifest *pack.Manifest
	file     func(path string) ([]byte, error)
}

// packageOf finds a package and reads its model.
func (f predictFlags) packageOf(ctx context.Context, name string) (*preparation, []byte, error) {
	src, err := openSource(f.registry)
	if err != nil {
		return nil, nil, err
	}
	version, err := choose(ctx, src, name, f.version)
	if err != nil {
		return nil, nil, err
	}
	m, err := src.manifest(ctx, name, version)
	if err != nil {
		return nil, nil, err
	}
	p := &preparation{m, func(path string) ([]byte, error) { return src.file(ctx, m, path) }}
	data, err := p.file(m.Model.File)
	return p, data, err
}

// loaded is a classifier with its session.
type loaded struct {
	*model.Classifier
	session *model.Session
}

// Close lets go of both.
func (l loaded) Close() { l.session.Close() }

// classifier loads an ONNX file in the place of the package's own.
func (p *preparation) classifier(onnx []byte, e engine.Engine) (loaded, error) {
	s, err := model.Load(onnx, model.Options{Engine: e})
	if err != nil {
		return loaded{}, err
	}
	c, err := model.NewClassifier(s, p.manifest, model.ClassifierOptions{File: p.file, Form: form.Normalize})
	if err != nil {
		s.Close()
		return loaded{}, err
	}
	return loaded{c, s}, nil
}
