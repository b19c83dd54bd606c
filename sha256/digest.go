package sha256

import (
	"encoding/binary"
	"math/bits"
)

const blockSize = 64

// start and round are the first 32 bits of the fractional parts of the square roots of
// the first 8 primes, and of the cube roots of the first 64 (FIPS 180-4, 4.2.2 and 5.3.3).
var (
	start = [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}
	round = [64]uint32{
		0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
		0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
		0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
		0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
		0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
		0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
		0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
		0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
	}
)

// digest is SHA-256 as FIPS 180-4 writes it down.
type digest struct {
	state  [8]uint32
	block  [blockSize]byte // what is not hashed yet: the last length % blockSize bytes
	length uint64
}

func (d *digest) Size() int      { return Size }
func (d *digest) BlockSize() int { return blockSize }
func (d *digest) Reset()         { *d = digest{state: start} }

// Write adds data; it never fails.
func (d *digest) Write(data []byte) (int, error) {
	n := len(data)
	have := int(d.length % blockSize)
	d.length += uint64(n)
	if have > 0 {
		copied := copy(d.block[have:], data)
		if have+copied < blockSize {
			return n, nil
		}
		d.add(d.block[:])
		data = data[copied:]
	}
	for ; len(data) >= blockSize; data = data[blockSize:] {
		d.add(data[:blockSize])
	}
	copy(d.block[:], data)
	return n, nil
}

// Sum appends the digest of what has been written so far.
func (d *digest) Sum(to []byte) []byte {
	ended := *d
	sum := ended.sum()
	return append(to, sum[:]...)
}

// sum ends the text: a bit, zeros, and its length in bits.
func (d *digest) sum() (out [Size]byte) {
	end := make([]byte, 1, 2*blockSize)
	end[0] = 0x80
	for (d.length+uint64(len(end)))%blockSize != blockSize-8 {
		end = append(end, 0)
	}
	d.Write(binary.BigEndian.AppendUint64(end, 8*d.length))
	for i, v := range d.state {
		binary.BigEndian.PutUint32(out[4*i:], v)
	}
	return out
}

// add hashes a block.
func (d *digest) add(block []byte) {
	var w [64]uint32
	for i := range 16 {
		w[i] = binary.BigEndian.Uint32(block[4*i:])
	}
	for i := 16; i < len(w); i++ {
		x, y := w[i-15], w[i-2]
		s0 := bits.RotateLeft32(x, -7) ^ bits.RotateLeft32(x, -18) ^ x>>3
		s1 := bits.RotateLeft32(y, -17) ^ bits.RotateLeft32(y, -19) ^ y>>10
		w[i] = w[i-16] + s0 + w[i-7] + s1
	}
	s := d.state
	a, b, c, e, f, g, h, k := s[0], s[1], s[2], s[4], s[5], s[6], s[7], s[3]
	for i, word := range w {
		s1 := bits.RotateLeft32(e, -6) ^ bits.RotateLeft32(e, -11) ^ bits.RotateLeft32(e, -25)
		t1 := h + s1 + (e&f ^ ^e&g) + round[i] + word
		s0 := bits.RotateLeft32(a, -2) ^ bits.RotateLeft32(a, -13) ^ bits.RotateLeft32(a, -22)
		t2 := s0 + (a&b ^ a&c ^ b&c)
		h, g, f, e, k, c, b, a = g, f, e, k+t1, c, b, a, t1+t2
	}
	for i, v := range [8]uint32{a, b, c, k, e, f, g, h} {
		d.state[i] += v
	}
}
