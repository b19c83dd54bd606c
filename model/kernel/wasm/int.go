package wasm

import "math"

// Int is an expression of type i32.
type Int struct{ code []byte }

// IntVar is a local variable or parameter of type i32; used as an expression
// it is its current value.
type IntVar struct {
	f     *Func
	index uint32
}

// Global is a global variable of type i32.
type Global uint32

// Value returns the variable's value as an expression.
func (g Global) Value() Int { return Int{appendUint([]byte{0x23}, uint32(g))} }

// Const is a constant.
func Const(v int) Int { return Int{appendInt([]byte{0x41}, int64(int32(v)))} }

// ConstFloat is a constant with the bits of v.
func ConstFloat(v float32) Int { return Const(int(int32(math.Float32bits(v)))) }

// Value returns the variable's value as an expression.
func (v IntVar) Value() Int { return Int{appendUint([]byte{0x20}, v.index)} }

// Set assigns e.
func (v IntVar) Set(e Int) { v.f.emit(e.code, appendUint([]byte{0x21}, v.index)) }

// Inc adds a constant to the variable.
func (v IntVar) Inc(by int) { v.Set(v.Add(Const(by))) }

func join(parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	b := make([]byte, 0, n)
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func (a Int) op(code byte, b Int) Int { return Int{join(a.code, b.code, []byte{code})} }

// Add returns a + b.
func (a Int) Add(b Int) Int { return a.op(0x6a, b) }

// Sub returns a - b.
func (a Int) Sub(b Int) Int { return a.op(0x6b, b) }

// Mul returns a * b.
func (a Int) Mul(b Int) Int { return a.op(0x6c, b) }

// Div returns a / b, unsigned; b must not be 0.
func (a Int) Div(b Int) Int { return a.op(0x6e, b) }

// Rem returns a mod b, unsigned; b must not be 0.
func (a Int) Rem(b Int) Int { return a.op(0x70, b) }

// And returns the bitwise and.
func (a Int) And(b Int) Int { return a.op(0x71, b) }

// Or returns the bitwise or.
func (a Int) Or(b Int) Int { return a.op(0x72, b) }

// Not returns 1 if a is 0, else 0.
func (a Int) Not() Int { return Int{join(a.code, []byte{0x45})} }

// Shl returns a << n.
func (a Int) Shl(n int) Int { return a.op(0x74, Const(n)) }

// Shr returns a >> n, unsigned.
func (a Int) Shr(n int) Int { return a.op(0x76, Const(n)) }

// Lt returns a < b, unsigned.
func (a Int) Lt(b Int) Int { return a.op(0x49, b) }

// LtS returns a < b, signed.
func (a Int) LtS(b Int) Int { return a.op(0x48, b) }

// LeS returns a <= b, signed.
func (a Int) LeS(b Int) Int { return a.op(0x4c, b) }

// Ge returns a >= b, unsigned.
func (a Int) Ge(b Int) Int { return a.op(0x4f, b) }

// Eq returns a == b.
func (a Int) Eq(b Int) Int { return a.op(0x46, b) }

// Ne returns a != b.
func (a Int) Ne(b Int) Int { return a.op(0x47, b) }

// Min returns the smaller of a and b, unsigned. Both are evaluated twice.
func (a Int) Min(b Int) Int { return Select(a.Lt(b), a, b) }

// MinS returns the smaller of a and b, signed. Both are evaluated twice.
func (a Int) MinS(b Int) Int { return Select(a.LtS(b), a, b) }

// MaxS returns the greater of a and b, signed. Both are evaluated twice.
func (a Int) MaxS(b Int) Int { return Select(a.LtS(b), b, a) }

// Select returns a if cond is not 0, else b. Both are evaluated.
func Select(cond, a, b Int) Int { return Int{join(a.code, b.code, cond.code, []byte{0x1b})} }

// Load reads the integer at address a + off.
func (a Int) Load(off int) Int { return Int{join(a.code, appendUint([]byte{0x28, 2}, uint32(off)))} }

// Load16 reads the 16 bits at address a + off.
func (a Int) Load16(off int) Int { return Int{join(a.code, appendUint([]byte{0x2f, 1}, uint32(off)))} }

// Store writes e at address a + off.
func (f *Func) Store(a Int, off int, e Int) {
	f.emit(a.code, e.code, appendUint([]byte{0x36, 2}, uint32(off)))
}
