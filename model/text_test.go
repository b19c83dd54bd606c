package model_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"larder/model"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/pack"
	"larder/model/pre/token/form"
	"larder/model/tensor"
)

// textClassifier loads the committed model of text.
func textClassifier(t *testing.T) *model.Classifier {
	t.Helper()
	dir := pack.OpenDir(os.DirFS(registryDir))
	m, err := dir.Manifest("language", "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	read := func(path string) ([]byte, error) { return dir.File(m, path) }
	data, err := read(m.Model.File)
	if err != nil {
		t.Fatal(err)
	}
	s, err := model.Load(data, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c, err := model.NewClassifier(s, m, model.ClassifierOptions{File: read, Form: form.Normalize})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTextReproducesGolden compares tokens and logits with what training computed
// by the library tokenizers and NumPy.
func TestTextReproducesGolden(t *testing.T) {
	var golden []struct {
		Text   string
		IDs    []int64
		Logits []float64
	}
	readJSON(t, filepath.Join("testdata", "language", "1.0.0", "golden.json"), &golden)
	if len(golden) < 30 {
		t.Fatalf("%d texts", len(golden))
	}
	c := textClassifier(t)
	for _, want := range golden {
		a, err := c.Classify(context.Background(), model.Text{want.Text})
		if err != nil {
			t.Fatalf("%q: %v", want.Text, err)
		}
		if got := tensor.Data[int64](a.Inputs["ids"]); !slices.Equal(got, want.IDs) {
			t.Errorf("%q: tokens %v, want %v", want.Text, got, want.IDs)
		}
		for i, v := range tensor.Data[float32](a.Scores) {
			if d := math.Abs(float64(v) - want.Logits[i]); !(d <= 1e-3) {
				t.Errorf("%q: logit %d is %v, want %v", want.Text, i, v, want.Logits[i])
			}
		}
	}
}

// TestTextRefuses gives a model of text what it cannot read.
func TestTextRefuses(t *testing.T) {
	c := textClassifier(t)
	for _, tt := range []struct {
		name string
		in   model.Input
		code model.Code
		want string
	}{
		{"empty", model.Text{""}, model.InvalidInput, "nothing that the model could read"},
		{"no text", model.Text{}, model.InvalidInput, "no text"},
		{"three texts", model.Text{"a", "b", "c"}, model.InvalidInput, "at most two"},
		{"too long", model.Text{strings.Repeat("a", 1<<20)}, model.InvalidInput, "are allowed"},
		{"a row", model.Fields{"a": 1}, model.UnsupportedInput, "takes a text, not named numbers"},
		{"a picture", model.Picture{}, model.UnsupportedInput, "takes a text, not a picture"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.Classify(context.Background(), tt.in)
			var e *model.Error
			if !errors.As(err, &e) || e.Code != tt.code || !strings.Contains(e.Detail, tt.want) {
				t.Errorf("error %v, want %s, %q", err, tt.code, tt.want)
			}
		})
	}
}

// TestTokenizerOfPackage checks that a tokenizer that is missing or broken is the
// package's fault, and named.
func TestTokenizerOfPackage(t *testing.T) {
	dir := pack.OpenDir(os.DirFS(registryDir))
	m, err := dir.Manifest("language", "1.0.0")
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
	defer s.Close()
	for name, opt := range map[string]model.ClassifierOptions{
		"not at hand": {},
		"no form":     {File: func(path string) ([]byte, error) { return dir.File(m, path) }},
		"broken":      {File: func(string) ([]byte, error) { return []byte("{"), nil }},
	} {
		_, err := model.NewClassifier(s, m, opt)
		var e *model.Error
		if !errors.As(err, &e) || e.Code != model.InvalidModel || !strings.Contains(e.Detail, "tokenizer.json") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestFields classifies a row of a table, whatever the order of its names.
func TestFields(t *testing.T) {
	weights := &onnx.Tensor{Name: "w", Data: tensor.Must(tensor.Of([]float32{1, 0, 0, 1}, 2, 2))}
	data := onnxtest.Model(onnxtest.File(17, &onnx.Graph{
		Nodes:        []*onnx.Node{onnxtest.Op("MatMul", []string{"row", "w"}, []string{"logits"})},
		Initializers: []*onnx.Tensor{weights},
		Inputs:       []*onnx.ValueInfo{onnxtest.Info("row", tensor.Float32, "N", 2)},
		Outputs:      []*onnx.ValueInfo{onnxtest.Info("logits", tensor.Float32, "N", 2)},
	}))
	s, err := model.Load(data, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	m := &pack.Manifest{Name: "table", Version: "1.0.0",
		Inputs:  []pack.Input{{Name: "row", Type: "float32", Dims: []pack.Dim{{Name: "N"}, {Size: 2}}, Features: []pack.Feature{{Name: "age"}, {Name: "hours"}}}},
		Outputs: []pack.Output{{Name: "logits", Labels: []pack.Label{{ID: "old"}, {ID: "busy"}}, Activation: pack.ActivationSoftmax, Temperature: 1}}}
	c, err := model.NewClassifier(s, m, model.ClassifierOptions{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Classify(context.Background(), model.Fields{"hours": 3, "age": 1})
	if err != nil || a.Label != "busy" || !slices.Equal(tensor.Data[float32](a.Scores), []float32{1, 3}) {
		t.Errorf("answer %+v, %v", a.Result, err)
	}
	for _, row := range []model.Fields{{"age": 1}, {"age": 1, "hours": 2, "name": 3}, {}} {
		var e *model.Error
		if _, err := c.Classify(context.Background(), row); !errors.As(err, &e) || e.Code != model.InvalidInput {
			t.Errorf("%v: error %v", row, err)
		}
	}
}
