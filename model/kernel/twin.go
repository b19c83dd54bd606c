package kernel

import "larder/model/kernel/wasm"

// Options choose one of the twins.
type Options struct {
	// Relaxed uses relaxed SIMD: fused multiply-add.
	Relaxed bool
	// Shared is for a memory that several threads see.
	Shared bool
}

// Twin is a module of the kernels and the file that holds it.
type Twin struct {
	Options
	File string
}

// Twins are all of them. A host takes the relaxed ones where
// WebAssembly.validate accepts them, and the shared ones if it has threads.
var Twins = []Twin{
	{Options{}, "kernels_simd.wasm"},
	{Options{Shared: true}, "kernels_simd_shared.wasm"},
	{Options{Relaxed: true}, "kernels_relaxed.wasm"},
	{Options{Relaxed: true, Shared: true}, "kernels_relaxed_shared.wasm"},
}

// MaxPages is the greatest number of 64 KiB pages of a shared memory: 4 GiB.
const MaxPages = 1 << 16

// Module emits the kernels for one of the twins: a module that imports the
// memory "env" "memory" and exports run. The result depends on nothing but opt.
func Module(opt Options) []byte {
	m := &wasm.Module{Memory: wasm.Memory{Min: 1, Max: MaxPages, Shared: opt.Shared}, Relaxed: opt.Relaxed}
	b := newBuilder(m)
	for _, k := range table() {
		m.Table(k.emit(b))
	}
	emitRun(b)
	return m.Bytes()
}
