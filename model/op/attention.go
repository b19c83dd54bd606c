package op

import (
	"math"

	"larder/model/tensor"
)

// Attention on queries, keys and values. Specification:
// https://onnx.ai/onnx/operators/onnx__Attention.html (23, 24: number of valid
// keys, 25: windows) and FlexAttention of ai.onnx.preview, of which graphs that
// change scores are not read.

var attentionOps = []Entry{
	{"", "Attention", 23, newAttention},
	{previewDomain, "FlexAttention", 1, newFlexAttention},
}

// previewDomain is that of operators on trial.
const previewDomain = "ai.onnx.preview"

// attention is what the nodes of all these operators say.
type attention struct {
	scale, softcap float64 // scale 0 stands for 1 by the root of the head's size
	causal         bool
	left, right    int // how far a query sees, -1 without bound
	// heads and kvHeads divide the last dimension of inputs of rank 3.
	heads, kvHeads int
	mode           int64 // what the fourth output shows
	// zeroRow says that a query that sees no key answers 0; else it sees all.
	zeroRow bool
}

// The places of inputs and outputs of Attention.
const (
	attnMask = iota + 3
	attnPastKey
	attnPastValue
	attnValid
)

func newAttention(n Node) (Operator, error) {
	a, err := readAttention(n.Attrs)
	if err != nil {
		return nil, err
	}
	if n.Opset < 25 {
		a.left, a.right = -1, -1
	}
	most := attnValid
	if n.Opset >= 24 {
		most++
	}
	return newRuled(n, arity{3, most, 4}, inFloat64{a})
}

// readAttention reads the attributes.
func readAttention(attrs Attrs) (*attention, error) {
	a := &attention{zeroRow: true}
	for _, f := range []struct {
		name string
		to   *float64
	}{{"scale", &a.scale}, {"softcap", &a.softcap}} {
		v, err := attrs.Float(f.name, 0)
		if err != nil {
			return nil, err
		}
		if *f.to = float64(v); !(v >= 0 && v <= math.MaxFloat32) {
			return nil, Invalidf("%s is %v", f.name, v)
		}
	}
	for _, i := range []struct {
		name       string
		def, least int64
		to         *int
	}{
		{"left_window_size", -1, -1, &a.left}, {"right_window_size", -1, -1, &a.right},
		{"q_num_heads", 0, 1, &a.heads}, {"kv_num_heads", 0, 1, &a.kvHeads},
	} {
		var err error
		if *i.to, err = countAttr(attrs, i.name, i.def, i.least); err != nil {
			return nil, err
		}
	}
	var err error
	if a.causal, err = flag(attrs, "is_causal", 0); err != nil {
		return nil, err
	}
	if a.mode, err = attrs.Int("qk_matmul_output_mode", 0); err == nil && (a.mode < 0 || a.mode > 3) {
		err = Invalidf("qk_matmul_output_mode is %d, want 0 to 3", a.mode)
	}
	if err == nil {
		err = softmaxPrecision(attrs)
	}
	return a, err
}

// softmaxPrecision checks the attribute that names the precision of the softmax,
// which is computed in float64 anyway.
func softmaxPrecision(attrs Attrs) error {
	p, err := dtypeAttr(Node{Attrs: attrs}, "softmax_precision", tensor.Float32)
	if err == nil && !floatTypes.has(p) {
		err = Invalidf("softmax_precision is %v", p)
	}
	return err
}

func newFlexAttention(n Node) (Operator, error) {
	for _, g := range []string{"score_mod", "prob_mod"} {
		if n.Attrs.Has(g) {
			return nil, Unsupportedf("%s: a graph that changes scores", g)
		}
	}
	scale, err := n.Attrs.Float("scale", 0)
	if err != nil {
		return nil, err
	}
	if err := softmaxPrecision(n.Attrs); err != nil {
		return nil, err
	}
	a := &attention{scale: float64(scale), left: -1, right: -1, zeroRow: true}
	return newRuled(n, arity{3, 3, 1}, inFloat64{a})
}

// read learns the sizes: B batch, H heads of queries, K of keys, L queries, S
// keys, E and V sizes of a head, P keys of the past, T keys in all.
func (a *attention) read(in []Value) (named, error) {
	d := named{}
	for i, names := range []string{"BHLE", "BKSE", "BKSV"} {
		v, what := in[i], [3]string{"Q", "K", "V"}[i]
		if v.Ranked && len(v.Shape) == 3 {
			heads := a.heads
			if i > 0 {
				heads = a.kvHeads
			}
			if heads == 0 {
				return nil, Invalidf("%s has rank 3 and the number of heads is not given", what)
			}
			size, err := over(what, v.Shape[2], heads)
			if err != nil {
				return nil, err
			}
			v.Shape = tensor.Shape{v.Shape[0], heads, v.Shape[1], size}
		}
		if err := d.read(what, v, names); err != nil {
			return nil, err
		}
	}
	if err := d.read("past_key", input(in, attnPastKey), "BKPE"); err != nil {
		return nil, err
	}
	if err := d.read("past_value", input(in, attnPastValue), "BKPV"); err != nil {
		return nil, err
	}
	if input(in, attnPastKey).Absent {
		d['P'] = 0
	}
	if d.of('P') >= 0 && d.of('S') >= 0 {
		d['T'] = d['P'] + d['S']
	}
	return d, a.group(d)
}

// group checks that heads of keys are shared by whole groups of queries' heads.
func (a *attention) group(d named) error {
	h, k := d.of('H'), d.of('K')
	if h >= 0 && k >= 0 && (k == 0 || h%k != 0) {
		return Invalidf("%d heads of queries do not divide by %d heads of keys", h, k)
	}
	return nil
}

// types implements [rule].
func (a *attention) types(in []Value) ([]Value, error) {
	d, err := floatTypes.same(in[0], in[1], input(in, attnPastKey))
	if err != nil {
		return nil, err
	}
	dv, err := floatTypes.same(in[2], input(in, attnPastValue))
	if err != nil {
		return nil, err
	}
	if input(in, attnPastKey).Absent != input(in, attnPastValue).Absent {
		return nil, Invalidf("past_key and past_value go together")
	}
	for i := 1; i < 3; i++ {
		if in[0].Ranked && in[i].Ranked && len(in[i].Shape) != len(in[0].Shape) {
			return nil, Invalidf("Q, K and V have shapes %v, %v and %v", in[0].Shape, in[1].Shape, in[2].Shape)
		}
	}
	size, err := a.read(in)
	if err != nil {
		return nil, err
	}
	if err := a.checkMask(input(in, attnMask), size); err != nil {
		return nil, err
	}
	valid := input(in, attnValid)
	if err := wantType("nonpad_kv_seqlen", valid, tensor.Int64); err != nil {
		return nil, err
	}
	if !valid.Absent && !input(in, attnPastKey).Absent {
		return nil, Invalidf("nonpad_kv_seqlen and past_key exclude each other")
	}
	if err := size.read("nonpad_kv_seqlen", valid, "B"); err != nil {
		return nil, err
	}
	y := Unranked(d)
	if in[0].Ranked {
		y = Of(d, size.shape("BHLV")...)
		if len(in[0].Shape) == 3 {
			y = Of(d, size.of('B'), size.of('L'), times(size.of('H'), size.of('V')))
		}
	}
	return []Value{y, Of(d, size.shape("BKTE")...), Of(dv, size.shape("BKTV")...), Of(d, size.shape("BHLT")...)}, nil
}

// checkMask checks a mask; it broadcasts to all dimensions but the last, in
// which it may be shorter.
func (a *attention) checkMask(m Value, d named) error {
	if m.Absent {
		return nil
	}
	if err := (floatTypes | boolType).check("attn_mask", m); err != nil {
		return err
	}
	if !m.Ranked {
		return nil
	}
	if len(m.Shape) < 1 || len(m.Shape) > 4 {
		return Invalidf("attn_mask has shape %v", m.Shape)
	}
	last := len(m.Shape) - 1
	if t := d.of('T'); t >= 0 && m.Shape[last] > t {
		return Invalidf("attn_mask has shape %v for %d keys", m.Shape, t)
	}
	front := m
	front.Shape = m.Shape[:last]
	return broadcastTo("attn_mask", front, d.shape("BHL"))
}

// run implements [rule].
func (a *attention) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	d, err := a.read(knownAll(in))
	if err != nil {
		return nil, err
	}
	c := attending{attention: a, size: d, q: headsOf(in[0], d['H'])}
	var key, value *tensor.Tensor
	key, c.k = joined(tensorAt(in, attnPastKey), headsOf(in[1], d['K']), d.shape("BKTE"))
	value, c.v = joined(tensorAt(in, attnPastValue), headsOf(in[2], d['K']), d.shape("BKTV"))
	var y *tensor.Tensor
	if shape := d.shape("BHLV"); in[0].Rank() == 3 {
		y, _ = blank[float64](tensor.Shape{shape[0], shape[2], shape[1] * shape[3]})
	} else {
		y, _ = blank[float64](shape)
	}
	c.y = headsOf(y, d['H'])
	if v := tensorAt(in, attnValid); v != nil {
		c.valid = tensor.Data[int64](v)
	}
	if m := tensorAt(in, attnMask); m != nil {
		if c.mask, err = maskOf(m, d.shape("BHL")); err != nil {
			return nil, err
		}
	}
	shown, scores := blank[float64](d.shape("BHLT"))
	c.run(scores)
	return []*tensor.Tensor{y, key, value, shown}, nil
}
