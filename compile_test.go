package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"larder/model/compile"
	"larder/model/pack"
)

func TestPack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	stdout, stderr, status := larder(t, "", "pack", smallModel, "--f16", "-o", dir)
	if status != 0 || !strings.Contains(stdout, compile.PlanFile) {
		t.Fatal(stdout, stderr)
	}
	weights, err := os.Stat(filepath.Join(dir, compile.WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := os.Stat(filepath.Join(dir, compile.PlanFile))
	if err != nil || plan.Size() > weights.Size() {
		t.Errorf("plan %v, weights %v, %v", plan, weights, err)
	}
	if _, stderr, status := larder(t, "", "pack", write(t, "x.onnx", "no model")); status != 1 || !strings.Contains(stderr, "is this an ONNX file?") {
		t.Error(status, stderr)
	}
}

// TestAddCompiled makes a package of a compiled model and asks it.
func TestAddCompiled(t *testing.T) {
	answers := map[string]string{}
	for _, form := range []string{"", "f32", "f16"} {
		root := t.TempDir()
		args := []string{"add", smallModel, "--name", "bean", "--version", "1.0.0", "--registry", root, "--labels", write(t, "l.txt", "x\ny\nz"), "--divisor", "127.5", "--mean", "1,1,1", "--std", "1,1,1"}
		if form != "" {
			args = append(args, "--compile", form)
		}
		if _, stderr, status := larder(t, "", args...); status != 0 {
			t.Fatal(stderr)
		}
		m := added(t, root, "bean", "1.0.0")
		if compiled := m.Model.Format == pack.FormatPlan; compiled != (form != "") || compiled && m.File(compile.WeightsFile) == nil {
			t.Errorf("%q: %+v", form, m.Model)
		}
		stdout, stderr, status := larder(t, "", "predict", "bean", demoFolder+"healthy.jpg", "--registry", root)
		if status != 0 {
			t.Fatal(stderr)
		}
		answers[form] = strings.Fields(stdout)[1]
		t.Log(stdout)
	}
	if answers["f32"] != answers[""] || answers["f16"] != answers[""] {
		t.Errorf("answers %v", answers)
	}
	if _, _, status := larder(t, "", "add", smallModel, "--name", "bean", "--version", "1.0.0", "--registry", t.TempDir(), "--compile", "f8"); status != 2 {
		t.Errorf("status %d for a form that is none", status)
	}
}
