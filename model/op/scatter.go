package op

import (
	"larder/model/tensor"
)

// Operators that write elements to given places of a copy. Without a reduction
// the last update of a place wins.
// https://onnx.ai/onnx/operators/onnx__ScatterElements.html,
// https://onnx.ai/onnx/operators/onnx__ScatterND.html.

var scatterOps = []Entry{
	{"", "Scatter", 9, newScatterElements},
	{"", "ScatterElements", 11, newScatterElements},
	{"", "ScatterND", 11, newScatterND},
}

// reductionAttr reads how updates join what is there.
func reductionAttr(n Node) (string, error) {
	red, err := n.Attrs.String("reduction", "none")
	if err != nil {
		return "", err
	}
	switch {
	case red == "none":
	case (red == "add" || red == "mul") && n.Opset >= 16:
	case (red == "max" || red == "min") && n.Opset >= 18:
	default:
		return "", Invalidf("reduction %q does not exist in opset %d", red, n.Opset)
	}
	return red, nil
}

// scatterTypes checks what both operators share.
func scatterTypes(in []Value, red string) (Value, error) {
	data, updates := in[0], in[2]
	if _, err := commonType(data, updates); err != nil {
		return Value{}, err
	}
	if d := data.DType; red != "none" && !numberTypes.has(d) {
		return Value{}, Unsupportedf("reduction %q of %v", red, d)
	}
	return like(data), nil
}

type scatterElements struct {
	axis int64
	red  string
}

func newScatterElements(n Node) (Operator, error) {
	axis, err := n.Attrs.Int("axis", 0)
	if err != nil {
		return nil, err
	}
	red, err := reductionAttr(n)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{3, 3, 1}, &scatterElements{axis, red})
}

func (s *scatterElements) types(in []Value) ([]Value, error) {
	if err := elementwiseIndices(in[0], in[1], s.axis); err != nil {
		return nil, err
	}
	if in[1].Ranked && in[2].Ranked {
		if err := sameShape(in[1].Shape, in[2].Shape); err != nil {
			return nil, err
		}
	}
	out, err := scatterTypes(in, s.red)
	return []Value{out}, err
}

// sameShape checks that the updates have the shape that the indices ask for.
func sameShape(want, got tensor.Shape) error {
	if len(want) != len(got) {
		return Invalidf("updates of shape %v, want %v", got, want)
	}
	for k := range want {
		if _, ok := mergeDim(want[k], got[k]); !ok {
			return Invalidf("updates of shape %v, want %v", got, want)
		}
	}
	return nil
}

func (s *scatterElements) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	at, err := places(in[0], in[1], s.axis)
	if err != nil {
		return nil, err
	}
	return scattered(in, out, at, 1, s.red)
}

// scattered copies in[0] and writes block j of in[2] at position at[j].
func scattered(in []*tensor.Tensor, out []Value, at []int, block int, red string) ([]*tensor.Tensor, error) {
	dst, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	m.move(0, 0, dst.Len())
	put, err := putter(dst, in[2], red)
	if err != nil {
		return nil, err
	}
	for j, a := range at {
		put(a, j*block, block)
	}
	return []*tensor.Tensor{dst}, nil
}

type scatterND struct{ red string }

func newScatterND(n Node) (Operator, error) {
	red, err := reductionAttr(n)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{3, 3, 1}, &scatterND{red})
}

func (s *scatterND) types(in []Value) ([]Value, error) {
	data, idx, updates := in[0], in[1], in[2]
	if err := wantType("indices", idx, tensor.Int64); err != nil {
		return nil, err
	}
	if idx.Ranked && len(idx.Shape) < 1 {
		return nil, Invalidf("indices %v are a scalar", idx)
	}
	if data.Ranked && idx.Ranked && idx.Shape[len(idx.Shape)-1] >= 0 {
		q := len(idx.Shape)
		tuple := idx.Shape[q-1]
		if tuple > len(data.Shape) {
			return nil, Invalidf("indices %v have more than the %d dimensions of the data", idx, len(data.Shape))
		}
		want := append(idx.Shape[:q-1].Clone(), data.Shape[tuple:]...)
		if updates.Ranked {
			if err := sameShape(want, updates.Shape); err != nil {
				return nil, err
			}
		}
	}
	out, err := scatterTypes(in, s.red)
	return []Value{out}, err
}

func (s *scatterND) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	at, block, err := tuples(in[0], in[1], 0)
	if err != nil {
		return nil, err
	}
	return scattered(in, out, at, block, s.red)
}

// putter returns a function that joins n elements of src into dst.
func putter(dst, src *tensor.Tensor, red string) (func(dst, src, n int), error) {
	if red == "none" {
		m, err := moverOf(dst, src)
		if err != nil {
			return nil, err
		}
		return m.move, nil
	}
	name := map[string]string{"add": "Add", "mul": "Mul", "max": "Max", "min": "Min"}[red]
	switch d := dst.Any().(type) {
	case []float32:
		return putInto(d, tensor.Data[float32](src), floatFunc[float32](name)), nil
	case []float64:
		return putInto(d, tensor.Data[float64](src), floatFunc[float64](name)), nil
	case []tensor.Half:
		f := floatFunc[float32](name)
		return putInto(d, tensor.Data[tensor.Half](src), func(a, b tensor.Half) tensor.Half {
			return tensor.ToHalf(f(a.Float32(), b.Float32()))
		}), nil
	case []tensor.Brain:
		f := floatFunc[float32](name)
		return putInto(d, tensor.Data[tensor.Brain](src), func(a, b tensor.Brain) tensor.Brain {
			return tensor.ToBrain(f(a.Float32(), b.Float32()))
		}), nil
	}
	if !intTypes.has(dst.DType()) {
		return nil, Unsupportedf("reduction %q of %v", red, dst.DType())
	}
	return putInts(dst, src, intFunc(name, flipOf(dst.DType()))), nil
}

func putInto[T tensor.Element](dst, src []T, f func(a, b T) T) func(dst, src, n int) {
	return func(d, s, n int) {
		for i := range n {
			dst[d+i] = f(dst[d+i], src[s+i])
		}
	}
}

// putInts is putInto for any integers.
func putInts(dst, src *tensor.Tensor, f func(a, b int64) int64) func(dst, src, n int) {
	return func(d, s, n int) {
		for i := range n {
			writeInts(dst.Any(), d+i, []int64{f(intAt(dst.Any(), d+i), intAt(src.Any(), s+i))})
		}
	}
}
