package native_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	larder "larder/model"
	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/op"
	"larder/model/pass"
	"larder/model/plan"
	"larder/model/tensor"
)

// sharedModels returns the folder of models beside the checkout. It skips the
// test, with one line, where there is none.
func sharedModels(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../../../../shared/models")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(root); err != nil {
		t.Skip("there is no folder shared/models beside the checkout")
	}
	return root
}

// sequence makes the numbers of the golden files' rule: s = s·1664525 +
// 1013904223 mod 2³² from seed 43, and 2·s/2³² - 1, or 256·s/2³² for bytes.
func sequence(d tensor.DType, dims []int) *tensor.Tensor {
	x := tensor.Must(tensor.New(d, dims...))
	s := uint32(43)
	next := func() float64 {
		s = s*1664525 + 1013904223
		return float64(s) / math.Exp2(32)
	}
	switch data := x.Any().(type) {
	case []float32:
		for i := range data {
			data[i] = float32(2*next() - 1)
		}
	case []uint8:
		for i := range data {
			data[i] = uint8(256 * next())
		}
	}
	return x
}

// loadBoth loads a model for the plans and for the plain operators; a model
// that Larder does not run at all skips the test.
func loadBoth(t *testing.T, path string) (fast, plain *larder.Session, data []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fast, err = larder.Load(data, larder.Options{Engine: planned()})
	if err != nil {
		t.Fatal(err)
	}
	if plain, err = larder.Load(data, larder.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fast.Close)
	t.Cleanup(plain.Close)
	return fast, plain, data
}

// hostSteps returns the operators that run without a kernel.
func hostSteps(t *testing.T, data []byte, shapes map[string]tensor.Shape) (types []string) {
	t.Helper()
	m, err := onnx.Decode(data, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := graph.Build(m, op.All())
	if err != nil {
		t.Fatal(err)
	}
	if err := pass.Run(g, pass.All); err != nil {
		t.Fatal(err)
	}
	p, err := plan.Build(g, plan.Options{Shapes: shapes, Weights: plan.NewWeights(0)})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range p.HostSteps() {
		types = append(types, n.Type)
	}
	return types
}

func compareBoth(t *testing.T, fast, plain *larder.Session, in map[string]*tensor.Tensor) map[string]*tensor.Tensor {
	t.Helper()
	want, err := plain.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := fast.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		near(t, name, got[name], want[name], 1e-4)
	}
	return got
}

// TestLeaf runs the leaf models for one picture and for two: all in kernels.
func TestLeaf(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(sharedModels(t), "leaf*", "*", "model.onnx"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no leaf models", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			fast, plain, data := loadBoth(t, path)
			port := fast.Inputs()[0]
			for _, n := range []int{1, 2} {
				dims := []int{n}
				for _, d := range port.Dims[1:] {
					dims = append(dims, d.Size)
				}
				compareBoth(t, fast, plain, map[string]*tensor.Tensor{port.Name: sequence(tensor.Float32, dims)})
				if host := hostSteps(t, data, map[string]tensor.Shape{port.Name: dims}); len(host) > 0 {
					t.Errorf("without a kernel: %v", host)
				}
			}
		})
	}
}

// TestThirdParty compares models of others with what another runtime gave.
func TestThirdParty(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedModels(t), "third-party", "*.golden.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".golden.json"), func(t *testing.T) {
			var golden struct {
				Inputs map[string]struct {
					Type string
					Dims []int
				}
				Outputs map[string]struct {
					Type string
					Dims []int
					Data []float32
				}
			}
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b, &golden); err != nil {
				t.Fatal(err)
			}
			fast, plain, data := loadBoth(t, strings.TrimSuffix(f, ".golden.json")+".onnx")
			in, shapes := map[string]*tensor.Tensor{}, map[string]tensor.Shape{}
			for name, v := range golden.Inputs {
				d, _ := tensor.ParseDType(v.Type)
				in[name], shapes[name] = sequence(d, v.Dims), v.Dims
			}
			got := compareBoth(t, fast, plain, in)
			for name, v := range golden.Outputs {
				if v.Type == "float32" {
					near(t, name, got[name], tensor.Must(tensor.Of(v.Data, v.Dims...)), 1e-4)
				}
			}
			t.Log("without a kernel:", hostSteps(t, data, shapes))
		})
	}
}
