package op

import (
	"math"

	"larder/model/tensor"
)

// Attention whose memory is a matrix, and the convolution before it.
// Specification: https://onnx.ai/onnx/operators/onnx__LinearAttention.html (27)
// and https://onnx.ai/onnx/operators/onnx__CausalConvWithState.html (27).

var stateOps = []Entry{
	{"", "CausalConvWithState", 27, newCausalConv},
	{"", "LinearAttention", 27, newLinearAttention},
}

// linearAttention is the operator LinearAttention.
type linearAttention struct {
	heads, kvHeads int
	scale          float64
	// gated says that the memory fades, delta that it is corrected instead of
	// added to.
	gated, delta bool
}

// The places of optional inputs.
const (
	linearPast = iota + 3
	linearDecay
	linearBeta
)

func newLinearAttention(n Node) (Operator, error) {
	l := &linearAttention{}
	var err error
	if l.heads, err = countAttr(n.Attrs, "q_num_heads", 0, 1); err != nil {
		return nil, err
	}
	if l.kvHeads, err = countAttr(n.Attrs, "kv_num_heads", 0, 1); err != nil {
		return nil, err
	}
	if l.kvHeads == 0 || l.heads == 0 || l.heads%l.kvHeads != 0 {
		return nil, Invalidf("q_num_heads is %d, kv_num_heads %d", l.heads, l.kvHeads)
	}
	scale, err := n.Attrs.Float("scale", 0)
	if err != nil {
		return nil, err
	}
	l.scale = float64(scale)
	rule, err := n.Attrs.String("update_rule", "gated_delta")
	if err != nil {
		return nil, err
	}
	if err := oneOf("update_rule", rule, "linear", "gated", "delta", "gated_delta"); err != nil {
		return nil, err
	}
	l.gated = rule == "gated" || rule == "gated_delta"
	l.delta = rule == "delta" || rule == "gated_delta"
	return newRuled(n, arity{3, 6, 2}, inFloat64{l})
}

// sizes learns B batch, T times, Q, K and V elements, E and F sizes of a key and
// of a value, H heads of keys, D decays and G rates.
func (l *linearAttention) sizes(in []Value) (named, error) {
	d := named{'H': l.kvHeads}
	for i, names := range []string{"BTQ", "BTK", "BTV", "BHEF", "BTD", "BTG"} {
		what := [...]string{"query", "key", "value", "past_state", "decay", "beta"}[i]
		if err := d.read(what, input(in, i), names); err != nil {
			return nil, err
		}
	}
	for _, p := range []struct {
		whole, part byte
		heads       int
	}{{'Q', 'E', l.heads}, {'K', 'E', l.kvHeads}, {'V', 'F', l.kvHeads}} {
		n, err := over("heads", d.of(p.whole), p.heads)
		if err != nil {
			return nil, err
		}
		if err := d.set("heads", p.part, n); err != nil {
			return nil, err
		}
	}
	if n := d.of('D'); n >= 0 && n != l.kvHeads && d.of('E') >= 0 && n != l.kvHeads*d.of('E') {
		return nil, Invalidf("decay has %d elements for %d heads", n, l.kvHeads)
	}
	if n := d.of('G'); n >= 0 && n != l.kvHeads && n != 1 {
		return nil, Invalidf("beta has %d elements for %d heads", n, l.kvHeads)
	}
	return d, nil
}

// types implements [rule].
func (l *linearAttention) types(in []Value) ([]Value, error) {
	past, decay, beta := input(in, linearPast), input(in, linearDecay), input(in, linearBeta)
	t, err := floatTypes.same(in[0], in[1], in[2], decay, beta)
	if err != nil {
		return nil, err
	}
	if err := floatTypes.check("past_state", past); err != nil {
		return nil, err
	}
	if decay.Absent == l.gated || beta.Absent == l.delta {
		return nil, Invalidf("decay and beta do not fit update_rule")
	}
	d, err := l.sizes(in)
	if err != nil {
		return nil, err
	}
	state := t
	if !past.Absent {
		state = past.DType
	}
	y := Of(t, d.of('B'), d.of('T'), times(d.of('F'), l.heads))
	return []Value{y, Of(state, d.shape("BHEF")...)}, nil
}

// run implements [rule].
func (l *linearAttention) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	d, err := l.sizes(knownAll(in))
	if err != nil {
		return nil, err
	}
	y, _ := blank[float64](out[0].Shape)
	state, memory := blank[float64](out[1].Shape)
	if past := tensorAt(in, linearPast); past != nil {
		copy(memory, doubles(past))
	}
	q, k, v := headsOf(in[0], l.heads), headsOf(in[1], l.kvHeads), headsOf(in[2], l.kvHeads)
	to, e, f := headsOf(y, l.heads), d['E'], d['F']
	scale := l.scale
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(e))
	}
	group := l.heads / l.kvHeads
	for i := range d['B'] * d['T'] {
		b, t := i/d['T'], i%d['T']
		for h := range l.kvHeads {
			m := memory[(b*l.kvHeads+h)*e*f:][:e*f]
			l.update(in, m, k.row(b, h, t), v.row(b, h, t), i, h)
			for g := range group {
				row := to.row(b, h*group+g, t)
				for a, x := range q.row(b, h*group+g, t) {
					for c := range row {
						row[c] += scale * x * m[a*f+c]
					}
				}
			}
		}
	}
	return []*tensor.Tensor{y, state}, nil
}

// update changes the memory m of head h by one key and value; i numbers batch
// and time.
func (l *linearAttention) update(in []*tensor.Tensor, m, key, value []float64, i, h int) {
	e, f := len(key), len(value)
	if l.gated {
		decay := doubles(in[linearDecay])
		n := in[linearDecay].Dim(2)
		for j := range m {
			at := h
			if n != l.kvHeads || e == 1 {
				at = h*e + j/f
			}
			m[j] *= math.Exp(decay[i*n+at])
		}
	}
	fresh := value
	if l.delta {
		n := in[linearBeta].Dim(2)
		rate := doubles(in[linearBeta])[i*n+h%n]
		fresh = make([]float64, f)
		for c := range fresh {
			for a, x := range key {
				fresh[c] += m[a*f+c] * x
			}
			fresh[c] = rate * (value[c] - fresh[c])
		}
	}
	for a, x := range key {
		for c, v := range fresh {
			m[a*f+c] += x * v
		}
	}
}

// causalConv is the operator CausalConvWithState.
type causalConv struct{ silu bool }

func newCausalConv(n Node) (Operator, error) {
	act, err := n.Attrs.String("activation", "none")
	if err != nil {
		return nil, err
	}
	if err := oneOf("activation", act, "none", "silu", "swish"); err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 4, 2}, inFloat64{causalConv{act != "none"}})
}

// sizes learns N batch, C channels, L length, K kernel, P elements of the past.
func (causalConv) sizes(in []Value) (named, error) {
	d := named{}
	for i, names := range []string{"NCL", "C1K", "C", "NCP"} {
		what := [...]string{"input", "weight", "bias", "past_state"}[i]
		if err := d.read(what, input(in, i), names); err != nil {
			return nil, err
		}
	}
	switch k := d.of('K'); {
	case k == 0:
		return nil, Invalidf("weight has an empty kernel")
	case k > 0:
		return d, d.set("past_state", 'P', k-1)
	}
	return d, nil
}

// types implements [rule].
func (c causalConv) types(in []Value) ([]Value, error) {
	t, err := floatTypes.same(in...)
	if err != nil {
		return nil, err
	}
	d, err := c.sizes(in)
	if err != nil {
		return nil, err
	}
	return []Value{Of(t, d.shape("NCL")...), Of(t, d.shape("NCP")...)}, nil
}

// run implements [rule].
func (c causalConv) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	d, err := c.sizes(knownAll(in))
	if err != nil {
		return nil, err
	}
	x, w, bias, past := doubles(in[0]), doubles(in[1]), doubles(tensorAt(in, 2)), doubles(tensorAt(in, 3))
	y, data := blank[float64](out[0].Shape)
	state, after := blank[float64](out[1].Shape)
	n, p := d['L'], d['P']
	line := make([]float64, p+n)
	for row := range d['N'] * d['C'] {
		ch := row % d['C']
		if past != nil {
			copy(line, past[row*p:][:p])
		}
		copy(line[p:], x[row*n:][:n])
		for i := range n {
			v := dot(w[ch*(p+1):][:p+1], line[i:][:p+1])
			if bias != nil {
				v += bias[ch]
			}
			if c.silu {
				v *= sigmoid(v)
			}
			data[row*n+i] = v
		}
		copy(after[row*p:][:p], line[n:])
	}
	return []*tensor.Tensor{y, state}, nil
}
