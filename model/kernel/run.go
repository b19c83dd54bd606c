package kernel

import "larder/model/kernel/wasm"

// A step in memory: its kernel's place in the table, its length in bytes, and
// the kernel's arguments.
const (
	stepKernel = 0
	stepBytes  = 4
	stepArgs   = 8
)

// emitRun adds the exported function run(steps, end, thread, threads): it walks the
// steps from address steps up to end.
func emitRun(m *wasm.Module) {
	f := m.Func("run", wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	step, end, thread, threads := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
	f.While(step.Lt(end.Value()), func() {
		f.CallTable(step.Load(stepKernel), step.Add(wasm.Const(stepArgs)), thread.Value(), threads.Value())
		step.Set(step.Add(step.Load(stepBytes)))
	})
}

// Module emits kernels.wasm for one of the twins.
func Module(relaxed bool) []byte {
	m := &wasm.Module{Memory: wasm.Memory{Min: 1}, Relaxed: relaxed}
	block, gemm := emitGEMM(m)
	m.Table(gemm)
	m.Table(emitConv(m, block))
	px := emitDepthwisePixel(m)
	m.Table(emitDepthwise(m, px, 0, 0))
	m.Table(emitDepthwise(m, px, 3, 1))
	m.Table(emitDepthwise(m, px, 3, 2))
	m.Table(emitDepthwise(m, px, 5, 1))
	m.Table(emitDepthwise(m, px, 5, 2))
	emitRun(m)
	return m.Bytes()
}
