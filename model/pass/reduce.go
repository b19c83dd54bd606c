package pass

import (
	"strconv"

	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// Reductions spells reductions by those that have kernels.
//
//	x ── ReduceL1 ── y          ⇒    x ── Abs ── ReduceSum ── y
//	x ── ReduceL2 ── y          ⇒    x ── Mul(x, x) ── ReduceSum ── Sqrt ── y
//	x ── ReduceSumSquare ── y   ⇒    x ── Mul(x, x) ── ReduceSum ── y
//	x ── ReduceMean(0, 2) ── y  ⇒    x ── ReduceMean(0) ── ReduceMean(2) ── y
//
// The last is for all four that have kernels, which take neighbouring dimensions; from the
// first on, so that the rows stay whole as long as they can. Squares are float32, as in
// the graphs that exporters write.
func Reductions(g *graph.Graph) error {
	if !has(g, "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum") {
		return nil
	}
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		switch {
		case isType(n, "ReduceL1"):
			e.reduction(n, "ReduceSum", "Abs")
		case isType(n, "ReduceL2", "ReduceSumSquare"):
			e.reduction(n, "ReduceSum", "Mul")
		case isType(n, "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum"):
			e.reduction(n, n.Type, "")
		}
	})
	return e.done()
}

// reduction writes n as reductions of a type, after an operator on each element, if any,
// and with the root of all behind them if that is what n is.
func (e *edit) reduction(n *graph.Node, typ, first string) {
	x, name := n.Inputs[0], n.Outputs[0].Name
	in := e.of(x)
	keep, err := n.Attrs.Int("keepdims", 1)
	axes, ok := e.axes(n)
	if err != nil || !ok || !in.Ranked || !e.is32(x) {
		return
	}
	runs := neighbours(axes, len(in.Shape))
	if len(runs) == 0 || first == "" && len(runs) == 1 {
		return
	}
	switch first {
	case "Abs":
		x = e.insert(n, first, nil, []*graph.Value{x}, name+"/abs")
	case "Mul":
		x = e.insert(n, first, nil, []*graph.Value{x, x}, name+"/square")
	}
	attrs, last, gone := op.Attrs{"keepdims": keep}, len(runs)-1, int64(0)
	for i, run := range runs {
		if x == nil {
			return
		}
		for k := range run {
			run[k] -= gone
		}
		if keep == 0 {
			gone += int64(len(run))
		}
		label := name + "/" + strconv.Itoa(i)
		inputs := []*graph.Value{x, e.constant(label+"/axes", tensor.Vector(run...))}
		if i < last || n.Type == "ReduceL2" {
			x = e.insert(n, typ, attrs, inputs, label)
		} else {
			e.replace(n, "", typ, attrs, inputs)
		}
	}
	if n.Type == "ReduceL2" && x != nil {
		e.replace(n, "", "Sqrt", nil, []*graph.Value{x})
	}
}

// neighbours sorts dimensions into runs without gaps; none if one is beyond the rank.
func neighbours(axes []int64, rank int) (runs [][]int64) {
	named := make([]bool, rank)
	for _, a := range axes {
		if a < 0 {
			a += int64(rank)
		}
		if a < 0 || a >= int64(rank) {
			return nil
		}
		named[a] = true
	}
	for i, is := range named {
		if !is {
			continue
		}
		if i == 0 || !named[i-1] {
			runs = append(runs, nil)
		}
		last := &runs[len(runs)-1]
		*last = append(*last, int64(i))
	}
	return runs
}

// axes returns the dimensions that a node names in its attribute or, from opset 13 or
// 18 on, its second input; none where it names none.
func (e *edit) axes(n *graph.Node) ([]int64, bool) {
	axes, err := n.Attrs.Ints("axes")
	if v := input(n, 1); v != nil {
		t := e.of(v).Const
		if t == nil || t.DType() != tensor.Int64 {
			return nil, false
		}
		axes = tensor.Data[int64](t)
	}
	return axes, err == nil
}
