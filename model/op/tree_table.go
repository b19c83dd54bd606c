package op

// tables are the parallel lists of the nodes and the leaves' weights.
type tables struct {
	ints    map[string][]int64 // by name, without the prefix of the weights' lists
	modes   []string
	values  []float64
	weights []float64
}

var nodeLists = []string{"nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids"}

// readTables reads the lists that both older operators share and checks the
// lengths. prefix is "class" or "target", the start of the names of the weights'
// lists.
func readTables(a Attrs, prefix string) (t tables, err error) {
	t.ints = map[string][]int64{}
	for _, name := range append(nodeLists[:len(nodeLists):len(nodeLists)], "nodes_missing_value_tracks_true") {
		if t.ints[name], err = a.Ints(name); err != nil {
			return t, err
		}
	}
	for _, name := range []string{"_treeids", "_nodeids", "_ids"} {
		if t.ints[name], err = a.Ints(prefix + name); err != nil {
			return t, err
		}
	}
	if t.modes, err = a.Strings("nodes_modes"); err != nil {
		return t, err
	}
	if t.values, err = numbersAttr(a, "nodes_values"); err != nil {
		return t, err
	}
	if t.weights, err = numbersAttr(a, prefix+"_weights"); err != nil {
		return t, err
	}
	for _, name := range nodeLists {
		if len(t.ints[name]) != len(t.modes) {
			return t, Invalidf("attribute %q has %d elements, nodes_modes %d", name, len(t.ints[name]), len(t.modes))
		}
	}
	if m := len(t.ints["nodes_missing_value_tracks_true"]); len(t.values) != len(t.modes) || m != 0 && m != len(t.modes) {
		return t, Invalidf("%d node values and %d missing_value_tracks_true for %d nodes", len(t.values), m, len(t.modes))
	}
	return t, nil
}

// readForest makes the trees of the attributes of TreeEnsembleClassifier and
// TreeEnsembleRegressor.
func readForest(n Node, prefix string, targets int) (*forest, error) {
	t, err := readTables(n.Attrs, prefix)
	if err != nil {
		return nil, err
	}
	trees, ids, missing := t.ints["nodes_treeids"], t.ints["nodes_nodeids"], t.ints["nodes_missing_value_tracks_true"]
	f := &forest{nodes: make([]treeNode, len(t.modes))}
	index := make(map[[2]int64]int, len(f.nodes))
	for i := range f.nodes {
		key := [2]int64{trees[i], ids[i]}
		if _, twice := index[key]; twice {
			return nil, Invalidf("tree %d has two nodes %d", trees[i], ids[i])
		}
		index[key] = i
	}
	for i := range f.nodes {
		b, ok := branches[t.modes[i]]
		if !ok {
			return nil, Invalidf("node mode %q", t.modes[i])
		}
		f.nodes[i] = treeNode{branch: b, value: t.values[i], feature: int(t.ints["nodes_featureids"][i]),
			missingTrue: len(missing) > 0 && missing[i] != 0}
		if b == leaf {
			continue
		}
		yes, ok1 := index[[2]int64{trees[i], t.ints["nodes_truenodeids"][i]}]
		no, ok2 := index[[2]int64{trees[i], t.ints["nodes_falsenodeids"][i]}]
		if !ok1 || !ok2 {
			return nil, Invalidf("tree %d, node %d has a child that is not there", trees[i], ids[i])
		}
		f.nodes[i].yes, f.nodes[i].no = yes, no
	}
	if err := f.link(); err != nil {
		return nil, err
	}
	return f, f.addVotes(index, t.ints["_treeids"], t.ints["_nodeids"], t.ints["_ids"], t.weights, targets)
}

// addVotes gives the weights to their leaves. Weights of inner nodes, which old
// converters wrote, have no effect.
func (f *forest) addVotes(index map[[2]int64]int, trees, ids, targets []int64, weights []float64, n int) error {
	if len(trees) != len(weights) || len(ids) != len(weights) || len(targets) != len(weights) {
		return Invalidf("%d trees, %d nodes and %d targets for %d weights", len(trees), len(ids), len(targets), len(weights))
	}
	byNode := make([][]vote, len(f.nodes))
	for i, w := range weights {
		at, ok := index[[2]int64{trees[i], ids[i]}]
		if !ok {
			return Invalidf("a weight belongs to node %d of tree %d, which is not there", ids[i], trees[i])
		}
		if targets[i] < 0 || targets[i] >= int64(n) {
			return Invalidf("a weight belongs to class or target %d of %d", targets[i], n)
		}
		if f.nodes[at].branch == leaf {
			byNode[at] = append(byNode[at], vote{int(targets[i]), w})
		}
	}
	for i, vs := range byNode {
		f.nodes[i].first = len(f.votes)
		f.votes = append(f.votes, vs...)
		f.nodes[i].last = len(f.votes)
	}
	return nil
}
