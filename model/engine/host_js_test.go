package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall/js"
	"testing"

	"larder/model/engine"
	"larder/model/kernel"
	"larder/model/kernel/zkernels"
	"larder/model/tensor"
)

// newKernels compiles the twin without relaxed SIMD, which every host has.
func newKernels(t *testing.T) js.Value {
	t.Helper()
	bytes := js.Global().Get("Uint8Array").New(len(zkernels.SIMD))
	js.CopyBytesToJS(bytes, zkernels.SIMD)
	kernels := js.Global().Get("Object").New()
	kernels.Set("module", js.Global().Get("WebAssembly").Get("Module").New(bytes))
	return kernels
}

func open(t *testing.T, h *engine.JSHost, bytes int) engine.Memory {
	t.Helper()
	m, err := h.Open(bytes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

const stepsAt, dataAt = 1024, 2048

// fill writes a step that fills 8 floats and returns the end of the steps.
func fill(t *testing.T, m engine.Memory, value float32) int {
	t.Helper()
	steps := kernel.AppendStep(nil, kernel.Fill, kernel.FillArgs{Output: dataAt, Rows: 1, Bytes: 32, Value: value})
	if err := m.WriteWords(stepsAt, steps); err != nil {
		t.Fatal(err)
	}
	return stepsAt + 4*len(steps)
}

func TestJSHost(t *testing.T) {
	m := open(t, engine.NewJSHost(newKernels(t), 1), 100_000) // two pages
	if err := m.Write(dataAt, []float32{1, 2, 3, 4, 5, 6, 7, 8, 9}); err != nil {
		t.Fatal(err)
	}
	if err := m.Run(context.Background(), stepsAt, fill(t, m, 0.5)); err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 10)
	if err := m.Read(dataAt, got); err != nil {
		t.Fatal(err)
	}
	if want := []float32{.5, .5, .5, .5, .5, .5, .5, .5, 9, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestJSHostGrows(t *testing.T) {
	m := open(t, engine.NewJSHost(newKernels(t), 1), 1)
	const far = 300_000
	if err := m.Write(0, []float32{7}); err != nil {
		t.Fatal(err)
	}
	if err := m.Write(far, []float32{8}); err == nil {
		t.Error("a write beyond the end was taken")
	}
	if err := m.Grow(far + 4); err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 1)
	if err := errors.Join(m.Write(far, []float32{8}), m.Read(0, got)); err != nil || got[0] != 7 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestJSHostErrors(t *testing.T) {
	h := engine.NewJSHost(newKernels(t), 1)
	m := open(t, h, 1<<16)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	tests := []struct {
		name, want string
		do         func() error
	}{
		{"open too much", "beyond a 32-bit memory", func() error { _, err := h.Open(1 << 33); return err }},
		{"grow too much", "grow: ", func() error { return m.Grow(1 << 33) }},
		{"write before", "address -4", func() error { return m.Write(-4, []float32{1}) }},
		{"write behind", "the memory has 65536", func() error { return m.WriteWords(1<<16-4, []uint32{1, 2}) }},
		{"read behind", "the memory has 65536", func() error { return m.Read(1<<16, make([]float32, 1)) }},
		{"step outside", "run: ", func() error { return m.Run(context.Background(), 1<<16, 1<<17) }},
		{"aborted", "status 1", func() error {
			if err := m.WriteWords(kernel.ControlAbort, []uint32{1}); err != nil {
				return err
			}
			defer m.WriteWords(kernel.ControlAbort, []uint32{0})
			return m.Run(context.Background(), stepsAt, fill(t, m, 1))
		}},
		{"ended context", "context canceled", func() error { return m.Run(ended, stepsAt, fill(t, m, 1)) }},
		{"no kernels", "open: ", func() error {
			_, err := engine.NewJSHost(js.Global().Get("Object").New(), 1).Open(1)
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.do()
			var e *engine.HostError
			if err == nil || !strings.Contains(err.Error(), tt.want) || !errors.As(err, &e) && !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// TestJSHostTeam plays the team: what it is given, what its answers become, and
// that a closed memory is left and collected.
func TestJSHostTeam(t *testing.T) {
	kernels := newKernels(t)
	status, threads, left, collected := 0, 0, 0, 0
	team := js.Global().Get("Object").New()
	run := js.FuncOf(func(_ js.Value, args []js.Value) any { return status })
	leave := js.FuncOf(func(js.Value, []js.Value) any { left++; return nil })
	join := js.FuncOf(func(_ js.Value, args []js.Value) any {
		threads = args[3].Int()
		return map[string]any{"run": run, "leave": leave}
	})
	collect := js.FuncOf(func(_ js.Value, args []js.Value) any { collected++; return nil })
	for _, f := range []js.Func{run, leave, join, collect} {
		t.Cleanup(f.Release)
	}
	team.Set("join", join)
	kernels.Set("team", team)
	kernels.Set("collect", collect)
	h := engine.NewJSHost(kernels, 3)
	m, err := h.Open(1 << 16)
	if err != nil || threads != 3 || h.Threads() != 3 {
		t.Fatalf("%d threads of %d joined, %v", threads, h.Threads(), err)
	}
	for s, want := range []string{"", "status 1", "in time", "a thread broke"} {
		status = s
		err := m.Run(context.Background(), stepsAt, stepsAt+8)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("status %d: %v, want %q", s, err, want)
		}
	}
	m.Close()
	if left != 1 || collected != 1 {
		t.Errorf("left %d times, collected %d times", left, collected)
	}
}

func TestJSHostWritesFloatsOfJavaScript(t *testing.T) {
	m := open(t, engine.NewJSHost(newKernels(t), 1), 1)
	w := m.(interface {
		WriteSource(at int, from tensor.Source) (bool, error)
	})
	array := js.Global().Call("eval", "new Float32Array([9, 1, 2, 3]).subarray(1)")
	if ok, err := w.WriteSource(dataAt, engine.NewJSFloats(array)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	got := make([]float32, 4)
	if err := m.Read(dataAt, got); err != nil || !slices.Equal(got, []float32{1, 2, 3, 0}) {
		t.Errorf("got %v, %v", got, err)
	}
	if ok, err := w.WriteSource(1<<16-8, engine.NewJSFloats(array)); !ok || err == nil {
		t.Error("floats beyond the end were taken")
	}
}
