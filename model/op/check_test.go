package op

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"testing"

	"larder/model/tensor"
)

// opCase is one call of an operator.
type opCase struct {
	name   string
	domain string // "" stands for the default one
	typ    string
	opset  int // 0 stands for 17
	attrs  Attrs
	// in has nil for an absent input.
	in []*tensor.Tensor
	// outputs is the number of outputs that are asked for, 0 stands for 1.
	outputs int
	want    []*tensor.Tensor
}

// node returns the node of a case, with names for inputs and outputs.
func (c *opCase) node() Node {
	n := Node{Domain: c.domain, Type: c.typ, Opset: c.opset, Attrs: c.attrs}
	if n.Opset == 0 {
		n.Opset = 17
	}
	for i, t := range c.in {
		name := "in" + strconv.Itoa(i)
		if t == nil {
			name = ""
		}
		n.Inputs = append(n.Inputs, name)
	}
	for i := range max(1, c.outputs) {
		n.Outputs = append(n.Outputs, "out"+strconv.Itoa(i))
	}
	return n
}

// runCase makes and runs the operator, and checks that Infer agrees with the
// result however much of the inputs it knows.
func runCase(t *testing.T, c opCase) ([]*tensor.Tensor, error) {
	t.Helper()
	o, err := All().New(c.node())
	if err != nil {
		return nil, err
	}
	got, err := o.Run(c.in)
	for _, f := range forget {
		vs := knownAll(c.in)
		for i := range vs {
			if !vs[i].Absent {
				vs[i] = f.f(vs[i])
			}
		}
		out, inferErr := o.Infer(vs)
		if err == nil && inferErr != nil {
			t.Errorf("Infer of %s: %v, but Run is right", f.name, inferErr)
		}
		if err == nil && inferErr == nil {
			agree(t, f.name, out, got)
		}
	}
	return got, err
}

// forget lists how much Infer may know of an input.
var forget = []struct {
	name string
	f    func(Value) Value
}{
	{"constants", func(v Value) Value { return v }},
	{"types and shapes", like},
	{"types and ranks", func(v Value) Value { return dimsOfRank(v.DType, len(v.Shape)) }},
	{"types", func(v Value) Value { return Unranked(v.DType) }},
	{"nothing", func(Value) Value { return Value{} }},
}

// agree checks inferred values against results.
func agree(t *testing.T, what string, vs []Value, got []*tensor.Tensor) {
	t.Helper()
	for i, g := range got {
		if g == nil {
			continue
		}
		v := vs[i]
		ok := v.DType == tensor.Undefined || v.DType == g.DType()
		if v.Ranked {
			ok = ok && len(v.Shape) == g.Rank()
			for k := range min(len(v.Shape), g.Rank()) {
				ok = ok && (v.Shape[k] < 0 || v.Shape[k] == g.Dim(k))
			}
		}
		if !ok {
			t.Errorf("from %s, Infer says %v of output %d, Run gives %v", what, v, i, g)
		}
		if v.Const != nil && !same(v.Const, g, 0) {
			t.Errorf("from %s, Infer computes another output %d than Run", what, i)
		}
	}
}

// checkCases runs cases that must succeed; floats may differ by 1e-5.
func checkCases(t *testing.T, cases []opCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.typ+"/"+c.name, func(t *testing.T) {
			got, err := runCase(t, c)
			if err != nil {
				t.Fatal(err)
			}
			for i, w := range c.want {
				if !same(got[i], w, 1e-5) {
					t.Errorf("output %d is %v %v, want %v %v", i, got[i], got[i].Any(), w, w.Any())
				}
			}
		})
	}
}

// checkRefused runs cases that must fail with an error of the given code, when
// the operator is made or when it runs, and never panic.
func checkRefused(t *testing.T, code Code, cases []opCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.typ+"/"+c.name, func(t *testing.T) {
			_, err := runCase(t, c)
			var e *Error
			if !errors.As(err, &e) || e.Code != code {
				t.Errorf("got error %v, want one of code %d", err, code)
			}
		})
	}
}

// same reports whether two tensors have the same type, shape and elements,
// floats within tol of 1 + their size. NaN is the same as NaN.
func same(a, b *tensor.Tensor, tol float64) bool {
	if a == nil || b == nil || a.DType() != b.DType() || !a.Shape().Equal(b.Shape()) {
		return false
	}
	switch x := widen(a).Any().(type) {
	case []*tensor.Tensor:
		return slices.EqualFunc(x, b.Items(), func(a, b *tensor.Tensor) bool { return same(a, b, tol) })
	case []float32:
		return near(x, tensor.Data[float32](widen(b)), tol)
	case []float64:
		return near(x, tensor.Data[float64](b), tol)
	case []int64:
		return equal(x, b)
	case []int32:
		return equal(x, b)
	case []int16:
		return equal(x, b)
	case []int8:
		return equal(x, b)
	case []uint64:
		return equal(x, b)
	case []uint32:
		return equal(x, b)
	case []uint16:
		return equal(x, b)
	case []uint8:
		return equal(x, b)
	case []bool:
		return equal(x, b)
	case []string:
		return equal(x, b)
	}
	return false
}

func equal[T tensor.Element](x []T, t *tensor.Tensor) bool {
	for i, v := range tensor.Data[T](t) {
		if x[i] != v {
			return false
		}
	}
	return true
}

func near[T float](x, y []T, tol float64) bool {
	for i := range x {
		a, b := float64(x[i]), float64(y[i])
		switch {
		case a == b || math.IsNaN(a) && math.IsNaN(b):
		case !(math.Abs(a-b) <= tol*(1+math.Abs(b))):
			return false
		}
	}
	return true
}

// of returns a tensor of the given shape.
func of[T tensor.Element](shape []int, data ...T) *tensor.Tensor {
	return tensor.Must(tensor.Of(data, shape...))
}

// dims is short for a shape in a table.
func dims(d ...int) []int { return d }

// zeros returns a float32 tensor of zeros.
func zeros(shape ...int) *tensor.Tensor { return tensor.Must(tensor.New(tensor.Float32, shape...)) }
