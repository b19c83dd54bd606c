package op

import (
	"math"
	"math/rand/v2"
	"testing"

	"larder/model/tensor"
)

// naivePool calls f for each output with the places of the inputs that its
// window covers, in one channel of the given spatial shape.
func naivePool(spans []span, f func(places []int, covered int)) {
	out, kernel, in := []int{}, []int{}, tensor.Shape{}
	for _, s := range spans {
		out, kernel, in = append(out, s.out), append(kernel, s.kernel), append(in, s.in)
	}
	strides := in.Strides()
	for o := newOdometer(out); ; {
		var places []int
		covered := 0
		k := newOdometer(kernel)
		for range product(kernel) {
			at, inside, padded := 0, true, true
			for i, s := range spans {
				p := o.at[i]*s.stride - s.begin + k.at[i]*s.dilation
				inside = inside && p >= 0 && p < s.in
				padded = padded && p < s.in+s.end
				at += p * strides[i]
			}
			if inside {
				places = append(places, at)
			}
			if padded {
				covered++
			}
			k.next()
		}
		f(places, covered)
		if o.next(); product(o.at) == 0 && isZero(o.at) {
			return
		}
	}
}

func isZero(at []int) bool {
	for _, v := range at {
		if v != 0 {
			return false
		}
	}
	return true
}

// randomPool returns random attributes and an input for which every window
// covers some input.
func randomPool(r *rand.Rand) (Attrs, *tensor.Tensor) {
	rank := 1 + r.IntN(3)
	shape := []int{1 + r.IntN(2), 1 + r.IntN(2)}
	var kernel, strides, dilations []int64
	pads := make([]int64, 2*rank)
	for i := range rank {
		k, d := int64(1+r.IntN(3)), int64(1+r.IntN(2))
		kernel, dilations, strides = append(kernel, k), append(dilations, d), append(strides, int64(1+r.IntN(3)))
		shape = append(shape, int((k-1)*d)+1+r.IntN(5))
		pads[i], pads[i+rank] = r.Int64N(k), r.Int64N(k)
	}
	a := Attrs{"kernel_shape": kernel, "strides": strides, "dilations": dilations,
		"ceil_mode": r.Int64N(2), "count_include_pad": r.Int64N(2), "storage_order": r.Int64N(2), "p": 1 + r.Int64N(3)}
	if a["pads"] = pads; r.IntN(3) == 0 {
		delete(a, "pads")
		a["auto_pad"] = []string{"SAME_UPPER", "SAME_LOWER", "VALID"}[r.IntN(3)]
	}
	return a, randomTensor(r, shape...)
}

func TestPoolsAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 400 {
		attrs, x := randomPool(r)
		w, err := readWindow(attrs)
		if err != nil {
			t.Fatal(err)
		}
		spans, err := w.spans(x.Shape()[2:], w.kernel)
		if err != nil {
			t.Fatal(err)
		}
		var top, mean, norm []float32
		var index []int64
		planes, n := x.Dim(0)*x.Dim(1), product(x.Shape()[2:])
		p := float64(attrs["p"].(int64))
		empty := false
		for c := range planes {
			data := tensor.Data[float32](x)[c*n:][:n]
			naivePool(spans, func(places []int, covered int) {
				best, sum, powers := float32(math.Inf(-1)), 0.0, 0.0
				where := -1
				for _, i := range places {
					if data[i] > best {
						best, where = data[i], i
					}
					sum += float64(data[i])
					powers += math.Pow(math.Abs(float64(data[i])), p)
				}
				empty = empty || where < 0
				if attrs["count_include_pad"] == int64(0) {
					covered = len(places)
				}
				top, index = append(top, best), append(index, int64(c*n+where))
				mean, norm = append(mean, float32(sum/float64(covered))), append(norm, float32(math.Pow(powers, 1/p)))
			})
		}
		if attrs["storage_order"] == int64(1) {
			index = nil // TestPools has these
		}
		checkPools(t, attrs, x, empty, [][]float32{top, mean, norm}, index)
	}
}

func checkPools(t *testing.T, attrs Attrs, x *tensor.Tensor, empty bool, want [][]float32, index []int64) {
	t.Helper()
	for i, typ := range []string{"MaxPool", "AveragePool", "LpPool"} {
		c := opCase{typ: typ, opset: 22, attrs: attrs, in: []*tensor.Tensor{x}}
		if typ == "MaxPool" {
			c.outputs = 2
		}
		got, err := runCase(t, c)
		if empty {
			if err == nil {
				t.Fatalf("%s %v of %v succeeds with a window over padding only", typ, attrs, x)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s %v of %v: %v", typ, attrs, x, err)
		}
		if !same(got[0], tensor.Must(tensor.Of(want[i], got[0].Shape()...)), 1e-5) {
			t.Fatalf("%s %v of %v is %v, want %v", typ, attrs, x, got[0].Any(), want[i])
		}
		if typ == "MaxPool" && index != nil && !equal(index, got[1]) {
			t.Fatalf("%s %v of %v has indices %v, want %v", typ, attrs, x, got[1].Any(), index)
		}
	}
}

func TestPools(t *testing.T) {
	type ts = []*tensor.Tensor
	k := func(k ...int64) Attrs { return Attrs{"kernel_shape": k} }
	x := of(dims(1, 1, 2, 3), float32(1), 2, 9, 4, 5, 6)
	checkCases(t, []opCase{
		{name: "indices by columns", typ: "MaxPool", outputs: 2, attrs: Attrs{"kernel_shape": []int64{2, 2}, "storage_order": int64(1)}, in: ts{x},
			want: ts{of(dims(1, 1, 1, 2), float32(5), 9), of(dims(1, 1, 1, 2), int64(3), 4)}},
		{name: "uint8", typ: "MaxPool", attrs: k(2), in: ts{of(dims(1, 1, 3), uint8(1), 200, 3)}, want: ts{of(dims(1, 1, 2), uint8(200), 200)}},
		{name: "NaN", typ: "MaxPool", attrs: k(2), in: ts{of(dims(1, 1, 3), float32(math.NaN()), 2, 3)}, want: ts{of(dims(1, 1, 2), float32(math.NaN()), 3)}},
		{name: "no images", typ: "MaxPool", attrs: k(2), in: ts{zeros(0, 1, 3)}, want: ts{zeros(0, 1, 2)}},
		{name: "float16", typ: "AveragePool", attrs: k(2), in: ts{of(dims(1, 1, 2), tensor.ToHalf(1), tensor.ToHalf(2))}, want: ts{of(dims(1, 1, 1), tensor.ToHalf(1.5))}},
		{name: "whole", typ: "GlobalAveragePool", in: ts{x}, want: ts{of(dims(1, 1, 1, 1), float32(4.5))}},
		{name: "whole", typ: "GlobalMaxPool", in: ts{x}, want: ts{of(dims(1, 1, 1, 1), float32(9))}},
		{name: "whole", typ: "GlobalLpPool", attrs: Attrs{"p": int64(1)}, in: ts{x}, want: ts{of(dims(1, 1, 1, 1), float32(27))}},
		{name: "opset 1", typ: "GlobalLpPool", opset: 1, attrs: Attrs{"p": float32(1)}, in: ts{x}, want: ts{of(dims(1, 1, 1, 1), float32(27))}},
	})
}

func TestPoolsRefuse(t *testing.T) {
	type ts = []*tensor.Tensor
	x := zeros(1, 1, 4, 4)
	k := []int64{2, 2}
	var cases []opCase
	for _, typ := range []string{"MaxPool", "AveragePool", "LpPool"} {
		cases = append(cases,
			opCase{name: "no kernel", typ: typ, in: ts{x}},
			opCase{name: "zero kernel", typ: typ, attrs: Attrs{"kernel_shape": []int64{0, 2}}, in: ts{x}},
			opCase{name: "kernel of other rank", typ: typ, attrs: Attrs{"kernel_shape": []int64{2}}, in: ts{x}},
			opCase{name: "kernel larger than input", typ: typ, attrs: Attrs{"kernel_shape": []int64{5, 2}}, in: ts{x}},
			opCase{name: "huge kernel", typ: typ, attrs: Attrs{"kernel_shape": []int64{1 << 31, 2}}, in: ts{x}},
			opCase{name: "zero stride", typ: typ, attrs: Attrs{"kernel_shape": k, "strides": []int64{0, 1}}, in: ts{x}},
			opCase{name: "negative pads", typ: typ, attrs: Attrs{"kernel_shape": k, "pads": []int64{0, 0, 0, -1}}, in: ts{x}},
			opCase{name: "window over padding only", typ: typ, attrs: Attrs{"kernel_shape": k, "pads": []int64{2, 0, 0, 0}}, in: ts{x}},
			opCase{name: "ceil_mode", typ: typ, attrs: Attrs{"kernel_shape": k, "ceil_mode": int64(2)}, in: ts{x}},
			opCase{name: "no spatial dimension", typ: typ, attrs: Attrs{"kernel_shape": k}, in: ts{zeros(2, 2)}})
	}
	checkRefused(t, Invalid, append(cases,
		opCase{name: "p", typ: "LpPool", attrs: Attrs{"kernel_shape": k, "p": int64(0)}, in: ts{x}},
		opCase{name: "three outputs", typ: "MaxPool", outputs: 3, attrs: Attrs{"kernel_shape": k}, in: ts{x}},
		opCase{name: "empty plane", typ: "GlobalMaxPool", in: ts{zeros(1, 1, 0)}},
		opCase{name: "no channels", typ: "GlobalAveragePool", in: ts{zeros(1)}}))
	checkRefused(t, Unsupported, []opCase{
		{name: "int32", typ: "MaxPool", attrs: Attrs{"kernel_shape": []int64{1}}, in: ts{of(dims(1, 1, 1), int32(1))}},
		{name: "four spatial dimensions", typ: "MaxPool", attrs: Attrs{"kernel_shape": []int64{1, 1, 1, 1}}, in: ts{zeros(1, 1, 1, 1, 1, 1)}},
		{name: "huge output", typ: "AveragePool", attrs: Attrs{"kernel_shape": k, "pads": []int64{1 << 30, 1 << 30, 0, 0}}, in: ts{x}},
	})
}
