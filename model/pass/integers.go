package pass

import (
	"math"
	"slices"

	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// Integers computes what a model has quantised with integers. Values lose their
// zero point on the way: 0 is 0 then, in padding too; see model/op, integer.go.
//
//	q ── DequantizeLinear ─┐
//	w ── DequantizeLinear ─ Conv ── Relu ── QuantizeLinear ── p
//
//	⇒  q' ── larder.QConv{low=0 …} ── p'
//
// It follows values from QuantizeLinear on: integers stay integers through
// operators that move elements or take the greatest, through products with
// constant weights, sums, products, means and concatenations, and through any
// function of single elements, which is a table; everywhere else a
// larder.Dequantize or larder.Quantize stands. QLinearConv and its like are
// taken as what they abbreviate, and DynamicQuantizeLinear, ConvInteger, Cast,
// Mul, Add become one product with a scale that is known in the run.
//
// It fires for uint8 and int8 with one scale for a value, and weights with one
// scale or one for each output channel. What it replaces is left for Dead.
func Integers(g *graph.Graph) error {
	quantised := false
	for _, n := range g.Nodes {
		quantised = quantised || isType(n, "QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "DynamicQuantizeLinear")
	}
	if !quantised {
		return nil
	}
	e := newEdit(g)
	if e.infer(); e.err != nil {
		return e.err
	}
	q := &integers{edit: e, codes: map[*graph.Value]code{}, floats: map[*graph.Value]ranged{}, weights: map[*graph.Value]*graph.Node{},
		products: map[*graph.Value]*qproduct{}, dynamic: map[*graph.Value]*dynamicValue{}, pending: map[*graph.Value]*pendingProduct{}}
	for _, n := range g.Nodes {
		if !q.node(n) {
			q.keep(n)
		}
	}
	g.Nodes = q.nodes
	return nil
}

// integers is the pass at work: what it knows of the values that it has passed.
type integers struct {
	*edit
	nodes    []*graph.Node                  // the new list
	codes    map[*graph.Value]code          // of 8-bit values
	floats   map[*graph.Value]ranged        // of floats that are integers times a scale
	weights  map[*graph.Value]*graph.Node   // constants that a DequantizeLinear makes
	products map[*graph.Value]*qproduct     // of floats that are products of integers
	dynamic  map[*graph.Value]*dynamicValue // by the three results of DynamicQuantizeLinear, and its scale times a constant
	pending  map[*graph.Value]*pendingProduct
}

// ranged is a value of integers without zero point between low and high.
type ranged struct {
	v         *graph.Value
	scale     float32
	low, high float32
}

// code is what an 8-bit value is: ranged plus zero.
type code struct {
	ranged
	zero float32
}

// node looks at one node and reports whether it has put something in its place.
func (q *integers) node(n *graph.Node) bool {
	switch {
	case len(n.Outputs) == 0 || n.Outputs[0] == nil:
		return false
	case isType(n, "QuantizeLinear"):
		return q.quantize(n)
	case isType(n, "DequantizeLinear"):
		return q.dequantize(n)
	case isType(n, "Conv", "Gemm", "MatMul"):
		return q.product(n)
	case isType(n, "QLinearConv", "QLinearMatMul"):
		return q.qlinear(n)
	case isType(n, "com.microsoft.QLinearAdd"):
		return q.qlinearAdd(n)
	case isType(n, "com.microsoft.QLinearGlobalAveragePool"):
		return q.qlinearMean(n)
	case isType(n, "Relu", "Clip"):
		return q.boundProduct(n)
	case isType(n, "DynamicQuantizeLinear"):
		return q.dynamicQuantize(n)
	case isType(n, "ConvInteger", "MatMulInteger"):
		return q.integerProduct(n)
	case isType(n, "Cast", "Mul", "Add"):
		return q.finishDynamic(n)
	case isType(n, "MaxPool", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Identity"):
		return q.move(n)
	case isType(n, "Concat"):
		return q.concatCodes(n)
	case isType(n, "Gather", "Slice", "Split"):
		return q.moveFloats(n)
	}
	return false
}

func (q *integers) keep(n *graph.Node) { q.nodes = append(q.nodes, n) }

// value returns a new value, named after another.
func (q *integers) value(after *graph.Value) *graph.Value {
	return &graph.Value{Name: after.Name + ".int"}
}

// emit adds a node of the fused domain; it reports whether the operator takes
// such inputs.
func (q *integers) emit(path, typ string, attrs op.Attrs, inputs []*graph.Value, outputs ...*graph.Value) bool {
	return q.emitAs(path, op.Fused, typ, 1, attrs, inputs, outputs...)
}

func (q *integers) emitAs(path, domain, typ string, opset int, attrs op.Attrs, inputs []*graph.Value, outputs ...*graph.Value) bool {
	n := q.make(path, domain, typ, opset, attrs, inputs, outputs...)
	if n != nil {
		q.keep(n)
	}
	return n != nil
}

// make returns a node, nil if the operator does not take such inputs.
func (q *integers) make(path, domain, typ string, opset int, attrs op.Attrs, inputs []*graph.Value, outputs ...*graph.Value) *graph.Node {
	for len(inputs) > 0 && inputs[len(inputs)-1] == nil {
		inputs = inputs[:len(inputs)-1]
	}
	made, err := rewrites().New(op.Node{Name: path, Domain: domain, Type: typ, Opset: opset, Attrs: attrs, Inputs: valueNames(inputs), Outputs: valueNames(outputs)})
	if err != nil {
		return nil
	}
	known := make([]op.Value, len(inputs))
	for i, v := range inputs {
		known[i] = q.of(v)
	}
	out, err := made.Infer(known)
	if err != nil || len(out) != len(outputs) {
		return nil
	}
	n := &graph.Node{Path: path, Domain: domain, Type: typ, Opset: opset, Attrs: attrs, Inputs: inputs, Outputs: outputs, Op: made}
	for i, v := range outputs {
		v.Producer = n
		q.facts[v] = out[i]
	}
	return n
}

// grid is how a QuantizeLinear or its opposite maps: one scale, one zero point.
type quantGrid struct{ scale, zero, low, high float32 }

// gridOf reads a scale and a zero point, for codes of a type.
func (q *integers) gridOf(scale, zero *graph.Value, d tensor.DType) (quantGrid, bool) {
	s, ok := q.scalar(scale)
	g := quantGrid{scale: s}
	if !ok || !(s > 0) || math.IsInf(float64(s), 0) {
		return g, false
	}
	if zero != nil {
		z := q.integersOf(q.of(zero).Const)
		if len(z) != 1 {
			return g, false
		}
		g.zero = float32(z[0])
	}
	switch d {
	case tensor.Uint8:
		g.low, g.high = -g.zero, 255-g.zero
	case tensor.Int8:
		g.low, g.high = -128-g.zero, 127-g.zero
	default:
		return g, false
	}
	return g, true
}

// integersOf returns the elements of a constant of 8 or 32 bits.
func (q *integers) integersOf(t *tensor.Tensor) []int32 {
	if t == nil {
		return nil
	}
	var out []int32
	switch d := t.Any().(type) {
	case []uint8:
		for _, v := range d {
			out = append(out, int32(v))
		}
	case []int8:
		for _, v := range d {
			out = append(out, int32(v))
		}
	case []int32:
		return d
	}
	return out
}

func (g quantGrid) of(v *graph.Value) code {
	return code{ranged{v, g.scale, g.low, g.high}, g.zero}
}

// quantize takes a QuantizeLinear.
func (q *integers) quantize(n *graph.Node) bool {
	y := n.Outputs[0]
	g, ok := q.gridOf(n.Inputs[1], input(n, 2), q.facts[y].DType)
	if !ok || n.Attrs.Has("output_dtype") || n.Attrs.Has("precision") {
		return false
	}
	v := q.quantized(n, n.Inputs[0], g)
	if v == nil {
		return false
	}
	return q.made(n, v, g, n.Inputs[1], input(n, 2))
}

// made notes that n's 8-bit result is integers on a grid, and adds the nodes that
// make it itself, for those that must have it.
func (q *integers) made(n *graph.Node, v *graph.Value, g quantGrid, scale, zero *graph.Value) bool {
	y := n.Outputs[0]
	q.codes[y] = g.of(v)
	f := &graph.Value{Name: y.Name + ".float"}
	return q.emit(n.Path, "Dequantize", op.Attrs{"scale": g.scale}, []*graph.Value{v}, f) &&
		q.emitAs(n.Path, "", "QuantizeLinear", 13, nil, []*graph.Value{f, scale, zero}, y)
}

// quantized returns the integers that x becomes on a grid, nil if that fails.
func (q *integers) quantized(n *graph.Node, x *graph.Value, g quantGrid) *graph.Value {
	out := q.value(n.Outputs[0])
	inner, bounded := x, g
	for {
		p := inner.Producer
		if v := q.folded(n, inner, bounded, out); v != nil {
			return v
		}
		low, high, ok := float32(0), float32(0), false
		if p != nil && q.private(inner) {
			low, high, ok = q.bounds(p)
		}
		if !ok || !bounded.clip(low, high) {
			break
		}
		inner = p.Inputs[0]
	}
	if q.tabled(n, x, g, out) || q.emit(n.Path, "Quantize", op.Attrs{"scale": g.scale, "low": g.low, "high": g.high}, []*graph.Value{x}, out) {
		return out
	}
	return nil
}

// clip narrows the bounds to those of a float. It fails where 0 lies outside
// then, which no padding would survive.
func (g *quantGrid) clip(low, high float32) bool {
	if !(low <= 0 && high >= 0) {
		return false
	}
	g.low = max(g.low, roundTo(low, g.scale))
	g.high = min(g.high, roundTo(high, g.scale))
	return true
}

func roundTo(v, scale float32) float32 { return float32(math.RoundToEven(float64(v / scale))) }

// folded returns the integers of x on a grid where x is computed from integers.
func (q *integers) folded(n *graph.Node, x *graph.Value, g quantGrid, out *graph.Value) *graph.Value {
	limits := op.Attrs{"low": g.low, "high": g.high}
	if p := q.products[x]; p != nil && q.private(x) {
		if g.clip(p.low, p.high) && q.emitProduct(n.Path, p.scaledTo(g), out) {
			return out
		}
		return nil
	}
	if s, ok := q.floats[x]; ok {
		if s.scale == g.scale && s.low >= g.low && s.high <= g.high {
			return s.v
		}
		if q.emit(n.Path, "QAdd", with(limits, "a", ratio(s.scale, g.scale)), []*graph.Value{s.v}, out) {
			return out
		}
		return nil
	}
	p := x.Producer
	if p == nil || !q.private(x) {
		return nil
	}
	ok := false
	switch {
	case isType(p, "Add") && len(p.Inputs) == 2 && !p.Attrs.Has("broadcast"):
		ok = q.foldAdd(n, p, g, limits, out)
	case isType(p, "Mul") && len(p.Inputs) == 2 && !p.Attrs.Has("broadcast"):
		ok = q.foldMul(n, p, g, limits, out)
	case isType(p, "GlobalAveragePool"):
		if s, is := q.floats[p.Inputs[0]]; is {
			ok = q.foldMean(n.Path, s, g, out)
		}
	case isType(p, "Concat"):
		ok = q.foldConcat(n, p, g, out)
	}
	if ok {
		return out
	}
	return nil
}

// ratio is a/b in float32.
func ratio(a, b float32) float32 { return float32(float64(a) / float64(b)) }

func (q *integers) foldAdd(n, p *graph.Node, g quantGrid, limits op.Attrs, out *graph.Value) bool {
	a, ok := q.floats[p.Inputs[0]]
	b, ok2 := q.floats[p.Inputs[1]]
	if !ok || !ok2 || !q.sameShape(p.Inputs[0], p.Inputs[1]) {
		return false
	}
	return q.emit(n.Path, "QAdd", with(with(limits, "a", ratio(a.scale, g.scale)), "b", ratio(b.scale, g.scale)), []*graph.Value{a.v, b.v}, out)
}

func (q *integers) foldMean(path string, x ranged, g quantGrid, out *graph.Value) bool {
	f := q.of(x.v)
	if !f.Ranked || len(f.Shape) < 3 {
		return false
	}
	pixels := 1
	for _, d := range f.Shape[2:] {
		if d <= 0 || pixels > 1<<20 {
			return false
		}
		pixels *= d
	}
	scale := float32(float64(x.scale) / float64(g.scale) / float64(pixels))
	return q.emit(path, "QMean", op.Attrs{"scale": scale, "low": g.low, "high": g.high}, []*graph.Value{x.v}, out)
}

// foldConcat brings all inputs to the scale of the result.
func (q *integers) foldConcat(n, p *graph.Node, g quantGrid, out *graph.Value) bool {
	for _, v := range p.Inputs {
		if _, ok := q.floats[v]; !ok {
			return false
		}
	}
	var in []*graph.Value
	for _, v := range p.Inputs {
		s := q.floats[v]
		if s.scale == g.scale && s.low >= g.low && s.high <= g.high {
			in = append(in, s.v)
			continue
		}
		w := q.value(v)
		if !q.emit(n.Path, "QAdd", op.Attrs{"low": g.low, "high": g.high, "a": ratio(s.scale, g.scale)}, []*graph.Value{s.v}, w) {
			return false
		}
		in = append(in, w)
	}
	return q.emitAs(n.Path, "", "Concat", p.Opset, p.Attrs, in, out)
}

// dequantize takes a DequantizeLinear.
func (q *integers) dequantize(n *graph.Node) bool {
	x, y := n.Inputs[0], n.Outputs[0]
	if q.of(x).Const != nil {
		q.weights[y] = n
		return false
	}
	g, ok := q.gridOf(n.Inputs[1], input(n, 2), q.of(x).DType)
	if !ok || q.facts[y].DType != tensor.Float32 {
		return false
	}
	c, ok := q.codes[x]
	if ok && c.zero == g.zero {
		q.floats[y] = ranged{c.v, g.scale, c.low, c.high}
		return q.emit(n.Path, "Dequantize", op.Attrs{"scale": g.scale}, []*graph.Value{c.v}, y)
	}
	q.keep(n)
	if v := q.value(y); q.emit(n.Path, "Quantize", op.Attrs{"scale": g.scale, "low": g.low, "high": g.high}, []*graph.Value{y}, v) {
		q.floats[y] = ranged{v, g.scale, g.low, g.high}
	}
	return true
}

// move takes an operator that moves elements, or takes some, on integers.
func (q *integers) move(n *graph.Node) bool {
	x, y := n.Inputs[0], n.Outputs[0]
	c, isCode := q.codes[x]
	s, isFloat := q.floats[x]
	if isCode {
		s = c.ranged
	}
	if !isCode && !isFloat || len(n.Outputs) != 1 {
		return false
	}
	q.keep(n)
	domain, opset := "", n.Opset
	if n.Type == "MaxPool" {
		domain, opset = op.Fused, 1
	}
	v := q.value(y)
	if q.emitAs(n.Path, domain, n.Type, opset, n.Attrs, append([]*graph.Value{s.v}, n.Inputs[1:]...), v) {
		s.v = v
		if isCode {
			q.codes[y] = code{s, c.zero}
		} else {
			q.floats[y] = s
		}
	}
	return true
}

// moveFloats takes an operator that moves elements as floats: it has a kernel for these.
func (q *integers) moveFloats(n *graph.Node) bool {
	c, ok := q.codes[n.Inputs[0]]
	if !ok || slices.Contains(n.Outputs, nil) {
		return false
	}
	q.keep(n)
	in := slices.Clone(n.Inputs)
	in[0] = &graph.Value{Name: n.Outputs[0].Name + ".from"}
	out := make([]*graph.Value, len(n.Outputs))
	for i, y := range n.Outputs {
		out[i] = &graph.Value{Name: y.Name + ".float"}
	}
	if !q.emit(n.Path, "Dequantize", op.Attrs{"scale": c.scale}, []*graph.Value{c.v}, in[0]) || !q.emitAs(n.Path, "", n.Type, n.Opset, n.Attrs, in, out...) {
		return true
	}
	for i, y := range n.Outputs {
		if v := q.value(y); q.emit(n.Path, "Quantize", op.Attrs{"scale": c.scale, "low": c.low, "high": c.high}, out[i:i+1], v) {
			q.codes[y] = code{ranged{v, c.scale, c.low, c.high}, c.zero}
		}
	}
	return true
}

// concatCodes takes a Concat of 8-bit values that are alike.
func (q *integers) concatCodes(n *graph.Node) bool {
	var in []*graph.Value
	first := q.codes[n.Inputs[0]]
	for _, v := range n.Inputs {
		c, ok := q.codes[v]
		if !ok || c.scale != first.scale || c.zero != first.zero {
			return false
		}
		first.low, first.high = min(first.low, c.low), max(first.high, c.high)
		in = append(in, c.v)
	}
	q.keep(n)
	if v := q.value(n.Outputs[0]); q.emitAs(n.Path, "", "Concat", n.Opset, n.Attrs, in, v) {
		first.v = v
		q.codes[n.Outputs[0]] = first
	}
	return true
}
