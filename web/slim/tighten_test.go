package slim

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// demanding is a program of what depends on how functions are called, go on and
// are looked at by the runtime: deferred calls of all kinds, panics and nil pointers
// that are caught, goroutines that wait within loops, stacks that grow in the midst of a
// call of the host, and garbage collections all along.
const demanding = `package main

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall/js"
)

type list struct {
	next *list
	text string
}

//go:noinline
func grow(n int, keep *list) string {
	var pad [32]string
	pad[n%32] = fmt.Sprint(keep.text, n)
	if n == 0 {
		runtime.GC()
		return keep.text
	}
	return grow(n-1, &list{keep, pad[n%32][:1]})
}

func caught(f func()) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = fmt.Sprint(r)
		}
	}()
	f()
	return "no panic"
}

// inLoop defers in a loop, which the compiler does by other calls than elsewhere.
func inLoop(n int) (order []int) {
	for i := range n {
		defer func() {
			order = append(order, i)
			if recover() != nil {
				order = append(order, -1)
			}
		}()
	}
	var m map[string]int
	m["a"] = n
	return nil
}

//go:noinline
func nested(depth int) (text string) {
	defer func() {
		r := recover()
		defer func() { text = fmt.Sprint(recover(), "<", r) }()
		panic(fmt.Sprint("again ", depth))
	}()
	if depth > 0 {
		text = nested(depth - 1)
	}
	panic(text)
}

type value struct{ n int }

func (v value) Get() int { return v.n }

type getter interface{ Get() int }

func workers() int {
	in, out := make(chan int), make(chan int, 3)
	var group sync.WaitGroup
	for w := range 4 {
		group.Add(1)
		go func() {
			defer group.Done()
			for v := range in {
				if v%7 == w {
					runtime.Gosched()
				}
				select {
				case out <- v * len(grow(v%20, &list{text: "w"})):
				default:
					v++
					out <- v - 1
				}
			}
		}()
	}
	sum := make(chan int)
	go func() {
		n := 0
		for v := range out {
			n += v
		}
		sum <- n
	}()
	for i := range 100 {
		in <- i
	}
	close(in)
	group.Wait()
	close(out)
	return <-sum
}

// host calls JavaScript that calls Go, which grows the goroutine's stack and collects.
func host(depth int) string {
	f := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if depth > 0 {
			return host(depth-1) + args[0].String()
		}
		return grow(3000, &list{text: args[0].String()})
	})
	defer f.Release()
	kept := &list{text: strings.Repeat("k", depth)}
	text := f.Invoke("h").String()
	return text + kept.text
}

func switches(s string) (n int) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case 'a', 'b':
			n++
			continue
		case 'c':
			n += 10
			if i > 3 {
				return -n
			}
		case 'd':
			for j := range 3 {
				if j == 2 {
					break
				}
				n += j
			}
		default:
			goto done
		}
	}
done:
	return n + 1000
}

//go:noinline
func numbers(a int64, b uint8, f float64) string {
	var table [5]int32
	table[a&3] = int32(a)
	u := uint32(a) >> (b & 31)
	return fmt.Sprint(table, a/int64(b+1), a%7, u, int8(a), uint16(a), int64(f), f*1.5, a > 3 == (f < 2), !(f != f), -a, ^a)
}

func main() {
	debug.SetGCPercent(5)
	fmt.Println(grow(2000, &list{text: "x"}), workers())
	var none *value
	var g getter = none
	fmt.Println(caught(func() { _ = none.n }), caught(func() { g.Get() }))
	var zero, empty = 0, []int{}
	fmt.Println(caught(func() { _ = 1 / zero }), caught(func() { _ = empty[zero] }), caught(func() { _ = empty[1:zero] }), caught(func() { _ = any(zero).(string) }))
	fmt.Println(inLoop(4), nested(3))
	fmt.Println(host(3))
	fmt.Println(switches("abcd"), switches("aaaaac"), switches("ax"), numbers(-77, 200, 1e10), numbers(1<<40+5, 3, -2.25))
	fmt.Println(errors.Is(fmt.Errorf("a: %w", js.Error{}), js.Error{}), len(debug.Stack()) > 0)
}
`

func TestModuleRunsDemanding(t *testing.T) {
	module := build(t, demanding)
	small, err := Module(bytes.Clone(module))
	if err != nil {
		t.Fatal(err)
	}
	want := run(t, module)
	if got := run(t, small); got != want {
		t.Errorf("prints %q, want %q", got, want)
	}
	folded, err := Fold(bytes.Clone(small))
	if err != nil {
		t.Fatal(err)
	}
	if got := run(t, folded); got != want {
		t.Errorf("folded: prints %q, want %q", got, want)
	}
	if before, after := codeSize(t, module), codeSize(t, small); after > before*8/10 {
		t.Errorf("the code has %d bytes of %d", after, before)
	}
	parts, err := Cut(small, func(name string) bool { return strings.HasPrefix(name, "main.") && name != "main.main" })
	if err != nil {
		t.Fatal(err)
	}
	if got, err := runParts(t, parts.Main, parts.More); err != nil || got != want+"loads 1\n" {
		t.Errorf("cut: prints %q (%v), want %q", got, err, want)
	}
}

func codeSize(t *testing.T, module []byte) int {
	t.Helper()
	m, err := decode(module)
	if err != nil {
		t.Fatal(err)
	}
	return len(m.section(codeSection))
}

func TestSimplify(t *testing.T) {
	get := func(n int64) instr { return instr{op: opLocalGet, a: n} }
	for _, test := range []struct {
		name     string
		in, want []instr
	}{
		{"nothing", []instr{get(2)}, []instr{get(2)}},
		{"no operation", []instr{{op: opNop}, get(2)}, []instr{get(2)}},
		{"constant address", []instr{{op: opI64Const, a: 1<<32 + 8}, {op: opI32WrapI64}}, []instr{{op: opI32Const, a: 8}}},
		{"extended and cut", []instr{get(1), {op: opI64ExtendU32}, {op: opI32WrapI64}}, []instr{get(1)}},
		{"load of 64 bits of which 32 are used", []instr{get(1), {op: 0x29, a: 3, b: 5}, {op: opI32WrapI64}}, []instr{get(1), {op: 0x28, a: 2, b: 5}}},
		{"load of a byte", []instr{get(1), {op: 0x31, b: 5}, {op: opI32WrapI64}}, []instr{get(1), {op: 0x2d, b: 5}}},
		{"not not", []instr{get(1), {op: opI64Eqz}, {op: opI64ExtendU32}, {op: opI64Eqz}, {op: opI32Eqz}, {op: opIf}}, []instr{get(1), {op: opI64Eqz}, {op: opIf}}},
		{"opposite", []instr{{op: 0x53}, {op: opI32Eqz}}, []instr{{op: 0x59}}},
		{"floats have no opposite", []instr{{op: 0x63}, {op: opI32Eqz}}, []instr{{op: 0x63}, {op: opI32Eqz}}},
		{"set and get", []instr{{op: opLocalSet, a: 3}, get(3)}, []instr{{op: opLocalTee, a: 3}}},
		{"set and get another", []instr{{op: opLocalSet, a: 3}, get(4)}, []instr{{op: opLocalSet, a: 3}, get(4)}},
		{"get and set", []instr{get(3), {op: opLocalSet, a: 3}}, []instr{}},
		{"conditional jump", []instr{{op: opIf}, {op: opJump, a: 7}, {op: opEnd}}, []instr{{op: opJumpIf, a: 7}}},
		{
			"address on the stack",
			[]instr{get(1), {op: opI64ExtendU32}, {op: opI64Const, a: 40}, {op: opI64Add}, {op: opI32WrapI64}, get(2), {op: opI64Store, a: 3, b: 8}},
			[]instr{get(1), get(2), {op: opI64Store, a: 3, b: 48}},
		},
		{
			"the value has an address too",
			[]instr{get(1), get(4), {op: opI64Const, a: 16}, {op: opI64Add}, {op: opI32WrapI64}, {op: 0x29, a: 3, b: 1}, {op: opI64Store, a: 3}},
			[]instr{get(1), get(4), {op: opI32WrapI64}, {op: 0x29, a: 3, b: 17}, {op: opI64Store, a: 3}},
		},
		{
			"a constant that may be an address itself",
			[]instr{get(4), {op: opI64Const, a: maxFold}, {op: opI64Add}, {op: opI32WrapI64}, {op: 0x29}},
			[]instr{get(4), {op: opI64Const, a: maxFold}, {op: opI64Add}, {op: opI32WrapI64}, {op: 0x29}},
		},
		{
			"before the pointer",
			[]instr{get(4), {op: opI64Const, a: -8}, {op: opI64Add}, {op: opI32WrapI64}, {op: 0x29}},
			[]instr{get(4), {op: opI64Const, a: -8}, {op: opI64Add}, {op: opI32WrapI64}, {op: 0x29}},
		},
		{
			"return from a frame",
			append(append(slices.Clone(popAddress[:1]), append([]instr{{op: opI32Const, a: 32}}, popAddress[2:]...)...), append(slices.Clone(popAddress), instr{op: opI32Const}, instr{op: opReturn})...),
			[]instr{get(1), {op: opI32Const, a: 40}, {op: opI32Add}, {op: opGlobalSet}, {op: opI32Const}, {op: opReturn}},
		},
	} {
		got := (&decoded{}).simplify(slices.Clone(test.in))
		if !bytes.Equal(text(got), text(test.want)) {
			t.Errorf("%s: %x, want %x", test.name, text(got), text(test.want))
		}
	}
}

// text writes instructions for comparison.
func text(code []instr) []byte {
	var out []byte
	for _, in := range code {
		if in.op >= opJump {
			out = appendInt(append(out, in.op), in.a)
			continue
		}
		out = appendInstr(out, in)
	}
	return out
}

func FuzzSequence(f *testing.F) {
	f.Add([]byte{1, 1, 1, 3, 200, 0})
	f.Fuzz(func(t *testing.T, values []byte) {
		var s sequence
		for _, v := range values {
			s = append(s, int64(v)*32-64)
		}
		if len(s) == 0 {
			return
		}
		table := make([]byte, pclnHeader+1, 256)
		table = appendSequence(table, s)
		for i := range 8 {
			table[8+8*i] = pclnHeader
		}
		table[pclnFuncs], table[pclnFuncs+1] = byte(len(table)), byte(len(table)>>8)
		got, err := (&pclntab{memory: table}).readSequence(1)
		if err != nil || len(got) < len(s) || !slices.Equal(got[:len(s)], s) || slices.ContainsFunc(got[len(s):], func(v int64) bool { return v != s.at(int64(len(s))) }) {
			t.Errorf("%v: read another (%v)", s, err)
		}
	})
}
