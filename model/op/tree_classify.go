package op

import (
	"larder/model/tensor"
)

// classLabels are the names of classes: integers or strings.
type classLabels struct {
	ints  []int64
	names []string
}

// labelsAttr reads the labels, of which one kind must be given.
func labelsAttr(n Node, ints, names string) (l classLabels, err error) {
	if l.ints, err = n.Attrs.Ints(ints); err != nil {
		return l, err
	}
	if l.names, err = n.Attrs.Strings(names); err != nil {
		return l, err
	}
	if (len(l.ints) == 0) == (len(l.names) == 0) {
		return l, Invalidf("either %q or %q must be given", ints, names)
	}
	return l, nil
}

func (l classLabels) count() int { return len(l.ints) + len(l.names) }

func (l classLabels) dtype() tensor.DType {
	if l.ints != nil && len(l.ints) > 0 {
		return tensor.Int64
	}
	return tensor.String
}

// of returns the labels of the given classes as a vector.
func (l classLabels) of(classes []int) *tensor.Tensor {
	if l.dtype() == tensor.Int64 {
		out := make([]int64, len(classes))
		for i, c := range classes {
			out[i] = l.ints[c]
		}
		return tensor.Vector(out...)
	}
	out := make([]string, len(classes))
	for i, c := range classes {
		out[i] = l.names[c]
	}
	return tensor.Vector(out...)
}

// treeClassifier adds up the votes of one leaf per tree for each class. What
// ONNX leaves open about two classes is as in ONNX Runtime: see binary.
type treeClassifier struct {
	*forest
	labels    classLabels
	base      []float64
	transform string
	oneColumn bool // all weights belong to one class id
	positive  bool // no weight is negative
}

func newTreeClassifier(n Node) (Operator, error) {
	labels, err := labelsAttr(n, "classlabels_int64s", "classlabels_strings")
	if err != nil {
		return nil, err
	}
	c := &treeClassifier{labels: labels, oneColumn: true, positive: true}
	if labels.count() < 2 {
		return nil, Unsupportedf("a classifier of one class")
	}
	if c.transform, err = transformAttr(n); err != nil {
		return nil, err
	}
	if c.base, err = numbersAttr(n.Attrs, "base_values"); err != nil {
		return nil, err
	}
	if k := len(c.base); k != 0 && k != labels.count() && !(k == 1 && labels.count() == 2) {
		return nil, Invalidf("%d base values for %d classes", k, labels.count())
	}
	if c.forest, err = readForest(n, "class", labels.count()); err != nil {
		return nil, err
	}
	for _, v := range c.votes {
		c.oneColumn = c.oneColumn && v.target == c.votes[0].target
		c.positive = c.positive && v.weight >= 0
	}
	if err := c.checkBase(); err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 2}, c)
}

// checkBase refuses base values whose meaning ONNX leaves open: one for two
// classes belongs to weights of the first class only, two to weights of both.
func (c *treeClassifier) checkBase() error {
	if c.labels.count() != 2 || len(c.base) == 0 || len(c.votes) == 0 {
		return nil
	}
	if first := c.oneColumn && c.votes[0].target == 0; first != (len(c.base) == 1) {
		return Unsupportedf("%d base values, weights of one class only: %v", len(c.base), c.oneColumn)
	}
	return nil
}

func (c *treeClassifier) types(in []Value) ([]Value, error) {
	rows, cols, err := mlRows(in[0])
	if err != nil {
		return nil, err
	}
	if cols >= 0 && cols < c.features {
		return nil, Invalidf("%d features, the trees look at %d", cols, c.features)
	}
	return []Value{Of(c.labels.dtype(), rows), Of(tensor.Float32, rows, c.labels.count())},
		wantType("input", in[0], mlTypes...)
}

func (c *treeClassifier) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	rows, classes := out[1].Shape[0], out[1].Shape[1]
	x := features(in[0])
	cols := len(x) / max(rows, 1)
	round := rounder(tensor.Float32)
	if in[0].DType() == tensor.Float64 {
		round = rounder(tensor.Float64)
	}
	scores, best := make([]float64, rows*classes), make([]int, rows)
	voted := make([]bool, classes)
	for i := range rows {
		s := scores[i*classes:][:classes]
		clear(voted)
		for _, root := range c.roots {
			l := c.leafOf(root, x[i*cols:][:cols])
			for _, v := range c.votes[l.first:l.last] {
				s[v.target] = round(s[v.target] + v.weight)
				voted[v.target] = true
			}
		}
		best[i] = c.finish(s, voted[1], round)
	}
	t, err := tensor.Of(scores, out[1].Shape...)
	if err != nil {
		return nil, Invalidf("%v", err)
	}
	z, err := castTensor(t, tensor.Float32)
	return []*tensor.Tensor{c.labels.of(best), z}, err
}

// finish makes scores of the sums s of a row, and returns the class.
func (c *treeClassifier) finish(s []float64, voted bool, round func(float64) float64) int {
	if len(s) == 2 {
		return c.binary(s, voted, round)
	}
	for k := range c.base {
		s[k] = round(s[k] + c.base[k])
	}
	best := argMax(s)
	transformScores(c.transform, s)
	return best
}

// argMax returns the first place of the largest number.
func argMax(s []float64) int {
	best := 0
	for k, v := range s {
		if v > s[best] {
			best = k
		}
	}
	return best
}

// binary finishes the scores s of two classes and returns the class. voted says
// whether the second class has got a vote. If only the first has, its score is
// the margin (or, if no weight is negative, the probability) of the second
// class, and both scores are made from it.
func (c *treeClassifier) binary(s []float64, voted bool, round func(float64) float64) int {
	for k := range c.base {
		s[k] = round(s[k] + c.base[k])
	}
	margin, limit := s[1], 0.0
	alone := !voted && len(c.base) < 2
	if alone {
		margin = s[0]
	}
	if c.oneColumn && c.positive {
		limit = 0.5
	}
	best := 0
	if margin > limit {
		best = 1
	}
	if !alone {
		transformScores(c.transform, s)
		return best
	}
	switch {
	case c.transform == "LOGISTIC":
		s[0], s[1] = logistic(-margin), logistic(margin)
	case c.oneColumn && c.positive:
		s[0], s[1] = round(1-margin), margin
	default:
		s[0], s[1] = -margin, margin
	}
	return best
}
