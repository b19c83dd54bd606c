package op

import (
	"math"

	"larder/model/tensor"
)

// Arithmetic on two or more tensors, element by element, with broadcasting.
// Specification: https://onnx.ai/onnx/operators/onnx__Add.html and so on. Until
// opset 6 broadcasting had to be asked for, see [oldBroadcast]; later opsets
// only add types.

var elementwiseOps = []Entry{
	{"", "Add", 1, newArithmetic(numberTypes)},
	{"", "Sub", 1, newArithmetic(numberTypes)},
	{"", "Mul", 1, newArithmetic(numberTypes)},
	{"", "Div", 1, newArithmetic(numberTypes)},
	{"", "Mod", 10, newMod},
	{"", "Pow", 1, newPow},
	{"", "BitShift", 11, newBitShift},
	{"", "BitwiseAnd", 18, newArithmetic(intTypes)},
	{"", "BitwiseOr", 18, newArithmetic(intTypes)},
	{"", "BitwiseXor", 18, newArithmetic(intTypes)},
	{"", "Max", 1, newVariadic(numberTypes)},
	{"", "Min", 1, newVariadic(numberTypes)},
	{"", "Sum", 1, newVariadic(floatTypes)},
	{"", "Mean", 1, newVariadic(floatTypes)},
}

// oldBroadcast is how the second operand of a binary operator relates to the
// first one in opsets 1 to 6: of the same shape, or, if the attribute broadcast
// is set, laid over the dimensions from axis on (default: the last ones).
type oldBroadcast struct {
	old, on, hasAxis bool
	axis             int64
}

func readOldBroadcast(n Node) (b oldBroadcast, err error) {
	if n.Opset >= 7 {
		return b, nil
	}
	b.old, b.hasAxis = true, n.Attrs.Has("axis")
	if b.on, err = flag(n.Attrs, "broadcast", 0); err != nil {
		return b, err
	}
	b.axis, err = n.Attrs.Int("axis", 0)
	return b, err
}

// align returns y's shape such that it broadcasts to x by today's rules.
func (b oldBroadcast) align(x, y Value) (Value, error) {
	if !b.old || !x.Ranked || !y.Ranked {
		return y, nil
	}
	if !b.on {
		if len(x.Shape) != len(y.Shape) {
			return y, Invalidf("shapes %v and %v differ and broadcast is not set", x.Shape, y.Shape)
		}
		for i, d := range x.Shape {
			if _, ok := mergeDim(d, y.Shape[i]); !ok {
				return y, Invalidf("shapes %v and %v differ and broadcast is not set", x.Shape, y.Shape)
			}
		}
		return y, nil
	}
	if b.hasAxis {
		axis, err := axisOf(b.axis, len(x.Shape)+1)
		if err != nil {
			return y, err
		}
		behind := len(x.Shape) - axis - len(y.Shape)
		if behind < 0 {
			return y, Invalidf("shape %v does not fit %v at axis %d", y.Shape, x.Shape, axis)
		}
		y.Shape = y.Shape.Clone()
		for range behind {
			y.Shape = append(y.Shape, 1)
		}
	}
	return y, broadcastTo("second input", y, x.Shape)
}

// alignTensors is align for tensors.
func (b oldBroadcast) alignTensors(x, y *tensor.Tensor) (*tensor.Tensor, error) {
	if !b.old {
		return y, nil
	}
	v, err := b.align(Known(x), Known(y))
	if err != nil {
		return nil, err
	}
	return y.Reshape(v.Shape...)
}

// binary is a rule of two operands; calc makes the result.
type binary struct {
	oldBroadcast
	// operands are the types of both; result is the type of the result if it is
	// not theirs.
	operands dtypes
	result   tensor.DType
	calc     func(a, b *tensor.Tensor, shape tensor.Shape) (*tensor.Tensor, error)
}

func newBinary(n Node, b binary) (Operator, error) {
	var err error
	if b.oldBroadcast, err = readOldBroadcast(n); err != nil {
		return nil, err
	}
	return newRuled(n, arity{2, 2, 1}, inFloat32{&b})
}

// types implements [rule].
func (o *binary) types(in []Value) ([]Value, error) {
	d, err := o.operands.same(in...)
	if err != nil {
		return nil, err
	}
	if o.result != tensor.Undefined {
		d = o.result
	}
	y, err := o.align(in[0], in[1])
	if err != nil {
		return nil, err
	}
	v, err := broadcastOf(d, in[0], y)
	return []Value{v}, err
}

// run implements [rule].
func (o *binary) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	b, err := o.alignTensors(in[0], in[1])
	if err != nil {
		return nil, err
	}
	return one(o.calc(in[0], b, out[0].Shape))
}

// one is the result of an operator with a single output.
func one(t *tensor.Tensor, err error) ([]*tensor.Tensor, error) {
	if err != nil {
		return nil, err
	}
	return []*tensor.Tensor{t}, nil
}

// newArithmetic returns the constructor of the binary operators in intFunc and
// floatFunc.
func newArithmetic(ts dtypes) Constructor {
	return func(n Node) (Operator, error) {
		name := n.Type
		return newBinary(n, binary{operands: ts, calc: func(a, b *tensor.Tensor, shape tensor.Shape) (*tensor.Tensor, error) {
			return calculate(name, a, b, shape)
		}})
	}
}

// calculate computes the named function for any type of number.
func calculate(name string, a, b *tensor.Tensor, shape tensor.Shape) (*tensor.Tensor, error) {
	switch d := a.DType(); {
	case d == tensor.Float32:
		return zip(a, b, shape, floatFunc[float32](name)), nil
	case d == tensor.Float64:
		return zip(a, b, shape, floatFunc[float64](name)), nil
	case intTypes.has(d):
		return calculateInts(name, a, b, shape)
	}
	return nil, noType(a)
}

// calculateInts computes the named function on integers, of which some have no
// answer for a zero on the right.
func calculateInts(name string, a, b *tensor.Tensor, shape tensor.Shape) (*tensor.Tensor, error) {
	divides := name == "Div" || name == "Mod" || name == "fmod"
	byZero := false
	f := intFunc(name, flipOf(a.DType()))
	t := zipInts(a, b, a.DType(), shape, func(x, y int64) int64 {
		if divides && y == 0 {
			byZero = true
			return 0
		}
		return f(x, y)
	})
	if byZero {
		return nil, Invalidf("integer division by zero")
	}
	return t, nil
}

// floatFunc returns the named function on floats.
func floatFunc[T float](name string) func(a, b T) T {
	switch name {
	case "Add", "Sum", "Mean":
		return func(a, b T) T { return a + b }
	case "Sub":
		return func(a, b T) T { return a - b }
	case "Mul":
		return func(a, b T) T { return a * b }
	case "Div":
		return func(a, b T) T { return a / b }
	case "Max": // NaN if one is
		return func(a, b T) T { return max(a, b) }
	case "Min":
		return func(a, b T) T { return min(a, b) }
	case "PRelu":
		return func(a, b T) T {
			if a < 0 {
				return a * b
			}
			return a
		}
	}
	return func(a, b T) T { return T(math.Mod(float64(a), float64(b))) } // fmod
}

// intFunc returns the named function on integers; flip is flipOf their type.
func intFunc(name string, flip int64) func(a, b int64) int64 {
	switch name {
	case "Add":
		return func(a, b int64) int64 { return a + b }
	case "Sub":
		return func(a, b int64) int64 { return a - b }
	case "Mul":
		return func(a, b int64) int64 { return a * b }
	case "Max":
		return func(a, b int64) int64 { return max(a^flip, b^flip) ^ flip }
	case "Min":
		return func(a, b int64) int64 { return min(a^flip, b^flip) ^ flip }
	case "PRelu":
		return func(a, b int64) int64 {
			if a < 0 && flip == 0 {
				return a * b
			}
			return a
		}
	case "LEFT": // shifts are of unsigned types
		return func(a, b int64) int64 { return a << uint64(b) }
	case "RIGHT":
		return func(a, b int64) int64 { return int64(uint64(a) >> uint64(b)) }
	case "BitwiseAnd":
		return func(a, b int64) int64 { return a & b }
	case "BitwiseOr":
		return func(a, b int64) int64 { return a | b }
	case "BitwiseXor":
		return func(a, b int64) int64 { return a ^ b }
	}
	return divideFunc(name, flip)
}

// divideFunc returns Div, Mod or fmod of integers.
func divideFunc(name string, flip int64) func(a, b int64) int64 {
	switch {
	case flip != 0 && name == "Div":
		return func(a, b int64) int64 { return int64(uint64(a) / uint64(b)) }
	case flip != 0:
		return func(a, b int64) int64 { return int64(uint64(a) % uint64(b)) }
	case name == "Div": // towards zero
		return func(a, b int64) int64 { return a / b }
	case name == "fmod": // the sign is the dividend's
		return func(a, b int64) int64 { return a % b }
	}
	return func(a, b int64) int64 { // Mod: the sign is the divisor's
		r := a % b
		if r != 0 && (r < 0) != (b < 0) {
			r += b
		}
		return r
	}
}

// newMod makes Mod: by default of integers with the divisor's sign, with fmod=1
// of any numbers with the dividend's sign.
func newMod(n Node) (Operator, error) {
	fmod, err := flag(n.Attrs, "fmod", 0)
	if err != nil {
		return nil, err
	}
	name, ts := "Mod", intTypes
	if fmod {
		name, ts = "fmod", numberTypes
	}
	return newBinary(n, binary{operands: ts, calc: func(a, b *tensor.Tensor, shape tensor.Shape) (*tensor.Tensor, error) {
		return calculate(name, a, b, shape)
	}})
}

// newBitShift makes BitShift, of unsigned integers only.
func newBitShift(n Node) (Operator, error) {
	dir, err := n.Attrs.String("direction", "")
	if err != nil {
		return nil, err
	}
	if dir != "LEFT" && dir != "RIGHT" {
		return nil, Invalidf("direction is %q, want LEFT or RIGHT", dir)
	}
	return newBinary(n, binary{operands: unsignedTypes, calc: func(a, b *tensor.Tensor, shape tensor.Shape) (*tensor.Tensor, error) {
		return calculate(dir, a, b, shape)
	}})
}
