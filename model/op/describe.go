package op

import (
	"larder/model/tensor"
)

// Operators that hand a tensor on or tell its shape; their entries are in
// reshapeOps.

// identity hands its input on.
type identity struct{}

func newIdentity(n Node) (Operator, error) { return newRuled(n, arity{1, 1, 1}, identity{}) }

func (identity) anyKind() {}

func (identity) types(in []Value) ([]Value, error) { return in[:1:1], nil }

func (identity) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	return in[:1:1], nil
}

// shapeOf tells the sizes of dimensions start to end (both since opset 15).
type shapeOf struct {
	start, end int64
	hasEnd     bool
}

func newShape(n Node) (Operator, error) {
	s := &shapeOf{}
	if n.Opset >= 15 {
		var err error
		if s.start, err = n.Attrs.Int("start", 0); err != nil {
			return nil, err
		}
		if s.end, err = n.Attrs.Int("end", 0); err != nil {
			return nil, err
		}
		s.hasEnd = n.Attrs.Has("end")
	}
	return newRuled(n, arity{1, 1, 1}, s)
}

func (s *shapeOf) types(in []Value) ([]Value, error) {
	if !in[0].Ranked {
		return []Value{dimsOfRank(tensor.Int64, 1)}, nil
	}
	dims := s.dims(in[0].Shape)
	if !dims.Known() {
		return []Value{Of(tensor.Int64, len(dims))}, nil
	}
	return []Value{Known(intVector(dims))}, nil
}

func (s *shapeOf) dims(shape tensor.Shape) tensor.Shape {
	r := int64(len(shape))
	clamp := func(k int64) int64 {
		if k < 0 {
			k += r
		}
		return min(max(k, 0), r)
	}
	end := r
	if s.hasEnd {
		end = clamp(s.end)
	}
	start := clamp(s.start)
	return shape[start:max(start, end)]
}

func (s *shapeOf) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	return []*tensor.Tensor{intVector(s.dims(in[0].Shape()))}, nil
}

// intVector returns sizes as an int64 vector.
func intVector(dims []int) *tensor.Tensor {
	v := make([]int64, len(dims))
	for i, d := range dims {
		v[i] = int64(d)
	}
	return tensor.Vector(v...)
}

// sizeOf tells the number of elements.
type sizeOf struct{}

func newSize(n Node) (Operator, error) { return newRuled(n, arity{1, 1, 1}, sizeOf{}) }

func (sizeOf) types(in []Value) ([]Value, error) {
	if in[0].Ranked && in[0].Shape.Known() {
		if n, err := in[0].Shape.Elems(); err == nil {
			return []Value{Known(tensor.Scalar(int64(n)))}, nil
		}
	}
	return []Value{Of(tensor.Int64)}, nil
}

func (sizeOf) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	return []*tensor.Tensor{tensor.Scalar(int64(in[0].Len()))}, nil
}
