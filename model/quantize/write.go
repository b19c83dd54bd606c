package quantize

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// Model writes the quantised model. At least one sample must have been observed.
func (q *Quantizer) Model() ([]byte, error) {
	if q.samples == 0 {
		return nil, fmt.Errorf("quantize: no sample has been observed")
	}
	q.unite()
	return q.write(false)
}

func (q *Quantizer) write(dynamic bool) ([]byte, error) {
	w := &writer{q: q, dynamic: dynamic, out: &onnx.Graph{Name: q.graph.Name}, names: map[*graph.Value]string{}, grids: map[*graph.Value]grid{}, has: map[string]bool{}}
	for _, v := range q.graph.Inputs {
		w.out.Inputs = append(w.out.Inputs, info(v, q))
		w.pair(v)
	}
	for _, n := range q.graph.Nodes {
		if err := w.node(n); err != nil {
			return nil, fmt.Errorf("quantize: %w", err)
		}
	}
	for _, v := range q.graph.Outputs {
		w.out.Outputs = append(w.out.Outputs, info(v, q))
	}
	m := *q.file
	m.Graph, m.Functions = w.out, nil
	m.Producer, m.ProducerVersion = "larder quantize", ""
	return onnxtest.Model(&m), nil
}

// unite gives all that a Concat joins one range, so that joining is copying.
func (q *Quantizer) unite() {
	for _, n := range q.graph.Nodes {
		if !is(n, []string{"Concat"}) || !q.takes(n) {
			continue
		}
		all := &span{}
		members := append(slices.Clone(n.Inputs), n.Outputs[0])
		for _, v := range members {
			if s := q.ranges[v]; s != nil {
				all.low, all.high = min(all.low, s.low), max(all.high, s.high)
			}
		}
		for _, v := range members {
			if q.ranges[v] != nil {
				q.ranges[v] = all
			}
		}
	}
}

// grid is where the codes of a value lie.
type grid struct {
	scale float32
	zero  uint8
}

func (s *span) grid() grid {
	scale := (s.high - s.low) / 255
	if !(scale > 0) || math.IsInf(float64(scale), 0) {
		return grid{1, 0}
	}
	return grid{scale, uint8(math.RoundToEven(float64(-s.low / scale)))}
}

// writer is the new file in the making.
type writer struct {
	q       *Quantizer
	dynamic bool
	out     *onnx.Graph
	names   map[*graph.Value]string // what readers of a value read instead
	grids   map[*graph.Value]grid
	has     map[string]bool // initializers
}

func (w *writer) let(name string, t *tensor.Tensor) string {
	if !w.has[name] {
		w.has[name] = true
		w.out.Initializers = append(w.out.Initializers, &onnx.Tensor{Name: name, Data: t})
	}
	return name
}

// name returns what a reader of v reads.
func (w *writer) name(v *graph.Value) string {
	switch {
	case v == nil:
		return ""
	case v.Const != nil:
		return w.let(v.Name, v.Const)
	case w.names[v] != "":
		return w.names[v]
	}
	return v.Name
}

// pair adds the two nodes that put a value on its grid, if it has one.
func (w *writer) pair(v *graph.Value) {
	s := w.q.ranges[v]
	if s == nil {
		return
	}
	g := s.grid()
	w.grids[v] = g
	scale, zero := w.let(v.Name+"_scale", tensor.Scalar(g.scale)), w.let(v.Name+"_zero", tensor.Scalar(g.zero))
	code, back := v.Name+"_quantized", v.Name+"_dequantized"
	w.out.Nodes = append(w.out.Nodes, onnxtest.Op("QuantizeLinear", []string{v.Name, scale, zero}, []string{code}),
		onnxtest.Op("DequantizeLinear", []string{code, scale, zero}, []string{back}))
	w.names[v] = back
}

func (w *writer) node(n *graph.Node) error {
	if n.Domain != "" {
		for _, o := range w.q.file.Opsets {
			if o.Domain == n.Domain {
				return w.copy(n)
			}
		}
		return fmt.Errorf("%s: %s.%s has no form in the file", n.Path, n.Domain, n.Type)
	}
	if w.dynamic && w.q.weighted(n) {
		return w.dynamicProduct(n)
	}
	return w.copy(n)
}

// copy adds a node, with its weights quantised where that is done.
func (w *writer) copy(n *graph.Node) error {
	made := &onnx.Node{Domain: n.Domain, Type: n.Type}
	for _, v := range n.Inputs {
		made.Inputs = append(made.Inputs, "")
		if v != nil && !(w.q.weighted(n) && len(made.Inputs) > 1) {
			made.Inputs[len(made.Inputs)-1] = w.name(v)
		}
	}
	if w.q.weighted(n) {
		w.weights(n, made.Inputs)
	}
	for _, v := range n.Outputs {
		if v == nil {
			made.Outputs = append(made.Outputs, "")
			continue
		}
		made.Outputs = append(made.Outputs, v.Name)
	}
	made.Name = "make_" + made.Outputs[0]
	var err error
	if made.Attributes, err = attributes(n); err != nil {
		return err
	}
	w.out.Nodes = append(w.out.Nodes, made)
	for _, v := range n.Outputs {
		if v != nil {
			w.pair(v)
		}
	}
	return nil
}

// attributes returns those of a node, in the order of their names.
func attributes(n *graph.Node) ([]*onnx.Attribute, error) {
	var list []*onnx.Attribute
	for _, name := range slices.Sorted(maps.Keys(n.Attrs)) {
		switch value := n.Attrs[name].(type) {
		case int64, float32, string, []int64, []float32, []string:
			list = append(list, onnxtest.Attr(name, value))
		default:
			return nil, fmt.Errorf("%s: the attribute %q cannot be written", n.Path, name)
		}
	}
	return list, nil
}

// weights quantises the weights and the bias of a product.
func (w *writer) weights(n *graph.Node, inputs []string) {
	v := n.Inputs[1]
	axis := 1
	if trans, _ := n.Attrs.Int("transB", 0); n.Type == "Conv" || trans != 0 {
		axis = 0
	}
	codes, scales := perChannel(v.Const, axis)
	name := v.Name + "_" + n.Outputs[0].Name
	add := func(name string, data *tensor.Tensor, scales []float32, axis int) string {
		w.let(name+"_quantized", data)
		w.let(name+"_scale", tensor.Vector(scales...))
		w.out.Nodes = append(w.out.Nodes, onnxtest.Op("DequantizeLinear", []string{name + "_quantized", name + "_scale"}, []string{name + "_dequantized"},
			onnxtest.Attr("axis", int64(axis))))
		return name + "_dequantized"
	}
	inputs[1] = add(name, codes, scales, axis)
	if len(n.Inputs) < 3 || n.Inputs[2] == nil {
		return
	}
	x := w.q.ranged(n.Inputs[0])
	bias, common := n.Inputs[2].Const, w.grids[x].scale
	data := tensor.Data[float32](bias)
	if len(data) != len(scales) || bias.Rank() != 1 || common == 0 {
		inputs[2] = w.name(n.Inputs[2])
		return
	}
	sums, steps := make([]int32, len(data)), make([]float32, len(data))
	for i, b := range data {
		steps[i] = common * scales[i]
		v := math.RoundToEven(float64(b) / float64(steps[i]))
		sums[i] = int32(min(max(v, math.MinInt32), math.MaxInt32))
	}
	inputs[2] = add(n.Inputs[2].Name+"_"+n.Outputs[0].Name, tensor.Vector(sums...), steps, 0)
}

// leastScale keeps the scale of a channel without weights, and of a bias beside
// it, a number.
const leastScale = 1e-9

// perChannel quantises weights to -127 … 127, with a scale for each channel.
func perChannel(t *tensor.Tensor, axis int) (*tensor.Tensor, []float32) {
	shape, data := t.Shape(), tensor.Data[float32](t)
	inner := 1
	for _, d := range shape[axis+1:] {
		inner *= d
	}
	scales := make([]float32, shape[axis])
	for i, v := range data {
		c := i / inner % shape[axis]
		scales[c] = max(scales[c], float32(math.Abs(float64(v)))/127)
	}
	for c := range scales {
		scales[c] = max(scales[c], leastScale)
	}
	codes := make([]int8, len(data))
	for i, v := range data {
		codes[i] = int8(min(max(math.RoundToEven(float64(v/scales[i/inner%shape[axis]])), -127), 127))
	}
	return tensor.Must(tensor.Of(codes, shape...)), scales
}

// info declares an input or output.
func info(v *graph.Value, q *Quantizer) *onnx.ValueInfo {
	known := v.Declared
	if known.DType == tensor.Undefined || !known.Ranked {
		known = q.facts.Of(v)
	}
	t := &onnx.Type{Kind: onnx.TensorKind, Elem: known.DType, Ranked: known.Ranked}
	for i, d := range known.Shape {
		dim := onnx.Dim{Size: d}
		if d < 0 && i < len(v.Symbols) {
			dim.Name = v.Symbols[i]
		}
		t.Dims = append(t.Dims, dim)
	}
	return &onnx.ValueInfo{Name: v.Name, Type: t}
}
