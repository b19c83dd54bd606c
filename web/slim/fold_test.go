package slim

import (
	"bytes"
	"encoding/binary"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// dumper instantiates a program, and its second module, without starting it, and writes
// what the memory is after each. Its arguments are the modules and the files.
const dumper = `
import fs from "node:fs";
const [main, more, first, second] = process.argv.slice(2);
const module = (file) => new WebAssembly.Module(fs.readFileSync(file));
const program = module(main);
const imports = {};
for (const { module, name } of WebAssembly.Module.imports(program)) (imports[module] ??= {})[name] = () => {};
const instance = new WebAssembly.Instance(program, imports);
fs.writeFileSync(first, new Uint8Array(instance.exports.mem.buffer));
new WebAssembly.Instance(module(more), { larder: instance.exports });
fs.writeFileSync(second, new Uint8Array(instance.exports.mem.buffer));
`

// dumps returns the memory with the first module and with both.
func dumps(t *testing.T, parts Parts) (first, second []byte) {
	t.Helper()
	dir := t.TempDir()
	files := []string{filepath.Join(dir, "dump.mjs")}
	for _, f := range []struct {
		name    string
		content []byte
	}{{"dump.mjs", []byte(dumper)}, {"main.wasm", parts.Main}, {"more.wasm", parts.More}} {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"main.wasm", "more.wasm", "first", "second"} {
		files = append(files, filepath.Join(dir, name))
	}
	if out, err := exec.Command("node", files...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, p := range []*[]byte{&first, &second} {
		var err error
		if *p, err = os.ReadFile(files[3+i]); err != nil {
			t.Fatal(err)
		}
	}
	return first, second
}

// known returns what a table in memory says of functions, and their names.
func known(t *testing.T, memory []byte) ([]function, map[int]string) {
	t.Helper()
	table, err := findTable(memory)
	if err != nil {
		t.Fatal(err)
	}
	names, err := table.names()
	if err != nil {
		t.Fatal(err)
	}
	first := table.at + table.word(pclnFuncs)
	size := int(binary.LittleEndian.Uint64(memory[table.module+8*(moduleFuncs+1):])) // of the slice in which the runtime looks records up
	var list []function
	for i, r := range table.records {
		f, err := table.function(r)
		if err != nil || r.function != i {
			t.Fatalf("function %d of %d: %v", i, r.function, err)
		}
		if r.at >= first+size {
			t.Fatalf("function %d: its record lies %d bytes beyond the table", i, r.at-first-size)
		}
		f.name = 0
		list = append(list, f)
	}
	return list, names
}

func memoryOf(t *testing.T, module []byte) []byte {
	t.Helper()
	m, err := decode(module)
	if err != nil {
		t.Fatal(err)
	}
	image, err := readData(m.section(dataSection))
	if err != nil {
		t.Fatal(err)
	}
	return image.bytes
}

func TestFoldedTableIsTheSame(t *testing.T) {
	module, err := Module(build(t, demanding))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		cold func(string) bool
	}{
		{"whole", func(string) bool { return false }},
		{"cut", func(name string) bool { return strings.HasPrefix(name, "fmt.") || len(name)%3 == 0 }},
		{"all cut", func(string) bool { return true }},
	} {
		t.Run(test.name, func(t *testing.T) {
			parts, err := Cut(module, test.cold)
			if err != nil {
				t.Fatal(err)
			}
			memory := memoryOf(t, parts.Main)
			before, names := known(t, memory)
			cold := parts.cold
			folded, err := parts.Fold()
			if err != nil {
				t.Fatal(err)
			}
			first, second := dumps(t, folded)
			main, mainNames := known(t, first)
			all, allNames := known(t, second)
			if len(main) != len(before) || len(all) != len(before) || !maps.Equal(mainNames, allNames) {
				t.Fatalf("%d functions became %d and %d", len(before), len(main), len(all))
			}
			table, err := findTable(memory)
			if err != nil {
				t.Fatal(err)
			}
			size := table.module + 8*(moduleFuncs+1)
			for _, s := range []span{{0, table.at}, {table.end, size}, {size + 16, len(memory)}} {
				if !bytes.Equal(memory[s.start:s.end], first[s.start:s.end]) || !bytes.Equal(first[s.start:s.end], second[s.start:s.end]) {
					t.Errorf("the memory from %#x to %#x has changed", s.start, s.end)
				}
			}
			if table.dropPowers().at == 0 {
				t.Error("the program has no table of powers of ten, or another one")
			}
			moved := 0
			for i, want := range before {
				if mainNames[i] != shortName(names[i]) {
					t.Errorf("%s has become %s", names[i], mainNames[i])
				}
				if all[i] != want {
					t.Errorf("%s: with both modules %+v, want %+v", names[i], all[i], want)
				}
				if cold[i] {
					want = want.standIn()
					moved++
				}
				if want.name = 0; main[i] != want {
					t.Errorf("%s: with one module %+v, want %+v", names[i], main[i], want)
				}
			}
			if moved != parts.Moved {
				t.Errorf("%d functions of %d were compared", moved, parts.Moved)
			}
		})
	}
}
