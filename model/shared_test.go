package model_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"larder/model/tensor"
)

// shared returns the path of something in the folder "shared" beside the
// checkout, which holds models and golden outputs that are too many for the
// repository. It skips the test, with one line, where there is no such folder.
func shared(t *testing.T, elem ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("there is no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	root := filepath.Join(filepath.Dir(dir), "shared", "models")
	if _, err := os.Stat(root); err != nil {
		t.Skip("there is no folder shared/models beside the checkout")
	}
	return filepath.Join(append([]string{root}, elem...)...)
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	if err := json.Unmarshal(readFile(t, path), v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

var npyShape = regexp.MustCompile(`'shape': \(([0-9, ]*)\)`)

// readNPY reads a float32 array as numpy.save writes it.
func readNPY(t testing.TB, path string) *tensor.Tensor {
	t.Helper()
	b := readFile(t, path)
	if !bytes.HasPrefix(b, []byte("\x93NUMPY\x01\x00")) || !bytes.Contains(b[:128], []byte("'<f4', 'fortran_order': False")) {
		t.Fatalf("%s is not a float32 array", path)
	}
	start := 10 + int(binary.LittleEndian.Uint16(b[8:]))
	var dims []int
	for _, s := range strings.Split(npyShape.FindStringSubmatch(string(b[:start]))[1], ",") {
		if s = strings.TrimSpace(s); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil {
				t.Fatal(err)
			}
			dims = append(dims, n)
		}
	}
	data := make([]float32, (len(b)-start)/4)
	for i := range data {
		data[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[start+4*i:]))
	}
	x, err := tensor.Of(data, dims...)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return x
}

// matrix makes a float32 tensor of rows.
func matrix(t testing.TB, rows [][]float64) *tensor.Tensor {
	t.Helper()
	var data []float32
	for _, r := range rows {
		for _, v := range r {
			data = append(data, float32(v))
		}
	}
	x, err := tensor.Of(data, len(rows), len(rows[0]))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// numbers returns the elements of a float32 or int64 tensor.
func numbers(t testing.TB, x *tensor.Tensor) []float64 {
	t.Helper()
	var out []float64
	switch x.DType() {
	case tensor.Float32:
		for _, v := range tensor.Data[float32](x) {
			out = append(out, float64(v))
		}
	case tensor.Int64:
		for _, v := range tensor.Data[int64](x) {
			out = append(out, float64(v))
		}
	default:
		t.Fatalf("unexpected %v", x)
	}
	return out
}

// near fails unless got is within tol of want, absolutely or relatively.
func near(t testing.TB, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers instead of %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= tol*max(1, math.Abs(want[i]))) {
			t.Fatalf("%s: number %d is %g, want %g within %g", what, i, got[i], want[i], tol)
		}
	}
}
