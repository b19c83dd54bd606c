package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"larder/model"
	"larder/model/engine"
	"larder/model/engine/native"
	"larder/model/pack"
	"larder/model/pre/imagefile"
	"larder/model/tensor"
	"larder/web/profile"
)

// native measures on this machine.
func (f *profileFlags) native(ctx context.Context, t target) (*profile.Result, error) {
	host := native.New()
	defer host.Close()
	s, x, err := t.load(ctx, engine.Planned{Host: host})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	in, err := f.inputs(s, x)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if _, err := s.Run(ctx, in); err != nil {
		return nil, err
	}
	r := &profile.Result{Engine: "simd", Threads: 1, First: sinceMillis(start)}
	var plain []float64
	var best engine.Profile
	for i := range f.runs {
		start := time.Now()
		if _, err := s.Run(ctx, in); err != nil {
			return nil, err
		}
		plain = append(plain, sinceMillis(start))
		var p engine.Profile
		if _, err := s.Run(engine.WithProfile(ctx, &p, time.Now), in); err != nil {
			return nil, err
		}
		if i == 0 || p.Total < best.Total {
			best = p
		}
	}
	slices.Sort(plain)
	r.Run, r.Table = plain[len(plain)/2], best.Table()
	r.Profile, err = json.Marshal(profileOf(&best))
	return r, err
}

// stepJSON is a step as larder.js describes it.
type stepJSON struct {
	Step   int     `json:"step"`
	Node   string  `json:"node"`
	Op     string  `json:"op"`
	Kernel string  `json:"kernel"`
	Host   bool    `json:"host"`
	Value  string  `json:"value"`
	Millis float64 `json:"ms"`
	GFlops float64 `json:"gflops"`
	Share  float64 `json:"share"`
}

// profileOf translates a profile to the form of larder.js.
func profileOf(p *engine.Profile) any {
	steps := make([]stepJSON, len(p.Steps))
	for i, s := range p.Steps {
		steps[i] = stepJSON{i, s.Node, s.Op, s.Kernel, s.Host, s.Value, inMillis(s.Time), s.GFlops(), p.Share(s)}
	}
	return map[string]any{"steps": steps, "total": inMillis(p.Total)}
}

// load loads the model on this machine, and prepares the input if one was given.
func (t target) load(ctx context.Context, e engine.Engine) (*model.Session, *tensor.Tensor, error) {
	data, manifest, err := t.read(ctx)
	if err != nil {
		return nil, nil, err
	}
	s, err := model.Load(data, model.Options{Engine: e})
	if err != nil {
		return nil, nil, err
	}
	x, err := t.input(s, manifest)
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	return s, x, nil
}

// read returns the network, and the manifest of a model of the registry.
func (t target) read(ctx context.Context) ([]byte, *pack.Manifest, error) {
	if t.onnx != nil {
		return t.onnx, nil, nil
	}
	m, err := t.source.manifest(ctx, t.name, t.version)
	if err != nil {
		return nil, nil, err
	}
	data, err := t.source.file(ctx, m, m.Model.File)
	return data, m, err
}

// input makes a tensor of what was given, nil of nothing.
func (t target) input(s *model.Session, m *pack.Manifest) (*tensor.Tensor, error) {
	switch {
	case t.tensor != nil:
		x, err := tensor.New(tensor.Float32, t.tensor.Dims...)
		if err != nil {
			return nil, err
		}
		return x, binary.Read(bytes.NewReader(t.tensor.Data), binary.LittleEndian, tensor.Data[float32](x))
	case t.picture != nil:
		c, err := model.NewClassifier(s, m, model.ClassifierOptions{})
		if err != nil {
			return nil, err
		}
		img, err := imagefile.Decode(t.picture)
		if err != nil {
			return nil, err
		}
		in, err := c.Preprocess(model.Picture{Image: img})
		return in[m.Inputs[0].Name], err
	}
	return nil, nil
}

// inputs returns the given tensor for the first input, or random ones for all.
func (f *profileFlags) inputs(s *model.Session, given *tensor.Tensor) (map[string]*tensor.Tensor, error) {
	in := map[string]*tensor.Tensor{}
	if given != nil {
		in[s.Inputs()[0].Name] = given
		return in, nil
	}
	for _, p := range s.Inputs() {
		if p.Optional && f.shapes[p.Name] == nil {
			continue
		}
		t, err := randomInput(p, f.shapes[p.Name])
		if err != nil {
			return nil, err
		}
		in[p.Name] = t
	}
	return in, nil
}

// randomInput makes floats from -1 to 1 and integers 0 and 1, as page.mjs does.
func randomInput(p model.Port, shape []int) (*tensor.Tensor, error) {
	if shape == nil {
		shape = make([]int, len(p.Dims))
		for i, d := range p.Dims {
			if shape[i] = d.Size; d.Size < 0 && i == 0 {
				shape[i] = 1
			}
		}
		if !p.Ranked || slices.Min(append(shape, 0)) < 0 {
			return nil, fmt.Errorf("input %q has sizes that vary (%v): give them, such as --shape %s=1x3x224x224", p.Name, p, p.Name)
		}
	}
	t, err := tensor.New(p.DType, shape...)
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", p.Name, err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	switch p.DType {
	case tensor.Float32:
		for i := range tensor.Data[float32](t) {
			tensor.Data[float32](t)[i] = 2*r.Float32() - 1
		}
	case tensor.Int64:
		for i := range tensor.Data[int64](t) {
			tensor.Data[int64](t)[i] = r.Int64N(2)
		}
	}
	return t, nil
}

var npyHeader = regexp.MustCompile(`'descr': '<f4', 'fortran_order': False, 'shape': \(([0-9, ]*)\)`)

// readNPY reads a float32 array in NumPy's format, version 1.
func readNPY(b []byte) (*profile.Tensor, error) {
	const fixed = 10 // magic, version, length of the header
	if len(b) < fixed || !bytes.HasPrefix(b, []byte("\x93NUMPY\x01")) || len(b)-fixed < int(binary.LittleEndian.Uint16(b[8:])) {
		return nil, errors.New("is no array in NumPy's format 1")
	}
	end := fixed + int(binary.LittleEndian.Uint16(b[8:]))
	found := npyHeader.FindSubmatch(b[:end])
	if found == nil {
		return nil, errors.New("is no float32 array in C order (numpy.ascontiguousarray(x, \"<f4\") makes one)")
	}
	t := &profile.Tensor{Dims: []int{}, Data: b[end:]}
	for _, s := range strings.FieldsFunc(string(found[1]), func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := strconv.Atoi(s)
		if err != nil {
			return nil, fmt.Errorf("has the size %s", s)
		}
		t.Dims = append(t.Dims, n)
	}
	if n, err := tensor.Shape(t.Dims).Elems(); err != nil || 4*n != len(t.Data) {
		return nil, fmt.Errorf("has %d bytes for the shape %v", len(t.Data), t.Dims)
	}
	return t, nil
}
