package op

import "larder/model/tensor"

// RotaryEmbedding turns pairs of elements by angles that belong to a place in a
// sequence. Specification:
// https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html (23).

var rotaryOps = []Entry{
	{"", "RotaryEmbedding", 23, newRotary},
	{contribDomain, "RotaryEmbedding", 1, newContribRotary},
}

// rotary is RotaryEmbedding of both domains.
type rotary struct {
	heads, dim  int
	interleaved bool
	// positions, cos and sin are the places of these inputs.
	positions, cos, sin int
	// offset says that a position of one element is that of the first place.
	offset bool
	scale  float64
}

func newRotary(n Node) (Operator, error) {
	r, err := readRotary(n, "rotary_embedding_dim")
	if err != nil {
		return nil, err
	}
	r.cos, r.sin, r.positions = 1, 2, 3
	return newRuled(n, arity{3, 4, 1}, inFloat64{r})
}

// newContribRotary makes the operator of com.microsoft: positions come before
// the tables.
func newContribRotary(n Node) (Operator, error) {
	r, err := readRotary(n, "rotary_embedding_dim")
	if err != nil {
		return nil, err
	}
	scale, err := n.Attrs.Float("scale", 1)
	if err != nil {
		return nil, err
	}
	if scale != 1 {
		return nil, Unsupportedf("scale %v", scale)
	}
	r.positions, r.cos, r.sin, r.offset = 1, 2, 3, true
	return newRuled(n, arity{4, 4, 1}, inFloat64{r})
}

func readRotary(n Node, dim string) (*rotary, error) {
	r := &rotary{}
	var err error
	if r.heads, err = countAttr(n.Attrs, "num_heads", 0, 0); err != nil {
		return nil, err
	}
	if r.dim, err = countAttr(n.Attrs, dim, 0, 0); err != nil {
		return nil, err
	}
	if r.dim%2 != 0 {
		return nil, Invalidf("%s is %d, want an even number", dim, r.dim)
	}
	r.interleaved, err = flag(n.Attrs, "interleaved", 0)
	return r, err
}

// headSize returns how many elements a head has.
func (r *rotary) headSize(x tensor.Shape, half int) (int, error) {
	if len(x) != 3 && len(x) != 4 {
		return 0, Invalidf("input has shape %v, want rank 3 or 4", x)
	}
	last := x[len(x)-1]
	switch {
	case len(x) == 4:
		return last, nil
	case r.heads > 0:
		return over("input", last, r.heads)
	case r.offset && half >= 0: // com.microsoft lets the tables tell
		if r.dim > 0 {
			return 0, Invalidf("num_heads is missing")
		}
		_, err := over("input", last, max(1, 2*half))
		return 2 * half, err
	case r.offset:
		return tensor.Unknown, nil
	}
	return 0, Invalidf("num_heads is missing for an input of rank 3")
}

// types implements [rule].
func (r *rotary) types(in []Value) ([]Value, error) {
	x, pos := in[0], input(in, r.positions)
	if _, err := floatTypes.same(x, in[r.cos], in[r.sin]); err != nil {
		return nil, err
	}
	if err := wantType("position_ids", pos, tensor.Int64); err != nil {
		return nil, err
	}
	d, names := named{}, "MR"
	if pos.Absent {
		names = "BSR"
	}
	for _, t := range []struct {
		what string
		at   int
	}{{"cos_cache", r.cos}, {"sin_cache", r.sin}} {
		if err := d.read(t.what, in[t.at], names); err != nil {
			return nil, err
		}
	}
	if !x.Ranked {
		return []Value{like(x)}, nil
	}
	size, err := r.headSize(x.Shape, d.of('R'))
	if err != nil {
		return nil, err
	}
	places := 1
	if len(x.Shape) == 4 {
		places = 2
	}
	if err := d.set("input", 'B', x.Shape[0]); err != nil {
		return nil, err
	}
	if err := d.set("input", 'S', x.Shape[places]); err != nil {
		return nil, err
	}
	if err := r.checkHalf(size, d.of('R')); err != nil {
		return nil, err
	}
	if r.offset && pos.Ranked && len(pos.Shape) == 1 {
		return []Value{like(x)}, named{}.read("position_ids", pos, "1")
	}
	return []Value{like(x)}, d.read("position_ids", pos, "BS")
}

// checkHalf checks that the tables are for half the elements that turn.
func (r *rotary) checkHalf(size, half int) error {
	dim := r.dim
	if dim == 0 {
		dim = size
	}
	if size >= 0 && (dim > size || dim%2 != 0) || half >= 0 && dim >= 0 && half != dim/2 {
		return Invalidf("%d elements of heads of %d turn, the tables are for %d", dim, size, 2*half)
	}
	return nil
}

// run implements [rule].
func (r *rotary) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x, cos, sin := in[0], doubles(in[r.cos]), doubles(in[r.sin])
	half := in[r.cos].Dim(-1)
	size, err := r.headSize(x.Shape(), half)
	if err != nil {
		return nil, err
	}
	batch, count, places := x.Dim(0), x.Dim(-1)/max(1, size), x.Dim(1)
	if x.Rank() == 4 {
		count, places = x.Dim(1), x.Dim(2)
	}
	y, _ := blank[float64](x.Shape())
	from, to := headsOf(x, count), headsOf(y, count)
	for b := range batch {
		for s := range places {
			at, err := r.place(in, b, s, places)
			if err != nil {
				return nil, err
			}
			c, n := cos[at*half:][:half], sin[at*half:][:half]
			for h := range count {
				r.turn(to.row(b, h, s), from.row(b, h, s), c, n)
			}
		}
	}
	return []*tensor.Tensor{y}, nil
}

// place returns the row of the tables for a place of a sequence.
func (r *rotary) place(in []*tensor.Tensor, b, s, places int) (int, error) {
	pos := tensorAt(in, r.positions)
	if pos == nil {
		return b*places + s, nil
	}
	var at int64
	if ids := tensor.Data[int64](pos); pos.Rank() == 1 {
		at = ids[0] + int64(s)
	} else {
		at = ids[b*places+s]
	}
	if at < 0 || at >= int64(in[r.cos].Dim(0)) {
		return 0, Invalidf("position %d, the tables have %d", at, in[r.cos].Dim(0))
	}
	return int(at), nil
}

// turn turns the pairs of one head and copies the rest.
func (r *rotary) turn(to, from, cos, sin []float64) {
	copy(to, from)
	for i, c := range cos {
		a, b := i, i+len(cos)
		if r.interleaved {
			a, b = 2*i, 2*i+1
		}
		to[a] = c*from[a] - sin[i]*from[b]
		to[b] = sin[i]*from[a] + c*from[b]
	}
}
