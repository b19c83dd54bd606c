package state

import (
	"reflect"
	"testing"
)

type tree = map[string]any

func TestDecodeShell(t *testing.T) {
	shell, err := DecodeShell(tree{"index": testIndex.Encode(), "demos": []any{
		tree{"label": "rust", "display": "Bean rust", "url": "models/rust.jpg"}, tree{"label": "no URL"}, "no object"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Demo{{Label: "rust", Display: "Bean rust", URL: "models/rust.jpg"}}
	if !reflect.DeepEqual(shell.Demos, want) || shell.pick() != "leaf" {
		t.Errorf("shell %+v", shell)
	}
}

func TestDecodeShellInvalid(t *testing.T) {
	for name, v := range map[string]any{"nothing": nil, "list": []any{}, "no index": tree{}, "index of another kind": tree{"index": 3.0}} {
		if _, err := DecodeShell(v); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestDemosOf(t *testing.T) {
	outputs := []any{tree{"labels": []any{tree{"id": "rust", "display": "Bean rust"}, tree{"id": "healthy"}}}}
	demo := func(file, label string) any { return tree{"file": file, "label": label} }
	tests := []struct {
		name  string
		demos any
		want  []Demo
	}{
		{"one of each class", []any{demo("demo/a.jpg", "rust"), demo("demo/b.jpg", "rust"), demo("c.jpg", "healthy")},
			[]Demo{{"rust", "Bean rust", "models/leaf/1/demo/a.jpg"}, {"healthy", "healthy", "models/leaf/1/c.jpg"}}},
		{"of no class", []any{demo("boat.jpg", ""), demo("x.jpg", "other")}, nil},
		{"outside of the folder", []any{demo("../x.jpg", "rust"), demo("/x.jpg", "rust"), demo("a//x.jpg", "rust"), demo(`a\x.jpg`, "rust"), demo("x?y", "rust"), demo("https://x/y", "rust")}, nil},
		{"malformed", []any{nil, 3.0, tree{"file": 1.0, "label": "rust"}}, nil},
		{"no list", "demos", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := DemosOf(tree{"outputs": outputs, "demos": tt.demos}, "models/leaf/1/")
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
	if got := DemosOf(nil, ""); got != nil {
		t.Errorf("of no manifest: %v", got)
	}
}

// FuzzDemosOf checks that no manifest leads out of its folder.
func FuzzDemosOf(f *testing.F) {
	f.Add("demo/a.jpg", "rust")
	f.Add("../a.jpg", "rust")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, file, label string) {
		manifest := tree{"outputs": []any{tree{"labels": []any{tree{"id": label}}}}, "demos": []any{tree{"file": file, "label": label}}}
		for _, d := range DemosOf(manifest, "base/") {
			if !localFile(d.URL[len("base/"):]) {
				t.Errorf("URL %q", d.URL)
			}
		}
	})
}
