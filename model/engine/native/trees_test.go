package native_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"larder/model/engine"
	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/op"
	"larder/model/pass"
	"larder/model/tensor"
)

// wood is the attributes of a random forest in the making.
type wood struct {
	r                                       *rand.Rand
	features                                int
	trees, nodes, feature, yes, no, missing []int64
	modes                                   []string
	values, weights                         []float32
	leafTrees, leafNodes, leafTargets       []int64
	kinds                                   []string
}

// thresholds are numbers that the features often are, too.
var thresholds = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, 1e-42, -1e-42, math.MaxFloat32, -math.MaxFloat32, 2.25}

// grow adds a node of a tree and what is below it, and returns its number.
func (w *wood) grow(tree int64, next *int64, depth int, votes func() []int64) int64 {
	id := *next
	*next++
	at := len(w.nodes)
	w.trees, w.nodes = append(w.trees, tree), append(w.nodes, id)
	w.feature = append(w.feature, int64(w.r.IntN(w.features)))
	w.values = append(w.values, thresholds[w.r.IntN(len(thresholds))])
	w.missing = append(w.missing, int64(w.r.IntN(2)))
	w.yes, w.no = append(w.yes, 0), append(w.no, 0)
	w.modes = append(w.modes, w.kinds[w.r.IntN(len(w.kinds))])
	if depth == 0 || w.r.IntN(6) == 0 {
		w.modes[at] = "LEAF"
		for _, target := range votes() {
			w.leafTrees, w.leafNodes = append(w.leafTrees, tree), append(w.leafNodes, id)
			w.leafTargets, w.weights = append(w.leafTargets, target), append(w.weights, w.r.Float32()-0.5)
		}
		return id
	}
	w.yes[at] = w.grow(tree, next, depth-1, votes)
	w.no[at] = w.grow(tree, next, depth-1, votes)
	return id
}

// attrs returns the attributes; prefix is class or target.
func (w *wood) attrs(prefix string) []*onnx.Attribute {
	list := []*onnx.Attribute{onnxtest.Attr("nodes_modes", w.modes), onnxtest.Attr("nodes_values", w.values), onnxtest.Attr(prefix+"_weights", w.weights)}
	for name, v := range map[string][]int64{"nodes_treeids": w.trees, "nodes_nodeids": w.nodes, "nodes_featureids": w.feature,
		"nodes_truenodeids": w.yes, "nodes_falsenodeids": w.no, "nodes_missing_value_tracks_true": w.missing,
		prefix + "_treeids": w.leafTrees, prefix + "_nodeids": w.leafNodes, prefix + "_ids": w.leafTargets} {
		list = append(list, onnxtest.Attr(name, v))
	}
	return list
}

// forestCase is one ensemble.
type forestCase struct {
	name           string
	trees, depth   int
	features, rows int
	targets        int
	each           bool // every leaf votes for all targets, else a tree for one
	classes        bool
	kinds          []string
	more           []*onnx.Attribute
	whole          bool // it has no kernel
}

var less, all = []string{"BRANCH_LEQ"}, []string{"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE"}

var forestCases = []forestCase{
	{name: "regression", trees: 5, depth: 4, features: 3, rows: 70, targets: 1, kinds: less},
	{name: "all comparisons", trees: 9, depth: 6, features: 7, rows: 129, targets: 2, kinds: all},
	{name: "one row", trees: 3, depth: 3, features: 4, rows: 1, targets: 1, kinds: all},
	{name: "average", trees: 4, depth: 3, features: 4, rows: 9, targets: 3, each: true, kinds: all,
		more: []*onnx.Attribute{onnxtest.Attr("aggregate_function", "AVERAGE"), onnxtest.Attr("base_values", []float32{1, -2, 0.5})}},
	{name: "only leaves", trees: 2, depth: 0, features: 1, rows: 65, targets: 1, kinds: less},
	{name: "classes", trees: 6, depth: 5, features: 5, rows: 64, targets: 3, each: true, classes: true, kinds: all,
		more: []*onnx.Attribute{onnxtest.Attr("post_transform", "SOFTMAX")}},
	{name: "a tree for each class", trees: 6, depth: 5, features: 5, rows: 33, targets: 3, classes: true, kinds: less},
	{name: "two classes", trees: 6, depth: 5, features: 5, rows: 33, targets: 2, each: true, classes: true, kinds: less},
	{name: "two classes, one margin", trees: 4, depth: 5, features: 5, rows: 33, targets: 1, classes: true, kinds: all,
		more: []*onnx.Attribute{onnxtest.Attr("post_transform", "LOGISTIC")}},
	{name: "greatest", trees: 4, depth: 3, features: 4, rows: 9, targets: 1, kinds: all, whole: true,
		more: []*onnx.Attribute{onnxtest.Attr("aggregate_function", "MAX")}},
	{name: "equality", trees: 4, depth: 3, features: 4, rows: 9, targets: 1, kinds: []string{"BRANCH_EQ", "BRANCH_LEQ"}, whole: true},
}

// model returns the graph and the rows.
func (c *forestCase) model(t testing.TB, r *rand.Rand) (*onnx.Model, *tensor.Tensor) {
	w := &wood{r: r, features: c.features, kinds: c.kinds}
	for tree := range c.trees {
		next := int64(0)
		w.grow(int64(tree), &next, c.depth, func() []int64 {
			if !c.each {
				return []int64{int64(tree % c.targets)}
			}
			var list []int64
			for k := range c.targets {
				list = append(list, int64(k))
			}
			return list
		})
	}
	var n *onnx.Node
	if c.classes {
		labels := []int64{7, 8}
		for k := 2; k < c.targets; k++ {
			labels = append(labels, int64(7+k))
		}
		n = node("TreeEnsembleClassifier", "x", "label y", append(w.attrs("class"), append(c.more, onnxtest.Attr("classlabels_int64s", labels))...)...)
	} else {
		n = node("TreeEnsembleRegressor", "x", "y", append(w.attrs("target"), append(c.more, integer("n_targets", c.targets))...)...)
	}
	n.Domain = "ai.onnx.ml"
	g := &onnx.Graph{Name: "g", Nodes: []*onnx.Node{n}, Inputs: []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, nil, c.features)}}
	for _, name := range n.Outputs {
		g.Outputs = append(g.Outputs, &onnx.ValueInfo{Name: name})
	}
	m := onnxtest.File(17, g)
	m.Opsets = append(m.Opsets, onnx.Opset{Domain: "ai.onnx.ml", Version: 3})
	x := noise(r, c.rows, c.features)
	data := tensor.Data[float32](x)
	for i := range data {
		switch r.IntN(8) {
		case 0:
			data[i] = []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}[r.IntN(3)]
		case 1, 2:
			data[i] = thresholds[r.IntN(len(thresholds))]
		}
	}
	return m, x
}

// TestTrees compares ensembles that the kernel walks with the plain operators:
// not a bit may differ.
func TestTrees(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range forestCases {
		t.Run(c.name, func(t *testing.T) {
			m, x := c.model(t, r)
			build := func() *graph.Graph {
				g, err := graph.Build(m, op.All())
				if err != nil {
					t.Fatal(err)
				}
				return g
			}
			want := run(t, engine.Reference{}, build(), []*tensor.Tensor{x})
			g := build()
			if err := pass.Run(g, pass.All); err != nil {
				t.Fatal(err)
			}
			if split := g.Nodes[0].Type == "TreeSum"; split == c.whole {
				t.Fatalf("taken apart: %v", split)
			}
			for _, e := range []engine.Engine{engine.Reference{}, planned()} {
				got := run(t, e, g, []*tensor.Tensor{x})
				for i := range want {
					sameBits(t, fmt.Sprintf("%T output %d", e, i), got[i], want[i])
				}
			}
		})
	}
}

func sameBits(t *testing.T, what string, got, want *tensor.Tensor) {
	t.Helper()
	if got.DType() == tensor.Int64 && slices.Equal(tensor.Data[int64](got), tensor.Data[int64](want)) {
		return
	}
	near(t, what, got, want, 0)
	if got.DType() != tensor.Float32 {
		t.Errorf("%s is %v, want %v", what, got.Any(), want.Any())
	}
}
