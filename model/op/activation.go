package op

import (
	"math"

	"larder/model/tensor"
)

// Activation functions of floats. Specification:
// https://onnx.ai/onnx/operators/onnx__Elu.html and so on; the opsets of each
// differ in types and in the digits of defaults only. Clip, Relu, PRelu and
// Softmax have files of their own.

var activationOps = []Entry{
	{"", "Celu", 12, newActivation(celu, param{"alpha", 1})},
	{"", "Elu", 1, newActivation(elu, param{"alpha", 1})},
	{"", "Erf", 9, floatUnary(math.Erf)},
	{"", "Gelu", 20, newGelu},
	{"", "HardSigmoid", 1, newActivation(hardSigmoid, param{"alpha", 0.2}, param{"beta", 0.5})},
	{"", "HardSwish", 14, floatUnary(hardSwish)},
	{"", "LeakyRelu", 1, newActivation(leakyRelu, param{"alpha", 0.01})},
	{"", "Mish", 18, floatUnary(func(x float64) float64 { return x * math.Tanh(softplus(x)) })},
	{"", "Selu", 1, newActivation(selu, param{"alpha", 1.6732}, param{"gamma", 1.0507})},
	{"", "Selu", 6, newActivation(selu, param{"alpha", 1.67326319217681884765625}, param{"gamma", 1.05070102214813232421875})},
	{"", "Sigmoid", 1, floatUnary(sigmoid)},
	{"", "Softplus", 1, floatUnary(softplus)},
	{"", "Softsign", 1, floatUnary(softsign)},
	{"", "SwiGLU", 28, newSwiGLU},
	{"", "Swish", 24, newActivation(swish, param{"alpha", 1})},
	{"", "Tanh", 1, floatUnary(math.Tanh)},
	{"", "ThresholdedRelu", 10, newActivation(thresholdedRelu, param{"alpha", 1})},
}

// param is a float attribute and its default.
type param struct {
	name  string
	value float32
}

// newActivation returns the constructor of a function with parameters.
func newActivation(f func(x float64, p []float64) float64, params ...param) Constructor {
	return func(n Node) (Operator, error) {
		p := make([]float64, len(params))
		for i, d := range params {
			v, err := n.Attrs.Float(d.name, d.value)
			if err != nil {
				return nil, err
			}
			p[i] = float64(v)
		}
		calc := onFloats(func(x float64) float64 { return f(x, p) })
		return newUnary(n, unary{operands: floatTypes, calc: calc})
	}
}

func celu(x float64, p []float64) float64 {
	if x > 0 || p[0] == 0 {
		return max(0, x)
	}
	return p[0] * math.Expm1(x/p[0])
}

func elu(x float64, p []float64) float64 {
	if x < 0 {
		return p[0] * math.Expm1(x)
	}
	return x
}

func hardSigmoid(x float64, p []float64) float64 { return max(0, min(1, p[0]*x+p[1])) }

func hardSwish(x float64) float64 { return x * max(0, min(1, x/6+0.5)) }

func leakyRelu(x float64, p []float64) float64 {
	if x < 0 {
		return p[0] * x
	}
	return x
}

func selu(x float64, p []float64) float64 {
	if x > 0 {
		return p[1] * x
	}
	return p[1] * p[0] * math.Expm1(x)
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// softplus returns log(1 + exp(x)) without overflow.
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// softsign returns x / (1 + |x|), also at the infinities.
func softsign(x float64) float64 {
	if math.IsInf(x, 0) {
		return math.Copysign(1, x)
	}
	return x / (1 + math.Abs(x))
}

func swish(x float64, p []float64) float64 { return x * sigmoid(p[0]*x) }

func thresholdedRelu(x float64, p []float64) float64 {
	if x > p[0] || math.IsNaN(x) {
		return x
	}
	return 0
}

// newGelu makes Gelu, exact or with the approximation by tanh.
func newGelu(n Node) (Operator, error) {
	kind, err := n.Attrs.String("approximate", "none")
	if err != nil {
		return nil, err
	}
	switch kind {
	case "none":
		return floatUnary(func(x float64) float64 { return x / 2 * (1 + math.Erf(x/math.Sqrt2)) })(n)
	case "tanh":
		return floatUnary(func(x float64) float64 {
			return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
		})(n)
	}
	return nil, Invalidf("approximate is %q, want none or tanh", kind)
}

// newSwiGLU makes SwiGLU: the Swish of the first input times the second one, of
// the same shape.
func newSwiGLU(n Node) (Operator, error) {
	alpha, err := n.Attrs.Float("alpha", 1)
	if err != nil {
		return nil, err
	}
	p := []float64{float64(alpha)}
	b := binary{operands: floatTypes, calc: func(a, b *tensor.Tensor, shape tensor.Shape) (*tensor.Tensor, error) {
		gate, err := onFloats(func(x float64) float64 { return swish(x, p) })(a)
		if err != nil {
			return nil, err
		}
		return calculate("Mul", gate, b, shape)
	}}
	b.old = true // shapes must be the same
	return newRuled(n, arity{2, 2, 1}, inFloat32{&b})
}
