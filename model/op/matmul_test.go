package op

import (
	"math/rand/v2"
	"testing"

	"larder/model/tensor"
)

// naiveProduct is the definition of A·B, for A of m×k and B of k×n elements.
func naiveProduct(a, b []float32, m, n, k int, transA, transB bool) []float32 {
	out := make([]float32, m*n)
	for i := range m {
		for j := range n {
			sum := 0.0
			for l := range k {
				x, y := i*k+l, l*n+j
				if transA {
					x = l*m + i
				}
				if transB {
					y = j*k + l
				}
				sum += float64(a[x]) * float64(b[y])
			}
			out[i*n+j] = float32(sum)
		}
	}
	return out
}

func TestGemmAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		m, n, k := r.IntN(10), r.IntN(10), r.IntN(10)
		ta, tb := r.IntN(2), r.IntN(2)
		shapes := [][]int{{m, k}, {k, m}, {k, n}, {n, k}}
		a, b := randomTensor(r, shapes[ta]...), randomTensor(r, shapes[2+tb]...)
		c := randomTensor(r, [][]int{{}, {1}, {n}, {m, 1}, {1, n}, {m, n}}[r.IntN(6)]...)
		alpha, beta := float32(r.IntN(4))/2, float32(r.IntN(4))/2
		got, err := runCase(t, opCase{typ: "Gemm", in: []*tensor.Tensor{a, b, c},
			attrs: Attrs{"transA": int64(ta), "transB": int64(tb), "alpha": alpha, "beta": beta}})
		if err != nil {
			t.Fatal(a, b, c, err)
		}
		want := naiveProduct(tensor.Data[float32](a), tensor.Data[float32](b), m, n, k, ta == 1, tb == 1)
		o := newOdometer([]int{m, n})
		for i := range want {
			want[i] = alpha*want[i] + beta*at(c, o.at)
			o.next()
		}
		if !same(got[0], of(dims(m, n), want...), 1e-5) {
			t.Fatalf("Gemm of %v and %v (%d %d) is %v, want %v", a, b, ta, tb, got[0].Any(), want)
		}
	}
}

func TestMatMulAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		batch := tensor.Shape(randomShape(r))
		m, n, k := r.IntN(6), r.IntN(6), r.IntN(9)
		a := randomTensor(r, append(shrunk(r, batch), m, k)...)
		b := randomTensor(r, append(shrunk(r, batch), k, n)...)
		got, err := runCase(t, opCase{typ: "MatMul", in: []*tensor.Tensor{a, b}})
		if err != nil {
			t.Fatal(a, b, err)
		}
		lead := got[0].Shape()[:got[0].Rank()-2]
		o := newOdometer(lead)
		var want []float32
		for range product(lead) {
			want = append(want, naiveProduct(matrixAt(a, o.at), matrixAt(b, o.at), m, n, k, false, false)...)
			o.next()
		}
		if !same(got[0], of(got[0].Shape(), want...), 1e-5) {
			t.Fatalf("MatMul of %v and %v is %v, want %v", a, b, got[0].Any(), want)
		}
	}
}

// matrixAt returns the matrix of t for an index into the other dimensions.
func matrixAt(t *tensor.Tensor, index []int) []float32 {
	n := t.Dim(-1) * t.Dim(-2)
	lead := t.Shape()[:t.Rank()-2]
	place, strides := 0, lead.Strides()
	for k, d := range lead {
		if d != 1 {
			place += strides[k] * index[len(index)-len(lead)+k]
		}
	}
	return tensor.Data[float32](t)[place*n:][:n]
}

func TestProducts(t *testing.T) {
	type ts = []*tensor.Tensor
	a := of(dims(2, 3), float32(1), 2, 3, 4, 5, 6)
	v := tensor.Vector[float32](1, 0, 2)
	e := func(text string) Attrs { return Attrs{"equation": text} }
	checkCases(t, []opCase{
		{name: "vectors", typ: "MatMul", in: ts{v, v}, want: ts{tensor.Scalar[float32](5)}},
		{name: "matrix and vector", typ: "MatMul", in: ts{a, v}, want: ts{tensor.Vector[float32](7, 16)}},
		{name: "vector and matrix", typ: "MatMul", in: ts{tensor.Vector[float32](1, 2), a}, want: ts{tensor.Vector[float32](9, 12, 15)}},
		{name: "uint64", typ: "MatMul", in: ts{tensor.Vector[uint64](1 << 63), tensor.Vector[uint64](3)}, want: ts{tensor.Scalar[uint64](1 << 63)}},
		{name: "without C", typ: "Gemm", in: ts{a, of(dims(3, 1), float32(1), 1, 1)}, want: ts{of(dims(2, 1), float32(6), 15)}},
		{name: "integers", typ: "Gemm", attrs: Attrs{"alpha": float32(2)}, in: ts{of(dims(1, 1), int64(1<<60)), of(dims(1, 1), int64(3))}, want: ts{of(dims(1, 1), int64(6<<60))}},
		{name: "opset 6", typ: "Gemm", opset: 6, attrs: Attrs{"broadcast": int64(1)}, in: ts{a, of(dims(3, 1), float32(1), 1, 1), tensor.Vector[float32](1)}, want: ts{of(dims(2, 1), float32(7), 16)}},
		{name: "product", typ: "Einsum", attrs: e("ij, j -> i"), in: ts{a, v}, want: ts{tensor.Vector[float32](7, 16)}},
		{name: "letters in order", typ: "Einsum", attrs: e("ba"), in: ts{a}, want: ts{of(dims(3, 2), float32(1), 4, 2, 5, 3, 6)}},
		{name: "sum", typ: "Einsum", attrs: e("ij->"), in: ts{a}, want: ts{tensor.Scalar[float32](21)}},
		{name: "diagonal", typ: "Einsum", attrs: e("ii->i"), in: ts{of(dims(2, 2), float32(1), 2, 3, 4)}, want: ts{tensor.Vector[float32](1, 4)}},
		{name: "ellipsis broadcasts", typ: "Einsum", attrs: e("...i,...i->...i"), in: ts{a, v}, want: ts{of(dims(2, 3), float32(1), 0, 6, 4, 0, 12)}},
		{name: "three", typ: "Einsum", attrs: e("i,i,i->"), in: ts{v, v, v}, want: ts{tensor.Scalar[float32](9)}},
		{name: "empty", typ: "Einsum", attrs: e("ij->i"), in: ts{zeros(2, 0)}, want: ts{zeros(2)}},
	})
}

func TestProductsRefuse(t *testing.T) {
	type ts = []*tensor.Tensor
	a := zeros(2, 3)
	e := func(text string, in ...*tensor.Tensor) opCase {
		return opCase{name: text, typ: "Einsum", attrs: Attrs{"equation": text}, in: in}
	}
	checkRefused(t, Invalid, []opCase{
		{name: "sizes", typ: "MatMul", in: ts{a, a}},
		{name: "scalar", typ: "MatMul", in: ts{a, zeros()}},
		{name: "batches", typ: "MatMul", in: ts{zeros(2, 2, 3), zeros(3, 3, 2)}},
		{name: "sizes", typ: "Gemm", in: ts{a, a}},
		{name: "not a matrix", typ: "Gemm", in: ts{zeros(2, 3, 1), a}},
		{name: "C enlarges", typ: "Gemm", in: ts{zeros(1, 3), zeros(3, 2), zeros(2, 2)}},
		{name: "C is missing before opset 11", typ: "Gemm", opset: 9, in: ts{a, zeros(3, 2)}},
		{name: "transA", typ: "Gemm", attrs: Attrs{"transA": int64(7)}, in: ts{a, zeros(3, 2)}},
		e("ij", zeros(2)), e("i", a), e("i1->i", a), e("i,j", a), e("ij->k", a), e("ij->ii", a), e("i..j->i", a),
		e("...->", a), e("ii", a), e("ij,jk", a, a),
	})
	checkRefused(t, Unsupported, []opCase{
		{name: "int8", typ: "MatMul", in: ts{of(dims(1), int8(1)), of(dims(1), int8(1))}},
		{name: "fraction of integers", typ: "Gemm", attrs: Attrs{"alpha": float32(0.5)}, in: ts{of(dims(1, 1), int32(1)), of(dims(1, 1), int32(1))}},
		{name: "huge output", typ: "MatMul", in: ts{zeros(1<<15, 0), zeros(0, 1<<15)}},
		e("a,b,c,d->", zeros(1<<10), zeros(1<<10), zeros(1<<10), zeros(1<<10)),
	})
}
