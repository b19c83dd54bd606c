package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"larder/cache/registry"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/pack"
	"larder/model/tensor"
)

const smallModel = defaultRegistry + "/leaf-small/1.0.0/model.onnx"

// write puts a file into a new folder.
func write(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// added returns the manifest that an add wrote.
func added(t *testing.T, root, name, version string) *pack.Manifest {
	t.Helper()
	d := pack.OpenDir(os.DirFS(root))
	if err := d.Verify(); err != nil {
		t.Fatal(err)
	}
	m, err := d.Manifest(name, version)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const objectLabels = `{"classes":["a","b","c"],"display":["A","B","C"],"temperature":2,"unknown_threshold":0.5,
	"input":{"scale":0.00784313725490196,"offset":-1},
	"files":{"model.onnx":{"temperature":0.5,"cosine_threshold":0.7},"other.onnx":{"temperature":9}}}`

func TestAddImageModel(t *testing.T) {
	root := t.TempDir()
	ood := write(t, "x.json", `{"rule":"cosine","threshold":0.6,"centroids_unit_norm":[[1.0]]}`)
	stdout, stderr, status := larder(t, "", "add", smallModel, "--name", "bean", "--version", "1.0.0", "--registry", root,
		"--labels", write(t, "labels.json", objectLabels), "--ood", ood, "--card", write(t, "README.md", "# Bean"),
		"--demo", demoFolder+"healthy.jpg=c", "--demo", demoFolder+"ood_boat.jpg", "--notice", write(t, "MIT.txt", "MIT"), "--licence", "MIT",
		"--metric", "testAccuracy=0.9", "--created", "2026-01-02T03:04:05Z", "--alias", "latest,field", "--ttl", "90m", "--title", "Beans")
	if status != 0 || !strings.Contains(stdout, "added bean 1.0.0") {
		t.Fatal(stdout, stderr)
	}
	m := added(t, root, "bean", "1.0.0")
	o, im := m.Outputs[0], m.Inputs[0].Image
	if o.Name != "logits" || o.Temperature != 0.5 || o.UnknownThreshold != 0.5 || o.Labels[2] != (pack.Label{ID: "c", Display: "C"}) {
		t.Errorf("output %+v", o)
	}
	if im.Normalize.Divisor != 127.5 || !slices.Equal(im.Normalize.Mean, []float64{1, 1, 1}) || im.Resize.Width != 160 || im.Color != "rgb" || im.Layout != "nchw" {
		t.Errorf("image %+v", im)
	}
	if m.Title != "Beans" || m.Task != "image-classification" || m.Freshness.TTL.Minutes() != 90 || m.Created.Second() != 5 ||
		m.Licence.Notices[0] != "licences/MIT.txt" || m.Demos[0] != (pack.Demo{File: "demo/healthy.jpg", Label: "c"}) || m.Demos[1].Label != "" {
		t.Errorf("%+v", m)
	}
	text, err := os.ReadFile(filepath.Join(root, "bean", "1.0.0", "ood.json"))
	if err != nil || string(text) != `{"rule":"cosine","threshold":0.7,"centroids_unit_norm":[[1.0]]}` {
		t.Errorf("ood.json %s %v", text, err)
	}
	index, err := os.ReadFile(filepath.Join(root, "index.json"))
	if err != nil || !strings.Contains(string(index), `{"field":"1.0.0","latest":"1.0.0"}`) {
		t.Errorf("index %s %v", index, err)
	}
	// The package answers at once.
	if stdout, stderr, status = larder(t, "", "predict", "bean", "--version", "field", "--registry", root, demoFolder+"healthy.jpg"); status != 0 || !strings.Contains(stdout, "  C, ") {
		t.Error(stdout, stderr)
	}
}

func TestAddForms(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		check func(m *pack.Manifest) bool
	}{
		{"text labels", []string{"--labels", write(t, "l.txt", "x\r\n y \n\nz\n")}, func(m *pack.Manifest) bool {
			return m.Outputs[0].Labels[1].ID == "y" && m.Outputs[0].Temperature == 1 && m.Inputs[0].Image.Normalize.Divisor == 255
		}},
		{"a name twice", []string{"--labels", write(t, "l.txt", "crane\nx\ncrane")}, func(m *pack.Manifest) bool {
			l := m.Outputs[0].Labels
			return l[0] == pack.Label{ID: "crane", Display: "crane"} && l[2] == pack.Label{ID: "crane-2", Display: "crane"}
		}},
		{"list of labels", []string{"--labels", write(t, "l.json", `["x","y","z"]`), "--temperature", "3", "--unknown-threshold", "0.25"}, func(m *pack.Manifest) bool {
			return m.Outputs[0].Labels[2].Display == "z" && m.Outputs[0].Temperature == 3 && m.Outputs[0].UnknownThreshold == 0.25
		}},
		{"preparation", []string{"--labels", write(t, "l.txt", "x\ny\nz"), "--resize", "shortest-side=200", "--filter", "bicubic", "--color", "bgr",
			"--divisor", "255", "--mean", "0.485, 0.456,0.406", "--std", "0.229,0.224,0.225"}, func(m *pack.Manifest) bool {
			im := m.Inputs[0].Image
			return im.Resize == pack.Resize{Mode: "shortest-side", Size: 200, Filter: "bicubic"} && *im.Crop == pack.Crop{Width: 160, Height: 160} &&
				im.Color == "bgr" && im.Normalize.Mean[1] == 0.456 && im.Normalize.Std[2] == 0.225
		}},
		{"no labels", nil, func(m *pack.Manifest) bool {
			return m.Outputs[0].Name == "logits" && m.Outputs[0].Labels == nil && !m.Created.IsZero()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			_, stderr, status := larder(t, "", append([]string{"add", smallModel, "--name", "bean", "--version", "1.0.0", "--registry", root}, tt.args...)...)
			if status != 0 {
				t.Fatal(stderr)
			}
			if m := added(t, root, "bean", "1.0.0"); !tt.check(m) {
				t.Errorf("%+v", m)
			}
		})
	}
}

// A table of numbers: named columns in, named columns out.
func TestAddTabularModel(t *testing.T) {
	weights := &onnx.Tensor{Name: "w", Data: tensor.Must(tensor.Of(make([]float32, 6), 2, 3))}
	file := write(t, "model.onnx", string(onnxtest.Model(onnxtest.File(17, &onnx.Graph{
		Nodes:        []*onnx.Node{onnxtest.Op("MatMul", []string{"features", "w"}, []string{"quantiles"})},
		Initializers: []*onnx.Tensor{weights},
		Inputs:       []*onnx.ValueInfo{onnxtest.Info("features", tensor.Float32, "N", 2)},
		Outputs:      []*onnx.ValueInfo{onnxtest.Info("quantiles", tensor.Float32, "N", 3)},
	}))))
	root := t.TempDir()
	labels := write(t, "labels.json", `{"feature_names":["age","hours"],"output_columns":["p10","p50","p90"],"unit":"GBP"}`)
	if _, stderr, status := larder(t, "", "add", file, "--name", "sales", "--version", "1.0.0", "--registry", root, "--labels", labels); status != 0 {
		t.Fatal(stderr)
	}
	m := added(t, root, "sales", "1.0.0")
	if m.Task != "tabular" || m.Inputs[0].Image != nil || m.Inputs[0].Features[1].Name != "hours" ||
		m.Inputs[0].Dims[0].Name != "N" || !slices.Equal(m.Outputs[0].Columns, []string{"p10", "p50", "p90"}) || m.Outputs[0].Unit != "GBP" {
		t.Errorf("%+v", m)
	}
	_, stderr, status := larder(t, "", "predict", "sales", "--registry", root, demoFolder+"healthy.jpg")
	if status != 1 || !strings.Contains(stderr, "no output has labels") {
		t.Errorf("%d %s", status, stderr)
	}
}

func TestAddExplains(t *testing.T) {
	root := t.TempDir()
	three := write(t, "l.txt", "x\ny\nz")
	if _, stderr, status := larder(t, "", "add", smallModel, "--name", "bean", "--version", "1.0.0", "--registry", root, "--labels", three); status != 0 {
		t.Fatal(stderr)
	}
	before, err := os.ReadFile(filepath.Join(root, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	broken := write(t, "broken.onnx", "this is no model")
	tests := []struct {
		name   string
		args   []string // beside --registry; the last --name and --version count
		status int
		want   string
	}{
		{"no model", nil, 2, "MODEL.onnx is missing"},
		{"no such file", []string{"x.onnx"}, 1, "x.onnx: there is no such file"},
		{"two files", []string{smallModel, smallModel}, 2, "unexpected argument"},
		{"no name", []string{smallModel, "--name", ""}, 2, "--name and --version are needed"},
		{"bad name", []string{smallModel, "--name", "Bean"}, 1, "lower-case"},
		{"bad version", []string{smallModel, "--version", "2"}, 1, "semantic version"},
		{"not a model", []string{broken}, 1, "broken.onnx"},
		{"label count", []string{smallModel, "--labels", write(t, "l.txt", "x\ny")}, 1, "no output fits 2 labels; the model has logits float32[N 3], features float32[N 256 5 5]"},
		{"named output", []string{smallModel, "--labels", write(t, "l.txt", "x\ny"), "--output", "logits"}, 1, `output "logits" has 3 values, the labels are 2`},
		{"labels not text", []string{smallModel, "--labels", smallModel}, 1, "not a text file"},
		{"labels broken", []string{smallModel, "--labels", write(t, "l.json", "{")}, 1, "l.json"},
		{"display", []string{smallModel, "--labels", write(t, "l.json", `{"classes":["a","b","c"],"display":["A"]}`)}, 1, "display has 1 names, classes 3"},
		{"created", []string{smallModel, "--created", "today"}, 2, "want a time"},
		{"metric", []string{smallModel, "--metric", "good"}, 2, "NAME=NUMBER"},
		{"mean", []string{smallModel, "--mean", "a,b"}, 2, "want numbers"},
		{"resize", []string{smallModel, "--resize", "shortest-side=x"}, 2, "shortest-side=256"},
		{"filter", []string{smallModel, "--filter", "magic"}, 1, "resize.filter"},
		{"demo", []string{smallModel, "--demo", "x.jpg"}, 1, "x.jpg: there is no such file"},
		{"demo label", []string{smallModel, "--labels", three, "--demo", demoFolder + "healthy.jpg=q"}, 1, "not a label"},
		{"exists", []string{smallModel, "--labels", three, "--version", "1.0.0"}, 1, "bean 1.0.0 is in " + root + " already"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"add", "--registry", root, "--name", "bean", "--version", "2.0.0"}, tt.args...)
			_, stderr, status := larder(t, "", args...)
			if status != tt.status || !strings.Contains(stderr, tt.want) {
				t.Errorf("status %d, %q; want %d, %q", status, stderr, tt.status, tt.want)
			}
		})
	}
	after, err := os.ReadFile(filepath.Join(root, "index.json"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the index has changed: %s %v", after, err)
	}
	if _, stderr, status := larder(t, "", "add", smallModel, "--name", "bean", "--version", "1.0.0", "--registry", root, "--labels", three, "--replace"); status != 0 {
		t.Error(stderr)
	}
}

// The cache reads the same documents with a reader of its own; the two must
// agree on the committed packages.
func TestBothReadersAgree(t *testing.T) {
	d := pack.OpenDir(os.DirFS(defaultRegistry))
	text, err := os.ReadFile(filepath.Join(defaultRegistry, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := registry.DecodeIndex(text)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := pack.DecodeIndex(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, model := range ours.Models {
		other := theirs.Model(model.Name)
		if other == nil || !slices.Equal(slices.Sorted(slices.Values(other.Versions)), slices.Sorted(slices.Values(model.Versions))) {
			t.Fatalf("%s: %+v", model.Name, other)
		}
		for _, version := range model.Versions {
			text, err := os.ReadFile(filepath.Join(defaultRegistry, model.Name, version, "manifest.json"))
			if err != nil {
				t.Fatal(err)
			}
			b, err := registry.DecodeManifest(text)
			if err != nil {
				t.Fatal(err)
			}
			a, err := d.Manifest(model.Name, version)
			if err != nil {
				t.Fatal(err)
			}
			if a.Name != b.Name || a.Version != b.Version || a.Freshness.TTL != b.TTL || len(a.Files) != len(b.Files) {
				t.Fatalf("%+v\n%+v", a, b)
			}
			for i := range a.Files {
				f, g := a.Files[i], b.Files[i]
				if f.Path != g.Path || f.Bytes != g.Bytes || f.SHA256 != g.SHA256 || len(f.Chunks) != len(g.Chunks) {
					t.Errorf("%+v\n%+v", f, g)
				}
			}
		}
	}
}

// TestAddTextModel adds the committed model of text anew, and asks it.
func TestAddTextModel(t *testing.T) {
	root, dir := t.TempDir(), filepath.Join(defaultRegistry, "language", "1.0.0")
	labels := write(t, "labels.json", `{"classes":["`+strings.Join(numbered(29), `","`)+`"]}`)
	_, stderr, status := larder(t, "", "add", filepath.Join(dir, "model.onnx"), "--name", "words", "--version", "1.0.0", "--registry", root,
		"--labels", labels, "--tokenizer", filepath.Join(dir, "tokenizer.json"), "--max-tokens", "64")
	if status != 0 {
		t.Fatal(stderr)
	}
	m := added(t, root, "words", "1.0.0")
	if in := m.Inputs[0]; m.Task != "text-classification" || in.Text == nil || in.Text.Part != pack.PartIDs || in.Text.MaxTokens != 64 || m.File(in.Text.Tokenizer) == nil {
		t.Errorf("%+v", m)
	}
	out, stderr, status := larder(t, "Wo ist der Bahnhof?", "predict", "words", "--registry", root, "--json", "--text", "Where is the station?", "-")
	if all := lines(t, out); status != 0 || len(all) != 2 || all[0].Label != "6" || all[1].Label != "9" {
		t.Errorf("%d %s %s", status, out, stderr)
	}
	if _, stderr, status = larder(t, "", "add", smallModel, "--name", "b", "--version", "1.0.0", "--registry", root, "--tokenizer", filepath.Join(dir, "tokenizer.json")); status != 1 || !strings.Contains(stderr, "is no list of tokens") {
		t.Errorf("a tokenizer for pictures: %d %s", status, stderr)
	}
	if _, stderr, status = larder(t, "", "add", filepath.Join(dir, "model.onnx"), "--name", "c", "--version", "1.0.0", "--registry", root, "--labels", labels, "--tokenizer", labels); status != 1 || !strings.Contains(stderr, "token: model.vocab") {
		t.Errorf("a tokenizer that is none: %d %s", status, stderr)
	}
}

// numbered returns "0" to the last before n.
func numbered(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = strconv.Itoa(i)
	}
	return list
}
