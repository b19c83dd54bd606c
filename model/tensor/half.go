package tensor

import "math"

// Float32 returns the exact value of h.
func (h Half) Float32() float32 {
	sign := uint32(h>>15) << 31
	exp := uint32(h>>10) & 0x1f
	frac := uint32(h) & 0x3ff
	switch {
	case exp == 0x1f: // infinity or NaN; NaN keeps its payload
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	case exp != 0:
		return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
	}
	// Zero and subnormals: frac counts units of 2^-24.
	f := float32(frac) * (1.0 / (1 << 24))
	return math.Float32frombits(sign | math.Float32bits(f))
}

// ToHalf rounds f to the nearest binary16 number, ties to even; values beyond
// 65504 become infinities.
func ToHalf(f float32) Half {
	b := math.Float32bits(f)
	sign := Half(b>>16) & 0x8000
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // NaN: keep the upper payload, stay a NaN
		return sign | 0x7e00 | Half(b>>13&0x3ff)
	case b >= 0x477ff000: // rounds to 65520 or more
		return sign | 0x7c00
	case b >= 0x38800000: // a normal binary16
		b += 0xfff + b>>13&1
		return sign | Half((b-(127-15)<<23)>>13)
	case b < 0x33000000: // less than half of the smallest subnormal
		return sign
	}
	// Subnormal: shift the 24-bit significand into units of 2^-24.
	shift := 126 - b>>23
	m := b&0x7fffff | 0x800000
	half := uint32(1) << (shift - 1)
	r := m >> shift
	if rest := m & (1<<shift - 1); rest > half || rest == half && r&1 == 1 {
		r++
	}
	return sign | Half(r)
}

// Float32 returns the exact value of v.
func (v Brain) Float32() float32 { return math.Float32frombits(uint32(v) << 16) }

// ToBrain rounds f to the nearest bfloat16 number, ties to even.
func ToBrain(f float32) Brain {
	b := math.Float32bits(f)
	if b&0x7fffffff > 0x7f800000 {
		return Brain(b>>16) | 0x40
	}
	return Brain((b + 0x7fff + b>>16&1) >> 16)
}
