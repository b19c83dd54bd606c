package op

import (
	"math"

	"larder/model/tensor"
)

// arrayFeatureExtractor takes columns of the last dimension.
type arrayFeatureExtractor struct{}

func newArrayFeatureExtractor(n Node) (Operator, error) {
	return newRuled(n, arity{2, 2, 1}, arrayFeatureExtractor{})
}

func (arrayFeatureExtractor) types(in []Value) ([]Value, error) {
	x, idx := in[0], in[1]
	if err := wantType("input", x, append(mlTypes[:4:4], tensor.String)...); err != nil {
		return nil, err
	}
	if err := wantType("indices", idx, tensor.Int64); err != nil {
		return nil, err
	}
	n := tensor.Unknown
	if idx.Ranked {
		n = dimsProduct(idx.Shape)
	}
	switch {
	case !x.Ranked:
		return []Value{Unranked(x.DType)}, nil
	case len(x.Shape) == 0:
		return nil, Invalidf("%v has no columns", x)
	case len(x.Shape) == 1:
		return []Value{Of(x.DType, 1, n)}, nil
	}
	shape := x.Shape.Clone()
	shape[len(shape)-1] = n
	return []Value{Of(x.DType, shape...)}, nil
}

func (arrayFeatureExtractor) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	keep := make([]int, in[1].Len())
	for i, k := range tensor.Data[int64](in[1]) {
		if k < 0 || k >= int64(in[0].Dim(-1)) {
			return nil, Invalidf("column %d of %d", k, in[0].Dim(-1))
		}
		keep[i] = int(k)
	}
	res, err := takeSlices(in[0], in[0].Rank()-1, keep)
	if err != nil {
		return nil, err
	}
	return single(res[0].Reshape(out[0].Shape...))
}

// featureVectorizer lays the columns of all inputs side by side; each has a
// fixed number of columns, and is cut or filled with zeros to have them.
type featureVectorizer struct{ sizes []int }

func newFeatureVectorizer(n Node) (Operator, error) {
	list, err := n.Attrs.Ints("inputdimensions")
	if err != nil {
		return nil, err
	}
	if len(list) != len(n.Inputs) {
		return nil, Invalidf("%d inputdimensions for %d inputs", len(list), len(n.Inputs))
	}
	sizes, total := make([]int, len(list)), int64(0)
	for i, v := range list {
		if v < 0 || v > math.MaxInt32 || n.Inputs[i] == "" {
			return nil, Invalidf("input %d has dimension %d", i, v)
		}
		sizes[i], total = int(v), total+v
	}
	if total > math.MaxInt32 {
		return nil, Unsupportedf("%d columns", total)
	}
	return newRuled(n, arity{1, -1, 1}, &featureVectorizer{sizes})
}

func (f *featureVectorizer) types(in []Value) ([]Value, error) {
	if _, err := commonType(in...); err != nil {
		return nil, err
	}
	rows, total := tensor.Unknown, 0
	for i, v := range in {
		if v.Absent {
			return nil, Invalidf("input %d is missing", i)
		}
		if err := wantType("input", v, mlTypes...); err != nil {
			return nil, err
		}
		n, _, err := mlRows(v)
		if err != nil {
			return nil, err
		}
		var ok bool
		if rows, ok = mergeDim(rows, n); !ok {
			return nil, Invalidf("input %d, %v, has not %d rows", i, v, rows)
		}
		total += f.sizes[i]
	}
	return []Value{Of(tensor.Float32, rows, total)}, nil
}

func (f *featureVectorizer) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	res, d := blank[float32](out[0].Shape)
	rows, total := out[0].Shape[0], out[0].Shape[1]
	at := 0
	for k, t := range in {
		x, cols := floatsOf(t), t.Dim(-1)
		for i := range rows {
			for j := range min(cols, f.sizes[k]) {
				d[i*total+at+j] = float32(x[i*cols+j])
			}
		}
		at += f.sizes[k]
	}
	return []*tensor.Tensor{res}, nil
}
