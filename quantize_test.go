package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"larder/model/engine"
	"larder/model/engine/native"
)

// leafTest is the leaf model's test split beside the checkout, if it is there.
const leafTest = "../shared/data/leaf-test"

// TestQuantizedLeaf quantises the leaf model by its demo pictures and measures
// both on the test split: integers may cost a point of accuracy at most.
func TestQuantizedLeaf(t *testing.T) {
	if testing.Short() {
		t.Skip("classifies 28 pictures with two models")
	}
	if _, err := os.Stat(leafTest); err != nil {
		t.Skipf("the test split is not beside the checkout: %v", err)
	}
	out := filepath.Join(t.TempDir(), "leaf.onnx")
	var text bytes.Buffer
	std := stdio{strings.NewReader(""), &text, &text}
	if code := dispatch(context.Background(), std, []string{"quantize", "leaf", "--data", "web/static/models/leaf/2.0.0/demo", "--out", out}); code != 0 {
		t.Fatalf("status %d: %s", code, text.String())
	}
	host := native.New()
	defer host.Close()
	p, float, err := predictFlags{registry: defaultRegistry, version: "2.0.0"}.packageOf(context.Background(), "leaf")
	if err != nil {
		t.Fatal(err)
	}
	integer, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	all, err := picturesIn(leafTest)
	if err != nil {
		t.Fatal(err)
	}
	var files []string // the others need `larder evaluate` and more time
	for i := 0; i < len(all); i += 3 {
		files = append(files, all[i])
	}
	right, err := p.accuracy(context.Background(), float, files, engine.Planned{Host: host})
	if err != nil {
		t.Fatal(err)
	}
	right8, err := p.accuracy(context.Background(), integer, files, engine.Planned{Host: host})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d and %d of %d right, %d and %d bytes", right, right8, len(files), len(float), len(integer))
	if 100*(right-right8) > len(files) || right8 < len(files)*9/10 {
		t.Errorf("%d of %d right with floats, %d with integers: more than a point less", right, len(files), right8)
	}
}

func TestQuantizeUsage(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		args       []string
	}{
		{"no model", "MODEL", []string{"quantize"}},
		{"no data", "--data is missing", []string{"quantize", "leaf", "--out", "x"}},
		{"no out", "--out is missing", []string{"quantize", "leaf", "--data", "x"}},
		{"both", "needs no --data", []string{"quantize", "leaf", "--data", "x", "--out", "y", "--dynamic"}},
		{"no samples", "--samples 0", []string{"quantize", "leaf", "--data", "x", "--out", "y", "--samples", "0"}},
		{"no folder", "no such folder", []string{"quantize", "leaf", "--data", "nowhere", "--out", "y"}},
		{"evaluate without data", "--data is missing", []string{"evaluate", "leaf"}},
		{"evaluate without pictures", "no pictures", []string{"evaluate", "leaf", "--data", "model/post"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var text bytes.Buffer
			code := dispatch(context.Background(), stdio{strings.NewReader(""), &text, &text}, tt.args)
			if code == 0 || !strings.Contains(text.String(), tt.want) {
				t.Errorf("status %d, %q, want %q", code, text.String(), tt.want)
			}
		})
	}
}
