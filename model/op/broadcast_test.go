package op

import (
	"math/rand/v2"
	"testing"

	"larder/model/tensor"
)

// at returns the element of t for an index into a shape to which it broadcasts.
func at(t *tensor.Tensor, index []int) float32 {
	place, strides := 0, t.Shape().Strides()
	for k, d := range t.Shape() {
		if d != 1 {
			place += strides[k] * index[len(index)-t.Rank()+k]
		}
	}
	return tensor.Data[float32](t)[place]
}

// shrunk returns shape with some dimensions 1 and some at the front missing.
func shrunk(r *rand.Rand, shape tensor.Shape) tensor.Shape {
	s := shape.Clone()[r.IntN(len(shape)+1):]
	for i := range s {
		if r.IntN(3) == 0 {
			s[i] = 1
		}
	}
	return s
}

func TestBroadcastAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		full := tensor.Shape(randomShape(r))
		a, b := randomTensor(r, shrunk(r, full)...), randomTensor(r, shrunk(r, full)...)
		got, err := runCase(t, opCase{typ: "Sub", in: []*tensor.Tensor{a, b}})
		if err != nil {
			t.Fatal(a, b, err)
		}
		want := zeros(got[0].Shape()...)
		o := newOdometer(want.Shape())
		for i := range tensor.Data[float32](want) {
			tensor.Data[float32](want)[i] = at(a, o.at) - at(b, o.at)
			o.next()
		}
		if !same(got[0], want, 0) {
			t.Fatalf("Sub of %v and %v differs from its definition", a, b)
		}
	}
}

func TestWhereAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		full := tensor.Shape(randomShape(r))
		c, x, y := randomTensor(r, shrunk(r, full)...), randomTensor(r, shrunk(r, full)...), randomTensor(r, shrunk(r, full)...)
		cond := mapTensor(c, tensor.Data[float32](c), func(v float32) bool { return v > 0 })
		got, err := runCase(t, opCase{typ: "Where", in: []*tensor.Tensor{cond, x, y}})
		if err != nil {
			t.Fatal(c, x, y, err)
		}
		o := newOdometer(got[0].Shape())
		for i, v := range tensor.Data[float32](got[0]) {
			want := at(y, o.at)
			if at(c, o.at) > 0 {
				want = at(x, o.at)
			}
			if v != want {
				t.Fatalf("Where of %v, %v and %v has %v at %d, want %v", c, x, y, v, i, want)
			}
			o.next()
		}
	}
}
