package compile

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/onnx/encode"
	"larder/model/op"
	"larder/model/pass"
	"larder/model/plan"
	"larder/model/tensor"
)

// Options steers Compile. The zero Options is ready to use.
type Options struct {
	// External opens weights that lie beside the model; see onnx.Options.
	External func(location string) (onnx.Source, error)
	// Half stores weights as 16-bit floats. One that they cannot hold, larger than
	// 65504, is an error.
	Half bool
	// Weights is the name of the file of weights; empty means WeightsFile.
	Weights string
}

// The names of the files.
const (
	PlanFile    = "model.plan"
	WeightsFile = "weights.bin"
)

// minOutside is the size in bytes from which on a constant is among the weights.
const minOutside = 4 << 10

// Compile reads an ONNX file, writes its weights and returns the graph that refers
// to them. The errors are those of onnx.Open, graph.Build and plan.Build, besides
// those of writing.
func Compile(src onnx.Source, weights io.Writer, opt Options) ([]byte, error) {
	m, err := onnx.Open(src, onnx.Options{External: opt.External})
	if err != nil {
		return nil, err
	}
	g, err := graph.Build(m, op.All())
	if err != nil {
		return nil, err
	}
	for _, n := range g.Nodes {
		if n.Control != nil {
			return nil, n.Fail(nil, op.Unsupportedf("a node with a graph inside cannot be compiled: use the ONNX file as it is"))
		}
	}
	if err := pass.Run(g, pass.All); err != nil {
		return nil, err
	}
	if opt.Weights == "" {
		opt.Weights = WeightsFile
	}
	w := &writer{to: bufio.NewWriterSize(weights, 1<<20), opt: opt, entries: map[*tensor.Tensor][]onnx.Entry{}}
	if err := w.weights(g); err != nil {
		return nil, err
	}
	if err := w.to.Flush(); err != nil {
		return nil, err
	}
	return encode.Model(&onnx.Model{
		IRVersion: 10, Producer: m.Producer, ProducerVersion: m.ProducerVersion, Domain: m.Domain, Version: m.Version,
		Opsets:   opsets(g),
		Metadata: []onnx.Entry{{Key: onnx.CompiledKey, Value: onnx.CompiledVersion}},
		Graph:    w.graph(g),
	}), nil
}

// writer writes weights and notes where they are.
type writer struct {
	to      *bufio.Writer
	at      int64
	opt     Options
	entries map[*tensor.Tensor][]onnx.Entry
}

// weights writes every large constant: in the forms in which a plan wants it, and as
// it is where a step on the Go side, or a plan for inputs of another size, reads it.
func (w *writer) weights(g *graph.Graph) error {
	shapes, known, _ := plan.Declared(g)
	plain := map[*tensor.Tensor]bool{}
	if known {
		p, err := plan.Build(g, plan.Options{Shapes: shapes, Weights: plan.NewWeights(0)})
		if err != nil {
			return err
		}
		for _, k := range p.Weights {
			if err := w.form(k, plain); err != nil {
				return err
			}
		}
		for _, n := range p.HostSteps() {
			for _, v := range n.Inputs {
				if v != nil && v.Const != nil {
					plain[v.Const] = true
				}
			}
		}
	}
	for _, v := range constants(g) {
		if t := v.Const; outside(t) && (plain[t] || w.entries[t] == nil) {
			if err := w.plain(t); err != nil {
				return fmt.Errorf("%q: %w", v.Name, err)
			}
		}
	}
	return nil
}

// form writes a weight in the order of a kernel.
func (w *writer) form(k *plan.Weight, plain map[*tensor.Tensor]bool) error {
	t, name := k.Source, k.Form()
	if t == nil || t.Source() == nil || !outside(t) {
		return nil // computed by the plan, which will do so again, or small
	}
	if name == "" {
		plain[t] = true
		return nil
	}
	start, n := w.begin(), k.Bytes()/4
	all := make([]float32, n) // parts come in any order
	if err := k.Pack(func(at int, part []float32) error { copy(all[at/4:], part); return nil }); err != nil {
		return err
	}
	dtype, err := w.floats(all, w.opt.Half)
	w.entries[t] = append(w.entries[t], onnx.FormEntry(start, n, dtype, name))
	return err
}

// plain writes a constant as it is.
func (w *writer) plain(t *tensor.Tensor) error {
	start := w.begin()
	if t.DType() == tensor.Float32 {
		// A vector, as a bias is, saves nothing and loses much.
		dtype, err := w.floats(tensor.Data[float32](t), w.opt.Half && t.Rank() > 1)
		w.entries[t] = append(w.entries[t], onnx.FormEntry(start, t.Len(), dtype, onnx.Plain))
		return err
	}
	err := binary.Write(w.to, binary.LittleEndian, t.Any())
	w.at += int64(t.Len() * t.DType().Size())
	w.entries[t] = []onnx.Entry{{Key: "offset", Value: strconv.FormatInt(start, 10)}, {Key: "length", Value: strconv.FormatInt(w.at-start, 10)}}
	return err
}

// aligned is what offsets are multiples of.
const aligned = 64

// begin fills up to the next offset.
func (w *writer) begin() int64 {
	for ; w.at%aligned != 0; w.at++ {
		w.to.WriteByte(0) // the error comes again from Flush
	}
	return w.at
}

// floats writes elements as 32-bit or 16-bit floats.
func (w *writer) floats(list []float32, asHalf bool) (tensor.DType, error) {
	if !asHalf {
		w.at += 4 * int64(len(list))
		return tensor.Float32, binary.Write(w.to, binary.LittleEndian, list)
	}
	half := make([]uint16, len(list))
	for i, v := range list {
		h := tensor.ToHalf(v)
		if got := float64(h.Float32()); math.IsInf(got, 0) && !math.IsInf(float64(v), 0) {
			return 0, fmt.Errorf("compile: the weight %g is too large for 16 bits: store the weights as 32-bit floats", v)
		}
		half[i] = uint16(h)
	}
	w.at += 2 * int64(len(list))
	return tensor.Float16, binary.Write(w.to, binary.LittleEndian, half)
}

// outside reports whether a constant is among the weights.
func outside(t *tensor.Tensor) bool {
	return t.DType().Size() > 0 && !t.DType().Small() && t.Len()*t.DType().Size() >= minOutside
}

// constants returns the values of a graph that are constant, each once.
func constants(g *graph.Graph) []*graph.Value {
	var list []*graph.Value
	seen := map[*graph.Value]bool{}
	add := func(v *graph.Value) {
		if v != nil && v.Const != nil && !seen[v] {
			seen[v] = true
			list = append(list, v)
		}
	}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			add(v)
		}
	}
	for _, v := range g.Outputs {
		add(v)
	}
	return list
}

// opsets lists the newest version of each domain; a node of another says so.
func opsets(g *graph.Graph) []onnx.Opset {
	newest := map[string]int{"": g.Opset}
	for _, n := range g.Nodes {
		newest[n.Domain] = max(newest[n.Domain], n.Opset)
	}
	var list []onnx.Opset
	for d, v := range newest {
		list = append(list, onnx.Opset{Domain: d, Version: int64(max(v, 1))})
	}
	slices.SortFunc(list, func(a, b onnx.Opset) int { return strings.Compare(a.Domain, b.Domain) })
	return list
}
