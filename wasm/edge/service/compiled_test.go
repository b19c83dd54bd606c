package service

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"larder/model/compile"
	"larder/model/pack"
)

// TestCompiledPackage has a package whose network is a compiled one: graph and
// weights are needed at once, and answer as the ONNX file does.
func TestCompiledPackage(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(static, "models", "leaf-small", "1.0.0")
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	m, err := pack.DecodeManifest(read(pack.ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	var weights bytes.Buffer
	plan, err := compile.Compile(bytes.NewReader(read("model.onnx")), &weights, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m.Model, m.Demos, m.Licence.Notices = pack.Model{Format: pack.FormatPlan, File: compile.PlanFile}, nil, nil
	if err := pack.Write(filepath.Join(root, "models"), m, []pack.Source{{Path: compile.PlanFile, Role: pack.RoleModel, Data: plan},
		{Path: compile.WeightsFile, Role: pack.RoleWeights, Data: weights.Bytes()}}, false, "latest"); err != nil {
		t.Fatal(err)
	}
	for _, rooted := range []string{root, static} {
		h, s := newHost(rooted), New(Options{})
		r := h.do(t, s, classifySmall(t, noon))
		if r.Status != 200 || !strings.Contains(string(r.Body), `"label":"healthy"`) {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
		if rooted == root && (len(h.asked) != 4 || len(s.shelf.arrived)+len(s.shelf.wanted) != 0) {
			t.Errorf("fetched %v, want index, manifest, plan and weights", h.asked)
		}
	}
	damaged := newHost(root)
	s := New(Options{})
	if err := os.WriteFile(filepath.Join(root, "models/leaf-small/1.0.0", compile.WeightsFile), weights.Bytes()[1:], 0o644); err != nil {
		t.Fatal(err)
	}
	if r := damaged.do(t, s, classifySmall(t, noon)); r.Status == 200 || !strings.Contains(string(r.Body), "not those of the manifest") {
		t.Errorf("damaged weights: %d %s", r.Status, r.Body)
	}
}
