package op

import (
	"strings"

	"larder/model/tensor"
)

// Operators on strings.
// https://onnx.ai/onnx/operators/onnx__StringConcat.html and so on.

var textOps = []Entry{
	{"", "StringConcat", 20, newStringConcat},
	{"", "StringSplit", 20, newStringSplit},
	{"", "StringNormalizer", 10, newStringNormalizer},
	{"", "TfIdfVectorizer", 9, newTfIdf},
}

// newStringConcat makes StringConcat, a binary operator like Add.
func newStringConcat(n Node) (Operator, error) {
	return newBinary(n, binary{operands: dtypeSet(tensor.String), calc: func(a, b *tensor.Tensor, shape tensor.Shape) (*tensor.Tensor, error) {
		y, out := blank[string](shape)
		if len(out) == 0 {
			return y, nil
		}
		as, bs, k, total := tensor.Data[string](a), tensor.Data[string](b), 0, 0
		r := rowsOf(shape, a.Shape(), b.Shape())
		n, step := r.row()
		tooLong := false
		r.each(func(at []int) {
			for i := range n {
				x, y := as[at[0]+i*step[0]], bs[at[1]+i*step[1]]
				if total += len(x) + len(y); total > MaxResultBytes {
					tooLong = true
					return
				}
				out[k] = x + y
				k++
			}
		})
		if tooLong {
			return nil, Unsupportedf("texts of more than %d MiB", MaxResultBytes>>20)
		}
		return y, nil
	}})
}

// stringSplit cuts each text into pieces, and tells how many there are.
type stringSplit struct {
	by   string // "" for white space
	most int    // -1 for any number of cuts
}

func newStringSplit(n Node) (Operator, error) {
	by, err := n.Attrs.String("delimiter", "")
	if err != nil {
		return nil, err
	}
	most, err := n.Attrs.Int("maxsplit", -1)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 2}, &stringSplit{by, int(max(-1, min(most, 1<<30)))})
}

func (s *stringSplit) types(in []Value) ([]Value, error) {
	if err := wantType("input", in[0], tensor.String); err != nil {
		return nil, err
	}
	counts := as(tensor.Int64, in[0])
	if !in[0].Ranked {
		return []Value{Unranked(tensor.String), counts}, nil
	}
	shape := append(in[0].Shape.Clone(), tensor.Unknown)
	return []Value{Of(tensor.String, shape...), counts}, nil
}

func (s *stringSplit) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	counts, n := blank[int64](in[0].Shape())
	pieces := make([][]string, len(n))
	widest := 0
	for i, text := range tensor.Data[string](in[0]) {
		pieces[i] = s.cut(text)
		n[i] = int64(len(pieces[i]))
		widest = max(widest, len(pieces[i]))
	}
	v := Of(tensor.String, append(in[0].Shape().Clone(), widest)...)
	if err := checkResult(v); err != nil {
		return nil, err
	}
	y, flat := blank[string](v.Shape)
	for i, p := range pieces {
		copy(flat[i*widest:], p)
	}
	return []*tensor.Tensor{y, counts}, nil
}

func (s *stringSplit) cut(text string) []string {
	if s.by != "" {
		if text == "" {
			return nil
		}
		n := s.most
		if n >= 0 {
			n++
		}
		return strings.SplitN(text, s.by, n)
	}
	var out []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		end := strings.IndexAny(text, " \t\n\v\f\r")
		if end < 0 || s.most >= 0 && len(out) == s.most {
			return append(out, text)
		}
		out, text = append(out, text[:end]), text[end:]
	}
	return out
}

// stringNormalizer drops stop words and changes letters.
type stringNormalizer struct {
	stop  map[string]bool
	exact bool
	to    string
}

func newStringNormalizer(n Node) (Operator, error) {
	words, err := n.Attrs.Strings("stopwords")
	if err != nil {
		return nil, err
	}
	exact, err := flag(n.Attrs, "is_case_sensitive", 0)
	if err != nil {
		return nil, err
	}
	to, err := n.Attrs.String("case_change_action", "NONE")
	if err != nil {
		return nil, err
	}
	if to != "NONE" && to != "LOWER" && to != "UPPER" {
		return nil, Invalidf("case_change_action is %q", to)
	}
	s := &stringNormalizer{map[string]bool{}, exact, to}
	for _, w := range words {
		s.stop[s.key(w)] = true
	}
	return newRuled(n, arity{1, 1, 1}, s)
}

// key is how stop words are compared.
func (s *stringNormalizer) key(w string) string {
	if s.exact {
		return w
	}
	return strings.ToLower(w)
}

func (s *stringNormalizer) types(in []Value) ([]Value, error) {
	x := in[0]
	if err := wantType("input", x, tensor.String); err != nil || !x.Ranked {
		return []Value{Unranked(tensor.String)}, err
	}
	switch {
	case len(x.Shape) == 1:
		return []Value{Of(tensor.String, tensor.Unknown)}, nil
	case len(x.Shape) == 2 && (x.Shape[0] == 1 || x.Shape[0] < 0):
		return []Value{Of(tensor.String, 1, tensor.Unknown)}, nil
	}
	return nil, Invalidf("input %v is neither [C] nor [1 C]", x)
}

func (s *stringNormalizer) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	out := []string{}
	for _, w := range tensor.Data[string](in[0]) {
		if s.stop[s.key(w)] {
			continue
		}
		switch s.to {
		case "LOWER":
			w = strings.ToLower(w)
		case "UPPER":
			w = strings.ToUpper(w)
		}
		out = append(out, w)
	}
	if len(out) == 0 {
		out = []string{""}
	}
	if in[0].Rank() == 2 {
		return single(tensor.Of(out, 1, len(out)))
	}
	return single(tensor.Of(out, len(out)))
}
