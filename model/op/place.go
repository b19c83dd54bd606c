package op

import "larder/model/tensor"

// Operators that put elements into a larger or smaller frame. Specification:
// https://onnx.ai/onnx/operators/onnx__CenterCropPad.html (18),
// https://onnx.ai/onnx/operators/onnx__TensorScatter.html (24),
// https://onnx.ai/onnx/operators/onnx__Col2Im.html (18) and
// https://onnx.ai/onnx/operators/onnx__MaxUnpool.html (9, 11, 22).

var placeOps = []Entry{
	{"", "CenterCropPad", 18, newCenterCropPad},
	{"", "Col2Im", 18, newCol2Im},
	{"", "MaxUnpool", 9, newMaxUnpool},
	{"", "TensorScatter", 24, newTensorScatter},
}

// centerCropPad is the operator CenterCropPad.
type centerCropPad struct {
	axes    []int64
	hasAxes bool
}

func newCenterCropPad(n Node) (Operator, error) {
	axes, err := n.Attrs.Ints("axes")
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 2, 1}, &centerCropPad{axes, n.Attrs.Has("axes")})
}

// types implements [rule].
func (c *centerCropPad) types(in []Value) ([]Value, error) {
	x := in[0]
	size, known, err := constInts("shape", in[1])
	if err != nil || !x.Ranked {
		return []Value{Unranked(x.DType)}, err
	}
	axes64 := c.axes
	if !c.hasAxes {
		axes64 = nil
		for i := range x.Shape {
			axes64 = append(axes64, int64(i))
		}
	}
	axes, err := axesOf(axes64, len(x.Shape))
	if err != nil {
		return nil, err
	}
	if n := length(in[1]); n >= 0 && n != len(axes) {
		return nil, Invalidf("shape has %d sizes for %d axes", n, len(axes))
	}
	shape, to := x.Shape.Clone(), unknownShape(len(axes))
	if known {
		if to, err = toShape(size); err != nil {
			return nil, err
		}
	}
	for i, a := range axes {
		shape[a] = to[i]
	}
	return []Value{Of(x.DType, shape...)}, nil
}

// run implements [rule].
func (c *centerCropPad) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	y, m, err := moved(out[0], in[0])
	if err != nil || y.Len() == 0 || in[0].Len() == 0 {
		return []*tensor.Tensor{y}, err
	}
	from, to := in[0].Shape(), y.Shape()
	// What is common to both, and where it begins in each.
	common, src, dst := to.Clone(), 0, 0
	inStrides, outStrides := from.Strides(), to.Strides()
	for i := range common {
		common[i] = min(from[i], to[i])
		src += (from[i] - common[i]) / 2 * inStrides[i]
		dst += (to[i] - common[i]) / 2 * outStrides[i]
	}
	if len(common) == 0 {
		m.move(0, 0, 1)
		return []*tensor.Tensor{y}, nil
	}
	last := len(common) - 1
	n := common[last]
	outer := common[:last]
	for i := range product(outer) {
		s, d := src, dst
		for k := last - 1; k >= 0; k-- {
			s += i % outer[k] * inStrides[k]
			d += i % outer[k] * outStrides[k]
			i /= outer[k]
		}
		m.move(d, s, n)
	}
	return []*tensor.Tensor{y}, nil
}

// tensorScatter is the operator TensorScatter: an update of a cache.
type tensorScatter struct {
	axis     int64
	circular bool
}

func newTensorScatter(n Node) (Operator, error) {
	axis, err := n.Attrs.Int("axis", -2)
	if err != nil {
		return nil, err
	}
	mode, err := n.Attrs.String("mode", "linear")
	if err != nil {
		return nil, err
	}
	if err := oneOf("mode", mode, "linear", "circular"); err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 3, 1}, &tensorScatter{axis, mode == "circular"})
}

// types implements [rule].
func (t *tensorScatter) types(in []Value) ([]Value, error) {
	cache, update, at := in[0], in[1], input(in, 2)
	if _, err := commonType(cache, update); err != nil {
		return nil, err
	}
	if err := wantType("write_indices", at, tensor.Int64); err != nil {
		return nil, err
	}
	if !cache.Ranked {
		return []Value{like(cache)}, nil
	}
	axis, err := axisOf(t.axis, len(cache.Shape))
	if err != nil {
		return nil, err
	}
	if axis == 0 {
		return nil, Invalidf("axis is that of the batch")
	}
	if update.Ranked {
		ok := len(update.Shape) == len(cache.Shape)
		for i := range min(len(update.Shape), len(cache.Shape)) {
			a, b := cache.Shape[i], update.Shape[i]
			ok = ok && (a < 0 || b < 0 || a == b || i == axis && b < a)
		}
		if !ok {
			return nil, Invalidf("update of shape %v for a cache of %v", update.Shape, cache.Shape)
		}
	}
	d := named{}
	d.set("past_cache", 'B', cache.Shape[0])
	return []Value{like(cache)}, d.read("write_indices", at, "B")
}

// run implements [rule].
func (t *tensorScatter) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	y, whole, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	whole.move(0, 0, y.Len())
	axis, err := axisOf(t.axis, y.Rank())
	if err != nil || in[1].Len() == 0 {
		return []*tensor.Tensor{y}, err
	}
	part, err := moverOf(y, in[1])
	if err != nil {
		return nil, err
	}
	block, size, n := product(y.Shape()[axis+1:]), y.Dim(axis), in[1].Dim(axis)
	rows := product(y.Shape()[:axis])
	for row := range rows {
		first := int64(0)
		if at := tensorAt(in, 2); at != nil {
			first = tensor.Data[int64](at)[row/(rows/y.Dim(0))]
		}
		if first < 0 || !t.circular && first > int64(size-n) {
			return nil, Invalidf("an update of %d at %d in a cache of %d", n, first, size)
		}
		for i := range n {
			to := (int(first%int64(size)) + i) % size
			part.move((row*size+to)*block, (row*n+i)*block, block)
		}
	}
	return []*tensor.Tensor{y}, nil
}

// col2im is the operator Col2Im: blocks added up where they lie in a picture.
type col2im struct{ window }

func newCol2Im(n Node) (Operator, error) {
	w, err := readWindow(n.Attrs)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{3, 3, 1}, inFloat64{&col2im{w}})
}

// types implements [rule].
func (c *col2im) types(in []Value) ([]Value, error) {
	x := in[0]
	d := named{}
	if err := (floatTypes | dtypeSet(tensor.Int64)).check("input", x); err != nil {
		return nil, err
	}
	if !floatTypes.has(x.DType) {
		return nil, Unsupportedf("input of type %v", x.DType)
	}
	if err := d.read("input", x, "NCL"); err != nil {
		return nil, err
	}
	spans, channels, err := c.blocks(in, d)
	if err != nil {
		return nil, err
	}
	if spans == nil {
		n := max(length(in[1]), length(in[2]))
		if n < 0 {
			return []Value{Unranked(x.DType)}, nil
		}
		return []Value{dimsOfRank(x.DType, n+2)}, nil
	}
	shape := tensor.Shape{d.of('N'), channels}
	for _, s := range spans {
		shape = append(shape, s.in)
	}
	return []Value{Of(x.DType, shape...)}, nil
}

// blocks returns the windows and the number of channels, nil if the shapes are
// not known yet.
func (c *col2im) blocks(in []Value, d named) ([]span, int, error) {
	image, knownImage, err := constInts("image_shape", in[1])
	if err != nil {
		return nil, 0, err
	}
	block, knownBlock, err := constInts("block_shape", in[2])
	if err != nil || !knownImage || !knownBlock {
		return nil, 0, err
	}
	space, err := toShape(image)
	if err != nil {
		return nil, 0, err
	}
	kernel, err := toShape(block)
	if err != nil {
		return nil, 0, err
	}
	if len(kernel) == 0 || len(kernel) > tensor.MaxRank-2 {
		return nil, 0, Invalidf("block_shape is %v", kernel)
	}
	spans, err := c.spans(space, kernel)
	if err != nil {
		return nil, 0, err
	}
	count := 1
	for _, s := range spans {
		count = times(count, s.out)
	}
	if err := d.set("input", 'L', count); err != nil {
		return nil, 0, err
	}
	channels, err := over("input", d.of('C'), dimsProduct(kernel))
	return spans, channels, err
}

// run implements [rule].
func (c *col2im) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	d := named{'C': in[0].Dim(1)}
	spans, _, err := c.blocks(knownAll(in), d)
	if err != nil {
		return nil, err
	}
	x := doubles(in[0])
	y, data := blank[float64](out[0].Shape)
	strides := out[0].Shape[2:].Strides()
	taps, plane, count := 1, 1, in[0].Dim(2)
	for _, s := range spans {
		taps, plane = taps*s.kernel, plane*s.in
	}
	for row := range in[0].Dim(0) * in[0].Dim(1) {
		to := data[row/taps*plane:][:plane]
		for l := range count {
			at, t, o, inside := 0, row%taps, l, true
			for k := len(spans) - 1; k >= 0; k-- {
				s := spans[k]
				p := o%s.out*s.stride - s.begin + t%s.kernel*s.dilation
				inside = inside && p >= 0 && p < s.in
				at += p * strides[k]
				o, t = o/s.out, t/s.kernel
			}
			if inside {
				to[at] += x[row*count+l]
			}
		}
	}
	return []*tensor.Tensor{y}, nil
}

// maxUnpool is the operator MaxUnpool.
type maxUnpool struct{ window }

func newMaxUnpool(n Node) (Operator, error) {
	w, err := readWindow(n.Attrs)
	if err != nil {
		return nil, err
	}
	if w.kernel == nil {
		return nil, Invalidf("kernel_shape is missing")
	}
	if _, err := w.rank(); err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 3, 1}, &maxUnpool{w})
}

// natural returns the shape that the attributes give; indices count in it.
func (u *maxUnpool) natural(x tensor.Shape) (tensor.Shape, error) {
	if len(x) != len(u.kernel)+2 {
		return nil, Invalidf("X of shape %v for a kernel of %d dimensions", x, len(u.kernel))
	}
	out := x.Clone()
	for i, k := range u.kernel {
		if x[i+2] < 0 {
			continue
		}
		s, err := u.span(i, tensor.Unknown, k)
		if err != nil {
			return nil, err
		}
		out[i+2] = times(x[i+2]-1, s.stride)
		if x[i+2] == 0 || out[i+2] < 0 {
			return nil, Unsupportedf("X of shape %v", x)
		}
		if out[i+2] += k - s.begin - s.end; out[i+2] < 1 {
			return nil, Invalidf("padding leaves nothing of dimension %d", i+2)
		}
	}
	return out, nil
}

// types implements [rule].
func (u *maxUnpool) types(in []Value) ([]Value, error) {
	x, index, to := in[0], in[1], input(in, 2)
	if err := floatTypes.check("X", x); err != nil {
		return nil, err
	}
	if err := wantType("I", index, tensor.Int64); err != nil {
		return nil, err
	}
	size, known, err := constInts("output_shape", to)
	if err != nil {
		return nil, err
	}
	rank := len(u.kernel) + 2
	out := unknownShape(rank)
	if x.Ranked {
		if out, err = u.natural(x.Shape); err != nil {
			return nil, err
		}
		if index.Ranked && !(dimsMatch(x.Shape, index.Shape)) {
			return nil, Invalidf("I of shape %v for X of shape %v", index.Shape, x.Shape)
		}
	}
	if to.Absent {
		return []Value{Of(x.DType, out...)}, nil
	}
	if !known {
		return []Value{dimsOfRank(x.DType, rank)}, nil
	}
	shape, err := toShape(size)
	if err == nil && len(shape) != rank {
		err = Invalidf("output_shape is %v for %d dimensions", size, rank)
	}
	for i := range min(len(shape), rank) {
		if err == nil && out[i] > shape[i] {
			err = Invalidf("output_shape is %v, smaller than %v", size, out)
		}
	}
	return []Value{Of(x.DType, shape...)}, err
}

// dimsMatch reports whether two shapes may be the same.
func dimsMatch(a, b tensor.Shape) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if _, ok := mergeDim(a[i], b[i]); !ok {
			return false
		}
	}
	return true
}

// run implements [rule].
func (u *maxUnpool) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	y, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	natural, err := u.natural(in[0].Shape())
	if err != nil {
		return nil, err
	}
	n, err := natural.Elems()
	if err != nil {
		return nil, Unsupportedf("an output of shape %v", natural)
	}
	from, to := natural.Strides(), y.Shape().Strides()
	for i, at := range tensor.Data[int64](in[1]) {
		if at < 0 || at >= int64(n) {
			return nil, Invalidf("index %d of %d", at, n)
		}
		place := 0
		for k, s := range from {
			place += int(at) / s * to[k]
			at %= int64(s)
		}
		m.move(place, i, 1)
	}
	return []*tensor.Tensor{y}, nil
}
