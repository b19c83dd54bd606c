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
	w, inner, err := e.walk(in)
	if err != nil {
		return nil, err
	}
	y := blankOf(in[0].DType(), out[0].Shape)
	switch in[0].DType() {
	case tensor.Float32:
		runEinsum[float32](w, inner, in, y)
	case tensor.Float64:
		runEinsum[float64](w, inner, in, y)
	default:
		runIntEinsum(w, inner, in, y)
	}
	return []*tensor.Tensor{y}, nil
}

// walk returns the walk over the space of all labels, the output's first, and
// how many of its steps belong to one element of the output.
func (e *einsum) walk(in []*tensor.Tensor) (w rows, inner int, err error) {
	var shapes []tensor.Shape
	for _, t := range in {
		shapes = append(shapes, t.Shape())
	}
	size, dots, err := e.sizesOf(shapes)
	if err != nil {
		return w, 0, err
	}
	order, err := e.outputLabels(dots)
	if err != nil {
		return w, 0, err
	}
	kept := len(order)
	labels := make([][]rune, len(in))
	for i, s := range shapes { // then the labels that are summed over
		if labels[i], err = e.inputs[i].labels(len(s)); err != nil {
			return w, 0, err
		}
		for _, l := range labels[i] {
			if !slices.Contains(order, l) {
				order = append(order, l)
			}
		}
	}
	space := make([]int, len(order))
	for i, l := range order {
		space[i] = size[l]
	}
	w = rows{shape: append(space, 1)}
	for i, s := range shapes {
		w.steps = append(w.steps, append(labelSteps(order, labels[i], s), 0))
	}
	return w, product(space[kept:]), nil
}

// runEinsum adds up the products of floats.
func runEinsum[T float](w rows, inner int, in []*tensor.Tensor, y *tensor.Tensor) {
	data, out := make([][]T, len(in)), tensor.Data[T](y)
	for i, t := range in {
		data[i] = tensor.Data[T](t)
	}
	n := 0
	w.each(func(at []int) {
		p := T(1)
		for i, a := range at {
			p *= data[i][a]
		}
		out[n/inner] += p
		n++
	})
}

// runIntEinsum adds up the products of integers.
func runIntEinsum(w rows, inner int, in []*tensor.Tensor, y *tensor.Tensor) {
	n, sum := 0, int64(0)
	w.each(func(at []int) {
		p := int64(1)
		for i, a := range at {
			p *= intAt(in[i].Any(), a)
		}
		sum += p
		if n++; n%inner == 0 {
			writeInts(y.Any(), n/inner-1, []int64{sum})
			sum = 0
		}
	})
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
