//go:build !js

package web

import (
	"testing"

	"larder/web/state"
)

func TestSpecimen(t *testing.T) {
	picker := state.PickerView{Demos: []state.DemoView{
		{Display: "Healthy", URL: "models/a.jpg"}, {Display: "Bean rust", URL: "models/b.jpg", Chosen: true}}}
	check(t, []look{
		{"empty", &Specimen{},
			[]string{`data-full="false"`, `<label class="button primary" for="photo">`, `id="photo"`, ">Choose a photo<", `class="blank"`}, []string{"<figure", "data-demo"}},
		{"demos", &Specimen{Picker: picker},
			[]string{`aria-pressed="false" data-demo="0"`, `aria-pressed="true" data-demo="1"`, `src="models/a.jpg"`, ">Bean rust<"}, nil},
		{"picture", &Specimen{Picture: &state.PictureView{URL: "blob:x", Alt: `A "photo"`, Caption: "<b>"}, Picker: state.PickerView{Busy: true}},
			[]string{`data-full="true"`, `data-busy="true"`, `id="preview" alt="A &#34;photo&#34;" src="blob:x"`, "&lt;b&gt;", ">Choose another photo<"}, []string{"blank", "<b>"}},
		{"picture that cannot be shown", &Specimen{Picture: &state.PictureView{Caption: "Your photo: x.txt"}},
			[]string{"This file cannot be shown.", "x.txt"}, []string{`id="preview"`}},
	})
}
