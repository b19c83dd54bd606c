// Package wasm assembles WebAssembly modules for numeric kernels: 32-bit
// integers for addresses and counts, 128-bit vectors of four floats, relaxed
// SIMD and atomics.
//
// It is not a general assembler: a module has one imported memory, one table
// of functions, no globals and no data. Code is written as typed expressions
// ([Int], [Vec]) and statements on a [Func], so that an emitter reads
// like the loop nest it makes:
//
//	f.For(i, wasm.Const(0), n, 1, func() {
//		acc.Set(f.MulAdd(a.LoadVec(0), b.LoadVec(0), acc.Value()))
//		a.Inc(16)
//	})
//
// The binary format is WebAssembly 3.0 (https://webassembly.github.io/spec/core/binary/).
package wasm
