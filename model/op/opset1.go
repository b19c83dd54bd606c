package op

import (
	"strings"

	"larder/model/tensor"
)

// Operators whose first opset said the same in another way, written as those of
// today. https://github.com/onnx/onnx/blob/main/docs/Changelog.md, version 1.

var opset1Ops = []Entry{
	{"", "Cast", 1, expander(arity{1, 1, 1}, expandCast1)},
	{"", "Pad", 1, expander(arity{1, 1, 1}, expandPad1)},
	{"", "Split", 1, expander(arity{1, 2, maxParts}, expandSplit1)},
	{"", "Tile", 1, expander(arity{3, 3, 1}, expandTile1)},
	{"", "Upsample", 1, expander(arity{1, 1, 1}, expandUpsample1)},
}

// maxParts bounds the outputs of the first Split.
const maxParts = 1 << 10

// expandCast1 reads the name of an element type instead of its number.
func expandCast1(x *expansion) error {
	name, err := x.Attrs.String("to", "")
	if err != nil {
		return err
	}
	switch name = strings.ToLower(name); name {
	case "float":
		name = "float32"
	case "double":
		name = "float64"
	}
	d, ok := tensor.ParseDType(name)
	if !ok {
		return Invalidf("attribute %q is %q, no element type", "to", name)
	}
	x.give(0, x.add("Cast", Attrs{"to": int64(d)}, x.in(0)))
	return nil
}

func expandPad1(x *expansion) error {
	pads, err := x.Attrs.Ints("paddings")
	if err != nil {
		return err
	}
	value, err := x.Attrs.Float("value", 0)
	if err != nil {
		return err
	}
	x.give(0, x.add("Pad", x.pick("mode"), x.in(0), x.value(tensor.Vector(pads...)), x.number(value, x.in(0))))
	return nil
}

func expandSplit1(x *expansion) error {
	sizes, err := x.Attrs.Ints("split")
	if err != nil {
		return err
	}
	attrs, split := x.pick("axis"), ""
	switch {
	case x.has(1):
		split = x.add("Cast", Attrs{"to": int64(tensor.Int64)}, x.in(1))
	case len(sizes) > 0:
		split = x.value(tensor.Vector(sizes...))
	default:
		attrs["num_outputs"] = int64(len(x.Outputs))
	}
	for i, name := range x.all(len(x.Outputs), "", "Split", attrs, x.in(0), split) {
		x.give(i, name)
	}
	return nil
}

// expandTile1 repeats along one axis; how often, and which, are inputs of the
// data's type.
func expandTile1(x *expansion) error {
	one := func(in string) string {
		whole := x.add("Cast", Attrs{"to": int64(tensor.Int64)}, in)
		return x.add("Reshape", nil, whole, x.value(tensor.Vector[int64](1)))
	}
	rank := x.add("Shape", nil, x.add("Shape", nil, x.in(0)))
	ones := x.add("ConstantOfShape", Attrs{"value": tensor.Vector[int64](1)}, rank)
	times := x.add("ScatterElements", nil, ones, one(x.in(2)), one(x.in(1)))
	x.give(0, x.add("Tile", nil, x.in(0), times))
	return nil
}

func expandUpsample1(x *expansion) error {
	mode, err := x.Attrs.String("mode", "nearest")
	if err != nil {
		return err
	}
	if mode == "bilinear" {
		mode = "linear"
	}
	scales := []float32{1, 1, 1, 1}
	for i, name := range []string{"height_scale", "width_scale"} {
		if scales[i+2], err = x.Attrs.Float(name, 0); err != nil {
			return err
		}
		if scales[i+2] < 1 {
			return Invalidf("%s is %v, want at least 1", name, scales[i+2])
		}
	}
	attrs := Attrs{"mode": mode, "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
	x.give(0, x.add("Resize", attrs, x.in(0), "", x.value(tensor.Vector(scales...))))
	return nil
}
