package op

import (
	"math"

	"larder/model/tensor"
)

// Tree ensembles of ai.onnx.ml: the tables of the nodes and the walk through a
// tree. tree_classify.go and tree_regress.go make the operators of them.
// https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleClassifier.html,
// https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html,
// https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html.

const mlDomain = "ai.onnx.ml"

var treeOps = []Entry{
	{mlDomain, "TreeEnsembleClassifier", 1, newTreeClassifier},
	{mlDomain, "TreeEnsembleRegressor", 1, newTreeRegressor},
	{mlDomain, "TreeEnsemble", 5, newTreeEnsemble},
}

// branch says how a node compares a feature with its value.
type branch uint8

const (
	leaf branch = iota
	branchLEQ
	branchLT
	branchGTE
	branchGT
	branchEQ
	branchNEQ
	branchMember // the feature is one of a set
)

var branches = map[string]branch{
	"LEAF": leaf, "BRANCH_LEQ": branchLEQ, "BRANCH_LT": branchLT, "BRANCH_GTE": branchGTE,
	"BRANCH_GT": branchGT, "BRANCH_EQ": branchEQ, "BRANCH_NEQ": branchNEQ,
}

// treeNode is a node. Values are exact float32 or float64 numbers.
type treeNode struct {
	branch
	missingTrue bool // NaN goes the true way
	feature     int
	value       float64
	members     []float64 // of branchMember
	yes, no     int       // indices of nodes
	first, last int       // of a leaf: its votes
}

// vote is the weight that a leaf gives to a class or target.
type vote struct {
	target int
	weight float64
}

// forest is an ensemble. Every node is reached from at most one parent and
// roots from none, so that a walk ends.
type forest struct {
	nodes    []treeNode
	roots    []int
	votes    []vote
	features int // one more than the largest feature used
}

// goes reports whether the node sends x to its true branch.
func (n *treeNode) goes(x float64) bool {
	if n.missingTrue && x != x {
		return true
	}
	switch n.branch {
	case branchLEQ:
		return x <= n.value
	case branchLT:
		return x < n.value
	case branchGTE:
		return x >= n.value
	case branchGT:
		return x > n.value
	case branchEQ:
		return x == n.value
	case branchNEQ:
		return x != n.value
	}
	for _, m := range n.members {
		if x == m {
			return true
		}
	}
	return false
}

// leafOf walks from a root to the leaf of a row.
func (f *forest) leafOf(root int, row []float64) *treeNode {
	n := &f.nodes[root]
	for n.branch != leaf {
		if n.goes(row[n.feature]) {
			n = &f.nodes[n.yes]
		} else {
			n = &f.nodes[n.no]
		}
	}
	return n
}

// link checks the children of all nodes and finds the roots.
func (f *forest) link() error {
	parent := make([]int, len(f.nodes)) // one more than the parent's index
	for i := range f.nodes {
		n := &f.nodes[i]
		if n.branch == leaf {
			continue
		}
		for _, c := range []int{n.yes, n.no} {
			if c < 0 || c >= len(f.nodes) || c == i {
				return Invalidf("node %d has child %d of %d", i, c, len(f.nodes))
			}
			if parent[c] != 0 && parent[c] != i+1 {
				return Invalidf("node %d is the child of %d and of %d", c, parent[c]-1, i)
			}
			parent[c] = i + 1
		}
		if n.feature < 0 || n.feature > math.MaxInt32 {
			return Invalidf("node %d looks at feature %d", i, n.feature)
		}
		f.features = max(f.features, n.feature+1)
	}
	for i, p := range parent {
		if p == 0 {
			f.roots = append(f.roots, i)
		}
	}
	return nil
}

// numbersAttr reads a list of numbers that is an attribute of floats or, under
// another name, a tensor of floats or doubles.
func numbersAttr(a Attrs, name string) ([]float64, error) {
	list, err := a.Floats(name)
	if err != nil {
		return nil, err
	}
	t, err := a.Tensor(name + "_as_tensor")
	switch {
	case err != nil:
		return nil, err
	case t == nil:
		return widened64(list), nil
	case list != nil:
		return nil, Invalidf("attribute %q is given twice, as list and tensor", name)
	case t.DType() != tensor.Float32 && t.DType() != tensor.Float64:
		return nil, Invalidf("attribute %q is %v", name+"_as_tensor", t)
	}
	return floatsOf(t), nil
}

func widened64(list []float32) []float64 {
	if list == nil {
		return nil
	}
	out := make([]float64, len(list))
	for i, v := range list {
		out[i] = float64(v)
	}
	return out
}

// mlRows returns the number of rows and columns of the input of an ml operator:
// a matrix, or a vector that is one row.
func mlRows(v Value) (rows, cols int, err error) {
	switch {
	case !v.Ranked:
		return tensor.Unknown, tensor.Unknown, nil
	case len(v.Shape) == 1:
		return 1, v.Shape[0], nil
	case len(v.Shape) == 2:
		return v.Shape[0], v.Shape[1], nil
	}
	return 0, 0, Invalidf("%v is neither a matrix nor a vector", v)
}

// mlTypes are the element types that most ml operators read.
var mlTypes = []tensor.DType{tensor.Float32, tensor.Float64, tensor.Int64, tensor.Int32}

// features reads the input of an ml operator as numbers; integers take the
// precision of float32, the type of the thresholds and coefficients.
func features(t *tensor.Tensor) []float64 {
	x := floatsOf(t)
	if t.DType() == tensor.Int32 || t.DType() == tensor.Int64 {
		out := make([]float64, len(x))
		for i, v := range x {
			out[i] = float64(float32(v))
		}
		return out
	}
	return x
}
