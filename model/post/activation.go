package post

import "math"

// Activation says how scores become probabilities.
type Activation string

const (
	// Softmax is for logits of classes that exclude each other: the
	// probabilities add up to 1.
	Softmax Activation = "softmax"
	// Sigmoid is for a logit of its own for each label; the probabilities do not
	// add up to anything. One logit with two labels is that of the second.
	Sigmoid Activation = "sigmoid"
	// None is for scores that are probabilities already.
	None Activation = "none"
)

// activation works on scores in place; binary allows one score for two labels.
type activation struct {
	apply  func(v []float64, temperature float64) ([]float64, error)
	binary bool
}

var activations = map[Activation]activation{
	Softmax: {softmax, false},
	Sigmoid: {sigmoid, true},
	None:    {probabilities, true},
}

// softmax subtracts the greatest score before it divides by the temperature:
// what overflows then is minus infinity, and its exponential is 0.
func softmax(v []float64, temperature float64) ([]float64, error) {
	top := math.Inf(-1)
	for _, x := range v {
		top = max(top, x)
	}
	sum := 0.0
	for i, x := range v {
		v[i] = math.Exp((x - top) / temperature)
		sum += v[i]
	}
	for i := range v {
		v[i] /= sum
	}
	return v, nil
}

// sigmoid uses the form whose exponential cannot overflow.
func sigmoid(v []float64, temperature float64) ([]float64, error) {
	for i, x := range v {
		e := math.Exp(-math.Abs(x) / temperature)
		if x >= 0 {
			v[i] = 1 / (1 + e)
		} else {
			v[i] = e / (1 + e)
		}
	}
	return v, nil
}

// slack is how far float32 rounding may carry a probability beyond 0 and 1.
const slack = 1e-5

func probabilities(v []float64, _ float64) ([]float64, error) {
	for i, x := range v {
		if x < -slack || x > 1+slack {
			return nil, errorf("score %d is %v, which is no probability; the model may need the activation softmax", i, x)
		}
		v[i] = min(max(x, 0), 1)
	}
	return v, nil
}
