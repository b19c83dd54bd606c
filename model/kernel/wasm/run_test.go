package wasm_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"larder/model/kernel/wasm"
)

// onePage exports a shared memory of one page.
var onePage = []byte{0, 'a', 's', 'm', 1, 0, 0, 0, 5, 4, 1, 3, 1, 1, 7, 10, 1, 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0}

// run emits a function of two integers a and b, calls it with 7 and -2, and
// returns its result and the memory, in which the floats 1.5, -2.5, NaN and 4
// lie at 64, and 0.5, 2, 3, -4 at 80.
func run(t *testing.T, body func(f *wasm.Func, a, b wasm.IntVar)) (int32, api.Memory) {
	t.Helper()
	m := &wasm.Module{Memory: wasm.Memory{Min: 1, Max: 1, Shared: true}}
	f := m.FuncInt("f", wasm.I32, wasm.I32)
	body(f, f.Param(0), f.Param(1))
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesThreads))
	t.Cleanup(func() { r.Close(ctx) })
	env, err := r.InstantiateWithConfig(ctx, onePage, wazero.NewModuleConfig().WithName("env"))
	if err != nil {
		t.Fatal(err)
	}
	mem := env.ExportedMemory("memory")
	for i, v := range []float32{1.5, -2.5, float32(math.NaN()), 4, 0.5, 2, 3, -4} {
		mem.WriteFloat32Le(uint32(64+4*i), v)
	}
	k, err := r.Instantiate(ctx, m.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	res, err := k.ExportedFunction("f").Call(ctx, 7, uint64(uint32(0xfffffffe)))
	if err != nil {
		t.Fatal(err)
	}
	return int32(res[0]), mem
}

func TestInt(t *testing.T) {
	c := wasm.Const
	tests := []struct {
		name string
		expr func(a, b wasm.IntVar) wasm.Int
		want int32
	}{
		{"add", func(a, b wasm.IntVar) wasm.Int { return a.Add(b.Value()) }, 5},
		{"sub", func(a, b wasm.IntVar) wasm.Int { return a.Sub(b.Value()) }, 9},
		{"mul", func(a, b wasm.IntVar) wasm.Int { return a.Mul(b.Value()) }, -14},
		{"div", func(a, b wasm.IntVar) wasm.Int { return b.Div(a.Value()) }, (1<<32 - 2) / 7},
		{"rem", func(a, b wasm.IntVar) wasm.Int { return a.Rem(c(4)) }, 3},
		{"and", func(a, b wasm.IntVar) wasm.Int { return a.And(b.Value()) }, 6},
		{"or", func(a, b wasm.IntVar) wasm.Int { return a.Or(c(8)) }, 15},
		{"not", func(a, b wasm.IntVar) wasm.Int { return a.Not() }, 0},
		{"shl", func(a, b wasm.IntVar) wasm.Int { return a.Shl(3) }, 56},
		{"shr", func(a, b wasm.IntVar) wasm.Int { return b.Shr(1) }, 0x7fffffff},
		{"lt", func(a, b wasm.IntVar) wasm.Int { return a.Lt(b.Value()) }, 1},
		{"lts", func(a, b wasm.IntVar) wasm.Int { return a.LtS(b.Value()) }, 0},
		{"les", func(a, b wasm.IntVar) wasm.Int { return b.Value().LeS(a.Value()) }, 1},
		{"ge", func(a, b wasm.IntVar) wasm.Int { return a.Ge(c(7)) }, 1},
		{"eq", func(a, b wasm.IntVar) wasm.Int { return a.Eq(c(7)) }, 1},
		{"ne", func(a, b wasm.IntVar) wasm.Int { return a.Ne(c(7)) }, 0},
		{"min", func(a, b wasm.IntVar) wasm.Int { return a.Min(b.Value()) }, 7},
		{"mins", func(a, b wasm.IntVar) wasm.Int { return a.MinS(b.Value()) }, -2},
		{"maxs", func(a, b wasm.IntVar) wasm.Int { return a.MaxS(b.Value()) }, 7},
		{"select", func(a, b wasm.IntVar) wasm.Int { return wasm.Select(c(0), a.Value(), b.Value()) }, -2},
		{"load", func(a, b wasm.IntVar) wasm.Int { return c(60).Load(4) }, int32(math.Float32bits(1.5))},
		{"float", func(a, b wasm.IntVar) wasm.Int { return wasm.ConstFloat(-2).Eq(c(-0x40000000)) }, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := run(t, func(f *wasm.Func, a, b wasm.IntVar) { f.ReturnInt(tt.expr(a, b)) })
			if got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

func TestVec(t *testing.T) {
	nan := float32(math.NaN())
	inf := float32(math.Inf(1))
	bits := math.Float32frombits
	ones := bits(0xffffffff)
	tests := []struct {
		name string
		expr func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec
		want [4]float32
	}{
		{"add", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Add(b.Value()) }, [4]float32{2, -0.5, nan, 0}},
		{"sub", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Sub(b.Value()) }, [4]float32{1, -4.5, nan, 8}},
		{"mul", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Mul(b.Value()) }, [4]float32{0.75, -5, nan, -16}},
		{"div", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Div(b.Value()) }, [4]float32{3, -1.25, nan, -1}},
		{"min", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return b.Value().Min(a.Value()) }, [4]float32{0.5, -2.5, nan, -4}},
		{"max", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return b.Value().Max(a.Value()) }, [4]float32{1.5, 2, nan, 4}},
		{"pmin keeps the first", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().PMin(b.Value()) }, [4]float32{0.5, -2.5, nan, -4}},
		{"pmax keeps the first", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return b.Value().PMax(a.Value()) }, [4]float32{1.5, 2, 3, 4}},
		{"sqrt", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Sqrt() }, [4]float32{1.2247449, nan, nan, 2}},
		{"muladd", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return f.MulAdd(a.Value(), b.Value(), b.Value()) }, [4]float32{1.25, -3, nan, -20}},
		{"shuffle", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Shuffle32(b.Value(), 3, 0, 7, 4) }, [4]float32{4, 1.5, -4, 0.5}},
		{"splat", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return b.Splat(2) }, [4]float32{3, 3, 3, 3}},
		{"nearest", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Nearest() }, [4]float32{2, -2, nan, 4}},
		{"floor", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Floor() }, [4]float32{1, -3, nan, 4}},
		{"ceil", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Ceil() }, [4]float32{2, -2, nan, 4}},
		{"abs", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Abs() }, [4]float32{1.5, 2.5, nan, 4}},
		{"neg", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Neg() }, [4]float32{-1.5, 2.5, nan, -4}},
		{"lt", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Lt(b.Value()) }, [4]float32{0, ones, 0, 0}},
		{"le", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Le(a.Value()) }, [4]float32{ones, ones, 0, ones}},
		{"eq", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().Eq(a.Value()) }, [4]float32{ones, ones, 0, ones}},
		{"and", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return b.Value().And(a.Value().Eq(a.Value())) }, [4]float32{0.5, 2, 0, -4}},
		{"andnot", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return b.Value().AndNot(a.Value().Eq(a.Value())) }, [4]float32{0, 0, 3, 0}},
		{"or", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return b.Value().Or(wasm.Lanes(1 << 31)) }, [4]float32{-0.5, -2, -3, -4}},
		{"choose", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec {
			return a.Value().Eq(a.Value()).Choose(a.Value(), b.Value())
		}, [4]float32{1.5, -2.5, 3, 4}},
		{"to integers and back", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return a.Value().ToInt().ToFloat() }, [4]float32{1, -2, 0, 4}},
		{"integers", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec {
			return a.Value().ToInt().AddInt(wasm.Lanes(3)).SubInt(wasm.Lanes(5)).ShlInt(2).ShrInt(1).ToFloat()
		}, [4]float32{-2, -8, -4, 4}},
		{"one lane", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return wasm.Const(80).LoadLane(4) }, [4]float32{2, 0, 0, 0}},
		{"one lane in all", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return wasm.Const(80).LoadSplat(4) }, [4]float32{2, 2, 2, 2}},
		{"constants", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec {
			return wasm.LanesEach(1, 2, 3, inf).Add(wasm.LanesOf(1))
		}, [4]float32{2, 3, 4, inf}},
		{"integer in all", func(f *wasm.Func, a, b wasm.VecVar) wasm.Vec { return wasm.SplatInt(f.Param(1).Value()).ToFloat() }, [4]float32{-2, -2, -2, -2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, mem := run(t, func(f *wasm.Func, a, b wasm.IntVar) {
				x, y := f.Vec(), f.Vec()
				x.Set(wasm.Const(64).LoadVec(0))
				y.Set(wasm.Const(64).LoadVec(16))
				f.StoreVec(wasm.Const(96), 0, tt.expr(f, x, y))
				f.StoreLane(wasm.Const(112), 0, y.Value(), 3)
			})
			for i, w := range tt.want {
				if g, _ := mem.ReadFloat32Le(uint32(96 + 4*i)); math.Float32bits(g) != math.Float32bits(w) && !(g != g && w != w) {
					t.Errorf("lane %d is %v, want %v", i, g, w)
				}
			}
			if g, _ := mem.ReadFloat32Le(112); g != -4 {
				t.Errorf("stored lane is %v", g)
			}
		})
	}
}

// TestControl runs the statements: loops that turn 0, 1 and 5 times, branches,
// and atomic instructions.
func TestControl(t *testing.T) {
	for _, n := range []int{0, 1, 5} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			got, mem := run(t, func(f *wasm.Func, a, _ wasm.IntVar) {
				i, sum := f.Int(), f.Int()
				f.For(i, wasm.Const(0), wasm.Const(n), 1, func() {
					f.IfElse(i.Eq(wasm.Const(2)), func() { sum.Inc(100) }, func() { sum.Inc(1) })
				})
				f.Repeat(func() { sum.Inc(1000); a.Inc(-1) }, a.Value())
				f.AtomicStore(wasm.Const(0), 4, sum.Value())
				f.Notify(wasm.Const(0), 4)
				f.Wait(wasm.Const(0), 4, wasm.Const(-1), 1e9) // the value differs: no sleep
				i.Set(wasm.Const(0).AtomicAdd(4, wasm.Const(3)))
				f.If(i.Ne(sum.Value()), func() { f.ReturnInt(wasm.Const(-1)) })
				f.ReturnInt(wasm.Const(0).AtomicLoad(4))
			})
			want := int32(7000 + n + 3)
			if n > 2 {
				want += 99
			}
			if v, _ := mem.ReadUint32Le(4); got != want || int32(v) != want {
				t.Errorf("%d and %d, want %d", got, v, want)
			}
		})
	}
}
