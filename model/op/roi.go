package op

import (
	"math"

	"larder/model/tensor"
)

// roiPool is RoiAlign and MaxRoiPool: parts of a picture brought to one size.
type roiPool struct {
	height, width int
	scale         float64
	// align is RoiAlign; the others are its attributes.
	align, greatest, halfPixel bool
	samples                    int // along each side of an output element, 0: by size
}

func newMaxRoiPool(n Node) (Operator, error) {
	size, err := sizes(n.Attrs, "pooled_shape", 1)
	if err != nil {
		return nil, err
	}
	if len(size) != 2 {
		return nil, Invalidf("pooled_shape is %v, want two sizes", size)
	}
	scale, err := n.Attrs.Float("spatial_scale", 1)
	if err != nil {
		return nil, err
	}
	r := &roiPool{height: size[0], width: size[1], scale: float64(scale)}
	return newRuled(n, arity{2, 2, 1}, inFloat64{r})
}

func newRoiAlign(n Node) (Operator, error) {
	r := &roiPool{align: true}
	mode, err := n.Attrs.String("mode", "avg")
	if err != nil {
		return nil, err
	}
	if err := oneOf("mode", mode, "avg", "max"); err != nil {
		return nil, err
	}
	r.greatest = mode == "max"
	if n.Opset >= 16 {
		pixel, err := n.Attrs.String("coordinate_transformation_mode", "half_pixel")
		if err != nil {
			return nil, err
		}
		if err := oneOf("coordinate_transformation_mode", pixel, "half_pixel", "output_half_pixel"); err != nil {
			return nil, err
		}
		r.halfPixel = pixel == "half_pixel"
	}
	if r.height, err = countAttr(n.Attrs, "output_height", 1, 1); err != nil {
		return nil, err
	}
	if r.width, err = countAttr(n.Attrs, "output_width", 1, 1); err != nil {
		return nil, err
	}
	if r.samples, err = countAttr(n.Attrs, "sampling_ratio", 0, 0); err != nil {
		return nil, err
	}
	scale, err := n.Attrs.Float("spatial_scale", 1)
	if err != nil {
		return nil, err
	}
	r.scale = float64(scale)
	return newRuled(n, arity{3, 3, 1}, inFloat64{r})
}

// types implements [rule].
func (r *roiPool) types(in []Value) ([]Value, error) {
	t, err := floatTypes.same(in[0], in[1])
	if err != nil {
		return nil, err
	}
	d := named{'4': 4, '5': 5}
	if err := d.read("X", in[0], "NCHW"); err != nil {
		return nil, err
	}
	names := "R5"
	if r.align {
		names = "R4"
		if err := wantType("batch_indices", in[2], tensor.Int64); err != nil {
			return nil, err
		}
		if err := d.read("batch_indices", in[2], "R"); err != nil {
			return nil, err
		}
	}
	if err := d.read("rois", in[1], names); err != nil {
		return nil, err
	}
	return []Value{Of(t, d.of('R'), d.of('C'), r.height, r.width)}, nil
}

// run implements [rule].
func (r *roiPool) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	y, data := blank[float64](out[0].Shape)
	x, rois := doubles(in[0]), doubles(in[1])
	batch, channels, h, w := in[0].Dim(0), in[0].Dim(1), in[0].Dim(2), in[0].Dim(3)
	if h*w == 0 && len(data) > 0 {
		return nil, Invalidf("regions of empty pictures")
	}
	cols := in[1].Dim(1)
	size := channels * r.height * r.width
	for i := range out[0].Shape[0] {
		box := rois[i*cols:][:cols]
		b := int64(-1)
		if r.align {
			b = tensor.Data[int64](in[2])[i]
		} else if box[0] >= 0 && box[0] < float64(batch) {
			b, box = int64(box[0]), box[1:]
		}
		if b < 0 || b >= int64(batch) {
			return nil, Invalidf("region %d is of picture %d of %d", i, b, batch)
		}
		picture := x[int(b)*channels*h*w:][:channels*h*w]
		var err error
		if r.align {
			err = r.alignBox(data[i*size:][:size], picture, h, w, box)
		} else {
			r.poolBox(data[i*size:][:size], picture, h, w, box)
		}
		if err != nil {
			return nil, err
		}
	}
	return []*tensor.Tensor{y}, nil
}

// side is one dimension of a region: output element o has n samples, the k-th at
// start + o·step + (k + 1/2)·step/n.
type side struct {
	start, step float64
	n           int
}

func (r *roiPool) side(from, to float64, outputs int) (side, error) {
	offset := 0.0
	if r.halfPixel {
		offset = 0.5
	}
	from, to = from*r.scale-offset, to*r.scale-offset
	size := to - from
	if !r.halfPixel {
		size = max(size, 1)
	}
	s := side{from, size / float64(outputs), r.samples}
	if s.n == 0 {
		n := math.Ceil(s.step)
		if !(n < maxRoiSamples) {
			return s, Unsupportedf("a region of size %v", size)
		}
		s.n = int(max(0, n))
	}
	if s.n >= maxRoiSamples {
		return s, Unsupportedf("sampling_ratio %d", s.n)
	}
	return s, nil
}

// maxRoiSamples bounds the samples along one side of one output element.
const maxRoiSamples = 1 << 12

// spots returns the elements around sample k of output element o.
func (s side) spots(to []spot, o, k, n, stride int) []spot {
	v := s.start + float64(o)*s.step + (float64(k)+0.5)*s.step/float64(s.n)
	if !(v >= -1 && v <= float64(n)) {
		return to
	}
	lin := sampler{mode: "linear", padding: "border", corners: true}
	return lin.spots(to, v, n, stride)
}

// alignBox is RoiAlign of one region.
func (r *roiPool) alignBox(out, x []float64, h, w int, box []float64) error {
	rows, err := r.side(box[1], box[3], r.height)
	if err != nil {
		return err
	}
	cols, err := r.side(box[0], box[2], r.width)
	if err != nil {
		return err
	}
	if rows.n*cols.n*len(out) > elemLoop {
		return Unsupportedf("%d samples for each of %d elements", rows.n*cols.n, len(out))
	}
	plane, bins := h*w, r.height*r.width
	var a, b, all []spot
	for bin := range bins {
		for s := range rows.n * cols.n {
			a = rows.spots(a[:0], bin/r.width, s/cols.n, h, w)
			b = cols.spots(b[:0], bin%r.width, s%cols.n, w, 1)
			all = crossed(all[:0], a, b)
			for c := range len(out) / bins {
				to := &out[c*bins+bin]
				if p := x[c*plane:][:plane]; !r.greatest {
					*to += weighed(p, all) / float64(rows.n*cols.n)
				} else if v := heaviest(p, all); s == 0 || v > *to {
					*to = v
				}
			}
		}
	}
	return nil
}

// heaviest returns the greatest element by weight: what RoiAlign calls max.
func heaviest(x []float64, spots []spot) float64 {
	top := math.Inf(-1)
	for _, s := range spots {
		top = max(top, s.weight*x[s.at])
	}
	if len(spots) == 0 {
		return 0
	}
	return top
}

// poolBox is MaxRoiPool of one region.
func (r *roiPool) poolBox(out, x []float64, h, w int, box []float64) {
	rows := r.cells(box[1], box[3], r.height, h)
	cols := r.cells(box[0], box[2], r.width, w)
	for i := range out {
		c, py, px := i/(r.height*r.width), i/r.width%r.height, i%r.width
		top, any := math.Inf(-1), false
		for y := rows[py][0]; y < rows[py][1]; y++ {
			for k := cols[px][0]; k < cols[px][1]; k++ {
				top, any = max(top, x[(c*h+y)*w+k]), true
			}
		}
		if any {
			out[i] = top
		}
	}
}

// cells returns the first and the end of the elements of n that each output of
// one side of a region sees.
func (r *roiPool) cells(from, to float64, outputs, n int) [][2]int {
	bound := func(v float64) int {
		if v != v {
			return 0
		}
		return int(max(0, min(float64(n), v)))
	}
	lo, hi := math.Round(from*r.scale), math.Round(to*r.scale)
	step := max(hi-lo+1, 1) / float64(outputs)
	out := make([][2]int, outputs)
	for i := range out {
		out[i] = [2]int{bound(lo + math.Floor(float64(i)*step)), bound(lo + math.Ceil(float64(i+1)*step))}
	}
	return out
}
