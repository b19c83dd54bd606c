package op

import (
	"math"
	"slices"

	"larder/model/tensor"
)

// What detectors do with boxes. Specification:
// https://onnx.ai/onnx/operators/onnx__NonMaxSuppression.html (10, 11),
// https://onnx.ai/onnx/operators/onnx__RoiAlign.html (10, 16:
// coordinate_transformation_mode, 22) and
// https://onnx.ai/onnx/operators/onnx__MaxRoiPool.html (1, 22).

var detectOps = []Entry{
	{"", "MaxRoiPool", 1, newMaxRoiPool},
	{"", "NonMaxSuppression", 10, newNonMaxSuppression},
	{"", "RoiAlign", 10, newRoiAlign},
}

// nonMaxSuppression chooses the best boxes that do not overlap too much.
type nonMaxSuppression struct {
	// center says that a box is center and size instead of two corners.
	center bool
}

func newNonMaxSuppression(n Node) (Operator, error) {
	center, err := flag(n.Attrs, "center_point_box", 0)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 5, 1}, inFloat64{nonMaxSuppression{center}})
}

// types implements [rule].
func (nonMaxSuppression) types(in []Value) ([]Value, error) {
	d := named{}
	if err := d.read("boxes", in[0], "BN4"); err != nil {
		return nil, err
	}
	if n := d.of('4'); n >= 0 && n != 4 {
		return nil, Invalidf("boxes have %d numbers, want 4", n)
	}
	if err := d.read("scores", in[1], "BCN"); err != nil {
		return nil, err
	}
	for i, v := range in[:2] {
		if err := wantType([]string{"boxes", "scores"}[i], v, tensor.Float32); err != nil {
			return nil, err
		}
	}
	if _, _, err := scalarInt("max_output_boxes_per_class", input(in, 2)); err != nil {
		return nil, err
	}
	for i := 3; i < len(in); i++ {
		if err := wantType("threshold", in[i], tensor.Float32); err != nil {
			return nil, err
		}
		if v := in[i]; v.Ranked && dimsProduct(v.Shape) >= 0 && dimsProduct(v.Shape) != 1 {
			return nil, Invalidf("threshold has shape %v", v.Shape)
		}
	}
	return []Value{Of(tensor.Int64, tensor.Unknown, 3)}, nil
}

// run implements [rule].
func (o nonMaxSuppression) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	most, limit, least := 0, 0.0, math.Inf(-1)
	if t := tensorAt(in, 2); t != nil {
		n, err := flatInts("max_output_boxes_per_class", t)
		if err != nil {
			return nil, err
		}
		most = int(max(0, min(n[0], math.MaxInt32)))
	}
	if t := doubles(tensorAt(in, 3)); t != nil {
		if limit = t[0]; !(limit >= 0 && limit <= 1) {
			return nil, Invalidf("iou_threshold is %v, want 0 to 1", limit)
		}
	}
	if t := doubles(tensorAt(in, 4)); t != nil {
		least = t[0]
	}
	boxes, scores := doubles(in[0]), doubles(in[1])
	batch, classes, n := in[1].Dim(0), in[1].Dim(1), in[1].Dim(2)
	out := []int64{}
	for b := range batch {
		for c := range classes {
			row := scores[(b*classes+c)*n:][:n]
			for _, i := range o.chosen(boxes[b*n*4:][:n*4], row, most, limit, least) {
				out = append(out, int64(b), int64(c), int64(i))
			}
		}
	}
	return []*tensor.Tensor{tensor.Must(tensor.Of(out, len(out)/3, 3))}, nil
}

// chosen returns the boxes of one class that stay, best first.
func (o nonMaxSuppression) chosen(boxes, scores []float64, most int, limit, least float64) []int {
	var order, kept []int
	for i, s := range scores {
		if s > least {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	for _, i := range order {
		if len(kept) >= most {
			break
		}
		if !slices.ContainsFunc(kept, func(k int) bool {
			return overlap(o.corners(boxes[i*4:]), o.corners(boxes[k*4:])) > limit
		}) {
			kept = append(kept, i)
		}
	}
	return kept
}

// corners returns the least and the greatest corner of a box.
func (o nonMaxSuppression) corners(b []float64) [4]float64 {
	if o.center {
		w, h := b[2]/2, b[3]/2
		return [4]float64{b[0] - w, b[1] - h, b[0] + w, b[1] + h}
	}
	return [4]float64{min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])}
}

// overlap returns the area of a and b both by that of either.
func overlap(a, b [4]float64) float64 {
	both := max(0, min(a[2], b[2])-max(a[0], b[0])) * max(0, min(a[3], b[3])-max(a[1], b[1]))
	areaA, areaB := (a[2]-a[0])*(a[3]-a[1]), (b[2]-b[0])*(b[3]-b[1])
	if areaA <= 0 || areaB <= 0 {
		return 0
	}
	return both / (areaA + areaB - both)
}
