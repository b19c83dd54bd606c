package kernel_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"larder/model/kernel"
)

// memoryPages is the size of a machine's memory in 64 KiB pages.
const memoryPages = 256

// machine runs steps in a twin: the plain one by wazero, that with relaxed SIMD
// in a browser. The tolerances of the tests hold for both. A fused multiply-add
// leaves out a rounding that the plain twin does, so its results lie nearer to
// the sums in float64 that the tests compare with, not farther off; what is
// stated is the bound of the plain twin: a float32 rounding (6e-8) for each of
// the few operations of an elementwise kernel, and 1e-5 of 1 plus the result for
// sums of up to a thousand products of numbers below 1, whose errors grow with
// their number at worst and with its root in fact.
type machine struct {
	t    testing.TB
	mem  memory
	run  function
	next uint32
}

// memory is what tests need of a linear memory, as wazero has it.
type memory interface {
	Write(at uint32, b []byte) bool
	Read(at, n uint32) ([]byte, bool)
	ReadUint16Le(at uint32) (uint16, bool)
	WriteUint16Le(at uint32, v uint16) bool
	WriteUint32Le(at, v uint32) bool
	WriteFloat32Le(at uint32, v float32) bool
}

// function is the kernels' run, as wazero has it.
type function interface {
	Call(ctx context.Context, params ...uint64) ([]uint64, error)
}

// opened is the one machine of all tests.
var opened = sync.OnceValues(func() (*machine, error) {
	mem, run, err := openMachine()
	return &machine{mem: mem, run: run}, err
})

// newMachine returns the machine, which all tests share, with nothing in its
// memory. Tests that use it must not run in parallel.
func newMachine(t testing.TB) *machine {
	t.Helper()
	m, err := opened()
	if err != nil {
		t.Fatal(err)
	}
	m.mem.Write(0, make([]byte, kernel.ControlBytes))
	return &machine{t: t, mem: m.mem, run: m.run, next: 1 << 12}
}

// alloc returns the address of n bytes, with a gap to what was allocated before.
// All of it is NaN, so that a kernel that reads what nobody wrote, or writes
// where it should not, is found out.
func (m *machine) alloc(n int) uint32 {
	m.t.Helper()
	at := (m.next + 128 + 63) &^ 63
	m.next = at + uint32(n)
	if !m.mem.Write(at-64, bytes.Repeat([]byte{0xff}, n+128)) {
		m.t.Fatalf("%d bytes do not fit the memory", n)
	}
	return at
}

// put writes floats into new memory and returns their address.
func (m *machine) put(data []float32) uint32 {
	m.t.Helper()
	words := make([]uint32, len(data))
	for i, v := range data {
		words[i] = math.Float32bits(v)
	}
	return m.putWords(words)
}

// putWords writes integers into new memory and returns their address.
func (m *machine) putWords(data []uint32) uint32 {
	m.t.Helper()
	at := m.alloc(4 * len(data))
	b := make([]byte, 0, 4*len(data))
	for _, v := range data {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	m.mem.Write(at, b)
	return at
}

// get reads n floats.
func (m *machine) get(at uint32, n int) []float32 {
	out := make([]float32, n)
	b, ok := m.mem.Read(at, uint32(4*n))
	if !ok {
		m.t.Fatalf("no %d floats at %d", n, at)
	}
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
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
