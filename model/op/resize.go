package op

import (
	"math"

	"larder/model/tensor"
)

// Resize (opset 10 up) and its forerunner Upsample (7 and 9). This file finds
// out what is asked of each axis; resize_coord.go says which input coordinate
// an output element means, resize_filter.go which elements it is made of.
// https://onnx.ai/onnx/operators/onnx__Resize.html

var resizeOps = []Entry{
	{"", "Upsample", 7, newUpsample},
	{"", "Resize", 10, newResize},
}

type resize struct {
	mode, coordinate, nearest string
	cubicA                    float64
	excludeOutside, antialias bool
	extrapolation             float64
	policy                    string
	axes                      []int64 // since opset 18; nil: all
	scales                    []float64
	// roiAt, scalesAt and sizesAt are the inputs with these meanings, -1 if none.
	roiAt, scalesAt, sizesAt int
}

// resizeAxis is what happens to one dimension.
type resizeAxis struct {
	in, out    int
	scale      float64
	start, end float64 // the region of interest, of tf_crop_and_resize only
}

// present reports whether input i is there and not an empty tensor, which
// before opset 13 stood for an absent one.
func present(in []Value, i int) bool {
	v := optional(in, i)
	return !v.Absent && !(v.Ranked && len(v.Shape) == 1 && v.Shape[0] == 0)
}

// vectorOf returns the numbers of input i, nil if it is not there.
func vectorOf(in []Value, i int) (nums []float64, known bool, err error) {
	if !present(in, i) {
		return nil, true, nil
	}
	v := in[i]
	if v.Const == nil {
		return nil, false, nil
	}
	nums = floatsOf(v.Const)
	if v.Const.Rank() != 1 || nums == nil {
		return nil, false, Invalidf("input %d is %v, not a vector of numbers", i, v)
	}
	return nums, true, nil
}

// plan returns what happens to each axis; known is false if that depends on
// values that are not known yet.
func (r *resize) plan(in []Value) (list []resizeAxis, known bool, err error) {
	axes64 := r.axes
	if axes64 == nil {
		for k := range in[0].Shape {
			axes64 = append(axes64, int64(k))
		}
	}
	axes, err := axesOf(axes64, len(in[0].Shape))
	if err != nil {
		return nil, false, err
	}
	list = make([]resizeAxis, len(in[0].Shape))
	for k, d := range in[0].Shape {
		list[k] = resizeAxis{in: d, out: d, scale: 1, end: 1}
	}
	roiKnown, err := r.regions(in, list, axes)
	if err != nil {
		return nil, false, err
	}
	scales, scalesKnown, err := vectorOf(in, r.scalesAt)
	if r.scales != nil {
		scales = r.scales
	}
	if err != nil {
		return nil, false, err
	}
	sizes, sizesKnown, err := vectorOf(in, r.sizesAt)
	if err != nil || !roiKnown || !scalesKnown || !sizesKnown {
		return nil, false, err
	}
	switch {
	case (scales == nil) == (sizes == nil):
		return nil, false, Invalidf("either scales or sizes must be given")
	case len(scales)+len(sizes) != len(axes):
		return nil, false, Invalidf("%d scales or sizes for %d axes", len(scales)+len(sizes), len(axes))
	case scales != nil:
		return list, true, r.byScales(list, axes, scales)
	}
	return list, true, r.bySizes(list, axes, sizes)
}

// regions reads the region of interest.
func (r *resize) regions(in []Value, list []resizeAxis, axes []int) (known bool, err error) {
	if r.coordinate != "tf_crop_and_resize" {
		return true, nil
	}
	roi, known, err := vectorOf(in, r.roiAt)
	if err != nil || !known {
		return false, err
	}
	if len(roi) != 2*len(axes) {
		return false, Invalidf("region of interest of %d numbers for %d axes", len(roi), len(axes))
	}
	for i, k := range axes {
		list[k].start, list[k].end = roi[i], roi[i+len(axes)]
		if math.IsNaN(list[k].end-list[k].start) || math.IsInf(list[k].end-list[k].start, 0) {
			return false, Invalidf("region of interest from %v to %v", list[k].start, list[k].end)
		}
	}
	return true, nil
}

// byScales multiplies sizes; in float32, as exporters do, and without regard to
// the region of interest, as ONNX's own shape inference does against the text.
func (r *resize) byScales(list []resizeAxis, axes []int, scales []float64) error {
	for i, k := range axes {
		a := &list[k]
		if a.scale = scales[i]; !(a.scale > 0) || math.IsInf(a.scale, 0) {
			return Invalidf("scale %v of axis %d", a.scale, k)
		}
		if a.in < 0 {
			continue
		}
		out := math.Floor(float64(float32(a.in) * float32(a.scale)))
		if err := a.setSize(k, out); err != nil {
			return err
		}
	}
	return nil
}

// setSize sets the output's size.
func (a *resizeAxis) setSize(axis int, out float64) error {
	switch {
	case out < 0 || out != math.Floor(out):
		return Invalidf("size %v of axis %d", out, axis)
	case out > math.MaxInt32:
		return Unsupportedf("size %v of axis %d", out, axis)
	case out > 0 && a.in == 0:
		return Invalidf("axis %d has no elements to make %v of", axis, out)
	}
	a.out = int(out)
	return nil
}

// bySizes divides sizes, and keeps the aspect ratio if it shall.
func (r *resize) bySizes(list []resizeAxis, axes []int, sizes []float64) error {
	common := math.NaN()
	for i, k := range axes {
		a := &list[k]
		if a.in < 0 {
			if r.policy != "stretch" {
				for _, k := range axes {
					list[k].out = tensor.Unknown
				}
				return nil
			}
			a.out = int(min(max(sizes[i], 0), math.MaxInt32))
			continue
		}
		if err := a.setSize(k, sizes[i]); err != nil {
			return err
		}
		if a.scale = 1; a.in > 0 {
			a.scale = float64(a.out) / float64(a.in)
		}
		if r.policy == "not_larger" && !(a.scale >= common) || r.policy == "not_smaller" && !(a.scale <= common) {
			common = a.scale
		}
	}
	if r.policy == "stretch" {
		return nil
	}
	for _, k := range axes {
		a := &list[k]
		a.scale = common
		if err := a.setSize(k, math.Floor(common*float64(a.in)+0.5)); err != nil {
			return err
		}
	}
	return nil
}

func (r *resize) types(in []Value) ([]Value, error) {
	v := in[0]
	if r.mode != "nearest" && !numberTypes.has(v.DType) {
		return nil, Unsupportedf("mode %q for %v", r.mode, v.DType)
	}
	if !v.Ranked {
		return []Value{Unranked(v.DType)}, nil
	}
	list, known, err := r.plan(in)
	if err != nil {
		return nil, err
	}
	if !known {
		return []Value{dimsOfRank(v.DType, len(v.Shape))}, nil
	}
	shape := make(tensor.Shape, len(list))
	for k, a := range list {
		shape[k] = a.out
	}
	if n, err := shape.Elems(); r.mode != "nearest" && err == nil && n > MaxResultBytes/8 {
		return nil, Unsupportedf("mode %q for %v elements", r.mode, n) // float64 in between
	}
	return []Value{Of(v.DType, shape...)}, nil
}

func (r *resize) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	list, _, err := r.plan(knownAll(in))
	if err != nil {
		return nil, err
	}
	for _, d := range out[0].Shape {
		if d == 0 {
			return single(tensor.New(out[0].DType, out[0].Shape...))
		}
	}
	if r.mode == "nearest" {
		return r.runNearest(in[0], out[0], list)
	}
	return r.runFilter(in[0], out[0], list)
}
