package op

import (
	"math"

	"larder/model/tensor"
)

// Operators of ai.onnx.ml that prepare features.
// https://onnx.ai/onnx/operators/onnx_aionnxml_Imputer.html,
// https://onnx.ai/onnx/operators/onnx_aionnxml_OneHotEncoder.html,
// https://onnx.ai/onnx/operators/onnx_aionnxml_ArrayFeatureExtractor.html,
// https://onnx.ai/onnx/operators/onnx_aionnxml_FeatureVectorizer.html.

var featureOps = []Entry{
	{mlDomain, "Imputer", 1, newImputer},
	{mlDomain, "Binarizer", 1, newBinarizer},
	{mlDomain, "OneHotEncoder", 1, newOneHotEncoder},
	{mlDomain, "ArrayFeatureExtractor", 1, newArrayFeatureExtractor},
	{mlDomain, "FeatureVectorizer", 1, newFeatureVectorizer},
}

// imputer replaces one value (NaN, or a given one) by another.
type imputer struct {
	floats, ints []float64
	float, int   float64
}

func newImputer(n Node) (Operator, error) {
	floats, err := n.Attrs.Floats("imputed_value_floats")
	if err != nil {
		return nil, err
	}
	ints, err := n.Attrs.Ints("imputed_value_int64s")
	if err != nil {
		return nil, err
	}
	float, err := n.Attrs.Float("replaced_value_float", 0)
	if err != nil {
		return nil, err
	}
	integer, err := n.Attrs.Int("replaced_value_int64", 0)
	if err != nil {
		return nil, err
	}
	if (len(floats) == 0) == (len(ints) == 0) {
		return nil, Invalidf("%d floats and %d integers to impute, want one kind", len(floats), len(ints))
	}
	p := &imputer{floats: widened64(floats), float: float64(float), int: float64(integer)}
	for _, v := range append(ints, integer) {
		if v < -1<<53 || v > 1<<53 {
			return nil, Unsupportedf("integer %d", v)
		}
	}
	for _, v := range ints {
		p.ints = append(p.ints, float64(v))
	}
	return newRuled(n, arity{1, 1, 1}, p)
}

// lists returns the values to impute and the one to replace for a type.
func (p *imputer) lists(d tensor.DType) ([]float64, float64) {
	if d == tensor.Int32 || d == tensor.Int64 {
		return p.ints, p.int
	}
	return p.floats, p.float
}

func (p *imputer) types(in []Value) ([]Value, error) {
	if err := wantType("input", in[0], mlTypes...); err != nil || in[0].DType == tensor.Undefined {
		return []Value{like(in[0])}, err
	}
	list, _ := p.lists(in[0].DType)
	if len(list) == 0 {
		return nil, Invalidf("there is nothing to impute for %v", in[0])
	}
	return []Value{like(in[0])}, perFeature("values", len(list), in[0])
}

func (p *imputer) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	list, old := p.lists(out[0].DType)
	x := floatsOf(in[0])
	dst, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	m.move(0, 0, len(x)) // the others stay exactly as they are
	for i, v := range x {
		if v != old && !(math.IsNaN(old) && math.IsNaN(v)) {
			continue
		}
		setNumber(dst, i, list[i%len(list)], fromFloat)
	}
	return []*tensor.Tensor{dst}, nil
}

// binarizer is 1 above the threshold, else 0.
type binarizer struct{ threshold float64 }

func newBinarizer(n Node) (Operator, error) {
	threshold, err := n.Attrs.Float("threshold", 0)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, &binarizer{float64(threshold)})
}

func (b *binarizer) types(in []Value) ([]Value, error) {
	return []Value{like(in[0])}, wantType("input", in[0], mlTypes...)
}

func (b *binarizer) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x := floatsOf(in[0])
	res, d := blank[bool](out[0].Shape)
	for i, v := range x {
		d[i] = v > b.threshold
	}
	return castAs(res, out[0].DType)
}

// oneHotEncoder has a 1 for the category of each element in a new last
// dimension.
type oneHotEncoder struct {
	ints  map[int64]int
	names map[string]int
	count int
	zeros bool // an unknown category gives zeros, else it is an error
}

func newOneHotEncoder(n Node) (Operator, error) {
	labels, err := labelsAttr(n, "cats_int64s", "cats_strings")
	if err != nil {
		return nil, err
	}
	zeros, err := n.Attrs.Int("zeros", 1)
	if err != nil {
		return nil, err
	}
	e := &oneHotEncoder{map[int64]int{}, map[string]int{}, labels.count(), zeros != 0}
	for i, c := range labels.ints {
		e.ints[c] = i
	}
	for i, c := range labels.names {
		e.names[c] = i
	}
	return newRuled(n, arity{1, 1, 1}, e)
}

func (e *oneHotEncoder) types(in []Value) ([]Value, error) {
	allowed := mlTypes
	if len(e.names) > 0 {
		allowed = []tensor.DType{tensor.String}
	}
	if err := wantType("input", in[0], allowed...); err != nil {
		return nil, err
	}
	if !in[0].Ranked {
		return []Value{Unranked(tensor.Float32)}, nil
	}
	return []Value{Of(tensor.Float32, append(in[0].Shape.Clone(), e.count)...)}, nil
}

func (e *oneHotEncoder) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	res, d := blank[float32](out[0].Shape)
	find := e.finder(in[0])
	for i := range in[0].Len() {
		k, ok := find(i)
		if ok {
			d[i*e.count+k] = 1
		} else if !e.zeros {
			return nil, Invalidf("element %d is of no known category", i)
		}
	}
	return []*tensor.Tensor{res}, nil
}

// finder returns the function from an element to its category.
func (e *oneHotEncoder) finder(t *tensor.Tensor) func(i int) (int, bool) {
	switch d := t.Any().(type) {
	case []string:
		return func(i int) (int, bool) { k, ok := e.names[d[i]]; return k, ok }
	case []int64:
		return func(i int) (int, bool) { k, ok := e.ints[d[i]]; return k, ok }
	}
	x := floatsOf(t)
	return func(i int) (int, bool) { k, ok := e.ints[floatToInt(x[i])]; return k, ok }
}
