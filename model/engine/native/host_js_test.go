package native_test

import (
	"syscall/js"

	"larder/model/engine"
	"larder/model/kernel/zkernels"
)

// newHost returns the host under test: in a browser, that of the product with the
// twin for relaxed SIMD, which the browser must have. A fused multiply-add only
// leaves roundings out, so the tolerances that the plain twin keeps hold for it.
func newHost() engine.Host {
	code := js.Global().Get("Uint8Array").New(len(zkernels.Relaxed))
	js.CopyBytesToJS(code, zkernels.Relaxed)
	kernels := js.Global().Get("Object").New()
	kernels.Set("module", js.Global().Get("WebAssembly").Get("Module").New(code))
	return engine.NewJSHost(kernels, 1)
}
