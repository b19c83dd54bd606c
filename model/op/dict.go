package op

import (
	"math"
	"slices"

	"larder/model/tensor"
)

// Operators of ai.onnx.ml on maps.
// https://onnx.ai/onnx/operators/onnx_aionnxml_ZipMap.html,
// https://onnx.ai/onnx/operators/onnx_aionnxml_DictVectorizer.html,
// https://onnx.ai/onnx/operators/onnx_aionnxml_CastMap.html.

var dictOps = []Entry{
	{mlDomain, "ZipMap", 1, newZipMap},
	{mlDomain, "DictVectorizer", 1, newDictVectorizer},
	{mlDomain, "CastMap", 1, newCastMap},
}

// stringsOrInts reads the list that is given as strings or as integers.
func stringsOrInts(n Node, texts, ints string) (*tensor.Tensor, error) {
	s, err := n.Attrs.Strings(texts)
	if err != nil {
		return nil, err
	}
	i, err := n.Attrs.Ints(ints)
	if err != nil {
		return nil, err
	}
	switch {
	case (len(s) == 0) == (len(i) == 0):
		return nil, Invalidf("%d %s and %d %s, want one of them", len(s), texts, len(i), ints)
	case len(s) > 0:
		return tensor.Vector(s...), nil
	}
	return tensor.Vector(i...), nil
}

// zipMap makes a map of labels to numbers of each row.
type zipMap struct{ labels *tensor.Tensor }

func newZipMap(n Node) (Operator, error) {
	labels, err := stringsOrInts(n, "classlabels_strings", "classlabels_int64s")
	if err != nil {
		return nil, err
	}
	seen := map[any]bool{}
	for i := range labels.Len() {
		k := keyOf(labels, i)
		if seen[k] {
			return nil, Invalidf("label %v is given twice", k)
		}
		seen[k] = true
	}
	return newRuled(n, arity{1, 1, 1}, &zipMap{labels})
}

func (z *zipMap) types(in []Value) ([]Value, error) {
	x, rows := in[0], 1
	if err := wantType("input", x, tensor.Float32); err != nil {
		return nil, err
	}
	switch {
	case !x.Ranked:
		rows = tensor.Unknown
	case len(x.Shape) != 1 && len(x.Shape) != 2:
		return nil, Invalidf("input %v is neither a row nor rows", x)
	default:
		if len(x.Shape) == 2 {
			rows = x.Shape[0]
		}
		if _, ok := mergeDim(x.Shape[len(x.Shape)-1], z.labels.Len()); !ok {
			return nil, Invalidf("input %v for %d labels", x, z.labels.Len())
		}
	}
	number := Of(tensor.Float32)
	return []Value{SequenceOf(Value{DType: tensor.Map, Key: z.labels.DType(), Elem: &number}, rows)}, nil
}

func (z *zipMap) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	rows, n := out[0].Shape[0], z.labels.Len()
	data := slices.Clone(tensor.Data[float32](in[0])) // once for all rows
	list := make([]*tensor.Tensor, rows)
	for i := range list {
		m, err := tensor.MapOf(z.labels, tensor.Vector(data[i*n:(i+1)*n:(i+1)*n]...))
		if err != nil {
			return nil, Invalidf("%v", err)
		}
		list[i] = m
	}
	return []*tensor.Tensor{tensor.SequenceOf(list...)}, nil
}

// placesOf returns where each key of a map is.
func placesOf(keys *tensor.Tensor) map[any]int {
	at := make(map[any]int, keys.Len())
	for i := range keys.Len() {
		at[keyOf(keys, i)] = i
	}
	return at
}

// dictVectorizer writes a map's values in the order of a vocabulary, zeros where
// the map has nothing.
type dictVectorizer struct {
	composites
	words *tensor.Tensor
}

func newDictVectorizer(n Node) (Operator, error) {
	words, err := stringsOrInts(n, "string_vocabulary", "int64_vocabulary")
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, &dictVectorizer{words: words})
}

func (d *dictVectorizer) types(in []Value) ([]Value, error) {
	if err := wantKind("input", in[0], tensor.Map); err != nil {
		return nil, err
	}
	if k := in[0].Key; k != tensor.Undefined && k != d.words.DType() {
		return nil, Invalidf("keys are %v, the vocabulary is %v", k, d.words.DType())
	}
	return []Value{Of(in[0].elem().DType, 1, d.words.Len())}, nil
}

func (d *dictVectorizer) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	keys, values := in[0].Items()[0], in[0].Items()[1]
	dst, m, err := moved(out[0], values)
	if err != nil {
		return nil, err
	}
	at := placesOf(keys)
	for i := range d.words.Len() {
		if k, ok := at[keyOf(d.words, i)]; ok {
			m.move(i, k, 1)
		}
	}
	return []*tensor.Tensor{dst}, nil
}

// castMap writes the values of a map with integer keys: in the order of the keys,
// or each at the place that its key says.
type castMap struct {
	composites
	to     tensor.DType
	sparse bool
	size   int // of a sparse one
}

func newCastMap(n Node) (Operator, error) {
	to, err := n.Attrs.String("cast_to", "TO_FLOAT")
	if err != nil {
		return nil, err
	}
	form, err := n.Attrs.String("map_form", "DENSE")
	if err != nil {
		return nil, err
	}
	size, err := n.Attrs.Int("max_map", 1)
	if err != nil {
		return nil, err
	}
	c := &castMap{sparse: form == "SPARSE", size: int(min(size, math.MaxInt32))}
	c.to = map[string]tensor.DType{"TO_FLOAT": tensor.Float32, "TO_STRING": tensor.String, "TO_INT64": tensor.Int64}[to]
	if c.to == tensor.Undefined || form != "SPARSE" && form != "DENSE" || c.sparse && size < 1 {
		return nil, Invalidf("cast_to %q, map_form %q, max_map %d", to, form, size)
	}
	return newRuled(n, arity{1, 1, 1}, c)
}

func (c *castMap) types(in []Value) ([]Value, error) {
	n := c.size
	if !c.sparse {
		n = length(in[0])
	}
	if k := in[0].Key; k != tensor.Undefined && k != tensor.Int64 {
		return nil, Invalidf("keys are %v, want int64", k)
	}
	return []Value{Of(c.to, 1, n)}, wantKind("input", in[0], tensor.Map)
}

func (c *castMap) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	keys := tensor.Data[int64](in[0].Items()[0])
	values, err := castTensor(in[0].Items()[1], c.to)
	if err != nil {
		return nil, err
	}
	dst, m, err := moved(out[0], values)
	if err != nil {
		return nil, err
	}
	if c.sparse {
		for i, k := range keys {
			if k >= 0 && k < int64(c.size) {
				m.move(int(k), i, 1)
			}
		}
		return []*tensor.Tensor{dst}, nil
	}
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if keys[a] < keys[b] {
			return -1
		}
		return 1
	})
	for i, k := range order {
		m.move(i, k, 1)
	}
	return []*tensor.Tensor{dst}, nil
}
