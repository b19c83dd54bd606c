package op

import (
	"math"

	"larder/model/tensor"
)

// svmClassifier lets every two classes compete; the class that wins most often is
// the answer. Without support vectors each class has a score of its own.
type svmClassifier struct {
	svm
	labels       classLabels
	starts       []int // of each class's vectors, and the end
	probA, probB []float64
}

func newSVMClassifier(n Node) (Operator, error) {
	labels, err := labelsAttr(n, "classlabels_ints", "classlabels_strings")
	if err != nil {
		return nil, err
	}
	per, err := sizes(n.Attrs, "vectors_per_class", 0)
	if err != nil {
		return nil, err
	}
	c := &svmClassifier{labels: labels, starts: []int{0}}
	total := 0
	for _, k := range per {
		if total += k; total > math.MaxInt32 {
			return nil, Invalidf("vectors_per_class %v", per)
		}
		c.starts = append(c.starts, total)
	}
	if c.svm, err = readSVM(n, total, labels.count()); err != nil {
		return nil, err
	}
	for name, to := range map[string]*[]float64{"prob_a": &c.probA, "prob_b": &c.probB} {
		list, err := n.Attrs.Floats(name)
		if err != nil {
			return nil, err
		}
		*to = widened64(list)
	}
	if err := c.check(total > 0, len(per)); err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 2}, c)
}

// check compares the lists with the number of classes.
func (c *svmClassifier) check(vectors bool, per int) error {
	classes := c.labels.count()
	pairs := classes * (classes - 1) / 2
	switch {
	case classes < 2:
		return Unsupportedf("a classifier of %d classes", classes)
	case !vectors && (len(c.probA) > 0 || c.transform == "PROBIT"):
		return Unsupportedf("probabilities without support vectors")
	case !vectors:
		c.starts = nil
		return nil
	case per != classes || len(c.coefficients) != (classes-1)*c.count || len(c.rho) != pairs:
		return Invalidf("%d coefficients and %d rho for %d classes and %d vectors", len(c.coefficients), len(c.rho), classes, c.count)
	case len(c.probA) != len(c.probB) || len(c.probA) != 0 && len(c.probA) != pairs:
		return Invalidf("%d prob_a and %d prob_b for %d pairs", len(c.probA), len(c.probB), pairs)
	}
	return nil
}

// width is the number of scores of a row.
func (c *svmClassifier) width() int {
	classes := c.labels.count()
	if c.starts == nil || classes == 2 || len(c.probA) > 0 {
		return classes
	}
	return classes * (classes - 1) / 2
}

func (c *svmClassifier) types(in []Value) ([]Value, error) {
	rows, err := c.rows(in[0])
	return []Value{Of(c.labels.dtype(), rows), Of(tensor.Float32, rows, c.width())}, err
}

func (c *svmClassifier) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x, rows, width := features(in[0]), out[1].Shape[0], out[1].Shape[1]
	best, all := make([]int, rows), make([]float64, 0, rows*width)
	kernels := make([]float64, c.count)
	for i := range rows {
		c.near(x[i*c.cols:][:c.cols], kernels)
		if c.starts == nil {
			for k := range kernels {
				kernels[k] += c.rho[0]
			}
			best[i] = argMax(kernels)
			all = append(all, kernels...)
		} else {
			votes, scores := c.compete(kernels)
			best[i] = argMax(votes)
			all = append(all, c.scores(scores)...)
		}
		if s := all[i*width:]; c.starts == nil || c.labels.count() > 2 || len(c.probA) > 0 {
			transformScores(c.transform, s)
		}
	}
	z, err := floatResult(all, out[1].Shape)
	return []*tensor.Tensor{c.labels.of(best), z}, err
}

// compete returns how often each class wins, and the score of each pair.
func (c *svmClassifier) compete(kernels []float64) (votes, scores []float64) {
	classes := c.labels.count()
	votes = make([]float64, classes)
	sum := func(row, class int) (s float64) {
		for k := c.starts[class]; k < c.starts[class+1]; k++ {
			s += c.coefficients[row*c.count+k] * kernels[k]
		}
		return s
	}
	for i := range classes {
		for j := i + 1; j < classes; j++ {
			s := c.rho[len(scores)] + sum(j-1, i) + sum(i, j)
			if scores = append(scores, s); s > 0 {
				votes[i]++
			} else {
				votes[j]++
			}
		}
	}
	return votes, scores
}

// scores makes a row of the result of the pairs' scores.
func (c *svmClassifier) scores(pairs []float64) []float64 {
	switch {
	case len(c.probA) > 0:
		return c.probabilities(pairs)
	case len(pairs) > 1:
		return pairs
	}
	both := []float64{-pairs[0], pairs[0]}
	if c.transform != "PROBIT" {
		transformScores(c.transform, both)
	}
	return both
}

// probabilities couples the pairs' probabilities: T.-F. Wu, C.-J. Lin and R. Weng,
// "Probability estimates for multi-class classification by pairwise coupling",
// 2004, algorithm 2.
func (c *svmClassifier) probabilities(pairs []float64) []float64 {
	k := c.labels.count()
	r := make([][]float64, k)
	for i := range r {
		r[i] = make([]float64, k)
	}
	at := 0
	for i := range k {
		for j := i + 1; j < k; j++ {
			p := 1 - logistic(pairs[at]*c.probA[at]+c.probB[at])
			p = min(max(p, 1e-7), 1-1e-7)
			r[i][j], r[j][i] = p, 1-p
			at++
		}
	}
	q, p := make([][]float64, k), make([]float64, k)
	for t := range q {
		p[t], q[t] = 1/float64(k), make([]float64, k)
		for j := range k {
			if j != t {
				q[t][t] += r[j][t] * r[j][t]
				q[t][j] = -r[j][t] * r[t][j]
			}
		}
	}
	couple(q, p)
	return p
}

// couple finds the p that makes the quadratic form of q least, with sum 1.
func couple(q [][]float64, p []float64) {
	qp := make([]float64, len(p))
	for range max(100, len(p)) {
		whole := 0.0
		for t := range p {
			qp[t] = 0
			for j, v := range p {
				qp[t] += q[t][j] * v
			}
			whole += p[t] * qp[t]
		}
		worst := 0.0
		for t := range p {
			worst = max(worst, math.Abs(qp[t]-whole))
		}
		if worst < 0.005/float64(len(p)) {
			return
		}
		for t := range p {
			diff := (whole - qp[t]) / q[t][t]
			p[t] += diff
			whole = (whole + diff*(diff*q[t][t]+2*qp[t])) / ((1 + diff) * (1 + diff))
			for j := range p {
				p[j] /= 1 + diff
				qp[j] = (qp[j] + diff*q[t][j]) / (1 + diff)
			}
		}
	}
}
