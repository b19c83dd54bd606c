package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// larder runs one command line in-process.
func larder(t *testing.T, stdin string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, err bytes.Buffer
	status = dispatch(t.Context(), stdio{in: strings.NewReader(stdin), out: &out, err: &err}, args)
	return out.String(), err.String(), status
}

const demoFolder = defaultRegistry + "/leaf/2.0.0/demo/"

func lossless(picture string) string {
	return filepath.Join("model", "testdata", "demo", picture+".png")
}

// line is one line of predict --json.
type line struct {
	answerJSON
	Logits []float64
	Error  struct{ Code, Message string }
}

func lines(t *testing.T, text string) []line {
	t.Helper()
	var all []line
	for _, s := range strings.Split(strings.TrimSpace(text), "\n") {
		var l line
		if err := json.Unmarshal([]byte(s), &l); err != nil {
			t.Fatalf("%v in %q", err, s)
		}
		all = append(all, l)
	}
	return all
}

// TestPredictReproducesGolden compares the command's answers with what another
// runtime computed: logits from the lossless pictures, labels and
// probabilities from the JPEGs.
func TestPredictReproducesGolden(t *testing.T) {
	tests := []struct {
		name, version, file string
		pictures            []string
	}{
		{"leaf", "1.0.0", "model.onnx", []string{"bean_rust"}},
		{"leaf", "1.1.0", "model.onnx", []string{"healthy"}},
		{"leaf", "2.0.0", "model-fp16w.onnx", []string{"angular_leaf_spot", "bean_rust", "healthy"}},
		{"leaf-small", "1.0.0", "model-fp16w.onnx", []string{"angular_leaf_spot", "bean_rust", "healthy", "compare_versions", "ood_boat"}},
	}
	if testing.Short() { // the race detector, which is ten times as slow, and looks at the smallest model alone
		tests = tests[3:]
	}
	for _, tt := range tests {
		t.Run(tt.name+" "+tt.version, func(t *testing.T) {
			var golden struct {
				Classes []string
				Images  map[string]struct {
					Logits     map[string][]float64 `json:"logits_onnxruntime"`
					Predicted  string
					Calibrated []float64 `json:"probabilities_calibrated"`
					Unknown    bool
				}
			}
			text, err := os.ReadFile(filepath.Join("model", "testdata", tt.name, tt.version, "golden.json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &golden); err != nil {
				t.Fatal(err)
			}
			args := []string{"predict", tt.name, "--version", tt.version, "--json", "--logits"}
			for _, p := range tt.pictures {
				args = append(args, lossless(p), demoFolder+p+".jpg")
			}
			stdout, stderr, status := larder(t, "", args...)
			if status != 0 {
				t.Fatal(stderr)
			}
			for i, got := range lines(t, stdout) {
				want := golden.Images[tt.pictures[i/2]+".jpg"]
				if got.Label != want.Predicted || got.Unknown != want.Unknown || got.Model != (modelJSON{tt.name, tt.version}) {
					t.Errorf("%s: %+v, want %s", got.File, got, want.Predicted)
				}
				if i%2 == 0 {
					for j, v := range got.Logits {
						if !(math.Abs(v-want.Logits[tt.file][j]) <= 1e-3) {
							t.Errorf("%s: logit %d is %v, want %v", got.File, j, v, want.Logits[tt.file][j])
						}
					}
				}
				for j, id := range golden.Classes {
					for _, c := range got.Classes {
						if c.Label == id && !(math.Abs(c.Probability-want.Calibrated[j]) <= 0.02) {
							t.Errorf("%s: probability of %s is %v, want %v", got.File, id, c.Probability, want.Calibrated[j])
						}
					}
				}
			}
		})
	}
}

// The dumped tensor has the very bytes that training prepared.
func TestPredictDumpsItsInput(t *testing.T) {
	npy := filepath.Join(t.TempDir(), "x.npy")
	if _, stderr, status := larder(t, "", "predict", "leaf-small", lossless("healthy"), "--input-npy", npy); status != 0 {
		t.Fatal(stderr)
	}
	b, err := os.ReadFile(npy)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) != 128+4*3*160*160 || !strings.Contains(string(b[:128]), "'shape': (1, 3, 160, 160,)") || b[127] != '\n' {
		t.Fatalf("%d bytes, header %q", len(b), b[:128])
	}
	var golden struct {
		Images map[string]struct {
			Input string `json:"input_sha256"`
		}
	}
	text, err := os.ReadFile("model/testdata/leaf-small/1.0.0/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b[128:])
	if got := hex.EncodeToString(sum[:]); got != golden.Images["healthy.jpg"].Input {
		t.Errorf("got %s, want %s", got, golden.Images["healthy.jpg"].Input)
	}
}

func TestPredictPrints(t *testing.T) {
	stdout, _, status := larder(t, "", "predict", "leaf-small", demoFolder+"bean_rust.jpg", demoFolder+"ood_synthetic.jpg", "--logits")
	if status != 0 {
		t.Fatal(stdout)
	}
	for _, want := range []string{
		"bean_rust.jpg\n  Bean rust, 99.6 %\n", "Healthy ", "scores float32[1 3]: [", "leaf-small 1.0.0; decode ",
		"ood_synthetic.jpg\n  unknown: this is probably nothing that leaf-small was trained on (best guess: Bean rust, 6",
		"below the threshold of 71.0 %",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
}

// TestPredictPrintsTheMostProbable has a model with more classes than people read.
func TestPredictPrintsTheMostProbable(t *testing.T) {
	stdout, stderr, status := larder(t, "", "predict", "language", "--text", "Wo ist der Bahnhof?")
	if got := strings.Count(stdout, " %  "); status != 0 || got != maxClasses || !strings.Contains(stdout, "\n  … and 9 more (--json prints all)\n") {
		t.Errorf("%d classes: %s%s", got, stdout, stderr)
	}
}

func TestPredictReadsStandardInput(t *testing.T) {
	picture, err := os.ReadFile(demoFolder + "healthy.jpg")
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, status := larder(t, string(picture), "predict", "leaf-small", "-")
	if status != 0 || !strings.Contains(stdout, "Healthy, 99.7 %") {
		t.Errorf("%d %s %s", status, stdout, stderr)
	}
}

func TestPredictExplains(t *testing.T) {
	text := filepath.Join(t.TempDir(), "notes.txt")
	empty := filepath.Join(t.TempDir(), "empty.jpg")
	cut := filepath.Join(t.TempDir(), "cut.jpg")
	whole, err := os.ReadFile(demoFolder + "healthy.jpg")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{text: []byte("notes\n"), empty: nil, cut: whole[:len(whole)/2]} {
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	good := demoFolder + "healthy.jpg"
	tests := []struct {
		name   string
		args   []string
		status int
		want   string // part of standard error
	}{
		{"no model", nil, 2, "MODEL is missing"},
		{"no file", []string{"leaf"}, 2, "FILE is missing"},
		{"flag", []string{"leaf", "x", "--colour"}, 2, "flag provided but not defined"},
		{"missing file", []string{"leaf-small", "x.jpg"}, 1, "x.jpg: there is no such file"},
		{"folder", []string{"leaf-small", "model"}, 1, "is a folder"},
		{"text", []string{"leaf-small", text}, 1, "not a picture Larder can read (it looks like text)"},
		{"empty", []string{"leaf-small", empty}, 1, "The file is empty"},
		{"cut", []string{"leaf-small", cut}, 1, "The picture is incomplete"},
		{"unknown model", []string{"laef", good}, 1, `there is no model "laef"; did you mean leaf`},
		{"unknown version", []string{"leaf", good, "--version", "^7"}, 1, "leaf has no version ^7; it has 1.0.0, 1.1.0, 2.0.0"},
		{"bad version", []string{"leaf", good, "--version", ">=1"}, 2, "want a version such as"},
		{"no registry", []string{"leaf", good, "--registry", "model"}, 1, "model is no model registry"},
		{"npy of two", []string{"leaf", good, good, "--input-npy", "x"}, 2, "one picture at a time"},
		{"some", []string{"leaf-small", good, text, "x.jpg"}, 1, "2 of 3 inputs could not be used"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, stderr, status := larder(t, "", append([]string{"predict"}, tt.args...)...)
			if status != tt.status || !strings.Contains(stderr, tt.want) {
				t.Errorf("status %d, %q; want %d, %q", status, stderr, tt.status, tt.want)
			}
		})
	}
	stdout, _, status := larder(t, "", "predict", "leaf-small", "--json", text, good, "x.jpg")
	all := lines(t, stdout)
	if status != 1 || len(all) != 3 || all[0].Error.Code != "unsupported-input" || all[1].Label != "healthy" || all[2].Error.Code != "invalid-input" {
		t.Errorf("%d %s", status, stdout)
	}
}

// The same registry behind a URL gives the same answer, and a changed byte on
// the way is found.
func TestRegistryBehindURL(t *testing.T) {
	files := http.FileServer(http.Dir(defaultRegistry))
	damage := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if damage && strings.HasSuffix(r.URL.Path, "model.onnx") {
			b, err := os.ReadFile(filepath.Join(defaultRegistry, filepath.FromSlash(r.URL.Path)))
			if err != nil {
				t.Error(err)
			}
			b[100000] ^= 1
			w.Write(b)
			return
		}
		files.ServeHTTP(w, r)
	}))
	defer server.Close()
	stdout, stderr, status := larder(t, "", "predict", "leaf-small", demoFolder+"healthy.jpg", "--registry", server.URL)
	if status != 0 || !strings.Contains(stdout, "Healthy, 99.7 %") {
		t.Errorf("%d %s %s", status, stdout, stderr)
	}
	stdout, stderr, status = larder(t, "", "models", "--registry", server.URL+"/")
	if status != 0 || !strings.Contains(stdout, "leaf-small") {
		t.Errorf("%d %s %s", status, stdout, stderr)
	}
	damage = true
	if _, stderr, status = larder(t, "", "predict", "leaf-small", demoFolder+"healthy.jpg", "--registry", server.URL); status != 1 || !strings.Contains(stderr, "model.onnx") {
		t.Errorf("a changed byte: %d %s", status, stderr)
	}
	if _, stderr, status = larder(t, "", "predict", "laef", "x", "--registry", server.URL); status != 1 || !strings.Contains(stderr, "did you mean leaf") {
		t.Errorf("an unknown model: %d %s", status, stderr)
	}
	if _, stderr, status = larder(t, "", "models", "--verify", "--registry", server.URL); status != 2 || !strings.Contains(stderr, "folder") {
		t.Errorf("verify: %d %s", status, stderr)
	}
}

func TestModelsLists(t *testing.T) {
	stdout, stderr, status := larder(t, "", "models", "--verify")
	if status != 0 {
		t.Fatal(stderr)
	}
	flat := strings.Join(strings.Fields(stdout), " ")
	for _, want := range []string{
		"leaf — Bean leaf diseases (default)", "2.0.0 latest 4.4 MB image-classification 98.4 % 2026-11-01",
		"1.0.0 - 8.9 MB image-classification 88.3 % 2026-09-01", "leaf-small — Bean leaf diseases, small 	VERSION", "1.0.0 latest 433.1 kB", "every file is as its manifest says",
	} {
		if want = strings.Join(strings.Fields(want), " "); !strings.Contains(flat, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	if _, stderr, status := larder(t, "", "models", "leaf"); status != 2 || !strings.Contains(stderr, "unexpected argument") {
		t.Errorf("%d %s", status, stderr)
	}
	if _, stderr, status := larder(t, "", "models", "--registry", t.TempDir()); status != 1 || !strings.Contains(stderr, "no model registry") {
		t.Errorf("%d %s", status, stderr)
	}
}

// Every command explains itself.
func TestCommandsHaveHelp(t *testing.T) {
	for _, c := range commands() {
		stdout, stderr, status := larder(t, "", c.name, "-h")
		if status != 0 || !strings.HasPrefix(stdout, "usage: larder "+c.name) || stderr != "" || c.summary == "" {
			t.Errorf("%s: %d %q %q", c.name, status, stdout, stderr)
		}
	}
}
