package slim

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"slices"
)

// Package strconv keeps a table of powers of ten, 11 kB of noise for a compressor: of
// each the first 128 bits, in two words of 64, the higher first. The start function
// computes it: each power from the one before, in powerLimbs words of 32 bits, which
// begin a little above the true power. That the table comes out the same is seen here,
// before it is left out.
const (
	powerFirst = -348
	powerLast  = 347
	powerLimbs = 7
	powerSize  = 16
	powerLow   = 4*powerLimbs - 16 // offsets of the two words
	powerHigh  = 4*powerLimbs - 8
	powerRound = 1 << 20 // what the first power is too large by; more than all powers lose
)

// powers is a program's table of powers of ten.
type powers struct {
	at    int64 // address; 0 if there is none
	first []byte
}

// dropPowers clears the table, if there is one.
func (t *pclntab) dropPowers() powers {
	first := firstPower()
	table := powerTable(first)
	at := bytes.Index(t.memory, table)
	if at <= 0 {
		return powers{}
	}
	clear(t.memory[at : at+len(table)])
	return powers{int64(at), first}
}

// firstPower returns the bits of the first power, lowest first.
func firstPower() []byte {
	one := new(big.Int).Exp(big.NewInt(10), big.NewInt(-powerFirst), nil)
	v := new(big.Int).Lsh(big.NewInt(1), uint(one.BitLen()+32*powerLimbs-1))
	v.Div(v, one).Add(v, big.NewInt(powerRound))
	first := v.Bytes()
	slices.Reverse(first)
	return first
}

// powerTable computes the table as the start function does.
func powerTable(first []byte) []byte {
	var table []byte
	limbs := bytes.Clone(first)
	word := func(i int) uint64 { return uint64(binary.LittleEndian.Uint32(limbs[4*i:])) }
	set := func(i int, v uint64) { binary.LittleEndian.PutUint32(limbs[4*i:], uint32(v)) }
	for range powerLast - powerFirst + 1 {
		table = append(table, limbs[powerHigh:]...)
		table = append(table, limbs[powerLow:powerHigh]...)
		carry := uint64(0)
		for i := range powerLimbs {
			v := word(i)*5 + carry
			set(i, v)
			carry = v >> 32
		}
		shift := 2 + carry>>2
		for i := powerLimbs - 1; i >= 0; i-- {
			v := word(i)
			set(i, (carry<<32|v)>>shift)
			carry = v
		}
	}
	return table
}

// write writes the instructions that compute the table. at and p are locals for
// addresses; carry, v and shift are for numbers of 64 bits.
func (t powers) write(w *assembler, limbs int64, at, p, carry, v, shift byte) {
	if t.at == 0 {
		return
	}
	word := func(op byte, off int64) { // of the limbs, at a constant place
		w.i32(limbs + off)
		w.op(op, 2, 0)
	}
	w.set(at, func() { w.i32(t.at) })
	w.loop(func() {
		w.get(at)
		word(opI64Load, powerHigh)
		w.op(opI64Store, 3, 0)
		w.get(at)
		word(opI64Load, powerLow)
		w.op(opI64Store, 3, 8)
		w.add(at, powerSize)

		w.set(carry, func() { w.op(opI64Const, 0) })
		w.set(p, func() { w.i32(limbs) })
		w.loop(func() {
			w.set(v, func() { w.op(opLocalGet, p, opI64Load32U, 2, 0, opI64Const, 5, opI64Mul, opLocalGet, carry, opI64Add) })
			w.op(opLocalGet, p, opLocalGet, v, opI64Store32, 2, 0)
			w.set(carry, func() { w.op(opLocalGet, v, opI64Const, 32, opI64ShrU) })
			w.add(p, 4)
		}, func() { w.get(p); w.i32(limbs + 4*powerLimbs); w.op(opI32LtU) })

		w.set(shift, func() { w.op(opLocalGet, carry, opI64Const, 2, opI64ShrU, opI64Const, 2, opI64Add) })
		w.loop(func() {
			w.add(p, -4)
			w.set(v, func() { w.op(opLocalGet, p, opI64Load32U, 2, 0) })
			w.op(opLocalGet, p, opLocalGet, carry, opI64Const, 32, opI64Shl, opLocalGet, v, opI64Or, opLocalGet, shift, opI64ShrU, opI64Store32, 2, 0)
			w.set(carry, func() { w.get(v) })
		}, func() { w.get(p); w.i32(limbs); w.op(opI32GtU) })
	}, func() { w.get(at); w.i32(t.at + powerSize*(powerLast-powerFirst+1)); w.op(opI32LtU) })
}
