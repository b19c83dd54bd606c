package native

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"unsafe"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"larder/model/engine"
	"larder/model/kernel"
)

// Host runs kernels with wazero, in one thread, by the twin without relaxed
// SIMD. Make it with New and share it: the kernels are compiled once.
type Host struct {
	cache   wazero.CompilationCache
	kernels func() []byte
}

// New returns a Host.
func New() *Host {
	return &Host{wazero.NewCompilationCache(), sync.OnceValue(func() []byte { return kernel.Module(kernel.Options{}) })}
}

// Close lets go of the compiled kernels; no memory may be open.
func (h *Host) Close() { h.cache.Close(context.Background()) }

// Threads implements [engine.Host].
func (h *Host) Threads() int { return 1 }

const page = 1 << 16

// Open implements [engine.Host].
func (h *Host) Open(bytes int) (engine.Memory, error) {
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(h.cache))
	env, err := rt.InstantiateWithConfig(ctx, memoryModule, wazero.NewModuleConfig().WithName("env"))
	if err != nil {
		return nil, errors.Join(err, rt.Close(ctx))
	}
	kernels, err := rt.Instantiate(ctx, h.kernels())
	if err != nil {
		return nil, errors.Join(err, rt.Close(ctx))
	}
	m := &memory{runtime: rt, data: env.ExportedMemory("memory"), entry: kernels.ExportedFunction("run")}
	if err := m.Grow(bytes); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// memoryModule exports a memory of one page as "memory": wazero shares memories
// between modules only.
var memoryModule = []byte{0, 'a', 's', 'm', 1, 0, 0, 0,
	5, 3, 1, 0, 1, // memory section: one, no maximum, one page
	7, 10, 1, 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0} // export section

// memory implements [engine.Memory].
type memory struct {
	runtime wazero.Runtime
	data    api.Memory
	entry   api.Function
}

func (m *memory) Grow(bytes int) error {
	have := int(m.data.Size())
	if bytes <= have {
		return nil
	}
	pages := (bytes - have + page - 1) / page
	if pages > math.MaxUint16+1 {
		return fmt.Errorf("native: %d bytes are beyond a 32-bit memory", bytes)
	}
	if _, ok := m.data.Grow(uint32(pages)); !ok {
		return fmt.Errorf("native: memory does not grow to %d bytes", bytes)
	}
	return nil
}

// view returns a part of the memory, not copied.
func (m *memory) view(at, bytes int) ([]byte, error) {
	if at < 0 || bytes < 0 || at+bytes > math.MaxUint32 {
		return nil, fmt.Errorf("native: address %d, %d bytes", at, bytes)
	}
	v, ok := m.data.Read(uint32(at), uint32(bytes))
	if !ok {
		return nil, fmt.Errorf("native: address %d, %d bytes, the memory has %d", at, bytes, m.data.Size())
	}
	return v, nil
}

func (m *memory) Write(at int, from []float32) error {
	v, err := m.view(at, 4*len(from))
	if err == nil {
		copy(v, bytesOf(from))
	}
	return err
}

func (m *memory) WriteWords(at int, from []uint32) error {
	v, err := m.view(at, 4*len(from))
	if err == nil {
		copy(v, bytesOf(from))
	}
	return err
}

func (m *memory) Read(at int, to []float32) error {
	v, err := m.view(at, 4*len(to))
	if err == nil {
		copy(bytesOf(to), v)
	}
	return err
}

// bytesOf returns the memory of a slice. WebAssembly and all machines that
// wazero compiles for are little-endian.
func bytesOf[T float32 | uint32](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), 4*len(s))
}

func (m *memory) Run(ctx context.Context, from, to int) error {
	status, err := m.entry.Call(ctx, uint64(from), uint64(to), 0, 1)
	if err == nil && status[0] != kernel.Done {
		err = fmt.Errorf("native: the kernels stopped with status %d", status[0])
	}
	return err
}

func (m *memory) Close() { m.runtime.Close(context.Background()) }
