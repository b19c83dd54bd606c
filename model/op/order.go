package op

import (
	"cmp"

	"larder/model/tensor"
)

// comparer returns a function that orders elements i and j of t as cmp.Compare
// does, except that a NaN follows every number and equals other NaNs (as in
// NumPy). False precedes true; complex numbers are ordered by real, then
// imaginary part.
func comparer(t *tensor.Tensor) func(i, j int) int {
	switch d := t.Any().(type) {
	case []float32:
		return compareBy(d, func(v float32) float32 { return v }, nanLast[float32])
	case []float64:
		return compareBy(d, func(v float64) float64 { return v }, nanLast[float64])
	case []tensor.Half, []tensor.Brain:
		return comparer(widen(t))
	case []string:
		return func(i, j int) int { return cmp.Compare(d[i], d[j]) }
	case []complex64:
		return compareBy(d, func(v complex64) complex128 { return complex128(v) }, compareComplex)
	case []complex128:
		return compareBy(d, func(v complex128) complex128 { return v }, compareComplex)
	}
	return compareInts(t)
}

// compareInts is comparer for integers and bools.
func compareInts(t *tensor.Tensor) func(i, j int) int {
	d, flip := t.Any(), flipOf(t.DType())
	return func(i, j int) int { return cmp.Compare(intAt(d, i)^flip, intAt(d, j)^flip) }
}

func compareBy[T, K any](d []T, key func(T) K, c func(a, b K) int) func(i, j int) int {
	return func(i, j int) int { return c(key(d[i]), key(d[j])) }
}

func nanLast[T float](a, b T) int {
	switch an, bn := a != a, b != b; {
	case an && bn:
		return 0
	case an:
		return 1
	case bn:
		return -1
	}
	return cmp.Compare(a, b)
}

func compareComplex(a, b complex128) int {
	if c := nanLast(real(a), real(b)); c != 0 {
		return c
	}
	return nanLast(imag(a), imag(b))
}

// nonZero returns a function that tells whether element i of t is not zero (for
// strings: not empty).
func nonZero(t *tensor.Tensor) func(i int) bool {
	switch d := t.Any().(type) {
	case []bool:
		return func(i int) bool { return d[i] }
	case []string:
		return func(i int) bool { return d[i] != "" }
	case []complex64:
		return func(i int) bool { return d[i] != 0 }
	case []complex128:
		return func(i int) bool { return d[i] != 0 }
	case []uint64:
		return func(i int) bool { return d[i] != 0 }
	}
	f := floatsOf(t) // a number that is not zero stays so
	return func(i int) bool { return f[i] != 0 }
}
