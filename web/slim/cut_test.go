package slim

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// cuttable has functions to take out that are reached in every way there is: by a
// direct call, a closure, a method of an interface, a goroutine that is suspended
// in the middle, a deferred call; that call functions which stayed, grow the stack
// and keep pointers across a garbage collection.
const cuttable = `package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
)

type shape interface{ area(n int) int }

type square struct{ side int }

//go:noinline
func (s *square) area(n int) int { return s.side*s.side + n }

//go:noinline
func deep(n int, keep *int) int {
	var pad [64]int
	if n == 0 {
		runtime.GC()
		return *keep
	}
	pad[n%64] = n
	return deep(n-1, keep) + pad[n%64] - n + 1
}

//go:noinline
func wait(c chan int, done chan string) {
	sum := 0
	for v := range c {
		sum += v
	}
	done <- fmt.Sprint("sum ", sum)
}

var begun bool

//go:noinline
func begins() { begun = true }

//go:noinline
func adder(n int) func(int) int { return func(m int) int { return stays(n) + m } }

//go:noinline
func fails() { panic("on purpose") }

//go:noinline
func stays(n int) int { return n * 2 }

func caught(f func()) (r any) {
	defer func() { r = recover() }()
	f()
	return nil
}

var garbage []byte

// collect makes garbage until it is collected, and lets no other goroutine run for that.
func collect() {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	for before := s.NumGC; s.NumGC == before && !begun; runtime.ReadMemStats(&s) {
		garbage = make([]byte, 1<<16)
	}
}

func main() {
	fmt.Println("start")
	if len(os.Args) > 1 {
		return
	}
	runtime.GC() // the next one finds its workers there
	c, done := make(chan int), make(chan string)
	go wait(c, done)
	go begins()
	collect()
	stacks := make([]byte, 1<<16) // with one that has not begun
	stacks = stacks[:runtime.Stack(stacks, true)]
	if begun || bytes.Contains(stacks, []byte("unexpected")) || bytes.Count(stacks, []byte("main.")) < 2 {
		fmt.Println(begun, string(stacks))
	}
	for i := range 10 {
		c <- i
		runtime.Gosched()
	}
	close(c)
	var s shape = &square{3}
	keep := 5
	fmt.Println(<-done, s.area(1), deep(1000, &keep), adder(20)(2), begun, caught(fails))
}
`

// moved is what the tests take out of cuttable.
func moved(function string) bool {
	for _, name := range []string{"deep", "wait", "adder", "adder.func1", "fails", "(*square).area"} {
		if function == "main."+name {
			return true
		}
	}
	return strings.HasPrefix(function, "fmt.(*pp).printArg") || strings.HasPrefix(function, "strconv.")
}

// loader runs a cut program under Node, as worker.js does in a browser. Its
// arguments are Go's loader, the two modules, and those of the program.
const loader = `
import fs from "node:fs";
import { createRequire } from "node:module";
createRequire(import.meta.url)(process.argv[2]);
const [main, more, ...args] = process.argv.slice(3);
const go = new Go();
go.argv = ["program", ...args];
go.exit = (code) => process.exit(code);
let loads = 0;
const ran = new Set();
go.importObject.larder = {
  more() {
    loads++;
    if (more === "none") throw new Error("there is no second module");
    new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(more)), { larder: instance.exports });
  },
  ran: (n) => ran.add(n),
};
globalThis.fs = fs;
process.on("exit", () => fs.writeSync(1, "loads " + loads + "\n" + (ran.size > 0 ? "ran " + JSON.stringify([...ran]) : "")));
const instance = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(main)), go.importObject);
await go.run(instance);
`

// runParts runs a cut program and returns what it prints. more is empty for a
// program whose second module cannot be had.
func runParts(t *testing.T, main, more []byte, args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	second := "none"
	if more != nil {
		second = write("more.wasm", more)
	}
	args = append([]string{"--stack-size=8192", write("load.mjs", []byte(loader)),
		filepath.Join(strings.TrimSpace(string(root)), "lib/wasm/wasm_exec.js"), write("main.wasm", main), second}, args...)
	cmd := exec.Command("node", args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestCut(t *testing.T) {
	module, err := Module(build(t, cuttable))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := Cut(module, moved)
	if err != nil {
		t.Fatal(err)
	}
	if parts.Moved < 8 || len(parts.Main) >= len(module) {
		t.Errorf("moved %d functions, %d bytes of %d are left", parts.Moved, len(parts.Main), len(module))
	}
	again, err := Cut(bytes.Clone(module), moved)
	if err != nil || !bytes.Equal(again.Main, parts.Main) || !bytes.Equal(again.More, parts.More) {
		t.Errorf("not deterministic (%v)", err)
	}

	const want = "start\nsum 45 10 1005 42 true on purpose\nloads 1\n"
	t.Run("runs the same", func(t *testing.T) {
		if got, err := runParts(t, parts.Main, parts.More); err != nil || got != want {
			t.Errorf("got %q (%v), want %q", got, err, want)
		}
	})
	t.Run("folded runs the same", func(t *testing.T) {
		folded, err := parts.Fold()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := runParts(t, folded.Main, folded.More); err != nil || got != want {
			t.Errorf("got %q (%v), want %q", got, err, want)
		}
	})
	t.Run("folded, with a goroutine that has not begun", func(t *testing.T) {
		for _, names := range [][]string{{"main.begins"}, {"main.begins", "main.wait", "main.main.gowrap1", "main.deep"}} {
			few, err := Cut(module, func(function string) bool { return slices.Contains(names, function) })
			if err == nil {
				few, err = few.Fold()
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := runParts(t, few.Main, few.More); err != nil || got != want {
				t.Errorf("got %q (%v), want %q", got, err, want)
			}
		}
	})
	t.Run("nothing moved", func(t *testing.T) {
		whole, err := Cut(module, func(string) bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		if got, err := runParts(t, whole.Main, nil); err != nil || got != "start\nsum 45 10 1005 42 true on purpose\nloads 0\n" {
			t.Errorf("got %q (%v)", got, err)
		}
	})
	t.Run("everything moved", func(t *testing.T) {
		all, err := Cut(module, func(string) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		if got, err := runParts(t, all.Main, all.More); err != nil || got != "start\nsum 45 10 1005 42 true on purpose\nloads 1\n" {
			t.Errorf("got %q (%v)", got, err)
		}
	})
	t.Run("without the second module", func(t *testing.T) {
		only := func(function string) bool { return function == "main.wait" }
		few, err := Cut(module, only)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := runParts(t, few.Main, nil, "stop"); err != nil || got != "start\nloads 0\n" {
			t.Errorf("needs none: got %q (%v)", got, err)
		}
		got, err := runParts(t, few.Main, nil)
		if err == nil || !strings.Contains(got, "there is no second module") {
			t.Errorf("needs one: got %q (%v)", got, err)
		}
	})
}

func TestRecording(t *testing.T) {
	recording, names, err := Recording(build(t, cuttable))
	if err != nil {
		t.Fatal(err)
	}
	out, err := runParts(t, recording, nil, "stop")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, list, _ := strings.Cut(out, "ran ")
	var numbers []int
	if err := json.Unmarshal([]byte(list), &numbers); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	ran := map[string]bool{}
	for _, n := range numbers {
		ran[names[n]] = true
	}
	for name, want := range map[string]bool{"main.main": true, "runtime.mallocgc": true, "main.wait": false, "main.fails": false} {
		if ran[name] != want {
			t.Errorf("%s: ran is %v", name, ran[name])
		}
	}
}

func TestCutRefuses(t *testing.T) {
	module := build(t, program)
	sections, err := split(module)
	if err != nil {
		t.Fatal(err)
	}
	with := func(id byte, body []byte) []byte {
		var out []section
		for _, s := range sections {
			if s.id == id {
				s.body = body
			}
			out = append(out, s)
		}
		return join(out)
	}
	for _, test := range []struct {
		name   string
		module []byte
	}{
		{"empty", nil},
		{"cut off", module[:len(module)-1]},
		{"an import that is no function", with(importSection, []byte{1, 1, 'a', 1, 'b', kindGlobal, typeI32, 0})},
		{"a constant global variable", with(globalSection, []byte{1, typeI32, 0, opI32Const, 0, opEnd})},
		{"a table in another order", with(elementSection, []byte{1, 0, opI32Const, 0, opEnd, 0})},
		{"no code", with(codeSection, []byte{0})},
		{"no data", with(dataSection, []byte{0})},
	} {
		if _, err := Cut(test.module, moved); err == nil {
			t.Errorf("%s: accepted", test.name)
		}
	}
}

func TestRewriteCalls(t *testing.T) {
	replace := func(out []byte, f int) []byte { return append(out, 0xaa, byte(f)) }
	for _, test := range []struct {
		name       string
		body, want []byte
	}{
		{"no instructions", []byte{0, opEnd}, []byte{0, opEnd}},
		{"a call", []byte{0, opCall, 5, opEnd}, []byte{0, 0xaa, 5, opEnd}},
		{"a call with a long index", []byte{0, opCall, 0x85, 0, opEnd}, []byte{0, 0xaa, 5, opEnd}},
		{"a constant that looks like a call", []byte{1, 2, typeI32, opI32Const, opCall, opEnd}, []byte{1, 2, typeI32, opI32Const, opCall, opEnd}},
		{"branches", []byte{0, opBlock, emptyBlock, opBrTable, 2, opCall, opCall, 0, opEnd, opEnd}, []byte{0, opBlock, emptyBlock, opBrTable, 2, opCall, opCall, 0, opEnd, opEnd}},
		{"floats", []byte{0, opF32Const, opCall, opCall, opCall, opCall, opF64Const, 1, 2, 3, 4, 5, 6, 7, opCall, opEnd}, []byte{0, opF32Const, opCall, opCall, opCall, opCall, opF64Const, 1, 2, 3, 4, 5, 6, 7, opCall, opEnd}},
		{"memory", []byte{0, 0x28, 2, opCall, opPrefix, 10, 0, 0, opPrefix, 11, 0, opEnd}, []byte{0, 0x28, 2, opCall, opPrefix, 10, 0, 0, opPrefix, 11, 0, opEnd}},
		{"no end", []byte{0, opCall, 5}, nil},
		{"a vector instruction", []byte{0, 0xfd, 12, opEnd}, nil},
		{"a tail call", []byte{0, 0x12, 5, opEnd}, nil},
		{"locals beyond the body", []byte{0xff, 0x7f, opEnd}, nil},
	} {
		got, err := rewriteCalls(test.body, replace)
		if (err != nil) != (test.want == nil) || !bytes.Equal(got, test.want) {
			t.Errorf("%s: % x (%v), want % x", test.name, got, err, test.want)
		}
	}
}

func FuzzRewriteCalls(f *testing.F) {
	f.Add([]byte{1, 2, typeI32, opI32Const, 3, opCall, 5, opPrefix, 10, 0, 0, opBrTable, 1, 0, 0, opEnd})
	f.Fuzz(func(t *testing.T, body []byte) {
		calls := 0
		out, err := rewriteCalls(body, func(out []byte, f int) []byte { calls++; return appendCall(out, f) })
		if err == nil && calls == 0 && !bytes.Equal(out, body) {
			t.Errorf("% x became % x", body, out)
		}
	})
}
