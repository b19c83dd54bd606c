package op

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"larder/model/tensor"
)

// arithmeticTables are the tables of the operators that compute.
var arithmeticTables = [][]Entry{
	elementwiseOps, compareOps, mathOps, activationOps, clipOps, preluOps, shrinkOps, softmaxOps,
	reduceOps, argOps, cumulativeOps, convOps, poolOps, matmulOps, einsumOps, normOps, dropoutOps,
}

// TestAnyInput calls operators with random attributes and inputs, right and
// wrong: none panics, every error is typed, and Infer agrees with Run.
func TestAnyInput(t *testing.T) {
	entries := slices.Concat(arithmeticTables...)
	r := rand.New(rand.NewPCG(9, 8))
	ran := map[string]bool{}
	for i := range 40000 {
		e := entries[i%len(entries)]
		c := randomCase(r, e)
		tryCase(t, c, ran)
		if t.Failed() {
			t.Fatalf("%s opset %d %v of %v", c.typ, c.opset, c.attrs, c.in)
		}
	}
	for _, e := range entries {
		if !ran[e.Type] {
			t.Errorf("%s never ran: the random inputs do not test it", e.Type)
		}
	}
}

// FuzzAnyInput is TestAnyInput for a fuzzer, which chooses the random numbers.
func FuzzAnyInput(f *testing.F) {
	f.Add(uint64(1))
	entries := slices.Concat(arithmeticTables...)
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		c := randomCase(r, entries[r.IntN(len(entries))])
		tryCase(t, c, map[string]bool{})
	})
}

func tryCase(t *testing.T, c opCase, ran map[string]bool) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("panic: %v", p)
		}
	}()
	_, err := runCase(t, c)
	if err == nil {
		ran[c.typ] = true
	} else if _, ok := err.(*Error); !ok {
		t.Errorf("error %v has type %T", err, err)
	}
}

// randomCase returns a call of e that may be right.
func randomCase(r *rand.Rand, e Entry) opCase {
	c := opCase{typ: e.Type, opset: e.Since + r.IntN(26), attrs: Attrs{}, outputs: 1 + r.IntN(8)/7}
	for _, name := range slices.Sorted(maps.Keys(randomAttrs)) {
		if r.IntN(6) == 0 {
			c.attrs[name] = randomAttrs[name](r)
		}
	}
	dtype := []tensor.DType{tensor.Float32, tensor.Float32, tensor.Float32, tensor.Float64, tensor.Float16, tensor.BFloat16,
		tensor.Int64, tensor.Int32, tensor.Int8, tensor.Uint8, tensor.Uint64, tensor.Bool, tensor.String}[r.IntN(13)]
	shape := randomShape(r)
	vectors := r.IntN(2) == 0 && len(shape) > 1
	if r.IntN(2) == 0 {
		tidy(r, c.attrs, shape)
	}
	for i := range []int{1, 1, 1, 2, 2, 2, 3, 3, 5, 5, 0}[r.IntN(11)] {
		s, d := shape, dtype
		if i > 0 && vectors {
			s = shape[1:2]
		}
		switch r.IntN(24) {
		case 0:
			s = randomShape(r)
		case 1:
			d = tensor.Int64
		case 2:
			d = tensor.Bool
		}
		if i == 1 && r.IntN(2) == 0 {
			s, d = second(e.Type, shape, s, d)
		}
		if r.IntN(40) == 0 {
			c.in = append(c.in, nil)
			continue
		}
		c.in = append(c.in, randomOf(r, d, s))
	}
	return c
}

// second returns what the second input of some operators must be; of others, s
// and d.
func second(typ string, shape, s []int, d tensor.DType) ([]int, tensor.DType) {
	switch {
	case typ == "CumSum" || typ == "CumProd":
		return []int{1}, tensor.Int64
	case (typ == "Conv" || typ == "ConvTranspose") && len(shape) > 1:
		w := append([]int{}, shape[1], shape[1])
		for range len(shape) - 2 {
			w = append(w, 1)
		}
		return w, d
	}
	return s, d
}

// tidy makes the attributes of sliding windows fit the rank, and adds those
// that are required.
func tidy(r *rand.Rand, a Attrs, shape []int) {
	a["group"], a["num_groups"], a["size"] = int64(1), int64(1+r.IntN(2)), int64(1+r.IntN(3))
	a["direction"], a["kernel_shape"], a["epsilon"] = "LEFT", []int64{}, float32(0.1)
	delete(a, "training_mode")
	n := len(shape) - 2
	for _, name := range []string{"kernel_shape", "strides", "dilations", "pads"} {
		if name == "pads" {
			n *= 2
		}
		if _, ok := a[name].([]int64); ok && n > 0 {
			list := make([]int64, n)
			for i := range list {
				list[i] = int64(1 + r.IntN(2))
			}
			a[name] = list
		}
	}
}

func randomShape(r *rand.Rand) []int {
	s := make([]int, r.IntN(6))
	for i := range s {
		s[i] = []int{0, 1, 1, 2, 2, 2, 3, 4}[r.IntN(8)]
	}
	return s
}

// randomOf returns a tensor of small whole numbers, and now and then others.
func randomOf(r *rand.Rand, d tensor.DType, shape []int) *tensor.Tensor {
	x, data := blank[float64](shape)
	for i := range data {
		data[i] = float64(r.IntN(5) - 2)
		if floatTypes.has(d) && r.IntN(40) == 0 {
			data[i] = []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e30, 0.3}[r.IntN(5)]
		}
	}
	t, err := castTensor(x, d)
	if err != nil {
		panic(err)
	}
	return t
}

// randomAttrs makes attributes of the right kind, most of them sensible.
var randomAttrs = map[string]func(r *rand.Rand) any{
	"kernel_shape": someInts(1, 2, 3), "strides": someInts(1, 1, 2, 0), "dilations": someInts(1, 1, 2, 1<<31-1),
	"pads": func(r *rand.Rand) any {
		return append(someInts(0, 1)(r).([]int64), someInts(0, 1, 2, -1)(r).([]int64)...)
	},
	"axes": someInts(0, 1, 2, -1, 9), "output_padding": someInts(0, 1), "output_shape": someInts(3, 4, 1<<31-1),
	"group": someInt(1, 2, 0), "axis": someInt(0, 1, -1, 2, math.MinInt64), "ceil_mode": someInt(0, 1), "keepdims": someInt(0, 1),
	"count_include_pad": someInt(0, 1), "storage_order": someInt(0, 1), "transA": someInt(0, 1), "transB": someInt(0, 1),
	"p": someInt(1, 2, 0), "num_groups": someInt(1, 2), "size": someInt(1, 3, math.MaxInt64), "exclusive": someInt(0, 1), "reverse": someInt(0, 1),
	"select_last_index": someInt(0, 1), "noop_with_empty_axes": someInt(0, 1), "broadcast": someInt(1, 0), "stash_type": someInt(1, 1, 16, 999),
	"training_mode": someInt(0, 1), "is_test": someInt(1, 0), "fmod": someInt(0, 1, 2), "spatial": someInt(1, 0),
	"auto_pad":  someString("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER", "?"),
	"direction": someString("LEFT", "RIGHT", "UP"), "approximate": someString("none", "tanh", "?"),
	"equation": someString("ij,jk->ik", "...i,...i->...", "ii->i", "i", "i,i", "ij->ji", "->", "i->j", "...", "i..j"),
	"alpha":    someFloat, "beta": someFloat, "gamma": someFloat, "epsilon": someFloat, "min": someFloat, "max": someFloat, "lambd": someFloat, "bias": someFloat,
}

func someInt(of ...int64) func(*rand.Rand) any {
	return func(r *rand.Rand) any {
		if r.IntN(30) == 0 {
			return fmt.Sprint(of) // the wrong kind
		}
		return of[r.IntN(len(of))]
	}
}

func someInts(of ...int64) func(*rand.Rand) any {
	return func(r *rand.Rand) any {
		list := make([]int64, 1+r.IntN(3))
		for i := range list {
			list[i] = of[r.IntN(len(of))]
		}
		return list
	}
}

func someString(of ...string) func(*rand.Rand) any {
	return func(r *rand.Rand) any { return of[r.IntN(len(of))] }
}

func someFloat(r *rand.Rand) any {
	return []float32{0, 1, 0.5, -2, float32(math.NaN())}[r.IntN(5)]
}
