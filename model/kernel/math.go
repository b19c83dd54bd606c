package kernel

import (
	"math"

	"larder/model/kernel/wasm"
)

// exp returns an expression for e^x: x = n ln2 + r with |r| <= ln2/2, a
// polynomial in r, and 2^n by its bits. The error is below 2 ULP; the result
// saturates at e^±87 instead of reaching 0 or infinity, and NaN stays NaN.
// The coefficients are those of Cephes' expf (S. Moshier, 1984–1992).
func exp(f *wasm.Func, x wasm.Vec) wasm.Vec {
	const (
		log2e = 1 / math.Ln2
		ln2Hi = 0.693359375 // exact in 9 bits, so that n*ln2Hi is exact
		ln2Lo = math.Ln2 - ln2Hi
	)
	v, n, p := f.Vec(), f.Vec(), f.Vec()
	v.Set(x.Max(wasm.LanesOf(-87)).Min(wasm.LanesOf(88)))
	n.Set(v.Value().Mul(wasm.LanesOf(log2e)).Nearest())
	v.Set(v.Value().Sub(n.Value().Mul(wasm.LanesOf(ln2Hi))).Sub(n.Value().Mul(wasm.LanesOf(ln2Lo))))
	p.Set(wasm.LanesOf(1.9875691500e-4))
	for _, c := range []float32{1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1, 1} {
		p.Set(f.MulAdd(p.Value(), v.Value(), wasm.LanesOf(c)))
	}
	power := n.Value().ToInt().AddInt(wasm.Lanes(127)).ShlInt(23)
	return p.Value().Mul(power)
}

// sigmoid returns 1 / (1 + e^-x).
func sigmoid(f *wasm.Func, x wasm.Vec) wasm.Vec {
	one := wasm.LanesOf(1)
	return one.Div(one.Add(exp(f, x.Neg())))
}
