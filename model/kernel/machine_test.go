package kernel_test

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"larder/model/kernel"
)

// memoryPages is the size of a machine's memory in 64 KiB pages.
const memoryPages = 256

// memoryModule is a module that only exports a memory of memoryPages pages.
var memoryModule = []byte{0, 'a', 's', 'm', 1, 0, 0, 0,
	5, 4, 1, 0, memoryPages&0x7f | 0x80, memoryPages >> 7,
	7, 10, 1, 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0}

// machine runs steps in the plain twin.
type machine struct {
	t    testing.TB
	mem  api.Memory
	run  api.Function
	next uint32
}

var (
	machineOnce   sync.Once
	machineMemory api.Memory
	machineRun    api.Function
	machineError  error
)

// newMachine returns the machine, which all tests share, with nothing in its
// memory. Tests that use it must not run in parallel.
func newMachine(t testing.TB) *machine {
	t.Helper()
	machineOnce.Do(func() {
		ctx := context.Background()
		r := wazero.NewRuntime(ctx)
		env, err := r.InstantiateWithConfig(ctx, memoryModule, wazero.NewModuleConfig().WithName("env"))
		if err != nil {
			machineError = err
			return
		}
		k, err := r.Instantiate(ctx, kernel.Module(kernel.Options{}))
		if err != nil {
			machineError = err
			return
		}
		machineMemory, machineRun = env.ExportedMemory("memory"), k.ExportedFunction("run")
	})
	if machineError != nil {
		t.Fatal(machineError)
	}
	control, _ := machineMemory.Read(0, kernel.ControlBytes)
	clear(control)
	return &machine{t: t, mem: machineMemory, run: machineRun, next: 1 << 12}
}

// alloc returns the address of n bytes, with a gap to what was allocated before.
// All of it is NaN, so that a kernel that reads what nobody wrote, or writes
// where it should not, is found out.
func (m *machine) alloc(n int) uint32 {
	m.t.Helper()
	at := (m.next + 128 + 63) &^ 63
	m.next = at + uint32(n)
	b, ok := m.mem.Read(at-64, uint32(n)+128)
	if !ok {
		m.t.Fatalf("%d bytes do not fit the memory", n)
	}
	for i := range b {
		b[i] = 0xff
	}
	return at
}

// put writes floats into new memory and returns their address.
func (m *machine) put(data []float32) uint32 {
	m.t.Helper()
	at := m.alloc(4 * len(data))
	for i, v := range data {
		m.mem.WriteUint32Le(at+uint32(4*i), math.Float32bits(v))
	}
	return at
}

// putWords writes integers into new memory and returns their address.
func (m *machine) putWords(data []uint32) uint32 {
	m.t.Helper()
	at := m.alloc(4 * len(data))
	for i, v := range data {
		m.mem.WriteUint32Le(at+uint32(4*i), v)
	}
	return at
}

// get reads n floats.
func (m *machine) get(at uint32, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		v, _ := m.mem.ReadUint32Le(at + uint32(4*i))
		out[i] = math.Float32frombits(v)
	}
	return out
}

// do runs one step as threads threads would, one after the other.
func (m *machine) do(threads int, n kernel.Number, args kernel.Arguments) {
	m.t.Helper()
	steps := kernel.AppendStep(nil, n, args)
	at := m.putWords(steps)
	for i := range threads {
		res, err := m.run.Call(context.Background(), uint64(at), uint64(at)+uint64(4*len(steps)), uint64(i), uint64(threads))
		if err != nil {
			m.t.Fatalf("%v%+v: %v", n, args, err)
		}
		if res[0] != kernel.Done {
			m.t.Fatalf("%v: run returned %d", n, res[0])
		}
	}
}

// up4 rounds up to whole vectors.
func up4(n int) int { return (n + 3) &^ 3 }

// random returns n floats between -1 and 1.
func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = r.Float32()*2 - 1
	}
	return x
}

// matrix is rows of columns floats; in memory a row has up4(columns) or more.
type matrix struct {
	rows, columns, stride int
	data                  []float32
}

func newMatrix(rows, columns, stride int) matrix {
	return matrix{rows, columns, stride, make([]float32, rows*stride)}
}

func randomMatrix(r *rand.Rand, rows, columns int) matrix {
	a := newMatrix(rows, columns, up4(columns))
	for i := range rows {
		copy(a.data[i*a.stride:], random(r, columns))
	}
	return a
}

func (a matrix) at(i, j int) float32 { return a.data[i*a.stride+j] }

func (a matrix) set(i, j int, v float32) { a.data[i*a.stride+j] = v }

// near fails the test where got is farther from want than tolerance times
// 1+|want|. NaN equals NaN.
func near(t testing.TB, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g == w || g != g && w != w {
			continue
		}
		if !(math.Abs(float64(g)-float64(w)) <= tolerance*(1+math.Abs(float64(w)))) || math.IsInf(float64(w), 0) {
			t.Fatalf("value %d is %v, want %v", i, g, w)
		}
	}
}

// rng returns a generator of the same numbers each time.
func rng(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

var (
	inf32 = float32(math.Inf(1))
	nan32 = float32(math.NaN())
)
