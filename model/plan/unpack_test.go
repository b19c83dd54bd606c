package plan

import (
	"slices"
	"testing"

	"larder/model/tensor"
)

// numbered returns 1, 2, 3 …
func numbered(n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(i + 1)
	}
	return s
}

func TestUnpackIsTheWayBack(t *testing.T) {
	for _, test := range []struct {
		name   string
		recipe recipe
		n      int
	}{
		{"matrix", panels{5, 5, 11, false, 1}, 55},
		{"padded matrix", panels{5, 8, 16, false, 1}, 80},
		{"transposed matrix", panels{7, 8, 9, true, 1}, 63},
		{"large matrix", panels{300, 300, 700, false, 1}, 210000},
		{"filters", windows{0, 10, 3, 9, 1}, 270},
		{"merged groups", windows{0, 8, 2, 9, 4}, 144},
		{"depthwise", taps{13, 25}, 325},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := numbered(test.n)
			w := &Weight{Source: tensor.Must(tensor.Of(want, test.n)), recipe: test.recipe}
			packed := make([]float32, test.recipe.floats())
			if err := w.Pack(func(at int, part []float32) error {
				copy(packed[at/floatBytes:], part)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			got := make([]float32, test.n)
			if err := Unpack(w.Form(), packed, got); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %v, the elements are not the same", w.Form(), err)
			}
		})
	}
}

func TestUnpackRefuses(t *testing.T) {
	for _, test := range []struct {
		name, form       string
		packed, elements int
	}{
		{"nothing", "", 0, 0},
		{"unknown", "stored[1 2]", 2, 2},
		{"no number", "panels[a 1 1 false 1]", 8, 1},
		{"negative", "panels[-1 1 1 false 1]", 8, 1},
		{"other size", "panels[4 4 8 false 1]", 31, 32},
		{"more than there is", "panels[4 4 8 false 1]", 32, 31},
		{"behind the end", "windows[100 8 1 1 1]", 32, 8},
		{"groups of none", "windows[0 8 1 1 0]", 0, 8},
		{"product that wraps around", "windows[0 8 2 1073741824 1073741824]", 0, 0},
		{"many columns of no rows", "panels[0 0 2147483647 true 1]", 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if Unpack(test.form, make([]float32, test.packed), make([]float32, test.elements)) == nil {
				t.Errorf("%q fits %d floats for %d elements", test.form, test.packed, test.elements)
			}
		})
	}
}

func FuzzUnpack(f *testing.F) {
	for _, form := range []string{"panels[4 4 8 false 1]", "panels[8 4 4 true 1]", "windows[0 8 1 4 1]", "taps[8 4]", "taps[4294967296 4294967296]"} {
		f.Add(form, uint16(32), uint16(32))
	}
	f.Fuzz(func(t *testing.T, form string, packed, elements uint16) {
		_ = Unpack(form, make([]float32, packed), make([]float32, elements)) // must end, whatever it says
	})
}
