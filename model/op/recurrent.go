package op

import (
	"math"

	"larder/model/tensor"
)

// Recurrent networks. Specification:
// https://onnx.ai/onnx/operators/onnx__RNN.html (1, 7, 14: layout, 22),
// https://onnx.ai/onnx/operators/onnx__LSTM.html (same) and
// https://onnx.ai/onnx/operators/onnx__GRU.html (1, 3: linear_before_reset, 7,
// 14, 22). output_sequence of the first opset only said whether Y is wanted.

var recurrentOps = []Entry{
	{"", "GRU", 1, newRecurrent},
	{"", "LSTM", 1, newRecurrent},
	{"", "RNN", 1, newRecurrent},
}

// gates is how many gates each operator's cell has.
var gates = map[string]int{"RNN": 1, "GRU": 3, "LSTM": 4}

// recurrent is one of the three operators.
type recurrent struct {
	name       string
	gates      int
	directions int
	// backward says that the first direction runs from the end.
	backward bool
	// batchFirst says that X and the outputs have the batch before the time.
	batchFirst bool
	hidden     int // Unknown if the attribute is absent
	clip       float64
	calls      []func(float64) float64 // the activations of each direction
	// coupled is LSTM's input_forget, linear GRU's linear_before_reset.
	coupled, linear bool
}

// The places of inputs.
const (
	rnnX = iota
	rnnW
	rnnR
	rnnB
	rnnLengths
	rnnStartH
	rnnStartC
	rnnPeep
)

func newRecurrent(n Node) (Operator, error) {
	r := &recurrent{name: n.Type, gates: gates[n.Type], directions: 1}
	if err := r.readShape(n.Attrs); err != nil {
		return nil, err
	}
	clip, err := n.Attrs.Float("clip", 0)
	if err != nil {
		return nil, err
	}
	if r.clip = float64(clip); n.Attrs.Has("clip") && !(clip > 0) {
		return nil, Invalidf("clip is %v", clip)
	}
	if r.coupled, err = flag(n.Attrs, "input_forget", 0); err != nil {
		return nil, err
	}
	if r.linear, err = flag(n.Attrs, "linear_before_reset", 0); err != nil {
		return nil, err
	}
	if r.calls, err = r.activations(n.Attrs); err != nil {
		return nil, err
	}
	if r.name == "LSTM" {
		return newRuled(n, arity{3, 8, 3}, inFloat64{r})
	}
	return newRuled(n, arity{3, 6, 2}, inFloat64{r})
}

// readShape reads what decides the shapes.
func (r *recurrent) readShape(a Attrs) error {
	direction, err := a.String("direction", "forward")
	if err != nil {
		return err
	}
	if err := oneOf("direction", direction, "forward", "reverse", "bidirectional"); err != nil {
		return err
	}
	r.backward = direction == "reverse"
	if direction == "bidirectional" {
		r.directions = 2
	}
	if r.hidden, err = countAttr(a, "hidden_size", tensor.Unknown, 1); err != nil {
		return err
	}
	r.batchFirst, err = flag(a, "layout", 0)
	return err
}

// sizes learns D directions, T times, N batch, I inputs, H hidden units, G all
// gates, F twice that, P peepholes.
func (r *recurrent) sizes(in []Value) (named, error) {
	d := named{'D': r.directions}
	if r.hidden >= 0 {
		d['H'] = r.hidden
	}
	x, start := "TNI", "DNH"
	if r.batchFirst {
		x, start = "NTI", "NDH"
	}
	for i, names := range []string{x, "DGI", "DGH", "DF", "N", start, start, "DP"} {
		what := [...]string{"X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"}[i]
		if err := d.read(what, input(in, i), names); err != nil {
			return nil, err
		}
	}
	for _, g := range []struct {
		name  byte
		times int
	}{{'G', r.gates}, {'F', 2 * r.gates}, {'P', 3}} {
		if err := d.set("gates", g.name, times(d.of('H'), g.times)); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// types implements [rule].
func (r *recurrent) types(in []Value) ([]Value, error) {
	x := in[rnnX]
	t, err := floatTypes.same(x, in[rnnW], in[rnnR], input(in, rnnB),
		input(in, rnnStartH), input(in, rnnStartC), input(in, rnnPeep))
	if err != nil {
		return nil, err
	}
	if err := wantType("sequence_lens", input(in, rnnLengths), tensor.Int32); err != nil {
		return nil, err
	}
	d, err := r.sizes(in)
	if err != nil {
		return nil, err
	}
	y, last := "TDNH", "DNH"
	if r.batchFirst {
		y, last = "NTDH", "NDH"
	}
	end := Of(t, d.shape(last)...)
	out := []Value{Of(t, d.shape(y)...), end, end}
	if r.name != "LSTM" {
		out = out[:2]
	}
	return out, nil
}

// run implements [rule].
func (r *recurrent) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	d, err := r.sizes(knownAll(in))
	if err != nil {
		return nil, err
	}
	w := unrolled{recurrent: r, times: d['T'], batch: d['N'], inputs: d['I'], units: d['H']}
	if w.lengths, err = w.lengthsOf(tensorAt(in, rnnLengths)); err != nil {
		return nil, err
	}
	res := make([]*tensor.Tensor, len(out))
	for i := range res {
		res[i] = blankOf(tensor.Float64, out[i].Shape)
	}
	for dir := range r.directions {
		w.direction(in, res, dir)
	}
	return res, nil
}

// lengthsOf returns how many times of each sequence count.
func (w *unrolled) lengthsOf(t *tensor.Tensor) ([]int, error) {
	out := make([]int, w.batch)
	for i := range out {
		out[i] = w.times
		if t == nil {
			continue
		}
		n := int(tensor.Data[int32](t)[i])
		if n < 0 || n > w.times {
			return nil, Invalidf("sequence %d has length %d of %d", i, n, w.times)
		}
		out[i] = n
	}
	return out, nil
}

// activations returns the functions of each direction, f, g and h in turn.
func (r *recurrent) activations(a Attrs) ([]func(float64) float64, error) {
	names, err := a.Strings("activations")
	if err != nil {
		return nil, err
	}
	def := map[string][]string{"RNN": {"Tanh"}, "GRU": {"Sigmoid", "Tanh"}, "LSTM": {"Sigmoid", "Tanh", "Tanh"}}[r.name]
	if len(names) == 0 {
		for range r.directions {
			names = append(names, def...)
		}
	}
	if len(names) != len(def)*r.directions {
		return nil, Invalidf("%d activations, want %d", len(names), len(def)*r.directions)
	}
	alphas, err := a.Floats("activation_alpha")
	if err != nil {
		return nil, err
	}
	betas, err := a.Floats("activation_beta")
	if err != nil {
		return nil, err
	}
	calls := make([]func(float64) float64, len(names))
	for i, name := range names {
		act, ok := cellActivations[name]
		if !ok {
			return nil, Invalidf("activation %q is not known", name)
		}
		p := []float64{act.alpha, act.beta}
		if act.params > 0 && len(alphas) > 0 {
			p[0], alphas = float64(alphas[0]), alphas[1:]
		}
		if act.params > 1 && len(betas) > 0 {
			p[1], betas = float64(betas[0]), betas[1:]
		}
		f := act.f
		calls[i] = func(x float64) float64 { return f(x, p) }
	}
	return calls, nil
}

// cellActivation is a function with up to two parameters and their defaults.
type cellActivation struct {
	params      int
	alpha, beta float64
	f           func(x float64, p []float64) float64
}

// cellActivations are those that the specification names.
var cellActivations = map[string]cellActivation{
	"Relu":            {f: func(x float64, _ []float64) float64 { return max(0, x) }},
	"Tanh":            {f: func(x float64, _ []float64) float64 { return math.Tanh(x) }},
	"Sigmoid":         {f: func(x float64, _ []float64) float64 { return sigmoid(x) }},
	"Softsign":        {f: func(x float64, _ []float64) float64 { return softsign(x) }},
	"Softplus":        {f: func(x float64, _ []float64) float64 { return softplus(x) }},
	"Affine":          {2, 1, 0, func(x float64, p []float64) float64 { return p[0]*x + p[1] }},
	"ScaledTanh":      {2, 1, 1, func(x float64, p []float64) float64 { return p[0] * math.Tanh(p[1]*x) }},
	"HardSigmoid":     {2, 0.2, 0.5, hardSigmoid},
	"LeakyRelu":       {1, 0.01, 0, leakyRelu},
	"ThresholdedRelu": {1, 1, 0, thresholdedRelu},
	"Elu":             {1, 1, 0, elu},
}
