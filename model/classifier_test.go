package model_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"larder/model"
	"larder/model/pack"
	"larder/model/pre"
	"larder/model/pre/imagefile"
	"larder/model/tensor"
)

// registryDir is the registry of the demo models.
var registryDir = filepath.Join("..", "web", "static", "models")

// golden is what training wrote about one version: for every picture the
// logits of each file, as another runtime computed them.
type golden struct {
	Classes []string
	Images  map[string]struct {
		Logits     map[string][]float64 `json:"logits_onnxruntime"`
		Predicted  string
		Calibrated []float64 `json:"probabilities_calibrated"`
		Unknown    bool
	}
}

// classifier loads one of the committed packages.
func classifier(t *testing.T, name, version string) (*model.Classifier, *pack.Manifest) {
	t.Helper()
	dir := pack.OpenDir(os.DirFS(registryDir))
	m, err := dir.Manifest(name, version)
	if err != nil {
		t.Fatal(err)
	}
	data, err := dir.File(m, m.Model.File)
	if err != nil {
		t.Fatal(err)
	}
	s, err := model.Load(data, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c, err := model.NewClassifier(s, m, model.ClassifierOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return c, m
}

func picture(t *testing.T, elem ...string) model.Picture {
	t.Helper()
	img, err := imagefile.Decode(readFile(t, filepath.Join(elem...)))
	if err != nil {
		t.Fatal(err)
	}
	return model.Picture{Image: img}
}

// TestClassifierReproducesGolden runs the committed packages on the demo
// pictures: from the lossless ones the logits must be those of the other
// runtime, from the JPEGs, which every decoder decodes a little differently,
// the label must be and the probabilities nearly. (Package imagefile compares
// the prepared input bit for bit.)
func TestClassifierReproducesGolden(t *testing.T) {
	all := []string{"angular_leaf_spot", "bean_rust", "healthy", "compare_versions", "compare_small", "ood_synthetic", "ood_boat"}
	tests := []struct {
		name, version, file string   // file: whose logits
		png, jpeg           []string // those on which versions differ, if not all
	}{
		{"leaf", "1.0.0", "model.onnx", []string{"compare_versions", "ood_boat"}, []string{"bean_rust"}},
		{"leaf", "1.1.0", "model.onnx", []string{"compare_versions", "ood_boat"}, []string{"bean_rust"}},
		{"leaf", "2.0.0", "model-fp16w.onnx", all, all[:3]},
		{"leaf-small", "1.0.0", "model-fp16w.onnx", all, all},
	}
	for _, tt := range tests {
		t.Run(tt.name+" "+tt.version, func(t *testing.T) {
			var g golden
			readJSON(t, filepath.Join("testdata", tt.name, tt.version, "golden.json"), &g)
			c, m := classifier(t, tt.name, tt.version)
			for _, p := range tt.png {
				a, err := c.Classify(context.Background(), picture(t, "testdata", "demo", p+".png"))
				if err != nil {
					t.Fatal(err)
				}
				want := g.Images[p+".jpg"]
				for i, v := range tensor.Data[float32](a.Scores) {
					if d := math.Abs(float64(v) - want.Logits[tt.file][i]); !(d <= 1e-3) {
						t.Errorf("%s: logit %d is %v, want %v", p, i, v, want.Logits[tt.file][i])
					}
				}
				compare(t, p, a, g.Classes, softmax(want.Logits[tt.file], m.Outputs[0].Temperature), 1e-3)
				if a.Label != want.Predicted || a.Unknown != want.Unknown {
					t.Errorf("%s: label %s, unknown %v; want %s, %v", p, a.Label, a.Unknown, want.Predicted, want.Unknown)
				}
			}
			for _, p := range tt.jpeg {
				a, err := c.Classify(context.Background(), picture(t, registryDir, "leaf", "2.0.0", "demo", p+".jpg"))
				if err != nil {
					t.Fatal(err)
				}
				want := g.Images[p+".jpg"]
				compare(t, p+".jpg", a, g.Classes, want.Calibrated, 0.02)
				if a.Label != want.Predicted {
					t.Errorf("%s.jpg: label %s, want %s", p, a.Label, want.Predicted)
				}
			}
		})
	}
}

func compare(t *testing.T, what string, a model.Answer, classes []string, want []float64, tol float64) {
	t.Helper()
	if len(a.Classes) != len(classes) {
		t.Fatalf("%s: %d classes", what, len(a.Classes))
	}
	for _, c := range a.Classes {
		for i, id := range classes {
			if id == c.Label && !(math.Abs(c.Probability-want[i]) <= tol) {
				t.Errorf("%s: probability of %s is %v, want %v", what, id, c.Probability, want[i])
			}
		}
	}
}

func softmax(logits []float64, temperature float64) []float64 {
	sum := 0.0
	p := make([]float64, len(logits))
	for i, v := range logits {
		p[i] = math.Exp(v / temperature)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

func TestClassifierTimesItsParts(t *testing.T) {
	c, _ := classifier(t, "leaf-small", "1.0.0")
	var now time.Time
	step := time.Second
	c.Now = func() time.Time {
		now = now.Add(step)
		step *= 10
		return now
	}
	a, err := c.Classify(context.Background(), model.Picture{Image: &pre.Image{Width: 1, Height: 1, Pix: make([]byte, 4)}})
	if err != nil {
		t.Fatal(err)
	}
	// The clock is read before and after the preparation, before and after the
	// run, and at the end.
	want := model.Timing{Preprocess: 10 * time.Second, Infer: 1000 * time.Second, Postprocess: 10000 * time.Second}
	if a.Timing != want {
		t.Errorf("got %v, want %v", a.Timing, want)
	}
}

func TestClassifierErrors(t *testing.T) {
	c, _ := classifier(t, "leaf-small", "1.0.0")
	_, err := c.Classify(context.Background(), model.Picture{Image: &pre.Image{Width: 8000, Height: 5000}})
	var image *pre.ImageError
	if !errors.As(err, &image) || image.Code != pre.TooLarge {
		t.Errorf("a large picture: %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = c.Classify(ended, model.Picture{Image: &pre.Image{Width: 1, Height: 1, Pix: make([]byte, 4)}})
	var e *model.Error
	if !errors.As(err, &e) || e.Code != model.Aborted {
		t.Errorf("an ended context: %v", err)
	}
	nan := tensor.Must(tensor.New(tensor.Float32, 1, 3, 160, 160))
	tensor.Data[float32](nan)[5] = float32(math.NaN())
	if _, err = c.ClassifyTensors(context.Background(), map[string]*tensor.Tensor{"image": nan}); err != nil && !errors.As(err, &e) {
		t.Errorf("a tensor with NaN: %T", err)
	}
	_, err = c.ClassifyTensors(context.Background(), map[string]*tensor.Tensor{"image": tensor.Must(tensor.New(tensor.Float32, 1, 3, 16, 16))})
	if !errors.As(err, &e) || e.Code != model.InvalidInput {
		t.Errorf("a tensor of another size: %v", err)
	}
}

func TestNewClassifierFindsMismatches(t *testing.T) {
	dir := pack.OpenDir(os.DirFS(registryDir))
	good, err := dir.Manifest("leaf-small", "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	data, err := dir.File(good, good.Model.File)
	if err != nil {
		t.Fatal(err)
	}
	s, err := model.Load(data, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tests := []struct {
		name string
		edit func(m *pack.Manifest)
		want string
	}{
		{"input name", func(m *pack.Manifest) { m.Inputs[0].Name = "pixels" }, `also needs input "image"`},
		{"two inputs", func(m *pack.Manifest) { m.Inputs = append(m.Inputs, m.Inputs[0]) }, "one input"},
		{"input type", func(m *pack.Manifest) { m.Inputs[0].Type = "uint8" }, "uint8 in the manifest"},
		{"input rank", func(m *pack.Manifest) { m.Inputs[0].Dims = m.Inputs[0].Dims[1:] }, "3 dimensions"},
		{"input size", func(m *pack.Manifest) { m.Inputs[0].Dims[2].Size = 224 }, "dimension 2 is 224"},
		{"preparation", func(m *pack.Manifest) { m.Inputs[0].Image.Resize.Filter = "" }, "resize.filter"},
		{"output name", func(m *pack.Manifest) { m.Outputs[0].Name = "scores" }, `no output "scores"`},
		{"label count", func(m *pack.Manifest) { m.Outputs[0].Labels = m.Outputs[0].Labels[1:] }, "2 labels"},
		{"no labels", func(m *pack.Manifest) { m.Outputs[0].Labels = nil }, "no output has labels"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := dir.Manifest("leaf-small", "1.0.0")
			if err != nil {
				t.Fatal(err)
			}
			tt.edit(m)
			_, err = model.NewClassifier(s, m, model.ClassifierOptions{})
			var e *model.Error
			if !errors.As(err, &e) || e.Code != model.InvalidModel || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}
