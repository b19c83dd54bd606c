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

// TestRunShared lets a thread find chunks, or none. Several threads of wazero must
// not spin in one process, so the other thread is played by what is in the control
// block.
func TestRunShared(t *testing.T) {
	const stepsAt, rows, row = 1024, 8, 16
	control := func(words ...uint32) []uint32 { return words }
	tests := []struct {
		name            string
		thread, threads uint64
		chunks          int
		before          []uint32 // pairs of address and value
		status          uint32
		written         int // rows of the first fill
		second          bool
	}{
		{"alone", 0, 1, 4, nil, kernel.Done, rows, true},
		{"thread 0 takes all chunks", 0, 2, 4, nil, kernel.Done, rows, true},
		{"a chunk for each thread", 0, 2, 0, nil, kernel.Done, rows, true},
		{"steps of one chunk", 0, 2, 1, nil, kernel.Done, rows, true},
		{"aborted before", 0, 2, 4, control(kernel.ControlAbort, 1), kernel.Cancelled, 0, false},
		{"a thread without work", 1, 2, 4, control(kernel.ControlLeave, 1), kernel.Done, 0, false},
		{"a thread that sleeps in vain", 1, 2, 4, nil, kernel.Done, 0, false},
		{"a thread takes the last chunks and goes on", 1, 2, 4, control(kernel.ControlLeft, 2, kernel.ControlDone, 2), kernel.Done, rows / 2, true},
		{"a thread takes what is left of a step", 1, 2, 4, control(kernel.ControlLeft, 2, kernel.ControlDone, 1), kernel.Done, rows / 2, false},
		{"what others call threads does not count", 1, 8, 0, control(kernel.ControlLeft, 1, kernel.ControlDone, 1), kernel.Done, rows / 2, true},
		{"nothing left", 1, 2, 4, control(kernel.ControlLeft, ^uint32(0)), kernel.Done, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mem, run := newShared(t)
			steps := kernel.AppendStep(nil, kernel.Fill, kernel.FillArgs{Output: 4096, OutputStride: row, Rows: rows, Bytes: row, Value: 1})
			kernel.Cut(steps, tt.chunks)
			steps = kernel.AppendStep(steps, kernel.Fill, kernel.FillArgs{Output: 8192, Rows: 1, Bytes: 4, Value: 2})
			for i, w := range steps {
				mem.WriteUint32Le(stepsAt+uint32(4*i), w)
			}
			end := uint64(stepsAt + 4*len(steps))
			if tt.thread > 0 { // thread 0 is at work
				mem.WriteUint32Le(kernel.ControlStep, stepsAt)
				mem.WriteUint32Le(kernel.ControlEnd, uint32(end))
				mem.WriteUint32Le(kernel.ControlThreads, 2)
				mem.WriteUint32Le(kernel.ControlRunning, 1)
			}
			for i := 0; i < len(tt.before); i += 2 {
				mem.WriteUint32Le(tt.before[i], tt.before[i+1])
			}
			res, err := run.Call(context.Background(), stepsAt, end, tt.thread, tt.threads)
			if err != nil {
				t.Fatal(err)
			}
			written := 0
			for i := range uint32(rows) {
				if v, _ := mem.ReadFloat32Le(4096 + i*row); v == 1 {
					written++
				}
			}
			second, _ := mem.ReadFloat32Le(8192)
			if uint32(res[0]) != tt.status || written != tt.written || (second == 2) != tt.second {
				t.Errorf("status %d, %d rows, second step %v; want %d, %d, %v", res[0], written, second == 2, tt.status, tt.written, tt.second)
			}
			if asleep, _ := mem.ReadUint32Le(kernel.ControlAsleep); asleep != 0 {
				t.Errorf("%d threads are said to sleep", asleep)
			}
			running, _ := mem.ReadUint32Le(kernel.ControlRunning)
			if tt.second && running != 0 {
				t.Error("after the last step the run goes on")
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
