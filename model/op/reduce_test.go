package op

import (
	"math"
	"math/rand/v2"
	"testing"

	"larder/model/tensor"
)

// TestReduceAgainstDefinition collects, for each output, the elements that fall
// on it, and computes the result as a textbook would.
func TestReduceAgainstDefinition(t *testing.T) {
	textbook := map[string]func(x []float64) float64{
		"ReduceL1":     func(x []float64) float64 { return sumOf(x, math.Abs) },
		"ReduceL2":     func(x []float64) float64 { return math.Sqrt(sumOf(x, square)) },
		"ReduceLogSum": func(x []float64) float64 { return math.Log(sumOf(x, same1)) },
		"ReduceLogSumExp": func(x []float64) float64 {
			return math.Log(sumOf(x, math.Exp))
		},
		"ReduceMean":      func(x []float64) float64 { return sumOf(x, same1) / float64(len(x)) },
		"ReduceSum":       func(x []float64) float64 { return sumOf(x, same1) },
		"ReduceSumSquare": func(x []float64) float64 { return sumOf(x, square) },
		"ReduceMax": func(x []float64) float64 {
			top := math.Inf(-1)
			for _, v := range x {
				top = math.Max(top, v)
			}
			return top
		},
		"ReduceMin": func(x []float64) float64 {
			low := math.Inf(1)
			for _, v := range x {
				low = math.Min(low, v)
			}
			return low
		},
		"ReduceProd": func(x []float64) float64 {
			p := 1.0
			for _, v := range x {
				p *= v
			}
			return p
		},
	}
	r := rand.New(rand.NewPCG(1, 2))
	for name, f := range textbook {
		for range 60 {
			x := randomTensor(r, randomShape(r)...)
			var axes []int64
			kept := x.Shape().Clone()
			for i := range kept {
				if r.IntN(2) == 0 {
					axes = append(axes, int64(i-r.IntN(2)*len(kept)))
					kept[i] = 1
				}
			}
			if len(axes) == 0 {
				continue // means all of them
			}
			opset := []int{11, 13, 18}[r.IntN(3)]
			c := opCase{typ: name, opset: opset, in: []*tensor.Tensor{x}}
			if opset == 18 || opset == 13 && name == "ReduceSum" {
				c.in = append(c.in, tensor.Vector(axes...))
			} else {
				c.attrs = Attrs{"axes": axes}
			}
			got, err := runCase(t, c)
			if err != nil {
				t.Fatal(name, x, axes, err)
			}
			groups := make([][]float64, product(kept))
			o, strides := newOdometer(x.Shape()), kept.Strides()
			for _, v := range tensor.Data[float32](x) {
				g := 0
				for i, k := range o.at {
					if kept[i] != 1 {
						g += k * strides[i]
					}
				}
				groups[g] = append(groups[g], float64(v))
				o.next()
			}
			want := zeros(kept...)
			for i, g := range groups {
				tensor.Data[float32](want)[i] = float32(f(g))
			}
			if !same(got[0], want, 1e-5) {
				t.Fatalf("%s of %v over %v is %v, want %v", name, x, axes, got[0].Any(), want.Any())
			}
		}
	}
}

func square(v float64) float64 { return v * v }
func same1(v float64) float64  { return v }

func sumOf(x []float64, f func(float64) float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += f(v)
	}
	return sum
}

func TestReductions(t *testing.T) {
	type ts = []*tensor.Tensor
	x := of(dims(2, 2), float32(1), -2, 3, 4)
	drop, noop := Attrs{"keepdims": int64(0)}, Attrs{"noop_with_empty_axes": int64(1)}
	none := of[int64](dims(0))
	nan := float32(math.NaN())
	last := Attrs{"select_last_index": int64(1)}
	axis := tensor.Scalar[int64]
	checkCases(t, []opCase{
		{name: "all", typ: "ReduceSum", in: ts{x}, want: ts{of(dims(1, 1), float32(6))}},
		{name: "all, dropped", typ: "ReduceSum", attrs: drop, in: ts{x, none}, want: ts{tensor.Scalar[float32](6)}},
		{name: "none", typ: "ReduceSum", attrs: noop, in: ts{x, none}, want: ts{x}},
		{name: "none still squares", typ: "ReduceSumSquare", opset: 18, attrs: noop, in: ts{x}, want: ts{of(dims(2, 2), float32(1), 4, 9, 16)}},
		{name: "scalar", typ: "ReduceMax", in: ts{tensor.Scalar[float32](3)}, want: ts{tensor.Scalar[float32](3)}},
		{name: "bool", typ: "ReduceMax", opset: 20, attrs: drop, in: ts{tensor.Vector(false, true)}, want: ts{tensor.Scalar(true)}},
		{name: "bool", typ: "ReduceMin", opset: 20, attrs: drop, in: ts{tensor.Vector(false, true)}, want: ts{tensor.Scalar(false)}},
		{name: "nothing of int8", typ: "ReduceMax", attrs: drop, in: ts{of[int8](dims(0))}, want: ts{tensor.Scalar[int8](-128)}},
		{name: "int64 is exact", typ: "ReduceSum", attrs: drop, in: ts{tensor.Vector[int64](1<<60, 1)}, want: ts{tensor.Scalar[int64](1<<60 + 1)}},
		{name: "int32", typ: "ReduceMean", attrs: drop, in: ts{tensor.Vector[int32](-1, -2)}, want: ts{tensor.Scalar[int32](-1)}},
		{name: "no overflow", typ: "ReduceLogSumExp", attrs: drop, in: ts{tensor.Vector[float32](1000, 1000)}, want: ts{tensor.Scalar[float32](1000.6931)}},
		{name: "half", typ: "ReduceSum", attrs: drop, in: ts{tensor.Vector(tensor.ToHalf(2048), tensor.ToHalf(1), tensor.ToHalf(1))}, want: ts{tensor.Scalar(tensor.ToHalf(2050))}},
		{name: "rows", typ: "ArgMax", attrs: Attrs{"axis": int64(-1)}, in: ts{x}, want: ts{of(dims(2, 1), int64(0), 1)}},
		{name: "dropped", typ: "ArgMin", attrs: drop, in: ts{x}, want: ts{tensor.Vector[int64](0, 0)}},
		{name: "first of equals", typ: "ArgMax", in: ts{tensor.Vector[int8](1, 5, 5)}, want: ts{tensor.Vector[int64](1)}},
		{name: "last of equals", typ: "ArgMax", attrs: last, in: ts{tensor.Vector[int8](1, 5, 5)}, want: ts{tensor.Vector[int64](2)}},
		{name: "NaN", typ: "ArgMin", in: ts{tensor.Vector(1, nan, -5, nan)}, want: ts{tensor.Vector[int64](1)}},
		{name: "down", typ: "CumSum", in: ts{x, axis(0)}, want: ts{of(dims(2, 2), float32(1), -2, 4, 2)}},
		{name: "exclusive and reverse", typ: "CumSum", attrs: Attrs{"exclusive": int64(1), "reverse": int64(1)}, in: ts{tensor.Vector[int32](1, 2, 3), axis(-1)},
			want: ts{tensor.Vector[int32](5, 3, 0)}},
		{name: "exclusive", typ: "CumProd", opset: 26, attrs: Attrs{"exclusive": int64(1)}, in: ts{tensor.Vector[int32](2, 3, 4), axis(0)}, want: ts{tensor.Vector[int32](1, 2, 6)}},
	})
}

func TestReductionsRefuse(t *testing.T) {
	type ts = []*tensor.Tensor
	x := zeros(2, 2)
	checkRefused(t, Invalid, []opCase{
		{name: "axis beyond", typ: "ReduceSum", in: ts{x, tensor.Vector[int64](2)}},
		{name: "axis twice", typ: "ReduceSum", in: ts{x, tensor.Vector[int64](0, -2)}},
		{name: "axes of rank 2", typ: "ReduceSum", in: ts{x, of(dims(1, 1), int64(0))}},
		{name: "axes are floats", typ: "ReduceSum", in: ts{x, tensor.Vector[float32](0)}},
		{name: "axes as attribute", typ: "ReduceSum", attrs: Attrs{"axes": []int64{0}}, in: ts{x}},
		{name: "axes as input", typ: "ReduceMax", opset: 13, in: ts{x, tensor.Vector[int64](0)}},
		{name: "least axis", typ: "ReduceMax", opset: 13, attrs: Attrs{"axes": []int64{math.MinInt64}}, in: ts{x}},
		{name: "mean of no integers", typ: "ReduceMean", in: ts{of[int32](dims(0))}},
		{name: "logarithm of integer 0", typ: "ReduceLogSum", in: ts{tensor.Vector[int32](0)}},
		{name: "axis beyond", typ: "ArgMax", attrs: Attrs{"axis": int64(2)}, in: ts{x}},
		{name: "nothing", typ: "ArgMax", in: ts{zeros(0, 2)}},
		{name: "scalar", typ: "ArgMax", in: ts{zeros()}},
		{name: "two axes", typ: "CumSum", in: ts{x, tensor.Vector[int64](0, 1)}},
		{name: "no axis", typ: "CumSum", in: ts{x, of[int64](dims(0))}},
		{name: "axis beyond", typ: "CumSum", in: ts{x, tensor.Scalar[int32](-3)}},
	})
	checkRefused(t, Unsupported, []opCase{
		{name: "strings", typ: "ReduceMax", in: ts{tensor.Vector("a")}},
		{name: "bools", typ: "ReduceSum", in: ts{tensor.Vector(true)}},
		{name: "bools", typ: "ArgMax", in: ts{tensor.Vector(true)}},
		{name: "int8", typ: "CumSum", in: ts{tensor.Vector[int8](1), tensor.Scalar[int64](0)}},
	})
}
