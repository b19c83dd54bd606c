package plan

import (
	"fmt"
	"strconv"
	"strings"

	"larder/model/tensor"
)

// maxUnpacked bounds the elements that can be told apart by a 32-bit float.
const maxUnpacked = 1 << 24

// Unpack is the way back from a form of [Weight.Form]: it puts the elements of a
// constant where ONNX has them, as far as the form has them. It is for engines
// without kernels and for plans that want another form. The form comes from a file
// and may say anything.
func Unpack(form string, packed, to []float32) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("plan: form %q does not fit %d elements", form, len(to))
		}
	}()
	r := parseForm(form)
	if r == nil || len(to) > maxUnpacked || !fits(r, len(packed), len(to)) {
		return fmt.Errorf("plan: form %q does not fit %d elements", form, len(to))
	}
	// Packing numbers shows where each element goes.
	numbers := make([]float32, len(to))
	for i := range numbers {
		numbers[i] = float32(i + 1)
	}
	m := &packer{from: tensor.Must(tensor.Of(numbers, len(to)))}
	m.to = func(at int, part []float32) error {
		for i, n := range part {
			if n > 0 {
				to[int(n)-1] = packed[at+i]
			}
		}
		return nil
	}
	return r.pack(m)
}

// parseForm reads what the String of a recipe wrote; nil if it is none.
func parseForm(text string) recipe {
	name, rest, _ := strings.Cut(strings.TrimSuffix(text, "]"), "[")
	var n []int
	transposed := false
	for _, word := range strings.Fields(rest) {
		switch v, err := strconv.ParseUint(word, 10, 31); {
		case word == "true", word == "false":
			transposed = word == "true"
		case err != nil:
			return nil
		default:
			n = append(n, int(v))
		}
	}
	switch {
	case name == "panels" && len(n) == 4:
		return panels{n[0], n[1], n[2], transposed, 1}
	case name == "windows" && len(n) == 5:
		return windows{n[0], n[1], n[2], n[3], n[4]}
	case name == "taps" && len(n) == 2:
		return taps{n[0], n[1]}
	}
	return nil
}

// fits reports whether a recipe makes packed floats of at most elements of a
// constant. Sizes are checked before they are multiplied, so that no product wraps
// around: a form may claim any.
func fits(r recipe, packed, elements int) bool {
	within := func(limit int, sizes ...int) bool {
		product := 1
		for _, n := range sizes {
			if product *= n; n > limit || product > limit {
				return false
			}
		}
		return true
	}
	switch r := r.(type) {
	case panels:
		return within(elements, r.k, r.n) && within(packed, r.n, r.kPad) && r.floats() == packed
	case windows:
		return r.first <= elements && within(elements, r.first+r.count, r.in, r.taps) &&
			within(packed, r.in, r.merged) && within(packed, r.taps, lanesUp(r.in*r.merged)) && r.floats() == packed
	case taps:
		return within(elements, r.channels, r.taps) && r.floats() == packed
	}
	return false
}
