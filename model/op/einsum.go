package op

import (
	"slices"
	"strings"

	"larder/model/tensor"
)

// einsum is the operator Einsum: sums of products, written as an equation of
// subscripts. Specification: https://onnx.ai/onnx/operators/onnx__Einsum.html (12).
type einsum struct {
	inputs []subscripts
	output subscripts
	// explicit says that the equation has an arrow.
	explicit bool
}

var einsumOps = []Entry{
	{"", "Einsum", 12, newEinsum},
}

// subscripts name the dimensions of a tensor by letters; an ellipsis stands for
// those that have none.
type subscripts struct {
	before, after string
	ellipsis      bool
}

func newEinsum(n Node) (Operator, error) {
	text, err := n.Attrs.String("equation", "")
	if err != nil {
		return nil, err
	}
	text = strings.ReplaceAll(text, " ", "")
	left, right, explicit := strings.Cut(text, "->")
	e := &einsum{explicit: explicit}
	for _, term := range strings.Split(left, ",") {
		s, err := parseSubscripts(term)
		if err != nil {
			return nil, err
		}
		e.inputs = append(e.inputs, s)
	}
	if e.output, err = e.parseOutput(left, right); err != nil {
		return nil, err
	}
	if len(e.inputs) != len(n.Inputs) {
		return nil, Invalidf("equation %q is for %d inputs, there are %d", text, len(e.inputs), len(n.Inputs))
	}
	return newRuled(n, arity{len(e.inputs), len(e.inputs), 1}, inFloat32{e})
}

func parseSubscripts(term string) (s subscripts, err error) {
	s.before, s.after, s.ellipsis = strings.Cut(term, "...")
	for _, c := range s.before + s.after {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return s, Invalidf("subscripts %q", term)
		}
	}
	return s, nil
}

// parseOutput returns the output's subscripts: by default the letters that
// occur once, in alphabetic order, behind the dimensions without letters.
func (e *einsum) parseOutput(left, right string) (subscripts, error) {
	if !e.explicit {
		out := subscripts{ellipsis: strings.Contains(left, "...")}
		for c := 'A'; c <= 'z'; c++ {
			letter := c >= 'a' || c <= 'Z'
			if letter && strings.Count(left, string(c)) == 1 {
				out.after += string(c)
			}
		}
		return out, nil
	}
	out, err := parseSubscripts(right)
	if err != nil {
		return out, err
	}
	for _, c := range out.before + out.after {
		if !strings.ContainsRune(left, c) || strings.Count(right, string(c)) > 1 {
			return out, Invalidf("output subscript %q", c)
		}
	}
	return out, nil
}

// labels names every dimension of a tensor of the given rank: letters as
// themselves, those under the ellipsis by negative numbers, -1 the last.
func (s subscripts) labels(rank int) ([]rune, error) {
	named := len(s.before) + len(s.after)
	if rank < named || rank > named && !s.ellipsis {
		return nil, Invalidf("rank %d for subscripts %s...%s", rank, s.before, s.after)
	}
	l := []rune(s.before)
	for i := rank - named; i > 0; i-- {
		l = append(l, rune(-i))
	}
	return append(l, []rune(s.after)...), nil
}

// sizesOf returns the size of each label, Unknown if none of the inputs knows
// it, and the number of dimensions under the ellipsis.
func (e *einsum) sizesOf(shapes []tensor.Shape) (size map[rune]int, dots int, err error) {
	size = map[rune]int{}
	for i, shape := range shapes {
		labels, err := e.inputs[i].labels(len(shape))
		if err != nil {
			return nil, 0, err
		}
		for k, l := range labels {
			dots = max(dots, -int(l))
			have, seen := size[l]
			if !seen {
				size[l] = shape[k]
				continue
			}
			s, ok := tensor.Broadcast(tensor.Shape{have}, tensor.Shape{shape[k]})
			if !ok {
				return nil, 0, Invalidf("a subscript has sizes %d and %d", have, shape[k])
			}
			size[l] = s[0]
		}
	}
	return size, dots, nil
}

// types implements [rule].
func (e *einsum) types(in []Value) ([]Value, error) {
	d, err := numberTypes.same(in...)
	if err != nil {
		return nil, err
	}
	var shapes []tensor.Shape
	for _, v := range in {
		if !v.Ranked {
			return []Value{Unranked(d)}, nil
		}
		shapes = append(shapes, v.Shape)
	}
	size, dots, err := e.sizesOf(shapes)
	if err != nil {
		return nil, err
	}
	if err := checkSpace(size); err != nil {
		return nil, err
	}
	out := Of(d)
	labels, err := e.outputLabels(dots)
	if err != nil {
		return nil, err
	}
	for _, l := range labels {
		out.Shape = append(out.Shape, size[l])
	}
	return []Value{out}, nil
}

// einsumLimit is the most products that one Einsum computes, minutes of work: a
// few bytes of model can ask for any number.
const einsumLimit = 1 << 36

// checkSpace refuses sizes whose product is beyond the limit.
func checkSpace(size map[rune]int) error {
	n := 1
	for _, s := range size {
		if s > 1 && n > einsumLimit/s {
			return Unsupportedf("more than %d products", einsumLimit)
		}
		n *= max(1, s)
	}
	return nil
}

// outputLabels returns the labels of the output. Without an ellipsis there, the
// inputs may not have dimensions without letters.
func (e *einsum) outputLabels(dots int) ([]rune, error) {
	if dots > 0 && !e.output.ellipsis {
		return nil, Invalidf("the ellipsis is missing in the output")
	}
	return e.output.labels(len(e.output.before) + len(e.output.after) + dots)
}

// run implements [rule].
func (e *einsum) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	switch in[0].DType() {
	case tensor.Float32:
		return runEinsum[float32](e, in, out[0].Shape)
	case tensor.Float64:
		return runEinsum[float64](e, in, out[0].Shape)
	case tensor.Int8:
		return runEinsum[int8](e, in, out[0].Shape)
	case tensor.Int16:
		return runEinsum[int16](e, in, out[0].Shape)
	case tensor.Int32:
		return runEinsum[int32](e, in, out[0].Shape)
	case tensor.Int64:
		return runEinsum[int64](e, in, out[0].Shape)
	case tensor.Uint8:
		return runEinsum[uint8](e, in, out[0].Shape)
	case tensor.Uint16:
		return runEinsum[uint16](e, in, out[0].Shape)
	case tensor.Uint32:
		return runEinsum[uint32](e, in, out[0].Shape)
	case tensor.Uint64:
		return runEinsum[uint64](e, in, out[0].Shape)
	}
	return nil, noType(in[0])
}

// runEinsum walks the space of all labels, the output's first.
func runEinsum[T numeric](e *einsum, in []*tensor.Tensor, shape tensor.Shape) ([]*tensor.Tensor, error) {
	y, out := blank[T](shape)
	var shapes []tensor.Shape
	for _, t := range in {
		shapes = append(shapes, t.Shape())
	}
	size, dots, err := e.sizesOf(shapes)
	if err != nil {
		return nil, err
	}
	order, err := e.outputLabels(dots)
	if err != nil {
		return nil, err
	}
	kept := len(order)
	for i, s := range shapes { // then the labels that are summed over
		labels, err := e.inputs[i].labels(len(s))
		if err != nil {
			return nil, err
		}
		for _, l := range labels {
			if !slices.Contains(order, l) {
				order = append(order, l)
			}
		}
	}
	space := make([]int, len(order))
	for i, l := range order {
		space[i] = size[l]
	}
	w := rows{shape: append(space, 1)}
	data := make([][]T, len(in))
	for i, t := range in {
		labels, _ := e.inputs[i].labels(t.Rank()) // checked above
		w.steps = append(w.steps, append(labelSteps(order, labels, t.Shape()), 0))
		data[i] = tensor.Data[T](t)
	}
	inner := product(space[kept:])
	n := 0
	w.each(func(at []int) {
		p := T(1)
		for i, a := range at {
			p *= data[i][a]
		}
		out[n/inner] += p
		n++
	})
	return []*tensor.Tensor{y}, nil
}

// labelSteps returns how far a step along each label of order leads in a tensor
// whose dimensions have the given labels.
func labelSteps(order, labels []rune, shape tensor.Shape) []int {
	steps := make([]int, len(order))
	for k, stride := range shape.Strides() {
		if shape[k] == 1 {
			continue
		}
		for i, l := range order {
			if l == labels[k] {
				steps[i] += stride
			}
		}
	}
	return steps
}
