package op

import (
	"math"

	"larder/model/tensor"
)

// LabelEncoder (1, 2, 4) and CategoryMapper translate values by a table.
// https://onnx.ai/onnx/operators/onnx_aionnxml_LabelEncoder.html

var labelOps = []Entry{
	{mlDomain, "LabelEncoder", 1, newLabelEncoder1},
	{mlDomain, "LabelEncoder", 2, newLabelEncoder},
	{mlDomain, "CategoryMapper", 1, newCategoryMapper},
}

// labelEncoder maps keys to values of any two types; what is no key becomes the
// default.
type labelEncoder struct {
	keys, values *tensor.Tensor // of one length
	other        *tensor.Tensor // the default, one element
	index        map[any]int
}

// keyOf returns what element i of t is in a map: equal numbers are equal keys,
// and so are NaNs.
func keyOf(t *tensor.Tensor, i int) any {
	switch d := t.Any().(type) {
	case []string:
		return d[i]
	case []int64:
		return d[i]
	case []int32:
		return d[i]
	case []int16:
		return d[i]
	case []float32:
		return floatKey(float64(d[i]))
	case []float64:
		return floatKey(d[i])
	}
	return nil
}

func floatKey(v float64) any {
	if math.IsNaN(v) {
		return "NaN"
	}
	return v
}

var labelTypes = []tensor.DType{tensor.String, tensor.Int64, tensor.Float32, tensor.Int32, tensor.Int16, tensor.Float64}

func newTable(n Node, keys, values, other *tensor.Tensor) (Operator, error) {
	if keys.Len() != values.Len() || other.Len() != 1 || other.DType() != values.DType() {
		return nil, Invalidf("keys %v, values %v and default %v do not fit", keys, values, other)
	}
	for _, t := range []*tensor.Tensor{keys, values} {
		if err := wantType("table", Known(t), labelTypes...); err != nil {
			return nil, err
		}
	}
	e := &labelEncoder{keys, values, other, map[any]int{}}
	for i := range keys.Len() {
		k := keyOf(keys, i)
		if _, twice := e.index[k]; !twice { // the first of equal keys counts
			e.index[k] = i
		}
	}
	return newRuled(n, arity{1, 1, 1}, e)
}

// newLabelEncoder1 reads opset 1: strings to their numbers, or back.
func newLabelEncoder1(n Node) (Operator, error) {
	classes, err := n.Attrs.Strings("classes_strings")
	if err != nil {
		return nil, err
	}
	numbers := make([]int64, len(classes))
	for i := range numbers {
		numbers[i] = int64(i)
	}
	return newBothWays(n, classes, numbers)
}

func newCategoryMapper(n Node) (Operator, error) {
	names, err := n.Attrs.Strings("cats_strings")
	if err != nil {
		return nil, err
	}
	numbers, err := n.Attrs.Ints("cats_int64s")
	if err != nil {
		return nil, err
	}
	return newBothWays(n, names, numbers)
}

// bothWays translates strings to numbers and numbers to strings.
type bothWays struct{ toNumber, toName *labelEncoder }

func newBothWays(n Node, names []string, numbers []int64) (Operator, error) {
	name, err := n.Attrs.String("default_string", "_Unused")
	if err != nil {
		return nil, err
	}
	number, err := n.Attrs.Int("default_int64", -1)
	if err != nil {
		return nil, err
	}
	s, i := tensor.Vector(names...), tensor.Vector(numbers...)
	there, err := newTable(n, s, i, tensor.Vector(number))
	if err != nil {
		return nil, err
	}
	back, err := newTable(n, i, s, tensor.Vector(name))
	if err != nil {
		return nil, err
	}
	b := bothWays{there.(*ruled).rule.(*labelEncoder), back.(*ruled).rule.(*labelEncoder)}
	return newRuled(n, arity{1, 1, 1}, b)
}

// way returns the direction for inputs of a type, nil if it is not known.
func (b bothWays) way(v Value) *labelEncoder {
	switch v.DType {
	case tensor.String:
		return b.toNumber
	case tensor.Int64:
		return b.toName
	}
	return nil
}

func (b bothWays) types(in []Value) ([]Value, error) {
	if e := b.way(in[0]); e != nil {
		return e.types(in)
	}
	return []Value{as(tensor.Undefined, in[0])}, wantType("input", in[0], tensor.String, tensor.Int64)
}

func (b bothWays) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	return b.way(Known(in[0])).run(in, out)
}

// newLabelEncoder reads opsets 2 and 4: lists or tensors.
func newLabelEncoder(n Node) (Operator, error) {
	keys, err := listAttr(n.Attrs, "keys")
	if err != nil {
		return nil, err
	}
	values, err := listAttr(n.Attrs, "values")
	if err != nil {
		return nil, err
	}
	other, err := n.Attrs.Tensor("default_tensor")
	if err != nil {
		return nil, err
	}
	if other == nil {
		if other, err = defaultOf(n.Attrs, values.DType()); err != nil {
			return nil, err
		}
	}
	return newTable(n, keys, values, other)
}

// listAttr reads the list that is given as floats, integers, strings or tensor.
func listAttr(a Attrs, name string) (*tensor.Tensor, error) {
	floats, err := a.Floats(name + "_floats")
	if err != nil {
		return nil, err
	}
	ints, err := a.Ints(name + "_int64s")
	if err != nil {
		return nil, err
	}
	texts, err := a.Strings(name + "_strings")
	if err != nil {
		return nil, err
	}
	t, err := a.Tensor(name + "_tensor")
	if err != nil {
		return nil, err
	}
	count := 0
	for _, given := range []bool{floats != nil, ints != nil, texts != nil, t != nil} {
		if given {
			count++
		}
	}
	switch {
	case count != 1:
		return nil, Invalidf("%d lists of %s, want 1", count, name)
	case floats != nil:
		return tensor.Vector(floats...), nil
	case ints != nil:
		return tensor.Vector(ints...), nil
	case texts != nil:
		return tensor.Vector(texts...), nil
	}
	return t, nil
}

// defaultOf returns the default for values of a type.
func defaultOf(a Attrs, d tensor.DType) (*tensor.Tensor, error) {
	switch d {
	case tensor.String:
		s, err := a.String("default_string", "_Unused")
		return tensor.Vector(s), err
	case tensor.Float32, tensor.Float64:
		f, err := a.Float("default_float", float32(math.Copysign(0, -1)))
		if err != nil {
			return nil, err
		}
		return castTensor(tensor.Vector(f), d)
	case tensor.Int64, tensor.Int32, tensor.Int16:
		i, err := a.Int("default_int64", -1)
		if err != nil {
			return nil, err
		}
		return castTensor(tensor.Vector(i), d)
	}
	return nil, Invalidf("values of type %v", d)
}

func (e *labelEncoder) types(in []Value) ([]Value, error) {
	return []Value{as(e.values.DType(), in[0])}, wantType("input", in[0], e.keys.DType())
}

func (e *labelEncoder) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	dst, known, err := moved(out[0], e.values)
	if err != nil {
		return nil, err
	}
	unknown, err := moverOf(dst, e.other)
	if err != nil {
		return nil, err
	}
	for i := range in[0].Len() {
		if k, ok := e.index[keyOf(in[0], i)]; ok {
			known.move(i, k, 1)
		} else {
			unknown.move(i, 0, 1)
		}
	}
	return []*tensor.Tensor{dst}, nil
}
