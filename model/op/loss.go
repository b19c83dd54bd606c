package op

import (
	"math"

	"larder/model/tensor"
)

// Losses of classification. Specification:
// https://onnx.ai/onnx/operators/onnx__NegativeLogLikelihoodLoss.html (12, 13,
// 22) and https://onnx.ai/onnx/operators/onnx__SoftmaxCrossEntropyLoss.html
// (12, 13).

var lossOps = []Entry{
	{"", "NegativeLogLikelihoodLoss", 12, newLoss},
	{"", "SoftmaxCrossEntropyLoss", 12, newLoss},
}

// loss is one of the two: the second takes the logarithm of a softmax first.
type loss struct {
	softmax   bool
	reduction string
	// ignored is the class that does not count, if ignores.
	ignores bool
	ignored int64
}

func newLoss(n Node) (Operator, error) {
	l := &loss{softmax: n.Type == "SoftmaxCrossEntropyLoss", ignores: n.Attrs.Has("ignore_index")}
	var err error
	if l.ignored, err = n.Attrs.Int("ignore_index", 0); err != nil {
		return nil, err
	}
	if l.reduction, err = n.Attrs.String("reduction", "mean"); err != nil {
		return nil, err
	}
	if err := oneOf("reduction", l.reduction, "none", "sum", "mean"); err != nil {
		return nil, err
	}
	outputs := 1
	if l.softmax {
		outputs = 2
	}
	return newRuled(n, arity{2, 3, outputs}, inFloat64{l})
}

// types implements [rule].
func (l *loss) types(in []Value) ([]Value, error) {
	x, target, weight := in[0], in[1], input(in, 2)
	d, err := floatTypes.same(x, weight)
	if err != nil {
		return nil, err
	}
	if err := wantType("target", target, indexTypes...); err != nil {
		return nil, err
	}
	out := Unranked(d)
	if l.reduction != "none" {
		out = Of(d)
	} else if target.Ranked {
		out = Of(d, target.Shape...)
	}
	classes := named{}
	if x.Ranked {
		if len(x.Shape) < 2 {
			return nil, Invalidf("scores have shape %v, want two dimensions or more", x.Shape)
		}
		classes.set("scores", 'C', x.Shape[1])
		if target.Ranked && !fits(x.Shape, target.Shape) {
			return nil, Invalidf("target of shape %v for scores of shape %v", target.Shape, x.Shape)
		}
	}
	return []Value{out, as(d, x)}, classes.read("weight", weight, "C")
}

// fits reports whether target has the dimensions of scores but the second.
func fits(scores, target tensor.Shape) bool {
	if len(target) != len(scores)-1 {
		return false
	}
	for i, d := range target {
		k := i
		if i > 0 {
			k++
		}
		if _, ok := mergeDim(d, scores[k]); !ok {
			return false
		}
	}
	return true
}

// run implements [rule].
func (l *loss) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	x := in[0]
	if l.softmax {
		res, err := runSoftmax(&softmax{name: "LogSoftmax", axis: 1}, x.Shape(), doubles(x))
		if err != nil {
			return nil, err
		}
		x = res[0]
	}
	targets, err := flatInts("target", in[1])
	if err != nil {
		return nil, err
	}
	losses, total, err := l.each(x, targets, doubles(tensorAt(in, 2)))
	if err != nil {
		return nil, err
	}
	y := tensor.Must(tensor.Of(losses, in[1].Shape()...))
	if l.reduction != "none" {
		sum := 0.0
		for _, v := range losses {
			sum += v
		}
		if l.reduction == "mean" {
			sum /= total
		}
		y = tensor.Scalar(sum)
	}
	return []*tensor.Tensor{y, x}, nil
}

// each returns the loss of each target and the weights of all.
func (l *loss) each(x *tensor.Tensor, targets []int64, weights []float64) (losses []float64, total float64, err error) {
	data, classes, inner := doubles(x), x.Dim(1), product(x.Shape()[2:])
	losses = make([]float64, len(targets))
	for i, c := range targets {
		if l.ignores && c == l.ignored {
			continue
		}
		if c < 0 || c >= int64(classes) {
			return nil, 0, Invalidf("target %d is class %d of %d", i, c, classes)
		}
		w := 1.0
		if weights != nil {
			w = weights[c]
		}
		total += w
		if w != 0 || math.IsNaN(w) {
			losses[i] = -w * data[(i/inner*classes+int(c))*inner+i%inner]
		}
	}
	return losses, total, nil
}
