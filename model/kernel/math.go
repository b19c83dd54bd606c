package kernel

import (
	"math"

	"larder/model/kernel/wasm"
)

// Polynomials marked Cephes are those of S. Moshier's library (1984–1992), in
// single precision; the others interpolate their function at Chebyshev points.

const (
	sqrtHalf  = math.Sqrt2 / 2
	sqrt2ByPi = math.Sqrt2 / math.SqrtPi
	geluCubic = 0.044715
	signBit   = 1 << 31
)

var (
	negInf = float32(math.Inf(-1))
	posInf = float32(math.Inf(1))
	half   = wasm.LanesOf(0.5)
	one    = wasm.LanesOf(1)
	zero   = wasm.LanesOf(0)
)

// poly sets p to the polynomial in x with the coefficients c, the highest first.
func poly(f *wasm.Func, p, x wasm.VecVar, c ...float32) {
	p.Set(held(f, c[0]))
	for _, v := range c[1:] {
		p.Set(f.MulAdd(p.Value(), x.Value(), held(f, v)))
	}
}

// held is a constant for an inner loop.
func held(f *wasm.Func, v float32) wasm.Vec { return f.Held(v, ControlZero) }

// heldBits is held for integers and masks.
func heldBits(f *wasm.Func, bits uint32) wasm.Vec { return held(f, math.Float32frombits(bits)) }

// expCoefficients are Cephes' for e^r = 1 + r + r²·P(r), |r| <= ln2/2.
var expCoefficients = []float32{1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1}

// exp returns an expression for e^x: x = n ln2 + r with |r| <= ln2/2, a
// polynomial in r, and 2^n by its bits. The error is below 2 ULP; the result
// is never below e^-87, is infinite from 2^127.5 on, and NaN stays NaN.
func exp(f *wasm.Func, x wasm.Vec) wasm.Vec {
	p, n := expParts(f, x, -87, 89)
	return p.Value().Mul(powerOfTwo(f, n.Value()))
}

// expOrZero is exp, but 0 below e^-87.
func expOrZero(f *wasm.Func, x wasm.VecVar) wasm.Vec {
	return exp(f, x.Value()).AndNot(x.Value().Lt(held(f, -87)))
}

// expWide is e^x over the whole range: denormals, 0 and infinity included. The
// power of two is applied in two halves, each of which is a normal number.
func expWide(f *wasm.Func, x wasm.Vec) wasm.Vec {
	p, n := expParts(f, x, -104, 89)
	low := f.Vec()
	n.Set(n.Value().SubInt(held(f, roundInt)))
	low.Set(n.Value().ShrInt(1))
	return p.Value().Mul(powerOfTwo(f, low.Value())).Mul(powerOfTwo(f, n.Value().SubInt(low.Value())))
}

// roundInt added to a small float rounds it: the integer is then in the lowest
// bits of the sum.
const roundInt = 0x1.8p23

// expParts returns p and n with e^x = p·2^n for low <= x <= high; n is an integer
// plus the bits of roundInt.
func expParts(f *wasm.Func, x wasm.Vec, low, high float32) (p, n wasm.VecVar) {
	const (
		log2e = 1 / math.Ln2
		ln2Hi = 0.693359375 // exact in 9 bits, so that n*ln2Hi is exact
		ln2Lo = math.Ln2 - ln2Hi
	)
	v, whole := f.Vec(), f.Vec()
	p, n = f.Vec(), f.Vec()
	v.Set(x.PMax(held(f, low)).PMin(held(f, high))) // in this order they keep a NaN
	n.Set(f.MulAdd(v.Value(), held(f, log2e), held(f, roundInt)))
	whole.Set(n.Value().Sub(held(f, roundInt)))
	v.Set(f.MulAdd(whole.Value(), held(f, -ln2Hi), v.Value()))
	v.Set(f.MulAdd(whole.Value(), held(f, -ln2Lo), v.Value()))
	poly(f, p, v, append(expCoefficients, 1, 1)...)
	return p, n
}

// exp2Coefficients are those of 2^r for |r| <= ½, within 8e-8.
var exp2Coefficients = []float32{0.0013276410, 0.0096755410, 0.055507135, 0.24022120, 0.69314694, 1.0000001}

// exp2 returns 2^x for -127 <= x < 128, where 2^-127 counts as 0; NaN stays NaN.
func exp2(f *wasm.Func, x wasm.VecVar) wasm.Vec {
	n, r, p := f.Vec(), f.Vec(), f.Vec()
	n.Set(x.Value().Add(held(f, roundInt)))
	r.Set(x.Value().Sub(n.Value().Sub(held(f, roundInt))))
	poly(f, p, r, exp2Coefficients...)
	return p.Value().Mul(powerOfTwo(f, n.Value()))
}

// powerOfTwo is 2^n for integers -126 <= n <= 127, of which only the lowest 9
// bits are looked at; for 128 it is infinity.
func powerOfTwo(f *wasm.Func, n wasm.Vec) wasm.Vec { return n.AddInt(heldBits(f, 127)).ShlInt(23) }

// expm1 returns e^x - 1 without losing digits near 0.
func expm1(f *wasm.Func, x wasm.VecVar) wasm.Vec {
	p := f.Vec()
	poly(f, p, x, expCoefficients...)
	p.Set(f.MulAdd(p.Value().Mul(x.Value()), x.Value(), x.Value()))
	return x.Value().Abs().Lt(held(f, math.Ln2/2)).Choose(p.Value(), expWide(f, x.Value()).Sub(held(f, 1)))
}

// sigmoid returns 1 / (1 + e^-x).
func sigmoid(f *wasm.Func, x wasm.Vec) wasm.Vec {
	return held(f, 1).Div(held(f, 1).Add(exp(f, x.Neg())))
}

// tanh is an odd polynomial for small x (Cephes), else 1 - 2/(e^2|x| + 1).
func tanh(f *wasm.Func, x wasm.VecVar) wasm.Vec {
	s, p, big := f.Vec(), f.Vec(), f.Vec()
	s.Set(x.Value().Mul(x.Value()))
	poly(f, p, s, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	p.Set(f.MulAdd(p.Value().Mul(s.Value()), x.Value(), x.Value()))
	e := exp(f, x.Value().Abs().Mul(held(f, 2)))
	big.Set(held(f, 1).Sub(held(f, 2).Div(e.Add(held(f, 1)))))
	return x.Value().Abs().Lt(held(f, 0.625)).Choose(p.Value(), withSign(f, big.Value(), x))
}

// erf is an odd polynomial up to |x| = 1, then 1 - e^P(|x|); from 4 on it is 1.
func erf(f *wasm.Func, x wasm.VecVar) wasm.Vec {
	s, p, big := f.Vec(), f.Vec(), f.Vec()
	s.Set(x.Value().Mul(x.Value()))
	poly(f, p, s, 7.875875062685488e-05, -0.000801686428716587, 0.005189087423433974, -0.026854212010626412,
		0.11283594715160218, -0.37612626666720334, 1.1283791658483509)
	p.Set(p.Value().Mul(x.Value()))
	s.Set(x.Value().Abs().Min(held(f, 4)))
	poly(f, big, s, 1.639938016480626e-06, -4.611291390623816e-05, 0.0005972644331422529, -0.004761717235814106,
		0.02642704377214418, -0.11009019746356287, -0.6318156995820089, -1.1302392014174953, 0.00032147102637958833)
	big.Set(held(f, 1).Sub(exp(f, big.Value())))
	return x.Value().Abs().Lt(held(f, 1)).Choose(p.Value(), withSign(f, big.Value(), x))
}

// withSign gives v, which is positive, the sign of x.
func withSign(f *wasm.Func, v wasm.Vec, x wasm.VecVar) wasm.Vec {
	return v.Or(x.Value().And(heldBits(f, signBit)))
}

// log returns the natural logarithm: x = m·2^e with m between √½ and √2, and
// Cephes' polynomial in m-1. log 0 is -∞, that of negative numbers NaN.
func log(f *wasm.Func, x wasm.VecVar) wasm.Vec {
	const minNormal = 0x1p-126
	m, e, mask, s, p := f.Vec(), f.Vec(), f.Vec(), f.Vec(), f.Vec()
	mask.Set(x.Value().Lt(held(f, minNormal)))
	m.Set(mask.Value().Choose(x.Value().Mul(held(f, 0x1p23)), x.Value()))
	e.Set(m.Value().ShrInt(23).SubInt(heldBits(f, 126)).ToFloat().Sub(mask.Value().And(held(f, 23))))
	m.Set(m.Value().And(heldBits(f, 0x007fffff)).Or(held(f, 0.5)))
	mask.Set(m.Value().Lt(held(f, sqrtHalf)))
	e.Set(e.Value().Sub(mask.Value().And(held(f, 1))))
	m.Set(m.Value().Sub(held(f, 1)).Add(mask.Value().And(m.Value())))

	s.Set(m.Value().Mul(m.Value()))
	poly(f, p, m, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	p.Set(p.Value().Mul(m.Value()).Mul(s.Value()))
	p.Set(p.Value().Add(e.Value().Mul(held(f, -2.12194440e-4))).Sub(s.Value().Mul(held(f, 0.5))))
	p.Set(p.Value().Add(m.Value()).Add(e.Value().Mul(held(f, 0.693359375))))

	p.Set(x.Value().Eq(held(f, posInf)).Choose(x.Value(), p.Value()))
	p.Set(x.Value().Eq(zero).Choose(held(f, negInf), p.Value()))
	return zero.Le(x.Value()).Choose(p.Value(), held(f, float32(math.NaN())))
}

// log1p returns log(1 + e) for 0 <= e <= 1: the quotient mends what 1 + e loses.
func log1p(f *wasm.Func, e wasm.Vec) wasm.Vec {
	v, u, d := f.Vec(), f.Vec(), f.Vec()
	v.Set(e)
	u.Set(held(f, 1).Add(v.Value()))
	d.Set(u.Value().Sub(held(f, 1)))
	return d.Value().Eq(zero).Choose(v.Value(), log(f, u).Mul(v.Value().Div(d.Value())))
}

// pow returns a^b as e^(b log|a|), with the sign of an odd power. Its relative
// error grows with |b log|a||, up to 1e-5 where the result nearly overflows.
func pow(f *wasm.Func, a, b wasm.VecVar) wasm.Vec {
	size, y, h := f.Vec(), f.Vec(), f.Vec()
	size.Set(a.Value().Abs())
	y.Set(expWide(f, b.Value().Mul(log(f, size))))
	h.Set(b.Value().Mul(held(f, 0.5)))
	even := h.Value().Floor().Eq(h.Value())
	sign := a.Value().And(heldBits(f, signBit)).AndNot(even)
	whole := b.Value().Floor().Eq(b.Value())
	y.Set(a.Value().Lt(zero).Choose(
		whole.Choose(y.Value().Or(sign), held(f, float32(math.NaN()))), y.Value()))
	return b.Value().Eq(zero).Or(a.Value().Eq(held(f, 1))).Choose(held(f, 1), y.Value())
}
