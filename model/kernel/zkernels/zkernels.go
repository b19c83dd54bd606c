// Package zkernels holds the generated modules of larder/model/kernel, so that
// a host that may not emit code at run time, or would rather not, has them.
// The files are the same whenever they are generated.
package zkernels

import _ "embed"

//go:generate go run ./generate

// The twins: with plain or relaxed SIMD, for a memory of one thread's own or
// one that several threads share.
var (
	//go:embed kernels_simd.wasm
	SIMD []byte
	//go:embed kernels_simd_shared.wasm
	SIMDShared []byte
	//go:embed kernels_relaxed.wasm
	Relaxed []byte
	//go:embed kernels_relaxed_shared.wasm
	RelaxedShared []byte
)
