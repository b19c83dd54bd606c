package op

import (
	"slices"
)

// The constructors of Resize and Upsample.

func newUpsample(n Node) (Operator, error) {
	r := &resize{coordinate: "asymmetric", nearest: "simple", policy: "stretch", roiAt: -1, scalesAt: 1, sizesAt: -1}
	var err error
	if r.mode, err = n.Attrs.String("mode", "nearest"); err != nil {
		return nil, err
	}
	if r.mode == "bilinear" { // the name in some files of the time
		r.mode = "linear"
	}
	if err := oneOf("mode", r.mode, "nearest", "linear"); err != nil {
		return nil, err
	}
	if n.Opset >= 9 {
		return newRuled(n, arity{2, 2, 1}, r)
	}
	scales, err := n.Attrs.Floats("scales")
	if err != nil {
		return nil, err
	}
	r.scalesAt, r.scales = -1, make([]float64, len(scales))
	for i, s := range scales {
		r.scales[i] = float64(s)
	}
	return newRuled(n, arity{1, 1, 1}, r)
}

// oneOf checks an attribute that is one of a few words.
func oneOf(name, got string, words ...string) error {
	if slices.Contains(words, got) {
		return nil
	}
	return Invalidf("attribute %q is %q, allowed are %q", name, got, words)
}

func newResize(n Node) (Operator, error) {
	r := &resize{coordinate: "asymmetric", nearest: "simple", policy: "stretch", roiAt: -1, scalesAt: 1, sizesAt: -1}
	var err error
	if r.mode, err = n.Attrs.String("mode", "nearest"); err != nil {
		return nil, err
	}
	if n.Opset < 11 {
		if err := oneOf("mode", r.mode, "nearest", "linear"); err != nil {
			return nil, err
		}
		return newRuled(n, arity{2, 2, 1}, r)
	}
	r.roiAt, r.scalesAt, r.sizesAt = 1, 2, 3
	if err := r.read(n); err != nil {
		return nil, err
	}
	if err := r.check(n.Opset); err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 4, 1}, r)
}

// read reads the attributes of opset 11 and later.
func (r *resize) read(n Node) error {
	var a, extra float32
	var exclude, anti int64
	var err error
	for _, step := range []func() error{
		func() error {
			r.coordinate, err = n.Attrs.String("coordinate_transformation_mode", "half_pixel")
			return err
		},
		func() error { r.nearest, err = n.Attrs.String("nearest_mode", "round_prefer_floor"); return err },
		func() error { a, err = n.Attrs.Float("cubic_coeff_a", -0.75); return err },
		func() error { extra, err = n.Attrs.Float("extrapolation_value", 0); return err },
		func() error { exclude, err = n.Attrs.Int("exclude_outside", 0); return err },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	r.cubicA, r.extrapolation, r.excludeOutside = float64(a), float64(extra), exclude != 0
	if n.Opset < 18 {
		return nil
	}
	if anti, err = n.Attrs.Int("antialias", 0); err != nil {
		return err
	}
	r.antialias = anti != 0
	if r.policy, err = n.Attrs.String("keep_aspect_ratio_policy", "stretch"); err != nil {
		return err
	}
	r.axes, err = n.Attrs.Ints("axes")
	return err
}

// check checks the attributes that are words.
func (r *resize) check(opset int) error {
	words := []string{"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"}
	if opset < 13 {
		words = append(words, "tf_half_pixel_for_nn")
	}
	if opset >= 19 {
		words = append(words, "half_pixel_symmetric")
	}
	if err := oneOf("coordinate_transformation_mode", r.coordinate, words...); err != nil {
		return err
	}
	if err := oneOf("mode", r.mode, "nearest", "linear", "cubic"); err != nil {
		return err
	}
	if err := oneOf("nearest_mode", r.nearest, "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"); err != nil {
		return err
	}
	return oneOf("keep_aspect_ratio_policy", r.policy, "stretch", "not_larger", "not_smaller")
}
