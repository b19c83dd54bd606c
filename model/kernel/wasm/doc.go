// Package wasm assembles WebAssembly modules for numeric kernels: 32-bit
// integers for addresses and counts, 128-bit vectors of four floats, relaxed
// SIMD and atomics.
//
// It is not a general assembler: a module has one imported memory, one table
// of functions, no globals and no data. Code is written as typed expressions
// ([Int], [Vec], [Float]) and statements on a [Func], so that an emitter reads
// like the loop nest it makes:
//
//	f.For(i, wasm.Const(0), n, 1, func() {
//		acc.Set(acc.Get().MulAdd(a.Load(i), b.Load(i)))
//	})
//
// The binary format is WebAssembly 3.0 (https://webassembly.github.io/spec/core/binary/).
package wasm
