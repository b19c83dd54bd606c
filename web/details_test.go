//go:build !js

package web

import (
	"testing"

	"larder/web/state"
)

func TestDetails(t *testing.T) {
	choices := []state.ChoiceView{{Value: "leaf@", Label: "Leaf"}, {Value: "leaf@1.0.0", Label: "Leaf 1", Chosen: true}}
	check(t, []look{
		{"no model", &Details{Choices: choices},
			[]string{`<label for="model">`, `<option value="leaf@1.0.0">Leaf 1</option>`, "No model is loaded yet."}, []string{"<dl", `id="check"`}},
		{"no index", &Details{}, nil, []string{"<select"}},
		{"model", &Details{Choices: choices, Model: &state.ModelView{Title: "Leaf", Version: "2.0.0", Checked: "checked just now"}},
			[]string{"<dt>Version</dt><dd>2.0.0</dd>", "<dt>Age</dt><dd>checked just now</dd>", "Check for a newer version"}, []string{"No model"}},
		{"checking", &Details{Model: &state.ModelView{Checking: true}}, []string{`aria-busy="true"`, "Checking…"}, nil},
	})
}

func TestTimings(t *testing.T) {
	check(t, []look{
		{"rows", &Timings{Rows: []state.TimingView{{Label: "Infer", Text: "402 ms", Value: "0.9000"}, {Label: "Total", Text: "450 ms", Value: "1.0000", Total: true}}},
			[]string{`<th scope="row">Infer</th>`, `value="0.9000"`, `<tr data-total="true">`}, nil},
	})
}

func TestColophon(t *testing.T) {
	check(t, []look{{"always", &Colophon{}, []string{"The picture never leaves this device."}, []string{"Models stay"}},
		{"larder", &Colophon{Page: state.PageLarder}, []string{"Models stay until"}, []string{"picture"}}})
}
