package op

import (
	"math"

	"larder/model/tensor"
)

// Reading pictures between their elements. Specification:
// https://onnx.ai/onnx/operators/onnx__GridSample.html (16, 20: other names of
// modes, any number of spatial dimensions, 22),
// https://onnx.ai/onnx/operators/onnx__AffineGrid.html (20) and
// https://onnx.ai/onnx/operators/onnx__DeformConv.html (19, 22).

var sampleOps = []Entry{
	{"", "AffineGrid", 20, newAffineGrid},
	{"", "DeformConv", 19, newDeformConv},
	{"", "GridSample", 16, newGridSample},
}

// sampler says how elements between elements are found.
type sampler struct {
	mode, padding string // "nearest", "linear", "cubic"; "zeros", "border", "reflection"
	corners       bool
}

// spot is an element and its weight.
type spot struct {
	at     int
	weight float64
}

// limits returns the least and the greatest coordinate of n elements.
func (s *sampler) limits(n int) (lo, hi float64) {
	if s.corners {
		return 0, float64(n - 1)
	}
	return -0.5, float64(n) - 0.5
}

// reflected folds x into [lo, hi].
func reflected(x, lo, hi float64) float64 {
	if hi <= lo {
		return lo
	}
	d := math.Mod(math.Abs(x-lo), 2*(hi-lo))
	return lo + min(d, 2*(hi-lo)-d)
}

// farAway bounds coordinates, so that they are integers without overflow.
const farAway = 1 << 30

// spots appends the elements of n that make the one at x, each at a multiple of
// stride.
func (s *sampler) spots(to []spot, x float64, n, stride int) []spot {
	if x = max(-farAway, min(farAway, x)); math.IsNaN(x) {
		x = -farAway
	}
	if s.mode == "nearest" {
		x = math.RoundToEven(x)
	}
	// Cubic reads beyond the border first and moves its neighbours then, as
	// PyTorch and ONNX Runtime do.
	if lo, hi := s.limits(n); s.mode != "cubic" && (x < lo || x > hi) {
		switch s.padding {
		case "border":
			x = max(0, min(float64(n-1), x))
		case "reflection":
			x = reflected(x, lo, hi)
		}
	}
	base := math.Floor(x)
	var buf [4]float64
	first, weights := int(base), cubicWeights(&buf, s.mode, x-base)
	if s.mode == "cubic" {
		first--
	}
	for i, w := range weights {
		if at := s.inside(first+i, n); at >= 0 {
			to = append(to, spot{at * stride, w})
		}
	}
	return to
}

// cubicWeights returns the weights of neighbours at distance f behind the first
// one (cubic: the second one).
func cubicWeights(buf *[4]float64, mode string, f float64) []float64 {
	const a = -0.75
	switch mode {
	case "nearest":
		buf[0] = 1
		return buf[:1]
	case "linear":
		buf[0], buf[1] = 1-f, f
		return buf[:2]
	}
	outer := func(x float64) float64 { return ((a*x-5*a)*x+8*a)*x - 4*a }
	inner := func(x float64) float64 { return ((a+2)*x-(a+3))*x*x + 1 }
	*buf = [4]float64{outer(f + 1), inner(f), inner(1 - f), outer(2 - f)}
	return buf[:]
}

// inside returns the element of n that stands at place i, -1 for a zero.
func (s *sampler) inside(i, n int) int {
	if i >= 0 && i < n {
		return i
	}
	switch s.padding {
	case "border":
		return max(0, min(n-1, i))
	case "reflection":
		lo, hi := s.limits(n)
		return max(0, min(n-1, int(reflected(float64(i), lo, hi))))
	}
	return -1
}

// crossed returns every pair of a and b: their places added, their weights
// multiplied.
func crossed(to, a, b []spot) []spot {
	for _, p := range a {
		for _, q := range b {
			to = append(to, spot{p.at + q.at, p.weight * q.weight})
		}
	}
	return to
}

// gridSample is the operator GridSample.
type gridSample struct{ sampler }

func newGridSample(n Node) (Operator, error) {
	g := &gridSample{}
	def, modes := "linear", []string{"linear", "nearest", "cubic"}
	if n.Opset < 20 {
		def, modes = "bilinear", []string{"bilinear", "nearest", "bicubic"}
	}
	var err error
	if g.mode, err = n.Attrs.String("mode", def); err != nil {
		return nil, err
	}
	if err := oneOf("mode", g.mode, modes...); err != nil {
		return nil, err
	}
	switch g.mode {
	case "bilinear":
		g.mode = "linear"
	case "bicubic":
		g.mode = "cubic"
	}
	if g.padding, err = n.Attrs.String("padding_mode", "zeros"); err != nil {
		return nil, err
	}
	if err := oneOf("padding_mode", g.padding, "zeros", "border", "reflection"); err != nil {
		return nil, err
	}
	if g.corners, err = flag(n.Attrs, "align_corners", 0); err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 2, 1}, inFloat64{g})
}

// types implements [rule].
func (g *gridSample) types(in []Value) ([]Value, error) {
	x, grid := in[0], in[1]
	if err := floatTypes.check("X", x); err != nil {
		return nil, err
	}
	if err := floatTypes.check("grid", grid); err != nil {
		return nil, err
	}
	if !x.Ranked || !grid.Ranked {
		return []Value{Unranked(x.DType)}, nil
	}
	r := len(x.Shape) - 2
	if r < 1 || len(grid.Shape) != r+2 {
		return nil, Invalidf("X of shape %v and grid of shape %v", x.Shape, grid.Shape)
	}
	if r > maxSpatial {
		return nil, Unsupportedf("%d spatial dimensions", r)
	}
	if c := grid.Shape[r+1]; c >= 0 && c != r {
		return nil, Invalidf("grid of shape %v for %d spatial dimensions", grid.Shape, r)
	}
	batch, ok := mergeDim(x.Shape[0], grid.Shape[0])
	if !ok {
		return nil, Invalidf("X of shape %v and grid of shape %v", x.Shape, grid.Shape)
	}
	shape := append(tensor.Shape{batch, x.Shape[1]}, grid.Shape[1:r+1]...)
	return []Value{Of(x.DType, shape...)}, nil
}

// run implements [rule].
func (g *gridSample) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x, grid := doubles(in[0]), doubles(in[1])
	y, data := blank[float64](out[0].Shape)
	space := in[0].Shape()[2:]
	plane, strides := product(space), space.Strides()
	points := product(out[0].Shape[2:])
	if plane == 0 {
		return []*tensor.Tensor{y}, nil
	}
	channels, r := out[0].Shape[1], len(space)
	var all, axis, next []spot
	for i := range out[0].Shape[0] * points {
		all = append(all[:0], spot{0, 1})
		for k, n := range space {
			v := grid[i*r+r-1-k] // x comes first, and is the last dimension
			c := ((v+1)*float64(n) - 1) / 2
			if g.corners {
				c = (v + 1) / 2 * float64(n-1)
			}
			axis = g.spots(axis[:0], c, n, strides[k])
			next = crossed(next[:0], all, axis)
			all, next = next, all
		}
		b, p := i/points, i%points
		for c := range channels {
			data[(b*channels+c)*points+p] = weighed(x[(b*channels+c)*plane:], all)
		}
	}
	return []*tensor.Tensor{y}, nil
}

// weighed returns the sum of elements by weight.
func weighed(x []float64, spots []spot) float64 {
	sum := 0.0
	for _, s := range spots {
		sum += s.weight * x[s.at]
	}
	return sum
}

// affineGrid is the operator AffineGrid: the places that GridSample reads.
type affineGrid struct{ corners bool }

func newAffineGrid(n Node) (Operator, error) {
	corners, err := flag(n.Attrs, "align_corners", 0)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 2, 1}, inFloat64{affineGrid{corners}})
}

// types implements [rule].
func (a affineGrid) types(in []Value) ([]Value, error) {
	theta := in[0]
	if err := floatTypes.check("theta", theta); err != nil {
		return nil, err
	}
	size, known, err := constInts("size", in[1])
	if err != nil {
		return nil, err
	}
	r := length(in[1]) - 2
	if theta.Ranked && len(theta.Shape) == 3 && theta.Shape[1] >= 0 {
		if r, known = theta.Shape[1], known && r == theta.Shape[1]; length(in[1]) >= 0 && length(in[1]) != r+2 {
			return nil, Invalidf("size has %d elements for theta of shape %v", length(in[1]), theta.Shape)
		}
	}
	if r < 0 {
		if length(in[1]) >= 0 {
			return nil, Invalidf("size has %d elements", length(in[1]))
		}
		return []Value{Unranked(theta.DType)}, named{}.read("theta", theta, "***")
	}
	if r != 2 && r != 3 {
		return nil, Invalidf("theta of shape %v, want 2 or 3 spatial dimensions", theta.Shape)
	}
	d := named{'R': r, 'Q': r + 1}
	if err := d.read("theta", theta, "NRQ"); err != nil {
		return nil, err
	}
	if !known {
		return []Value{Of(theta.DType, append(append(tensor.Shape{d.of('N')}, unknownShape(r)...), r)...)}, nil
	}
	shape, err := toShape(size)
	if err != nil {
		return nil, err
	}
	if err := d.set("size", 'N', shape[0]); err != nil {
		return nil, err
	}
	return []Value{Of(theta.DType, append(append(tensor.Shape{shape[0]}, shape[2:]...), r)...)}, nil
}

// run implements [rule].
func (a affineGrid) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	theta := doubles(in[0])
	y, data := blank[float64](out[0].Shape)
	r := in[0].Dim(1)
	space := out[0].Shape[1 : r+1]
	points, strides := product(space), space.Strides()
	at := make([]float64, r+1)
	at[r] = 1
	for i := range out[0].Shape[0] * points {
		for k, n := range space {
			at[r-1-k] = a.coordinate(i%points/strides[k]%n, n)
		}
		m := theta[i/points*r*(r+1):]
		for k := range r {
			data[i*r+k] = dot(at, m[k*(r+1):][:r+1])
		}
	}
	return []*tensor.Tensor{y}, nil
}

// coordinate returns where element i of n lies between -1 and 1.
func (a affineGrid) coordinate(i, n int) float64 {
	if a.corners {
		return -1 + 2*float64(i)/max(1, float64(n-1))
	}
	return (2*float64(i)+1)/float64(n) - 1
}
