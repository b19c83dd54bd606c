package pass

import (
	"larder/model/graph"
	"larder/model/op"
)

// Trees takes tree ensembles on float32 apart, so that a kernel can walk the
// trees.
//
//	x ── TreeEnsembleClassifier ── …  ⇒  x ── larder.TreeSum ── larder.TreeFinish ── …
func Trees(g *graph.Graph) error {
	if !has(g, ensembles...) {
		return nil
	}
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		if isType(n, ensembles...) && e.is32(n.Inputs[0]) {
			e.splitTrees(n)
		}
	})
	return e.done()
}

// ensembles are the operators that hold trees.
var ensembles = []string{"ai.onnx.ml.TreeEnsembleClassifier", "ai.onnx.ml.TreeEnsembleRegressor", "ai.onnx.ml.TreeEnsemble"}

// splitTrees replaces an ensemble by its two steps, if it has them.
func (e *edit) splitTrees(n *graph.Node) {
	parts := op.SplitTrees(n.Op)
	if parts == nil {
		return
	}
	sums := &graph.Value{Name: n.Path + "/sums"}
	table := e.constant(n.Path+"/forest", parts.Table)
	d := op.Node{Name: n.Path, Domain: op.Fused, Type: "TreeSum", Opset: 1, Inputs: []string{n.Inputs[0].Name, table.Name}, Outputs: []string{sums.Name},
		Attrs: op.Attrs{"targets": int64(parts.Targets), "columns": int64(parts.Columns)}}
	made, err := rewrites().New(d)
	if err != nil {
		return
	}
	sum := &graph.Node{Path: n.Path, Domain: d.Domain, Type: d.Type, Opset: 1, Attrs: d.Attrs,
		Inputs: []*graph.Value{n.Inputs[0], table}, Outputs: []*graph.Value{sums}, Op: made}
	sums.Producer = sum
	e.unread(n)
	*n = graph.Node{Path: n.Path, Domain: op.Fused, Type: "TreeFinish", Opset: 1, Inputs: []*graph.Value{sums}, Outputs: n.Outputs, Op: parts.Finish}
	e.before[n] = append(e.before[n], sum)
	e.read(sum)
	e.read(n)
}
