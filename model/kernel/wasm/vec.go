package wasm

import "math"

// Vec is an expression of type v128, four float32 lanes unless an operator
// says otherwise.
type Vec struct{ code []byte }

// VecVar is a local variable of type v128.
type VecVar struct {
	f     *Func
	index uint32
}

// Value returns the variable's value as an expression.
func (v VecVar) Value() Vec { return Vec{appendUint([]byte{0x20}, v.index)} }

// Set assigns e.
func (v VecVar) Set(e Vec) { v.f.emit(e.code, appendUint([]byte{0x21}, v.index)) }

// simd returns the encoding of a vector instruction (spec 5.4.8).
func simd(op uint32) []byte { return appendUint([]byte{0xfd}, op) }

// memarg encodes alignment (as a power of two) and offset.
func memarg(op, align uint32, off int) []byte {
	return appendUint(appendUint(simd(op), align), uint32(off))
}

// LoadVec reads four lanes at address a + off.
func (a Int) LoadVec(off int) Vec { return Vec{join(a.code, memarg(0x00, 2, off))} }

// LoadSplat reads one lane at address a + off into all four.
func (a Int) LoadSplat(off int) Vec { return Vec{join(a.code, memarg(0x09, 2, off))} }

// LoadVec is Value().LoadVec.
func (v IntVar) LoadVec(off int) Vec { return v.Value().LoadVec(off) }

// LoadSplat is Value().LoadSplat.
func (v IntVar) LoadSplat(off int) Vec { return v.Value().LoadSplat(off) }

// StoreVec writes the four lanes of e at address a + off.
func (f *Func) StoreVec(a Int, off int, e Vec) { f.emit(a.code, e.code, memarg(0x0b, 2, off)) }

// LoadLane reads one lane at address a + off into lane 0; the others are 0.
func (a Int) LoadLane(off int) Vec { return Vec{join(a.code, memarg(0x5c, 2, off))} }

// Lanes is a constant vector with four times the lane bits.
func Lanes(bits uint32) Vec {
	b := simd(0x0c)
	for range 4 {
		b = append(b, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
	}
	return Vec{b}
}

// SplatInt returns the integer a, as bits, in all four lanes.
func SplatInt(a Int) Vec { return Vec{join(a.code, simd(0x11))} }

func (a Vec) op(code uint32, b Vec) Vec { return Vec{join(a.code, b.code, simd(code))} }

func (a Vec) unary(code uint32) Vec { return Vec{join(a.code, simd(code))} }

// Add returns a + b.
func (a Vec) Add(b Vec) Vec { return a.op(0xe4, b) }

// Sub returns a - b.
func (a Vec) Sub(b Vec) Vec { return a.op(0xe5, b) }

// Mul returns a * b.
func (a Vec) Mul(b Vec) Vec { return a.op(0xe6, b) }

// Div returns a / b.
func (a Vec) Div(b Vec) Vec { return a.op(0xe7, b) }

// Min returns the smaller lanes; NaN if either is NaN.
func (a Vec) Min(b Vec) Vec { return a.op(0xe8, b) }

// Max returns the greater lanes; NaN if either is NaN.
func (a Vec) Max(b Vec) Vec { return a.op(0xe9, b) }

// PMin returns b < a ? b : a, one instruction on x64.
func (a Vec) PMin(b Vec) Vec { return a.op(0xea, b) }

// PMax returns a < b ? b : a, one instruction on x64.
func (a Vec) PMax(b Vec) Vec { return a.op(0xeb, b) }

// Sqrt returns the square roots.
func (a Vec) Sqrt() Vec { return a.unary(0xe3) }

// Shuffle32 picks four lanes from the eight of a (0..3) and b (4..7).
func (a Vec) Shuffle32(b Vec, lanes ...byte) Vec {
	code := join(a.code, b.code, simd(0x0d))
	for _, l := range lanes {
		for j := range byte(4) {
			code = append(code, 4*l+j)
		}
	}
	return Vec{code}
}

// Splat returns lane l of v in all four lanes.
func (v VecVar) Splat(l byte) Vec { return v.Value().Shuffle32(v.Value(), l, l, l, l) }

// MulAdd returns a*b + c: rounded once with relaxed SIMD on hardware that has
// fused multiply-add, else rounded twice.
func (f *Func) MulAdd(a, b, c Vec) Vec {
	if f.module.Relaxed {
		return Vec{join(a.code, b.code, c.code, simd(0x105))}
	}
	return Vec{join(c.code, a.code, b.code, simd(0xe6), simd(0xe4))}
}

// Nearest rounds to the nearest integer, ties to even.
func (a Vec) Nearest() Vec { return a.unary(0x6a) }

// Floor rounds down.
func (a Vec) Floor() Vec { return a.unary(0x68) }

// Ceil rounds up.
func (a Vec) Ceil() Vec { return a.unary(0x67) }

// Abs clears the signs.
func (a Vec) Abs() Vec { return a.unary(0xe0) }

// Neg flips the signs.
func (a Vec) Neg() Vec { return a.unary(0xe1) }

// Lt returns all ones where a < b, else zeros.
func (a Vec) Lt(b Vec) Vec { return a.op(0x43, b) }

// Eq returns all ones where a == b, else zeros.
func (a Vec) Eq(b Vec) Vec { return a.op(0x41, b) }

// Le returns all ones where a <= b, else zeros.
func (a Vec) Le(b Vec) Vec { return a.op(0x45, b) }

// And returns the bitwise and.
func (a Vec) And(b Vec) Vec { return a.op(0x4e, b) }

// AndNot returns the bits of a that are not in b.
func (a Vec) AndNot(b Vec) Vec { return a.op(0x4f, b) }

// Or returns the bitwise or.
func (a Vec) Or(b Vec) Vec { return a.op(0x50, b) }

// Choose returns a where mask is ones and b where it is zeros.
func (mask Vec) Choose(a, b Vec) Vec { return Vec{join(a.code, b.code, mask.code, simd(0x52))} }

// ToInt converts to signed integers, towards zero; NaN becomes 0 and what is
// out of range the nearest bound.
func (a Vec) ToInt() Vec { return a.unary(0xf8) }

// ToFloat converts signed integers to floats.
func (a Vec) ToFloat() Vec { return a.unary(0xfa) }

// AddInt adds lanes as integers.
func (a Vec) AddInt(b Vec) Vec { return a.op(0xae, b) }

// MulInt returns the low 32 bits of the products of integer lanes.
func (a Vec) MulInt(b Vec) Vec { return a.op(0xb5, b) }

// ShlInt shifts lanes as integers.
func (a Vec) ShlInt(n int) Vec { return Vec{join(a.code, Const(n).code, simd(0xab))} }

// SubInt subtracts lanes as integers.
func (a Vec) SubInt(b Vec) Vec { return a.op(0xb1, b) }

// ShrInt shifts lanes as signed integers.
func (a Vec) ShrInt(n int) Vec { return Vec{join(a.code, Const(n).code, simd(0xac))} }

// LanesOf is a constant vector of four times v.
func LanesOf(v float32) Vec { return Lanes(math.Float32bits(v)) }

// StoreLane writes lane l of e at address a + off.
func (f *Func) StoreLane(a Int, off int, e Vec, l byte) {
	f.emit(a.code, e.code, memarg(0x5a, 2, off), []byte{l})
}

// LanesEach is a constant vector of four floats.
func LanesEach(lanes ...float32) Vec {
	b := simd(0x0c)
	for _, v := range lanes {
		bits := math.Float32bits(v)
		b = append(b, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
	}
	return Vec{b}
}
