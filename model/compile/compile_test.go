package compile_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"larder/model"
	"larder/model/compile"
	"larder/model/engine"
	"larder/model/engine/native"
	"larder/model/onnx"
	"larder/model/tensor"
)

// demo is the registry that Larder ships.
const demo = "../../web/static/models"

func demoFiles(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(demo + "/*/*/*.onnx")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	files := map[string][]byte{}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimPrefix(p, demo+"/")] = b
	}
	return files
}

// built is a compiled model.
type built struct{ plan, weights []byte }

func compiled(t testing.TB, file []byte, opt compile.Options) built {
	t.Helper()
	var weights bytes.Buffer
	p, err := compile.Compile(bytes.NewReader(file), &weights, opt)
	if err != nil {
		t.Fatal(err)
	}
	return built{p, weights.Bytes()}
}

func (b built) open(e engine.Engine) (*model.Session, error) {
	return model.Open(bytes.NewReader(b.plan), model.Options{Engine: e, External: func(name string) (onnx.Source, error) {
		if name != compile.WeightsFile {
			return nil, errors.New("no such file")
		}
		return bytes.NewReader(b.weights), nil
	}})
}

// scores runs a session on the same random inputs every time; symbolic sizes are n.
func scores(t *testing.T, s *model.Session, n int) map[string][]float32 {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	in := map[string]*tensor.Tensor{}
	for _, p := range s.Inputs() {
		var dims []int
		for _, d := range p.Dims {
			if d.Size < 0 {
				d.Size = n
			}
			dims = append(dims, d.Size)
		}
		x := tensor.Must(tensor.New(p.DType, dims...))
		switch d := x.Any().(type) {
		case []float32:
			for i := range d {
				d[i] = rng.Float32()*2 - 1
			}
		case []int64:
			for i := range d {
				d[i] = 1
			}
		}
		in[p.Name] = x
	}
	out, err := s.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	list := map[string][]float32{}
	for name, o := range out {
		if o.DType() == tensor.Float32 {
			list[name] = tensor.Data[float32](o)
		}
	}
	return list
}

// TestSameResult compares compiled models with what they were made of, for a batch
// of one, which the weights were packed for, and of another size.
func TestSameResult(t *testing.T) {
	host := native.New()
	defer host.Close()
	for name, file := range demoFiles(t) {
		if strings.HasPrefix(name, "leaf/1.") { // the net of 2.0.0
			continue
		}
		for _, tt := range []struct {
			name string
			opt  compile.Options
			e    engine.Engine
			near float64
		}{
			{"planned", compile.Options{}, engine.Planned{Host: host}, 0},
			{"without kernels", compile.Options{}, engine.Reference{}, 0},
			{"half", compile.Options{Half: true}, engine.Planned{Host: host}, 2e-2},
		} {
			t.Run(name+" "+tt.name, func(t *testing.T) {
				b := compiled(t, file, tt.opt)
				t.Logf("%d bytes of ONNX, %d of plan, %d of weights", len(file), len(b.plan), len(b.weights))
				want, err := model.Load(file, model.Options{Engine: tt.e})
				if err != nil {
					t.Fatal(err)
				}
				defer want.Close()
				got, err := b.open(tt.e)
				if err != nil {
					t.Fatal(err)
				}
				defer got.Close()
				for _, n := range []int{1, 2} {
					near(t, scores(t, got, n), scores(t, want, n), tt.near)
				}
			})
		}
	}
}

func near(t *testing.T, got, want map[string][]float32, most float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d outputs, want %d", len(got), len(want))
	}
	for name, w := range want {
		scale := 1.0
		for _, v := range w {
			scale = max(scale, math.Abs(float64(v)))
		}
		for i, v := range w {
			if d := math.Abs(float64(got[name][i] - v)); !(d <= most*scale) {
				t.Fatalf("%s[%d] is %v, want %v", name, i, got[name][i], v)
			}
		}
	}
}

// TestBroken has files that do not fit.
func TestBroken(t *testing.T) {
	host := native.New()
	defer host.Close()
	e := engine.Planned{Host: host}
	good := compiled(t, demoFiles(t)["leaf-small/1.0.0/model.onnx"], compile.Options{})
	change := func(old, text string) built {
		if !bytes.Contains(good.plan, []byte(old)) || len(old) != len(text) {
			t.Fatalf("the plan has no %q", old)
		}
		return built{bytes.ReplaceAll(good.plan, []byte(old), []byte(text)), good.weights}
	}
	for _, tt := range []struct {
		name, text string
		b          built
	}{
		{"weights cut", "beyond the end", built{good.plan, good.weights[:len(good.weights)-4]}},
		{"no weights", "beyond the end", built{good.plan, nil}},
		{"forms of other kernels", "compile it again", change(" panels[", " pamels[")},
		{"another version", "compile it again", change(onnx.CompiledKey+"\x12\x011", onnx.CompiledKey+"\x12\x012")},
		{"another file", "no such file", change(compile.WeightsFile, "weighty.bin")},
		{"plan cut", "", built{good.plan[:len(good.plan)/2], good.weights}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := tt.b.open(e)
			if err == nil { // the forms are looked at by the plan of the first run
				_, err = s.Run(context.Background(), map[string]*tensor.Tensor{"image": tensor.Must(tensor.New(tensor.Float32, 1, 3, 160, 160))})
				s.Close()
			}
			var own *model.Error
			if !errors.As(err, &own) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want %q", err, tt.text)
			}
		})
	}
}

// FuzzOpen changes a plan: whatever it says, loading and running it ends with a
// result or a typed error.
func FuzzOpen(f *testing.F) {
	host := native.New()
	good := compiled(f, demoFiles(f)["leaf-small/1.0.0/model.onnx"], compile.Options{})
	f.Add(good.plan)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := built{b, good.weights}.open(engine.Planned{Host: host, MaxBytes: 64 << 20})
		if err == nil {
			defer s.Close()
			_, err = s.Run(context.Background(), map[string]*tensor.Tensor{"image": tensor.Must(tensor.New(tensor.Float32, 1, 3, 160, 160))})
		}
		var own *model.Error
		if err != nil && !errors.As(err, &own) {
			t.Errorf("untyped error %v", err)
		}
	})
}
