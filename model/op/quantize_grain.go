package op

import (
	"math"

	"larder/model/tensor"
)

// grain says which scale belongs to which element.
type grain struct {
	axis, block int64
	since13     bool
}

func newGrain(n Node) (g grain, err error) {
	g.since13 = n.Opset >= 13
	g.axis = 1
	if g.since13 {
		if g.axis, err = n.Attrs.Int("axis", 1); err != nil {
			return g, err
		}
	}
	if n.Opset >= 21 {
		g.block, err = n.Attrs.Int("block_size", 0)
	}
	if err == nil && (g.block < 0 || g.block > math.MaxInt32) {
		err = Invalidf("block_size is %d", g.block)
	}
	return g, err
}

// check checks the shapes of the scale and the zero point for a tensor x.
func (g grain) check(x, scale, zero Value) error {
	if zero.Ranked && scale.Ranked && !zero.Absent && !(maybeSingle(zero.Shape) && maybeSingle(scale.Shape)) {
		if err := sameSizes("zero point", scale.Shape, zero.Shape); err != nil {
			return err
		}
	}
	if !scale.Ranked || !x.Ranked || single1(scale.Shape) {
		return nil
	}
	if len(scale.Shape) == 1 && scale.Shape[0] < 0 {
		return nil // it may be one number for everything
	}
	if !g.since13 {
		return Invalidf("scale %v is not a scalar, as it must be before opset 13", scale)
	}
	axis, err := axisOf(g.axis, len(x.Shape))
	if err != nil {
		return err
	}
	if len(scale.Shape) == 1 && g.block == 0 {
		if _, ok := mergeDim(scale.Shape[0], x.Shape[axis]); !ok {
			return Invalidf("scale %v does not fit dimension %d of %v", scale, axis, x)
		}
		return nil
	}
	if g.block == 0 || len(scale.Shape) != len(x.Shape) {
		return Invalidf("scale %v does not fit %v", scale, x)
	}
	want := x.Shape.Clone()
	if want[axis] >= 0 {
		want[axis] = (want[axis] + int(g.block) - 1) / int(g.block)
	}
	return sameSizes("scale", want, scale.Shape)
}

// single1 reports whether a scale of this shape is one for the whole tensor.
func single1(s tensor.Shape) bool {
	return len(s) == 0 || len(s) == 1 && s[0] == 1
}

// maybeSingle reports whether single1 is or may turn out to be true.
func maybeSingle(s tensor.Shape) bool { return single1(s) || len(s) == 1 && s[0] < 0 }

// sameSizes checks that two shapes can be equal.
func sameSizes(what string, want, got tensor.Shape) error {
	if len(want) != len(got) {
		return Invalidf("%s of shape %v, want %v", what, got, want)
	}
	for k := range want {
		if _, ok := mergeDim(want[k], got[k]); !ok {
			return Invalidf("%s of shape %v, want %v", what, got, want)
		}
	}
	return nil
}

// index returns the function from an element of x to its scale.
func (g grain) index(x, scale tensor.Shape) func(i int) int {
	if single1(scale) {
		return func(int) int { return 0 }
	}
	axis, _ := axisOf(g.axis, len(x)) // checked by check
	size, inner := x[axis], dimsProduct(x[axis+1:])
	if len(scale) == 1 && g.block == 0 {
		return func(i int) int { return i / inner % size }
	}
	block, blocks := int(g.block), scale[axis]
	return func(i int) int {
		return (i/inner/size*blocks+i/inner%size/block)*inner + i%inner
	}
}
