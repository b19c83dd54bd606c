package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// nativeProfile runs `larder profile --host native --json` and returns the steps.
func nativeProfile(t *testing.T, args ...string) []stepJSON {
	t.Helper()
	stdout, stderr, status := larder(t, "", append([]string{"profile", "--host", "native", "--runs", "1", "--json"}, args...)...)
	if status != 0 {
		t.Fatal(stderr)
	}
	var r struct {
		Run, First float64
		Profile    struct {
			Total float64
			Steps []stepJSON
		}
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	if r.Run <= 0 || r.First <= 0 || r.Profile.Total <= 0 {
		t.Errorf("times %v, %v, %v", r.Run, r.First, r.Profile.Total)
	}
	return r.Profile.Steps
}

// count returns how many steps a kernel has, and the sum of all shares.
func count(steps []stepJSON, kernel string) (n int, shares float64) {
	for _, s := range steps {
		if s.Kernel == kernel {
			n++
		}
		shares += s.Share
	}
	return n, shares
}

func TestProfile(t *testing.T) {
	npy := filepath.Join(t.TempDir(), "x.npy")
	if _, stderr, status := larder(t, "", "predict", "leaf-small", lossless("healthy"), "--input-npy", npy); status != 0 {
		t.Fatal(stderr)
	}
	const onnx = defaultRegistry + "/leaf-small/1.0.0/model.onnx"
	for name, args := range map[string][]string{
		"random":          {"leaf-small"},
		"picture":         {"leaf-small", demoFolder + "healthy.jpg"},
		"file and tensor": {onnx, npy},
		"file and shape":  {onnx, "--shape", "image=2x3x160x160"},
	} {
		t.Run(name, func(t *testing.T) {
			steps := nativeProfile(t, args...)
			if n, shares := count(steps, "depthwise-3"); n < 5 || shares < 0.999 || shares > 1.001 {
				t.Errorf("%d depthwise steps, shares sum to %v: %+v", n, shares, steps)
			}
			for i, s := range steps {
				if s.Step != i || s.Host || s.Kernel == "depthwise-3" && (s.Op != "larder.Conv" || s.GFlops <= 0) {
					t.Errorf("step %d is %+v", i, s)
				}
			}
		})
	}
}

func TestProfilePrints(t *testing.T) {
	stdout, stderr, status := larder(t, "", "profile", "leaf-small", "--host", "native", "--runs", "1")
	if status != 0 {
		t.Fatal(stderr)
	}
	for _, want := range []string{"leaf-small by native, engine simd, 1 thread: ", "step        ms  share   GFLOP/s  kernel", "depthwise-3-s2     larder.Conv", " 100.0% "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
}

func TestProfileErrors(t *testing.T) {
	text := filepath.Join(t.TempDir(), "x.npy")
	if err := os.WriteFile(text, []byte("no array"), 0o644); err != nil {
		t.Fatal(err)
	}
	const onnx = defaultRegistry + "/leaf-small/1.0.0/model.onnx"
	tests := []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"no model", nil, 2, "MODEL is missing"},
		{"two files", []string{"a", "b", "c"}, 2, `unexpected argument "c"`},
		{"host", []string{"leaf", "--host", "firefox"}, 2, "want chromium or native"},
		{"threads", []string{"leaf", "--threads", "9"}, 2, "want 1 to 8"},
		{"runs", []string{"leaf", "--runs", "0"}, 2, "want 1 to 1000"},
		{"shape", []string{"leaf", "--shape", "x"}, 2, "NAME=1x3x224x224"},
		{"size", []string{"leaf", "--shape", "x=3xq"}, 2, `"q" is not a size`},
		{"unknown model", []string{"leave"}, 1, "there is no model"},
		{"no such file", []string{"leave.onnx"}, 1, "no such file"},
		{"picture for a file", []string{onnx, lossless("healthy")}, 2, "a picture needs a model of a registry"},
		{"no array", []string{onnx, text}, 1, "is no array in NumPy's format"},
		{"no site", []string{onnx, "--dir", t.TempDir()}, 1, "run ./build.sh build first"},
		{"wrong shape", []string{onnx, "--host", "native", "--shape", "image=1x2"}, 1, `input "image" has 2 dimensions`},
		{"no model file", []string{text + "x", "--host", "native"}, 1, "there is no model"},
	}
	t.Setenv("CHROMIUM", "/bin/false")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, stderr, status := larder(t, "", append([]string{"profile"}, tt.args...)...)
			if status != tt.status || !strings.Contains(stderr, tt.want) {
				t.Errorf("status %d, %q, want %d, %q", status, stderr, tt.status, tt.want)
			}
		})
	}
}

// TestReadNPY reads what writeNPY does not write.
func TestReadNPY(t *testing.T) {
	array := func(header string, data int) []byte {
		b := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
		return append(append(b, header...), make([]byte, data)...)
	}
	head := func(shape string) string {
		return "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }\n"
	}
	tests := []struct {
		name string
		file []byte
		want string // of the error; "" for none
	}{
		{"scalar", array(head(""), 4), ""},
		{"vector", array(head("3,"), 12), ""},
		{"empty", array(head("0, 3"), 0), ""},
		{"nothing", nil, "is no array"},
		{"header beyond the end", array(head("3,"), 12)[:30], "is no array"},
		{"float64", array(strings.Replace(head("3,"), "f4", "f8", 1), 24), "no float32 array"},
		{"too short", array(head("3,"), 11), "has 11 bytes for the shape [3]"},
		{"huge", array(head("4294967296, 4294967296"), 0), "has 0 bytes"},
		{"no number", array(head("99999999999999999999,"), 0), "has the size"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readNPY(tt.file)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// FuzzReadNPY checks that no file panics, and that what is read has its size.
func FuzzReadNPY(f *testing.F) {
	f.Add([]byte("\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }            \n\x00\x00\x80\x3f"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := readNPY(b)
		if err != nil {
			return
		}
		n := 4
		for _, d := range x.Dims {
			n *= d
		}
		if n != len(x.Data) {
			t.Errorf("%v has %d bytes", x.Dims, len(x.Data))
		}
	})
}
