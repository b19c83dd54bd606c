package op

import "larder/model/tensor"

// Attention of com.microsoft, written as the standard operator.

// attend adds the standard operator on queries, keys and values of rank 3 and
// gives the outputs: result, then (if split) the present.
func (x *expansion) attend(q, k, v, mask, pastKey, pastValue string) ([]string, error) {
	heads, err := x.Attrs.Int("num_heads", 0)
	if err != nil {
		return nil, err
	}
	causal, err := x.Attrs.Int("unidirectional", 0)
	if err != nil {
		return nil, err
	}
	attrs := x.pick("scale")
	attrs["q_num_heads"], attrs["kv_num_heads"], attrs["is_causal"] = heads, heads, causal
	return x.all(3, "", "Attention", attrs, q, k, v, mask, pastKey, pastValue), nil
}

// mask adds what turns the masks of both operators into one that is added to
// scores; like is the tensor whose type it takes, and whose length, if the mask
// counts keys.
func (x *expansion) mask(mask, bias, like string) string {
	if mask == "" {
		return bias
	}
	m := x.all(1, Fused, "KeyMask", x.pick("mask_filter_value"), mask, like)[0]
	return x.plus(m, bias)
}

// expandAttention writes Attention: one matrix makes queries, keys and values.
func expandAttention(x *expansion) error {
	if err := x.refuse("do_rotary", "past_present_share_buffer"); err != nil {
		return err
	}
	product := x.plus(x.add("MatMul", nil, x.in(0), x.in(1)), x.in(2))
	return x.selfAttention(product, 3, 4, 5)
}

// selfAttention goes on from the product of input and weights; the places of
// the mask, the past and the bias follow.
func (x *expansion) selfAttention(product string, mask, past, bias int) error {
	sizes, err := x.Attrs.Ints("qkv_hidden_sizes")
	if err != nil {
		return err
	}
	attrs, split := Attrs{"axis": int64(-1), "num_outputs": int64(3)}, ""
	if len(sizes) > 0 {
		if len(sizes) != 3 {
			return Invalidf("qkv_hidden_sizes is %v", sizes)
		}
		attrs, split = Attrs{"axis": int64(-1)}, x.value(tensor.Vector(sizes...))
	}
	qkv := x.all(3, "", "Split", attrs, product, split)
	var pastKey, pastValue string
	if p := x.in(past); p != "" {
		take := func(i int64) string { return x.add("Gather", nil, p, x.value(tensor.Scalar(i))) }
		pastKey, pastValue = take(0), take(1)
	}
	out, err := x.attend(qkv[0], qkv[1], qkv[2], x.mask(x.in(mask), x.in(bias), qkv[1]), pastKey, pastValue)
	if err != nil {
		return err
	}
	x.give(0, out[0])
	if x.wants(1) {
		zero := x.value(tensor.Vector[int64](0))
		both := [2]string{}
		for i := range both {
			both[i] = x.add("Unsqueeze", nil, out[i+1], zero)
		}
		x.give(1, x.add("Concat", Attrs{"axis": int64(0)}, both[0], both[1]))
	}
	return nil
}

// The places of inputs of MultiHeadAttention.
const (
	multiQuery = iota
	multiKey
	multiValue
	multiBias
	multiMask
	multiAdded
	multiPastKey
	multiPastValue
)

// expandMultiHead writes MultiHeadAttention: queries, keys and values come apart
// or, in rank 5, packed into the first input.
func expandMultiHead(x *expansion) error {
	q, k, v := x.in(multiQuery), x.in(multiKey), x.in(multiValue)
	switch {
	case k == "" && v == "":
		packed := q
		take := func(i int64) string {
			part := x.add("Gather", Attrs{"axis": int64(3)}, packed, x.value(tensor.Scalar(i)))
			return x.add("Reshape", nil, part, x.value(tensor.Vector[int64](0, 0, -1)))
		}
		q, k, v = take(0), take(1), take(2)
	case k == "" || v == "":
		return Unsupportedf("keys and values packed in one input")
	}
	if b := x.in(multiBias); b != "" {
		parts := x.all(3, "", "Split", Attrs{"num_outputs": int64(3)}, b)
		q, k, v = x.plus(q, parts[0]), x.plus(k, parts[1]), x.plus(v, parts[2])
	}
	mask := x.mask(x.in(multiMask), x.in(multiAdded), k)
	out, err := x.attend(q, k, v, mask, x.in(multiPastKey), x.in(multiPastValue))
	for i, name := range out {
		x.give(i, name)
	}
	return err
}

// keyMask makes a mask that is added to scores, [batch 1 1 keys] or [batch 1
// queries keys], of one of integers: how many keys count (rank 1), or which.
type keyMask struct{ filter float64 }

func newKeyMask(n Node) (Operator, error) {
	f, err := n.Attrs.Float("mask_filter_value", -10000)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 2, 1}, inFloat64{keyMask{float64(f)}})
}

// types implements [rule].
func (keyMask) types(in []Value) ([]Value, error) {
	m, like := in[0], in[1]
	if err := wantType("mask", m, tensor.Int32, tensor.Int64, tensor.Bool); err != nil {
		return nil, err
	}
	if err := floatTypes.check("input", like); err != nil {
		return nil, err
	}
	d := named{}
	if err := d.read("input", like, "BK*"); err != nil {
		return nil, err
	}
	if !m.Ranked {
		return []Value{dimsOfRank(like.DType, 4)}, nil
	}
	switch len(m.Shape) {
	case 1:
		if n := m.Shape[0]; n >= 0 && d.of('B') >= 0 && n != d.of('B') {
			return nil, Unsupportedf("mask of shape %v for a batch of %d", m.Shape, d.of('B'))
		}
		return []Value{Of(like.DType, d.of('B'), 1, 1, d.of('K'))}, nil
	case 2:
		return []Value{Of(like.DType, m.Shape[0], 1, 1, m.Shape[1])}, nil
	case 3:
		return []Value{Of(like.DType, m.Shape[0], 1, m.Shape[1], m.Shape[2])}, nil
	}
	return nil, Unsupportedf("mask of shape %v", m.Shape)
}

// run implements [rule].
func (k keyMask) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	y, data := blank[float64](out[0].Shape)
	keys := max(1, out[0].Shape[3])
	for i := range data {
		var off bool
		if m := in[0]; m.Rank() == 1 {
			off = int64(i%keys) >= intAt(m.Any(), i/keys)
		} else {
			off = intAt(m.Any(), i) == 0
		}
		if off {
			data[i] = k.filter
		}
	}
	return []*tensor.Tensor{y}, nil
}
