package pass

import (
	"math"
	"slices"

	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// qproduct is a product of integers with constant weights, with floats as its
// result: clamp(sums·scale·dynamic + bias).
type qproduct struct {
	conv        bool
	attrs       op.Attrs
	x, w        *graph.Value
	scale, bias []float32 // bias nil: none
	dynamic     *graph.Value
	low, high   float32
	short       bool // rounded to integers
}

// scaledTo returns the product with integers on a grid as its result.
func (p *qproduct) scaledTo(g quantGrid) *qproduct {
	r := *p
	r.scale, r.bias = nil, nil
	for _, s := range p.scale {
		r.scale = append(r.scale, ratio(s, g.scale))
	}
	for _, b := range p.bias {
		r.bias = append(r.bias, ratio(b, g.scale))
	}
	r.low, r.high, r.short = g.low, g.high, true
	return &r
}

// emitProduct adds the node of a product.
func (q *integers) emitProduct(path string, p *qproduct, y *graph.Value) bool {
	typ, attrs := "QMatMul", op.Attrs{}
	if p.conv {
		typ = "QConv"
		for k, v := range p.attrs {
			attrs[k] = v
		}
	}
	attrs["low"], attrs["high"] = p.low, p.high
	if !p.short {
		attrs["float"] = int64(1)
	}
	in := []*graph.Value{p.x, p.w, q.constant(y.Name+".scale", tensor.Vector(p.scale...)), nil, p.dynamic}
	if p.bias != nil {
		in[3] = q.constant(y.Name+".bias", tensor.Vector(p.bias...))
	}
	return q.emit(path, typ, attrs, in, y)
}

// emitFloat puts a product with floats as its result in the place of n.
func (q *integers) emitFloat(n *graph.Node, p *qproduct) bool {
	if !q.emitProduct(n.Path, p, n.Outputs[0]) {
		return false
	}
	q.products[n.Outputs[0]] = p
	return true
}

// product takes a Conv, Gemm or MatMul of a value of integers and constant
// weights.
func (q *integers) product(n *graph.Node) bool {
	x, ok := q.floats[n.Inputs[0]]
	dq := q.weights[n.Inputs[1]]
	if !ok {
		return q.bitProduct(n, dq)
	}
	if dq == nil {
		return false
	}
	conv, transposed := n.Type == "Conv", false
	if n.Type == "Gemm" {
		trans, err := n.Attrs.Int("transB", 0)
		transA, err2 := n.Attrs.Int("transA", 0)
		alpha, err3 := n.Attrs.Float("alpha", 1)
		beta, err4 := n.Attrs.Float("beta", 1)
		if err != nil || err2 != nil || err3 != nil || err4 != nil || transA != 0 || alpha != 1 || beta != 1 {
			return false
		}
		transposed = trans != 0
	}
	t := q.of(dq.Inputs[0]).Const
	if !conv && t.Rank() != 2 {
		return false
	}
	channelAxis := 0
	if !conv && !transposed {
		channelAxis = 1
	}
	axis, err := dq.Attrs.Int("axis", 1)
	block, err2 := dq.Attrs.Int("block_size", 0)
	if axis < 0 {
		axis += int64(t.Rank())
	}
	scales, _ := q.floatsOf(dq.Inputs[1])
	if err != nil || err2 != nil || block != 0 || len(scales) > 1 && int(axis) != channelAxis {
		return false
	}
	p := &qproduct{conv: conv, attrs: n.Attrs, x: x.v, low: -infinity, high: infinity}
	p.w = q.centred(n.Outputs[0].Name+".weight", t, input(dq, 2), channelAxis, transposed)
	if p.w == nil || !p.scales(t.Shape()[channelAxis], x.scale, scales) || !q.biasOf(p, input(n, 2)) {
		return false
	}
	return q.emitFloat(n, p)
}

// floatsOf is edit.floats, whose name stands for something else here.
func (q *integers) floatsOf(v *graph.Value) ([]float32, tensor.Shape) { return q.edit.floats(v) }

// scales sets the scales of n channels: a common one times those of the weights.
func (p *qproduct) scales(n int, common float32, weights []float32) bool {
	if len(weights) != 1 && len(weights) != n {
		return false
	}
	for i := range n {
		s := float64(common) * float64(weights[i%len(weights)])
		if !(s > 0) || s > math.MaxFloat32 {
			return false
		}
		p.scale = append(p.scale, float32(s))
	}
	return true
}

// centred returns weights without their zero points as a constant of 16-bit
// integers, nil if that cannot be. A transposed matrix is turned.
func (q *integers) centred(name string, t *tensor.Tensor, zero *graph.Value, axis int, transposed bool) *graph.Value {
	if t == nil || t.DType() != tensor.Uint8 && t.DType() != tensor.Int8 {
		return nil
	}
	zeros := []int32{0}
	if zero != nil {
		zeros = q.integersOf(q.of(zero).Const)
	}
	shape := t.Shape()
	inner := 1
	for _, d := range shape[axis+1:] {
		inner *= d
	}
	if len(zeros) != 1 && len(zeros) != shape[axis] {
		return nil
	}
	from := q.integersOf(t)
	to := make([]int16, len(from))
	for i, v := range from {
		at := i
		if transposed {
			at = i%shape[1]*shape[0] + i/shape[1]
		}
		to[at] = int16(v - zeros[i/inner%shape[axis]%len(zeros)])
	}
	if transposed {
		shape = tensor.Shape{shape[1], shape[0]}
	}
	w, err := tensor.Of(to, shape...)
	if err != nil {
		return nil
	}
	return q.constant(name, w)
}

// biasOf sets the bias of a product: constant floats, or what a DequantizeLinear
// makes of constants.
func (q *integers) biasOf(p *qproduct, v *graph.Value) bool {
	if v == nil {
		return true
	}
	b, _ := q.floatsOf(v)
	if dq := q.weights[v]; b == nil && dq != nil {
		in := make([]*tensor.Tensor, len(dq.Inputs))
		for i, w := range dq.Inputs {
			in[i] = q.of(w).Const
		}
		if out, err := dq.Run(in); err == nil && out[0].DType() == tensor.Float32 {
			b = tensor.Data[float32](out[0])
		}
	}
	return p.setBias(b)
}

// setBias sets a bias of one float, or one for each channel.
func (p *qproduct) setBias(b []float32) bool {
	if len(b) != 1 && len(b) != len(p.scale) {
		return false
	}
	for i := range p.scale {
		p.bias = append(p.bias, b[i%len(b)])
	}
	return true
}

// boundProduct lets a product with floats as its result bound it.
func (q *integers) boundProduct(n *graph.Node) bool {
	p := q.products[n.Inputs[0]]
	if p == nil || !q.private(n.Inputs[0]) {
		return false
	}
	low, high, ok := q.bounds(n)
	if !ok || !(low <= high) || !(max(p.low, low) <= min(p.high, high)) {
		return false
	}
	r := *p
	r.low, r.high = max(p.low, low), min(p.high, high)
	return q.emitFloat(n, &r)
}

// centre returns the integers of an 8-bit value.
func (q *integers) centre(n *graph.Node, x, scale, zero *graph.Value) (ranged, bool) {
	g, ok := q.gridOf(scale, zero, q.of(x).DType)
	if !ok {
		return ranged{}, false
	}
	if c, ok := q.codes[x]; ok && c.zero == g.zero {
		c.scale = g.scale
		return c.ranged, true
	}
	f := &graph.Value{Name: x.Name + ".float"}
	v := q.value(x)
	ok = q.emitAs(n.Path, "", "DequantizeLinear", 13, nil, []*graph.Value{x, scale, zero}, f) &&
		q.emit(n.Path, "Quantize", op.Attrs{"scale": g.scale, "low": g.low, "high": g.high}, []*graph.Value{f}, v)
	q.codes[x] = g.of(v)
	return g.of(v).ranged, ok
}

// qlinear takes a QLinearConv or QLinearMatMul.
func (q *integers) qlinear(n *graph.Node) bool {
	conv, y := n.Type == "QLinearConv", n.Outputs[0]
	g, ok := q.gridOf(n.Inputs[6], n.Inputs[7], q.facts[y].DType)
	t := q.of(n.Inputs[3]).Const
	if ok && t == nil && !conv {
		return q.spelled(n)
	}
	if !ok || t == nil || !conv && t.Rank() != 2 {
		return false
	}
	axis := 1
	if conv {
		axis = 0
	}
	scales, _ := q.floatsOf(n.Inputs[4])
	x, ok := q.centre(n, n.Inputs[0], n.Inputs[1], n.Inputs[2])
	p := &qproduct{conv: conv, attrs: n.Attrs, x: x.v, low: -infinity, high: infinity}
	if p.w = q.centred(y.Name+".weight", t, n.Inputs[5], axis, false); !ok || p.w == nil || !p.scales(t.Shape()[axis], x.scale, scales) {
		return false
	}
	if v := input(n, 8); v != nil {
		var bias []float32
		for i, b := range q.integersOf(q.of(v).Const) {
			bias = append(bias, float32(float64(b)*float64(p.scale[i%len(p.scale)])))
		}
		if !p.setBias(bias) {
			return false
		}
	}
	v := q.value(y)
	return q.emitProduct(n.Path, p.scaledTo(g), v) && q.made(n, v, g, n.Inputs[6], n.Inputs[7])
}

// spelled writes a QLinearMatMul of two values as the product of floats that it
// abbreviates, so that an attention is one in every form of a model.
func (q *integers) spelled(n *graph.Node) bool {
	in, y := n.Inputs, n.Outputs[0]
	a, b, product := &graph.Value{Name: y.Name + ".a"}, &graph.Value{Name: y.Name + ".b"}, &graph.Value{Name: y.Name + ".product"}
	const opset = 13
	list := []*graph.Node{
		q.make(n.Path, "", "DequantizeLinear", opset, nil, in[0:3], a),
		q.make(n.Path, "", "DequantizeLinear", opset, nil, in[3:6], b),
		q.make(n.Path, "", "MatMul", opset, nil, []*graph.Value{a, b}, product),
		q.make(n.Path, "", "QuantizeLinear", opset, nil, []*graph.Value{product, in[6], in[7]}, y),
	}
	if slices.Contains(list, nil) {
		y.Producer = n
		return false
	}
	for _, m := range list {
		q.read(m)
		if !q.node(m) {
			q.keep(m)
		}
	}
	return true
}

// qlinearAdd takes a QLinearAdd of two values of one shape.
func (q *integers) qlinearAdd(n *graph.Node) bool {
	if len(n.Inputs) < 7 || !q.sameShape(n.Inputs[0], n.Inputs[3]) {
		return false
	}
	g, ok := q.gridOf(n.Inputs[6], input(n, 7), q.facts[n.Outputs[0]].DType)
	if !ok {
		return false
	}
	a, ok := q.centre(n, n.Inputs[0], n.Inputs[1], n.Inputs[2])
	b, ok2 := q.centre(n, n.Inputs[3], n.Inputs[4], n.Inputs[5])
	v := q.value(n.Outputs[0])
	attrs := op.Attrs{"low": g.low, "high": g.high, "a": ratio(a.scale, g.scale), "b": ratio(b.scale, g.scale)}
	return ok && ok2 && q.emit(n.Path, "QAdd", attrs, []*graph.Value{a.v, b.v}, v) && q.made(n, v, g, n.Inputs[6], input(n, 7))
}

// qlinearMean takes a QLinearGlobalAveragePool with channels first.
func (q *integers) qlinearMean(n *graph.Node) bool {
	last, err := n.Attrs.Int("channels_last", 0)
	if len(n.Inputs) < 5 || err != nil || last != 0 {
		return false
	}
	g, ok := q.gridOf(n.Inputs[3], n.Inputs[4], q.facts[n.Outputs[0]].DType)
	if !ok {
		return false
	}
	x, ok := q.centre(n, n.Inputs[0], n.Inputs[1], n.Inputs[2])
	v := q.value(n.Outputs[0])
	return ok && q.foldMean(n.Path, x, g, v) && q.made(n, v, g, n.Inputs[3], n.Inputs[4])
}
