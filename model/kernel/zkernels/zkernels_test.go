package zkernels_test

import (
	"bytes"
	"testing"

	"larder/model/kernel"
	"larder/model/kernel/zkernels"
)

// TestGenerated checks that the files are what the emitters make today.
func TestGenerated(t *testing.T) {
	files := map[string][]byte{
		"kernels_simd.wasm": zkernels.SIMD, "kernels_simd_shared.wasm": zkernels.SIMDShared,
		"kernels_relaxed.wasm": zkernels.Relaxed, "kernels_relaxed_shared.wasm": zkernels.RelaxedShared,
	}
	if len(kernel.Twins) != len(files) {
		t.Fatalf("%d twins, %d files", len(kernel.Twins), len(files))
	}
	for _, twin := range kernel.Twins {
		if !bytes.Equal(kernel.Module(twin.Options), files[twin.File]) {
			t.Errorf("%s is not what the emitters make: run go generate ./model/kernel/zkernels", twin.File)
		}
	}
}
