package slim

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program uses what the function table is for besides lines: growing stacks, the
// garbage collector, panics through several frames, and callers by name.
const program = `package main

import (
	"fmt"
	"runtime"
)

//go:noinline
func deep(n int) int {
	var pad [64]int
	if n == 0 {
		runtime.GC()
		return 0
	}
	pad[n%64] = n
	return deep(n-1) + pad[n%64] - n + 1
}

type node struct{ next *node }

func caught() (r any) {
	defer func() { r = recover() }()
	var list []int
	return list[deep(3)]
}

func main() {
	var head *node
	for i := 0; i < 100000; i++ {
		head = &node{head}
	}
	n := 0
	for ; head != nil; head = head.next {
		n++
	}
	pc, _, line, ok := runtime.Caller(0)
	fmt.Println(deep(10000), n, caught(), runtime.FuncForPC(pc).Name(), ok, line > 0)
}
`

// build compiles program with Go's linker for the browser.
func build(t *testing.T, program string) []byte {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"main.go": program, "go.mod": "module program\n\ngo 1.26\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", "program.wasm", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	module, err := os.ReadFile(filepath.Join(dir, "program.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// run executes a module under Node and returns what it prints.
func run(t *testing.T, module []byte) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is needed to run the module: ", err)
	}
	file := filepath.Join(t.TempDir(), "program.wasm")
	if err := os.WriteFile(file, module, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "--stack-size=8192", filepath.Join(strings.TrimSpace(string(root)), "lib/wasm/wasm_exec_node.js"), file)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")} // Go limits its size there
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func TestModuleRunsTheSame(t *testing.T) {
	module := build(t, program)
	slimmer, err := Module(module)
	if err != nil {
		t.Fatal(err)
	}
	want := "10000 100000 runtime error: index out of range [3] with length 0 main.main true "
	if got := run(t, module); got != want+"true\n" {
		t.Errorf("before: %q", got)
	}
	if got := run(t, slimmer); got != want+"false\n" {
		t.Errorf("after: %q", got)
	}
	folded, err := Fold(bytes.Clone(slimmer))
	if err != nil {
		t.Fatal(err)
	}
	if got := run(t, folded); got != strings.Replace(want, "main.main", "main.?", 1)+"false\n" {
		t.Errorf("folded: %q", got)
	}
	again, err := Module(bytes.Clone(module))
	if err != nil || !bytes.Equal(again, slimmer) {
		t.Errorf("not deterministic (%v)", err)
	}
}

func TestModuleRefuses(t *testing.T) {
	module := build(t, program)
	sections, err := split(module)
	if err != nil {
		t.Fatal(err)
	}
	with := func(data []byte) []byte {
		return join([]section{sections[0], {dataSection, data}})
	}
	for _, test := range []struct {
		name   string
		module []byte
	}{
		{"empty", nil},
		{"text", []byte("<!doctype html>")},
		{"cut off", module[:len(module)-1]},
		{"passive segment", with([]byte{1, 1, 2, 'a', 'b'})},
		{"segment beyond memory", with([]byte{1, 0, opI32Const, 0x7f, opEnd, 1, 'a'})},
		{"count beyond the section", with([]byte{0xff, 0xff, 0x7f})},
		{"no function table", with([]byte{1, 0, opI32Const, 0, opEnd, 1, 'a'})},
		{"table cut off", with(append([]byte{1, 0, opI32Const, 0, opEnd, 8}, pclnMagic...))},
	} {
		if _, err := Module(test.module); err == nil {
			t.Errorf("%s: accepted", test.name)
		}
	}
}

func FuzzModule(f *testing.F) {
	f.Add(append(bytes.Clone(header), dataSection, 7, 1, 0, opI32Const, 0, opEnd, 1, 'a'))
	table := append([]byte(pclnMagic), make([]byte, 128)...)
	f.Add(join([]section{{dataSection, append([]byte{1, 0, opI32Const, 0, opEnd, byte(len(table)) | 0x80, 1}, table...)}}))
	f.Fuzz(func(t *testing.T, module []byte) { Module(module) })
}
