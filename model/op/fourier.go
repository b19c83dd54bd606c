package op

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// maxTransform bounds the length of a Fourier transform: a minute and a half of
// sound as one piece.
const maxTransform = 1 << 22

// transform is the discrete Fourier transform of n numbers. Powers of two are
// halved (Cooley and Tukey, 1965); other lengths become a convolution of such a
// length (Bluestein, 1970), so that a large prime is not slow either.
type transform struct {
	n, size int
	turns   []complex128 // the size-th roots of 1
	// chirp and kernel are Bluestein's, nil if n is a power of two.
	chirp, kernel []complex128
	buf           []complex128
}

// newTransform prepares the transform of n > 0 numbers, backwards if inverse
// (without the division by n).
func newTransform(n int, inverse bool) *transform {
	sign := -1.0
	if inverse {
		sign = 1
	}
	if n&(n-1) == 0 {
		return &transform{n: n, size: n, turns: roots(n, sign)}
	}
	t := &transform{n: n, size: 1 << bits.Len(uint(2*n-2))}
	t.turns = roots(t.size, -1)
	t.chirp = make([]complex128, n)
	t.kernel = make([]complex128, t.size)
	t.buf = make([]complex128, t.size)
	for k := range t.chirp {
		// The angle depends on k² modulo 2n only, which keeps it exact.
		t.chirp[k] = cmplx.Rect(1, sign*math.Pi*float64(k*k%(2*n))/float64(n))
		t.kernel[k] = cmplx.Conj(t.chirp[k])
		t.kernel[(t.size-k)%t.size] = t.kernel[k]
	}
	t.halve(t.kernel)
	return t
}

// roots returns the first half of the n-th roots of 1.
func roots(n int, sign float64) []complex128 {
	r := make([]complex128, max(1, n/2))
	for k := range r {
		r[k] = cmplx.Rect(1, sign*2*math.Pi*float64(k)/float64(n))
	}
	return r
}

// run transforms x in place.
func (t *transform) run(x []complex128) {
	if t.chirp == nil {
		t.halve(x)
		return
	}
	clear(t.buf)
	for k, c := range t.chirp {
		t.buf[k] = x[k] * c
	}
	t.halve(t.buf)
	for k, c := range t.kernel { // back by the conjugate, for which the roots are there
		t.buf[k] = cmplx.Conj(t.buf[k] * c)
	}
	t.halve(t.buf)
	for k, c := range t.chirp {
		x[k] = cmplx.Conj(t.buf[k]) * c / complex(float64(t.size), 0)
	}
}

// halve transforms a power of two of numbers in place.
func (t *transform) halve(x []complex128) {
	n := len(x)
	if n < 2 {
		return
	}
	shift := bits.LeadingZeros64(uint64(n - 1))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for half := 1; half < n; half *= 2 {
		step := n / (2 * half)
		for at := 0; at < n; at += 2 * half {
			for k := range half {
				a, b := x[at+k], x[at+k+half]*t.turns[k*step]
				x[at+k], x[at+k+half] = a+b, a-b
			}
		}
	}
}
