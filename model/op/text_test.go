package op

import (
	"testing"

	"larder/model/tensor"
)

// counted is a call of TfIdfVectorizer with single numbers 2, 3 and pairs 5 6, 7 8.
func counted(name, mode string, skip int64, in, want *tensor.Tensor) opCase {
	return opCase{name: name, typ: "TfIdfVectorizer", attrs: Attrs{"mode": mode, "min_gram_length": int64(1), "max_gram_length": int64(2),
		"max_skip_count": skip, "ngram_counts": []int64{0, 2}, "ngram_indexes": []int64{1, 0, 2, 3}, "pool_int64s": []int64{2, 3, 5, 6, 7, 8},
		"weights": []float32{2, 3, 4, 5}}, in: tensors{in}, want: tensors{want}}
}

var days = tensor.Vector("Monday", "tuesday", "Friday")

var textCases = []opCase{
	{name: "row", typ: "StringConcat", opset: 20, in: tensors{of(dims(2, 1), "a", "b"), tensor.Vector("x", "y")}, want: tensors{of(dims(2, 2), "ax", "ay", "bx", "by")}},
	{name: "spaces", typ: "StringSplit", opset: 20, outputs: 2, in: tensors{tensor.Vector(" a  b\tc ", "", "d")},
		want: tensors{of(dims(3, 3), "a", "b", "c", "", "", "", "d", "", ""), ints(3, 0, 1)}},
	{name: "commas", typ: "StringSplit", opset: 20, outputs: 2, attrs: Attrs{"delimiter": ",", "maxsplit": int64(1)}, in: tensors{tensor.Vector("a,,b")},
		want: tensors{of(dims(1, 2), "a", ",b"), ints(2)}},
	{name: "stop words", typ: "StringNormalizer", attrs: Attrs{"stopwords": []string{"monday"}, "case_change_action": "UPPER"}, in: tensors{days},
		want: tensors{tensor.Vector("TUESDAY", "FRIDAY")}},
	{name: "exactly", typ: "StringNormalizer", attrs: Attrs{"stopwords": []string{"monday"}, "is_case_sensitive": int64(1)}, in: tensors{days}, want: tensors{days}},
	{name: "nothing left", typ: "StringNormalizer", attrs: Attrs{"stopwords": []string{"a"}}, in: tensors{of(dims(1, 1), "A")}, want: tensors{of(dims(1, 1), "")}},
	counted("counts", "TF", 0, ints(2, 5, 6, 2, 7), of[float32](dims(4), 0, 2, 1, 0)),
	counted("skips", "TF", 1, ints(5, 2, 6), of[float32](dims(4), 0, 1, 1, 0)),
	counted("weights", "TFIDF", 0, of[int64](dims(2, 2), 3, 3, 7, 8), of[float32](dims(2, 4), 6, 0, 0, 0, 0, 0, 0, 5)),
	counted("weights once", "IDF", 0, ints(3, 3), of[float32](dims(4), 3, 0, 0, 0)),
}

func TestText(t *testing.T) { checkCases(t, textCases) }

func TestTextInvalid(t *testing.T) {
	bad := func(name string, v any) opCase {
		c := counted(name, "TF", 0, ints(1), nil)
		c.attrs[name] = v
		return c
	}
	checkRefused(t, Invalid, []opCase{
		{name: "matrix", typ: "StringNormalizer", in: tensors{of(dims(2, 1), "a", "b")}},
		{name: "action", typ: "StringNormalizer", attrs: Attrs{"case_change_action": "TITLE"}, in: tensors{days}},
		{name: "numbers", typ: "StringSplit", opset: 20, in: tensors{ints(1)}},
		bad("mode", "BM25"), bad("min_gram_length", int64(0)), bad("max_skip_count", int64(-1)), bad("weights", []float32{1}),
		bad("ngram_counts", []int64{0, 7}), bad("ngram_counts", []int64{0, 3}), bad("ngram_indexes", []int64{1}), bad("pool_int64s", []int64{}),
	})
	checkRefused(t, Unsupported, []opCase{
		{name: "numbers", typ: "StringConcat", opset: 20, in: tensors{ints(1), ints(1)}},
		{name: "far column", typ: "TfIdfVectorizer", attrs: Attrs{"mode": "TF", "min_gram_length": int64(1), "max_gram_length": int64(1), "max_skip_count": int64(0),
			"ngram_counts": []int64{0}, "ngram_indexes": []int64{1 << 30}, "pool_int64s": []int64{2}}, in: tensors{ints(1)}},
	})
}
