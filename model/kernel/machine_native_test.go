//go:build !js

package kernel_test

import (
	"context"

	"github.com/tetratelabs/wazero"

	"larder/model/kernel"
)

// memoryModule is a module that only exports a memory of memoryPages pages.
var memoryModule = []byte{0, 'a', 's', 'm', 1, 0, 0, 0,
	5, 4, 1, 0, memoryPages&0x7f | 0x80, memoryPages >> 7,
	7, 10, 1, 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0}

// openMachine instantiates the plain twin: wazero has no relaxed SIMD.
func openMachine() (memory, function, error) {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	env, err := r.InstantiateWithConfig(ctx, memoryModule, wazero.NewModuleConfig().WithName("env"))
	if err != nil {
		return nil, nil, err
	}
	k, err := r.Instantiate(ctx, kernel.Module(kernel.Options{}))
	if err != nil {
		return nil, nil, err
	}
	return env.ExportedMemory("memory"), k.ExportedFunction("run"), nil
}
