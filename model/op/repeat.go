package op

import (
	"larder/model/tensor"
)

// Operators that repeat, pad, mask or reverse along dimensions.
// https://onnx.ai/onnx/operators/onnx__Expand.html,
// https://onnx.ai/onnx/operators/onnx__Tile.html,
// https://onnx.ai/onnx/operators/onnx__Trilu.html,
// https://onnx.ai/onnx/operators/onnx__ReverseSequence.html.

var repeatOps = []Entry{
	{"", "Expand", 8, newExpand},
	{"", "Tile", 6, newTile},
	{"", "Trilu", 14, newTrilu},
	{"", "ReverseSequence", 10, newReverseSequence},
}

// expand broadcasts to the shape that the input and the given one have together.
type expand struct{}

func newExpand(n Node) (Operator, error) { return newRuled(n, arity{2, 2, 1}, expand{}) }

func (expand) types(in []Value) ([]Value, error) {
	v := in[0]
	ints, known, err := constInts("shape", in[1])
	if err != nil {
		return nil, err
	}
	if !known || !v.Ranked {
		if n := length(in[1]); v.Ranked && n >= 0 {
			return []Value{dimsOfRank(v.DType, max(n, len(v.Shape)))}, nil
		}
		return []Value{Unranked(v.DType)}, nil
	}
	want, err := toShape(ints)
	if err != nil {
		return nil, err
	}
	shape, ok := tensor.Broadcast(v.Shape, want)
	if !ok {
		return nil, Invalidf("%v does not broadcast to %v", v, want)
	}
	return []Value{Of(v.DType, shape...)}, nil
}

func (expand) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	dst, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	shape := out[0].Shape
	strides := make([]int, len(shape))
	off := len(shape) - in[0].Rank()
	for i, s := range in[0].Shape().Strides() {
		if in[0].Dim(i) != 1 {
			strides[off+i] = s
		}
	}
	walk(m, shape, shape.Strides(), strides, 0, 0)
	return []*tensor.Tensor{dst}, nil
}

// tile lays copies of the input side by side.
type tile struct{}

func newTile(n Node) (Operator, error) { return newRuled(n, arity{2, 2, 1}, tile{}) }

func (tile) types(in []Value) ([]Value, error) {
	v := in[0]
	ints, known, err := constInts("repeats", in[1])
	if err != nil {
		return nil, err
	}
	if !v.Ranked {
		return []Value{dimsOfRank(v.DType, length(in[1]))}, nil
	}
	if !known {
		return []Value{dimsOfRank(v.DType, len(v.Shape))}, nil
	}
	repeats, err := toShape(ints)
	if err != nil {
		return nil, err
	}
	if len(repeats) != len(v.Shape) {
		return nil, Invalidf("repeats %v do not fit %v", repeats, v)
	}
	shape := v.Shape.Clone()
	for i, r := range repeats {
		if shape[i] >= 0 {
			shape[i] *= r // both fit an int32
		}
	}
	return []Value{Of(v.DType, shape...)}, nil
}

func (tile) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	dst, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	repeats, err := intsOf("repeats", in[1])
	if err != nil {
		return nil, err
	}
	// Each dimension of the box counts copies, then elements within one.
	var box, to, from []int
	srcStrides, dstStrides := in[0].Shape().Strides(), out[0].Shape.Strides()
	for i, d := range in[0].Shape() {
		box = append(box, int(repeats[i]), d)
		to = append(to, d*dstStrides[i], dstStrides[i])
		from = append(from, 0, srcStrides[i])
	}
	walk(m, box, to, from, 0, 0)
	return []*tensor.Tensor{dst}, nil
}

// trilu keeps one triangle of each matrix; k shifts the diagonal.
type trilu struct{ upper bool }

func newTrilu(n Node) (Operator, error) {
	upper, err := n.Attrs.Int("upper", 1)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 2, 1}, &trilu{upper != 0})
}

func (t *trilu) types(in []Value) ([]Value, error) {
	if in[0].Ranked && len(in[0].Shape) < 2 {
		return nil, Invalidf("%v is not a matrix", in[0])
	}
	k := input(in, 1)
	ints, known, err := constInts("k", k)
	if err != nil {
		return nil, err
	}
	if known && !k.Absent && len(ints) != 1 {
		return nil, Invalidf("k has %d elements, want 1", len(ints))
	}
	return []Value{like(in[0])}, nil
}

func (t *trilu) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	dst, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	rows, cols := dst.Dim(-2), dst.Dim(-1)
	k := int64(0)
	if kt := tensorAt(in, 1); kt != nil {
		ints, err := intsOf("k", kt)
		if err != nil {
			return nil, err
		}
		k = min(max(ints[0], -int64(rows)-1), int64(cols)+1) // beyond that nothing changes
	}
	if dst.Len() == 0 {
		return []*tensor.Tensor{dst}, nil
	}
	for r := range dst.Len() / cols {
		diagonal := min(max(r%rows+int(k), 0), cols) // first column at or above it
		if t.upper {
			m.move(r*cols+diagonal, r*cols+diagonal, cols-diagonal)
		} else {
			below := min(max(r%rows+int(k)+1, 0), cols)
			m.move(r*cols, r*cols, below)
		}
	}
	return []*tensor.Tensor{dst}, nil
}

// reverseSequence turns round the first lens[b] steps of each sequence b.
type reverseSequence struct{ batch, time int }

func newReverseSequence(n Node) (Operator, error) {
	batch, err := n.Attrs.Int("batch_axis", 1)
	if err != nil {
		return nil, err
	}
	time, err := n.Attrs.Int("time_axis", 0)
	if err != nil {
		return nil, err
	}
	if batch < 0 || batch > 1 || time != 1-batch {
		return nil, Invalidf("batch_axis %d and time_axis %d are not 0 and 1", batch, time)
	}
	return newRuled(n, arity{2, 2, 1}, &reverseSequence{int(batch), int(time)})
}

func (r *reverseSequence) types(in []Value) ([]Value, error) {
	v, lens := in[0], in[1]
	if v.Ranked && len(v.Shape) < 2 {
		return nil, Invalidf("%v has no batch and time dimension", v)
	}
	if err := wantType("sequence_lens", lens, tensor.Int64); err != nil {
		return nil, err
	}
	if lens.Ranked && len(lens.Shape) != 1 {
		return nil, Invalidf("sequence_lens %v is not a vector", lens)
	}
	if v.Ranked {
		if _, ok := mergeDim(length(lens), v.Shape[r.batch]); !ok {
			return nil, Invalidf("sequence_lens %v does not fit the batch of %v", lens, v)
		}
	}
	return []Value{like(v)}, nil
}

func (r *reverseSequence) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	dst, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	shape, strides := dst.Shape(), dst.Shape().Strides()
	block, steps := dimsProduct(shape[2:]), shape[r.time]
	for b, n := range tensor.Data[int64](in[1]) {
		if n < 0 || n > int64(steps) {
			return nil, Invalidf("sequence length %d of %d steps", n, steps)
		}
		if dst.Len() == 0 {
			continue
		}
		for t := range steps {
			from := t
			if t < int(n) {
				from = int(n) - 1 - t
			}
			at := b * strides[r.batch]
			m.move(at+t*strides[r.time], at+from*strides[r.time], block)
		}
	}
	return []*tensor.Tensor{dst}, nil
}
