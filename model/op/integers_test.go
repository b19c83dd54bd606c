package op

import (
	"errors"
	"fmt"
	"math/big"
	"testing"

	"larder/model/tensor"
)

// integerTypes are those whose arithmetic integers.go widens.
var integerTypes = []tensor.DType{
	tensor.Int8, tensor.Int16, tensor.Int32, tensor.Int64,
	tensor.Uint8, tensor.Uint16, tensor.Uint32, tensor.Uint64,
}

// bigLimits returns the least and the greatest number of a type.
func bigLimits(d tensor.DType) (lo, hi *big.Int) {
	bits := uint(8 * d.Size())
	one := big.NewInt(1)
	if !signedTypes.has(d) {
		return new(big.Int), new(big.Int).Sub(new(big.Int).Lsh(one, bits), one)
	}
	hi = new(big.Int).Sub(new(big.Int).Lsh(one, bits-1), one)
	return new(big.Int).Not(hi), hi
}

// wrapped returns v as a type with 8·Size bits keeps it.
func wrapped(v *big.Int, d tensor.DType) *big.Int {
	lo, hi := bigLimits(d)
	size := new(big.Int).Add(new(big.Int).Sub(hi, lo), big.NewInt(1))
	r := new(big.Int).Mod(new(big.Int).Sub(v, lo), size)
	return r.Add(r, lo)
}

// edges are the numbers of a type where arithmetic goes wrong first.
func edges(d tensor.DType) []*big.Int {
	lo, hi := bigLimits(d)
	var out []*big.Int
	for _, from := range []*big.Int{lo, hi, new(big.Int), new(big.Int).Rsh(hi, 1)} {
		for k := int64(-3); k <= 3; k++ {
			v := new(big.Int).Add(from, big.NewInt(k))
			if v.Cmp(lo) >= 0 && v.Cmp(hi) <= 0 {
				out = append(out, v)
			}
		}
	}
	return out
}

// bigTensor returns a vector of the numbers.
func bigTensor(d tensor.DType, vs []*big.Int) *tensor.Tensor {
	t := blankOf(d, tensor.Shape{len(vs)})
	for i, v := range vs {
		n := v.Int64()
		if !v.IsInt64() {
			n = int64(v.Uint64())
		}
		writeInts(t.Any(), i, []int64{n})
	}
	return t
}

// texts returns the elements of a tensor as fmt prints them, without a detour
// through the code that is tested.
func texts(t *testing.T, in *tensor.Tensor) []string {
	t.Helper()
	var out []string
	each := func(n int, at func(i int) any) {
		for i := range n {
			out = append(out, fmt.Sprint(at(i)))
		}
	}
	switch d := in.Any().(type) {
	case []int8:
		each(len(d), func(i int) any { return d[i] })
	case []int16:
		each(len(d), func(i int) any { return d[i] })
	case []int32:
		each(len(d), func(i int) any { return d[i] })
	case []int64:
		each(len(d), func(i int) any { return d[i] })
	case []uint8:
		each(len(d), func(i int) any { return d[i] })
	case []uint16:
		each(len(d), func(i int) any { return d[i] })
	case []uint32:
		each(len(d), func(i int) any { return d[i] })
	case []uint64:
		each(len(d), func(i int) any { return d[i] })
	case []bool:
		each(len(d), func(i int) any { return d[i] })
	default:
		t.Fatalf("result of type %v", in.DType())
	}
	return out
}

// bigBinary are the binary operators in arithmetic without limits; nil is an
// error, for a zero on the right.
var bigBinary = map[string]func(a, b *big.Int) any{
	"Add":         func(a, b *big.Int) any { return new(big.Int).Add(a, b) },
	"Sub":         func(a, b *big.Int) any { return new(big.Int).Sub(a, b) },
	"Mul":         func(a, b *big.Int) any { return new(big.Int).Mul(a, b) },
	"Div":         func(a, b *big.Int) any { return unlessZero(b, func() *big.Int { return new(big.Int).Quo(a, b) }) },
	"fmod":        func(a, b *big.Int) any { return unlessZero(b, func() *big.Int { return new(big.Int).Rem(a, b) }) },
	"Mod":         func(a, b *big.Int) any { return unlessZero(b, func() *big.Int { return bigMod(a, b) }) },
	"Max":         func(a, b *big.Int) any { return pickBig(a.Cmp(b) > 0, a, b) },
	"Min":         func(a, b *big.Int) any { return pickBig(a.Cmp(b) < 0, a, b) },
	"BitwiseAnd":  func(a, b *big.Int) any { return new(big.Int).And(a, b) },
	"BitwiseOr":   func(a, b *big.Int) any { return new(big.Int).Or(a, b) },
	"BitwiseXor":  func(a, b *big.Int) any { return new(big.Int).Xor(a, b) },
	"PRelu":       func(a, b *big.Int) any { return pickBig(a.Sign() < 0, new(big.Int).Mul(a, b), a) },
	"Equal":       func(a, b *big.Int) any { return a.Cmp(b) == 0 },
	"Less":        func(a, b *big.Int) any { return a.Cmp(b) < 0 },
	"LessOrEqual": func(a, b *big.Int) any { return a.Cmp(b) <= 0 },
	"Greater":     func(a, b *big.Int) any { return a.Cmp(b) > 0 },
	"GreaterOrEqual": func(a, b *big.Int) any {
		return a.Cmp(b) >= 0
	},
}

func unlessZero(b *big.Int, f func() *big.Int) any {
	if b.Sign() == 0 {
		return nil
	}
	return f()
}

// bigMod is the remainder with the divisor's sign.
func bigMod(a, b *big.Int) *big.Int {
	r := new(big.Int).Rem(a, b)
	if r.Sign() != 0 && r.Sign() != b.Sign() {
		r.Add(r, b)
	}
	return r
}

func pickBig(yes bool, a, b *big.Int) *big.Int {
	if yes {
		return a
	}
	return b
}

// TestIntegerPairs checks every binary operator on every pair of edge numbers of
// every type.
func TestIntegerPairs(t *testing.T) {
	for name, want := range bigBinary {
		for _, d := range integerTypes {
			t.Run(name+"/"+d.String(), func(t *testing.T) {
				list := edges(d)
				for _, b := range list {
					right := bigTensor(d, []*big.Int{b})
					got, err := integerPair(name, bigTensor(d, list), right)
					if want(list[0], b) == nil {
						var e *Error
						if !errors.As(err, &e) || e.Code != Invalid {
							t.Errorf("%v by %v: %v", list[0], b, err)
						}
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					for i, have := range texts(t, got) {
						w := want(list[i], b)
						if v, ok := w.(*big.Int); ok {
							w = wrapped(v, d)
						}
						if have != fmt.Sprint(w) {
							t.Errorf("%v %s %v is %s, want %v", list[i], name, b, have, w)
						}
					}
				}
			})
		}
	}
}

func integerPair(name string, a, b *tensor.Tensor) (*tensor.Tensor, error) {
	switch name {
	case "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual":
		return compare(name, a, b, a.Shape())
	}
	return calculate(name, a, b, a.Shape())
}

// TestIntegerLists checks what joins the numbers of a list, in every type.
func TestIntegerLists(t *testing.T) {
	join := func(start int64, f func(acc, v *big.Int) *big.Int) func([]*big.Int) *big.Int {
		return func(list []*big.Int) *big.Int {
			acc := big.NewInt(start)
			for _, v := range list {
				acc = f(acc, v)
			}
			return acc
		}
	}
	sum := func(acc, v *big.Int) *big.Int { return new(big.Int).Add(acc, v) }
	for name, want := range map[string]func([]*big.Int) *big.Int{
		"ReduceSum":       join(0, sum),
		"ReduceL1":        join(0, func(acc, v *big.Int) *big.Int { return sum(acc, new(big.Int).Abs(v)) }),
		"ReduceSumSquare": join(0, func(acc, v *big.Int) *big.Int { return sum(acc, new(big.Int).Mul(v, v)) }),
		"ReduceProd":      join(1, func(acc, v *big.Int) *big.Int { return new(big.Int).Mul(acc, v) }),
		"ReduceMax": func(list []*big.Int) *big.Int {
			top := list[0]
			for _, v := range list {
				top = pickBig(v.Cmp(top) > 0, v, top)
			}
			return top
		},
		"ReduceMin": func(list []*big.Int) *big.Int {
			least := list[0]
			for _, v := range list {
				least = pickBig(v.Cmp(least) < 0, v, least)
			}
			return least
		},
	} {
		for _, d := range integerTypes {
			t.Run(name+"/"+d.String(), func(t *testing.T) {
				all := edges(d)
				for from := range all {
					list := all[from:]
					got, err := reduceTensor(name, bigTensor(d, list), []bool{true}, nil)
					if err != nil {
						t.Fatal(err)
					}
					if w := wrapped(want(list), d).String(); texts(t, got)[0] != w {
						t.Errorf("%v: %v, want %s", list, texts(t, got), w)
					}
				}
			})
		}
	}
}

// TestIntegerPlaces checks the order of numbers where places answer: arg and
// sorting, in every type.
func TestIntegerPlaces(t *testing.T) {
	for _, d := range integerTypes {
		t.Run(d.String(), func(t *testing.T) {
			list := edges(d)
			x := bigTensor(d, list)
			order := comparer(x)
			for i, a := range list {
				for j, b := range list {
					if order(i, j) != a.Cmp(b) {
						t.Errorf("%v and %v compare as %d", a, b, order(i, j))
					}
				}
			}
			got := runOp(t, "ArgMax", 13, Attrs{}, x)
			_, hi := bigLimits(d)
			if at := tensor.Data[int64](got)[0]; list[at].Cmp(hi) != 0 {
				t.Errorf("ArgMax finds %v, want %v", list[at], hi)
			}
		})
	}
}

// TestIntegerBounds checks Clip with bounds that are floats beyond the type.
func TestIntegerBounds(t *testing.T) {
	attrs := Attrs{"min": float32(-1e30), "max": float32(1e30)}
	for _, d := range integerTypes {
		x := bigTensor(d, edges(d))
		if got := runOp(t, "Clip", 6, attrs, x); fmt.Sprint(got.Any()) != fmt.Sprint(x.Any()) {
			t.Errorf("%v: bounds that nothing reaches change %v to %v", d, x.Any(), got.Any())
		}
	}
}

// runOp runs an operator with one output.
func runOp(t *testing.T, typ string, opset int, attrs Attrs, in ...*tensor.Tensor) *tensor.Tensor {
	t.Helper()
	c := opCase{typ: typ, opset: opset, attrs: attrs, in: in}
	o, err := All().New(c.node())
	if err != nil {
		t.Fatal(err)
	}
	out, err := o.Run(in)
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}
