package op

import (
	"math"
)

// newTreeEnsemble reads the tables of TreeEnsemble (ai.onnx.ml 5), where leaves
// have tables of their own and an inner node says for each side whether it is a
// leaf or a node.
func newTreeEnsemble(n Node) (Operator, error) {
	a := n.Attrs
	targets, err := a.Int("n_targets", 1)
	if err != nil {
		return nil, err
	}
	if targets < 1 || targets > 1<<20 {
		return nil, Invalidf("n_targets is %d", targets)
	}
	r := &treeRegressor{targets: int(targets), sameType: true}
	how, err := a.Int("aggregate_function", 1)
	if err != nil {
		return nil, err
	}
	after, err := a.Int("post_transform", 0)
	if err != nil {
		return nil, err
	}
	hows, afters := []string{"AVERAGE", "SUM", "MIN", "MAX"}, []string{"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"}
	if how < 0 || how >= int64(len(hows)) || after < 0 || after >= int64(len(afters)) {
		return nil, Invalidf("aggregate_function is %d and post_transform %d", how, after)
	}
	r.aggregate, r.transform = hows[how], afters[after]
	if r.forest, err = readForest5(a, r.targets); err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, r)
}

// forest5 is the tables as they stand in the node.
type forest5 struct {
	features, yes, no, yesLeaf, noLeaf, missing []int64
	leafTargets, roots                          []int64
	modes, splits, weights, members             []float64
}

func readForest5(a Attrs, targets int) (*forest, error) {
	t, err := readTables5(a)
	if err != nil {
		return nil, err
	}
	count, leaves := len(t.features), len(t.leafTargets)
	f := &forest{nodes: make([]treeNode, count+leaves)}
	for i := range t.features {
		f.nodes[i] = treeNode{branch: branchLEQ, feature: int(t.features[i]), value: t.splits[i],
			missingTrue: len(t.missing) > 0 && t.missing[i] != 0,
			yes:         child(t.yes[i], t.yesLeaf[i], count), no: child(t.no[i], t.noLeaf[i], count)}
		mode := t.modes[i]
		if mode < 0 || mode > 6 {
			return nil, Invalidf("node mode %v", mode)
		}
		f.nodes[i].branch = branchLEQ + branch(mode)
		if f.nodes[i].branch != branchMember {
			continue
		}
		end := 0
		for end < len(t.members) && !math.IsNaN(t.members[end]) {
			end++
		}
		if end == len(t.members) {
			return nil, Invalidf("membership_values end before node %d", i)
		}
		f.nodes[i].members, t.members = t.members[:end], t.members[end+1:]
	}
	for i, target := range t.leafTargets {
		if target < 0 || target >= int64(targets) {
			return nil, Invalidf("leaf %d belongs to target %d of %d", i, target, targets)
		}
		f.nodes[count+i] = treeNode{branch: leaf, first: i, last: i + 1}
		f.votes = append(f.votes, vote{int(target), t.weights[i]})
	}
	if err := f.link(); err != nil {
		return nil, err
	}
	return f, f.setRoots(t.roots, count)
}

// child returns the index of a child in a table of count nodes, then leaves; -1
// if it is impossible.
func child(id, isLeaf int64, count int) int {
	switch {
	case id < 0 || id > math.MaxInt32:
		return -1
	case isLeaf != 0:
		return count + int(id)
	case int(id) >= count:
		return -1
	}
	return int(id)
}

// setRoots replaces the roots by those in tree_roots, which must not be the
// child of another node.
func (f *forest) setRoots(roots []int64, count int) error {
	free := map[int]bool{}
	for _, r := range f.roots {
		free[r] = true
	}
	f.roots = f.roots[:0]
	for _, r := range roots {
		if r < 0 || r >= int64(count) || !free[int(r)] {
			return Invalidf("tree root %d is no root", r)
		}
		f.roots = append(f.roots, int(r))
	}
	return nil
}

func readTables5(a Attrs) (*forest5, error) {
	t := &forest5{}
	for _, f := range []struct {
		name string
		to   *[]int64
	}{{"nodes_featureids", &t.features}, {"nodes_truenodeids", &t.yes}, {"nodes_falsenodeids", &t.no},
		{"nodes_trueleafs", &t.yesLeaf}, {"nodes_falseleafs", &t.noLeaf},
		{"nodes_missing_value_tracks_true", &t.missing}, {"leaf_targetids", &t.leafTargets}, {"tree_roots", &t.roots}} {
		var err error
		if *f.to, err = a.Ints(f.name); err != nil {
			return nil, err
		}
	}
	for _, f := range []struct {
		name string
		to   *[]float64
	}{{"nodes_modes", &t.modes}, {"nodes_splits", &t.splits}, {"leaf_weights", &t.weights}, {"membership_values", &t.members}} {
		v, err := a.Tensor(f.name)
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		if *f.to = floatsOf(v); *f.to == nil {
			return nil, Invalidf("attribute %q is %v", f.name, v)
		}
	}
	n := len(t.features)
	if len(t.yes) != n || len(t.no) != n || len(t.yesLeaf) != n || len(t.noLeaf) != n || len(t.modes) != n ||
		len(t.splits) != n || len(t.missing) != 0 && len(t.missing) != n || len(t.weights) != len(t.leafTargets) {
		return nil, Invalidf("the tables of %d nodes and %d leaves differ in length", n, len(t.leafTargets))
	}
	return t, nil
}
