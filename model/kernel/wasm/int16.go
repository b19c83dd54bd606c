package wasm

// Instructions on eight 16-bit integers, the operands of products of small
// integers; sums are 32-bit lanes, as in [Vec.AddInt].

// Dot multiplies signed 16-bit lanes and adds neighbouring products: four
// 32-bit lanes.
func (a Vec) Dot(b Vec) Vec { return a.op(0xba, b) }

// Narrow makes eight 16-bit lanes of the 32-bit lanes of a and b; what is out of
// range becomes the nearest bound.
func (a Vec) Narrow(b Vec) Vec { return a.op(0x85, b) }

// Max16 returns the greater signed 16-bit lanes.
func (a Vec) Max16(b Vec) Vec { return a.op(0x98, b) }

// Min16 returns the smaller signed 16-bit lanes.
func (a Vec) Min16(b Vec) Vec { return a.op(0x96, b) }

// MaxInt returns the greater signed 32-bit lanes.
func (a Vec) MaxInt(b Vec) Vec { return a.op(0xb8, b) }

// Zip16 returns the first four 16-bit lanes of a and b in turn, or if high is
// set the last four.
func (a Vec) Zip16(b Vec, high bool) Vec {
	code := join(a.code, b.code, simd(0x0d))
	first := byte(0)
	if high {
		first = 8
	}
	for l := first; l < first+8; l += 2 {
		code = append(code, l, l+1, 16+l, 16+l+1)
	}
	return Vec{code}
}

// LoadWide16 reads four signed 16-bit integers at address a + off into 32-bit
// lanes.
func (a Int) LoadWide16(off int) Vec { return Vec{join(a.code, memarg(0x03, 1, off))} }

// LoadWide16 is Value().LoadWide16.
func (v IntVar) LoadWide16(off int) Vec { return v.Value().LoadWide16(off) }

// LoadWide8 reads eight unsigned bytes at address a + off into 16-bit lanes.
func (v IntVar) LoadWide8(off int) Vec { return Vec{join(v.Value().code, memarg(0x02, 0, off))} }

// Wide16 makes 32-bit lanes of the first four unsigned 16-bit lanes, or if high is
// set of the last four.
func (a Vec) Wide16(high bool) Vec {
	if high {
		return a.unary(0xaa)
	}
	return a.unary(0xa9)
}

// StoreHalf writes the first 64 bits of e at address a + off.
func (f *Func) StoreHalf(a Int, off int, e Vec) {
	f.emit(a.code, e.code, memarg(0x5b, 3, off), []byte{0})
}

// StoreOtherHalf writes the last 64 bits.
func (f *Func) StoreOtherHalf(a Int, off int, e Vec) {
	f.emit(a.code, e.code, memarg(0x5b, 3, off), []byte{1})
}

// LoadHalf reads 64 bits at address a + off; the other 64 are 0.
func (a Int) LoadHalf(off int) Vec { return Vec{join(a.code, memarg(0x5d, 3, off))} }

// LoadPairs16 reads four 16-bit integers at address a + off, a 0 behind each.
func (a Int) LoadPairs16(off int) Vec { return Vec{join(a.code, memarg(0x04, 1, off))} }
