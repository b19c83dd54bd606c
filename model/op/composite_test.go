package op

import (
	"testing"

	"larder/model/tensor"
)

var (
	twoOf    = tensor.SequenceOf(count(2), count(3))
	alike    = tensor.SequenceOf(count(2, 2), count(2, 2))
	aMap     = tensor.Must(tensor.MapOf(tensor.Vector("b", "a"), tensor.Vector[float32](2, 3)))
	numbered = tensor.Must(tensor.MapOf(tensor.Vector[int64](5, 1), tensor.Vector[float32](2, 3)))
	place    = func(i int64) *tensor.Tensor { return tensor.Scalar(i) }
)

var compositeCases = []opCase{
	{name: "two", typ: "SequenceConstruct", in: tensors{count(2), count(3)}, want: tensors{twoOf}},
	{name: "none", typ: "SequenceEmpty", want: tensors{tensor.SequenceOf()}},
	{name: "end", typ: "SequenceInsert", in: tensors{tensor.SequenceOf(count(2)), count(3)}, want: tensors{twoOf}},
	{name: "front", typ: "SequenceInsert", in: tensors{tensor.SequenceOf(count(3)), count(2), place(-1)}, want: tensors{twoOf}},
	{name: "into nothing", typ: "SequenceInsert", in: tensors{tensor.SequenceOf(), count(2)}, want: tensors{tensor.SequenceOf(count(2))}},
	{name: "first", typ: "SequenceErase", in: tensors{twoOf, place(0)}, want: tensors{tensor.SequenceOf(count(3))}},
	{name: "last", typ: "SequenceErase", in: tensors{twoOf}, want: tensors{tensor.SequenceOf(count(2))}},
	{name: "last", typ: "SequenceAt", in: tensors{twoOf, place(-1)}, want: tensors{count(3)}},
	{name: "two", typ: "SequenceLength", in: tensors{twoOf}, want: tensors{place(2)}},
	{name: "slices", typ: "SplitToSequence", attrs: Attrs{"keepdims": int64(0), "axis": int64(1)}, in: tensors{of(dims(2, 2), 1.0, 2, 3, 4)},
		want: tensors{tensor.SequenceOf(tensor.Vector(1.0, 3), tensor.Vector(2.0, 4))}},
	{name: "thin", typ: "SplitToSequence", in: tensors{tensor.Vector(1.0, 2)}, want: tensors{tensor.SequenceOf(tensor.Vector(1.0), tensor.Vector(2.0))}},
	{name: "pairs", typ: "SplitToSequence", attrs: Attrs{"keepdims": int64(0)}, in: tensors{tensor.Vector(1.0, 2, 3), place(2)},
		want: tensors{tensor.SequenceOf(tensor.Vector(1.0, 2), tensor.Vector(3.0))}},
	{name: "sizes", typ: "SplitToSequence", in: tensors{tensor.Vector(1.0, 2, 3), tensor.Vector[int64](1, 2)},
		want: tensors{tensor.SequenceOf(tensor.Vector(1.0), tensor.Vector(2.0, 3))}},
	{name: "joined", typ: "ConcatFromSequence", attrs: Attrs{"axis": int64(0)}, in: tensors{tensor.SequenceOf(tensor.Vector(1.0), tensor.Vector(2.0, 3))},
		want: tensors{tensor.Vector(1.0, 2, 3)}},
	{name: "stacked", typ: "ConcatFromSequence", attrs: Attrs{"axis": int64(-1), "new_axis": int64(1)},
		in: tensors{tensor.SequenceOf(tensor.Vector(1.0, 3), tensor.Vector(2.0, 4))}, want: tensors{of(dims(2, 2), 1.0, 2, 3, 4)}},
	{name: "alike", typ: "ConcatFromSequence", attrs: Attrs{"axis": int64(1)}, in: tensors{alike}},
	{name: "sequence", typ: "Identity", in: tensors{twoOf}, want: tensors{twoOf}},
	{name: "tensor", typ: "Optional", in: tensors{count(2)}, want: tensors{tensor.OptionalOf(count(2))}},
	{name: "nothing", typ: "Optional", attrs: Attrs{"type": Of(tensor.Float32, 2)}, want: tensors{tensor.OptionalOf(nil)}},
	{name: "full", typ: "OptionalHasElement", in: tensors{tensor.OptionalOf(twoOf)}, want: tensors{tensor.Scalar(true)}},
	{name: "empty", typ: "OptionalHasElement", in: tensors{tensor.OptionalOf(nil)}, want: tensors{tensor.Scalar(false)}},
	{name: "tensor", typ: "OptionalHasElement", opset: 18, in: tensors{count(1)}, want: tensors{tensor.Scalar(true)}},
	{name: "absent", typ: "OptionalHasElement", opset: 18, in: tensors{nil}, want: tensors{tensor.Scalar(false)}},
	{name: "full", typ: "OptionalGetElement", in: tensors{tensor.OptionalOf(twoOf)}, want: tensors{twoOf}},
	{name: "tensor", typ: "OptionalGetElement", opset: 18, in: tensors{count(2)}, want: tensors{count(2)}},
	{name: "rows", domain: mlDomain, typ: "ZipMap", opset: 1, attrs: Attrs{"classlabels_strings": []string{"b", "a"}},
		in: tensors{of[float32](dims(1, 2), 2, 3)}, want: tensors{tensor.SequenceOf(aMap)}},
	{name: "row", domain: mlDomain, typ: "ZipMap", opset: 1, attrs: Attrs{"classlabels_int64s": []int64{5, 1}},
		in: tensors{of[float32](dims(2), 2, 3)}, want: tensors{tensor.SequenceOf(numbered)}},
	{name: "words", domain: mlDomain, typ: "DictVectorizer", opset: 1, attrs: Attrs{"string_vocabulary": []string{"a", "z", "b"}},
		in: tensors{aMap}, want: tensors{of[float32](dims(1, 3), 3, 0, 2)}},
	{name: "numbers", domain: mlDomain, typ: "DictVectorizer", opset: 1, attrs: Attrs{"int64_vocabulary": []int64{1, 5}},
		in: tensors{numbered}, want: tensors{of[float32](dims(1, 2), 3, 2)}},
	{name: "dense", domain: mlDomain, typ: "CastMap", opset: 1, in: tensors{numbered}, want: tensors{of[float32](dims(1, 2), 3, 2)}},
	{name: "sparse", domain: mlDomain, typ: "CastMap", opset: 1, attrs: Attrs{"map_form": "SPARSE", "max_map": int64(3), "cast_to": "TO_INT64"},
		in: tensors{numbered}, want: tensors{of[int64](dims(1, 3), 0, 3, 0)}},
}

func TestComposites(t *testing.T) { checkCases(t, compositeCases) }

func TestCompositesInvalid(t *testing.T) {
	checkRefused(t, Invalid, []opCase{
		{name: "tensor for a sequence", typ: "SequenceAt", in: tensors{count(2), place(0)}},
		{name: "outside", typ: "SequenceAt", in: tensors{twoOf, place(2)}},
		{name: "outside", typ: "SequenceInsert", in: tensors{twoOf, count(2), place(3)}},
		{name: "empty", typ: "SequenceErase", in: tensors{tensor.SequenceOf()}},
		{name: "huge place", typ: "SequenceErase", in: tensors{twoOf, place(-1 << 63)}},
		{name: "float place", typ: "SequenceAt", in: tensors{twoOf, tensor.Scalar(1.0)}},
		{name: "mixed", typ: "SequenceConstruct", in: tensors{count(2), tensor.Vector(true)}},
		{name: "mixed", typ: "SequenceInsert", in: tensors{twoOf, tensor.Vector(true)}},
		{name: "nested", typ: "SequenceInsert", in: tensors{tensor.SequenceOf(), twoOf}},
		{name: "sequence for a tensor", typ: "Add", in: tensors{twoOf, count(2)}},
		{name: "sequence for a tensor", typ: "Shape", in: tensors{twoOf}},
		{name: "map for a tensor", typ: "Cast", attrs: Attrs{"to": int64(1)}, in: tensors{aMap}},
		{name: "nothing to join", typ: "ConcatFromSequence", attrs: Attrs{"axis": int64(0)}, in: tensors{tensor.SequenceOf()}},
		{name: "different", typ: "ConcatFromSequence", attrs: Attrs{"axis": int64(0), "new_axis": int64(1)}, in: tensors{twoOf}},
		{name: "does not add up", typ: "SplitToSequence", in: tensors{count(3), tensor.Vector[int64](1, 1)}},
		{name: "parts of nothing", typ: "SplitToSequence", in: tensors{count(3), place(0)}},
		{name: "empty", typ: "OptionalGetElement", in: tensors{tensor.OptionalOf(nil)}},
		{name: "twice", typ: "Optional", in: tensors{tensor.OptionalOf(nil)}},
		{name: "labels", domain: mlDomain, typ: "ZipMap", opset: 1, attrs: Attrs{"classlabels_int64s": []int64{5}}, in: tensors{of[float32](dims(1, 2), 2, 3)}},
		{name: "same labels", domain: mlDomain, typ: "ZipMap", opset: 1, attrs: Attrs{"classlabels_int64s": []int64{5, 5}}, in: tensors{of[float32](dims(1, 2), 2, 3)}},
		{name: "no labels", domain: mlDomain, typ: "ZipMap", opset: 1, in: tensors{of[float32](dims(1, 2), 2, 3)}},
		{name: "other keys", domain: mlDomain, typ: "DictVectorizer", opset: 1, attrs: Attrs{"int64_vocabulary": []int64{1}}, in: tensors{aMap}},
		{name: "no map", domain: mlDomain, typ: "DictVectorizer", opset: 1, attrs: Attrs{"int64_vocabulary": []int64{1}}, in: tensors{count(1)}},
		{name: "text keys", domain: mlDomain, typ: "CastMap", opset: 1, in: tensors{aMap}},
	})
	checkRefused(t, Unsupported, []opCase{
		{name: "too many", typ: "SplitToSequence", in: tensors{zeros(1<<30, 0)}},
		{name: "too many rows", domain: mlDomain, typ: "CastMap", opset: 1, attrs: Attrs{"map_form": "SPARSE", "max_map": int64(1 << 40)}, in: tensors{numbered}},
	})
}
