package tensor

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Unknown marks a dimension whose size is not known before a run.
const Unknown = -1

// MaxRank bounds the rank of a tensor; it keeps hostile files from asking for
// absurd index arithmetic. ONNX's own tests stay below 10.
const MaxRank = 32

// ErrShape reports a negative dimension, a rank above MaxRank, or a number of
// elements that does not fit an int32.
var ErrShape = errors.New("tensor: shape is negative, too long or too large")

// Shape is the sizes of a tensor's dimensions, outermost first. A scalar has
// the empty shape. In a shape that describes a value before it exists, a
// dimension may be Unknown.
type Shape []int

// Elems returns the number of elements of a tensor of this shape.
// It returns ErrShape if a dimension is negative or the product exceeds
// math.MaxInt32, the most that 32-bit linear memory could address. Zeros do not
// hide a large product: strides are computed from the other dimensions.
func (s Shape) Elems() (int, error) {
	if len(s) > MaxRank {
		return 0, ErrShape
	}
	n, zero := 1, false
	for _, d := range s {
		if d < 0 || d > math.MaxInt32 {
			return 0, ErrShape
		}
		if d == 0 {
			zero = true
			continue
		}
		if n > math.MaxInt32/d {
			return 0, ErrShape
		}
		n *= d
	}
	if zero {
		return 0, nil
	}
	return n, nil
}

// Known reports whether no dimension is Unknown.
func (s Shape) Known() bool { return !slices.ContainsFunc(s, func(d int) bool { return d < 0 }) }

// Equal reports whether s and t have the same dimensions.
func (s Shape) Equal(t Shape) bool { return slices.Equal(s, t) }

// Clone returns a copy of s; it is never nil.
func (s Shape) Clone() Shape { return append(Shape{}, s...) }

// Strides returns, for each dimension, how many elements lie between two
// neighbours along it in row-major order.
func (s Shape) Strides() []int {
	st := make([]int, len(s))
	n := 1
	for i := len(s) - 1; i >= 0; i-- {
		st[i] = n
		n *= s[i]
	}
	return st
}

// String returns the shape as "[1 3 224 224]", with ? for Unknown.
func (s Shape) String() string {
	var b strings.Builder
	b.WriteByte('[')
	for i, d := range s {
		if i > 0 {
			b.WriteByte(' ')
		}
		if d < 0 {
			b.WriteByte('?')
		} else {
			b.WriteString(strconv.Itoa(d))
		}
	}
	b.WriteByte(']')
	return b.String()
}

// Broadcast returns the shape that a and b take together under ONNX's
// multidirectional (NumPy) broadcasting: aligned at the right, sizes are equal
// or one of them is 1. An Unknown dimension yields the other one if that is
// greater than 1, else Unknown. It returns false if the shapes do not fit.
// See https://github.com/onnx/onnx/blob/main/docs/Broadcasting.md.
func Broadcast(a, b Shape) (Shape, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := a.Clone()
	off := len(a) - len(b)
	for i, d := range b {
		switch o := out[off+i]; {
		case o == d || d == 1:
		case o == 1:
			out[off+i] = d
		case o < 0 && d > 1:
			out[off+i] = d
		case d < 0 && o > 1:
		case o < 0 || d < 0:
			// Unknown against Unknown or 0: nothing more is certain.
			out[off+i] = max(o, d)
		default:
			return nil, false
		}
	}
	return out, true
}
