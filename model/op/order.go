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
	case []tensor.Half:
		return compareBy(d, tensor.Half.Float32, nanLast[float32])
	case []tensor.Brain:
		return compareBy(d, tensor.Brain.Float32, nanLast[float32])
	case []int8:
		return compareOrdered(d)
	case []int16:
		return compareOrdered(d)
	case []int32:
		return compareOrdered(d)
	case []int64:
		return compareOrdered(d)
	case []uint8:
		return compareOrdered(d)
	case []uint16:
		return compareOrdered(d)
	case []uint32:
		return compareOrdered(d)
	case []uint64:
		return compareOrdered(d)
	case []string:
		return compareOrdered(d)
	case []bool:
		return compareBy(d, func(v bool) uint8 {
			if v {
				return 1
			}
			return 0
		}, cmp.Compare[uint8])
	case []complex64:
		return compareBy(d, func(v complex64) complex128 { return complex128(v) }, compareComplex)
	case []complex128:
		return compareBy(d, func(v complex128) complex128 { return v }, compareComplex)
	}
	return func(i, j int) int { return 0 } // all types are above
}

func compareOrdered[T cmp.Ordered](d []T) func(i, j int) int {
	return func(i, j int) int { return cmp.Compare(d[i], d[j]) }
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
