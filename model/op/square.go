package op

import (
	"math"

	"larder/model/tensor"
)

// Determinants and inverses of square matrices. Specification:
// https://onnx.ai/onnx/operators/onnx__Det.html (11, 22); Inverse is of
// com.microsoft.

var squareOps = []Entry{
	{"", "Det", 11, newSquare},
	{contribDomain, "Inverse", 1, newSquare},
}

// squareMatrix is one of the two operators.
type squareMatrix struct{ inverse bool }

func newSquare(n Node) (Operator, error) {
	return newRuled(n, arity{1, 1, 1}, inFloat64{squareMatrix{n.Type == "Inverse"}})
}

// types implements [rule].
func (s squareMatrix) types(in []Value) ([]Value, error) {
	x := in[0]
	if err := floatTypes.check("input", x); err != nil {
		return nil, err
	}
	if !x.Ranked {
		return []Value{Unranked(x.DType)}, nil
	}
	rank := len(x.Shape)
	if rank < 2 {
		return nil, Invalidf("input has shape %v, want matrices", x.Shape)
	}
	n, ok := mergeDim(x.Shape[rank-2], x.Shape[rank-1])
	if !ok {
		return nil, Invalidf("matrices of %v are not square", x.Shape)
	}
	if !s.inverse {
		return []Value{Of(x.DType, x.Shape[:rank-2]...)}, nil
	}
	return []Value{Of(x.DType, append(x.Shape[:rank-2].Clone(), n, n)...)}, nil
}

// run implements [rule].
func (s squareMatrix) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	n := in[0].Dim(-1)
	y, data := blank[float64](out[0].Shape)
	x := append([]float64{}, doubles(in[0])...)
	for i := range product(in[0].Shape()[:in[0].Rank()-2]) {
		a := x[i*n*n:][:n*n]
		if !s.inverse {
			data[i] = eliminate(a, nil, n)
			continue
		}
		b := data[i*n*n:][:n*n]
		for k := range n {
			b[k*n+k] = 1
		}
		if eliminate(a, b, n) == 0 {
			return nil, Invalidf("matrix %d has no inverse", i)
		}
	}
	return []*tensor.Tensor{y}, nil
}

// eliminate brings a, n×n, to diagonal form by the greatest pivots, b with it
// (to a's inverse times b, if b is not nil), and returns a's determinant.
func eliminate(a, b []float64, n int) float64 {
	det := 1.0
	for c := range n {
		best := c
		for r := c; r < n; r++ {
			if math.Abs(a[r*n+c]) > math.Abs(a[best*n+c]) {
				best = r
			}
		}
		pivot := a[best*n+c]
		if pivot == 0 {
			return 0
		}
		if det *= pivot; best != c {
			det = -det
		}
		for _, m := range [][]float64{a, b} {
			for k := 0; k < n && m != nil; k++ {
				m[c*n+k], m[best*n+k] = m[best*n+k], m[c*n+k]
			}
		}
		for r := range n {
			if r == c || r < c && b == nil {
				continue
			}
			f := a[r*n+c] / pivot
			addRow(a, r, c, -f, n)
			addRow(b, r, c, -f, n)
		}
		for k := 0; k < n && b != nil; k++ {
			a[c*n+k] /= pivot
			b[c*n+k] /= pivot
		}
	}
	return det
}

// addRow adds f times row c of m, if there is m, to row r.
func addRow(m []float64, r, c int, f float64, n int) {
	for k := 0; k < n && m != nil; k++ {
		m[r*n+k] += f * m[c*n+k]
	}
}
