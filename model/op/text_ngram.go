package op

import (
	"math"
	"strings"

	"larder/model/tensor"
)

// tfIdf is TfIdfVectorizer: it counts n-grams, also such that leave out some
// elements between two of theirs. Its entry is in textOps.
type tfIdf struct {
	pool           *tensor.Tensor // the elements of all n-grams
	grams          map[string]int // an n-gram's key to its number
	columns        []int          // of each n-gram
	weights        []float32      // of each n-gram
	least, most    int            // lengths
	skip, size     int
	binary, weight bool // of IDF, and of IDF and TFIDF
}

func newTfIdf(n Node) (Operator, error) {
	pool, err := stringsOrInts(n, "pool_strings", "pool_int64s")
	if err != nil {
		return nil, err
	}
	v := &tfIdf{pool: pool, grams: map[string]int{}}
	mode, err := n.Attrs.String("mode", "")
	if err != nil {
		return nil, err
	}
	if v.binary, v.weight = mode == "IDF", mode == "IDF" || mode == "TFIDF"; mode != "TF" && !v.weight {
		return nil, Invalidf("mode is %q, want TF, IDF or TFIDF", mode)
	}
	for _, a := range []struct {
		name  string
		least int64
		to    *int
	}{{"min_gram_length", 1, &v.least}, {"max_gram_length", 1, &v.most}, {"max_skip_count", 0, &v.skip}} {
		x, err := n.Attrs.Int(a.name, -1)
		if err != nil {
			return nil, err
		}
		if x < a.least || x > 1<<20 {
			return nil, Invalidf("%s is %d", a.name, x)
		}
		*a.to = int(x)
	}
	if v.least > v.most {
		return nil, Invalidf("lengths from %d to %d", v.least, v.most)
	}
	if err := v.read(n); err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, v)
}

// read takes the n-grams out of the pool.
func (v *tfIdf) read(n Node) error {
	starts, err := n.Attrs.Ints("ngram_counts")
	if err != nil {
		return err
	}
	if v.columns, err = sizes(n.Attrs, "ngram_indexes", 0); err != nil {
		return err
	}
	if v.weights, err = n.Attrs.Floats("weights"); err != nil {
		return err
	}
	if v.weights != nil && len(v.weights) != len(v.columns) {
		return Invalidf("%d weights for %d n-grams", len(v.weights), len(v.columns))
	}
	v.most = min(v.most, len(starts)) // there are no longer ones
	at, total := 0, int64(v.pool.Len())
	for k, from := range starts {
		end := total
		if k+1 < len(starts) {
			end = starts[k+1]
		}
		length := int64(k + 1)
		if from < 0 || from > end || end > total || (end-from)%length != 0 {
			return Invalidf("ngram_counts %v for a pool of %d", starts, total)
		}
		for i := from; i < end; i += length {
			if at == len(v.columns) {
				return Invalidf("more n-grams than the %d of ngram_indexes", at)
			}
			v.grams[gramKey(v.pool, int(i), 1, int(length))] = at
			v.size = max(v.size, v.columns[at]+1)
			at++
		}
	}
	if at != len(v.columns) {
		return Invalidf("%d n-grams, ngram_indexes has %d", at, len(v.columns))
	}
	return nil
}

// gramKey names the n elements of t from at on, step apart: no two n-grams share
// a name.
func gramKey(t *tensor.Tensor, at, step, n int) string {
	var b strings.Builder
	for range n {
		switch d := t.Any().(type) {
		case []string:
			s := d[at]
			b.WriteString(string([]byte{byte(len(s)), byte(len(s) >> 8), byte(len(s) >> 16), byte(len(s) >> 24)}))
			b.WriteString(s)
		default:
			x := uint64(intAt(d, at))
			for range 8 {
				b.WriteByte(byte(x))
				x >>= 8
			}
		}
		at += step
	}
	return b.String()
}

func (v *tfIdf) types(in []Value) ([]Value, error) {
	x := in[0]
	allowed := []tensor.DType{tensor.String}
	if v.pool.DType() == tensor.Int64 {
		allowed = indexTypes
	}
	if err := wantType("input", x, allowed...); err != nil {
		return nil, err
	}
	switch {
	case !x.Ranked:
		return []Value{Unranked(tensor.Float32)}, nil
	case len(x.Shape) == 1:
		return []Value{Of(tensor.Float32, v.size)}, nil
	case len(x.Shape) == 2:
		return []Value{Of(tensor.Float32, x.Shape[0], v.size)}, nil
	}
	return nil, Invalidf("input %v is neither a row nor rows", x)
}

func (v *tfIdf) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	y, sums := blank[float32](out[0].Shape)
	x := in[0]
	rows, width := 1, x.Dim(-1)
	if x.Rank() == 2 {
		rows = x.Dim(0)
	}
	for r := range rows {
		v.row(x, r*width, width, sums[r*v.size:(r+1)*v.size])
	}
	return []*tensor.Tensor{y}, nil
}

// row counts the n-grams of one row.
func (v *tfIdf) row(x *tensor.Tensor, from, width int, sums []float32) {
	for n := v.least; n <= min(v.most, width); n++ {
		for step := 1; step <= v.skip+1 && (n-1)*step < width; step++ {
			if n == 1 && step > 1 {
				break // there is nothing to skip
			}
			for at := 0; at+(n-1)*step < width; at++ {
				if k, ok := v.grams[gramKey(x, from+at, step, n)]; ok {
					v.count(k, sums)
				}
			}
		}
	}
}

// count adds one occurrence of an n-gram.
func (v *tfIdf) count(k int, sums []float32) {
	w := float32(1)
	if v.weight && v.weights != nil {
		w = v.weights[k]
	}
	if at := &sums[v.columns[k]]; !v.binary {
		*at += w
	} else if *at == 0 || math.IsNaN(float64(w)) {
		*at = w
	}
}
