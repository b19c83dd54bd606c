package pass

import (
	"slices"

	"larder/model/graph"
	"larder/model/op"
)

// Transpose moves transposes towards the outputs, past operators that work
// element by element, and joins those that meet; two that undo each other then
// go away. Models that were exported from channels-last frameworks are full of
// them.
//
//	x ── Transpose(p) ── Relu ── Transpose(q) ── y    ⇒    x ── Relu ── Transpose(p∘q) ── y
//
// It does not fire where the transposed value has other readers.
func Transpose(g *graph.Graph) error {
	if !has(g, "Transpose") {
		return nil
	}
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		switch {
		case isType(n, "Transpose"):
			e.joinTransposes(n)
		case isType(n, elementwise...) && len(n.Inputs) > 0:
			e.swapTranspose(n)
		}
	})
	return e.done()
}

// elementwise lists operators of one value, further inputs being numbers.
var elementwise = []string{"Abs", "Clip", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Neg", "Relu", "Sigmoid",
	"Softplus", "Sqrt", "Swish", "Tanh"}

// perm returns how n moves dimensions, nil if the file does not say.
func perm(n *graph.Node) []int64 {
	p, err := n.Attrs.Ints("perm")
	if err != nil {
		return nil
	}
	return p
}

func (e *edit) joinTransposes(n *graph.Node) {
	first := e.maker(n.Inputs[0], "Transpose")
	if first == nil {
		return
	}
	p, q := perm(first), perm(n)
	if p == nil || len(p) != len(q) {
		return
	}
	both := make([]int64, len(p))
	for i, k := range q {
		both[i] = p[k]
	}
	x := first.Inputs[0]
	if slices.IsSorted(both) && e.forward(n, x) {
		e.unread(first)
		e.dropped[first] = true
		return
	}
	e.replace(n, "", "Transpose", op.Attrs{"perm": both}, []*graph.Value{x}, first)
}

// swapTranspose turns Transpose, n into n, Transpose. Both nodes stay where they
// are: what each makes changes instead.
func (e *edit) swapTranspose(n *graph.Node) {
	t := e.maker(n.Inputs[0], "Transpose")
	if t == nil || perm(t) == nil {
		return
	}
	x, y, middle := t.Inputs[0], n.Outputs[0], t.Outputs[0]
	if len(e.readers[y]) != 1 || !isType(e.readers[y][0], append(slices.Clone(elementwise), "Transpose")...) || e.output[y] {
		return // it would not meet another one
	}
	moved := &graph.Value{Name: middle.Name, Producer: t}
	e.learn(moved, e.of(x))
	first := *n
	first.Inputs = append([]*graph.Value{x}, n.Inputs[1:]...)
	first.Outputs = []*graph.Value{moved}
	second := *t
	second.Inputs, second.Outputs = []*graph.Value{moved}, []*graph.Value{y}
	e.unread(t)
	e.unread(n)
	*t, *n = first, second
	y.Producer = n
	e.read(t)
	e.read(n)
}
