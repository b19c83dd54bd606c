package plan

import (
	"fmt"
	"math"
	"testing"

	"larder/model/tensor"
)

// Compiled models name recipes by these texts: they must not change.
func TestLabels(t *testing.T) {
	scale := float32(1) / 3
	for _, c := range []struct {
		r    recipe
		want string
	}{
		{windows{1, 22, 333, 9, 1}, fmt.Sprintf("windows%v", []int{1, 22, 333, 9, 1})},
		{taps{13, 25}, "taps[13 25]"},
		{vector{1000}, "vector1000"},
		{zeros(16), "zeros16"},
		{stored{tensor.Shape{1, 3}, Rows}, "rows[1 3]"},
		{panels{k: 5, kPad: 8, n: 11, scale: 1}, "panels[5 8 11 false 1]"},
		{panels{k: 5, kPad: 8, n: 11, transposed: true, scale: scale}, fmt.Sprintf("panels%v", []any{5, 8, 11, true, scale})},
		{panels{scale: 1e-9}, fmt.Sprintf("panels%v", []any{0, 0, 0, false, float32(1e-9)})},
		{panels{scale: float32(math.Inf(-1))}, "panels[0 0 0 false -Inf]"},
	} {
		if got := c.r.String(); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
