package main

import (
	"cmp"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"larder/model/pack"
)

// imageFlags say how a picture is prepared.
type imageFlags struct {
	resize, filter, color string
	divisor               float64
	mean, std             string
}

func (f *imageFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&f.resize, "resize", "stretch", "how a picture is brought to the input's size: stretch, fit, or shortest-side=N with a crop of the centre")
	fs.StringVar(&f.filter, "filter", "bilinear", "resize filter: nearest, box, bilinear, hamming, bicubic or lanczos")
	fs.StringVar(&f.color, "color", "", "order of the channels: rgb, bgr or gray (default by their number)")
	fs.Float64Var(&f.divisor, "divisor", 0, "normalize (v/divisor - mean) / std (default from --labels, else 255)")
	fs.StringVar(&f.mean, "mean", "", "comma-separated means, one a channel (default from --labels, else 0)")
	fs.StringVar(&f.std, "std", "", "comma-separated standard deviations (default 1)")
}

// port is an input or output of the network.
type port struct {
	name, dtype string
	dims        []pack.Dim
}

// ports are all of them.
type ports struct{ inputs, outputs []port }

// describe fills inputs, outputs and task of m from the network's ports.
func (f *addFlags) describe(m *pack.Manifest, p ports, train *training) error {
	if f.temperature != 0 {
		train.temperature = f.temperature
	}
	if f.given["unknown-threshold"] {
		train.threshold = f.threshold
	}
	task := "tabular"
	for _, in := range p.inputs {
		input := pack.Input{Name: in.name, Type: in.dtype, Dims: in.dims}
		if layout, channels, w, h := imageLike(in); layout != "" {
			image, err := f.image.spec(layout, channels, w, h, train)
			if err != nil {
				return err
			}
			input.Image, task = image, "image-classification"
		}
		if f.tokenizer != "" {
			if len(in.dims) != 2 || in.dtype != "int64" && in.dtype != "int32" {
				return fmt.Errorf("--tokenizer: input %s is no list of tokens", describePort(in))
			}
			input.Text, task = &pack.Text{Tokenizer: tokenizerFile, Part: textPart(in.name), MaxTokens: f.maxTokens}, "text-classification"
		}
		if n := len(in.dims); n > 0 && in.dims[n-1].Size == len(train.features) {
			for _, name := range train.features {
				input.Features = append(input.Features, pack.Feature{Name: name})
			}
		}
		m.Inputs = append(m.Inputs, input)
	}
	m.Task = cmp.Or(m.Task, task)
	out, err := f.labelled(p.outputs, train)
	if err != nil {
		return err
	}
	output := pack.Output{Name: out.name, Labels: train.labels, Columns: train.columns, Unit: train.unit}
	if len(train.labels) > 0 {
		output.Temperature, output.UnknownThreshold = train.temperature, train.threshold
		output.Activation = pack.ActivationSoftmax
		if strings.Contains(out.name, "prob") {
			// Classifiers made of trees or by scikit-learn give probabilities.
			output.Activation, output.Temperature = pack.ActivationNone, 1
		}
	}
	m.Outputs = []pack.Output{output}
	return nil
}

// textPart returns the part of a text that an input takes, by the names that
// exporters give.
func textPart(name string) string {
	switch {
	case strings.Contains(name, "mask"):
		return pack.PartMask
	case strings.Contains(name, "type"), strings.Contains(name, "segment"):
		return pack.PartTypes
	}
	return pack.PartIDs
}

// imageLike returns how an input holds a picture, or "" if it does not: four
// dimensions, two of them known sides, one of 1 or 3 channels.
func imageLike(p port) (layout string, channels, w, h int) {
	if p.dtype != "float32" || len(p.dims) != 4 {
		return "", 0, 0, 0
	}
	a, b, c := p.dims[1].Size, p.dims[2].Size, p.dims[3].Size
	switch {
	case (a == 1 || a == 3) && b > 0 && c > 0:
		return "nchw", a, c, b
	case (c == 1 || c == 3) && a > 0 && b > 0:
		return "nhwc", c, b, a
	}
	return "", 0, 0, 0
}

// spec returns the preparation of a picture for an input of this size.
func (f *imageFlags) spec(layout string, channels, w, h int, train *training) (*pack.Image, error) {
	im := &pack.Image{Color: f.color, Layout: layout}
	im.Resize = pack.Resize{Mode: f.resize, Width: w, Height: h, Filter: f.filter}
	im.Color = cmp.Or(im.Color, map[int]string{1: "gray", 3: "rgb"}[channels])
	if side, ok := strings.CutPrefix(f.resize, "shortest-side="); ok {
		n, err := strconv.Atoi(side)
		if err != nil {
			return nil, usageError{fmt.Sprintf("--resize %q: want shortest-side=256 or the like", f.resize)}
		}
		im.Resize = pack.Resize{Mode: "shortest-side", Size: n, Filter: f.filter}
		im.Crop = &pack.Crop{Width: w, Height: h}
	}
	n, ok := train.normalize(channels)
	if !ok {
		n = pack.Normalize{Divisor: 255, Mean: repeat(0, channels), Std: repeat(1, channels)}
	}
	if f.divisor != 0 {
		n.Divisor = f.divisor
	}
	for _, one := range []struct {
		flag, text string
		dst        *[]float64
	}{{"mean", f.mean, &n.Mean}, {"std", f.std, &n.Std}} {
		if one.text == "" {
			continue
		}
		list, err := numbers(one.text)
		if err != nil {
			return nil, usageError{fmt.Sprintf("--%s %q: want numbers such as 0.485,0.456,0.406", one.flag, one.text)}
		}
		*one.dst = list
	}
	im.Normalize = n
	return im, nil
}

func numbers(s string) ([]float64, error) {
	var list []float64
	for _, part := range strings.Split(s, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// labelled returns the output that labels or columns belong to: the named one,
// else the only one whose last dimension has their number.
func (f *addFlags) labelled(outputs []port, train *training) (port, error) {
	want := len(train.labels) + len(train.columns)
	var fits []port
	var all []string
	for _, out := range outputs {
		last := -1
		if n := len(out.dims); n > 0 {
			last = out.dims[n-1].Size
		}
		all = append(all, describePort(out))
		named := f.output == out.name
		if named && want > 0 && last > 0 && last != want {
			return port{}, fmt.Errorf("output %q has %d values, the labels are %d", out.name, last, want)
		}
		if named || f.output == "" && (want == 0 || last == want) {
			fits = append(fits, out)
		}
	}
	switch {
	case len(fits) == 1 || want == 0 && len(fits) > 0:
		return fits[0], nil
	case len(fits) == 0:
		return port{}, fmt.Errorf("no output fits %d labels; the model has %s", want, strings.Join(all, ", "))
	}
	return port{}, fmt.Errorf("several outputs fit %d labels; choose one with --output: %s", want, strings.Join(all, ", "))
}

// describePort writes a port as "logits float32[N 3]".
func describePort(p port) string {
	dims := make([]string, len(p.dims))
	for i, d := range p.dims {
		switch {
		case d.Size > 0:
			dims[i] = strconv.Itoa(d.Size)
		default:
			dims[i] = cmp.Or(d.Name, "?")
		}
	}
	return fmt.Sprintf("%s %s[%s]", p.name, p.dtype, strings.Join(dims, " "))
}

// addMetrics reads NAME=NUMBER of every --metric.
func (f *addFlags) addMetrics(m *pack.Manifest) error {
	for _, s := range f.metrics {
		name, text, _ := strings.Cut(s, "=")
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || name == "" {
			return usageError{fmt.Sprintf("--metric %q: want NAME=NUMBER", s)}
		}
		m.Metrics = append(m.Metrics, pack.Metric{Name: name, Value: v})
	}
	return nil
}
