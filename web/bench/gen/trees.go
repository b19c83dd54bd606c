package main

import (
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// The ensemble of the benchmark, and how many rows of how many features a run is
// given.
const (
	trees, treeDepth   = 500, 8
	treeRows, features = 100_000, 30
)

var rows = []port{{Name: "input", Type: "float32", Dims: []int{treeRows, features}}}

// forest returns a file with complete trees whose thresholds are spread like the
// features, between -1 and 1. Its steps down the trees stand for multiply-adds.
func forest(name string) (steps int, file []byte) {
	const inner, all = 1<<treeDepth - 1, 1<<(treeDepth+1) - 1
	random := newNet(name)
	var ids, nodes, feature, yes, no, leafTrees, leaves, targets []int64
	var modes []string
	for tree := range trees {
		for i := range all {
			ids, nodes = append(ids, int64(tree)), append(nodes, int64(i))
			if i >= inner {
				modes = append(modes, "LEAF")
				feature, yes, no = append(feature, 0), append(yes, 0), append(no, 0)
				leafTrees, leaves, targets = append(leafTrees, int64(tree)), append(leaves, int64(i)), append(targets, 0)
				continue
			}
			modes = append(modes, "BRANCH_LEQ")
			feature = append(feature, int64(random.random.IntN(features)))
			yes, no = append(yes, int64(2*i+1)), append(no, int64(2*i+2))
		}
	}
	n := onnxtest.Op("TreeEnsembleRegressor", []string{"input"}, []string{"output"}, onnxtest.Attr("n_targets", int64(1)),
		onnxtest.Attr("nodes_modes", modes), onnxtest.Attr("nodes_values", random.weights(len(nodes), 1.0/3)),
		onnxtest.Attr("target_weights", random.weights(len(leaves), 1.0/3)))
	for _, list := range []struct {
		name string
		ints []int64
	}{{"nodes_treeids", ids}, {"nodes_nodeids", nodes}, {"nodes_featureids", feature}, {"nodes_truenodeids", yes}, {"nodes_falsenodeids", no},
		{"target_treeids", leafTrees}, {"target_nodeids", leaves}, {"target_ids", targets}} {
		n.Attributes = append(n.Attributes, onnxtest.Attr(list.name, list.ints))
	}
	n.Domain = "ai.onnx.ml"
	g := &onnx.Graph{Name: name, Nodes: []*onnx.Node{n},
		Inputs:  []*onnx.ValueInfo{onnxtest.Info("input", tensor.Float32, "rows", features)},
		Outputs: []*onnx.ValueInfo{onnxtest.Info("output", tensor.Float32, "rows", 1)}}
	m := onnxtest.File(17, g)
	m.Opsets = append(m.Opsets, onnx.Opset{Domain: "ai.onnx.ml", Version: 3})
	m.Producer = "larder benchmark, random trees"
	return trees * treeDepth * treeRows, onnxtest.Model(m)
}
