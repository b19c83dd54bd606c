package op

import (
	"math"
	"testing"

	"larder/model/tensor"
)

func TestCast(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		name     string
		in, want *tensor.Tensor
	}{
		{"truncates", tensor.Vector[float32](1.9, -1.9), tensor.Vector[int32](1, -1)},
		{"NaN to integer", tensor.Vector(nan), tensor.Vector[int64](0)},
		{"infinity to integer", tensor.Vector(inf, -inf), tensor.Vector[int64](math.MaxInt64, math.MinInt64)},
		{"large to uint64", tensor.Vector[float64](1 << 63), tensor.Vector[uint64](1 << 63)},
		{"keeps low bits", tensor.Vector[int16](200, -1), tensor.Vector[int8](-56, -1)},
		{"unsigned", tensor.Vector[int64](-1), tensor.Vector[uint64](math.MaxUint64)},
		{"NaN is true", tensor.Vector(nan, 0, 0.5), tensor.Vector(true, false, true)},
		{"bool", tensor.Vector(true, false), tensor.Vector[float64](1, 0)},
		{"uint64 to float32", tensor.Vector[uint64](math.MaxUint64), tensor.Vector[float32](1 << 64)},
		{"once to half", tensor.Vector(1 + 1.0/2048 + 1e-12), tensor.Vector(tensor.ToHalf(1 + 1.0/1024))},
		{"once to bfloat16", tensor.Vector[int64](1<<62 + 1<<54 + 1), tensor.Vector(tensor.ToBrain(1<<62 + 1<<55))},
		{"infinite half", tensor.Vector[int64](70000), tensor.Vector(tensor.ToHalf(inf))},
		{"texts", tensor.Vector[float32](0.1, nan, -inf, 1e20, 3), tensor.Vector("0.1", "NaN", "-INF", "1e+20", "3")},
		{"half text", tensor.Vector(tensor.ToHalf(0.5)), tensor.Vector("0.5")},
		{"integer texts", tensor.Vector[uint64](math.MaxUint64), tensor.Vector("18446744073709551615")},
		{"numbers in texts", tensor.Vector(" 1e3", "-INF", "nan"), tensor.Vector(1000, -inf, nan)},
		{"integers in texts", tensor.Vector("9223372036854775807", "2.7"), tensor.Vector[int64](math.MaxInt64, 2)},
		{"large integer in text", tensor.Vector("18446744073709551615"), tensor.Vector[uint64](math.MaxUint64)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, oc := range []opCase{
				{typ: "Cast", attrs: Attrs{"to": int64(c.want.DType())}, in: tensors{c.in}},
				{typ: "CastLike", in: tensors{c.in, c.want}},
			} {
				got, err := runCase(t, oc)
				if err != nil {
					t.Fatal(err)
				}
				if !same(got[0], c.want, 0) {
					t.Errorf("%s: %v %v, want %v", oc.typ, got[0], got[0].Any(), c.want.Any())
				}
			}
		})
	}
}
