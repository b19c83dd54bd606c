//go:build !js

package kernel_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"larder/model/kernel"
)

// sharedMemoryModule is memoryModule with a shared memory of one page.
var sharedMemoryModule = []byte{0, 'a', 's', 'm', 1, 0, 0, 0, 5, 4, 1, 3, 1, 1, 7, 10, 1, 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0}

// newShared instantiates the shared plain twin.
func newShared(t *testing.T) (api.Memory, api.Function) {
	t.Helper()
	ctx := context.Background()
	features := api.CoreFeaturesV2 | experimental.CoreFeaturesThreads
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCoreFeatures(features))
	t.Cleanup(func() { r.Close(ctx) })
	env, err := r.InstantiateWithConfig(ctx, sharedMemoryModule, wazero.NewModuleConfig().WithName("env"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := r.Instantiate(ctx, kernel.Module(kernel.Options{Shared: true}))
	if err != nil {
		t.Fatal(err)
	}
	return env.ExportedMemory("memory"), k.ExportedFunction("run")
}

// TestRunShared walks two steps at a barrier. Several threads of wazero must not
// spin in one process, so the other thread is played by the count of arrivals.
func TestRunShared(t *testing.T) {
	fill := func(at uint32) kernel.Arguments {
		return kernel.FillArgs{Output: at, Rows: 1, Bytes: 4, Value: 1}
	}
	tests := []struct {
		name               string
		threads            uint64
		abort, arrived     uint32
		step               kernel.Arguments
		status, generation uint32
	}{
		{"one thread needs no barrier", 1, 0, 0, fill(4096), kernel.Done, 0},
		{"the last one wakes the others", 2, 0, 1, fill(4096), kernel.Done, 1},
		{"aborted before the step", 2, 1, 1, fill(4096), kernel.Cancelled, 0},
		{"aborted at the barrier", 2, 0, 0, fill(kernel.ControlAbort), kernel.Cancelled, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mem, run := newShared(t)
			mem.WriteUint32Le(kernel.ControlAbort, tt.abort)
			mem.WriteUint32Le(kernel.ControlArrived, tt.arrived)
			steps := kernel.AppendStep(nil, kernel.Fill, tt.step)
			for i, w := range steps {
				mem.WriteUint32Le(1024+uint32(4*i), w)
			}
			// The last thread has the whole share of a single row.
			res, err := run.Call(context.Background(), 1024, 1024+uint64(4*len(steps)), tt.threads-1, tt.threads)
			if err != nil {
				t.Fatal(err)
			}
			generation, _ := mem.ReadUint32Le(kernel.ControlGeneration)
			arrived, _ := mem.ReadUint32Le(kernel.ControlArrived)
			if uint32(res[0]) != tt.status || generation != tt.generation {
				t.Errorf("status %d, generation %d; want %d, %d", res[0], generation, tt.status, tt.generation)
			}
			if tt.status == kernel.Done && arrived != 0 {
				t.Errorf("%d threads are still at the barrier", arrived)
			}
			v, _ := mem.ReadFloat32Le(4096)
			if (v == 1) != (tt.status == kernel.Done) {
				t.Errorf("the step wrote %v", v)
			}
		})
	}
}

// TestRunCancelled sets the abort word of the plain twin, and clears it.
func TestRunCancelled(t *testing.T) {
	m := newMachine(t)
	steps := kernel.AppendStep(nil, kernel.Fill, kernel.FillArgs{Output: m.alloc(16), Rows: 1, Bytes: 16})
	at := m.putWords(steps)
	for _, want := range []uint64{kernel.Cancelled, kernel.Done} {
		m.mem.WriteUint32Le(kernel.ControlAbort, uint32(want))
		if want == kernel.Cancelled {
			m.mem.WriteUint32Le(kernel.ControlAbort, 7)
		}
		res, err := m.run.Call(context.Background(), uint64(at), uint64(at)+uint64(4*len(steps)), 0, 1)
		if err != nil || res[0] != want {
			t.Errorf("run returned %d, %v; want %d", res[0], err, want)
		}
	}
}

// TestModule checks what a host sees of the modules, and that they are the same
// each time.
func TestModule(t *testing.T) {
	for _, twin := range kernel.Twins {
		b := kernel.Module(twin.Options)
		if !bytes.Equal(b, kernel.Module(twin.Options)) {
			t.Errorf("%s differs from time to time", twin.File)
		}
		if twin.Relaxed { // wazero has no relaxed SIMD
			continue
		}
		features := api.CoreFeaturesV2
		if twin.Shared {
			features |= experimental.CoreFeaturesThreads
		}
		ctx := context.Background()
		r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(features))
		defer r.Close(ctx)
		c, err := r.CompileModule(ctx, b)
		if err != nil {
			t.Errorf("%s: %v", twin.File, err)
			continue
		}
		var names []string
		for name, f := range c.ExportedFunctions() {
			names = append(names, name)
			if len(f.ParamTypes()) != 4 || len(f.ResultTypes()) != 1 {
				t.Errorf("%s: %s has %d parameters and %d results", twin.File, name, len(f.ParamTypes()), len(f.ResultTypes()))
			}
		}
		if !slices.Equal(names, []string{"run"}) || len(c.ExportedMemories()) != 0 || len(c.ImportedFunctions()) != 0 || len(c.ImportedMemories()) != 1 {
			t.Errorf("%s exports %v, %d memories and imports %d functions", twin.File, names, len(c.ExportedMemories()), len(c.ImportedFunctions()))
		}
	}
}
