package quantize

import (
	"context"
	"fmt"
	"slices"

	"larder/model/engine"
	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/op"
	"larder/model/pass"
	"larder/model/tensor"
)

// oldestOpset is the first opset with a scale for each channel.
const oldestOpset = 13

// Options steers a Quantizer. The zero Options is ready to use.
type Options struct {
	// Engine runs the samples; nil stands for the plain operators.
	Engine engine.Engine
	// Percentile is the share of a value's elements, in percent, that its range
	// has to hold in each sample; 0 stands for 100, the least and the greatest.
	Percentile float64
}

// Quantizer is a model on its way. It is not safe for several goroutines.
type Quantizer struct {
	opt     Options
	file    *onnx.Model
	graph   *graph.Graph
	facts   graph.Facts
	program engine.Program // gives every value that is watched
	watched []*graph.Value
	readers map[*graph.Value][]*graph.Node
	reached map[*graph.Value]bool
	ranges  map[*graph.Value]*span
	samples int
}

// New decodes a model and finds what of it can be integers. The model's nodes
// must be of opset 13 or newer.
func New(data []byte, opt Options) (*Quantizer, error) {
	if opt.Engine == nil {
		opt.Engine = engine.Reference{}
	}
	if opt.Percentile == 0 {
		opt.Percentile = 100
	}
	if !(opt.Percentile > 50 && opt.Percentile <= 100) {
		return nil, fmt.Errorf("quantize: percentile %v, want more than 50 and at most 100", opt.Percentile)
	}
	file, err := onnx.Decode(data, onnx.Options{})
	if err != nil {
		return nil, fmt.Errorf("quantize: %w", err)
	}
	q := &Quantizer{opt: opt, file: file, ranges: map[*graph.Value]*span{}}
	if err := q.prepare(); err != nil {
		return nil, fmt.Errorf("quantize: %w", err)
	}
	return q, nil
}

// simplify is what is done to the graph first: only rewrites that leave ONNX's
// own operators.
var simplify = []pass.Pass{{Name: "dead", Run: pass.Dead}, {Name: "fold", Run: pass.Fold}, {Name: "identity", Run: pass.Identity},
	{Name: "batchnorm", Run: pass.BatchNorm}, {Name: "dead", Run: pass.Dead}}

func (q *Quantizer) prepare() error {
	g, err := graph.Build(q.file, op.All())
	if err != nil {
		return err
	}
	if g.Opset < oldestOpset {
		return fmt.Errorf("the model has opset %d; export it with opset %d or newer", g.Opset, oldestOpset)
	}
	if err := pass.Run(g, simplify); err != nil {
		return err
	}
	q.graph = g
	if q.facts, err = graph.Infer(g, graph.InferOptions{}); err != nil {
		return err
	}
	q.watched = q.choose()
	if len(q.watched) == 0 {
		return fmt.Errorf("nothing to quantise: no Conv, Gemm or MatMul of 32-bit floats with constant weights")
	}
	all := *g
	all.Outputs = q.watched
	q.program, err = q.opt.Engine.Prepare(&all)
	return err
}

// Close lets go of the model.
func (q *Quantizer) Close() { q.program.Close() }

// Observe runs a sample, one tensor for each input by name, and widens the
// ranges to what it sees.
func (q *Quantizer) Observe(ctx context.Context, sample map[string]*tensor.Tensor) error {
	feeds := make([]*tensor.Tensor, len(q.graph.Inputs))
	for i, v := range q.graph.Inputs {
		if feeds[i] = sample[v.Name]; feeds[i] == nil && v.Default == nil {
			return fmt.Errorf("quantize: the sample has no input %q", v.Name)
		}
	}
	values, err := q.program.Run(ctx, feeds)
	if err != nil {
		return fmt.Errorf("quantize: %w", err)
	}
	for i, v := range q.watched {
		if q.ranges[v] == nil {
			q.ranges[v] = &span{}
		}
		q.ranges[v].widen(tensor.Data[float32](values[i]), q.opt.Percentile)
	}
	q.samples++
	return nil
}

// span is the range of a value. It holds 0, which must have a code of its own.
type span struct{ low, high float32 }

// mostSorted is how many elements of a value are sorted for a percentile.
const mostSorted = 1 << 16

func (s *span) widen(data []float32, percentile float64) {
	if percentile == 100 {
		for _, v := range data {
			s.low, s.high = min(s.low, v), max(s.high, v)
		}
		return
	}
	var some []float32
	for i := 0; i < len(data); i += 1 + len(data)/mostSorted {
		some = append(some, data[i])
	}
	if len(some) == 0 {
		return
	}
	slices.Sort(some)
	cut := int(float64(len(some)-1) * (100 - percentile) / 100)
	s.low, s.high = min(s.low, some[cut]), max(s.high, some[len(some)-1-cut])
}
