package optest

import (
	"fmt"
	"math"
	"testing"

	"larder/model/tensor"
)

// tolerance is how far a number may be from the wanted one: abs + rel·|want|.
type tolerance struct{ abs, rel float64 }

// tolerances are those of ONNX's own runner, with an absolute part that sums in
// the type can keep. Types that are not here must be equal.
var tolerances = map[tensor.DType]tolerance{
	tensor.Float64:  {1e-7, 1e-3},
	tensor.Float32:  {1e-5, 1e-3},
	tensor.Float16:  {2e-3, 1e-3},
	tensor.BFloat16: {2e-3, 1.0 / 128}, // one unit in the last place
}

// equal compares type, shape and elements.
func equal(got, want *tensor.Tensor) error {
	switch {
	case got == nil:
		return fmt.Errorf("there is none")
	case got.DType() != want.DType() || !got.Shape().Equal(want.Shape()):
		return fmt.Errorf("got %v, want %v", got, want)
	}
	switch w := want.Any().(type) {
	case []*tensor.Tensor:
		for i, item := range w {
			if err := equal(got.Items()[i], item); err != nil {
				return fmt.Errorf("item %d: %w", i, err)
			}
		}
		return nil
	case []float32:
		return near(tensor.Data[float32](got), w, want.DType(), func(v float32) float64 { return float64(v) })
	case []float64:
		return near(tensor.Data[float64](got), w, want.DType(), func(v float64) float64 { return v })
	case []tensor.Half:
		return near(tensor.Data[tensor.Half](got), w, want.DType(), func(v tensor.Half) float64 { return float64(v.Float32()) })
	case []tensor.Brain:
		return near(tensor.Data[tensor.Brain](got), w, want.DType(), func(v tensor.Brain) float64 { return float64(v.Float32()) })
	case []bool:
		return same(tensor.Data[bool](got), w)
	case []string:
		return same(tensor.Data[string](got), w)
	case []int8:
		return same(tensor.Data[int8](got), w)
	case []int16:
		return same(tensor.Data[int16](got), w)
	case []int32:
		return same(tensor.Data[int32](got), w)
	case []int64:
		return same(tensor.Data[int64](got), w)
	case []uint8:
		return same(tensor.Data[uint8](got), w)
	case []uint16:
		return same(tensor.Data[uint16](got), w)
	case []uint32:
		return same(tensor.Data[uint32](got), w)
	case []uint64:
		return same(tensor.Data[uint64](got), w)
	}
	return fmt.Errorf("elements of type %v cannot be compared", want.DType())
}

func same[T comparable](got, want []T) error {
	for i, w := range want {
		if got[i] != w {
			return fmt.Errorf("element %d is %v, want %v", i, got[i], w)
		}
	}
	return nil
}

func near[T any](got, want []T, d tensor.DType, f func(T) float64) error {
	tol := tolerances[d]
	for i := range want {
		g, w := f(got[i]), f(want[i])
		switch {
		case g == w || math.IsNaN(g) && math.IsNaN(w):
		case math.IsInf(w, 0) || !(math.Abs(g-w) <= tol.abs+tol.rel*math.Abs(w)):
			return fmt.Errorf("element %d is %v, want %v", i, g, w)
		}
	}
	return nil
}

func TestEqual(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		name      string
		got, want *tensor.Tensor
		ok        bool
	}{
		{"same", tensor.Vector[float32](1, nan, inf), tensor.Vector[float32](1, nan, inf), true},
		{"near", tensor.Vector[float32](1000.9), tensor.Vector[float32](1000), true},
		{"far", tensor.Vector[float32](1001.1), tensor.Vector[float32](1000), false},
		{"small", tensor.Vector[float32](2e-5), tensor.Vector[float32](0), false},
		{"not a number", tensor.Vector[float32](nan), tensor.Vector[float32](0), false},
		{"number for NaN", tensor.Vector[float32](0), tensor.Vector[float32](nan), false},
		{"sign of infinity", tensor.Vector(-inf), tensor.Vector(inf), false},
		{"large for infinity", tensor.Vector[float32](1e38), tensor.Vector(inf), false},
		{"missing", nil, tensor.Vector[float32](0), false},
		{"type", tensor.Vector[float64](1), tensor.Vector[float32](1), false},
		{"shape", tensor.Vector[int64](1), tensor.Scalar[int64](1), false},
		{"integer", tensor.Vector[int64](1001), tensor.Vector[int64](1000), false},
		{"string", tensor.Vector("a"), tensor.Vector("b"), false},
		{"half", tensor.Vector(tensor.ToHalf(1)), tensor.Vector(tensor.ToHalf(1.002)), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := equal(c.got, c.want); (err == nil) != c.ok {
				t.Errorf("equal = %v, want ok %v", err, c.ok)
			}
		})
	}
}
