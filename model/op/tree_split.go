package op

import (
	"math"

	"larder/model/tensor"
)

// A tree ensemble on float32 in two steps: TreeSum adds up the values of one
// leaf per tree, which a kernel can do, and treeFinish makes labels and scores
// of the sums.

// TreeParts is an ensemble taken apart.
type TreeParts struct {
	// Columns is the number of features that the trees look at.
	Columns int
	// Table is the packed forest, two numbers of 16 bits for each word.
	Table *tensor.Tensor
	// Targets is the number of sums of a row.
	Targets int
	// Finish makes the outputs of the ensemble of its sums.
	Finish Operator
}

// SplitTrees takes an operator apart that is a tree ensemble; nil if it is none
// or one that only runs whole.
func SplitTrees(o Operator) *TreeParts {
	r, ok := o.(*ruled)
	if !ok {
		return nil
	}
	f, parts := treeFinish{}, &TreeParts{}
	var forest *forest
	switch t := r.rule.(type) {
	case *treeClassifier:
		f.classifier, forest, parts.Targets = t, t.forest, t.labels.count()
		always, never := t.secondVoted()
		if f.voted = always; parts.Targets == 2 && !always && !never {
			return nil
		}
	case *treeRegressor:
		f.regressor, forest, parts.Targets = t, t.forest, t.targets
		if t.aggregate != "SUM" && t.aggregate != "AVERAGE" {
			return nil
		}
	default:
		return nil
	}
	words, ok := packForest(forest)
	if !ok {
		return nil
	}
	shorts := make([]int16, 0, 2*len(words))
	for _, w := range words {
		shorts = append(shorts, int16(w), int16(w>>16))
	}
	parts.Table, parts.Columns = tensor.Vector(shorts...), forest.features
	parts.Finish = &ruled{rule: f, arity: arity{1, 1, r.outputs}, inputs: 1, outputs: r.outputs}
	return parts
}

// secondVoted reports whether every row has a vote for the second class, or none
// has.
func (c *treeClassifier) secondVoted() (always, never bool) {
	never = true
	for _, v := range c.votes {
		never = never && v.target != 1
	}
	// The leaves of a packed tree have votes for the same classes.
	for _, root := range c.roots {
		n := &c.nodes[root]
		for n.branch != leaf {
			n = &c.nodes[n.yes]
		}
		for _, v := range c.votes[n.first:n.last] {
			always = always || v.target == 1
		}
	}
	return always, never
}

// treeFinish makes the outputs of an ensemble of its sums.
type treeFinish struct {
	classifier *treeClassifier
	regressor  *treeRegressor
	voted      bool // the second of two classes has votes
}

// types implements [rule].
func (f treeFinish) types(in []Value) ([]Value, error) {
	rows := tensor.Unknown
	if in[0].Ranked && len(in[0].Shape) == 2 {
		rows = in[0].Shape[0]
	}
	if c := f.classifier; c != nil {
		return []Value{Of(c.labels.dtype(), rows), Of(tensor.Float32, rows, c.labels.count())}, nil
	}
	return []Value{Of(tensor.Float32, rows, f.regressor.targets)}, nil
}

// run implements [rule].
func (f treeFinish) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	if in[0].Rank() != 2 || !in[0].Shape().Equal(out[len(out)-1].Shape) {
		return nil, Invalidf("sums of shape %v", in[0].Shape())
	}
	n := in[0].Dim(1)
	y, scores := blank[float32](in[0].Shape())
	sums, row, best := tensor.Data[float32](in[0]), make([]float64, n), make([]int, in[0].Dim(0))
	round := rounder(tensor.Float32)
	for i := range best {
		for k := range row {
			row[k] = float64(sums[i*n+k])
		}
		if f.classifier != nil {
			best[i] = f.classifier.finish(row, f.voted, round)
		} else {
			f.regressor.finish(row, round)
		}
		for k, v := range row {
			scores[i*n+k] = float32(v)
		}
	}
	if f.classifier != nil {
		return []*tensor.Tensor{f.classifier.labels.of(best), y}, nil
	}
	return []*tensor.Tensor{y}, nil
}

// treeSum is larder.TreeSum: the sums of a packed forest.
type treeSum struct{ targets, columns int }

func newTreeSum(n Node) (Operator, error) {
	t := &treeSum{}
	var err error
	if t.targets, err = countAttr(n.Attrs, "targets", 1, 1); err != nil {
		return nil, err
	}
	if t.columns, err = countAttr(n.Attrs, "columns", 1, 0); err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 2, 1}, t)
}

// types implements [rule].
func (t *treeSum) types(in []Value) ([]Value, error) {
	rows, cols, err := mlRows(in[0])
	if err == nil && cols >= 0 && cols < t.columns {
		err = Invalidf("%d features, the trees look at %d", cols, t.columns)
	}
	if err == nil {
		err = wantType("input", in[0], tensor.Float32)
	}
	if err == nil {
		err = wantType("table", in[1], tensor.Int16)
	}
	return []Value{Of(tensor.Float32, rows, t.targets)}, err
}

// run implements [rule]. It walks as the kernel does.
func (t *treeSum) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	shorts := tensor.Data[int16](in[1])
	word := func(i uint32) (uint32, error) {
		if 2*int(i)+1 >= len(shorts) {
			return 0, Invalidf("the packed forest has no word %d", i)
		}
		return uint32(uint16(shorts[2*i])) | uint32(uint16(shorts[2*i+1]))<<16, nil
	}
	y, sums := blank[float32](out[0].Shape)
	x, rows := tensor.Data[float32](in[0]), out[0].Shape[0]
	cols := len(x) / max(rows, 1)
	count, err := word(0)
	for i := range rows {
		for tree := uint32(0); tree < count && err == nil; tree++ {
			err = t.add(word, 1+treeHeader*tree, x[i*cols:][:cols], sums[i*t.targets:][:t.targets])
		}
	}
	return []*tensor.Tensor{y}, err
}

// add adds the values of a row's leaf in the tree whose header is given.
func (t *treeSum) add(word func(uint32) (uint32, error), header uint32, x, sums []float32) error {
	var h [treeHeader]uint32
	for i := range h {
		var err error
		if h[i], err = word(header + uint32(i)); err != nil {
			return err
		}
	}
	nodes, values, depth, votes, first := h[0]/4, h[1]/4, h[2], h[3], h[4]
	half := uint32(t.columns+3) &^ 3
	at := uint32(0)
	for range min(depth, packedNodes) {
		key, err := word(nodes + 2*at)
		if err != nil {
			return err
		}
		way, err := word(nodes + 2*at + 1)
		if err != nil {
			return err
		}
		column := way & (1<<15 - 1) >> 5
		if int(column%max(1, half)) >= len(x) {
			return Invalidf("the packed forest looks at column %d", column)
		}
		order := int32(math.MinInt32)
		if v := x[column%max(1, half)]; v == v {
			order = orderOf(v)
		} else if column >= half {
			order = leafOrder
		}
		if at = way >> 15; order > int32(key) {
			at++
		}
	}
	leafKey, err := word(nodes + 2*at)
	if err != nil {
		return err
	}
	if uint64(first)+uint64(votes) > uint64(len(sums)) {
		return Invalidf("the packed forest has target %d", first+votes)
	}
	for k := range votes {
		bits, err := word(values + (leafKey-leafOrder)*votes + k)
		if err != nil {
			return err
		}
		sums[first+k] += math.Float32frombits(bits)
	}
	return nil
}
