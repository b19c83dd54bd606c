package post

import (
	"fmt"
	"math"
	"sort"

	"larder/model/tensor"
)

// Label is one class: ID for programs, Display for people.
type Label struct {
	ID, Display string
}

// ClassifierSpec says what the scores of a classifier mean.
type ClassifierSpec struct {
	// Labels name the classes in the order of the scores.
	Labels []Label
	// Activation turns scores into probabilities; "" means Softmax.
	Activation Activation
	// Temperature divides the scores before the activation; it is fitted after
	// training so that probabilities mean what they say (Guo et al., 2017, "On
	// Calibration of Modern Neural Networks"). 0 means 1. None ignores it.
	Temperature float64
	// UnknownThreshold is the probability below which the best class is not
	// believed; 0 believes every answer.
	UnknownThreshold float64
}

// Class is one class of an answer.
type Class struct {
	Label       string // the label's ID
	Display     string
	Probability float64
}

// Result is an answer.
type Result struct {
	// Classes has every class, the most probable first; equal ones stay in the
	// order of the labels.
	Classes []Class
	// Label is the ID of the most probable class, also if Unknown.
	Label string
	// Unknown reports that even the best class is below the threshold: the
	// picture probably shows something else.
	Unknown bool
}

// Error says why scores are no answer.
type Error struct{ Reason string }

// Error returns the reason.
func (e *Error) Error() string { return "post: " + e.Reason }

func errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// Classify computes the answer in float64. The tensor holds one score for each
// label, in any shape; or one for two labels with Sigmoid, which is then that
// of the second label. It returns an *Error for any other number of scores,
// for another element type than a floating-point one, for scores that are not
// finite (a broken model or input) and for a spec that cannot be.
func Classify(scores *tensor.Tensor, spec *ClassifierSpec) (Result, error) {
	act, temperature, err := spec.check()
	if err != nil {
		return Result{}, err
	}
	v, err := values(scores)
	if err != nil {
		return Result{}, err
	}
	if len(v) != len(spec.Labels) && !(act.binary && len(v) == 1 && len(spec.Labels) == 2) {
		return Result{}, errorf("the model gave %d scores (%v) for %d labels", len(v), scores.Shape(), len(spec.Labels))
	}
	for i := range v {
		if math.IsNaN(v[i]) || math.IsInf(v[i], 0) {
			return Result{}, errorf("score %d is %v", i, v[i])
		}
	}
	p, err := act.apply(v, temperature)
	if err != nil {
		return Result{}, err
	}
	if len(p) < len(spec.Labels) {
		p = []float64{1 - p[0], p[0]}
	}
	return answer(p, spec), nil
}

func answer(p []float64, spec *ClassifierSpec) Result {
	r := Result{Classes: make([]Class, len(p))}
	for i, l := range spec.Labels {
		r.Classes[i] = Class{Label: l.ID, Display: l.Display, Probability: p[i]}
	}
	sort.SliceStable(r.Classes, func(i, j int) bool {
		return r.Classes[i].Probability > r.Classes[j].Probability
	})
	r.Label = r.Classes[0].Label
	r.Unknown = r.Classes[0].Probability < spec.UnknownThreshold
	return r
}

// check returns the activation and the temperature, with defaults filled in.
func (s *ClassifierSpec) check() (activation, float64, error) {
	if s == nil || len(s.Labels) == 0 {
		return activation{}, 0, errorf("there are no labels")
	}
	name := s.Activation
	if name == "" {
		name = Softmax
	}
	act, ok := activations[name]
	if !ok {
		return act, 0, errorf("unknown activation %q", name)
	}
	t := s.Temperature
	if t == 0 || name == None {
		t = 1
	}
	if !(t > 0) || math.IsInf(t, 0) {
		return act, 0, errorf("temperature is %v; want a number above 0", t)
	}
	if !(s.UnknownThreshold >= 0 && s.UnknownThreshold <= 1) {
		return act, 0, errorf("unknown threshold is %v; want 0 to 1", s.UnknownThreshold)
	}
	return act, t, nil
}

// values returns the elements as float64, copied.
func values(t *tensor.Tensor) ([]float64, error) {
	if t == nil {
		return nil, errorf("there are no scores")
	}
	v := make([]float64, t.Len())
	switch data := t.Any().(type) {
	case []float32:
		for i, x := range data {
			v[i] = float64(x)
		}
	case []float64:
		copy(v, data)
	case []tensor.Half:
		for i, x := range data {
			v[i] = float64(x.Float32())
		}
	case []tensor.Brain:
		for i, x := range data {
			v[i] = float64(x.Float32())
		}
	default:
		return nil, errorf("scores are %v; want floating-point numbers", t)
	}
	return v, nil
}
