package model_test

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"larder/model"
	"larder/model/tensor"
)

// load loads a file.
func load(t *testing.T, path string) *model.Session {
	t.Helper()
	s, err := model.Load(readFile(t, path), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func run(t *testing.T, s *model.Session, name string, x *tensor.Tensor) map[string]*tensor.Tensor {
	t.Helper()
	out, err := s.Run(context.Background(), map[string]*tensor.Tensor{name: x})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestLeaf compares the leaf models with the logits that another runtime gave
// for the same pre-processed pictures.
func TestLeaf(t *testing.T) {
	all := []string{"angular_leaf_spot", "bean_rust", "healthy", "compare_versions", "compare_small", "ood_synthetic", "ood_boat"}
	tests := []struct {
		name, file, inputs string // inputs: the version whose folder has the tensors
		pictures           []string
		tol                float64
	}{
		{"leaf/1.0.0", "model.onnx", "leaf/2.0.0", all[1:2], 1e-4},
		{"leaf/1.1.0", "model.onnx", "leaf/2.0.0", all[1:2], 1e-4},
		{"leaf/2.0.0", "model.onnx", "leaf/2.0.0", all[:3], 1e-4},
		{"leaf/2.0.0", "model-fp16w.onnx", "leaf/2.0.0", all[:3], 1e-4},
		{"leaf/2.0.0", "model-int8.onnx", "leaf/2.0.0", all[1:2], 0.15},
		{"leaf-small/1.0.0", "model.onnx", "leaf-small/1.0.0", all, 1e-4},
		{"leaf-small/1.0.0", "model-fp16w.onnx", "leaf-small/1.0.0", all, 1e-4},
		{"leaf-small/1.0.0", "model-int8.onnx", "leaf-small/1.0.0", all, 0.15},
	}
	for _, tt := range tests {
		t.Run(tt.name+"/"+tt.file, func(t *testing.T) {
			var golden struct {
				Images map[string]struct {
					ByFile map[string][]float64 `json:"logits_onnxruntime"`
				}
			}
			readJSON(t, shared(t, tt.name, "golden", "golden.json"), &golden)
			s := load(t, shared(t, tt.name, tt.file))
			for _, p := range tt.pictures {
				out := run(t, s, "image", readNPY(t, shared(t, tt.inputs, "golden", p+".input.npy")))
				near(t, p, numbers(t, out["logits"]), golden.Images[p+".jpg"].ByFile[tt.file], tt.tol)
			}
		})
	}
}

// TestLeafFeatures compares the second output, which explanations use.
func TestLeafFeatures(t *testing.T) {
	dir := shared(t, "leaf-small", "1.0.0")
	s := load(t, filepath.Join(dir, "model.onnx"))
	out := run(t, s, "image", readNPY(t, filepath.Join(dir, "golden", "bean_rust.input.npy")))
	want := readNPY(t, filepath.Join(dir, "golden", "bean_rust.features.npy"))
	near(t, "features", numbers(t, out["features"]), numbers(t, want), 1e-3)
}

// TestBatch checks that pictures in a batch do not mix.
func TestBatch(t *testing.T) {
	dir := shared(t, "leaf-small", "1.0.0")
	s := load(t, filepath.Join(dir, "model.onnx"))
	var both []float32
	var want []float64
	for _, p := range []string{"bean_rust", "healthy"} {
		x := readNPY(t, filepath.Join(dir, "golden", p+".input.npy"))
		both = append(both, tensor.Data[float32](x)...)
		want = append(want, numbers(t, run(t, s, "image", x)["logits"])...)
	}
	x := tensor.Must(tensor.Of(both, 2, 3, 160, 160))
	near(t, "logits", numbers(t, run(t, s, "image", x)["logits"]), want, 1e-6)
}

// TestThirdParty runs models that others made, on pseudo-random inputs.
func TestThirdParty(t *testing.T) {
	const known = 9 // models with golden outputs; more may come
	files, err := filepath.Glob(shared(t, "third-party", "*.golden.json"))
	if err != nil || len(files) < known {
		t.Fatal(files, err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".golden.json")
		t.Run(name, func(t *testing.T) {
			var golden struct {
				Inputs map[string]struct {
					Dims []int
				}
				Outputs map[string]struct {
					Dims []int
					Data []float64
				}
			}
			readJSON(t, f, &golden)
			s := load(t, strings.TrimSuffix(f, ".golden.json")+".onnx")
			in := map[string]*tensor.Tensor{}
			for k, v := range golden.Inputs {
				in[k] = pseudoRandom(t, v.Dims)
			}
			out, err := s.Run(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range golden.Outputs {
				if !out[k].Shape().Equal(v.Dims) {
					t.Fatalf("%s has shape %v, want %v", k, out[k].Shape(), v.Dims)
				}
				near(t, k, numbers(t, out[k]), v.Data, 1e-4)
			}
		})
	}
}

// pseudoRandom makes the numbers of the golden files' rule: a linear
// congruential generator, s = s·1664525 + 1013904223 mod 2³² from seed 43, and
// 2·s/2³² - 1.
func pseudoRandom(t testing.TB, dims []int) *tensor.Tensor {
	t.Helper()
	x, err := tensor.New(tensor.Float32, dims...)
	if err != nil {
		t.Fatal(err)
	}
	s := uint32(43)
	for i := range tensor.Data[float32](x) {
		s = s*1664525 + 1013904223
		tensor.Data[float32](x)[i] = float32(2*(float64(s)/math.Exp2(32)) - 1)
	}
	return x
}

// TestForecast runs all versions of both forecasts.
func TestForecast(t *testing.T) {
	for _, name := range []string{"forecast-transactions", "forecast-atv"} {
		for v := range 9 {
			version := fmt.Sprintf("1.%d.0", v)
			t.Run(name+"/"+version, func(t *testing.T) {
				var golden struct{ Features, Onnxruntime [][]float64 }
				readJSON(t, shared(t, name, version, "golden", "forecast.json"), &golden)
				s := load(t, shared(t, name, version, "model.onnx"))
				out := run(t, s, "features", matrix(t, golden.Features))
				near(t, "quantiles", numbers(t, out["quantiles"]), slices.Concat(golden.Onnxruntime...), 1e-5)
			})
		}
	}
}

// TestIncome runs all versions of the tabular classifier.
func TestIncome(t *testing.T) {
	for _, version := range []string{"1.0.0", "1.1.0", "2.0.0", "2.1.0", "2.2.0"} {
		t.Run(version, func(t *testing.T) {
			var golden struct {
				Features    [][]float64
				Onnxruntime []float64
			}
			readJSON(t, shared(t, "income-monitoring", version, "golden", "predictions.json"), &golden)
			s := load(t, shared(t, "income-monitoring", version, "model.onnx"))
			out := run(t, s, s.Inputs()[0].Name, matrix(t, golden.Features))
			var positive []float64 // column 1 of [N 2]
			for i, p := range numbers(t, out["probabilities"]) {
				if i%2 == 1 {
					positive = append(positive, p)
				}
			}
			near(t, "probabilities", positive, golden.Onnxruntime, 1e-5)
		})
	}
}
